package memstore

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A page is a sorted run of one or more entries in one allocation that holds
// no pointer, so the garbage collector marks it without reading it. A page is
// never changed once it is in a tree.
//
//	n        uint16       number of entries
//	p        uint16       length of the prefix
//	prefix   [p]byte      the bytes all keys of the page begin with
//	heads    [n]uint16    the next two bytes of each key, zero where it has ended
//	offsets  [n+1]uint16  where each entry starts, then where the last one ends
//	entries               length of the rest of the key, the rest, the value
//
// The prefix is the longest there is; the rest of a key is what follows it,
// the head included. Its length is one byte below 128, else two with the top
// bit set, high part first. All integers are little endian, but a head is
// the number that sorts as its bytes do.
//
// The heads are there for speed: a search that misses the processor's caches touches
// the start of the page and one entry or two.
//
// A page of one entry ends after the prefix, which is its key, with its value.
// That makes room for a value of any size.
type page []byte

const (
	pageHeader = 4    // n and p
	perEntry   = 4    // head and offset
	lastOffset = 2    // the end of the last entry
	longRest   = 0x80 // rests from this length on have a length of two bytes
)

func (p page) count() int { return int(binary.LittleEndian.Uint16(p)) }

func (p page) prefixLen() int { return int(binary.LittleEndian.Uint16(p[2:])) }

func (p page) prefix() []byte {
	end := pageHeader + p.prefixLen()
	return p[pageHeader:end:end]
}

// parts returns the heads and the offsets of a page of several entries.
func (p page) parts() (heads, offsets []byte) {
	at := pageHeader + p.prefixLen()
	mid := at + 2*p.count()
	return p[at:mid], p[mid : mid+mid-at+lastOffset]
}

// get returns element i of the heads or the offsets.
func get(numbers []byte, i int) int {
	return int(binary.LittleEndian.Uint16(numbers[2*i:]))
}

// entry returns entry i: what follows the prefix in its key, and its value.
// Neither can be appended to in place, and the value is never nil.
func (p page) entry(i int) (rest, value []byte) {
	if p.count() == 1 {
		at := pageHeader + p.prefixLen()
		return nil, p[at:len(p):len(p)]
	}
	_, offsets := p.parts()
	return p.entryAt(offsets, i)
}

// entryAt is entry for a page of several entries whose offsets are at hand.
func (p page) entryAt(offsets []byte, i int) (rest, value []byte) {
	end := get(offsets, i+1)
	e := p[get(offsets, i):end:end]
	n, at := int(e[0]), 1
	if n >= longRest {
		n, at = n&(longRest-1)<<8|int(e[1]), 2
	}
	return e[at : at+n : at+n], e[at+n:]
}

// appendKey appends the key of entry i to dst.
func (p page) appendKey(dst []byte, i int) []byte {
	rest, _ := p.entry(i)
	return append(append(dst, p.prefix()...), rest...)
}

// headOf returns the head of a key with that rest.
func headOf(rest []byte) int {
	switch len(rest) {
	case 0:
		return 0
	case 1:
		return int(rest[0]) << 8
	}
	return int(rest[0])<<8 | int(rest[1])
}

// search returns the place of the first entry whose key is not less than key,
// the number of entries when there is none, and whether that key equals key.
func (p page) search(key []byte) (i int, found bool) {
	n := p.count()
	prefix := p.prefix()
	if !bytes.HasPrefix(key, prefix) {
		if bytes.Compare(key, prefix) < 0 {
			return 0, false
		}
		return n, false
	}
	key = key[len(prefix):]
	if n == 1 {
		if len(key) == 0 {
			return 0, true
		}
		return 1, false
	}
	heads, offsets := p.parts()
	head := headOf(key)
	j := n
	for i < j {
		m := int(uint(i+j) / 2)
		if get(heads, m) < head {
			i = m + 1
		} else {
			j = m
		}
	}
	if i == n || get(heads, i) != head {
		return i, false
	}
	for j = i + 1; j < n && get(heads, j) == head; j++ {
	}
	for i < j {
		m := int(uint(i+j) / 2)
		rest, _ := p.entryAt(offsets, m)
		switch c := bytes.Compare(rest, key); {
		case c == 0:
			return m, true
		case c < 0:
			i = m + 1
		default:
			j = m
		}
	}
	return i, false
}

// isLess reports whether key sorts before the key of entry i.
func (p page) isLess(key []byte, i int) bool {
	prefix := p.prefix()
	if !bytes.HasPrefix(key, prefix) {
		return bytes.Compare(key, prefix) < 0
	}
	rest, _ := p.entry(i)
	return bytes.Compare(key[len(prefix):], rest) < 0
}

// isGreater reports whether key sorts after the key of entry i.
func (p page) isGreater(key []byte, i int) bool {
	prefix := p.prefix()
	if !bytes.HasPrefix(key, prefix) {
		return bytes.Compare(key, prefix) > 0
	}
	rest, _ := p.entry(i)
	return bytes.Compare(key[len(prefix):], rest) > 0
}

// table returns the first byte of the keys of a leaf page.
func (p page) table() byte {
	if prefix := p.prefix(); len(prefix) > 0 {
		return prefix[0]
	}
	return 0
}

// restSize returns the bytes that a rest of n bytes takes with its length.
func restSize(n int) int {
	if n < longRest {
		return 1 + n
	}
	return 2 + n
}

// common returns the length of the longest prefix of both a and b.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
		if x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
