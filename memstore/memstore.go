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
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// Store is a contacts.Store in memory. Of the optional abilities it has Wait,
// Trim, Load, Check and Fork.
type Store struct {
	*kvstore.Store
	engine *engine
}

var (
	_ contacts.Store  = (*Store)(nil)
	_ contacts.Forker = (*Store)(nil)
)

// New returns an empty store. Close it to release its memory while the Store
// itself is still referred to; otherwise the garbage collector does.
func New() *Store {
	// An empty engine in memory gives New of kvstore nothing to fail on.
	s, _ := over(newEngine())
	return s
}

func over(e *engine) (*Store, error) {
	s, err := kvstore.New(e, &kvstore.Options{Name: "memstore"})
	if err != nil {
		return nil, err
	}
	return &Store{s, e}, nil
}

// Fork returns a store that begins as this one is now: to try things out on. The
// two have in common what neither has changed since, so that a fork costs next to
// nothing.
func (s *Store) Fork(ctx context.Context) (contacts.Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := s.engine.fork()
	if err != nil {
		return nil, fmt.Errorf("memstore: %w", err)
	}
	fork, err := over(e)
	if err != nil {
		return nil, err
	}
	return fork, nil
}
