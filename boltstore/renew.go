package boltstore

import (
	"context"
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

// renew begins new feeds in a file that went back to an earlier state: a copy
// that is opened for writing, and one whose last meta page was lost. What was
// read of the later state goes by revisions that are given out again.
//
// Until every scope has its new epoch one of the file's two states bears the
// mark of a copy, so that the next Open goes on where this one was cut off.
func (e *engine) renew(s *kvstore.Store) error {
	if e.options.ReadOnly || e.private {
		return nil
	}
	metas, err := e.metas()
	if err != nil {
		return err
	}
	copied := e.info.OlderState
	for i, m := range metas.Meta {
		if t, ok := boltfile.ReadTrailer(e.h.file, m); ok && metas.Err[i] == nil && t.Kind == boltfile.TrailerCopy {
			copied = true
		}
	}
	if !copied {
		return nil
	}
	e.renewing = true
	err = s.RenewEpochs(context.Background())
	e.renewing = false
	if err != nil {
		return err
	}
	// The state before the last is still marked. Where the mark stays, as after a
	// power cut, the epochs are renewed once more.
	if metas, err = e.metas(); err != nil {
		return err
	}
	if err := trail(e.h.file, metas, boltfile.Trailer{}); err != nil {
		return failed(e.name, "opening", err)
	}
	return nil
}

// metas reads the meta pages of the file.
func (e *engine) metas() (boltfile.Metas, error) {
	fi, err := e.h.file.Stat()
	if err != nil {
		return boltfile.Metas{}, failed(e.name, "opening", err)
	}
	metas, err := boltfile.ReadMetas(e.h.file, fi.Size())
	if err != nil {
		return metas, damaged(e.name, reason(err), err)
	}
	return metas, nil
}

// keepMark marks the present state, as that before it is about to be
// overwritten by a commit of renew.
func (e *engine) keepMark(h *handle) error {
	if !e.renewing {
		return nil
	}
	if err := markCopy(h.file); err != nil {
		return failed(e.name, "writing", err)
	}
	return nil
}
