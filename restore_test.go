package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// restored is a contact as another book has it.
func restored(id, name, number string, updated int) contacts.Contact {
	n, err := phone.ParseE164(number)
	if err != nil {
		panic(err)
	}
	return contacts.Contact{ID: id, FirstName: name, LastName: "Doe", Salutation: "Mr", Status: contacts.Active,
		CellPhone: contacts.Phone{Number: number, CountryCode: fmt.Sprint("+", n.CallingCode()), Extension: "+"},
		CreatedAt: on(1), UpdatedAt: on(updated), CreatedBy: "u-ann", CreatedByAID: "a-ann", UpdatedBy: "u-bob", UpdatedByAID: "a-bob"}
}

func one(t *testing.T, b *contacts.Book, c contacts.Contact) contacts.Contact {
	t.Helper()
	r := must(b.RestoreEach(ctx, []contacts.Contact{c}))(t)
	if len(r) != 1 || r[0].Err != nil {
		t.Fatalf("%+v", r)
	}
	return r[0].Contact
}

// What the other book has comes in as it is, by the API's own rules, and a
// second time changes nothing.
func TestRestoreEach(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		now := on(20).Add(1234 * time.Microsecond)
		b := openBook(t, s, &contacts.Options{Actor: contacts.Actor{ID: "me"}, Now: func() time.Time { return now }})
		list := []contacts.Contact{restored("63c7c8b1a2b3c4d5e6f70819", "John", "+919876543210", 5), restored("Gone-1", "Jane", "+5215512345678", 6)}
		list[1].Status, list[1].DeletedAt = contacts.Inactive, on(6).Add(900*time.Nanosecond)
		list[0].Phones = []contacts.Phone{{Number: "+442079460123", CountryCode: "+44", Label: "work", Shared: true, Input: "020 7946 0123"}}
		list[0].Revision = 99 // of the other book
		results := must(b.RestoreEach(ctx, list))(t)
		for i, want := range list {
			got := must(b.Get(ctx, want.ID))(t)
			want.DeletedAt = want.DeletedAt.Truncate(time.Millisecond)
			if results[i].Err != nil || !results[i].Contact.Equal(got) || !got.Equal(want) || got.Revision != uint64(i+1) ||
				!got.UpdatedAt.Equal(want.UpdatedAt) || got.UpdatedBy != "u-bob" || got.UpdatedByAID != "a-bob" || got.FullName != want.FirstName+" Doe" {
				t.Errorf("%d: %v\n got %+v\nwant %+v", i, results[i].Err, got, want)
			}
		}
		if m := must(b.Lookup(ctx, "+91 98765 43210", nil))(t); m.Contact.ID != list[0].ID {
			t.Errorf("look-up: %+v", m)
		}
		if hits := must(b.Search(ctx, "joh", nil))(t).Hits; len(hits) != 1 {
			t.Errorf("search: %d hits", len(hits))
		}

		before := must(b.Token(ctx))(t)
		list[0].UpdatedAt, list[0].UpdatedBy, list[0].UpdatedByAID = on(9), "u-eve", "a-eve" // says the same
		for i, r := range must(b.RestoreEach(ctx, list))(t) {
			if r.Err != nil || r.Contact.Revision != uint64(i+1) || r.Contact.UpdatedBy != "u-bob" {
				t.Errorf("again: %+v", r)
			}
		}
		if after := must(b.Token(ctx))(t); after != before {
			t.Errorf("a second time wrote %v after %v", after, before)
		}

		// Replaced: another name, another life, another number. Its place stays.
		list[0].FirstName, list[0].CellPhone.Number, list[0].CreatedBy, list[0].CreatedAt = "Jim", "+919876543211", "u-new", on(2)
		list[1].Status = "" // which is active
		must(b.RestoreEach(ctx, list))(t)
		var order []string
		for c, err := range b.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation}) {
			if err != nil {
				t.Fatal(err)
			}
			order = append(order, c.FullName+" "+c.CellPhone.Number+" "+c.CreatedBy+" "+dayOf(c.UpdatedAt)+dayOf(c.DeletedAt))
		}
		if want := []string{"Jim Doe +919876543211 u-new 9-", "Jane Doe +5215512345678 u-ann 6-"}; !slices.Equal(order, want) {
			t.Errorf("got %q, want %q", order, want)
		}
		if m := must(b.Lookup(ctx, "+919876543210", nil))(t); m.Kind != contacts.MatchNone {
			t.Errorf("the old number is that of %s", m.Contact.ID)
		}
	})
}

