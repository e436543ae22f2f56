package boltfile

import (
	"fmt"
	"hash/crc32"
	"io"
)

// A Trailer is a note in the unused part of a meta page. bbolt does not read
// it, and writes zeros over it with the commit after next: so it belongs to
// the state of its page and to no later one.
type Trailer struct {
	Kind    TrailerKind
	Txid    uint64 // of the state that it belongs to
	Size    int64  // of the file, in bytes
	ModTime int64  // of the file, in nanoseconds since 1970
}

// TrailerKind is what a Trailer says.
type TrailerKind byte

const (
	// TrailerClean: the file was closed in order, had that size, and was
	// given that time of change.
	TrailerClean TrailerKind = 'c'

	// TrailerCopy: the file is a copy of one that may have gone on since.
	TrailerCopy TrailerKind = 'b'
)

const (
	trailerAt   = 128 // in the page; the meta ends at 80
	trailerSize = 40  // magic 8, kind 8, txid 8, size 8, time 8; then the checksum
	trailerMark = 0x72656c6c61637463
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ReadTrailer returns the trailer of state m, if there is a valid one.
func ReadTrailer(r io.ReaderAt, m Meta) (t Trailer, ok bool) {
	b := make([]byte, trailerSize+4)
	if n, _ := r.ReadAt(b, int64(m.Place)*int64(m.PageSize)+trailerAt); n < len(b) {
		return t, false
	}
	sum := crc32.Checksum(b[:trailerSize], castagnoli)
	t = Trailer{TrailerKind(b[8]), order.Uint64(b[16:]), int64(order.Uint64(b[24:])), int64(order.Uint64(b[32:]))}
	ok = order.Uint64(b) == trailerMark && order.Uint32(b[trailerSize:]) == sum && t.Txid == m.Txid
	return t, ok
}

// WriteTrailer writes the trailer of state m, which it belongs to whatever
// t.Txid is. It does not sync.
func WriteTrailer(w io.WriterAt, m Meta, t Trailer) error {
	b := make([]byte, trailerSize+4)
	order.PutUint64(b, trailerMark)
	b[8] = byte(t.Kind)
	order.PutUint64(b[16:], m.Txid)
	order.PutUint64(b[24:], uint64(t.Size))
	order.PutUint64(b[32:], uint64(t.ModTime))
	order.PutUint32(b[trailerSize:], crc32.Checksum(b[:trailerSize], castagnoli))
	if _, err := w.WriteAt(b, int64(m.Place)*int64(m.PageSize)+trailerAt); err != nil {
		return fmt.Errorf("writing page %d: %w", m.Place, err)
	}
	return nil
}
