package boltstore

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// markCopy notes in f, a copy of a book, that the book may go on beside it:
// whoever opens the copy for writing begins new feeds. It does not sync.
func markCopy(f *os.File) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	metas, err := boltfile.ReadMetas(f, fi.Size())
	if err != nil {
		return err
	}
	return trail(f, metas, boltfile.Trailer{Kind: boltfile.TrailerCopy, Size: fi.Size(), ModTime: time.Now().UnixNano()})
}

// trail writes t as the trailer of both states of f.
func trail(f *os.File, metas boltfile.Metas, t boltfile.Trailer) error {
	for i, m := range metas.Meta {
		if metas.Err[i] != nil {
			continue
		}
		if err := boltfile.WriteTrailer(f, m, t); err != nil {
			return err
		}
	}
	return nil
}

// marked reports whether a state of f bears the mark of a copy.
func marked(f io.ReaderAt, metas boltfile.Metas) bool {
	for i, m := range metas.Meta {
		if t, ok := boltfile.ReadTrailer(f, m); ok && metas.Err[i] == nil && t.Kind == boltfile.TrailerCopy {
			return true
		}
	}
	return false
}

// renew begins new feeds in a file that went back to an earlier state. What was
// read of the later state goes by revisions that are given out again.
//
// Until every scope has its new epoch one of the file's two states bears the
// mark of a copy, so that the next Open goes on where this one was cut off.
func (e *engine) renew(s *kvstore.Store) error {
	if !e.stale || e.options.ReadOnly {
		return nil
	}
	ctx := context.Background()
	if err := s.RenewEpochs(ctx); err != nil {
		return err
	}
	metas, err := e.metas()
	if err == nil && (metas.Err[0] != nil || metas.Err[1] != nil) {
		// There is no scope, and so no commit that wrote the damaged page anew.
		if err := e.Commit(ctx, &kvstore.Batch{}); err != nil {
			return err
		}
		metas, err = e.metas()
	}
	e.stale = false
	// The state before the last is still marked. Where the mark stays, as after a
	// power cut, the epochs are renewed once more.
	if err == nil {
		err = trail(e.h.file, metas, boltfile.Trailer{})
	}
	if err != nil {
		return failed(e.name, "opening", err)
	}
	return nil
}

// metas reads the meta pages of the file.
func (e *engine) metas() (boltfile.Metas, error) {
	fi, err := e.h.file.Stat()
	if err != nil {
		return boltfile.Metas{}, err
	}
	return boltfile.ReadMetas(e.h.file, fi.Size())
}

// keepMark marks f, the present file or one that is to take its place, as long
// as renew is not done. Of the two states in a file the marked one is about to be
// overwritten.
func (e *engine) keepMark(f *os.File) error {
	if !e.stale || e.private {
		return nil
	}
	return markCopy(f)
}
