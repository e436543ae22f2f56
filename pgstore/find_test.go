package pgstore

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
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

// TestBounds: a page that ends because it has looked at enough leads on to what
// is behind.
func TestBounds(t *testing.T) {
	const n = 52_000
	wanted := []int{0, 999, 9_999, n - 10_000, 49_999, n - 3, n - 2, n - 1} // some where a bound is
	s := tempStore(t)
	seed(t, s, home, n, func(i int) contacts.Write {
		w := person(fmt.Sprint("c", i), "Ann Bee")
		w.Keys.Shared = []phone.Line{phone.Line(4900007 + 100*i), 777}
		if !slices.Contains(wanted, i) {
			w.Contact.Status = contacts.Merged
		}
		return w
	})
	ann := contacts.Term{Text: "an"}
	for name, q := range map[string]contacts.Query{
		"by creation":       {Order: contacts.ByCreation},
		"by creation, back": {Order: contacts.ByCreation, Reverse: true},
		"by change":         {Order: contacts.ByChange},
		"by change, back":   {Order: contacts.ByChange, Reverse: true},
		"line":              {Lines: []phone.Line{777}},
		"line, once":        {Lines: []phone.Line{777}, PerLine: 3},
		"prefix":            {Prefixes: []string{"49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "6", "7", "8", "9", "10"}},
		"suffix":            {Suffix: "07"},
		"word":              {Words: []contacts.Term{ann}},
		"words":             {Words: []contacts.Term{ann, {Text: "bee", Whole: true}}},
		"word and suffix":   {Words: []contacts.Term{ann}, Suffix: "7"},
	} {
		for _, q.Limit = range []int{1, 3, 50} {
			got := found(t, s, home, q)
			want := len(wanted)
			switch name {
			case "line, once":
				want = 3
			case "prefix":
				want *= 2
			}
			if len(got) != want {
				t.Errorf("%s, limit %d: got %d hits, want %d", name, q.Limit, len(got), want)
			}
		}
	}
}

// TestLargeHolders: holders that a page leaves out, as the line before it has had
// as many as wanted, do not hide those of the lines behind.
func TestLargeHolders(t *testing.T) {
	s := tempStore(t)
	seed(t, s, home, 60, func(i int) contacts.Write {
		w := person(fmt.Sprint("c", i), "Ann Bee")
		w.Keys.Shared = []phone.Line{777}
		w.Contact.Notes = strings.Repeat("x", 200_000)
		if i == 59 {
			w.Keys.Shared = []phone.Line{5}
		}
		return w
	})
	got := found(t, s, home, contacts.Query{Lines: []phone.Line{777, 5}, PerLine: 30, Limit: 100})
	if len(got) != 31 || got[30].Line != 5 {
		t.Errorf("got %d hits, want 30 and one of the last line", len(got))
	}
}

// TestNarrow: whether the contacts of a search are those that the other terms
// lead to, or those of the first term's entries, the hits are the same.
func TestNarrow(t *testing.T) {
	s := tempStore(t)
	crowd(t, s, home, 3000)
	for name, q := range crowdQueries() {
		q.Limit = 7
		if len(q.Words) == 0 {
			continue
		}
		want := found(t, s, home, q)
		info, err := s.find(t.Context(), home)
		if err != nil {
			t.Fatal(err)
		}
		for _, few := range []int64{0, fewContacts} {
			var got []contacts.Hit
			for q.Cursor = ""; ; {
				f := finder{s: s, info: info, scope: home, q: &q, limit: q.Limit}
				if err := f.begin(); err != nil {
					t.Fatal(err)
				}
				if err := newSearch(&f).narrowTo(t.Context(), searchRows, few); err != nil {
					t.Fatal(err)
				}
				got = append(got, f.page.Hits...)
				if q.Cursor = f.page.Next; q.Cursor == "" {
					break
				}
			}
			if q.Cursor = ""; !reflect.DeepEqual(got, want) {
				t.Errorf("%s, few %d: got %d hits, want %d", name, few, len(got), len(want))
			}
		}
	}
}

// TestRenewedElsewhere: a Store that knows an older epoch takes the cursors of
// the new one, and none of the old one.
func TestRenewedElsewhere(t *testing.T) {
	dsn := pgtest.DSN(t)
	var stores [2]*Store
	for i := range stores {
		s, err := Open(t.Context(), dsn, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	seed(t, stores[0], home, 9, func(i int) contacts.Write { return person(fmt.Sprint("c", i), "Ann Bee") })
	first := func(s *Store, cursor string) (contacts.Page, error) {
		return s.Find(t.Context(), home, contacts.Query{Limit: 3, Cursor: cursor})
	}
	old, err := first(stores[0], "")
	if err != nil {
		t.Fatal(err)
	}
	if err := stores[1].RenewEpochs(t.Context()); err != nil {
		t.Fatal(err)
	}
	renewed, err := first(stores[1], "")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := first(stores[0], renewed.Next); err != nil || len(p.Hits) != 3 || p.Hits[0].Contact.ID != "c3" {
		t.Errorf("the cursor of the new epoch: %v, %d hits", err, len(p.Hits))
	}
	stores[0].scopes.put(home, &scopeInfo{id: 7, domain: 7, epoch: "epoch", secret: []byte("secret")})
	if _, err := first(stores[0], old.Next); !errors.Is(err, contacts.ErrCursor) {
		t.Errorf("the cursor of the old epoch: %v", err)
	}
}

// TestScopeCameAgain: a Store that knows a scope by the number that it had before
// the database was set back finds the one that has come again, in every read.
func TestScopeCameAgain(t *testing.T) {
	s := tempStore(t)
	w := person("c1", "Ann Bee", 4900001)
	if _, err := s.Apply(t.Context(), home, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() (int, error){
		"Get": func() (int, error) {
			_, err := s.Get(t.Context(), home, "c1")
			return 1, err
		},
		"Stat": func() (int, error) {
			st, err := s.Stat(t.Context(), home)
			return int(st.Active), err
		},
		"Find": func() (int, error) {
			p, err := s.Find(t.Context(), home, contacts.Query{Lines: []phone.Line{4900001}})
			return len(p.Hits), err
		},
		"Events": func() (int, error) {
			list, err := s.Events(t.Context(), home, 0, 0)
			return len(list), err
		},
		"History of an id": func() (int, error) {
			list, err := s.History(t.Context(), home, contacts.HistoryQuery{ID: "c1"})
			return len(list), err
		},
		"History of a line": func() (int, error) {
			list, err := s.History(t.Context(), home, contacts.HistoryQuery{Line: 4900001})
			return len(list), err
		},
	} {
		s.scopes.put(home, &scopeInfo{id: 1, domain: 1, epoch: "before", secret: []byte("before")})
		if n, err := read(); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// TestMissingState: an event whose state is gone is damage, not an end.
func TestMissingState(t *testing.T) {
	s := tempStore(t)
	for rev := range uint64(2) {
		w := person("c1", fmt.Sprint("Ann Bee", rev), 4900001)
		w.Revision = rev
		if _, err := s.Apply(t.Context(), home, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, s, "DELETE FROM {history}")
	if _, err := s.Events(t.Context(), home, 0, 0); !errors.Is(err, contacts.ErrDamaged) {
		t.Errorf("Events: %v", err)
	}
	if list, err := s.History(t.Context(), home, contacts.HistoryQuery{Line: 4900001}); !errors.Is(err, contacts.ErrDamaged) {
		t.Errorf("History of a line: %v, %v", list, err)
	}
}
