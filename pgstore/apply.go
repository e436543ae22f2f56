package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Apply implements contacts.Store. See the package comment for what a batch is
// in the database.
func (s *Store) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	return contacts.Applied{}, contacts.ErrUnsupported
}

// lanes has the batches that wait, for each scope those that become its next
// transaction.
type lanes struct{}
