package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// contents is what an engine knows of the entries that are kept in it.
type contents struct {
	appendTables string          // the tables whose keys only ever grow
	verifier     func() verifier // makes one to judge all entries; nil: they are not judged
}

// judged is what judge found out about a file.
type judged struct {
	meta   boltfile.Meta // the state that bbolt will open
	older  bool          // the other meta page is damaged
	clean  bool          // as Info.Clean
	full   bool          // all entries were judged
	copied bool          // the file is a copy of one that may have gone on since
	format int
}

// judgeKind refuses everything but a regular file with something in it.
func judgeKind(name string, fi fs.FileInfo) error {
	switch {
	case fi.IsDir():
		return notBook(name, "a folder")
	case !fi.Mode().IsRegular():
		return notBook(name, "no regular file")
	case fi.Size() == 0:
		return notBook(name, "an empty file")
	}
	return nil
}

// judge reads f and returns the state that bbolt will find in it, or an
// error that says why bbolt shall not open it. Every page is read and its
// form judged, whatever verify says: bbolt believes what pages say of themselves,
// and no guard helps where that makes it ask for all memory or go round in
// circles.
func judge(ctx context.Context, name string, f *os.File, verify Verify, c contents) (j judged, err error) {
	// No file is known to get this far. If one is, it is not to end the
	// process.
	defer func() {
		if r := recover(); r != nil {
			err = damaged(name, describe(r))
		}
	}()
	fi, err := f.Stat()
	if err != nil {
		return j, failed(name, "opening", err)
	}
	size := fi.Size()
	if size == 0 {
		return j, notBook(name, "an empty file")
	}
	metas, err := boltfile.ReadMetas(f, size)
	switch {
	case errors.Is(err, boltfile.ErrForeign):
		return j, notBook(name, "another kind of file")
	case err != nil:
		return j, damaged(name, reason(err), err)
	}
	j.meta, _ = metas.Current()
	j.older = metas.Err[0] != nil || metas.Err[1] != nil
	if err := j.meta.Fits(size); err != nil {
		return j, damaged(name, err.Error(), err)
	}
	if j.format, err = readFormat(name, f, j.meta); err != nil {
		return j, err
	}
	if err := metas.Adjacent(); err != nil {
		return j, damaged(name, err.Error(), err)
	}
	if t, ok := boltfile.ReadTrailer(f, j.meta); ok && !j.older {
		j.clean = isClean(t, fi)
	}
	j.copied = marked(f, metas)
	j.full = c.verifier != nil && (verify == VerifyFull || !j.clean)
	if !j.full {
		c.verifier = nil
	}
	defer boltfile.ReadAhead(ctx, f, int64(j.meta.Pages)*int64(j.meta.PageSize))()
	return j, walk(ctx, name, f, size, j.meta, c)
}

// walk reads all pages of state m, and has the entries judged.
func walk(ctx context.Context, name string, f *os.File, size int64, m boltfile.Meta, c contents) error {
	var visit boltfile.Visitor
	finish := func() error { return nil }
	if c.verifier != nil {
		v := c.verifier()
		visit, finish = entries(v.Add), v.Finish
	}
	err := boltfile.Walk(ctx, f, size, m, visit)
	if err == nil {
		err = finish()
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, contacts.ErrNewer):
		return newer(name, err)
	}
	return damaged(name, reason(err), err)
}

// verifier judges all entries of a file, in any order. *kvstore.Verifier is one.
type verifier interface {
	Add(key, value []byte) error
	Finish() error
}

// entries returns a visitor that calls add for the entries of all tables.
func entries(add func(key, value []byte) error) boltfile.Visitor {
	var scratch []byte
	return func(path [][]byte, key, value []byte) error {
		switch {
		case key == nil && len(path) == 1:
			return nil // what is in it counts
		case key == nil:
			return errors.New("a bucket where a record should be")
		}
		if len(path) != 1 || len(path[0]) != 1 {
			if len(path) == 1 && string(path[0]) == formatBucket && string(key) == formatKey {
				return nil
			}
			return errors.New("an entry outside of all tables")
		}
		if !storable(key) {
			return errors.New("a key that no entry is looked for under")
		}
		scratch = appendRest(append(scratch[:0], path[0][0]), key)
		return add(scratch, value)
	}
}

// newer returns the error for a book that this program is too old for.
func newer(name string, cause error) error {
	return &fileError{
		path: name,
		text: "written by a newer version (" + reason(cause) + "); update this program",
		errs: []error{contacts.ErrNewer, cause},
	}
}

// verifyFile reads the whole of a book, as VerifyFull says, and returns the
// state that is in it. Nobody writes to f meanwhile.
func verifyFile(ctx context.Context, name string, f *os.File) (boltfile.Meta, error) {
	j, err := judge(ctx, name, f, VerifyFull, bookContents())
	return j.meta, err
}

// settle has the state of f, which was judged, on disk, with the name of f, before
// anybody is answered from it. A process that died in a commit, or in the creation or
// the compaction of the file, may have left it in the system's cache alone; and
// whoever repeats a call after that is told that the book has it. The mark of
// a clean close is gone then, before anything else changes.
func settle(name string, f *os.File, j judged) error {
	// On a full disk that does not write in place the sync alone must do. The
	// mark is of no use to a later state, as it belongs to this one.
	err := boltfile.Rewrite(f, j.meta, j.copied)
	if err == nil || diskFull(err) {
		err = f.Sync()
	}
	if err == nil {
		err = syncDir(filepath.Dir(f.Name()))
		if errors.Is(err, fs.ErrPermission) {
			err = nil // a folder that may be used and not be listed
		}
	}
	if err != nil {
		return failed(name, "opening: the disk does not take it", err)
	}
	return nil
}
