package contacts_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
)

func TestEditEach(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		s := open()
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		c := stored(t, b, people(6))
		merged := mergedContact(t, b, s)
		own := errors.New("own")
		number := func(n string) func(*contacts.Contact) error {
			return func(c *contacts.Contact) error { c.CellPhone = contacts.Phone{Number: n}; return nil }
		}
		rows := []struct {
			id   string
			edit func(*contacts.Contact) error
		}{
			0: {c[0].ID, func(c *contacts.Contact) error { c.Title += "a"; return nil }},
			1: {c[0].ID, number("+442079460000")}, // gives up its number
			2: {c[1].ID, number(c[0].CellPhone.Number)},
			3: {c[0].ID, number(c[1].CellPhone.Number)}, // and so they have swapped
			4: {c[2].ID, number(c[0].CellPhone.Number)}, // it is c[1]'s now
			5: {"nobody", func(*contacts.Contact) error { t.Error("called for nobody"); return nil }},
			6: {merged.ID, func(*contacts.Contact) error { t.Error("called for a merged one"); return nil }},
			7: {c[3].ID, func(c *contacts.Contact) error { c.Title = "not kept"; return own }},
			8: {c[4].ID, number("12x")},
			9: {c[0].ID, func(c *contacts.Contact) error { // of what row 0 and 3 left
				c.ID, c.Revision, c.Title = "other", 9999, c.Title+"b"
				c.Tags = append(c.Tags, c.CellPhone.Number)
				return nil
			}},
			10: {c[5].ID, func(*contacts.Contact) error { return nil }},
		}
		ids := make([]string, len(rows))
		for i := range rows {
			ids[i] = rows[i].id
		}
		results := must(b.EditEach(ctx, ids, func(i int, c *contacts.Contact) error { return rows[i].edit(c) }))(t)
		for i, want := range map[int]error{4: contacts.ErrDuplicateNumber, 5: contacts.ErrNotFound, 6: contacts.ErrMerged, 7: own, 8: contacts.ErrInvalid} {
			r := results[i]
			if !errors.Is(r.Err, want) || !r.Contact.Equal(contacts.Contact{ID: ids[i]}) {
				t.Errorf("row %d: %+v, want %v", i, r, want)
			}
		}
		var dup *contacts.DuplicateNumberError
		if errors.As(results[4].Err, &dup); dup == nil || dup.Refusals[0].Index != 4 || dup.Refusals[0].Field != "cellPhone.phoneNumber" {
			t.Errorf("%+v", dup)
		}
		for _, i := range []int{0, 1, 2, 3, 9, 10} {
			if results[i].Err != nil {
				t.Errorf("row %d: %v", i, results[i].Err)
			}
		}
		if r := results[10].Contact; r.Revision != c[5].Revision {
			t.Errorf("what changes nothing is at revision %d, was %d", r.Revision, c[5].Revision)
		}
		first := must(b.Get(ctx, c[0].ID))(t)
		if first.Title != "ab" || len(first.Tags) != 1 || first.Tags[0] != c[1].CellPhone.Number || first.CellPhone.Number != c[1].CellPhone.Number {
			t.Errorf("%+v", first)
		}
		if got := must(b.Get(ctx, c[3].ID))(t); got.Title != "" {
			t.Errorf("an edit that failed was stored: %+v", got)
		}
	})
}

// An edit that lost a race is made anew, of what the other left.
func TestEditEachRace(t *testing.T) {
	s := &applies{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	c := stored(t, b, people(3))
	s.n = 0
	s.before = func(n int, _ contacts.Batch) error {
		if n > 1 {
			return nil
		}
		_, err := b.Edit(ctx, c[1].ID, func(c *contacts.Contact) error { c.Tags = append(c.Tags, "other"); return nil })
		return err
	}
	ids := []string{c[0].ID, c[1].ID, c[2].ID, c[1].ID}
	results := must(b.EditEach(ctx, ids, func(i int, c *contacts.Contact) error {
		c.Tags = append(c.Tags, fmt.Sprint("row", i))
		return nil
	}))(t)
	for i, r := range results {
		if r.Err != nil {
			t.Errorf("row %d: %v", i, r.Err)
		}
	}
	if got := must(b.Get(ctx, c[1].ID))(t).Tags; fmt.Sprint(got) != "[other row1 row3]" {
		t.Errorf("%v", got)
	}
	if _, err := b.Once("key").EditEach(ctx, ids, nil); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("under a Once key: %v", err)
	}
}

// A refusal says which of its numbers a contact cannot have, whichever call it
// is of.
func TestRefusalField(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		b := openBook(t, open(), &contacts.Options{Rules: contacts.RelaxedRules()})
		has := stored(t, b, people(3))
		cell := typed("Cell", has[0].CellPhone.Number)
		further := typed("Further", "+442079460000")
		further.Phones = []contacts.Phone{{Number: "+442079460001"}, {Number: has[1].CellPhone.Number}}
		field := func(err error) string {
			var dup *contacts.DuplicateNumberError
			if !errors.As(err, &dup) || len(dup.Refusals) != 1 {
				t.Fatal(err)
			}
			return dup.Refusals[0].Field
		}
		_, err := b.Create(ctx, cell)
		if got := field(err); got != "cellPhone.phoneNumber" {
			t.Errorf("Create of the cell phone: %q", got)
		}
		_, err = b.Create(ctx, further)
		if got := field(err); got != "phones[1].phoneNumber" {
			t.Errorf("Create of a further phone: %q", got)
		}
		list := must(b.CreateEach(ctx, []contacts.Contact{cell, further}))(t)
		if x, y := field(list[0].Err), field(list[1].Err); x != "cellPhone.phoneNumber" || y != "phones[1].phoneNumber" {
			t.Errorf("CreateEach: %q, %q", x, y)
		}
		further.ID = has[2].ID
		_, err = b.Update(ctx, further)
		if got := field(err); got != "phones[1].phoneNumber" {
			t.Errorf("Update: %q", got)
		}
	})
}

// Where many contacts are loaded at once, too.
func TestRefusalFieldOfLoad(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules()})
	list := people(1500)
	list[700].Phones = []contacts.Phone{{Number: list[3].CellPhone.Number}}
	r := must(b.CreateEach(ctx, list))(t)[700]
	var dup *contacts.DuplicateNumberError
	if !errors.As(r.Err, &dup) || dup.Refusals[0].Field != "phones[0].phoneNumber" || dup.Refusals[0].Earlier != 3 {
		t.Errorf("%+v", r)
	}
}
