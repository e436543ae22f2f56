package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every side finds what a plain scan over the people finds: all of it where
// that is no more than was asked for.
func TestSearchSides(t *testing.T) {
	list := contactsTo(4000)
	var chosen []class
	for _, c := range classes {
		if c.kind != kindDial && c.kind != kindNamed {
			chosen = append(chosen, c)
		}
	}
	queries := drawAll(newStock(list, 40), chosen)
	for _, name := range present() {
		t.Run(name, func(t *testing.T) {
			s := loaded(t, name, list)
			folded := readings[engines[name]].folded(list)
			for i, c := range chosen {
				if !s.can(c.kind) {
					continue
				}
				partial := 0
				for k := range queries[i] {
					partial += compare(t, s, list, folded, &queries[i][k])
				}
				if partial > len(queries[i])/10 {
					t.Errorf("%s: %d of %d answers are partial", c.name, partial, len(queries[i]))
				}
			}
		})
	}
}

// loaded returns a side with list in it.
func loaded(t *testing.T, name string, list []contact) side {
	t.Helper()
	s, err := newSide(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.open(filepath.Join(t.TempDir(), name)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.load(list); err != nil {
		t.Fatal(err)
	}
	return s
}

// compare asks q, and returns 1 where the answer says that it is partial.
func compare(t *testing.T, s side, list []contact, folded [][]string, q *query) (partial int) {
	t.Helper()
	a, err := s.ask(q)
	if err != nil {
		t.Fatalf("%q: %v", q.text, err)
	}
	engine := engines[s.name()]
	want := readings[engine].scan(list, folded, q)
	got := make(map[string]bool)
	for _, number := range a.numbers {
		if got[number] {
			t.Errorf("%q: %s comes twice", q.text, number)
		}
		got[number] = true
		if want[number] == nil && !mayFind(engine, number, q) {
			t.Errorf("%q: found %s, which does not fit", q.text, number)
		}
	}
	if a.partial {
		return 1
	}
	if len(got) == limit {
		return 0
	}
	for number, c := range want {
		if !got[number] && mustFind(engine, c, q) {
			t.Errorf("%q: did not find %s %s, %s, %s", q.text, c.Full(), number, c.org, c.email)
		}
	}
	return 0
}

func TestSidesRefuseWhatTheyCannotAnswer(t *testing.T) {
	list := contactsTo(10)
	for _, name := range present() {
		s := loaded(t, name, list)
		for _, q := range []query{{kindDial, "564"}, {kindNamed, "ann 98765"}} {
			if _, err := s.ask(&q); (err == nil) != s.can(q.kind) {
				t.Errorf("%s, %q: %v", name, q.text, err)
			}
		}
	}
}

func TestLeftOutSaysWhy(t *testing.T) {
	for _, name := range sideNames {
		if _, err := newSide(name); (err == nil) != (leftOut(name) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := newSide("lucene"); err == nil || !strings.Contains(err.Error(), inBleve) {
		t.Errorf("error %v does not list the sides", err)
	}
}

func TestFTSMatch(t *testing.T) {
	for text, want := range map[string]string{"jo": `"jo" *`, "jo sm": `"jo" * AND "sm" *`, `a"b`: `"a""b" *`} {
		if got := ftsMatch(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
