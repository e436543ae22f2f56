//go:build !windows

package boltstore

import (
	"os"
	"syscall"
)

// openShared opens a file so that it can be renamed while it is open.
func openShared(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }

// keepOwner gives f the owner and the mode of the file that it is to replace.
// A book that an administrator compacts stays its user's.
func keepOwner(f *os.File, old os.FileInfo) error {
	if err := f.Chmod(old.Mode().Perm()); err != nil {
		return err
	}
	now, err := f.Stat()
	if err != nil {
		return err
	}
	was, ok := old.Sys().(*syscall.Stat_t)
	is, ok2 := now.Sys().(*syscall.Stat_t)
	if !ok || !ok2 || was.Uid == is.Uid && was.Gid == is.Gid {
		return nil
	}
	return f.Chown(int(was.Uid), int(was.Gid))
}
