package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Find implements contacts.Store.
func (s *Store) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	return contacts.Page{}, contacts.ErrUnsupported
}
