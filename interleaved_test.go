package contacts_test

import (
	"context"
	"testing"

	"github.com/callerbook/contacts"
)

// beforeFind runs fn once, before the next Find.
type beforeFind struct {
	contacts.Store
	fn func()
}

func (s *beforeFind) Find(c context.Context, sc contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if fn := s.fn; fn != nil {
		s.fn = nil
		fn()
	}
	return s.Store.Find(c, sc, q)
}

// An Update at any revision, amid which the contact is deleted and its new
// number taken, is tried again on the contact as it is by then: a deleted one
// may list any number.
func TestUpdateIsNotRefusedForThePast(t *testing.T) {
	s := &before{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	x := must(b.Create(ctx, typed("X", "")))(t)
	s.fn = func() {
		must(b.Delete(ctx, x.ID))(t)
		must(b.Create(ctx, typed("Y", "+919876543210")))(t)
	}
	x.Revision, x.CellPhone = 0, contacts.Phone{Number: "+919876543210"}
	if c, err := b.Update(ctx, x); err != nil || c.Status != contacts.Inactive || c.CellPhone.Number != "+919876543210" {
		t.Errorf("%+v, %v", c, err)
	}
}

// A Reassign that finds the work done returns the contact that has the number,
// not what that was before.
func TestReassignReturnsTheHolder(t *testing.T) {
	s := &beforeFind{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	x := must(b.Create(ctx, typed("X", "")))(t)
	var want contacts.Contact
	s.fn = func() { want = must(b.Reassign(ctx, "+919876543210", x.ID))(t) }
	got := must(b.Reassign(ctx, "+919876543210", x.ID))(t)
	if !got.Equal(want) || got.Revision != want.Revision {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A Reassign whose new holder gives a number to the old one after it was read,
// and whose old one is purged before it is written, is tried again: what the
// two would fight for is the past.
func TestReassignFromWhoIsPurged(t *testing.T) {
	apply := &before{Store: newStore(t)}
	find := &beforeFind{Store: apply}
	b := openBook(t, find, &contacts.Options{Rules: contacts.RelaxedRules()})
	x := must(b.Create(ctx, typed("X", "+919876543201")))(t)
	y := must(b.Create(ctx, typed("Y", "+919876543202")))(t)
	find.fn = func() {
		must(b.Reassign(ctx, "+919876543201", y.ID))(t)
		apply.fn = func() {
			if err := b.Purge(ctx, y.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if c, err := b.Reassign(ctx, "+919876543202", x.ID); err != nil || c.CellPhone.Number != "+919876543202" {
		t.Errorf("%+v, %v", c, err)
	}
}

// An Upsert whose contact loses another number after it was read is tried again:
// that number is refused for the contact as it was.
func TestUpsertOfWhoLosesANumber(t *testing.T) {
	s := &before{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	x := typed("X", "+919876543201")
	x.Phones = []contacts.Phone{{Number: "+919876543202"}}
	x = must(b.Create(ctx, x))(t)
	y := must(b.Create(ctx, typed("Y", "")))(t)
	s.fn = func() { must(b.Reassign(ctx, "+919876543202", y.ID))(t) }
	given := typed("X", "+919876543201")
	given.Tags = []string{"vip"}
	u, err := b.Upsert(ctx, given, nil)
	if err != nil || u.Contact.ID != x.ID || u.Contact.Phones != nil || len(u.Contact.Tags) != 1 {
		t.Errorf("%+v, %v", u, err)
	}
}
