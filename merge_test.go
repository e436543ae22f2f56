package contacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
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

// What a contact lists of a number that another one claims is more than the
// number: a merge that makes it the cell phone leaves label and spelling there.
func TestMergeKeepsHowANumberWasListed(t *testing.T) {
	for _, listed := range []contacts.Phone{
		{Number: "+5215512345678", Shared: true},
		{Number: "+5215512345678", Shared: true, Label: "main line"},
		{Number: "+525512345678", Shared: true},
	} {
		b := relaxed(t)
		c := typed("A", "")
		c.Phones = []contacts.Phone{listed}
		a := must(b.Create(ctx, c))(t)
		other := must(b.Create(ctx, typed("B", "+5215512345678")))(t)
		if c := must(b.Merge(ctx, a.ID, []string{other.ID}, nil))(t); c.CellPhone != other.CellPhone {
			t.Errorf("merged: %+v", c)
		}
		if u := must(b.Unmerge(ctx, a.ID))(t); !u.Survivor.Equal(a) || !u.Contacts[0].Equal(other) || len(u.Lost) > 0 {
			t.Errorf("listed %+v, came back as %+v", listed, u)
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
