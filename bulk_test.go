package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// applies counts the commits asked for and lets a test look at each before it
// happens. It offers no Load.
type applies struct {
	contacts.Store
	n      int
	before func(n int, b contacts.Batch) error
}

func (s *applies) Apply(c context.Context, sc contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.n++
	if s.before != nil {
		if err := s.before(s.n, b); err != nil {
			return contacts.Applied{}, err
		}
	}
	return s.Store.Apply(c, sc, b)
}

// people returns n contacts with a number each.
func people(n int) []contacts.Contact {
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = typed(fmt.Sprint("P", i), fmt.Sprintf("+9198765%05d", i))
	}
	return list
}

// stored creates contacts and returns them as stored.
func stored(t *testing.T, b *contacts.Book, list []contacts.Contact) []contacts.Contact {
	t.Helper()
	out := make([]contacts.Contact, len(list))
	for i, r := range must(b.CreateEach(ctx, list))(t) {
		if out[i] = r.Contact; r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return out
}

// Large lists are a handful of commits, whatever the call, and none where
// nothing changes.
func TestEachCommits(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		const rows = 5000
		s := &applies{Store: open()}
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		list := people(rows)
		count := func(what string, most int, fn func() error) {
			t.Helper()
			s.n = 0
			if err := fn(); err != nil || s.n > most {
				t.Errorf("%s: %d commits, want %d at most; %v", what, s.n, most, err)
			}
		}
		check := func(results []contacts.Result, err error) error {
			for _, r := range results {
				err = errors.Join(err, r.Err)
			}
			return err
		}
		upsert := func(list []contacts.Contact) func() error {
			return func() error {
				results, err := b.UpsertEach(ctx, list, nil)
				for _, r := range results {
					err = errors.Join(err, r.Err)
				}
				return err
			}
		}
		count("upserts of new contacts", 1, upsert(list))
		count("upserts that change nothing", 0, upsert(list))

		callers := people(rows) // who call again and again
		for i := range callers {
			callers[i] = list[i%50]
		}
		count("upserts of the same few", 0, upsert(callers))

		var known []contacts.Contact
		for c, err := range b.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation}) {
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, c)
		}
		update := func() error { return check(b.UpdateEach(ctx, known)) }
		count("updates that change nothing", 0, update)
		for i := range known {
			known[i].LastName = "New"
		}
		count("updates", 1, update)
		for i := range known {
			known[i].Revision = 0
		}
		twice := slices.Concat(known, known)
		slices.SortStableFunc(twice, func(x, y contacts.Contact) int { return strings.Compare(x.ID, y.ID) })
		for i := range twice {
			twice[i].Title = fmt.Sprint(i)
		}
		count("updates, each contact twice", 3, func() error { return check(b.UpdateEach(ctx, twice)) })

		ids := make([]string, len(twice))
		for i := range twice {
			ids[i] = twice[i].ID
		}
		remove := func() error { return check(b.DeleteEach(ctx, ids)) }
		count("deletes, each contact twice", 2, remove)
		count("deletes again", 0, remove)
		if n := must(b.Count(ctx))(t); n.Active != 0 || n.Inactive != rows {
			t.Errorf("%+v", n)
		}
	})
}

// A commit takes rows up to bounds on their number and their size.
func TestEachChunks(t *testing.T) {
	s := &applies{Store: newStore(t)}
	most := 0
	s.before = func(_ int, b contacts.Batch) error { most = max(most, len(b.Writes)); return nil }
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	list := people(60_000)
	if r := must(b.UpsertEach(ctx, list, nil))(t); r[59_999].Err != nil || !r[59_999].Created || s.n != 2 || most != 50_000 {
		t.Errorf("%d commits, the largest of %d rows: %+v", s.n, most, r[59_999])
	}

	notes := strings.Repeat("n", contacts.MaxNotes)
	list = people(3000)
	for i := range list {
		list[i].Notes = notes
	}
	s.n, most = 0, 0
	if r := must(b.UpsertEach(ctx, list, nil))(t); r[2999].Err != nil || r[2999].Contact.Notes != notes || s.n != 2 {
		t.Errorf("%d commits, the largest of %d rows: %v", s.n, most, r[2999].Err)
	}
}

