package contacts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// Numbers of the merge tests.
const (
	n1 = "+919876543201"
	n2 = "+919876543202"
	n3 = "+919876543203"
	n4 = "+919876543204"
)

// spell writes what a contact has in one line.
func spell(c contacts.Contact) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s|%s|%s", c.FirstName, c.LastName, tail(c.CellPhone))
	for _, p := range c.Phones {
		b.WriteString("," + tail(p))
	}
	for _, e := range c.Emails {
		b.WriteString("|" + e.Address)
	}
	if len(c.Tags) > 0 {
		fmt.Fprintf(&b, "|%v", c.Tags)
	}
	if len(c.Custom) > 0 {
		fmt.Fprintf(&b, "|%v", c.Custom)
	}
	return b.String()
}

func tail(p contacts.Phone) string {
	if p.Number == "" {
		return "-"
	}
	s := p.Number[len(p.Number)-1:]
	if p.Shared {
		s += "s"
	}
	return s
}

func shared(number string) contacts.Phone { return contacts.Phone{Number: number, Shared: true} }

func TestMergeAndUnmerge(t *testing.T) {
	phones := func(list ...string) (out []contacts.Phone) {
		for _, n := range list {
			out = append(out, contacts.Phone{Number: n})
		}
		return out
	}
	cell := func(n string) contacts.Phone { return contacts.Phone{Number: n} }
	tests := []struct {
		name   string
		in     []contacts.Contact // the first is kept
		take   map[string]int     // index of the contact whose value is taken
		merged string
		edit   func(c *contacts.Contact)
		split  string // the survivor after Unmerge
	}{
		{
			name: "fills what is empty, in order",
			in: []contacts.Contact{
				{FirstName: "Asha", CellPhone: cell(n1)},
				{FirstName: "A.", CellPhone: cell(n2)},
				{FirstName: "Aisha", LastName: "Rao", Title: "Dr", CellPhone: cell(n3), Phones: phones(n4)},
			},
			merged: "Asha|Rao|1,2,3,4",
			split:  "Asha||1",
		},
		{
			name: "lists grow, each thing once",
			in: []contacts.Contact{
				{FirstName: "A", CellPhone: cell(n1), Tags: []string{"x"}, Emails: []contacts.Email{{Address: "a@x.example"}},
					Custom: map[string]string{"k": "1"}},
				{FirstName: "B", Tags: []string{"x", "y"}, Emails: []contacts.Email{{Address: "A@x.example"}, {Address: "b@x.example"}},
					Custom: map[string]string{"k": "2", "l": "3"}},
				{FirstName: "C", Tags: []string{"y", "z"}, Emails: []contacts.Email{{Address: "b@x.example"}}},
			},
			merged: "A||1|a@x.example|b@x.example|[x y z]|map[k:1 l:3]",
			split:  "A||1|a@x.example|[x]|map[k:1]",
		},
		{
			name: "the value of another is taken",
			in: []contacts.Contact{
				{FirstName: "A", LastName: "One", CellPhone: cell(n1), Phones: phones(n4), Custom: map[string]string{"k": "1"}},
				{FirstName: "B", CellPhone: cell(n2), Custom: map[string]string{"k": "2"}},
				{FirstName: "C", LastName: "Three", CellPhone: cell(n3)},
			},
			take:   map[string]int{"firstName": 2, "lastName": 1, "cellPhone": 1, "custom.k": 1},
			merged: "C||2,1,4,3|map[k:2]",
			split:  "A|One|1,4|map[k:1]",
		},
		{
			name: "what was edited since stays",
			in: []contacts.Contact{
				{FirstName: "A", CellPhone: cell(n1)},
				{FirstName: "B", LastName: "Two", CellPhone: cell(n2), Tags: []string{"x"}},
			},
			take:   map[string]int{"firstName": 1},
			merged: "B|Two|1,2|[x]",
			edit: func(c *contacts.Contact) {
				c.FirstName, c.Tags = "New", []string{"x", "y"}
				c.Phones = append(c.Phones, contacts.Phone{Number: n3})
			},
			split: "New||1,3|[y]",
		},
		{
			name: "no cell phone at first",
			in: []contacts.Contact{
				{FirstName: "A", Emails: []contacts.Email{{Address: "a@x.example"}}},
				{FirstName: "B", CellPhone: cell(n2)},
				{FirstName: "C", CellPhone: cell(n3)},
			},
			merged: "A||2,3|a@x.example",
			split:  "A||-|a@x.example",
		},
		{
			name: "a shared number is claimed for the other's sake",
			in: []contacts.Contact{
				{FirstName: "A", CellPhone: cell(n1), Phones: []contacts.Phone{shared(n2), shared(n4)}},
				{FirstName: "B", CellPhone: cell(n2), Phones: []contacts.Phone{shared(n3)}},
				{FirstName: "C", CellPhone: cell(n3)},
			},
			merged: "A||1,2,4s,3",
			split:  "A||1,2s,4s",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onStores(t, func(t *testing.T, s contacts.Store) {
				b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
				var ids []string
				var was []contacts.Contact
				for _, c := range tt.in {
					c = must(b.Create(ctx, c))(t)
					was, ids = append(was, c), append(ids, c.ID)
				}
				o := &contacts.MergeOptions{Take: map[string]string{}}
				for field, i := range tt.take {
					o.Take[field] = ids[i]
				}
				p := must(b.PreviewMerge(ctx, ids[0], ids[1:], o))(t)
				if got := spell(p.Contact); got != tt.merged {
					t.Errorf("preview:\n got %s\nwant %s", got, tt.merged)
				}
				last := must(b.Token(ctx))(t)
				o.Revisions = p.Revisions
				c := must(b.Merge(ctx, ids[0], ids[1:], o))(t)
				if got := spell(c); got != tt.merged || len(c.MergedFrom) != len(ids)-1 {
					t.Errorf("merged:\n got %s %+v\nwant %s", got, c.MergedFrom, tt.merged)
				}
				if stored := must(b.Get(ctx, ids[0]))(t); !stored.Equal(c) || stored.Revision != c.Revision {
					t.Errorf("stored %+v\nreturned %+v", stored, c)
				}
				list := must(b.Events(ctx, last, 0))(t)
				if len(list) != len(ids) || list[0].BatchEnd != list[len(list)-1].Revision {
					t.Errorf("events: %+v", list)
				}
				for i, id := range ids[1:] {
					m := must(b.Get(ctx, id))(t)
					r := must(b.Resolve(ctx, id))(t)
					if m.Status != contacts.Merged || m.MergedInto != ids[0] || spell(m) != spell(was[i+1]) ||
						r.ID != ids[0] || !slices.Equal(r.Via, []string{id}) || !r.Contact.Equal(c) {
						t.Errorf("the other: %+v, leads to %+v", m, r)
					}
				}
				for _, n := range claimed(c) {
					if m := must(b.Lookup(ctx, n, nil))(t); m.Contact.ID != ids[0] {
						t.Errorf("%s leads to %+v", n, m)
					}
				}
				if tt.edit != nil {
					must(b.Edit(ctx, ids[0], func(c *contacts.Contact) error { tt.edit(c); return nil }))(t)
				}

				u := must(b.Unmerge(ctx, ids[0]))(t)
				if got := spell(u.Survivor); got != tt.split || len(u.Survivor.MergedFrom) != 0 || len(u.Lost) != 0 {
					t.Errorf("survivor:\n got %s %+v\nwant %s", got, u, tt.split)
				}
				for i, c := range u.Contacts {
					c, w := must(b.Get(ctx, c.ID))(t), was[i+1]
					if !c.Equal(w) || c.UpdatedAt.Before(w.UpdatedAt) {
						t.Errorf("came back as %+v\nwas %+v", c, w)
					}
					for _, n := range claimed(c) {
						if m := must(b.Lookup(ctx, n, nil))(t); m.Contact.ID != c.ID {
							t.Errorf("%s leads to %+v", n, m)
						}
					}
				}
			})
		})
	}
}

