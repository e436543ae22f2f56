package kvstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Trim implements contacts.Trimmer.
func (s *Store) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	return contacts.ErrUnsupported
}
