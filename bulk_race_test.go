package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Several at once, with the same numbers in other orders: one contact a
// number, and all that was given is in it.
func TestUpsertEachRace(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		b := openBook(t, open(), &contacts.Options{Rules: contacts.RelaxedRules()})
		const callers, numbers = 4, 50
		var wg sync.WaitGroup
		for g := range callers {
			wg.Go(func() {
				list := people(numbers)
				for i := range list {
					list[i].Tags = []string{fmt.Sprint("t", g)}
				}
				if g%2 == 1 {
					slices.Reverse(list)
				}
				results, err := b.UpsertEach(ctx, slices.Concat(list, list[:10]), nil)
				if err != nil {
					t.Error(err)
				}
				for i, r := range results {
					if r.Err != nil || !slices.Contains(r.Contact.Tags, fmt.Sprint("t", g)) {
						t.Errorf("row %d: %+v", i, r)
					}
				}
			})
		}
		wg.Wait()
		n := 0
		for c, err := range b.All(ctx, nil) {
			if n++; err != nil || len(c.Tags) != callers {
				t.Errorf("%v: tags %v", err, c.Tags)
			}
		}
		if n != numbers {
			t.Errorf("%d contacts", n)
		}
	})
}

// Somebody changes the contacts of rows between their read and their write.
func TestUpdateEachRace(t *testing.T) {
	s := &applies{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	c := stored(t, b, people(4))
	list := slices.Clone(c)
	list[0].CellPhone, list[0].Revision = contacts.Phone{Number: "+442079460000"}, 0
	list[1].CellPhone = c[0].CellPhone // only once row 0 has given it up
	list[2].LastName = "at its revision"
	list[3].LastName, list[3].Revision = "purged", 0
	list = append(list, list[0]) // after row 0, however often that is tried
	list[4].LastName = "last"
	s.n = 0
	s.before = func(n int, _ contacts.Batch) error {
		if n > 1 {
			return nil
		}
		other := openBook(t, s.Store, &contacts.Options{Rules: contacts.RelaxedRules()})
		for _, i := range []int{0, 2} {
			in := c[i]
			in.Notes = "of somebody else"
			must(other.Update(ctx, in))(t)
		}
		return other.Purge(ctx, c[3].ID)
	}
	r := must(b.UpdateEach(ctx, list))(t)
	if r[0].Err != nil || r[1].Err != nil || r[1].Contact.CellPhone.Number != c[0].CellPhone.Number || s.n != 3 {
		t.Errorf("%d commits: %v, %v", s.n, r[0].Err, r[1].Err)
	}
	if got := must(b.Get(ctx, c[0].ID))(t); r[4].Err != nil || got.LastName != "last" || got.Revision != r[4].Contact.Revision {
		t.Errorf("%v, stored %+v", r[4].Err, got)
	}
	var rev *contacts.RevisionError
	if !errors.As(r[2].Err, &rev) || rev.Conflicts[0].Index != 2 || rev.Conflicts[0].Read != c[2].Revision {
		t.Errorf("%v", r[2].Err)
	}
	if !errors.Is(r[3].Err, contacts.ErrNotFound) {
		t.Errorf("%v", r[3].Err)
	}

	ids := []string{c[0].ID, c[1].ID}
	s.n = 0
	s.before = func(n int, _ contacts.Batch) error {
		if n > 1 {
			return nil
		}
		other := openBook(t, s.Store, &contacts.Options{Rules: contacts.RelaxedRules()})
		_, err := other.Update(ctx, contacts.Contact{ID: ids[0], FirstName: "Meanwhile"})
		return err
	}
	d := must(b.DeleteEach(ctx, ids))(t)
	if d[0].Err != nil || d[0].Contact.FirstName != "Meanwhile" || d[0].Contact.Status != contacts.Inactive || d[1].Err != nil || s.n != 2 {
		t.Errorf("%d commits: %+v", s.n, d)
	}
}

// Where the call as a whole cannot go on, what was done is told apart from what
// was not.
func TestEachEndsEarly(t *testing.T) {
	s := &applies{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	c := stored(t, b, people(3))
	rows := func(what string) []contacts.Contact {
		list := make([]contacts.Contact, 5)
		for i, at := range []int{0, 1, 0, 2, 1} { // two commits
			list[i] = contacts.Contact{ID: c[at].ID, FirstName: "X", CellPhone: c[at].CellPhone, Tags: []string{fmt.Sprint(what, i)}}
		}
		return list
	}
	tell := func(errs ...error) string {
		var out []string
		for _, err := range errs {
			switch {
			case err == nil:
				out = append(out, "done")
			case errors.Is(err, context.Canceled):
				out = append(out, "cancelled")
			case errors.Is(err, contacts.ErrCommitUnknown):
				out = append(out, "unknown")
			default:
				out = append(out, err.Error())
			}
		}
		return strings.Join(out, " ")
	}
	run := func(c context.Context, call, what string) string {
		s.n = 0
		var errs []error
		var err error
		if call == "update" {
			var results []contacts.Result
			results, err = b.UpdateEach(c, rows(what))
			for _, r := range results {
				errs = append(errs, r.Err)
			}
		} else {
			var results []contacts.UpsertResult
			results, err = b.UpsertEach(c, rows(what), nil)
			for _, r := range results {
				errs = append(errs, r.Err)
			}
		}
		return tell(append(errs, err)...)
	}
	for _, call := range []string{"update", "upsert"} {
		cancelled, cancel := context.WithCancel(ctx)
		s.before = func(n int, _ contacts.Batch) error {
			if n == 2 {
				cancel()
			}
			return nil
		}
		if got := run(cancelled, call, call+"a"); got != "done done cancelled done cancelled cancelled" {
			t.Errorf("%s: %s", call, got)
		}
		if got := run(cancelled, call, call+"b"); got != "cancelled cancelled cancelled cancelled cancelled cancelled" {
			t.Errorf("%s: %s", call, got)
		}
		s.before = func(int, contacts.Batch) error { return fmt.Errorf("disk: %w", contacts.ErrCommitUnknown) }
		if got := run(ctx, call, call+"c"); got != "unknown unknown unknown unknown unknown unknown" {
			t.Errorf("%s: %s", call, got)
		}
		s.before = nil
	}
	if r, err := b.DeleteEach(ctx, nil); err != nil || len(r) != 0 {
		t.Errorf("no ids: %v, %v", r, err)
	}
	once := b.Once("key")
	_, err1 := once.UpdateEach(ctx, rows("x"))
	_, err2 := once.UpsertEach(ctx, rows("x"), nil)
	_, err3 := once.DeleteEach(ctx, []string{c[0].ID})
	for _, err := range []error{err1, err2, err3} {
		if !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("under a Once key: %v", err)
		}
	}
}

// A row that is too large for the store is one row refused.
func TestEachTooLarge(t *testing.T) {
	s := &applies{Store: newStore(t), before: func(_ int, b contacts.Batch) error {
		for i, w := range b.Writes {
			if w.Contact.Notes == "large" {
				return fmt.Errorf("write %d: %w", i, contacts.ErrTooLarge)
			}
		}
		return nil
	}}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	list := people(20)
	list[7].Notes, list[19].Notes = "large", "large"
	list[12].CellPhone = list[11].CellPhone
	for i, r := range must(b.CreateEach(ctx, list))(t) {
		var dup *contacts.DuplicateNumberError
		switch {
		case i == 7 || i == 19:
			if !errors.Is(r.Err, contacts.ErrTooLarge) {
				t.Errorf("row %d: %v", i, r.Err)
			}
		case i == 12:
			if !errors.As(r.Err, &dup) || dup.Refusals[0].Index != 12 {
				t.Errorf("row %d: %v", i, r.Err)
			}
		case r.Err != nil || r.Contact.Revision == 0:
			t.Errorf("row %d: %+v", i, r)
		}
	}
	if n := must(b.Count(ctx))(t).Active; n != 17 {
		t.Errorf("%d contacts", n)
	}
}

// While a book is re-indexed, an Upsert finds a contact that still stands under
// the other spelling of its number.
func TestUpsertEachWhileReindexing(t *testing.T) {
	s := newStore(t)
	site := phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}
	old := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Site: site})
	c := stored(t, old, append(people(600), typed("Mex", "+5215512345678")))
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
	done := false
	must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(n, total uint64) {
		if done || n == total {
			return
		}
		done = true
		row := typed("Other", "+5215512345678")
		row.Tags = []string{"t"}
		r := must(b.UpsertEach(ctx, []contacts.Contact{row}, nil))(t)
		if r[0].Err != nil || r[0].Created || r[0].Contact.ID != c[600].ID {
			t.Errorf("%+v", r[0])
		}
	}}))(t)
	if !done {
		t.Error("the test came too late")
	}
}
