package contacts_test

import (
	"context"
	"errors"
	"testing"

	"github.com/callerbook/contacts"
)

// far is a store that counts its calls, and may be Distant.
type far struct {
	contacts.Store
	distant bool
	finds   int
	applies int
}

func (s *far) Distant() bool { return s.distant }

func (s *far) Find(c context.Context, sc contacts.Scope, q contacts.Query) (contacts.Page, error) {
	s.finds++
	return s.Store.Find(c, sc, q)
}

func (s *far) Apply(c context.Context, sc contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.applies++
	return s.Store.Apply(c, sc, b)
}

// A Create on a distant store is one call of it, and refuses a number as any other.
func TestCreateOnADistantStore(t *testing.T) {
	for _, distant := range []bool{false, true} {
		s := &far{Store: newStore(t), distant: distant}
		b := openBook(t, s, nil)
		first := must(b.Create(ctx, api("A", "B", "9876500000")))(t)
		s.finds, s.applies = 0, 0
		must(b.Create(ctx, api("C", "D", "9876500001")))(t)
		if s.applies != 1 || distant != (s.finds == 0) {
			t.Errorf("distant %v: a create is %d reads and %d batches", distant, s.finds, s.applies)
		}
		_, err := b.Create(ctx, api("E", "F", "9876500000"))
		var taken *contacts.DuplicateNumberError
		if !errors.As(err, &taken) || len(taken.Refusals) != 1 || taken.Refusals[0].HolderID != first.ID {
			t.Errorf("distant %v: a second contact with the number: %v", distant, err)
		}
	}
}
