package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Get implements contacts.Store.
func (s *Store) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	return contacts.Contact{}, contacts.ErrUnsupported
}

// Stat implements contacts.Store.
func (s *Store) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	return contacts.Stat{}, contacts.ErrUnsupported
}

// Scopes implements contacts.Store.
func (s *Store) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	return nil, contacts.ErrUnsupported
}
