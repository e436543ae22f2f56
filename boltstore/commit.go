package boltstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// Commit implements kvstore.Engine.
//
// Where the disk is full, nothing has happened and the engine goes on. Where
// the disk failed, every later call is refused until the file is opened again,
// as what the system's cache holds then says nothing about the disk. So it is
// on Windows where the disk is full: bbolt has given up its map by then.
func (e *engine) Commit(ctx context.Context, b *kvstore.Batch) error {
	if e.options.ReadOnly {
		return readOnlyError(e.name)
	}
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	size := int64(b.Size())
	if err := e.compactBefore(ctx, size); err != nil {
		return err
	}
	e.beginWrite()
	defer e.endWrite()
	err := e.commit(e.h, b)
	if err == nil {
		e.churn += size
		e.saver.look()
	}
	return err
}

// beginWrite ends the idle snapshots and keeps new ones from becoming idle.
// The caller has the writer's turn.
func (e *engine) beginWrite() {
	e.mu.Lock()
	e.writing = true
	e.gen++
	idle := e.takeIdle()
	e.mu.Unlock()
	for _, s := range idle {
		s.end()
	}
}

func (e *engine) endWrite() {
	e.mu.Lock()
	e.writing = false
	e.gen++
	e.mu.Unlock()
}

// commit writes b to h.
func (e *engine) commit(h *handle, b *kvstore.Batch) error {
	if err := e.untouched(h); err != nil {
		return err
	}
	if err := e.keepMark(h.file); err != nil {
		return failed(e.name, "writing", err)
	}
	h.db.AllocSize = growth(h.size)
	var (
		txid    int  // of the transaction
		writing bool // bbolt may have begun to write
	)
	err := e.Guard(func() error {
		tx, err := h.db.Begin(true)
		if err != nil {
			return err
		}
		txid = tx.ID()
		if !shows(tx, h.last) {
			_ = tx.Rollback()
			return e.poison(e.whoWrote())
		}
		if err := e.apply(tx, b); err != nil {
			_ = tx.Rollback()
			return err
		}
		writing = true
		return tx.Commit()
	})
	switch {
	case err == nil:
		return e.committed(h, uint64(txid))
	case writing:
		return e.outcome(h, txid, err)
	case e.fault.Load() != nil:
		return e.failure(err)
	case errors.Is(err, bbolterrors.ErrInvalidMapping):
		return e.poison(writeFailed(e.name, err)) // no memory for the last growth
	case errors.Is(err, bbolterrors.ErrDatabaseNotOpen):
		return e.poison(damaged(e.name, err.Error(), err))
	}
	return failed(e.name, "writing", err)
}

// outcome finds out what became of transaction txid, whose commit returned
// err, and returns the error to answer with.
//
// The commit is in the file once its meta page is, and may be lost again if
// that page was not synced. Without the page nothing has happened. Then a full
// disk is no reason to stop: bbolt has taken everything back. After any other
// failure it is unknown what the disk holds of that which the cache shows.
func (e *engine) outcome(h *handle, txid int, err error) error {
	var metas boltfile.Metas
	fi, readErr := h.file.Stat()
	if readErr == nil {
		metas, readErr = boltfile.ReadMetas(h.file, fi.Size())
	}
	if _, written := metas.At(uint64(txid)); written || readErr != nil {
		e.poison(unknown(e.name, "an earlier commit", err, readErr))
		return unknown(e.name, "this commit", err, readErr)
	}
	if diskFull(err) && metas.Err[0] == nil && metas.Err[1] == nil && e.mapped(h) {
		return failed(e.name, "writing", err)
	}
	return e.poison(writeFailed(e.name, err))
}

// mapped reports whether bbolt still has the file mapped. It gives up its map
// before it tries to get a larger one.
func (e *engine) mapped(h *handle) bool {
	err := e.Guard(func() error {
		tx, err := beginRead(h.db)
		if err == nil {
			err = tx.Rollback()
		}
		return err
	})
	return err == nil
}

// diskFull reports whether a commit failed for want of space. bbolt wraps some
// causes without keeping them.
func diskFull(err error) bool {
	for _, full := range fullDisk {
		if errors.Is(err, full) || strings.Contains(err.Error(), full.Error()) {
			return true
		}
	}
	return false
}

// maxValue bounds a value. A page holds a few of that size at most, and one of
// more than 64 MiB is judged to be damaged.
const maxValue = 8 << 20

// apply makes the changes of b in tx.
//
//contacts:guarded commit calls it
func (e *engine) apply(tx *bbolt.Tx, b *kvstore.Batch) error {
	var (
		bucket  *bbolt.Bucket
		current = -1 // the table of bucket
		scratch []byte
	)
	for i := range b.Ops {
		op := &b.Ops[i]
		if len(op.Key) == 0 {
			return errors.New("an empty key")
		}
		if len(op.Value) > maxValue {
			return fmt.Errorf("a value of %d bytes", len(op.Value))
		}
		if int(op.Key[0]) != current {
			var err error
			current = int(op.Key[0])
			if bucket, err = tx.CreateBucketIfNotExists(op.Key[:1]); err != nil {
				return err
			}
			bucket.FillPercent = e.fill(op.Key[0], b.Append)
		}
		key := storedKey(op.Key[1:], &scratch)
		var err error
		if op.Delete {
			err = bucket.Delete(key)
		} else {
			err = bucket.Put(key, op.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill returns the share to which pages of a table are filled, in a load or
// not.
func (e *engine) fill(table byte, load bool) float64 {
	switch {
	case strings.IndexByte(e.contents.appendTables, table) >= 0:
		return fillAppend
	case load:
		return fillLoad
	}
	return fillRandom
}

// growth returns how many bytes the file grows at a time when it must: a small
// part of its size, so that small books stay small and large ones do not pay
// for a sync every few commits.
func growth(size int64) int {
	const least, most = 128 << 10, 4 << 20
	return int(min(max(size/32, least), most))
}
