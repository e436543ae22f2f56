package boltfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"slices"
	"time"
)

// ErrTorn: commits came faster than the file could be copied.
var ErrTorn = errors.New("the file changes faster than it can be copied")

// CopyRunning copies one state of src, to which another program may be writing
// meanwhile, to dst, and returns it: the one that is the newest at the end. It
// takes no lock. Both meta pages of dst are of that state, and pages that are
// free in it are holes or hold anything. Where commits come too fast, it gives up
// with ErrTorn, at the first one after the time until.
//
// A commit of bbolt writes to pages that are free in the state before it, and its
// meta page last. So no page of the newest state changes before there is a newer
// one, and of that it is known which pages it wrote: those that were free before
// and are no more. They are copied again, and the copy is complete when no commit
// came since the last look. Only when two came between two looks the pages that
// the first one wrote are not known, and all is copied anew.
func CopyRunning(dst, src *os.File, until time.Time) (Meta, error) {
	c := &copier{dst: dst, src: src, until: until, piece: largestPiece}
	for {
		err := c.run()
		if err == nil {
			return c.m, c.end()
		}
		if err != errMissed {
			return Meta{}, err
		}
		if time.Now().After(until) {
			return Meta{}, ErrTorn
		}
		c.piece = max(c.piece/4, smallestPiece)
	}
}

// errMissed: two commits came between two looks.
var errMissed = errors.New("a commit was missed")

// copier is one CopyRunning.
type copier struct {
	dst, src *os.File
	until    time.Time
	piece    uint64 // how many bytes are copied between two looks
	buf      []byte
	m        Meta     // the newest state when the copier last looked
	free     []uint64 // its free pages, a bit a page
	todo     []uint64 // its pages that are not copied yet, a bit a page
}

const (
	// largestPiece and smallestPiece bound how much is copied between two looks:
	// less each time that a commit was missed.
	largestPiece  = 1 << 20
	smallestPiece = 32 << 10

	// gap is how many pages that need no copy are copied rather than begin
	// another piece behind them.
	gap = 16
)

// run copies until all of the newest state is copied.
func (c *copier) run() error {
	if err := c.begin(); err != nil {
		return err
	}
	if clone(c.dst, c.src) {
		clear(c.todo)
		if err := c.look(); err != nil {
			return err
		}
	}
	for at := uint64(0); ; {
		from, to, ok := c.next(at)
		if !ok {
			return nil
		}
		if err := c.copy(from, to); err != nil {
			if lookErr := c.look(); lookErr != nil {
				err = lookErr
			}
			return err
		}
		if err := c.look(); err != nil {
			return err
		}
		at = to
	}
}

// begin looks at the newest state.
func (c *copier) begin() (err error) {
	if c.m, err = c.newest(); err != nil {
		return err
	}
	if c.free, err = c.freeOf(c.m); err != nil {
		return err
	}
	c.todo = make([]uint64, len(c.free))
	for i := range c.todo {
		c.todo[i] = ^c.free[i]
	}
	c.cut(c.todo)
	return nil
}

// newest returns the newest state of the source.
func (c *copier) newest() (Meta, error) {
	metas, err := ReadMetas(c.src, math.MaxInt64)
	if err != nil {
		return Meta{}, err
	}
	m, _ := metas.Current()
	if m == c.m {
		return m, nil
	}
	fi, err := c.src.Stat() // later: the file grows before the state does
	if err != nil {
		return Meta{}, err
	}
	return m, m.Fits(fi.Size())
}

// freeOf returns the free pages of m, the newest state.
func (c *copier) freeOf(m Meta) ([]uint64, error) {
	w := &walker{ctx: context.Background(), r: c.src, m: m, seen: make([]uint64, (m.Pages+63)/64)}
	err := w.freelist()
	var head [headerSize]byte
	if err == nil {
		err = readFull(c.src, m, head[:], m.Freelist)
	}
	if now, lookErr := c.newest(); lookErr != nil {
		return nil, lookErr
	} else if now != m {
		return nil, errMissed // what was read may be of a later one
	}
	if err != nil {
		return nil, err
	}
	for id := m.Freelist; id <= m.Freelist+readHeader(head[:]).overflow; id++ {
		w.seen[id/64] &^= 1 << (id % 64) // the list itself
	}
	return w.seen, nil
}

