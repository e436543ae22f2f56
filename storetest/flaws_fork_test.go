package storetest

import (
	"context"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// Broken stores are the plain one with one method or two replaced. These fork
// wrongly.

// forkIsSelf has another handle on the same contacts for a fork.
type forkIsSelf struct{ *mapstore.Store }

func (s *forkIsSelf) Fork(ctx context.Context) (contacts.Store, error) {
	if _, err := s.Scopes(ctx, contacts.Scope{}, 1); err != nil {
		return nil, err
	}
	return s.Reopen(), nil
}

// forkIsEmpty forgets what was there.
type forkIsEmpty struct{ *mapstore.Store }

func (s *forkIsEmpty) Fork(context.Context) (contacts.Store, error) { return mapstore.New(), nil }

// forkForgets lets anybody have any number in a fork.
type forkForgets struct{ *mapstore.Store }

func (s *forkForgets) Fork(ctx context.Context) (contacts.Store, error) {
	f, err := s.Store.Fork(ctx)
	if err != nil {
		return nil, err
	}
	return &keepsAll{f.(*mapstore.Store)}, nil
}

type keepsAll struct{ *mapstore.Store }

func (s *keepsAll) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	for i := range b.Writes {
		b.Writes[i].KeepDuplicates = true
	}
	return s.Store.Apply(ctx, scope, b)
}

// forkClosesAll closes the store with a fork.
type forkClosesAll struct{ *mapstore.Store }

func (s *forkClosesAll) Fork(ctx context.Context) (contacts.Store, error) {
	f, err := s.Store.Fork(ctx)
	return &closesBoth{f, s.Store}, err
}

type closesBoth struct {
	contacts.Store
	other *mapstore.Store
}

func (s *closesBoth) Close() error {
	_ = s.other.Close()
	return s.Store.Close()
}

// forkEnds ends its forks with itself.
type forkEnds struct {
	*mapstore.Store
	forks []contacts.Store
}

func (s *forkEnds) Fork(ctx context.Context) (contacts.Store, error) {
	f, err := s.Store.Fork(ctx)
	if err == nil {
		s.forks = append(s.forks, f)
	}
	return f, err
}

func (s *forkEnds) Close() error {
	for _, f := range s.forks {
		_ = f.Close()
	}
	return s.Store.Close()
}