func claimed(c contacts.Contact) (list []string) {
	for _, p := range append([]contacts.Phone{c.CellPhone}, c.Phones...) {
		if p.Number != "" && !p.Shared {
			list = append(list, p.Number)
		}
	}
	return list
}

// named creates a contact for each number, called A, B, C, ..
func named(t *testing.T, b *contacts.Book, numbers ...string) (ids []string) {
	t.Helper()
	for i, n := range numbers {
		ids = append(ids, must(b.Create(ctx, typed(string(rune('A'+i)), n)))(t).ID)
	}
	return ids
}

func TestUnmergeOneByOne(t *testing.T) {
	// Titles are taken over by two merges in turn, tag and shared number come
	// with both: whatever the order of the Unmerges, the end is the beginning.
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		b := relaxed(t)
		var ids []string
		for i, n := range []string{n1, n2, n3} {
			c := typed(string(rune('A'+i)), n)
			c.Title, c.Tags = fmt.Sprint("T", i), []string{"x"}[:min(i, 1)]
			if i > 0 {
				c.Phones = []contacts.Phone{shared(n4)}
			}
			ids = append(ids, must(b.Create(ctx, c))(t).ID)
		}
		for i := 1; i < 3; i++ {
			c := must(b.Merge(ctx, ids[0], ids[i:i+1], &contacts.MergeOptions{Take: map[string]string{"title": ids[i]}}))(t)
			if c.Title != fmt.Sprint("T", i) {
				t.Fatalf("%+v", c)
			}
		}
		first := must(b.Unmerge(ctx, ids[0], ids[order[0]]))(t).Survivor
		want := fmt.Sprintf("A||1,%s|[x]", map[int]string{1: "4s,3", 2: "2,4s"}[order[0]])
		if got := spell(first); got != want || first.Title != fmt.Sprint("T", order[1]) {
			t.Errorf("after the first of %v: %s %s, want %s", order, got, first.Title, want)
		}
		last := must(b.Unmerge(ctx, ids[0], ids[order[1]]))(t).Survivor
		if got := spell(last); got != "A||1" || last.Title != "T0" {
			t.Errorf("at the end: %s %s", got, last.Title)
		}
	}
}

