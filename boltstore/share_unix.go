//go:build !windows

package boltstore

import (
	"os"
	"syscall"
)

// fullDisk are the errors of a disk, or a quota, that is full.
var fullDisk = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}

// openShared opens a file, to read or also to write, so that it can be renamed
// and removed while it is open. To read, it waits for
// nobody, whatever the file is.
func openShared(path string, write bool) (*os.File, error) {
	if write {
		return os.OpenFile(path, os.O_RDWR, 0)
	}
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// names returns how many names a file has.
func names(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

// heldElsewhere reports whether a file could not be opened because another
// program has it open.
func heldElsewhere(error) bool { return false }

// mappable reports whether n bytes of f can be mapped, rounded up as bbolt
// does. bbolt closes f, and with it gives up the lock, when they cannot.
func mappable(f *os.File, n int) bool {
	const step = 1 << 30
	b, err := syscall.Mmap(int(f.Fd()), 0, (n+step-1)/step*step, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return false
	}
	return syscall.Munmap(b) == nil
}

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
