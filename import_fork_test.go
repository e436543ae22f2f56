package contacts_test

import (
	"context"
	"iter"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// forking makes a store a Forker.
type forking struct{ contacts.Store }

func (s forking) Fork(ctx context.Context) (contacts.Store, error) {
	m := memstore.New()
	_, err := contacts.Copy(ctx, m, s.Store, nil)
	return m, err
}

func (s forking) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return contacts.Load(ctx, s.Store, scope, head, records)
}
