package cli

import (
	"context"

	"github.com/callerbook/contacts"
)

// named is a store whose contacts under no account and stream stand under one:
// the API can name no other, and a book that was kept on the command line
// mostly has those alone.
type named struct {
	contacts.Store
	as contacts.Scope
}

// nameScope returns a store in which scope is that without account and stream,
// where there is that one and scope itself is not there; else the store.
func (s *session) nameScope(ctx context.Context, store contacts.Store, scope contacts.Scope) (contacts.Store, error) {
	own, err := store.Stat(ctx, scope)
	if err != nil || own.Epoch != "" {
		return store, err
	}
	nameless, err := store.Stat(ctx, contacts.Scope{})
	if err != nil || nameless.Epoch == "" {
		return store, err
	}
	s.note("the contacts that are under no account and stream are served under %s", scopeOptions(scope))
	return named{store, scope}, nil
}

func (n named) stored(sc contacts.Scope) contacts.Scope {
	if sc == n.as {
		return contacts.Scope{}
	}
	return sc
}

func (n named) Apply(ctx context.Context, sc contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	return n.Store.Apply(ctx, n.stored(sc), b)
}

func (n named) Get(ctx context.Context, sc contacts.Scope, id string) (contacts.Contact, error) {
	return n.Store.Get(ctx, n.stored(sc), id)
}

func (n named) Find(ctx context.Context, sc contacts.Scope, q contacts.Query) (contacts.Page, error) {
	return n.Store.Find(ctx, n.stored(sc), q)
}

func (n named) Events(ctx context.Context, sc contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	return n.Store.Events(ctx, n.stored(sc), after, limit)
}

func (n named) History(ctx context.Context, sc contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	return n.Store.History(ctx, n.stored(sc), q)
}

func (n named) Stat(ctx context.Context, sc contacts.Scope) (contacts.Stat, error) {
	return n.Store.Stat(ctx, n.stored(sc))
}

// Wait is contacts.Waiter.
func (n named) Wait(ctx context.Context, sc contacts.Scope, after uint64) error {
	return contacts.Wait(ctx, n.Store, n.stored(sc), after)
}