func TestUnmergeLosesWhatSomebodyHas(t *testing.T) {
	b := relaxed(t)
	a := must(b.Create(ctx, typed("A", n1)))(t)
	c := typed("B", n2)
	c.Phones = []contacts.Phone{{Number: n3, Label: "work"}, shared(n4)}
	other := must(b.Create(ctx, c))(t)
	must(b.Merge(ctx, a.ID, []string{other.ID}, nil))(t)

	// The survivor gives a number of B up, and Carla gets it.
	must(b.Edit(ctx, a.ID, func(c *contacts.Contact) error {
		c.Phones = slices.DeleteFunc(c.Phones, func(p contacts.Phone) bool { return p.Number == n2 })
		return nil
	}))(t)
	carla := must(b.Create(ctx, typed("Carla", n2)))(t)

	u := must(b.Unmerge(ctx, a.ID, other.ID))(t)
	if spell(u.Survivor) != "A||1" || spell(u.Contacts[0]) != "B||-,3,4s" {
		t.Errorf("%s, %s", spell(u.Survivor), spell(u.Contacts[0]))
	}
	if len(u.Lost) != 1 || u.Lost[0].Number != n2 || u.Lost[0].HolderID != carla.ID || u.Lost[0].HolderName != "Carla" || u.Lost[0].Index != 0 {
		t.Errorf("lost: %+v", u.Lost)
	}
	if m := must(b.Lookup(ctx, n2, nil))(t); m.Contact.ID != carla.ID {
		t.Errorf("%+v", m)
	}
}

func TestMergeChains(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		ids := named(t, b, n1, n2, n3)
		must(b.Merge(ctx, ids[1], ids[:1], nil))(t) // A into B
		must(b.Merge(ctx, ids[2], ids[1:2], nil))(t)
		r := must(b.Resolve(ctx, ids[0]))(t)
		if r.ID != ids[2] || !slices.Equal(r.Via, ids[:2]) || spell(r.Contact) != "C||3,2,1" {
			t.Errorf("%+v", r)
		}
		var merged *contacts.MergedError
		if _, err := b.Unmerge(ctx, ids[1]); !errors.As(err, &merged) || merged.Into != ids[2] {
			t.Errorf("Unmerge of what is merged itself: %v", err)
		}
		must(b.Delete(ctx, ids[2]))(t)
		if r := must(b.Resolve(ctx, ids[0]))(t); r.ID != ids[2] || r.Contact.Status != contacts.Inactive {
			t.Errorf("the survivor is deleted: %+v", r)
		}
		u := must(b.Unmerge(ctx, ids[2]))(t) // B comes back from a deleted survivor, A still in it
		if u.Survivor.Status != contacts.Inactive || spell(u.Contacts[0]) != "B||2,1" || len(u.Contacts[0].MergedFrom) != 1 {
			t.Errorf("%+v", u)
		}
		must(b.Undelete(ctx, ids[2]))(t)
		must(b.Merge(ctx, ids[2], ids[1:2], nil))(t)

		if err := b.Purge(ctx, ids[2]); err != nil {
			t.Fatal(err)
		}
		var purged *contacts.PurgedError
		for i, id := range ids {
			if _, err := b.Get(ctx, id); !errors.As(err, &purged) || !errors.Is(err, contacts.ErrNotFound) || purged.ID != id || purged.At.IsZero() {
				t.Errorf("contact %d after the purge: %v", i, err)
			}
			r, err := b.Resolve(ctx, id)
			if !errors.As(err, &purged) || purged.ID != ids[2] || r.ID != ids[2] || !slices.Equal(r.Via, slices.Clip(ids[i:2])) && i < 2 {
				t.Errorf("contact %d leads to %+v, %v", i, r, err)
			}
		}
		if n := must(b.Count(ctx))(t); n != (contacts.Counts{}) {
			t.Errorf("%+v", n)
		}
		if _, err := b.Resolve(ctx, "nobody"); !errors.Is(err, contacts.ErrNotFound) || errors.As(err, &purged) {
			t.Errorf("an id that never was: %v", err)
		}
	})
}

