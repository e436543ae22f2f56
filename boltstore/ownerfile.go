package boltstore

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// An ownerFile is the small file beside a book in which the process that has
// the book open for writing says who it is. Nothing depends on it but the words
// of a *LockedError: the lock of the book is what keeps others out.
//
// It is locked as long as it holds true, so that one that a killed process left
// behind is told from one that counts.
type ownerFile struct {
	path string
	file *os.File
}

// ownerPath is the name of the owner file of the book at path.
func ownerPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".owner")
}

// maxOwner bounds the size of an owner file, and maxOwnerName that of a name in
// it.
const (
	maxOwner     = 2 << 10
	maxOwnerName = 255
)

// ownerRecord is the content of an owner file.
type ownerRecord struct {
	Program string    `json:"program"`
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
}

// writeOwner says beside the book at path, whose lock the caller has, that o
// has it open. It returns nil where that cannot be said: the folder may not be
// written to, or something else has the name.
func writeOwner(path string, o Owner) *ownerFile {
	name := ownerPath(path)
	if fi, err := os.Lstat(name); err == nil {
		if !fi.Mode().IsRegular() || fi.Size() > maxOwner {
			return nil // not ours
		}
		if os.Remove(name) != nil {
			return nil
		}
	}
	// O_EXCL follows no link that appears meanwhile.
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	own := &ownerFile{name, f}
	data, err := json.Marshal(ownerRecord{o.Program, o.PID, o.Host, o.Since.Round(time.Second)})
	if err == nil {
		_, err = tryLock(f, false) // before the content: whoever can read that finds the lock
	}
	if err == nil {
		_, err = f.Write(append(data, '\n'))
	}
	if err != nil {
		own.remove()
		return nil
	}
	return own
}

// remove removes the file, unless another is in its place. The caller still has
// the lock of the book. A nil ownerFile is none.
func (own *ownerFile) remove() {
	if own == nil {
		return
	}
	mine, err := own.file.Stat()
	_ = own.file.Close()
	if err != nil {
		return
	}
	if fi, err := os.Lstat(own.path); err == nil && os.SameFile(fi, mine) {
		_ = removeSoon(own.path)
	}
}

// readOwner returns who says beside the book at path to have it open, if that
// still holds. Whatever else is in the place of the file, it is passed over.
func readOwner(path string) (o Owner, ok bool) {
	name := ownerPath(path)
	fi, err := os.Lstat(name)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > maxOwner {
		return o, false
	}
	f, err := openShared(name, false)
	if err != nil {
		return o, false
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(fi, now) {
		return o, false
	}
	data, err := io.ReadAll(io.LimitReader(f, maxOwner))
	var r ownerRecord
	if err != nil || json.Unmarshal(data, &r) != nil || !r.plausible() {
		return o, false
	}
	if free, err := tryLock(f, true); free || err != nil {
		return o, false // whoever wrote it is gone
	}
	return Owner{Program: r.Program, PID: r.PID, Host: r.Host, Since: r.Since}, true
}

// plausible reports whether r can be what writeOwner wrote. It is shown to
// people, who are to see no more than names.
func (r *ownerRecord) plausible() bool {
	for _, name := range []string{r.Program, r.Host} {
		if len(name) > maxOwnerName || strings.ContainsAny(name, `/\`) ||
			strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return false
		}
	}
	return r.Program != "" && r.PID > 0 && r.Since.Year() > 2000 && r.Since.Year() < 10000
}

// holder says who has the file at path open, in another process.
func holder(path string) Owner {
	o, ok := readOwner(path)
	if ok {
		return o
	}
	f, err := openShared(path, false)
	if err != nil {
		return o
	}
	defer f.Close()
	if o.ReadOnly, err = tryLock(f, true); o.ReadOnly && err == nil {
		unlock(f)
	}
	return o
}

// removeSoon removes a file that others may look into for a moment, which keeps
// it on some systems.
func removeSoon(path string) (err error) {
	for wait := time.Millisecond; wait < 200*time.Millisecond; wait *= 2 {
		if err = os.Remove(path); err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(wait)
	}
	return err
}
