// Package boltfile reads, judges and writes files in bbolt's format without
// mapping them into memory, so that no file, however damaged, can crash the
// process.
//
// [ReadMetas] and [Walk] need nothing but an io.ReaderAt and work on any bbolt
// file. [Builder] writes a new file in one sequential pass.
package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The numbers of bbolt's file format, version 2. All integers are in the byte
// order of the machine.
const (
	magic   = 0xED0CDAED
	version = 2

	headerSize  = 16 // page: id 8, flags 2, count 2, overflow 4
	elementSize = 16 // leaf: flags, pos, ksize, vsize; branch: pos, ksize, pgid 8
	bucketSize  = 16 // root page 8, sequence 8
	metaSize    = 64 // see Meta; the checksum is the last 8 bytes

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagMeta     = 0x04
	flagFreelist = 0x10

	elementBucket = 0x01 // flag of a leaf element that holds a bucket

	noFreelist = ^uint64(0) // meta.freelist of a file without one

	// countInList is the page count of a freelist whose real count stands in
	// its first element.
	countInList = 0xFFFF
)

var order = binary.NativeEndian

// ErrForeign: the bytes are not a bbolt file.
var ErrForeign = errors.New("not a bbolt file")

// A Problem is what is wrong with a bbolt file.
type Problem struct {
	Page uint64 // the page at fault
	Text string
}

// Error says which page is wrong, and how.
func (p *Problem) Error() string { return fmt.Sprintf("page %d: %s", p.Page, p.Text) }

func problemf(page uint64, format string, args ...any) error {
	return &Problem{Page: page, Text: fmt.Sprintf(format, args...)}
}

// header is the head of a page.
type header struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint64
}

// readHeader decodes the head of a page of at least headerSize bytes.
func readHeader(b []byte) header {
	return header{
		id:       order.Uint64(b),
		flags:    order.Uint16(b[8:]),
		count:    int(order.Uint16(b[10:])),
		overflow: uint64(order.Uint32(b[12:])),
	}
}

func (h header) put(b []byte) {
	order.PutUint64(b, h.id)
	order.PutUint16(b[8:], h.flags)
	order.PutUint16(b[10:], uint16(h.count))
	order.PutUint32(b[12:], uint32(h.overflow))
}
