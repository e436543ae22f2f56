package boltstore

import "errors"

// OpenSnapshot opens a private, verified copy of the book at path, for reading,
// without its lock: beside a program that has it open and goes on writing. The
// copy shows the book as it was at one commit during the call, and does not
// change; Close removes it. The book is neither changed nor locked, and its
// writer does not notice. The disk needs room for the copy, beside the book or,
// where that folder may not be written to, in os.TempDir.
//
// A copy that a commit came between is torn; it is noticed, as every copy is
// verified like VerifyFull does, and made again, for some seconds. A book that
// is written to all the time and is large may not be copied like this at all:
// the error then wraps contacts.ErrLocked, and Backup in the program that has it
// open is the way. Errors otherwise are those of Open.
func OpenSnapshot(path string) (*Store, error) {
	return nil, errors.New("boltstore: OpenSnapshot is not written yet")
}
