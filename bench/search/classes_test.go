package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestQueriesAreTheSameEachTime(t *testing.T) {
	list := contactsTo(3000)
	if again := contactsTo(3000); !slices.Equal(list, again) {
		t.Fatal("the people are others")
	}
	all := drawAll(newStock(list, 50), classes)
	if again := drawAll(newStock(list, 50), classes); !reflect.DeepEqual(all, again) {
		t.Error("the queries are others")
	}
	for i, c := range classes {
		if one := drawAll(newStock(list, 50), classes[i:i+1]); !slices.Equal(one[0], all[i]) {
			t.Errorf("%s: the queries depend on the other classes", c.name)
		}
		seen := make(map[string]bool)
		for _, q := range all[i] {
			if q.text == "" || seen[q.text] {
				t.Errorf("%s: %q is empty or comes twice", c.name, q.text)
			}
			seen[q.text] = true
		}
		if len(all[i]) < 10 || len(all[i]) > 50 && c.name != "letter" {
			t.Errorf("%s: %d queries", c.name, len(all[i]))
		}
	}
}

// A hundredth of a million is 10,000: "com" is on very many contacts, and the
// two groups that are never together are on 60,000 each.
func TestWordsAreAsCommonAsTheyShouldBe(t *testing.T) {
	list := contactsTo(20_000)
	shares := make(map[string]int)
	both := 0
	for i := range list {
		begun := make(map[string]bool)
		for _, w := range list[i].words() {
			if w == "com" {
				shares["com"]++
			}
			begun[w[:1]] = true
		}
		for _, letter := range []string{"x", "q"} {
			if begun[letter] {
				shares[letter]++
			}
		}
		if begun["x"] && begun["q"] {
			both++
		}
	}
	for word, least := range map[string]int{"com": 40, "x": 6, "q": 6} {
		if got := 100 * shares[word] / len(list); got < least {
			t.Errorf("%q is on %d of 100 contacts, want at least %d", word, got, least)
		}
	}
	if both > 0 {
		t.Errorf("%d contacts have words in X and in Q", both)
	}
}

func TestApartIsNeverTogether(t *testing.T) {
	list := contactsTo(3000)
	s := newStock(list, 200)
	s.seed(1)
	pairs := s.apart()
	if !slices.Contains(pairs, "x q") || !slices.Contains(pairs, "q x") {
		t.Errorf("x and q are not among %q", pairs)
	}
	folded := readings["ours"].folded(list)
	for _, text := range pairs {
		if found := readings["ours"].scan(list, folded, &query{kindWords, text}); len(found) > 0 {
			t.Errorf("%q is on %d contacts", text, len(found))
		}
		for _, part := range strings.Fields(text) {
			if found := readings["ours"].scan(list, folded, &query{kindWords, part}); len(found) == 0 {
				t.Errorf("%q of %q is on no contact", part, text)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	for name, want := range map[string]string{"john": "5646", "xyz": "999", "jo": "", "zoë": "", "иван": ""} {
		if got := keys(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