// What each row meets, one after the other.
func TestUpdateEach(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		s := open()
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		c := stored(t, b, people(8))
		merged := mergedContact(t, b, s)
		with := func(c contacts.Contact, number string) contacts.Contact {
			c.CellPhone, c.Revision = contacts.Phone{Number: number}, 0
			return c
		}
		stale := c[5]
		stale.Revision += 100
		numbers := func(i int) string { return c[i].CellPhone.Number }
		list := []contacts.Contact{
			0:  with(c[0], "+442079460000"), // gives up its number
			1:  with(c[1], numbers(0)),      // which this one takes
			2:  with(c[0], numbers(1)),      // and so they have swapped
			3:  with(c[2], numbers(0)),      // it is c[1]'s now
			4:  with(c[3], "12x"),
			5:  stale,
			6:  {ID: "nobody", FirstName: "X"},
			7:  merged,
			8:  with(c[4], "+442079460001"),
			9:  with(c[6], "+442079460001"), // of row 8
			10: c[7],                        // changes nothing
			11: with(c[7], "+442079460002"),
			12: c[7], // at the revision that it had before
		}
		results := must(b.UpdateEach(ctx, list))(t)
		refusal := func(i int) contacts.Refusal {
			var dup *contacts.DuplicateNumberError
			if !errors.As(results[i].Err, &dup) || len(dup.Refusals) != 1 {
				t.Fatalf("row %d: %v", i, results[i].Err)
			}
			return dup.Refusals[0]
		}
		if r := refusal(3); r.Index != 3 || r.HolderID != "" && r.HolderID != c[1].ID || r.HolderID == "" && r.Earlier != 1 {
			t.Errorf("%+v", r)
		}
		if r := refusal(9); r.Index != 9 || r.HolderID != "" || r.Earlier != 8 || r.Number != "+442079460001" {
			t.Errorf("%+v", r)
		}
		var bad *contacts.ValidationError
		if !errors.As(results[4].Err, &bad) || bad.Fields[0].Index != 4 || bad.Fields[0].Field != "cellPhone.phoneNumber" {
			t.Errorf("%v", results[4].Err)
		}
		for i, want := range map[int]contacts.RevisionConflict{
			5:  {Index: 5, ID: c[5].ID, Read: stale.Revision, Present: c[5].Revision},
			6:  {Index: 6, ID: "nobody", Read: 1},
			12: {Index: 12, ID: c[7].ID, Read: c[7].Revision, Present: results[11].Contact.Revision},
		} {
			var rev *contacts.RevisionError
			if !errors.As(results[i].Err, &rev) || rev.Conflicts[0] != want || results[i].Contact.ID != list[i].ID {
				t.Errorf("row %d: %+v, want %+v", i, results[i], want)
			}
		}
		var gone *contacts.MergedError
		if !errors.As(results[7].Err, &gone) || *gone != (contacts.MergedError{Index: 7, ID: merged.ID, Into: "elsewhere"}) {
			t.Errorf("%v", results[7].Err)
		}
		if r := results[10]; r.Err != nil || r.Contact.Revision != c[7].Revision {
			t.Errorf("%+v", r)
		}
		for _, i := range []int{1, 2, 8, 11} {
			got := must(b.Get(ctx, list[i].ID))(t)
			if r := results[i]; r.Err != nil || !got.Equal(r.Contact) || got.Revision != r.Contact.Revision || got.CellPhone.Number != list[i].CellPhone.Number {
				t.Errorf("row %d: %+v\nstored %+v", i, r, got)
			}
		}
		if r := results[0]; r.Err != nil || r.Contact.CellPhone.Number != "+442079460000" {
			t.Errorf("%+v", r)
		}
	})
}

// mergedContact puts a contact into the book that was merged into another.
func mergedContact(t *testing.T, b *contacts.Book, s contacts.Store) contacts.Contact {
	t.Helper()
	st := must(s.Stat(ctx, b.Scope()))(t)
	c := contacts.Contact{ID: "merged-1", FirstName: "M", Status: contacts.Merged, MergedInto: "elsewhere"}
	w := contacts.Write{Contact: c, Keys: contacts.Keys{Sort: "m"}}
	must(s.Apply(ctx, b.Scope(), contacts.Batch{Index: st.Index, Writes: []contacts.Write{w}}))(t)
	return must(b.Get(ctx, c.ID))(t)
}

