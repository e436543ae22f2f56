package boltstore

import "time"

// Options say how a book is opened. A nil *Options and the zero value are the
// same, and right for a program that keeps one book open while it runs.
type Options struct {
	// LockWait is how long Open waits for another process, or another store
	// of this one, to close the file before it gives up with a *LockedError.
	// 0 means one second, a negative value not at all.
	LockWait time.Duration

	// ReadOnly opens an existing book for reading. Any number of read-only
	// stores, in any number of processes, may have a book open at once; a
	// store that can write keeps them all out, and they keep it out (see
	// OpenSnapshot for reading beside a writer). Writes are refused with
	// contacts.ErrReadOnly. The file is never changed and may be without
	// write permission.
	ReadOnly bool

	// MustExist makes Open fail with fs.ErrNotExist where there is no file,
	// instead of creating a book.
	MustExist bool

	// Verify is how much of the file Open reads before it trusts it.
	Verify Verify

	// Folder is what Open does with a file in a folder that is on the
	// network, or that a program synchronises with other machines.
	Folder FolderPolicy

	// Snapshots, when not nil, has the store keep verified copies of the
	// file, for Repair. A store that is read-only makes none.
	Snapshots *Snapshots

	// NoAutoCompact leaves the file as it is when much of it has become free
	// space. By default the first small write after large ones rewrites a
	// file of which more than a third (and more than 4 MiB) is free: bbolt
	// writes the list of free pages with every commit, so that such a file
	// makes each write many times slower, for ever. The rewrite takes about
	// a second per 300 MiB of contacts and is what Compact does.
	NoAutoCompact bool
}

// Verify says how much of a file Open reads before bbolt may map it.
type Verify int

const (
	// VerifyAuto, the default, is a quick look at a file that was provably
	// closed in order, and VerifyFull for any other.
	//
	// A store that can write marks the file when it closes it, with its size
	// and the time of its last change, and takes the mark off when it opens
	// it. Only where mark, size and time agree, which they do not after a
	// crash, in a restored copy or after a change by any other program, is
	// the look quick: every page is read, as bbolt could be led astray by any,
	// and its form judged, but no checksum.
	//
	// What it does not see is damage within a record or an index entry that
	// came to it on the disk itself or, on Windows, by a program that set the
	// time back. That is found when the contact is read (a record carries its
	// checksum), by Check, or by VerifyFull; an index entry that is damaged so
	// may hide its contact from a search until then. Once any call has met
	// such damage, Close leaves no mark; a store that is read-only leaves the one
	// that there is.
	VerifyAuto Verify = iota

	// VerifyFull reads the whole file: every page, the checksum of every
	// record, and for every table of every scope the number of entries and
	// the sum of their checksums.
	VerifyFull
)

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
