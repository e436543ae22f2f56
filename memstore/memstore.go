// Package memstore keeps contacts in memory: for tests, caches, and programs
// that have their data from elsewhere.
//
//	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{}, nil)
//
// It keeps the whole contacts.Store contract but for durability: what it
// holds is gone with the process. A read works on a snapshot: it never waits
// for a writer, nor a writer for it. A contact takes about a kilobyte with
// all its indexes.
package memstore

import (
	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// Store is a contacts.Store in memory. Of the optional abilities it has Wait,
// Trim, Load and Check.
type Store struct {
	*kvstore.Store
}

var _ contacts.Store = (*Store)(nil)

// New returns an empty store. Close it to release its memory while the Store
// itself is still referred to; otherwise the garbage collector does.
func New() *Store {
	// An empty engine in memory gives New of kvstore nothing to fail on.
	s, _ := kvstore.New(newEngine(), &kvstore.Options{Name: "memstore"})
	return &Store{s}
}