// Times and authors that are missing, and those that cannot be as given.
func TestRestoreEachFills(t *testing.T) {
	type times struct{ created, updated, deleted time.Time }
	none := time.Time{}
	for name, c := range map[string]struct {
		had       *times // of the contact that is there, inactive where it has all three
		given     times
		inactive  bool
		want      times
		wantError string
	}{
		"none":                     {given: times{}, want: times{on(20), on(20), none}},
		"updated only":             {given: times{none, on(5), none}, want: times{on(5), on(5), none}},
		"created only":             {given: times{on(5), none, none}, want: times{on(5), on(20), none}},
		"updated before created":   {given: times{on(5), on(4), none}, want: times{on(5), on(5), none}},
		"none, inactive":           {inactive: true, want: times{on(20), on(20), on(20)}},
		"deleted, but active":      {given: times{on(4), on(5), on(6)}, want: times{on(4), on(5), none}},
		"inactive without deleted": {inactive: true, given: times{on(4), on(5), none}, want: times{on(4), on(5), on(5)}},
		"inactive":                 {inactive: true, given: times{on(4), on(5), on(3)}, want: times{on(4), on(5), on(3)}},
		"there: none":              {had: &times{on(1), on(2), none}, want: times{on(1), on(20), none}},
		"there: back in time":      {had: &times{on(1), on(9), none}, given: times{on(1), on(8), none}, want: times{on(1), on(9), none}},
		"there: since deleted":     {had: &times{on(1), on(9), on(9)}, inactive: true, given: times{on(1), on(10), none}, want: times{on(1), on(10), on(9)}},
		"there: undeleted":         {had: &times{on(1), on(9), on(9)}, given: times{on(1), on(10), on(9)}, want: times{on(1), on(10), none}},
		"almost tomorrow":          {given: times{on(21), on(21), none}, want: times{on(21), on(21), none}},
		"the first time":           {given: times{time.Unix(0, 0), time.Unix(0, 0), none}, want: times{time.Unix(0, 0), time.Unix(0, 0), none}},
		"in two days":              {given: times{on(5), on(22), none}, wantError: "updatedAt"},
		"created in two days":      {given: times{on(22), on(5), none}, wantError: "createdAt"},
		"deleted in two days":      {inactive: true, given: times{on(5), on(5), on(22)}, wantError: "deletedAt"},
		"before there were clocks": {given: times{time.Unix(-1, 0), on(5), none}, wantError: "createdAt"},
		"far away":                 {given: times{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), on(5), none}, wantError: "createdAt"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
			make := func(name string, at times, inactive bool) contacts.Contact {
				r := restored("c1", name, "+919876543210", 1)
				r.CreatedAt, r.UpdatedAt, r.DeletedAt = at.created, at.updated, at.deleted
				if inactive {
					r.Status = contacts.Inactive
				}
				return r
			}
			if c.had != nil {
				one(t, b, make("Jane", *c.had, !c.had.deleted.IsZero()))
			}
			given := make("John", c.given, c.inactive)
			given.CreatedBy, given.CreatedByAID, given.UpdatedBy = "", "", ""
			r := must(b.RestoreEach(ctx, []contacts.Contact{given}))(t)[0]
			if c.wantError != "" {
				var v *contacts.ValidationError
				if !errors.As(r.Err, &v) || v.Fields[0].Field != c.wantError || v.Fields[0].Reason != contacts.ReasonTime {
					t.Errorf("error %v", r.Err)
				}
				return
			}
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			got := must(b.Get(ctx, "c1"))(t)
			if !got.CreatedAt.Equal(c.want.created) || !got.UpdatedAt.Equal(c.want.updated) || !got.DeletedAt.Equal(c.want.deleted) {
				t.Errorf("created %v, updated %v, deleted %v", got.CreatedAt, got.UpdatedAt, got.DeletedAt)
			}
			by := ""
			if c.had != nil {
				by = "u-ann"
			}
			if got.CreatedBy != by || got.UpdatedBy != "" || got.UpdatedByAID != "a-bob" {
				t.Errorf("authors %q, %q, %q", got.CreatedBy, got.UpdatedBy, got.UpdatedByAID)
			}
		})
	}
}

