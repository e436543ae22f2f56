package boltfile

import (
	"fmt"
	"io"
)

// A Pair is what the two meta pages of a file hold, valid or not, byte by
// byte. Two Pairs of a file are equal if nothing was committed between them, by
// anybody.
type Pair [2][metaSize]byte

// ReadPair reads the pair of a file with pages of that size.
func ReadPair(r io.ReaderAt, pageSize int) (p Pair, err error) {
	for i := range p {
		at := int64(i)*int64(pageSize) + headerSize
		if n, err := r.ReadAt(p[i][:], at); n < metaSize {
			if err == io.EOF {
				return p, problemf(uint64(i), "the file ends in it")
			}
			return p, fmt.Errorf("reading page %d: %w", i, err)
		}
	}
	return p, nil
}

// HeadSize is how much of a file of such pages SameAs looks at.
func HeadSize(pageSize int) int { return 2 * pageSize }

// SameAs reports whether head, the first HeadSize bytes of a file, has p.
func (p *Pair) SameAs(head []byte) bool {
	second := len(head)/2 + headerSize
	return string(p[0][:]) == string(head[headerSize:headerSize+metaSize]) &&
		string(p[1][:]) == string(head[second:second+metaSize])
}

// Follows returns the state that one commit, of transaction txid, made of the
// pair before it, and whether p is what such a commit leaves: its own meta page
// in its place, and the other page as it was.
func (p *Pair) Follows(before *Pair, txid uint64) (Meta, bool) {
	own := txid % 2
	if p[1-own] != before[1-own] {
		return Meta{}, false
	}
	m, err := p.meta(own)
	return m, err == nil && m.Txid == txid
}

// Newest returns the transaction id of the newest valid state in p, 0 if there
// is none.
func (p *Pair) Newest() uint64 {
	var txid uint64
	for i := range uint64(2) {
		if m, err := p.meta(i); err == nil {
			txid = max(txid, m.Txid)
		}
	}
	return txid
}

func (p *Pair) meta(place uint64) (Meta, error) {
	var b [headerSize + metaSize]byte
	copy(b[headerSize:], p[place][:])
	return decodeMeta(b[:], place)
}
