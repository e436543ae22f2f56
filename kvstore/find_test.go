package kvstore

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
	"github.com/callerbook/contacts/phone"
)

// crowd returns a store with many contacts, some of them inactive, in two
// scopes that share their lines.
func crowd(t *testing.T, n int) *Store {
	t.Helper()
	s, _ := newStore(t)
	r := rand.New(rand.NewPCG(31, 32))
	names := []string{"ann", "anna", "annabel", "bo", "bob", "cécile", "dan", "joe", "joan", "john", "jon", "smith", "smyth", "é"}
	for _, scope := range []contacts.Scope{home, {Account: home.Account, Stream: "other"}} {
		b := contacts.Batch{UniqueBy: contacts.UniqueByAccount}
		for i := range n {
			w := person(fmt.Sprint("c", i), names[r.IntN(len(names))]+" "+names[r.IntN(len(names))])
			for range r.IntN(3) {
				w.Keys.Claims = append(w.Keys.Claims, phone.Line(1+r.Uint64()>>r.IntN(64)))
			}
			for range r.IntN(3) {
				w.Keys.Shared = append(w.Keys.Shared, phone.Line(100+r.IntN(3)))
			}
			if r.IntN(10) == 0 {
				w.Keys.Claims = append(w.Keys.Claims, phone.Line(7000+r.IntN(20)))
			}
			if r.IntN(5) == 0 {
				w.Contact.Status = contacts.Inactive
			}
			for k := range w.Keys.Words {
				w.Keys.Words[k].Fields = contacts.Fields(1 + r.IntN(3))
			}
			w.KeepDuplicates = true
			b.Writes = append(b.Writes, w)
		}
		if _, err := s.Apply(t.Context(), scope, b); err != nil {
			t.Fatal(err)
		}
		for i := range n / 4 {
			c, err := s.Get(t.Context(), scope, fmt.Sprint("c", i*3))
			if err != nil {
				t.Fatal(err)
			}
			w := at(c.Revision, person(c.ID, c.FirstName+" "+names[i%len(names)], phone.Line(9000+i)))
			w.KeepDuplicates = true
			if i%4 == 0 {
				w = contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: c.ID}, Revision: c.Revision}
			}
			if _, err := s.Apply(t.Context(), scope, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	mustCheck(t, s)
	return s
}

func someQueries() []contacts.Query {
	queries := []contacts.Query{
		{}, {Reverse: true}, {Order: contacts.ByCreation}, {Order: contacts.ByCreation, Reverse: true},
		{Order: contacts.ByChange}, {Order: contacts.ByChange, Reverse: true},
		{From: "bo"}, {From: "bo", Reverse: true}, {From: "zz"}, {From: "\xff\xff", Reverse: true}, {From: strings.Repeat("j", 200), Reverse: true},
		{Skip: 17}, {Skip: 5, Order: contacts.ByCreation}, {Skip: 9, Order: contacts.ByChange, Reverse: true}, {Skip: 100_000},
		{Lines: []phone.Line{100, 5, 101, 100, 102}}, {Lines: []phone.Line{100, 101}, PerLine: 3}, {Lines: []phone.Line{9000, 7000}, PerLine: 1},
		{Lines: []phone.Line{}}, {Words: []contacts.Term{}},
		{Prefixes: []string{"1"}}, {Prefixes: []string{"10"}}, {Prefixes: []string{"70", "1", "7", "90"}}, {Prefixes: []string{"9000", "2", "18", "5", "0"}}, {Prefixes: []string{"7"}}, {Prefixes: []string{"0"}}, {Prefixes: []string{"1844674407370955161"}}, {Prefixes: []string{"9999999999999999999"}},
		{Suffix: "1"}, {Suffix: "00"}, {Suffix: "003"}, {Suffix: "0"},
		{Duplicates: true},
	}
	terms := []contacts.Term{
		{Text: "j"}, {Text: "ann"}, {Text: "ann", Whole: true}, {Text: "smith", Typo: true}, {Text: "jo", Typo: true, Whole: true},
		{Sets: []string{"jkl5", "mno6"}}, {Sets: []string{"abc", "nop", "n"}, Whole: true}, {Text: "é"}, {Text: "x"}, {Text: "\x00"},
		{Text: "b", Fields: contacts.InOrganization}, {Text: "jon", Typo: true, Fields: contacts.InName},
	}
	for i, a := range terms {
		queries = append(queries, contacts.Query{Words: []contacts.Term{a}})
		for _, b := range terms[i%3:] {
			queries = append(queries, contacts.Query{Words: []contacts.Term{a, b}})
		}
	}
	for _, term := range terms {
		queries = append(queries, contacts.Query{Words: []contacts.Term{term}, Prefixes: []string{"1", "90", "3"}},
			contacts.Query{Words: []contacts.Term{term, {Text: "j"}}, Suffix: "1"},
			contacts.Query{Words: []contacts.Term{term}, Suffix: "00"})
	}
	n := len(queries)
	for _, q := range queries[:n] {
		q.Status = anyStatus
		queries = append(queries, q)
	}
	return queries
}

func show(hits []contacts.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, fmt.Sprintf("%s %d %v %v %d", h.Contact.ID, uint64(h.Line), h.Shared, h.Words, h.Created))
	}
	return out
}