// look finds out whether a commit came, and what it wrote is to be copied.
func (c *copier) look() error {
	m, err := c.newest()
	if err != nil || m == c.m {
		return err
	}
	if time.Now().After(c.until) {
		return ErrTorn
	}
	if m.Txid != c.m.Txid+1 || m.PageSize != c.m.PageSize || m.Pages < c.m.Pages {
		return errMissed
	}
	free, err := c.freeOf(m)
	if err != nil {
		return err
	}
	todo := make([]uint64, len(free))
	for i := range todo {
		was, todoWas := ^uint64(0), uint64(0) // behind the end all was free
		if i < len(c.free) {
			was, todoWas = c.free[i], c.todo[i]
		}
		if at := uint64(i) * 64; at < c.m.Pages && c.m.Pages-at < 64 {
			was |= ^uint64(0) << (c.m.Pages - at)
		}
		todo[i] = (todoWas | was) &^ free[i]
	}
	c.m, c.free, c.todo = m, free, todo
	c.cut(c.todo)
	return nil
}

// cut takes the meta pages, which are written at the end, and those behind the
// end of the state out of a set.
func (c *copier) cut(set []uint64) {
	set[0] &^= 1<<2 - 1
	if rest := c.m.Pages % 64; rest != 0 {
		set[len(set)-1] &= 1<<rest - 1
	}
}

// next returns the pages to copy next, from at on and around the end.
func (c *copier) next(at uint64) (from, to uint64, ok bool) {
	if from, ok = c.first(at); !ok {
		if from, ok = c.first(0); !ok {
			return 0, 0, false
		}
	}
	most := from + max(c.piece/uint64(c.m.PageSize), 1)
	to = from + 1
	for to < most {
		n, ok := c.first(to)
		if !ok || n-to > gap || n >= most {
			break
		}
		to = n + 1
	}
	return from, to, true
}

// first returns the first page from at on that is to be copied.
func (c *copier) first(at uint64) (uint64, bool) {
	for i := at / 64; i < uint64(len(c.todo)); i++ {
		word := c.todo[i]
		if i == at/64 {
			word &= ^uint64(0) << (at % 64)
		}
		if word != 0 {
			return i*64 + uint64(bits.TrailingZeros64(word)), true
		}
	}
	return 0, false
}

// copy copies pages, as fast as the system can.
func (c *copier) copy(from, to uint64) error {
	at, n := int64(from)*int64(c.m.PageSize), int64(to-from)*int64(c.m.PageSize)
	if n <= smallestPiece {
		c.buf = slices.Grow(c.buf[:0], smallestPiece)[:n]
		if err := readFull(c.src, c.m, c.buf, from); err != nil {
			return err
		}
		if _, err := c.dst.WriteAt(c.buf, at); err != nil {
			return fmt.Errorf("copying page %d: %w", from, err)
		}
		c.copied(from, to)
		return nil
	}
	if _, err := c.src.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if _, err := c.dst.Seek(at, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.CopyN(c.dst, c.src, n); err == io.EOF {
		return problemf(from, "the file ends in it")
	} else if err != nil {
		return fmt.Errorf("copying page %d: %w", from, err)
	}
	c.copied(from, to)
	return nil
}

func (c *copier) copied(from, to uint64) {
	for id := from; id < to; id++ {
		c.todo[id/64] &^= 1 << (id % 64)
	}
}

// end gives the copy its size and its meta pages: the state, and the same under
// the number before it.
func (c *copier) end() error {
	if err := c.dst.Truncate(int64(c.m.Pages) * int64(c.m.PageSize)); err != nil {
		return err
	}
	for id := range uint64(2) {
		m := c.m
		if id != c.m.Place {
			m.Txid--
		}
		page := make([]byte, m.PageSize)
		m.encode(page, id)
		if _, err := c.dst.WriteAt(page, int64(id)*int64(m.PageSize)); err != nil {
			return fmt.Errorf("writing page %d: %w", id, err)
		}
	}
	return nil
}
