package boltstore

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// fullDisk are the errors of a disk, or a quota, that is full.
var fullDisk = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}

// openShared opens a file, to read or also to write, so that it can be renamed
// and removed while it is open.
func openShared(path string, write bool) (*os.File, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	access := uint32(windows.GENERIC_READ)
	if write {
		access |= windows.GENERIC_WRITE
	}
	h, err := windows.CreateFile(p, access,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// names would be how many names a file has, which os does not say here.
func names(os.FileInfo) uint64 { return 1 }

// heldElsewhere reports whether a file could not be opened because another
// program has it open.
func heldElsewhere(err error) bool { return errors.Is(err, windows.ERROR_SHARING_VIOLATION) }

// mappable is not asked here, see reserve.
func mappable(*os.File, int) bool { return false }

// keepOwner does nothing: a file takes its rights from its folder.
func keepOwner(*os.File, os.FileInfo) error { return nil }
