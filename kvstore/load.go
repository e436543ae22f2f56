package kvstore

import (
	"context"
	"iter"

	"github.com/callerbook/contacts"
)

// Load implements contacts.Loader.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return contacts.Applied{}, contacts.ErrUnsupported
}

// Check implements contacts.Checker.
func (s *Store) Check(ctx context.Context) error { return contacts.ErrUnsupported }