func TestRestoreEachRefuses(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
		ids := []string{"holder", "purged", "into", "merged"}
		for i, id := range ids {
			one(t, b, restored(id, id, fmt.Sprint("+91987654321", i), 2))
		}
		must(b.Merge(ctx, "into", []string{"merged"}, nil))(t)
		if err := b.Purge(ctx, "purged"); err != nil {
			t.Fatal(err)
		}
		before := must(b.Token(ctx))(t)

		field := func(field string, reason contacts.Reason) func(error) bool {
			return func(err error) bool {
				var v *contacts.ValidationError
				return errors.As(err, &v) && v.Fields[0].Field == field && v.Fields[0].Reason == reason && v.Fields[0].Index == 1
			}
		}
		is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
		for name, c := range map[string]struct {
			change func(*contacts.Contact)
			want   func(error) bool
		}{
			"no id":          {func(c *contacts.Contact) { c.ID = "" }, field("id", contacts.ReasonCharacter)},
			"an odd id":      {func(c *contacts.Contact) { c.ID = "a b" }, field("id", contacts.ReasonCharacter)},
			"a long id":      {func(c *contacts.Contact) { c.ID = strings.Repeat("x", 65) }, field("id", contacts.ReasonCharacter)},
			"merged there":   {func(c *contacts.Contact) { c.Status = contacts.Merged }, field("status", contacts.ReasonChoice)},
			"another status": {func(c *contacts.Contact) { c.Status = "GONE" }, field("status", contacts.ReasonChoice)},
			"long author":    {func(c *contacts.Contact) { c.CreatedBy = strings.Repeat("x", 999) }, field("createdBy", contacts.ReasonTooLong)},
			"odd author":     {func(c *contacts.Contact) { c.UpdatedByAID = "\x00" }, field("updatedByAId", contacts.ReasonCharacter)},
			"a number":       {func(c *contacts.Contact) { c.CellPhone.Number = "+91 nobody" }, func(err error) bool { return errors.Is(err, contacts.ErrInvalid) }},
			"merged here":    {func(c *contacts.Contact) { c.ID = "merged" }, is(contacts.ErrMerged)},
			"purged": {func(c *contacts.Contact) { c.ID = "purged" }, func(err error) bool {
				var gone *contacts.PurgedError
				return errors.As(err, &gone) && gone.ID == "purged"
			}},
			"held": {func(c *contacts.Contact) { c.CellPhone.Number = "+919876543210" }, func(err error) bool {
				var dup *contacts.DuplicateNumberError
				return errors.As(err, &dup) && dup.Refusals[0].HolderID == "holder" && dup.Refusals[0].Index == 1
			}},
		} {
			list := []contacts.Contact{restored("holder", "holder", "+919876543210", 2), restored("new", "New", "+919876543299", 3)}
			c.change(&list[1])
			r := must(b.RestoreEach(ctx, list))(t)
			if r[0].Err != nil || !c.want(r[1].Err) || r[1].Contact.ID != list[1].ID {
				t.Errorf("%s: %v, %v", name, r[0].Err, r[1].Err)
			}
		}
		if after := must(b.Token(ctx))(t); after != before {
			t.Errorf("something was written: %v after %v", after, before)
		}

		if _, err := b.Once("key").RestoreEach(ctx, nil); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("under a Once key: %v", err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		r, err := b.RestoreEach(ended, []contacts.Contact{restored("new", "New", "+919876543299", 3)})
		if err == nil || len(r) != 1 || r[0].Err == nil {
			t.Errorf("without time: %+v, %v", r, err)
		}
		readOnly := openBook(t, s, &contacts.Options{ReadOnly: true, Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
		if _, err := readOnly.RestoreEach(ctx, []contacts.Contact{restored("new", "New", "+919876543299", 3)}); !errors.Is(err, contacts.ErrReadOnly) {
			t.Errorf("read-only: %v", err)
		}

		// Duplicates from before the rule, and what a merge left.
		twin := one(t, b.With(contacts.Rules{KeepDuplicates: true}), restored("new", "New", "+919876543210", 3))
		if n := must(b.Count(ctx))(t); n.Duplicates != 1 || twin.Revision == 0 {
			t.Errorf("%+v", n)
		}
		into := restored("into", "Into", "+919876543212", 3)
		into.Phones = []contacts.Phone{{Number: "+919876543213", CountryCode: "+91", Extension: "+"}}
		into = one(t, b, into)
		if len(into.MergedFrom) != 1 || into.MergedFrom[0].ID != "merged" {
			t.Errorf("after a restore: %+v", into.MergedFrom)
		}
		must(b.Unmerge(ctx, "into", "merged"))(t)
	})
}

// The past that a restore leaves: by the times as given, in the order of calls.
func TestRestoreEachHistory(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		d.day = 20
		one(t, d.Book, restored("john", "John", "+919876543210", 3))
		john := restored("john", "Johnny", "+919876543211", 5)
		one(t, d.Book, john)
		one(t, d.Book, restored("jane", "Jane", "+919876543210", 4)) // before he gave it up, by her clock
		john.Status, john.UpdatedAt = contacts.Inactive, on(2)
		one(t, d.Book, john) // not back in time
		d.wantTenures("+919876543210", nil, "John Doe 3-5 created-updated", "Jane Doe 4-- created-unknown")
		d.wantTenures("+919876543211", nil, "Johnny Doe 5-5 updated-deleted")
		d.wantHistory("john", nil, "1 1 a-ann created: firstName >John, lastName >Doe, salutation >Mr, cellPhone.phoneNumber >+919876543210, cellPhone.extension >+",
			"2 5 a-bob updated: firstName John>Johnny, cellPhone.phoneNumber +919876543210>+919876543211", "4 5 a-bob deleted")
	})
}

