package memstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	contacts "github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// The bounds that kvstore.Engine sets on what a batch holds.
const (
	maxKeySize   = 1024
	maxValueSize = 4 << 20
)

// An engine is an ordered map in memory: a copy-on-write B+tree of packed
// pages. A commit builds new pages beside those in use and then replaces the
// root, so a snapshot is the root as it is at that moment: taking one neither
// waits nor is waited for, and it stays readable and unchanged for as long as
// somebody holds it.
//
// The engine is not durable, and the only error that is not the caller's is
// contacts.ErrClosed.
type engine struct {
	current atomic.Pointer[tree] // nil when closed

	mu sync.Mutex // held by Commit and Close
	w  writer
}

var _ kvstore.Engine = (*engine)(nil)

// newEngine returns an empty engine.
func newEngine() *engine {
	e := &engine{w: writer{shape: defaultShape}}
	e.current.Store(&tree{})
	return e
}

// Snapshot returns the last committed state. It neither blocks nor allocates.
func (e *engine) Snapshot() (kvstore.Snapshot, error) {
	t := e.current.Load()
	if t == nil {
		return nil, contacts.ErrClosed
	}
	return t, nil
}

// fork returns another engine with the last committed state. Pages are never
// written to once they are in a tree, so the two share them.
func (e *engine) fork() (*engine, error) {
	t := e.current.Load()
	if t == nil {
		return nil, contacts.ErrClosed
	}
	f := newEngine()
	f.current.Store(t)
	return f, nil
}

// Commit applies b. An error says that nothing of b was applied: the context was
// done before the commit began, the engine is closed, or b breaks the contract
// of kvstore.Batch (keys in ascending order, sizes within bounds).
func (e *engine) Commit(ctx context.Context, b *kvstore.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.current.Load()
	if t == nil {
		return contacts.ErrClosed
	}
	if err := check(b.Ops); err != nil {
		return err
	}
	root := e.w.apply(t.root, b)
	if root != t.root {
		e.current.Store(&tree{root: root})
	}
	return nil
}

// Close drops the engine's reference to the data. Snapshots in use stay valid; it may be called again.
func (e *engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current.Store(nil)
	e.w = writer{}
	return nil
}

// check reports the first op that breaks the contract of kvstore.Batch. The
// error names its place, not its key, which may hold a person's data.
func check(ops []kvstore.Op) error {
	for i := range ops {
		op := &ops[i]
		switch {
		case len(op.Key) == 0:
			return fmt.Errorf("memstore: op %d: %w", i, errEmptyKey)
		case len(op.Key) > maxKeySize:
			return fmt.Errorf("memstore: op %d: key of %d bytes: %w", i, len(op.Key), contacts.ErrTooLarge)
		case len(op.Value) > maxValueSize && !op.Delete:
			return fmt.Errorf("memstore: op %d: value of %d bytes: %w", i, len(op.Value), contacts.ErrTooLarge)
		case i > 0 && bytes.Compare(ops[i-1].Key, op.Key) >= 0:
			return fmt.Errorf("memstore: op %d: %w", i, errOrder)
		}
	}
	return nil
}

var (
	errEmptyKey = errors.New("key is empty")
	errOrder    = errors.New("key is not greater than the one before")
)
