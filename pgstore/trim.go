package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Trim implements contacts.Trimmer.
func (s *Store) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	return contacts.ErrUnsupported
}

// RenewEpochs gives the feed of every scope a new epoch, so that those who follow
// one list the contacts anew (contacts.TrimmedError): for after the database was
// set back in time, by a restored backup or by a standby that had not
// everything. Cursors end too.
func (s *Store) RenewEpochs(ctx context.Context) error {
	return contacts.ErrUnsupported
}
