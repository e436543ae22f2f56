package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// namesHolders shows who has a number.
type namesHolders struct{ *mapstore.Store }

func (s *namesHolders) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) && dup.Refusals[0].HolderName != "" {
		err = fmt.Errorf("%s: %w", dup.Refusals[0].HolderName, err)
	}
	return a, err
}

// wrapsNumbers shows the number of a contact that is not written, in an error
// which only who unwraps it sees.
type wrapsNumbers struct{ *mapstore.Store }

func (s *wrapsNumbers) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	if err != nil && len(b.Writes) > 0 {
		err = behind{err, errors.New("writing " + b.Writes[0].Contact.CellPhone.Number)}
	}
	return a, err
}

// behind shows the first of two errors.
type behind struct{ shown, hidden error }

func (e behind) Error() string   { return e.shown.Error() }
func (e behind) Unwrap() []error { return []error{e.shown, e.hidden} }

// quotesQueries shows what a query looks for.
type quotesQueries struct{ *mapstore.Store }

func (s *quotesQueries) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	if err != nil && len(q.Words) > 0 {
		err = fmt.Errorf("looking for %q: %w", q.Words[0].Text, err)
	}
	return p, err
}
