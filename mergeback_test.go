package contacts_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/callerbook/contacts"
)

// TestUnmergeGivesAllBack merges contacts at random, into one another and on,
// unmerges some in between and all in the end, in any order: meanwhile every
// number leads to the contact that its first holder's id resolves to, and in the
// end all contacts are what they were.
func TestUnmergeGivesAllBack(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		b := relaxed(t)
		var ids []string
		was := map[string]string{}
		holder := map[string]string{}
		n := 3 + r.IntN(4)
		for i := range n {
			c := must(b.Create(ctx, randomForMerge(r, i, n)))(t)
			ids, was[c.ID] = append(ids, c.ID), spellAll(c)
			for _, p := range claimed(c) {
				holder[p] = c.ID
			}
		}
		check := func() {
			t.Helper()
			for number, id := range holder {
				want := must(b.Resolve(ctx, id))(t).ID
				if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != want || m.Kind == contacts.MatchShared {
					t.Fatalf("seed %d: %s leads to %v %+v, not to %s", seed, number, m.Kind, m.Contact, want)
				}
			}
		}
		unmerge := func(id string) bool {
			t.Helper()
			c := must(b.Get(ctx, id))(t)
			if c.Status != contacts.Active || len(c.MergedFrom) == 0 {
				return false
			}
			u := must(b.Unmerge(ctx, id, c.MergedFrom[r.IntN(len(c.MergedFrom))].ID))(t)
			if len(u.Lost) > 0 {
				t.Fatalf("seed %d: lost %+v", seed, u.Lost)
			}
			check()
			return true
		}
		for range 12 {
			var active []string
			for _, i := range r.Perm(n) {
				if must(b.Get(ctx, ids[i]))(t).Status == contacts.Active {
					active = append(active, ids[i])
				}
			}
			if len(active) == 1 || r.IntN(5) < 2 {
				unmerge(active[0])
				continue
			}
			some := active[:min(len(active), 2+r.IntN(2))]
			o := &contacts.MergeOptions{Take: map[string]string{}}
			for _, field := range []string{"firstName", "title", "cellPhone", "address", "custom.a", "custom.b"} {
				if r.IntN(3) == 0 {
					o.Take[field] = some[r.IntN(len(some))]
				}
			}
			must(b.Merge(ctx, some[0], some[1:], o))(t)
			check()
		}
		for slices.ContainsFunc(ids, unmerge) {
		}
		for _, id := range ids {
			if got := spellAll(must(b.Get(ctx, id))(t)); got != was[id] {
				t.Errorf("seed %d:\n got %s\nwant %s", seed, got, was[id])
			}
		}
	}
}

// randomForMerge returns the contact of that index among n: it claims numbers
// of its own and shares some of the others'.
func randomForMerge(r *rand.Rand, index, n int) contacts.Contact {
	c := contacts.Contact{FirstName: fmt.Sprint("F", index), Title: []string{"", "T0", "T1"}[r.IntN(3)]}
	for k := range r.IntN(3) {
		c.Phones = append(c.Phones, contacts.Phone{Number: fmt.Sprintf("+9198765432%d%d", index, k)})
	}
	if len(c.Phones) > 0 && r.IntN(3) > 0 {
		c.CellPhone, c.Phones = c.Phones[0], c.Phones[1:]
	}
	for i := range n {
		if i != index && r.IntN(3) == 0 {
			c.Phones = append(c.Phones, contacts.Phone{Number: fmt.Sprintf("+9198765432%d%d", i, r.IntN(3)), Shared: true})
		}
	}
	c.Custom = map[string]string{}
	for _, s := range []string{"a", "b", "c"} {
		if r.IntN(3) == 0 {
			c.Tags = append(c.Tags, s)
			c.Emails = append(c.Emails, contacts.Email{Address: s + "@x.example"})
		}
		if r.IntN(3) == 0 {
			c.Custom[s] = fmt.Sprint("v", r.IntN(2))
		}
	}
	if r.IntN(3) == 0 {
		c.Address = []json.RawMessage{json.RawMessage(fmt.Sprintf(`{"a":%d}`, r.IntN(2)))}
	}
	return c
}

// spellAll is spell with all that a merge may touch, lists in order of what they
// have.
func spellAll(c contacts.Contact) string {
	slices.SortFunc(c.Phones, func(p, q contacts.Phone) int { return slices.Compare([]byte(p.Number), []byte(q.Number)) })
	slices.SortFunc(c.Emails, func(e, f contacts.Email) int { return slices.Compare([]byte(e.Address), []byte(f.Address)) })
	slices.Sort(c.Tags)
	return fmt.Sprintf("%s %s %+v %s|%s|%s", c.Status, c.MergedInto, c.MergedFrom, spell(c), c.Title, c.Address)
}

// TestMergeOfASharedDuplicate: a contact that lists a number both ways, merged with
// another that claims it, too (from before the rule), gets its list back.
func TestMergeOfASharedDuplicate(t *testing.T) {
	b := relaxed(t)
	keep := must(b.Create(ctx, contacts.Contact{FirstName: "Asha", CellPhone: contacts.Phone{Number: "+919876543211"}, Phones: []contacts.Phone{
		{Number: "+91 98765 43210", Label: "work", Shared: true}, {Number: "+919876543210"}}}))(t)
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	other := must(b.With(rules).Create(ctx, contacts.Contact{FirstName: "Ravi", CellPhone: contacts.Phone{Number: "+919876543210"}}))(t)
	must(b.Merge(ctx, keep.ID, []string{other.ID}, nil))(t)
	u := must(b.Unmerge(ctx, keep.ID))(t)
	if got, want := spellAll(u.Survivor), spellAll(keep); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}
