package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// create puts a new, empty book at path, unless something is there by then.
//
// The book is written and synced under another name and appears whole: a
// process that dies on the way leaves no more than a small file whose name
// ends in ".new" and some digits, which nobody reads. Of several processes
// that create one book at once, one wins and the others open the winner's.
func create(name, path string) (created bool, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+newSuffix)
	if err != nil {
		return false, failed(name, "creating", err)
	}
	err = writeEmpty(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = publish(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return false, failed(name, "creating", err)
	}
	return err == nil, nil
}

// writeEmpty writes a book without contacts to f and syncs it.
func writeEmpty(f *os.File) error {
	b := boltfile.NewBuilder(f, pageSize)
	if err := addFormat(b, formatVersion); err != nil {
		return err
	}
	if _, err := b.Finish(1); err != nil {
		return err
	}
	return f.Sync()
}

// publish gives the synced file temp the name path, durably. It returns an
// error that wraps fs.ErrExist where path is taken.
func publish(temp, path string) error {
	if err := renameNew(temp, path); err != nil {
		if _, there := os.Lstat(path); errors.Is(err, fs.ErrNotExist) && there == nil {
			err = &fs.PathError{Op: "rename", Path: path, Err: fs.ErrExist} // see removeLeftovers
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}
