package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// newFile is a file that comes into being whole or not at all: it is written
// under a temporary name, for its owner alone, and gets its name with keep.
type newFile struct {
	path string
	over bool // in place of what is there
	f    *os.File
}

// mayWrite returns an error where a file may not be written: it is there
// already and force is not given, or its folder is not.
func mayWrite(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file", path)
	case err == nil && !force:
		return fmt.Errorf("%s is there already and was left alone: choose another name, or give --force", path)
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is no ordinary file: choose another name, or use - and send the output there", path)
	}
	return folderMissing(path)
}

// Write begins the file with the first bytes.
func (n *newFile) Write(p []byte) (int, error) {
	if n.f == nil {
		if err := n.begin(); err != nil {
			return 0, err
		}
	}
	return n.f.Write(p)
}

func (n *newFile) begin() error {
	f, err := os.CreateTemp(filepath.Dir(n.path), "."+filepath.Base(n.path)+".*")
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // the name is that of no file which is known
		}
		return fmt.Errorf("%s cannot be written: %v", n.path, err)
	}
	n.f = f
	return nil
}

// keep gives the file its name. Where nothing was written there is none.
func (n *newFile) keep() error {
	if n.f == nil {
		return nil
	}
	temp := n.f.Name()
	err := n.f.Sync()
	if closeErr := n.f.Close(); err == nil {
		err = closeErr
	}
	n.f = nil
	if err == nil {
		err = n.rename(temp)
	}
	if err != nil {
		_ = os.Remove(temp)
	}
	return err
}

func (n *newFile) rename(temp string) error {
	if !n.over {
		err := os.Link(temp, n.path) // which never takes the place of a file
		switch {
		case err == nil:
			return os.Remove(temp)
		case errors.Is(err, fs.ErrExist):
			return mayWrite(n.path, false)
		}
		if _, err := os.Lstat(n.path); err == nil { // a file system without links
			return mayWrite(n.path, false)
		}
	}
	return os.Rename(temp, n.path)
}

// drop removes what was written, unless it was kept.
func (n *newFile) drop() {
	if n.f != nil {
		_ = n.f.Close()
		_ = os.Remove(n.f.Name())
		n.f = nil
	}
}
