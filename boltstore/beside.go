package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// OpenSnapshot opens a private, verified copy of the book at path, for reading,
// without its lock: beside a program that has it open and goes on writing. The
// copy shows the book as it was at one commit during the call, and does not
// change; Close removes it. The book is neither changed nor locked, and its
// writer does not notice. The disk needs room for the copy, beside the book or,
// where that folder may not be written to, in os.TempDir.
//
// A copy that a commit came between is torn; it is noticed, as every copy is
// verified like VerifyFull does, and made again, for some seconds. A book that
// is written to all the time and is large may not be copied like this at all:
// the error then wraps contacts.ErrLocked, and Backup in the program that has it
// open is the way. Errors otherwise are those of Open.
func OpenSnapshot(path string) (*Store, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path of the book is empty", contacts.ErrInvalid)
	}
	e, err := snapshotFile(path, bookContents())
	if err != nil {
		return nil, err
	}
	s, err := kvstore.New(e, &kvstore.Options{ReadOnly: true, Name: path})
	if err != nil {
		_ = e.Close()
		return nil, err
	}
	return &Store{s, e}, nil
}

// snapshotFile returns an engine on a private copy of the file of that name,
// with what c says in it.
func snapshotFile(path string, c contents) (*engine, error) {
	e := &engine{name: path, contents: c, options: Options{ReadOnly: true}}
	var err error
	if e.path, err = resolve(path); err != nil {
		return nil, err
	}
	e.beside = e.path
	private, err := e.openBeside()
	if errors.Is(err, contacts.ErrDamaged) {
		// The copy is of one state exactly. Still, a second one is to say so.
		private, err = e.openBeside()
	}
	return private, err
}

// besideWait is how long commits may come in the way of a copy, and besidePace
// how many bytes more give them a second more.
const (
	besideWait = 5 * time.Second
	besidePace = 100 << 20
)

// openBeside returns an engine on a private, verified copy of the newest state.
func (e *engine) openBeside() (*engine, error) {
	f, older, err := e.copyBeside()
	if err != nil {
		return nil, err
	}
	found, err := judge(context.Background(), e.name, f, VerifyFull, e.contents)
	if err != nil {
		discard(f)
		return nil, err
	}
	h, err := openPrivate(e.name, f, true)
	if err != nil {
		_ = os.Remove(f.Name())
		return nil, err
	}
	private := e.forked(h)
	private.options.ReadOnly = true
	private.info.Path = e.path
	found.older = older // the copy has two sound meta pages
	private.info.note(found)
	return private, nil
}

// copyBeside copies the newest state to a private file. older says that one of the
// book's two meta pages is damaged, and so that a newer state may be lost.
func (e *engine) copyBeside() (_ *os.File, older bool, err error) {
	src, size, err := e.openToCopy()
	if err != nil {
		return nil, false, err
	}
	defer src.Close() // soon: on Windows an open file is in the way of a compaction
	f, err := e.privateFile(copySuffix)
	if err != nil {
		return nil, false, failed(e.name, "copying", err)
	}
	wait := besideWait + time.Duration(size/besidePace)*time.Second
	_, err = boltfile.CopyRunning(f, src, time.Now().Add(wait))
	if err == nil {
		return f, lacksMeta(src), nil
	}
	discard(f)
	var problem *boltfile.Problem
	switch {
	case errors.Is(err, boltfile.ErrTorn):
		return nil, false, e.neverStill()
	case errors.Is(err, boltfile.ErrForeign):
		return nil, false, notBook(e.name, "another kind of file")
	case errors.As(err, &problem):
		return nil, false, damaged(e.name, err.Error(), err)
	}
	return nil, false, failed(e.name, "copying", err)
}

// lacksMeta reports whether one of the meta pages of f is not valid. One that is
// just being written may seem so for a moment.
func lacksMeta(f *os.File) bool {
	for range 10 {
		metas, err := boltfile.ReadMetas(f, math.MaxInt64)
		if err == nil && metas.Err[0] == nil && metas.Err[1] == nil {
			return false
		}
		time.Sleep(lockPoll)
	}
	return true
}

// openToCopy opens the book for a moment, and returns its size.
func (e *engine) openToCopy() (*os.File, int64, error) {
	deadline := time.Now().Add(besideWait)
	for {
		seen, err := os.Stat(e.path)
		if err != nil {
			return nil, 0, failed(e.name, "opening", err)
		}
		if err := judgeKind(e.name, seen); err != nil {
			return nil, 0, err
		}
		f, err := openShared(e.path, false)
		if err == nil {
			fi, err := f.Stat()
			if err == nil && os.SameFile(fi, seen) {
				return f, fi.Size(), nil
			}
			_ = f.Close()
		}
		// It was replaced, or is about to be.
		switch again := time.Now().Before(deadline); {
		case err == nil && again, errors.Is(err, fs.ErrNotExist) && again:
		case heldElsewhere(err) && again:
			time.Sleep(lockPoll)
		case err == nil, heldElsewhere(err):
			return nil, 0, e.neverStill()
		default:
			return nil, 0, e.openFailed(err)
		}
	}
}

// neverStill returns the error for a book of which no copy could be made.
func (e *engine) neverStill() error {
	who := registered(e.path)
	if !who.Here {
		who = holder(e.path)
	}
	return &fileError{
		path: e.name,
		text: "file is written to by " + who.String() + " faster than it can be copied; use Backup there, or try again later",
		errs: []error{&LockedError{Path: e.name, Owner: who}},
	}
}