func TestPurgeOfAMergedContact(t *testing.T) {
	b := relaxed(t)
	ids := named(t, b, n1, n2)
	must(b.Merge(ctx, ids[0], ids[1:], nil))(t)
	if err := b.Purge(ctx, ids[1]); err != nil {
		t.Fatal(err)
	}
	c := must(b.Get(ctx, ids[0]))(t)
	if spell(c) != "A||1,2" || c.MergedFrom != nil {
		t.Errorf("the survivor: %+v", c)
	}
	if r := must(b.Resolve(ctx, ids[1]))(t); r.ID != ids[0] || len(r.Via) != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := b.Unmerge(ctx, ids[0], ids[1]); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("Unmerge of what is purged: %v", err)
	}
}

func TestMergeRefusals(t *testing.T) {
	b := relaxed(t)
	ids := named(t, b, n1, n2, n3)
	deleted := must(b.Create(ctx, typed("D", n4)))(t)
	must(b.Delete(ctx, deleted.ID))(t)
	must(b.Merge(ctx, ids[1], ids[2:], nil))(t)
	merge := func(keep string, others []string, take map[string]string) error {
		_, err := b.Merge(ctx, keep, others, &contacts.MergeOptions{Take: take})
		_, perr := b.PreviewMerge(ctx, keep, others, &contacts.MergeOptions{Take: take})
		if err == nil || perr == nil || err.Error() != perr.Error() {
			t.Errorf("merged with %v, previewed with %v", err, perr)
		}
		return err
	}
	_, update := b.Update(ctx, contacts.Contact{ID: ids[2], FirstName: "X", CellPhone: contacts.Phone{Number: n3}})
	_, del := b.Delete(ctx, ids[2])
	_, undelete := b.Undelete(ctx, ids[2])
	_, reassign := b.Reassign(ctx, n1, ids[2])
	_, edit := b.Edit(ctx, ids[2], func(c *contacts.Contact) error { c.Title = "x"; return nil })
	for i, tt := range []struct{ err, want error }{
		{merge(ids[0], []string{"nobody"}, nil), contacts.ErrNotFound},
		{merge("nobody", ids[:1], nil), contacts.ErrNotFound},
		{merge(ids[0], ids[:1], nil), contacts.ErrInvalid},
		{merge(ids[0], []string{ids[1], ids[1]}, nil), contacts.ErrInvalid},
		{merge(ids[0], []string{deleted.ID}, nil), contacts.ErrInvalid},
		{merge(deleted.ID, ids[:1], nil), contacts.ErrInvalid},
		{merge(ids[0], ids[2:], nil), contacts.ErrMerged},
		{merge(ids[2], ids[:1], nil), contacts.ErrMerged},
		{merge(ids[0], ids[1:2], map[string]string{"firstName": ids[2]}), contacts.ErrInvalid},
		{merge(ids[0], ids[1:2], map[string]string{"phones": ids[1]}), contacts.ErrInvalid},
		{update, contacts.ErrMerged},
		{del, contacts.ErrMerged},
		{undelete, contacts.ErrMerged},
		{reassign, contacts.ErrMerged},
		{edit, contacts.ErrMerged},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("case %d: %v, want %v", i, tt.err, tt.want)
		}
	}

	// A repeated call changes nothing.
	at := must(b.Token(ctx))(t)
	must(b.Merge(ctx, ids[1], ids[2:], nil))(t)
	if now := must(b.Token(ctx))(t); now != at {
		t.Errorf("a second Merge wrote something: %v, then %v", at, now)
	}

	// What was looked at has changed.
	p := must(b.PreviewMerge(ctx, ids[0], ids[1:2], nil))(t)
	must(b.Edit(ctx, ids[1], func(c *contacts.Contact) error { c.Title = "Dr"; return nil }))(t)
	var rev *contacts.RevisionError
	if _, err := b.Merge(ctx, ids[0], ids[1:2], &contacts.MergeOptions{Revisions: p.Revisions}); !errors.As(err, &rev) || rev.Conflicts[0].ID != ids[1] {
		t.Errorf("after an edit: %v", err)
	}
	if _, err := b.At(7).Merge(ctx, ids[0], ids[1:2], nil); !errors.As(err, &rev) || rev.Conflicts[0].ID != ids[0] {
		t.Errorf("At: %v", err)
	}

	// More numbers than a contact holds.
	big := func(from int) contacts.Contact {
		c := typed("Big", fmt.Sprintf("+9198765%05d", from))
		for i := range 40 {
			c.Phones = append(c.Phones, contacts.Phone{Number: fmt.Sprintf("+9198765%05d", from+i+1)})
		}
		return c
	}
	x, y := must(b.Create(ctx, big(0)))(t), must(b.Create(ctx, big(100)))(t)
	var invalid *contacts.ValidationError
	if _, err := b.Merge(ctx, x.ID, []string{y.ID}, nil); !errors.As(err, &invalid) || invalid.Fields[0].Field != "phones" {
		t.Errorf("82 numbers: %v", err)
	}
}

