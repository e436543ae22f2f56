package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Events implements contacts.Store.
func (s *Store) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	return nil, contacts.ErrUnsupported
}

// History implements contacts.Store.
func (s *Store) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	return nil, contacts.ErrUnsupported
}
