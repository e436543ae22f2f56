package memstore

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A filler writes a page of several entries, in order, to the buffer of a
// writer. The number of entries, the prefix and the size are known before.
type filler struct {
	page         page
	head, offset int // where the next head and the next offset go
	at           int // where the next entry goes
}

// newPage begins a page of n entries and size bytes.
func (w *writer) newPage(n int, prefix []byte, size int) filler {
	w.buf = slices.Grow(w.buf[:0], size)[:size]
	binary.LittleEndian.PutUint16(w.buf, uint16(n))
	binary.LittleEndian.PutUint16(w.buf[2:], uint16(len(prefix)))
	head := pageHeader + copy(w.buf[pageHeader:], prefix)
	offset := head + 2*n
	return filler{page: w.buf, head: head, offset: offset, at: offset + 2*n + lastOffset}
}

// set writes number at the byte at.
func (f *filler) set(at, number int) {
	binary.LittleEndian.PutUint16(f.page[at:], uint16(number))
}

// put adds an entry.
func (f *filler) put(rest, value []byte) {
	f.set(f.head, headOf(rest))
	f.set(f.offset, f.at)
	f.head += 2
	f.offset += 2
	n := len(rest)
	if n < longRest {
		f.page[f.at] = byte(n)
		f.at++
	} else {
		f.page[f.at], f.page[f.at+1] = longRest|byte(n>>8), byte(n)
		f.at += 2
	}
	f.at += copy(f.page[f.at:], rest)
	f.at += copy(f.page[f.at:], value)
}

// copy adds the entries lo to before hi of p, which has the same prefix.
func (f *filler) copy(p page, lo, hi int) {
	if lo >= hi {
		return
	}
	heads, offsets := p.parts()
	f.head += copy(f.page[f.head:], heads[2*lo:2*hi])
	start, end := get(offsets, lo), get(offsets, hi)
	move := f.at - start
	out := f.page[f.offset : f.offset+2*(hi-lo)]
	for i, in := 0, offsets[2*lo:2*hi]; i+1 < len(in) && i+1 < len(out); i += 2 {
		binary.LittleEndian.PutUint16(out[i:], uint16(int(binary.LittleEndian.Uint16(in[i:]))+move))
	}
	f.offset += len(out)
	f.at += copy(f.page[f.at:], p[start:end])
}

// finish returns the page, in an allocation of its size.
func (f *filler) finish() page {
	f.set(f.offset, f.at)
	return bytes.Clone(f.page)
}
