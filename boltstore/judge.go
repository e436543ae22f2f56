package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

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
// error that says why bbolt shall not open it.
func judge(ctx context.Context, name string, f *os.File, size int64) (m boltfile.Meta, err error) {
	// No file is known to get this far. If one is, it is not to end the
	// process.
	defer func() {
		if r := recover(); r != nil {
			err = damaged(name, describe(r))
		}
	}()
	if size == 0 {
		return m, notBook(name, "an empty file")
	}
	metas, err := boltfile.ReadMetas(f, size)
	switch {
	case errors.Is(err, boltfile.ErrForeign):
		return m, notBook(name, "another kind of file")
	case err != nil:
		return m, damaged(name, reason(err), err)
	}
	m, _ = metas.Current()
	if err := m.Fits(size); err != nil {
		return m, damaged(name, err.Error(), err)
	}
	if _, err := readFormat(name, f, m); err != nil {
		return m, err
	}
	boltfile.ReadAhead(ctx, f, int64(m.Pages)*int64(m.PageSize))
	if err := metas.Adjacent(); err != nil {
		return m, damaged(name, err.Error(), err)
	}
	if err := boltfile.Walk(ctx, f, size, m); err != nil {
		if ctx.Err() != nil {
			return m, ctx.Err()
		}
		return m, damaged(name, reason(err), err)
	}
	return m, nil
}

// settle has the state m of f on disk, with the name of f, before anybody is
// answered from it. A process that died in a commit, or in the creation or the
// compaction of the file, may have left it in the system's cache alone; and
// whoever repeats a call after that is told that the book has it.
func settle(name string, f *os.File, m boltfile.Meta) error {
	// On a full disk that does not write in place the sync alone must do.
	err := boltfile.Rewrite(f, m)
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
