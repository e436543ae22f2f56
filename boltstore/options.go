package boltstore

import "time"

// Options say how a book is opened. A nil *Options and the zero value are the
// same, and right for a program that keeps one book open while it runs.
type Options struct {
	// LockWait is how long Open waits for another process, or another store
	// of this one, to close the file before it gives up with
	// contacts.ErrLocked. 0 means one second, a negative value not at all.
	LockWait time.Duration

	// ReadOnly opens an existing book for reading. Any number of read-only
	// stores, in any number of processes, may have a book open at once; a
	// store that can write keeps them all out, and they keep it out. Writes
	// are refused with contacts.ErrReadOnly. The file is never changed and
	// may be without write permission.
	ReadOnly bool

	// MustExist makes Open fail with fs.ErrNotExist where there is no file,
	// instead of creating a book.
	MustExist bool

	// NoAutoCompact leaves the file as it is when much of it has become free
	// space. By default the first small write after large ones rewrites a
	// file of which more than a third (and more than 4 MiB) is free: bbolt
	// writes the list of free pages with every commit, so that such a file
	// makes each write many times slower, for ever. The rewrite takes about
	// a second per 300 MiB of contacts and is what Compact does.
	NoAutoCompact bool
}

// defaultLockWait is Options.LockWait where it is 0.
const defaultLockWait = time.Second

func (o *Options) lockWait() time.Duration {
	switch {
	case o.LockWait == 0:
		return defaultLockWait
	case o.LockWait < 0:
		return 0
	}
	return o.LockWait
}
