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
		const rows = 10_000
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
	if r[0].Err != nil || r[1].Err != nil || r[1].Contact.CellPhone.Number != c[0].CellPhone.Number || s.n != 2 {
		t.Errorf("%d commits: %v, %v", s.n, r[0].Err, r[1].Err)
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
