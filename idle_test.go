package contacts_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// A book that is open and idle while others change its rules and change them
// back writes as if it had noticed, also while the way back is not done.
func TestIdleWhileReindexed(t *testing.T) {
	type person struct {
		id, to string // who has the number, and somebody without one
		number string // of id
		stale  string // nobody's, and the line that id has under the other rules
	}
	refused := func(p person, err error) error {
		var dup *contacts.DuplicateNumberError
		if !errors.As(err, &dup) || len(dup.Refusals) != 1 || dup.Refusals[0].HolderID != p.id || dup.Refusals[0].Number != p.number {
			return fmt.Errorf("the number of another: %v", err)
		}
		return nil
	}
	has := func(b *contacts.Book, id string, want ...string) error {
		c, err := b.Get(ctx, id)
		var got []string
		for _, p := range append([]contacts.Phone{c.CellPhone}, c.Phones...) {
			if p.Number != "" {
				got = append(got, p.Number)
			}
		}
		if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			err = fmt.Errorf("contact %s has %q, want %q", id, got, want)
		}
		return err
	}
	calls := []struct {
		name string
		do   func(b *contacts.Book, p person) error
	}{
		{"Create", func(b *contacts.Book, p person) error {
			return refused(p, errOf(b.Create(ctx, typed("B", p.number))))
		}},
		{"Create of another line", func(b *contacts.Book, p person) error {
			return errOf(b.Create(ctx, typed("B", p.stale)))
		}},
		{"CreateEach", func(b *contacts.Book, p person) error {
			r, err := b.CreateEach(ctx, []contacts.Contact{typed("B", p.number), typed("C", p.stale)})
			return errors.Join(err, refused(p, r[0].Err), r[1].Err)
		}},
		{"Once", func(b *contacts.Book, p person) error {
			c, err := b.Once(p.id).Create(ctx, typed("B", p.stale))
			again, err2 := b.Once(p.id).Create(ctx, typed("B", p.stale))
			if c.ID != again.ID {
				return errors.New("another contact")
			}
			return errors.Join(err, err2)
		}},
		{"Update", func(b *contacts.Book, p person) error {
			return refused(p, errOf(b.Update(ctx, contacts.Contact{ID: p.to, FirstName: "B", CellPhone: contacts.Phone{Number: p.number}})))
		}},
		{"Edit", func(b *contacts.Book, p person) error {
			_, err := b.Edit(ctx, p.id, func(c *contacts.Contact) error { c.Notes = "x"; return nil })
			return errors.Join(err, has(b, p.id, p.number))
		}},
		{"Update of nothing", func(b *contacts.Book, p person) error {
			old, err := b.Get(ctx, p.id)
			c, err2 := b.Update(ctx, old)
			if c.Revision != old.Revision {
				return errors.New("it is an event")
			}
			return errors.Join(err, err2)
		}},
		{"Upsert", func(b *contacts.Book, p person) error {
			u, err := b.Upsert(ctx, typed("B", p.number), nil)
			if u.Contact.ID != p.id || u.Created {
				return fmt.Errorf("%+v, %v", u, err)
			}
			return err
		}},
		{"Upsert of another line", func(b *contacts.Book, p person) error {
			u, err := b.Upsert(ctx, typed("B", p.stale), nil)
			if !u.Created {
				return fmt.Errorf("%+v, %v", u, err)
			}
			return errors.Join(err, has(b, p.id, p.number))
		}},
		{"Reassign", func(b *contacts.Book, p person) error {
			_, err := b.Reassign(ctx, p.number, p.to)
			return errors.Join(err, has(b, p.id), has(b, p.to, p.number))
		}},
		{"Reassign of another line", func(b *contacts.Book, p person) error {
			_, err := b.Reassign(ctx, p.stale, p.to)
			return errors.Join(err, has(b, p.id, p.number), has(b, p.to, p.stale))
		}},
		{"Reassign of another line to the same", func(b *contacts.Book, p person) error {
			_, err := b.Reassign(ctx, p.stale, p.id)
			return errors.Join(err, has(b, p.id, p.number, p.stale))
		}},
		{"Merge", func(b *contacts.Book, p person) error {
			_, err := b.Merge(ctx, p.to, []string{p.id}, nil)
			return errors.Join(err, has(b, p.to, p.number), refused(person{id: p.to, number: p.number}, errOf(b.Create(ctx, typed("B", p.number)))))
		}},
		{"Lookup", func(b *contacts.Book, p person) error {
			m, err := b.Lookup(ctx, p.number, nil)
			if m.Contact.ID != p.id {
				return fmt.Errorf("%+v, %v", m, err)
			}
			return err
		}},
		{"Lookup of another line", func(b *contacts.Book, p person) error {
			m, err := b.Lookup(ctx, p.stale, nil)
			if m.Kind != contacts.MatchNone {
				return fmt.Errorf("%+v, %v", m, err)
			}
			return err
		}},
		{"Delete", func(b *contacts.Book, p person) error {
			return errors.Join(errOf(b.Delete(ctx, p.id)), errOf(b.Create(ctx, typed("B", p.number))))
		}},
		{"Purge", func(b *contacts.Book, p person) error {
			return errors.Join(b.Purge(ctx, p.id), errOf(b.Create(ctx, typed("B", p.number))))
		}},
	}
	onStores(t, func(t *testing.T, s contacts.Store) {
		relaxed := &contacts.Options{Rules: contacts.RelaxedRules()}
		first := openBook(t, s, relaxed)
		people := make([]person, len(calls))
		idle := make([]*contacts.Book, len(calls)) // each learns by itself
		for i := range calls {
			p := person{number: fmt.Sprint("+9180", 10000000+i), stale: fmt.Sprint("+9181", 10000000+i)}
			p.id, p.to = must(first.Create(ctx, typed("A", p.number)))(t).ID, must(first.Create(ctx, typed("To", "")))(t).ID
			people[i], idle[i] = p, openBook(t, s, relaxed)
		}
		openBook(t, s, &contacts.Options{Site: phone.Site{Rules: &phone.Rules{Add: []phone.Rule{renumbering}}}})
		b, finish := heldUp(t, s)
		for i, c := range calls {
			if err := c.do(idle[i], people[i]); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if r := finish(); len(r.Collisions) != 0 {
			t.Errorf("%+v", r)
		}
		if got := duplicates(t, b); got != nil {
			t.Errorf("duplicates %q", got)
		}
	})
}

// A store knows who claims a number; where the claim has no number to it, that
// is refused and not tried for ever.
func TestClaimWithoutANumber(t *testing.T) {
	s := newStore(t)
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	to := must(b.Create(ctx, typed("To", "")))(t)
	st := must(s.Stat(ctx, acme))(t)
	odd := contacts.Write{Contact: contacts.Contact{ID: "odd", Status: contacts.Active}, Keys: contacts.Keys{Claims: []phone.Line{919876543210}}}
	must(s.Apply(ctx, acme, contacts.Batch{Index: st.Index, Writes: []contacts.Write{odd}}))(t)
	for call, err := range map[string]error{
		"Create":   errOf(b.Create(ctx, typed("B", "+919876543210"))),
		"Upsert":   errOf(b.Upsert(ctx, typed("B", "+919876543210"), nil)),
		"Reassign": errOf(b.Reassign(ctx, "+919876543210", to.ID)),
	} {
		var dup *contacts.DuplicateNumberError
		if !errors.As(err, &dup) || dup.Refusals[0].HolderID != "odd" {
			t.Errorf("%s: %v", call, err)
		}
	}
}
