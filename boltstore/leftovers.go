package boltstore

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// newPatience is how long nothing was written to a file that is about to become
// a book before it is one that nobody will finish.
const newPatience = time.Hour

// removeLeftovers removes what processes left beside the book that did not live
// to their end. The caller has the lock of the book, for writing.
//
// Files of forks and copies, and those to sort in, keep their names only where
// an open file cannot be without one; there those that are in use cannot be
// removed. A file that was to become the book is of no use, as the book is
// there, and whoever still writes it is told so by publish.
func (e *engine) removeLeftovers() {
	removeWork(workPath(e.path))
	name := "." + filepath.Base(e.path)
	private := []string{forkSuffix, sortSuffix, copySuffix}
	eachNumbered(filepath.Dir(e.path), name, append(private, newSuffix), func(path, suffix string) {
		if suffix == newSuffix {
			fi, err := os.Lstat(path)
			if err != nil || time.Since(fi.ModTime()) < newPatience {
				return
			}
		}
		_ = os.Remove(path)
	})
	if runtime.GOOS == "windows" {
		eachNumbered(os.TempDir(), name, private, func(path, _ string) { _ = os.Remove(path) })
	}
}

// eachNumbered calls do for the files of a folder whose names are name, one of
// suffixes, and digits.
func eachNumbered(dir, name string, suffixes []string, do func(path, suffix string)) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	for {
		list, err := d.Readdirnames(1000)
		for _, there := range list {
			rest, ok := strings.CutPrefix(there, name)
			for _, suffix := range suffixes {
				if number, is := strings.CutPrefix(rest, suffix); ok && is && number != "" && strings.Trim(number, "0123456789") == "" {
					do(filepath.Join(dir, there), suffix)
				}
			}
		}
		if err != nil {
			return
		}
	}
}