// What a book says of a number beside it: the text that came, and whether the
// metadata knows it.
func TestRestoreEachNumbers(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Now: func() time.Time { return on(20) }})
	c := restored("c1", "John", "+919876543210", 5)
	c.CellPhone.Input = "098765-43210"
	if got := one(t, b, c); got.CellPhone.Input != c.CellPhone.Input || got.CellPhone.Unverified {
		t.Errorf("%+v", got.CellPhone)
	}
	before := must(b.Token(ctx))(t)
	c.CellPhone.Input = "" // of a service that does not show it
	if got := one(t, b, c); got.CellPhone.Input != "098765-43210" || must(b.Token(ctx))(t) != before {
		t.Errorf("%+v", got.CellPhone)
	}
	c.CellPhone.Input = "+91 98765 43210"
	if got := one(t, b, c); got.CellPhone.Input != c.CellPhone.Input {
		t.Errorf("%+v", got.CellPhone)
	}
	c.CellPhone.Input = "\x00"
	if got := must(b.Get(ctx, one(t, b, c).ID))(t); got.CellPhone.Input != "+91 98765 43210" {
		t.Errorf("%+v", got.CellPhone)
	}

	odd := restored("c2", "Jane", "+911234567", 5) // possible, but in no range
	if got := one(t, b, odd); !got.CellPhone.Unverified {
		t.Errorf("%+v", got.CellPhone)
	}
	odd.ID = "c3"
	r := must(b.With(contacts.Rules{RequireValid: true, KeepDuplicates: true}).RestoreEach(ctx, []contacts.Contact{odd}))(t)
	if r[0].Err == nil || !errors.Is(r[0].Err, contacts.ErrInvalid) {
		t.Errorf("%v", r[0].Err)
	}
}

// A number that a contact has twice, typed in two ways, stays as it was typed in
// each place, the second time too.
func TestRestoreEachInputs(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
	c := restored("c1", "John", "+919876543210", 1)
	number := func(input, label string) contacts.Phone {
		return contacts.Phone{Number: "+919876543211", CountryCode: "+91", Input: input, Label: label}
	}
	c.Phones = []contacts.Phone{number("098765 43211", "home"), number("", "work"), number("9876-543-211", "fax")}
	for range 2 {
		r := must(b.RestoreEach(ctx, []contacts.Contact{c}))(t)[0]
		if r.Err != nil || !slices.Equal(r.Contact.Phones, c.Phones) || r.Contact.Revision != 1 {
			t.Errorf("got %+v of revision %d, %v", r.Contact.Phones, r.Contact.Revision, r.Err)
		}
	}
}
