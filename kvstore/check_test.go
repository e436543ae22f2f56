package kvstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// rich returns a store with entries in every table.
func rich(t testing.TB) (*Store, *plainEngine) {
	t.Helper()
	s, e := newStore(t)
	keep := person("c3", "Cy Ito", 11)
	keep.KeepDuplicates = true
	shared := person("c4", "Di Oh", 44)
	shared.Keys.Shared = []phone.Line{11}
	b := batchOf(person("c1", "Ann Lee", 11, 12), person("c2", "Bo Ek", 22), keep, shared)
	b.Op = "first"
	b.Settings = []byte("settings")
	mustApply(t, s, b)
	mustApply(t, s, batchOf(at(1, person("c1", "Ann Leeds", 11))))
	mustApply(t, s, batchOf(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c2"}, Revision: 2}))
	for i, stream := range []string{"a", "b"} {
		b := batchOf(person("w1", "Wide", phone.Line(70+i)))
		b.UniqueBy = contacts.UniqueByAccount
		if _, err := s.Apply(t.Context(), contacts.Scope{Account: "wide", Stream: stream}, b); err != nil {
			t.Fatal(err)
		}
	}
	tables := map[byte]int{}
	for k := range e.data {
		tables[k[0]]++
	}
	for _, table := range []byte("dfhilmnoqrswx") {
		if tables[table] == 0 {
			t.Fatalf("nothing in table %c", table)
		}
	}
	return s, e
}

// TestCheckFindsCorruption changes, removes and adds single entries of each
// table: Check notices every one, and no read panics or shows what is wrong.
func TestCheckFindsCorruption(t *testing.T) {
	s, e := rich(t)
	mustCheck(t, s)
	sound := maps.Clone(e.data)
	truth := readings(s)
	keys := slices.Sorted(maps.Keys(sound))
	n := 0
	broken := func(what string, change func()) {
		t.Helper()
		n++
		change()
		again, err := New(e, nil)
		if err == nil {
			if err := verify(again); !errors.Is(err, contacts.ErrDamaged) && !errors.Is(err, contacts.ErrNewer) {
				t.Errorf("%s: a Verifier says %v", what, err)
			} else if strings.Contains(err.Error(), "Leeds") || strings.Contains(err.Error(), "leeds") {
				t.Errorf("%s: the Verifier's error has a name in it: %v", what, err)
			}
			err = again.Check(context.Background())
			for i, r := range readings(again) {
				if r != "" && r != truth[i] && !missing(r, truth[i]) {
					t.Errorf("%s: reading %d is\n%.1000s\nwant %.1000s\nor an error", what, i, r, truth[i])
				}
			}
		}
		if !errors.Is(err, contacts.ErrDamaged) && !errors.Is(err, contacts.ErrNewer) {
			t.Errorf("%s: Check returns %v", what, err)
		} else if strings.Contains(err.Error(), "Leeds") || strings.Contains(err.Error(), "leeds") {
			t.Errorf("%s: the error has a name in it: %v", what, err)
		}
		e.mu.Lock()
		e.data, e.sorted = maps.Clone(sound), nil
		e.mu.Unlock()
	}
	set := func(k, v string) { e.set(k, &v) }
	for _, k := range keys {
		v := sound[k]
		name := fmt.Sprintf("%q", k)
		broken(name+" removed", func() { e.set(k, nil) })
		broken(name+" with more", func() { set(k, v+"\x00") })
		if v != "" {
			broken(name+" empty", func() { set(k, "") })
			broken(name+" cut short", func() { set(k, v[:len(v)-1]) })
		}
		for i := range v {
			b := []byte(v)
			b[i] ^= 1 << (i % 8)
			broken(fmt.Sprintf("%s with byte %d changed", name, i), func() { set(k, string(b)) })
		}
		for i := range k {
			b := []byte(k)
			b[i] ^= 1 << (i % 8)
			if _, exists := sound[string(b)]; exists {
				continue
			}
			broken(fmt.Sprintf("%s moved to %q", name, b), func() { e.set(k, nil); set(string(b), v) })
			broken(fmt.Sprintf("%s doubled as %q", name, b), func() { set(string(b), v) })
		}
	}
	for _, k := range []string{"A", "a", "k\x01", "z", "m", "mz", "s", "l", "r\x01", "r\x09\x01", "\x00"} {
		broken(fmt.Sprintf("%q added", k), func() { set(k, "x") })
	}
	t.Log(n, "kinds of damage")
}

// TestMovedBoundary has the key of an entry end elsewhere, with the same bytes
// behind it: a checksum over both does not tell.
func TestMovedBoundary(t *testing.T) {
	s, e := rich(t)
	for i := range 260 { // positions of two bytes
		mustApply(t, s, batchOf(person(fmt.Sprint("n", i), "No One", phone.Line(1000+i))))
	}
	mustApply(t, s, batchOf(person("0190f5b2-3c5a-7abc-8def-0123456789ab", "By UUID", 5000)))
	mustApply(t, s, batchOf(person("5f1e0c3a9b8d7e6f5a4b3c2d", "By hexadecimal id", 5001)))
	for i := range 9 {
		id := fmt.Sprint("n", 250+i)
		c, err := s.Get(t.Context(), home, id)
		if err != nil {
			t.Fatal(err)
		}
		mustApply(t, s, batchOf(at(c.Revision, person(id, "Some One", phone.Line(2000+i)))))
	}
	mustCheck(t, s)
	for i, k := range slices.Sorted(maps.Keys(e.data)) {
		v := e.data[k]
		for by := -3; by <= 3; by++ {
			if i%11 > 0 && k[0] != tableID || by == 0 || len(k)+by < 2 || by > len(v) {
				continue
			}
			moved, rest := (k + v)[:len(k)+by], (k + v)[len(k)+by:]
			if _, exists := e.data[moved]; exists {
				continue
			}
			e.set(k, nil)
			e.set(moved, &rest)
			if err := verify(s); !errors.Is(err, contacts.ErrDamaged) {
				t.Errorf("%q, %q as %q, %q: %v", k, v, moved, rest, err)
			}
			e.set(moved, nil)
			e.set(k, &v)
		}
	}
	mustCheck(t, s)
}

// TestStaleEntries puts older entries in the place of present ones: their own
// checksums are right.
func TestStaleEntries(t *testing.T) {
	s, e := rich(t)
	old := maps.Clone(e.data)
	b := batchOf(at(3, person("c3", "Cy Itoh", 11)), person("c9", "New One", 99))
	b.Settings = []byte("other")
	mustApply(t, s, b)
	sound := maps.Clone(e.data)
	for k, v := range old {
		if now, ok := sound[k]; ok && now == v {
			continue
		}
		e.set(k, &v)
		if err := s.Check(t.Context()); !errors.Is(err, contacts.ErrDamaged) {
			t.Errorf("with an older entry %q Check returns %v", k, err)
		}
		e.mu.Lock()
		e.data, e.sorted = maps.Clone(sound), nil
		e.mu.Unlock()
	}
	mustCheck(t, s)
}

// readings returns what a store shows to various reads, "" for an error. Of
// lists it has one reading an item.
func readings(s *Store) []string {
	ctx := context.Background()
	var out []string
	add := func(v any, err error) {
		if err != nil {
			out = append(out, "")
		} else {
			out = append(out, fmt.Sprintf("%+v", v))
		}
	}
	for _, id := range []string{"c1", "c2", "c3", "c4"} {
		c, err := s.Get(ctx, home, id)
		add(c, err)
	}
	for _, q := range []contacts.Query{
		{}, {Order: contacts.ByCreation}, {Order: contacts.ByChange, Reverse: true},
		{Lines: []phone.Line{11}}, {Lines: []phone.Line{22, 44}}, {Words: []contacts.Term{{Text: "leeds"}}},
		{Prefixes: []string{"1"}}, {Suffix: "4"}, {Duplicates: true}, {Words: []contacts.Term{{Text: "cy", Typo: true}}},
	} {
		p, err := s.Find(ctx, home, q)
		var hits []string
		for _, h := range p.Hits {
			hits = append(hits, fmt.Sprintf("%+v", h))
		}
		add(strings.Join(hits, "\n"), err)
	}
	list, err := s.Events(ctx, home, 0, 0)
	var all []string
	for _, e := range list {
		e.BatchEnd = 0
		all = append(all, fmt.Sprintf("%+v", e))
	}
	add(strings.Join(all, "\n"), err)
	return out
}

// missing reports whether got is want with items left out.
func missing(got, want string) bool {
	items := strings.Split(want, "\n")
	for _, g := range strings.Split(got, "\n") {
		if g != "" && !slices.Contains(items, g) {
			return false
		}
	}
	return true
}

func TestFormat(t *testing.T) {
	s, e := newStore(t)
	mustApply(t, s, batchOf(person("c1", "Ann Lee", 11)))
	h := header{version: formatVersion + 1, next: 5}
	newer := string(seal(headerKey(nil), h.encode()))
	e.set("mh", &newer)
	if _, err := New(e, &Options{Name: "a.book"}); !errors.Is(err, contacts.ErrNewer) || !strings.Contains(err.Error(), "a.book") {
		t.Errorf("a newer format: got %v", err)
	}
	e.set("mh", nil)
	if _, err := New(e, &Options{Name: "a.book"}); !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), "a.book") {
		t.Errorf("without a header: got %v", err)
	}
	x := "x"
	foreign := newPlain()
	foreign.set("hello", &x)
	if _, err := New(foreign, nil); !errors.Is(err, contacts.ErrDamaged) {
		t.Errorf("foreign contents: got %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	s, e := rich(t)
	want := dump(t, s)
	commits := e.commits
	r, err := New(e, &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := dump(t, r); got != want {
		t.Error("read-only shows something else")
	}
	mustCheck(t, r)
	if _, err := r.Apply(t.Context(), home, batchOf()); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("Apply: %v", err)
	}
	if err := r.Trim(t.Context(), home, 1); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("Trim: %v", err)
	}
	if _, err := r.Load(t.Context(), contacts.Scope{Account: "x"}, contacts.LoadHead{}, sequence(nil)); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("Load: %v", err)
	}
	if e.commits != commits {
		t.Error("read-only committed something")
	}
}

