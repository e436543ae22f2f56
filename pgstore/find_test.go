package pgstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// found reads all pages of a query.
func found(t testing.TB, s *Store, scope contacts.Scope, q contacts.Query) []contacts.Hit {
	t.Helper()
	var hits []contacts.Hit
	for {
		p, err := s.Find(context.Background(), scope, q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		hits = append(hits, p.Hits...)
		if p.Next == "" {
			return hits
		}
		q.Skip, q.Cursor = 0, p.Next
	}
}

func TestPagesAreWhole(t *testing.T) {
	s := tempStore(t)
	seed(t, s, home, 300, func(i int) contacts.Write {
		w := person(fmt.Sprint("c", i), fmt.Sprintf("Ann%d Lee%d", i%7, i%11), phone.Line(4900000+i), 777)
		if i%5 == 0 {
			w.Contact.Status = contacts.Inactive
			w.Keys.Shared, w.Keys.Claims = w.Keys.Claims, nil
		}
		return w
	})
	for _, c := range []struct {
		q    contacts.Query
		want int
	}{
		{contacts.Query{}, 240},
		{contacts.Query{Reverse: true}, 240},
		{contacts.Query{Skip: 5}, 235},
		{contacts.Query{Status: anyStatus}, 300},
		{contacts.Query{Status: anyStatus, Skip: 3}, 297},
		{contacts.Query{From: "ann3"}, 137},
		{contacts.Query{From: "ann3", Reverse: true}, 137},
		{contacts.Query{Order: contacts.ByCreation}, 240},
		{contacts.Query{Order: contacts.ByCreation, Reverse: true, Skip: 2}, 238},
		{contacts.Query{Order: contacts.ByChange}, 240},
		{contacts.Query{Order: contacts.ByChange, Reverse: true, Status: anyStatus}, 300},
		{contacts.Query{Lines: []phone.Line{777}}, 240},
		{contacts.Query{Lines: []phone.Line{777, 4900005, 4900007, 5}, Status: anyStatus}, 302},
		{contacts.Query{Lines: []phone.Line{777, 4900005, 4900007}, PerLine: 3, Status: anyStatus}, 5},
		{contacts.Query{Lines: []phone.Line{}}, 0},
		{contacts.Query{Prefixes: []string{"49001", "4", "777", "0"}}, 480},
		{contacts.Query{Prefixes: []string{"49001"}, Status: anyStatus}, 100},
		{contacts.Query{Prefixes: []string{}}, 0},
		{contacts.Query{Suffix: "77"}, 243},
		{contacts.Query{Suffix: "7", Status: anyStatus}, 330},
		{contacts.Query{Duplicates: true}, 240},
	} {
		for _, c.q.Limit = range []int{1, 2, 7, 50, 1000} {
			got := found(t, s, home, c.q)
			type hit struct {
				id   string
				line phone.Line
			}
			once := map[hit]bool{}
			for _, h := range got {
				once[hit{h.Contact.ID, h.Line}] = true
			}
			if len(got) != c.want || len(once) != c.want {
				t.Errorf("%+v: got %d hits, %d different ones, want %d", c.q, len(got), len(once), c.want)
			}
		}
	}
}
