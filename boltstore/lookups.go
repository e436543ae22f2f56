package boltstore

import (
	"context"
	"io"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// lookups is a kvstore.Engine that reads a state of a file without mapping it:
// single entries, as far as the pages on the way to them are sound.
type lookups struct {
	r io.ReaderAt
	m boltfile.Meta
}

func (l *lookups) Snapshot() (kvstore.Snapshot, error) { return l, nil }

func (l *lookups) Get(key []byte) ([]byte, bool, error) {
	var scratch []byte
	return boltfile.Lookup(l.r, l.m, key[:1], storedKey(key[1:], &scratch))
}

// Scan finds nothing.
func (l *lookups) Scan(_, _ []byte, _ bool, _ func(key, value []byte) bool) error { return nil }

func (l *lookups) Release() {}

func (l *lookups) Commit(context.Context, *kvstore.Batch) error { return contacts.ErrReadOnly }

func (l *lookups) Close() error { return nil }
