package boltstore

import (
	"errors"
	"io/fs"
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// ErrReplaced: the file of an open store was deleted, moved or replaced by
// somebody else. What was written since then is not in the file of that name.
var ErrReplaced = errors.New("contacts: file was deleted or replaced while open")

// ErrFolder: the file's folder is on the network or synchronised with other
// machines, and Options.Folder refuses such.
var ErrFolder = errors.New("contacts: folder is no place for a book")

// fileError is the error of every call that concerns a file. Its text begins
// with the file's name and says what to do; it wraps one or more sentinels and
// the cause.
type fileError struct {
	path string
	text string
	errs []error
	what string // in a few words, of a file that is damaged or no book
}

func (e *fileError) Error() string   { return "contacts: " + e.path + ": " + e.text }
func (e *fileError) Unwrap() []error { return e.errs }

// why returns the cause of e in words, without the advice.
func (e *fileError) why() string {
	if n := len(e.errs); n > 0 {
		return reason(e.errs[n-1])
	}
	return e.text
}

// damaged returns the error for a book with parts missing or changed.
func damaged(path, what string, causes ...error) error {
	return &fileError{
		path: path,
		text: "file is damaged (" + what + `); to repair it: "contacts repair", or boltstore.Repair, which keep this file aside`,
		errs: append([]error{contacts.ErrDamaged}, causes...), what: what,
	}
}

// foreign returns the error for a file whose meta pages are not what this
// program left in them.
func foreign(path string, left, found *boltfile.Pair, causes ...error) error {
	if found.Newest() < left.Newest() {
		return damaged(path, "an older copy was written over it while it was open", causes...)
	}
	return damaged(path, "another program wrote into it while it was open", causes...)
}

// notBook returns the error for a file that is no contact book.
func notBook(path, what string, causes ...error) error {
	return &fileError{
		path: path,
		text: "not a contact book (" + what + "); choose another file, it was not changed",
		errs: append([]error{contacts.ErrNotBook}, causes...), what: what,
	}
}

// replaced returns the error for a file that is no longer the one opened.
func replaced(path string, causes ...error) error {
	return &fileError{
		path: path,
		text: "file was deleted or replaced while it was open; close the store and open it again",
		errs: append([]error{ErrReplaced, contacts.ErrDamaged}, causes...),
	}
}

// unknown returns the error for a commit that may or may not be in the file.
// Causes that are nil do not count.
func unknown(path, which string, causes ...error) error {
	e := &fileError{path: path, text: which, errs: []error{contacts.ErrCommitUnknown}}
	e.text += " may or may not be in the file"
	for _, c := range causes {
		if c != nil {
			e.text += " (" + reason(c) + ")"
			e.errs = append(e.errs, c)
		}
	}
	e.text += "; close the store, open it again and repeat the call"
	return e
}

// writeFailed returns the error for a commit that the disk did not take and
// that left no trace.
func writeFailed(path string, cause error) error {
	return &fileError{
		path: path,
		text: "a write failed and changed nothing (" + reason(cause) + "); see to the disk, close the store and open it again",
		errs: []error{cause},
	}
}

// closedError and readOnlyError are what a closed store and a store opened
// for reading answer.
func closedError(path string) error {
	return &fileError{path: path, text: "store is closed", errs: []error{contacts.ErrClosed}}
}

func readOnlyError(path string) error {
	return &fileError{path: path, text: "store is read-only", errs: []error{contacts.ErrReadOnly}}
}

// failed returns the error for a call to the operating system that failed.
func failed(path, doing string, cause error) error {
	return &fileError{path: path, text: doing + ": " + reason(cause), errs: []error{cause}}
}

// reason returns the text of a cause without the file name that os puts into
// it: the fileError around it has the name already.
func reason(err error) string {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err.Error()
	case errors.As(err, &le):
		return le.Err.Error()
	}
	return err.Error()
}
