//go:build !windows

package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// renameNew renames from to to, unless to exists: then it returns an error
// that wraps fs.ErrExist.
func renameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links, such as FAT. There, a file that appears
	// between these two lines is lost.
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(from, to)
}

// renameOver renames from to to and replaces what is there.
func renameOver(from, to string) error { return os.Rename(from, to) }

// syncDir makes the names in a folder durable. Some file systems cannot, and
// say so: for them there is nothing to do.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
