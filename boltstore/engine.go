package boltstore

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// engine keeps a kvstore key space in one bbolt file.
//
// Two locks order its work. The writer's turn, taken by Commit, compact and
// close, lets one of them at a time change the file. mu guards the fields
// below it and is held for moments only, never while bbolt is called: a
// bbolt call may wait for readers, and readers need mu to finish.
type engine struct {
	name     string // the path as the caller gave it, for messages
	path     string // absolute, links resolved
	beside   string // the book's, which the names of private copies begin with
	private  bool   // the file is a fork's: nobody else knows it, and it goes with the engine
	options  Options
	info     Info // not changed after open
	contents contents
	entry    *entry     // in the registry, but for a private file
	saver    *saver     // nil where the store is read-only or private
	owned    *ownerFile // says who has the book; nil: nothing does
	stale    bool       // the file's state may be one that others have seen pass, and Open is not done; see renew

	turn  chan struct{}         // holds a token while nobody writes
	open  context.Context       // done once Close was called
	stop  context.CancelFunc    // ends open
	fault atomic.Pointer[error] // set once: what every later call answers

	// suspect is set when something in the file turned out to be damaged, so
	// that whoever opens it next has to read all of it.
	suspect atomic.Bool

	mu      sync.Mutex
	changed *sync.Cond // on mu: a snapshot was released, or gate opened
	h       *handle    // the file as it is open now
	gate    bool       // new snapshots wait: the file is being swapped
	writing bool       // a Commit is under way
	gen     uint64     // counts the begins and ends of commits and swaps
	idle    []*snapshot
	closed  bool
	gaveUp  bool // Close ended without the turn: whoever has it closes

	refs     int // read transactions that are open, of any handle
	retiring int // handles that a swap replaced and that are still open

	// Guarded by the writer's turn.
	churn    int64 // bytes committed since the free space was looked at
	patience int64 // churn to wait for after a compaction that failed
	shutDone bool
	closeErr error
	swapOpen bool // rename over the open file, rather than after closing it

	mergeFrom int64 // as the constant; less in tests
	unguarded bool  // no guards, to measure what they cost
}

var (
	_ kvstore.Engine  = (*engine)(nil)
	_ kvstore.Guard   = (*engine)(nil)
	_ kvstore.Tidier  = (*engine)(nil)
	_ kvstore.Spiller = (*engine)(nil)
	_ kvstore.Merger  = (*engine)(nil)
)

// handle is one opening of the file. A compaction replaces it.
type handle struct {
	db     *bbolt.DB
	file   *os.File
	info   os.FileInfo
	format int    // of the file
	head   []byte // map of the first two pages; nil: there is none

	// The last state that this engine committed, or that was judged, and what
	// it left in the file. Guarded by engine.mu, and changed only by whoever has
	// the writer's turn: what else is found there another program wrote.
	last boltfile.Meta
	pair boltfile.Pair
	size int64 // of the file

	// Guarded by engine.mu.
	refs    int  // read transactions that are open
	retired bool // to be closed with the last of them
}

// closeWait is the time that Close waits for calls that are still under way.
const closeWait = 5 * time.Second

// state returns the error that every call answers once the engine is closed
// or has failed. The caller holds mu.
func (e *engine) state() error {
	if p := e.fault.Load(); p != nil {
		return *p
	}
	if e.closed {
		return closedError(e.name)
	}
	return nil
}

// takeTurn waits for the writer's turn. It returns ctx's error, or the
// engine's state once that is an error.
func (e *engine) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-e.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	e.mu.Lock()
	err := e.state()
	e.mu.Unlock()
	if err != nil {
		e.endTurn()
	}
	return err
}

// endTurn passes the turn on. Where Close no longer waits for it, it closes the
// file first, which would stay locked otherwise.
func (e *engine) endTurn() {
	e.mu.Lock()
	if e.gaveUp && !e.shutDone {
		e.mu.Unlock()
		e.finish(0)
		e.mu.Lock()
	}
	// There is room for it. As mu is held, either Close sees it or this saw
	// gaveUp.
	e.turn <- struct{}{}
	e.mu.Unlock()
}

