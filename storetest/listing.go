package storetest

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var listingRules = []rule{
	{
		"list/by name",
		"ByName lists by sort key, byte by byte, then in order of creation; the zero Query lists the active contacts so",
		listByName,
	},
	{
		"list/by creation",
		"ByCreation lists the oldest first, whatever changed since",
		listByCreation,
	},
	{
		"list/by change",
		"ByChange lists the least recently changed first",
		listByChange,
	},
	{
		"list/reverse",
		"Reverse turns every order about",
		listReverse,
	},
	{
		"list/from",
		"From starts a listing by name at the first sort key >= From; Reverse at the last one that begins with From or sorts before it",
		listFrom,
	},
	{
		"list/status",
		"Status has the states wanted; none means active alone",
		listStatus,
	},
	{
		"list/created",
		"Hit.Created is the position in order of creation: the revision of the contact's first event",
		hitCreated,
	},
	{
		"list/skip",
		"Skip passes over so many contacts of a listing first",
		listSkip,
	},
	{
		"list/pages",
		"pages follow one another: whatever the limit, all pages together are the listing",
		listPages,
	},
}

// sorted returns a Put with a sort key of its own.
func sorted(id, key string) contacts.Write {
	w := person(id, "Some Name")
	w.Keys.Sort = key
	return w
}

func listByName(t *tester) {
	keys := []string{"b", "", "a", "ab", "a b", "B", "a\x01", "a\U0010ffff", "é", "z", "a", "\U0010ffff", "\x01", "aa", "b", "", "e\u0301", "\uffff"}
	var ws []contacts.Write
	for i, k := range keys {
		ws = append(ws, sorted(fmt.Sprintf("c%02d", 99-i), k))
	}
	t.apply(ws...)
	slices.SortStableFunc(ws, func(x, y contacts.Write) int { // ws stood in order of creation
		switch {
		case x.Keys.Sort < y.Keys.Sort:
			return -1
		case x.Keys.Sort > y.Keys.Sort:
			return 1
		}
		return 0
	})
	var want []string
	for _, w := range ws {
		want = append(want, w.Contact.ID)
	}
	for _, limit := range []int{0, 1, 4} {
		t.finds(contacts.Query{Limit: limit}, want...)
	}
	slices.Reverse(want)
	for _, limit := range []int{0, 1, 4} {
		if got := ids(t.find(contacts.Query{Limit: limit, Reverse: true})); !slices.Equal(got, want) {
			t.failf("Find by name in reverse, %d a page: got %v, want %v", limit, got, want)
		}
	}

	// A new key is a new place.
	t.apply(at(1, sorted("c99", "\U0010ffff\U0010ffff")))
	t.equal("last by name", ids(t.find(contacts.Query{Reverse: true, Limit: 3}))[0], "c99")
}

func listByCreation(t *tester) {
	t.apply(sorted("c", "1"), sorted("b", "2"))
	t.apply(sorted("a", "3"))
	t.apply(at(1, sorted("c", "9")))
	a := t.apply(at(2, inactive(contacts.Inactive, sorted("b", "2"))))
	t.apply(at(a.Revisions[0], sorted("b", "0")))
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c", "b", "a")
	t.apply(sorted("0", "0"))
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c", "b", "a", "0")
	t.finds(contacts.Query{Order: contacts.ByCreation, Reverse: true}, "0", "a", "b", "c")
}

func listByChange(t *tester) {
	t.apply(sorted("a", "1"), sorted("b", "2"), sorted("c", "3"))
	t.finds(contacts.Query{Order: contacts.ByChange}, "a", "b", "c")
	t.apply(at(1, sorted("a", "x")))
	t.finds(contacts.Query{Order: contacts.ByChange}, "b", "c", "a")
	t.apply(at(2, sorted("b", "2"))) // nothing changes
	t.finds(contacts.Query{Order: contacts.ByChange}, "b", "c", "a")
	t.apply(at(3, sorted("c", "y")), at(2, sorted("b", "z")))
	t.finds(contacts.Query{Order: contacts.ByChange}, "a", "c", "b")
	t.finds(contacts.Query{Order: contacts.ByChange, Reverse: true, Limit: 2}, "b", "c", "a")
}

// crowd fills the scope with n contacts, names repeating, states mixed.
func (t *tester) crowd(n int) {
	var ws []contacts.Write
	for i := range n {
		w := person(fmt.Sprintf("p%d", i*37%n), fmt.Sprintf("Name%d Of", i*i%11))
		switch i % 5 {
		case 3:
			w = inactive(contacts.Inactive, w)
		case 4:
			w = inactive(contacts.Merged, w)
		}
		ws = append(ws, w)
	}
	t.create(ws...)
	var again []contacts.Write
	for i := 0; i < n; i += 3 {
		again = append(again, at(uint64(i+1), noting(ws[i], "again")))
	}
	slices.Reverse(again)
	t.create(again...)
}

func listReverse(t *tester) {
	t.crowd(60)
	for _, order := range []contacts.Order{contacts.ByName, contacts.ByCreation, contacts.ByChange} {
		for _, status := range [][]contacts.Status{nil, anyStatus} {
			want := ids(t.find(contacts.Query{Order: order, Status: status}))
			slices.Reverse(want)
			for _, limit := range []int{0, 7} {
				t.finds(contacts.Query{Order: order, Status: status, Reverse: true, Limit: limit}, want...)
			}
		}
	}
}

