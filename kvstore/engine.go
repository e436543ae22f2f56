package kvstore

import (
	"context"
	"iter"
	"os"
)

// Engine is all that kvstore asks of a key-value store. Three methods make a
// contacts store: see memstore and boltstore for two of them.
//
// Keys are 1 to 1,024 bytes and ordered as bytes.Compare orders them. The
// first byte of a key names its table (a lower-case ASCII letter); an engine
// may keep each table apart or ignore the distinction. Values are 0 to 4 MiB.
//
// Snapshot and the methods of its result are called from many goroutines at
// once, also while Commit runs. Commit is never called twice at once, and
// kvstore never calls it from a goroutine that holds a Snapshot. An engine
// that implements Guard, Tidier, Spiller or Merger has these called too.
type Engine interface {
	// Snapshot returns a view of the last committed state. Later commits do
	// not change what it shows. It must not wait for a running Commit.
	Snapshot() (Snapshot, error)

	// Commit applies b whole or not at all and returns when it is
	// durable. The keys and values of b are only valid during the call.
	//
	// An error that wraps contacts.ErrCommitUnknown says that b may or
	// may not be in the store; any other error says that it is not.
	Commit(ctx context.Context, b *Batch) error

	// Close releases what the engine holds. kvstore calls it once, with no
	// snapshot open and no call under way.
	Close() error
}

// Snapshot is a consistent view of an Engine. It is used by one goroutine at
// a time and released once.
//
// A slice that Get or Scan hands out belongs to the engine: it must not be
// modified, and it is only valid until Release (in Scan: until yield returns).
type Snapshot interface {
	// Get returns the value of key and whether there is one.
	// A value of no bytes is present and not nil.
	Get(key []byte) (value []byte, ok bool, err error)

	// Scan calls yield for the keys from <= key < to, ascending, or
	// descending when reverse is set, until yield returns false. An empty
	// from starts at the first key, an empty to ends after the last.
	// An inverted range is empty.
	Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error

	Release()
}

// Guard is implemented by engines whose reads can fault, as reads of a mapped
// file do. kvstore runs every use of a Snapshot and every Commit inside
// Guard, which turns a fault or a panic of the engine into an error.
type Guard interface {
	Guard(fn func() error) error
}

// Tidier is implemented by engines that may have something to clean up after
// a load. Kvstore calls Tidy when a load is done, with no commit under way;
// what it returns does not undo the load.
type Tidier interface {
	Tidy(ctx context.Context) error
}

// Spiller is implemented by engines that keep more than fits in memory. A load
// sorts what is to come into them in files that TempFile makes: each new, open
// for reading and writing, and for its owner's eyes alone. Kvstore removes it,
// where the system allows at once.
type Spiller interface {
	TempFile() (*os.File, error)
}

// Merger is implemented by engines that can take in a great number of changes
// faster than by commits, as by writing all they hold anew.
type Merger interface {
	// Merge is Commit for changes of any number: ops yields them in ascending
	// order of key, whose slices are only valid until the next one; bytes is
	// about what their keys and values have. An error that ops yields ends the
	// merge, of which nothing is left, and is returned.
	//
	// An error that wraps contacts.ErrUnsupported says that nothing has
	// happened, and that commits are the better way this time. Kvstore calls
	// Merge and Commit one at a time.
	Merge(ctx context.Context, bytes int64, ops iter.Seq2[Op, error]) error
}

// Batch is what one commit changes: at most one Op a key, in ascending order
// of key.
type Batch struct {
	Ops []Op

	// Append says that this commit is part of a load in key order: the
	// keys of each table come after all keys that table holds for the scope
	// being loaded. An engine may pack its pages for that.
	Append bool
}

// Op sets a key to a value, or removes the key.
type Op struct {
	Key    []byte
	Value  []byte // ignored when Delete is set
	Delete bool
}

// Size returns the bytes of the keys and values in b.
func (b *Batch) Size() int {
	n := 0
	for i := range b.Ops {
		n += len(b.Ops[i].Key) + len(b.Ops[i].Value)
	}
	return n
}