// TestPurgeLeavesNothing looks for what a purged contact was in every byte.
func TestPurgeLeavesNothing(t *testing.T) {
	s, e := newStore(t)
	w := person("c1", "Wilhelmina Quackenbush", 4915111111111)
	w.Contact.Notes = "secretnote"
	mustApply(t, s, batchOf(w, person("c2", "Bo Ek", 22)))
	w = at(1, person("c1", "Wilma Quackenbush", 4915222222222))
	w.Keys.Shared = []phone.Line{4915333333333}
	mustApply(t, s, batchOf(w))
	mustApply(t, s, batchOf(at(3, person("c1", "Wilma Quackenbush"))))
	mustApply(t, s, batchOf(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c1"}, Revision: 4}))
	mustCheck(t, s)
	traces := []string{"Wilhelmina", "wilhelmina", "Wilma", "wilma", "uackenbush", "secretnote"}
	for _, l := range []phone.Line{4915111111111, 4915222222222, 4915333333333} {
		traces = append(traces, string(appendUint64(nil, uint64(l))), string(appendReversed(nil, l)), fmt.Sprint(uint64(l)),
			string(record.AppendLines(nil, record.FieldClaims, []phone.Line{l})[2:]))
	}
	for k, v := range e.data {
		for _, trace := range traces {
			if strings.Contains(k, trace) || strings.Contains(v, trace) {
				t.Errorf("entry %q = %q still has %q", k, v, trace)
			}
		}
	}
	list, err := s.History(t.Context(), home, contacts.HistoryQuery{ID: "c1"})
	if err != nil || len(list) != 4 {
		t.Errorf("the history has %d events (%v), want 4 blank ones", len(list), err)
	}
}
