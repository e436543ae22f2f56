package kvstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Check implements contacts.Checker.
func (s *Store) Check(ctx context.Context) error { return contacts.ErrUnsupported }