func listFrom(t *tester) {
	keys := []string{"", "a", "ab", "aba", "ab\U0010ffff", "ac", "b", "ba", "ba"} // ascending
	var ws []contacts.Write
	for i, k := range keys {
		ws = append(ws, sorted(fmt.Sprint(i), k))
	}
	t.apply(ws...)
	for _, c := range []struct {
		from    string
		first   int // of keys, ascending
		reverse int // of keys, descending; -1 none
	}{
		{"", 0, 8}, {"\x01", 1, 0}, {"a", 1, 5}, {"a\x01", 2, 1}, {"aa", 2, 1}, {"ab", 2, 4}, {"aba", 3, 3}, {"abb", 4, 3},
		{"ab\U0010ffff", 4, 4}, {"ac", 5, 5}, {"b", 6, 8}, {"ba", 7, 8}, {"bb", 9, 8}, {"\U0010ffff", 9, 8},
	} {
		up, down := []string{}, []string{}
		for i := c.first; i < len(keys); i++ {
			up = append(up, fmt.Sprint(i))
		}
		for i := c.reverse; i >= 0; i-- {
			down = append(down, fmt.Sprint(i))
		}
		for _, limit := range []int{0, 2} {
			t.finds(contacts.Query{From: c.from, Limit: limit}, up...)
			t.finds(contacts.Query{From: c.from, Limit: limit, Reverse: true}, down...)
		}
	}
}

func listStatus(t *tester) {
	t.crowd(40)
	for _, status := range [][]contacts.Status{
		nil, {}, {contacts.Active}, {contacts.Inactive}, {contacts.Merged},
		{contacts.Merged, contacts.Active}, {contacts.Inactive, contacts.Merged}, anyStatus,
	} {
		for _, order := range []contacts.Order{contacts.ByName, contacts.ByCreation, contacts.ByChange} {
			want := []string{}
			for _, h := range t.find(contacts.Query{Order: order, Status: anyStatus}) {
				if len(status) == 0 && h.Contact.Status == contacts.Active || slices.Contains(status, h.Contact.Status) {
					want = append(want, h.Contact.ID)
				}
			}
			t.finds(contacts.Query{Order: order, Status: status}, want...)
			t.finds(contacts.Query{Order: order, Status: status, Limit: 3}, want...)
		}
	}
	t.equal("contacts in any state", len(t.find(contacts.Query{Status: anyStatus})), 40)
	t.equal("active contacts", len(t.find(contacts.Query{})), 24)
	// By word, too.
	term := []contacts.Term{{Text: "of", Whole: true}}
	t.equal("active contacts by word", len(t.find(contacts.Query{Words: term})), 24)
	t.equal("inactive contacts by word", len(t.find(contacts.Query{Words: term, Status: []contacts.Status{contacts.Inactive}})), 8)
}

func hitCreated(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Ann Ek", 22))
	t.apply(at(1, sharing(person("c1", "Ann Leeds", 11), 77)), keeping(person("c3", "Ann Ito", 22)))
	created := map[string]uint64{"c1": 1, "c2": 2, "c3": 4}
	for _, q := range []contacts.Query{
		{}, {Order: contacts.ByCreation}, {Order: contacts.ByChange}, {Lines: []phone.Line{11, 22, 77}},
		{Words: []contacts.Term{{Text: "ann"}}}, {Prefixes: []string{"1"}}, {Suffix: "2"}, {Duplicates: true},
	} {
		for _, h := range t.find(q) {
			t.equal(fmt.Sprintf("Created of %s in Find(%s)", h.Contact.ID, show(q)), h.Created, created[h.Contact.ID])
		}
	}
}

func listSkip(t *tester) {
	t.crowd(60)
	for _, q := range []contacts.Query{
		{}, {Reverse: true}, {From: "name3"}, {Order: contacts.ByCreation}, {Order: contacts.ByChange, Status: anyStatus}, {Order: contacts.ByCreation, Reverse: true},
	} {
		all := ids(t.find(q))
		q.Limit = contacts.MaxLimit
		for _, q.Skip = range []int{1, 5, len(all) - 1, len(all), len(all) + 7} {
			t.equal(fmt.Sprintf("Find(%s)", show(q)), ids(t.page(q).Hits), all[min(q.Skip, len(all)):])
		}
		q.Limit, q.Skip = 4, 3
		t.equal(fmt.Sprintf("Find(%s)", show(q)), ids(t.page(q).Hits), all[3:7])
	}
}

func listPages(t *tester) {
	t.crowd(64)
	for _, q := range []contacts.Query{
		{}, {Order: contacts.ByCreation}, {Order: contacts.ByChange}, {From: "name3"},
		{Words: []contacts.Term{{Text: "name"}}}, {Words: []contacts.Term{{Text: "of"}, {Text: "name1"}}},
		{Status: anyStatus, Order: contacts.ByCreation},
	} {
		q.Limit = contacts.MaxLimit
		want := t.find(q)
		t.want(len(want) > 0, "Find(%s): got none", show(q))
		for _, limit := range []int{1, 2, 7, len(want) - 1, len(want), len(want) + 1} {
			q.Limit = limit
			t.equal(fmt.Sprintf("Find(%s), all pages", show(q)), t.find(q), want)
		}
	}
}
