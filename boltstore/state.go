package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"sync"
	"syscall"
	"unsafe"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// newHandle returns the handle of f, which db has open and whose state m was
// judged. It gives up both when bbolt sees another state.
func newHandle(name string, db *bbolt.DB, f *os.File, info os.FileInfo, m boltfile.Meta, format int) (*handle, error) {
	h := &handle{db: db, file: f, info: info, format: format, last: m, size: info.Size()}
	err := guarded(func() error {
		tx, err := beginRead(db)
		if err != nil {
			return damaged(name, err.Error(), err)
		}
		ours := shows(tx, m)
		if err := tx.Rollback(); err != nil {
			return err
		}
		h.pair, err = boltfile.ReadPair(f, m.PageSize)
		if err != nil {
			return damaged(name, reason(err), err)
		}
		if !ours || h.pair.Newest() != m.Txid {
			return damaged(name, "its two last states contradict each other")
		}
		return nil
	}, func(what string) error { return damaged(name, what) })
	if err != nil {
		h.abandon()
		return nil, err
	}
	h.head = mapHead(f, boltfile.HeadSize(m.PageSize))
	return h, nil
}

// shows reports whether tx, which has changed nothing, is of state m, or begins
// with it.
func shows(tx *bbolt.Tx, m boltfile.Meta) bool {
	txid := uint64(tx.ID())
	if tx.Writable() {
		txid--
	}
	return txid == m.Txid && tx.Size() == int64(m.Pages)*int64(m.PageSize) &&
		uint64(tx.Cursor().Bucket().Root()) == m.Root
}

// beginRead begins a read transaction. bbolt reads the meta pages with two of
// its locks held. When that faults, both are given up again before the panic
// goes on: whoever ends a transaction, or is in a commit, would wait for them
// for ever.
//
//contacts:guarded by newHandle and begin
func beginRead(db *bbolt.DB) (*bbolt.Tx, error) {
	began := false
	defer func() {
		if !began {
			bboltLock[sync.RWMutex](db, "mmaplock").RUnlock()
			bboltLock[sync.Mutex](db, "metalock").Unlock()
		}
	}()
	tx, err := db.Begin(false)
	began = true
	return tx, err
}

// bboltLock returns a lock of db, of which bbolt offers none. A test fails when
// a version of bbolt has it no more.
func bboltLock[T any](db *bbolt.DB, name string) *T {
	f := reflect.ValueOf(db).Elem().FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return nil
	}
	return (*T)(unsafe.Pointer(f.UnsafeAddr()))
}

// errTouched: somebody else wrote to the file.
var errTouched = errors.New("the meta pages changed")

// whoWrote returns the error for a file whose meta pages somebody else changed.
func (e *engine) whoWrote() error {
	e.mu.Lock()
	h, pair, size := e.h, e.h.pair, e.h.last.PageSize
	e.mu.Unlock()
	found, err := boltfile.ReadPair(h.file, size)
	if err != nil {
		return damaged(e.name, reason(err), err)
	}
	return foreign(e.name, &pair, &found)
}

// untouched returns nil if the path names the file of h and nobody else wrote to
// it: its meta pages are as this engine left them, and it was not cut short. For
// whoever has the writer's turn.
func (e *engine) untouched(h *handle) error {
	if err := e.named(h); err != nil {
		return err
	}
	fi, err := h.file.Stat()
	if err == nil && fi.Size() < h.size {
		return e.poison(damaged(e.name, "it was truncated"))
	}
	var pair boltfile.Pair
	if err == nil {
		pair, err = boltfile.ReadPair(h.file, h.last.PageSize)
	}
	if err != nil {
		return e.poison(damaged(e.name, reason(err), err))
	}
	if pair != h.pair {
		return e.poison(foreign(e.name, &h.pair, &pair))
	}
	return nil
}

// committed notes what transaction txid left in the file of h. It returns an
// error unless that is what a commit leaves, in the file of that name: whoever
// asked for the commit must not be told that it is there.
func (e *engine) committed(h *handle, txid uint64) error {
	fi, err := h.file.Stat()
	var pair boltfile.Pair
	if err == nil {
		pair, err = boltfile.ReadPair(h.file, h.last.PageSize)
	}
	if err != nil {
		e.poison(damaged(e.name, reason(err), err))
		return unknown(e.name, "this commit", err)
	}
	m, follows := pair.Follows(&h.pair, txid)
	switch {
	case !follows:
		e.poison(foreign(e.name, &h.pair, &pair))
		return foreign(e.name, &h.pair, &pair, contacts.ErrCommitUnknown)
	case fi.Size() < h.size:
		e.poison(damaged(e.name, "it was truncated"))
		return damaged(e.name, "it was truncated", contacts.ErrCommitUnknown)
	}
	e.mu.Lock()
	h.last, h.pair, h.size = m, pair, fi.Size()
	e.mu.Unlock()
	if err := e.named(h); err != nil {
		if e.fault.Load() == nil {
			e.poison(unknown(e.name, "an earlier commit", err))
			return unknown(e.name, "this commit", err)
		}
		return replaced(e.name, contacts.ErrCommitUnknown)
	}
	return nil
}

// named returns nil if the path names the file of h.
func (e *engine) named(h *handle) error {
	if e.private {
		return nil // it may have no name
	}
	fi, err := os.Stat(e.path)
	switch {
	case err == nil && os.SameFile(fi, h.info):
		return nil
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		return e.poison(replaced(e.name))
	}
	return failed(e.name, "writing: whether it is still there cannot be seen", err)
}
