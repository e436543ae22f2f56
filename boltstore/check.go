package boltstore

import (
	"context"
	"errors"
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// stats says how large the file is and how much of it is free.
type stats struct {
	pages     uint64 // in use or free; the rest of the file was never used
	freePages uint64
	pageSize  int
}

// bytes and used return the size of the pages in use or free, and of those in use.
func (s stats) bytes() int64 { return int64(s.pages) * int64(s.pageSize) }
func (s stats) used() int64  { return int64(s.pages-s.freePages) * int64(s.pageSize) }

// wasteful reports whether a compaction would pay: the list of free pages
// slows each commit, in proportion to its length alone.
func (s stats) wasteful(share uint64) bool {
	return s.freePages > freeAllowed && s.freePages > s.pages/share
}

// freeAllowed is how many free pages are always well: 4 MiB of the usual size.
const freeAllowed = 1024

// stats reads the present state of the file.
func (e *engine) stats() (stats, error) {
	s, err := e.snapshot()
	if err != nil {
		return stats{}, err
	}
	defer s.Release()
	m, _, err := s.meta()
	if err != nil {
		return stats{}, err
	}
	free, err := boltfile.FreePages(s.h.file, m)
	if err != nil {
		return stats{}, e.poison(damaged(e.name, reason(err), err))
	}
	return stats{pages: m.Pages, freePages: free, pageSize: m.PageSize}, nil
}

// errPassed: commits have overwritten the meta page of a snapshot.
var errPassed = errors.New("the file changes too fast to be looked at; try again")

// meta returns the meta page of s, and the size of the file.
func (s *snapshot) meta() (boltfile.Meta, int64, error) {
	e := s.e
	fi, err := s.h.file.Stat()
	if err != nil {
		return boltfile.Meta{}, 0, e.poison(damaged(e.name, reason(err), err))
	}
	metas, err := boltfile.ReadMetas(s.h.file, fi.Size())
	if err != nil {
		return boltfile.Meta{}, 0, e.poison(damaged(e.name, reason(err), err))
	}
	m, ok := metas.At(uint64(s.tx.ID()))
	if !ok {
		return boltfile.Meta{}, 0, errPassed
	}
	return m, fi.Size(), nil
}

// checkFile reads the whole file, with plain reads, and returns the first thing
// that is wrong with its pages and entries as an error that wraps
// contacts.ErrDamaged, or nil. Commits go on meanwhile.
func (e *engine) checkFile(ctx context.Context) error {
	for range 100 {
		err := e.checkOnce(ctx)
		if !errors.Is(err, errPassed) {
			return err
		}
	}
	// Two commits came between the begin of a snapshot and its first read, a
	// hundred times: take the writer's turn, then.
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	return e.checkOnce(ctx)
}

func (e *engine) checkOnce(ctx context.Context) error {
	s, err := e.snapshot()
	if err != nil {
		return err
	}
	defer s.Release()
	m, size, err := s.meta()
	if err != nil {
		return err
	}
	return e.doubt(walk(ctx, e.name, s.h.file, size, m, e.contents))
}

// verifyCopy judges f, a copy of the present state, as VerifyFull says.
func (e *engine) verifyCopy(ctx context.Context, f *os.File) error {
	_, err := judge(ctx, e.name, f, VerifyFull, e.contents)
	return e.doubt(err)
}

// doubt returns err, and notes it if it says that the file is damaged.
func (e *engine) doubt(err error) error {
	if err != nil && errors.Is(err, contacts.ErrDamaged) {
		e.suspect.Store(true)
	}
	return err
}
