package boltstore

import (
	"bytes"
	"errors"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// snapshot is a read transaction with its buckets and cursors. Between two
// commits, released snapshots are kept and handed out again: the next reader
// sees the same state without beginning a transaction. A commit ends them
// first, so that none holds up its growing of the file.
type snapshot struct {
	e      *engine
	h      *handle
	tx     *bbolt.Tx
	gen    uint64 // engine.gen when it began
	tables []*table
	key    []byte // scratch: a stored key
	yield  []byte // scratch: a key handed out
}

// table is one bucket in a snapshot.
type table struct {
	name   byte
	bucket *bbolt.Bucket   // nil: there is none
	get    *bbolt.Cursor   // for Get
	scans  []*bbolt.Cursor // for Scan, not in use
}

var _ kvstore.Snapshot = (*snapshot)(nil)

// maxIdle bounds the snapshots that are kept for the next readers.
const maxIdle = 64

// Snapshot implements kvstore.Engine.
func (e *engine) Snapshot() (kvstore.Snapshot, error) {
	s, err := e.snapshot()
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (e *engine) snapshot() (*snapshot, error) {
	var s *snapshot
	var base boltfile.Meta
	err := e.guarded(func() (err error) {
		s, base, err = e.take()
		return err
	})
	switch {
	case errors.Is(err, errTouched):
		return nil, e.poison(e.whoWrote())
	case err != nil:
		return nil, err
	case s.tx != nil:
		return s, nil
	}
	if err := e.begin(s, base); err != nil {
		e.unref(s.h)
		return nil, err
	}
	return s, nil
}

// take returns an idle snapshot or, where there is none, one that is to begin
// on a state that is not older than base. It returns errTouched if somebody else
// wrote to the file.
func (e *engine) take() (s *snapshot, base boltfile.Meta, err error) {
	e.mu.Lock()
	defer e.mu.Unlock() // also when the look at the meta pages faults
	for e.gate && e.state() == nil {
		e.changed.Wait()
	}
	if err := e.state(); err != nil {
		return nil, base, err
	}
	if n := len(e.idle); n > 0 {
		// Nobody writes now, or there would be none.
		if h := e.h; h.head != nil && !e.unguarded && !h.pair.SameAs(h.head) {
			return nil, base, errTouched
		}
		s := e.idle[n-1]
		e.idle = e.idle[:n-1]
		return s, base, nil
	}
	s = &snapshot{e: e, h: e.h, gen: e.gen}
	s.h.refs++
	e.refs++
	return s, e.h.last, nil
}

// begin begins the transaction of s, whose state is not older than base.
func (e *engine) begin(s *snapshot, base boltfile.Meta) error {
	err := e.guarded(func() (err error) {
		s.tx, err = beginRead(s.h.db)
		return err
	})
	switch {
	case err == nil:
	case e.fault.Load() != nil:
		return e.failure(err)
	case errors.Is(err, bbolterrors.ErrInvalidMapping):
		// The writer has just failed to make the file grow (on Windows, on a
		// full disk), and is about to say so.
		return e.poison(writeFailed(e.name, err))
	default:
		return e.poison(damaged(e.name, err.Error(), err))
	}

	e.mu.Lock()
	last, writing := s.h.last, e.writing
	e.mu.Unlock()
	txid := uint64(s.tx.ID())
	ours := true
	switch {
	case txid == base.Txid:
		ours = shows(s.tx, base)
	case txid == last.Txid:
		ours = shows(s.tx, last)
	case txid > last.Txid:
		ours = writing && txid == last.Txid+1 // which the writer has yet to see
	default:
		ours = txid > base.Txid // commits came meanwhile
	}
	if !ours {
		_ = s.tx.Rollback() //contacts:nofault of a transaction that reads
		return e.poison(e.whoWrote())
	}
	return nil
}

// Release implements kvstore.Snapshot.
func (s *snapshot) Release() {
	e := s.e
	e.mu.Lock()
	if s.gen == e.gen && !e.writing && len(e.idle) < maxIdle && e.state() == nil {
		e.idle = append(e.idle, s)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	s.end()
}

// end ends the transaction of s.
func (s *snapshot) end() {
	e := s.e
	_ = s.tx.Rollback() //contacts:nofault of a transaction that reads
	s.tables = nil
	e.unref(s.h)
}

// unref notes the end of a read transaction of h.
func (e *engine) unref(h *handle) {
	e.mu.Lock()
	e.refs--
	h.refs--
	last := h.refs == 0 && h.retired
	e.changed.Broadcast()
	e.mu.Unlock()
	if last {
		e.retire(h)
	}
}

// takeIdle removes the idle snapshots, for the caller to end. The caller holds
// mu.
func (e *engine) takeIdle() []*snapshot {
	idle := e.idle
	e.idle = nil
	return idle
}

// table returns the table of that name, nil if the file has none.
//
//contacts:guarded by Get and Scan
func (s *snapshot) table(name byte) *table {
	for _, t := range s.tables {
		if t.name == name {
			if t.bucket == nil {
				return nil
			}
			return t
		}
	}
	t := &table{name: name, bucket: s.tx.Bucket([]byte{name})}
	s.tables = append(s.tables, t)
	if t.bucket == nil {
		return nil
	}
	t.get = t.bucket.Cursor()
	return t
}

// Get implements kvstore.Snapshot.
//
//contacts:guarded kvstore, as an engine's snapshot
//contacts:borrows until Release
func (s *snapshot) Get(key []byte) ([]byte, bool, error) {
	if len(key) == 0 {
		return nil, false, nil
	}
	t := s.table(key[0])
	if t == nil {
		return nil, false, nil
	}
	stored := storedKey(key[1:], &s.key)
	k, v := t.get.Seek(stored)
	if !bytes.Equal(k, stored) {
		return nil, false, nil
	}
	if v == nil {
		return nil, false, s.e.poison(damaged(s.e.name, "a bucket where a record should be"))
	}
	return v, true, nil
}

// Scan implements kvstore.Snapshot. A range may run across tables.
//
//contacts:guarded kvstore, as an engine's snapshot
func (s *snapshot) Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error {
	first, last := 0, 255
	if len(from) > 0 {
		first = int(from[0])
	}
	if len(to) > 0 {
		last = int(to[0])
	}
	for i := 0; i <= last-first; i++ {
		name := first + i
		if reverse {
			name = last - i
		}
		t := s.table(byte(name))
		if t == nil {
			continue
		}
		var low, high []byte
		if len(from) > 1 && name == int(from[0]) {
			low = appendKey(nil, from[1:])
		}
		if len(to) > 0 && name == int(to[0]) {
			if len(to) == 1 {
				continue
			}
			high = appendKey(nil, to[1:])
		}
		if more, err := s.scanTable(t, low, high, reverse, yield); err != nil || !more {
			return err
		}
	}
	return nil
}

// scanTable calls yield for the stored keys low <= key < high of t; nil is no
// bound. It reports whether yield wants more.
//
//contacts:guarded by Scan
func (s *snapshot) scanTable(t *table, low, high []byte, reverse bool, yield func(key, value []byte) bool) (bool, error) {
	c := t.takeCursor()
	defer t.giveCursor(c)
	scratch := s.yield // not shared with a Scan inside of yield
	s.yield = nil
	defer func() { s.yield = scratch }()

	k, v := seek(c, low, high, reverse)
	for k != nil {
		if reverse && low != nil && bytes.Compare(k, low) < 0 ||
			!reverse && high != nil && bytes.Compare(k, high) >= 0 {
			break
		}
		if v == nil {
			return false, s.e.poison(damaged(s.e.name, "a bucket where a record should be"))
		}
		scratch = appendRest(append(scratch[:0], t.name), k)
		if !yield(scratch, v) {
			return false, nil
		}
		if reverse {
			k, v = c.Prev()
		} else {
			k, v = c.Next()
		}
	}
	return true, nil
}

// seek moves c to the first key that a scan of that range and direction sees.
//
//contacts:guarded by Scan
func seek(c *bbolt.Cursor, low, high []byte, reverse bool) (k, v []byte) {
	switch {
	case !reverse && low == nil:
		return c.First()
	case !reverse:
		return c.Seek(low)
	case high == nil:
		return c.Last()
	}
	if k, _ = c.Seek(high); k == nil {
		return c.Last() // all keys are below high
	}
	return c.Prev()
}

// takeCursor returns a cursor of t that no other Scan uses.
//
//contacts:guarded by Scan
func (t *table) takeCursor() *bbolt.Cursor {
	n := len(t.scans)
	if n == 0 {
		return t.bucket.Cursor()
	}
	c := t.scans[n-1]
	t.scans = t.scans[:n-1]
	return c
}

func (t *table) giveCursor(c *bbolt.Cursor) { t.scans = append(t.scans, c) }