// Close closes the file and gives up its lock. It waits a bounded time for
// calls that are under way. It may be called again and returns the same.
func (e *engine) Close() error { return e.closeWithin(closeWait) }

func (e *engine) closeWithin(wait time.Duration) error {
	e.mu.Lock()
	e.closed = true
	e.changed.Broadcast()
	e.mu.Unlock()
	e.stop()

	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	select {
	case <-e.turn:
	case <-deadline.C:
		// A commit hangs: what it does cannot be stopped, and bbolt cannot
		// be closed under it. The lock goes when it ends or the process does.
		e.mu.Lock()
		e.gaveUp = true
		var free bool
		select {
		case <-e.turn:
			free = true
		default:
		}
		e.mu.Unlock()
		if !free {
			return failed(e.name, "closing", errBusy)
		}
	}
	defer e.endTurn()
	e.finish(wait)
	return e.closeErr
}

// finish closes the file, once. The caller has the writer's turn.
func (e *engine) finish(wait time.Duration) {
	if e.shutDone {
		return
	}
	e.shutDone = true
	deadline := time.Now().Add(wait)
	e.closeErr = e.shut(wait)
	if e.private {
		_ = os.Remove(e.h.file.Name())
		return
	}
	e.entry.release()
	if !e.saver.end(time.Until(deadline)) && e.closeErr == nil {
		e.closeErr = failed(e.name, "closing", errSaving)
	}
}

// shut closes the handle. The caller has the writer's turn.
func (e *engine) shut(wait time.Duration) error {
	e.mu.Lock()
	h := e.h
	idle := e.takeIdle()
	e.mu.Unlock()
	for _, s := range idle {
		s.end()
	}
	quiet := e.await(wait, func() bool { return e.refs == 0 && e.retiring == 0 })
	e.owned.remove() // while the lock is held
	if !quiet {
		// Somebody keeps a snapshot open. It stays readable, as the map of
		// the file stays; the file is given up here and now.
		h.abandon()
		return failed(e.name, "closing", errBusy)
	}
	if e.fault.Load() != nil {
		h.abandon()
		return nil
	}
	return e.closeClean(h)
}

// await waits until cond, which is called with mu held, is true, and reports
// whether it is. After a fault it does not wait and says yes.
func (e *engine) await(wait time.Duration, cond func() bool) bool {
	expired := false
	//contacts:owner this function stops it; after that it does no more than wake others
	timer := time.AfterFunc(wait, func() {
		e.mu.Lock()
		expired = true
		e.changed.Broadcast()
		e.mu.Unlock()
	})
	defer timer.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	for !cond() && !expired && e.fault.Load() == nil {
		e.changed.Wait()
	}
	return cond() || e.fault.Load() != nil
}

// closeHandle closes a handle that nobody uses.
func (e *engine) closeHandle(h *handle) error {
	unmapHead(h.head)
	h.head = nil
	err := e.guarded(h.db.Close)
	if err != nil {
		h.abandon()
		if e.fault.Load() == nil {
			return failed(e.name, "closing", err)
		}
	}
	return nil
}

// retire closes a handle that a swap replaced, after its last reader.
func (e *engine) retire(h *handle) {
	if e.fault.Load() != nil {
		h.abandon()
	} else {
		_ = e.closeHandle(h)
	}
	if e.private {
		_ = os.Remove(h.file.Name())
	}
	e.mu.Lock()
	e.retiring--
	e.changed.Broadcast()
	e.mu.Unlock()
}

// abandon gives up the file without bbolt, whose Close may wait for ever or
// fault. The maps of the file remain until the process ends.
func (h *handle) abandon() {
	unlock(h.file)
	_ = h.file.Close()
}