func TestDeleteEach(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		s := open()
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		c := stored(t, b, people(4))
		before := must(b.Delete(ctx, c[1].ID))(t)
		if err := b.Purge(ctx, c[2].ID); err != nil {
			t.Fatal(err)
		}
		merged := mergedContact(t, b, s)
		ids := []string{c[0].ID, c[1].ID, c[0].ID, "nobody", "no id", c[2].ID, merged.ID}
		r := must(b.DeleteEach(ctx, ids))(t)
		if r[0].Err != nil || r[0].Contact.Status != contacts.Inactive || r[0].Contact.DeletedAt.IsZero() {
			t.Errorf("%+v", r[0])
		}
		if r[1].Err != nil || r[1].Contact.Revision != before.Revision {
			t.Errorf("deleted before: %+v", r[1])
		}
		if r[2].Err != nil || r[2].Contact.Revision != r[0].Contact.Revision || !r[2].Contact.Equal(r[0].Contact) {
			t.Errorf("twice: %+v", r[2])
		}
		for i := 3; i < 6; i++ {
			if !errors.Is(r[i].Err, contacts.ErrNotFound) || r[i].Contact.ID != ids[i] {
				t.Errorf("%s: %+v", ids[i], r[i])
			}
		}
		var gone *contacts.MergedError
		if !errors.As(r[6].Err, &gone) || gone.Index != 6 || gone.Into != "elsewhere" {
			t.Errorf("merged: %v", r[6].Err)
		}
		if m := must(b.Lookup(ctx, c[0].CellPhone.Number, nil))(t); m.Found() {
			t.Error("the number of a deleted contact is not free")
		}
		at := must(b.At(c[3].Revision+1).DeleteEach(ctx, []string{c[3].ID}))(t)
		if !errors.Is(at[0].Err, contacts.ErrConflict) {
			t.Errorf("at another revision: %v", at[0].Err)
		}
		at = must(b.At(c[3].Revision).DeleteEach(ctx, []string{c[3].ID}))(t)
		if at[0].Err != nil || at[0].Contact.Status != contacts.Inactive || at[0].Contact.Revision == 0 {
			t.Errorf("at its revision: %+v", at[0])
		}
	})
}

func TestUpsertEach(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		b := openBook(t, open(), &contacts.Options{Rules: contacts.RelaxedRules()})
		c := stored(t, b, people(2))
		row := func(tag, number string, more ...string) contacts.Contact {
			c := typed("R", number)
			c.Tags = []string{tag}
			for _, n := range more {
				c.Phones = append(c.Phones, contacts.Phone{Number: n})
			}
			return c
		}
		list := []contacts.Contact{
			0: row("a", "+442079460000"),
			1: row("b", "+442079460000", "+442079460001"), // completes row 0
			2: row("c", "+442079460001"),                  // and so does this
			3: row("d", c[0].CellPhone.Number),
			4: row("e", c[0].CellPhone.Number, c[1].CellPhone.Number),
			5: row("f", "12x"),
			6: row("g", "+442079460002"),
			7: row("h", "+442079460002", "+442079460001"), // of rows 6 and 0
			8: {FirstName: "No number"},
			9: row("a", "+442079460000"), // says nothing new
		}
		r := must(b.UpsertEach(ctx, list, nil))(t)
		if !r[0].Created || r[1].Created || !r[1].Changed || r[2].Contact.ID != r[0].Contact.ID || r[1].Contact.ID != r[0].Contact.ID {
			t.Errorf("%+v\n%+v\n%+v", r[0], r[1], r[2])
		}
		if got := fmt.Sprint(r[0].Contact.Tags, r[1].Contact.Tags, r[2].Contact.Tags, r[9].Contact.Tags, r[9].Changed); got != "[a] [a b] [a b c] [a b c] false" {
			t.Error(got)
		}
		if r[3].Err != nil || r[3].Contact.ID != c[0].ID || r[3].Contact.FullName != "P0" {
			t.Errorf("%+v", r[3])
		}
		var amb *contacts.AmbiguousError
		if !errors.As(r[4].Err, &amb) || len(amb.Holders) != 2 || r[4].Changed || r[4].Contact.Tags[0] != "e" {
			t.Errorf("%+v", r[4])
		}
		var bad *contacts.ValidationError
		if !errors.As(r[5].Err, &bad) || bad.Fields[0].Index != 5 || r[5].Contact.CellPhone.Number != "12x" {
			t.Errorf("%+v", r[5])
		}
		if !errors.As(r[7].Err, &amb) || amb.Holders[0].ID != r[6].Contact.ID || amb.Holders[1].ID != r[0].Contact.ID {
			t.Errorf("%+v", r[7])
		}
		if !r[8].Created || r[8].Err != nil {
			t.Errorf("%+v", r[8])
		}
	})
}