// TestPagesAgree reads each query in pages of all sizes and with small bounds
// on the work of a page: the hits are the same.
func TestPagesAgree(t *testing.T) {
	s := crowd(t, 80)
	for _, q := range someQueries() {
		q.Limit = 1000
		s.pageWork = math.MaxInt
		want := show(pages(t, s, home, q))
		for _, bound := range []struct{ limit, entries int }{{3, math.MaxInt}, {1, 7}, {50, 1}} {
			q.Limit, s.pageWork = bound.limit, bound.entries
			if got := show(pages(t, s, home, q)); !slices.Equal(got, want) {
				t.Fatalf("%+v with %d entries a page:\n%s\nwant\n%s", q, bound.entries, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

func hasPrefix(digits string, prefixes []string) bool {
	return prefixes == nil || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(digits, p) })
}

// TestFindAgrees compares what queries find with what a look at every contact
// finds.
func TestFindAgrees(t *testing.T) {
	s := crowd(t, 250)
	var all []contacts.Hit // by creation
	lines := map[string][]phone.Line{}
	for _, e := range events(t, s, home, 0) {
		lines[e.ID] = e.Lines
	}
	all = pages(t, s, home, contacts.Query{Order: contacts.ByCreation, Status: anyStatus, Limit: 1000})
	words := func(c contacts.Contact) []string {
		list := strings.Fields(strings.ToLower(c.FirstName + " " + c.LastName))
		slices.Sort(list)
		return slices.Compact(list)
	}
	for _, q := range someQueries() {
		q.Limit = 1000
		var want []string
		for _, h := range all {
			if !(slices.Contains(q.Status, h.Contact.Status) || q.Status == nil && h.Contact.Status == contacts.Active) {
				continue
			}
			matches, numbers := 0, 0
			for _, l := range lines[h.Contact.ID] {
				d := fmt.Sprint(uint64(l))
				if hasPrefix(d, q.Prefixes) && strings.HasSuffix(d, q.Suffix) {
					numbers++
				}
			}
			switch {
			case len(q.Words) > 0:
				matches = 1
				for _, term := range q.Words {
					if term.Fields != 0 {
						matches = -1 // this test does not know fields
						break
					}
					if !slices.ContainsFunc(words(h.Contact), func(w string) bool { return match.New(&term).Match([]byte(w)) }) {
						matches = 0
						break
					}
				}
				if matches == 1 && numbers == 0 && (q.Prefixes != nil || q.Suffix != "") {
					matches = 0
				}
			case q.Prefixes != nil || q.Suffix != "":
				matches = numbers
			default:
				matches = -1
			}
			if matches < 0 {
				want = nil
				break
			}
			for range matches {
				want = append(want, h.Contact.ID)
			}
			if want == nil {
				want = []string{}
			}
		}
		if want == nil {
			continue
		}
		var got []string
		for _, h := range pages(t, s, home, q) {
			got = append(got, h.Contact.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%+v finds %v, want %v", q, got, want)
		}
	}
}

// TestFewEntries has terms of many and of few entries: whichever drives the
// query, the order is that of the first one.
func TestFewEntries(t *testing.T) {
	s, _ := newStore(t)
	var ws []contacts.Write
	for i := range 2500 {
		name := fmt.Sprintf("common%d many", i%7)
		if i%300 == 0 {
			name = fmt.Sprintf("common%d rare", 6-i/300%7)
		}
		ws = append(ws, person(fmt.Sprint("c", i), name))
	}
	mustApply(t, s, batchOf(ws...))
	for _, limit := range []int{2, 1000} {
		hits := pages(t, s, home, contacts.Query{Words: []contacts.Term{{Text: "common"}, {Text: "rare"}}, Limit: limit})
		var got []string
		for _, h := range hits {
			got = append(got, h.Words[0].Text+h.Contact.ID)
		}
		if len(got) != 9 || !slices.IsSortedFunc(hits, func(a, b contacts.Hit) int {
			if c := strings.Compare(a.Words[0].Text, b.Words[0].Text); c != 0 {
				return c
			}
			return int(a.Created) - int(b.Created)
		}) {
			t.Errorf("found %v", got)
		}
	}
	if hits := pages(t, s, home, contacts.Query{Words: []contacts.Term{{Text: "common"}, {Text: "many"}}, Limit: 1000}); len(hits) != 2491 {
		t.Errorf("found %d, want 2491", len(hits))
	}
	if hits := pages(t, s, home, contacts.Query{Words: []contacts.Term{{Text: "common"}, {Text: "ma"}, {Text: "x"}}, Limit: 1000}); len(hits) != 0 {
		t.Errorf("found %d, want none", len(hits))
	}
}

func TestQueriesRefused(t *testing.T) {
	s := crowd(t, 20)
	for _, q := range []contacts.Query{
		{Prefixes: []string{"1"}, Suffix: "1"}, {Duplicates: true, Reverse: true}, {Prefixes: []string{"x"}}, {Suffix: "12345678901234567890"},
		{Words: []contacts.Term{{}}}, {Words: []contacts.Term{{Text: "a", Sets: []string{"b"}}}}, {Words: make([]contacts.Term, 9)},
		{Lines: make([]phone.Line, 1001)}, {Status: []contacts.Status{"DELETED"}}, {Skip: -1}, {Skip: 1, Prefixes: []string{"1"}}, {Order: 9},
	} {
		if _, err := s.Find(t.Context(), home, q); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", q, err)
		}
	}
	p, err := s.Find(t.Context(), home, contacts.Query{Limit: 3})
	if err != nil || p.Next == "" {
		t.Fatal(err)
	}
	for _, q := range []contacts.Query{{Cursor: p.Next[1:]}, {Cursor: "x"}, {Cursor: p.Next, Reverse: true}} {
		if _, err := s.Find(t.Context(), home, q); !errors.Is(err, contacts.ErrCursor) {
			t.Errorf("%+v: got %v, want ErrCursor", q, err)
		}
	}
	if _, err := s.Find(t.Context(), contacts.Scope{Account: home.Account, Stream: "other"}, contacts.Query{Cursor: p.Next}); !errors.Is(err, contacts.ErrCursor) {
		t.Errorf("a cursor of another scope: got %v", err)
	}
}

// TestPageBytes has contacts so large that few of them fill a page.
func TestPageBytes(t *testing.T) {
	s, _ := newStore(t)
	for i := range 40 {
		w := person(fmt.Sprint("c", i), "Big One")
		w.Contact.Notes = strings.Repeat("x", contacts.MaxRecord-2000)
		mustApply(t, s, batchOf(w))
	}
	for order := contacts.ByName; order <= contacts.ByChange; order++ {
		p, err := s.Find(t.Context(), home, contacts.Query{Order: order, Limit: 1000})
		if err != nil || !p.Partial || p.Next == "" || len(p.Hits) < 5 || len(p.Hits) > 20 {
			t.Errorf("order %d: %d hits, partial %v, %v", order, len(p.Hits), p.Partial, err)
		}
		if hits := pages(t, s, home, contacts.Query{Order: order, Limit: 1000}); len(hits) != 40 {
			t.Errorf("order %d: %d hits in all, want 40", order, len(hits))
		}
	}
}

// TestLineOfMany has a line that 10,000 contacts list, and one claims. What a
// page costs depends on the hits that are asked for, not on them.
func TestLineOfMany(t *testing.T) {
	const n, main = 10_000, phone.Line(18005550100)
	s, _ := newStore(t)
	var records []contacts.LoadRecord
	var want []string
	for i := range n {
		w := person(fmt.Sprint("c", i), "Some Clerk", phone.Line(1000+i))
		w.Contact.Revision = uint64(i + 1)
		w.Keys.Shared = []phone.Line{main}
		if i == n/2 {
			w.Keys.Claims, w.Keys.Shared = w.Keys.Shared, nil
			want = slices.Insert(want, 0, w.Contact.ID)
		} else {
			want = append(want, w.Contact.ID)
		}
		records = append(records, contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys})
	}
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, sequence(records)); err != nil {
		t.Fatal(err)
	}
	found := func(hits []contacts.Hit) (ids []string) {
		for i, h := range hits {
			if h.Line != main || h.Shared != (i > 0) {
				t.Errorf("hit %d, %s: line %d, shared %t", i, h.Contact.ID, h.Line, h.Shared)
			}
			ids = append(ids, h.Contact.ID)
		}
		return ids
	}
	q := contacts.Query{Lines: []phone.Line{main}, PerLine: 11}
	p, err := s.Find(t.Context(), home, q)
	if err != nil || !slices.Equal(found(p.Hits), want[:11]) || p.Next != "" || p.Partial {
		t.Errorf("the first 11: got %d hits, Next %q, %v", len(p.Hits), p.Next, err)
	}
	if p.Work > 0.1 {
		t.Errorf("a page of 11 takes %.2f of what a page may take", p.Work)
	}
	for _, q.Limit = range []int{1, 4} {
		if got := found(pages(t, s, home, q)); !slices.Equal(got, want[:11]) {
			t.Errorf("the first 11, %d a page: %v", q.Limit, got)
		}
	}
	q.PerLine = 0
	for _, q.Limit = range []int{97, contacts.MaxLimit} {
		if got := found(pages(t, s, home, q)); !slices.Equal(got, want) {
			t.Errorf("%d a page: %d hits, or in another order", q.Limit, len(got))
		}
	}

	// Claims are judged by the claimers alone.
	var dup *contacts.DuplicateNumberError
	_, err = s.Apply(t.Context(), home, batchOf(person("x", "X", main)))
	if !errors.As(err, &dup) || len(dup.Refusals) != 1 || dup.Refusals[0].HolderID != want[0] {
		t.Errorf("a claim of the line: %v", err)
	}
}
