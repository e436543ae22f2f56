package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// asideMark is what the name of a damaged file that was kept has behind the
// book's, before the time.
const asideMark = ".damaged-"

// replace keeps the damaged file under another name and puts the new one, made,
// in its place. At every moment the path names one of the two.
func (r *repairer) replace(made string) error {
	old, err := r.f.Stat()
	if err != nil {
		return r.failed(err)
	}
	if runtime.GOOS == "windows" {
		r.release() // nobody renames over an open file
	}
	if now, err := os.Stat(r.e.path); err != nil || !os.SameFile(now, old) {
		return replaced(r.name)
	}
	aside, fresh, err := r.keepAside(old)
	if err != nil {
		return r.failed(err)
	}
	r.step("kept")
	if err := renameOver(made, r.e.path); err != nil {
		if fresh {
			_ = os.Remove(aside)
		}
		return r.failed(err)
	}
	r.report.Aside = aside
	r.step("renamed")
	if err := syncDir(filepath.Dir(r.e.path)); err != nil {
		return &fileError{
			path: r.name, errs: []error{err},
			text: "it was repaired, but its folder cannot be written (" + reason(err) + "): after a power cut the damaged file may be back",
		}
	}
	return nil
}

// keepAside gives the damaged file a second name, durably, and returns it; fresh
// says that there was none. A repair that was killed may have left one. Where a
// file has one name only, a copy gets it.
func (r *repairer) keepAside(old fs.FileInfo) (aside string, fresh bool, err error) {
	dir, base := filepath.Dir(r.e.path), filepath.Base(r.e.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", false, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), base+asideMark) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if fi, err := os.Lstat(path); err == nil && os.SameFile(fi, old) {
			return path, false, syncDir(dir)
		}
	}
	copied := ""
	for at := time.Now().UTC(); ; at = at.Add(time.Second) {
		aside = filepath.Join(dir, base+asideMark+at.Format(savedLayout))
		if copied == "" {
			err = os.Link(r.e.path, aside)
		} else {
			err = publish(copied, aside)
		}
		switch {
		case err == nil:
			return aside, true, syncDir(dir)
		case errors.Is(err, fs.ErrExist):
		case copied != "":
			return "", false, err
		default:
			if copied, err = r.copyAside(); err != nil {
				return "", false, err
			}
		}
	}
}

// copyAside copies the damaged file, what of it can be read.
func (r *repairer) copyAside() (path string, err error) {
	f, err := os.Open(r.e.path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	w, err := os.CreateTemp(r.work, "damaged")
	if err != nil {
		return "", err
	}
	err = copyPages(context.Background(), w, f, r.size, pageSize)
	if err == nil {
		err = w.Sync()
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return w.Name(), err
}