func TestMergeOfLegacyDuplicates(t *testing.T) {
	b := relaxed(t)
	keep := b.With(contacts.Rules{AnyNotation: true, Optional: true, AnySalutation: true, KeepDuplicates: true})
	ids := named(t, keep, n1, n1, n1, n2)
	var dup *contacts.DuplicateNumberError
	if _, err := b.Merge(ctx, ids[3], ids[:1], nil); !errors.As(err, &dup) || dup.Refusals[0].HolderID != ids[1] {
		t.Errorf("two more have the number: %v", err)
	}
	c := must(b.Merge(ctx, ids[3], ids[:3], nil))(t)
	if spell(c) != "D||2,1" || must(b.Count(ctx))(t).Duplicates != 0 {
		t.Errorf("%s", spell(c))
	}
	// They come back, but the number only once: nothing makes a duplicate anew.
	u := must(b.Unmerge(ctx, ids[3]))(t)
	if len(u.Lost) != 2 || u.Lost[0].HolderID != ids[0] || u.Lost[1].Index != 2 || must(b.Count(ctx))(t).Duplicates != 0 {
		t.Errorf("%+v", u.Lost)
	}
}

func TestMergeAfterTrim(t *testing.T) {
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b := openBook(t, store, &contacts.Options{Rules: contacts.RelaxedRules()})
	ids := named(t, b, n1, n2)
	must(b.Merge(ctx, ids[0], ids[1:], nil))(t)
	must(b.Edit(ctx, ids[0], func(c *contacts.Contact) error { c.Title = "Dr"; return nil }))(t)
	if err := contacts.Trim(ctx, store, b.Scope(), must(b.Token(ctx))(t).Revision); err != nil {
		t.Fatal(err)
	}
	u := must(b.Unmerge(ctx, ids[0]))(t)
	if spell(u.Survivor) != "A||1" || u.Survivor.Title != "Dr" || spell(u.Contacts[0]) != "B||2" {
		t.Errorf("%+v", u)
	}
}

// TestMergeRace has many merge and unmerge at once what others edit: no number
// gets lost, and none gets two holders.
func TestMergeRace(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		var numbers []string
		for i := range 12 {
			numbers = append(numbers, fmt.Sprintf("+9198765432%02d", i))
		}
		ids := named(t, b, numbers...)
		var wg sync.WaitGroup
		for g := range 6 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 1))
				for range 40 {
					i, k := r.IntN(len(ids)), r.IntN(len(ids))
					var err error
					switch r.IntN(3) {
					case 0:
						_, err = b.Merge(ctx, ids[i], []string{ids[k]}, nil)
					case 1:
						_, err = b.Unmerge(ctx, ids[i])
					case 2:
						_, err = b.Edit(ctx, ids[i], func(c *contacts.Contact) error { c.Title += "x"; return nil })
					}
					if err != nil && !errors.Is(err, contacts.ErrMerged) && !errors.Is(err, contacts.ErrInvalid) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		has := map[string]int{}
		for c, err := range b.All(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range claimed(c) {
				has[n]++
			}
		}
		for _, n := range numbers {
			if has[n] != 1 {
				t.Errorf("%s has %d holders", n, has[n])
			}
		}
		for _, id := range ids {
			if r := must(b.Resolve(ctx, id))(t); r.Contact.Status != contacts.Active {
				t.Errorf("%s leads to %+v", id, r)
			}
		}
	})
}
