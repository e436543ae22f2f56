package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// mergeFrom is from how many bytes on a merge pays: what it costs whatever its
// size, a new file that is synced, judged and renamed, is a few commits then.
const mergeFrom = 1 << 20

// TempFile implements kvstore.Spiller.
func (e *engine) TempFile() (*os.File, error) {
	f, err := e.createTemp(sortSuffix)
	if err != nil {
		return nil, failed(e.name, "making a file to sort in", err)
	}
	return f, nil
}

// Merge implements kvstore.Merger: it writes a new file, with all that is in the
// present one and the changes, in order and without free space, and puts that in
// the place of the old, as a compaction does. Readers go on. The disk needs room
// for both files.
//
// It is not for changes that are few beside what there is, nor for a file that
// may not be replaced.
func (e *engine) Merge(ctx context.Context, size int64, ops iter.Seq2[kvstore.Op, error]) error {
	if e.options.ReadOnly {
		return readOnlyError(e.name)
	}
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	if pays, err := e.mergePays(size); err != nil {
		return err
	} else if !pays {
		return errCommit
	}
	old := e.h // only a swap changes it
	var opsErr error
	err := e.rewriteWith(ctx, "writing", func(ctx context.Context, s *snapshot, b *boltfile.Builder) error {
		m := e.merger(s, b)
		err := m.all(ctx, ops)
		opsErr = m.opsErr
		return err
	})
	switch {
	case err == nil:
		e.churn = 0
		e.saver.look()
	case opsErr != nil:
		return opsErr
	case e.h != old:
		return unknown(e.name, "this load", err)
	case errors.Is(err, errBusy):
		return errCommit // readers are in the way
	}
	return err
}

// errCommit is the answer of Merge when commits are better.
var errCommit = fmt.Errorf("boltstore: commits do as well: %w", contacts.ErrUnsupported)

// mergePays reports whether size bytes of changes are worth writing all anew.
func (e *engine) mergePays(size int64) (bool, error) {
	if size < e.mergeFrom || e.linked() {
		return false, nil
	}
	st, err := e.stats()
	return st.used() <= 2*size, err
}

// merger adds the present entries and changes to a new file, table by table.
type merger struct {
	e  *engine
	b  *boltfile.Builder
	tx *bbolt.Tx

	tables  *bbolt.Cursor
	name    []byte // of the next table of the present file that was not begun; nil: none
	current []byte // name of the table that is being written
	entries *bbolt.Cursor
	key     []byte // the next entry of current in the present file; nil: none
	value   []byte

	n       int
	scratch []byte
	opsErr  error // what ops yielded
}

// merger returns a merger of s and what is to come into b.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (e *engine) merger(s *snapshot, b *boltfile.Builder) *merger {
	m := &merger{e: e, b: b, tx: s.tx, tables: s.tx.Cursor()}
	m.name, _ = m.tables.First()
	return m
}

// all adds ops and all there is.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (m *merger) all(ctx context.Context, ops iter.Seq2[kvstore.Op, error]) error {
	for op, err := range ops {
		if err != nil {
			m.opsErr = err
			return err
		}
		if err := m.tick(ctx); err != nil {
			return err
		}
		if len(op.Key) == 0 || len(op.Value) > maxValue {
			return fmt.Errorf("a key of %d bytes and a value of %d", len(op.Key), len(op.Value))
		}
		if len(m.current) != 1 || m.current[0] != op.Key[0] {
			if err := m.begin(ctx, op.Key[:1]); err != nil {
				return err
			}
		}
		key := storedKey(op.Key[1:], &m.scratch)
		if m.key != nil {
			if err := m.below(ctx, key); err != nil {
				return err
			}
		}
		if op.Delete {
			continue
		}
		if err := m.b.Add(key, op.Value); err != nil {
			return err
		}
	}
	if err := m.begin(ctx, nil); err != nil {
		return err
	}
	_, err := m.b.Finish(uint64(m.tx.ID()) + 1)
	return err
}

// copyBut copies all there is, with another value for one key of one table.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (m *merger) copyBut(ctx context.Context, table, key, value string) error {
	err := m.begin(ctx, []byte(table))
	if err == nil {
		err = m.below(ctx, []byte(key))
	}
	if err == nil {
		err = m.b.Add([]byte(key), []byte(value))
	}
	if err == nil {
		err = m.begin(ctx, nil)
	}
	return err
}

// begin ends the present table, copies those before the one of that name, and
// begins it. A nil name is behind all.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (m *merger) begin(ctx context.Context, name []byte) error {
	for {
		if err := m.rest(ctx); err != nil {
			return err
		}
		next := name
		if m.name != nil && (name == nil || bytes.Compare(m.name, name) <= 0) {
			next = m.name
		}
		if next == nil {
			return nil
		}
		fill := fillAppend
		if len(next) == 1 {
			fill = m.e.fill(next[0], true)
		}
		if err := m.b.Bucket(next, fill); err != nil {
			return err
		}
		m.current, m.key = bytes.Clone(next), nil
		if bytes.Equal(next, m.name) {
			bucket := m.tx.Bucket(next)
			if bucket == nil {
				return m.e.poison(damaged(m.e.name, "a record where a table should be"))
			}
			m.entries = bucket.Cursor()
			m.key, m.value = m.entries.First()
			m.name, _ = m.tables.Next()
		}
		if name != nil && bytes.Equal(next, name) {
			return nil
		}
	}
}

// below copies the present entries before key, and passes over its own.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (m *merger) below(ctx context.Context, key []byte) error {
	for m.key != nil {
		order := bytes.Compare(m.key, key)
		if order > 0 {
			return nil
		}
		if order < 0 {
			if err := m.copy(ctx); err != nil {
				return err
			}
		}
		m.key, m.value = m.entries.Next()
	}
	return nil
}

// rest copies what is left of the present table.
//
//contacts:guarded by a tablesWriter
//contacts:borrows until the merger is done, which its snapshot outlives
func (m *merger) rest(ctx context.Context) error {
	for m.key != nil {
		if err := m.copy(ctx); err != nil {
			return err
		}
		m.key, m.value = m.entries.Next()
	}
	return nil
}

func (m *merger) copy(ctx context.Context) error {
	if m.value == nil {
		return m.e.poison(damaged(m.e.name, "a table within a table"))
	}
	if err := m.tick(ctx); err != nil {
		return err
	}
	return m.b.Add(m.key, m.value)
}

// tick looks at ctx from time to time.
func (m *merger) tick(ctx context.Context) error {
	if m.n++; m.n%4096 == 0 {
		return ctx.Err()
	}
	return nil
}
