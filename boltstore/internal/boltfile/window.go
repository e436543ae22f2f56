package boltfile

import (
	"context"
	"fmt"
	"io"
)

// mostAhead bounds the bytes of a window.
const mostAhead = 256 << 10

// A window reads pages of a file. Where they are asked for in the order in
// which they stand, it reads many at once.
type window struct {
	r          io.ReaderAt
	m          Meta
	buf        []byte
	first, end uint64 // the pages in buf
	run        uint64 // how many pages were read the last time
}

// page returns page id. It is valid until the next call.
func (w *window) page(id uint64) ([]byte, error) {
	size := uint64(w.m.PageSize)
	if id < w.first || id >= w.end {
		// In a tree that was written at once, pages of other levels stand
		// between those of one.
		if id >= w.end && id-w.end < 4 && w.run > 0 {
			w.run = min(2*w.run, mostAhead/size)
		} else {
			w.run = 1
		}
		err := w.fill(id, min(w.run, w.m.Pages-id))
		if err != nil && w.run > 1 {
			err = w.fill(id, 1) // perhaps nobody needs the page that cannot be read
		}
		if err != nil {
			return nil, err
		}
	}
	at := (id - w.first) * size
	return w.buf[at : at+size : at+size], nil
}

// fill reads n pages from id on.
func (w *window) fill(id, n uint64) error {
	size := n * uint64(w.m.PageSize)
	if uint64(cap(w.buf)) < size {
		w.buf = make([]byte, size)
	}
	w.buf, w.run = w.buf[:size], n
	w.first, w.end = id, id
	if err := readFull(w.r, w.m, w.buf, id); err != nil {
		return err
	}
	w.end += n
	return nil
}

// readFull reads the pages of state m from id on into p.
func readFull(r io.ReaderAt, m Meta, p []byte, id uint64) error {
	n, err := r.ReadAt(p, int64(id)*int64(m.PageSize))
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return problemf(id, "the file ends in it")
	}
	return fmt.Errorf("reading page %d: %w", id, err)
}

// ReadAhead has a goroutine read size bytes once, in order, and forget them,
// until the caller of stop wants no more; stop waits for its end. A Walk meanwhile is
// several times faster where the file is not in the system's cache, as it
// visits the pages of an old file in no order; where it is, this costs little.
func ReadAhead(ctx context.Context, r io.ReaderAt, size int64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	//contacts:owner stop, which waits for it
	go func() {
		defer close(done)
		buf := make([]byte, min(size, 1<<20))
		for at := int64(0); at < size && ctx.Err() == nil; at += int64(len(buf)) {
			if n, err := r.ReadAt(buf, at); n == 0 && err != nil {
				return // Walk will say it
			}
		}
	}()
	return func() { cancel(); <-done }
}
