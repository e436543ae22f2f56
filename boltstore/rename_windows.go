package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// renamePatience is how long a rename is tried again when another program,
// such as a virus scanner, holds the file for a moment.
const renamePatience = 2 * time.Second

// renameNew renames from to to, unless to exists: then it returns an error
// that wraps fs.ErrExist.
func renameNew(from, to string) error { return move(from, to, windows.MOVEFILE_WRITE_THROUGH) }

// renameOver renames from to to and replaces what is there.
func renameOver(from, to string) error {
	return move(from, to, windows.MOVEFILE_WRITE_THROUGH|windows.MOVEFILE_REPLACE_EXISTING)
}

func move(from, to string, flags uint32) error {
	src, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	dst, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	deadline := time.Now().Add(renamePatience)
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		err := windows.MoveFileEx(src, dst, flags)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, windows.ERROR_ALREADY_EXISTS), errors.Is(err, windows.ERROR_FILE_EXISTS):
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
		case !errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED),
			time.Now().Add(wait).After(deadline):
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
		}
		time.Sleep(wait)
	}
}

// syncDir does nothing: MOVEFILE_WRITE_THROUGH has made the name durable.
func syncDir(string) error { return nil }
