package storetest

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var lineRules = []rule{
	{
		"lines/order",
		"Lines finds the contacts that hold a line, line by line as given, claimers first, then in order of creation",
		linesOrder,
	},
	{
		"lines/per line",
		"PerLine bounds the contacts of each line",
		perLine,
	},
	{
		"lines/many",
		"up to MaxLimit lines are asked for in one query",
		manyLines,
	},
	{
		"lines/empty",
		"a selector that is empty but not nil asks for nothing",
		emptySelectors,
	},
	{
		"lines/prefix and suffix",
		"Prefix and Suffix find the contacts that hold a line whose digits begin or end so, in a stable order",
		linePrefix,
	},
	{
		"lines/refused queries",
		"at most one of Lines, Words, Prefix, Suffix and Duplicates is set, within the bounds; else the query is refused with ErrInvalid or ErrTooLarge",
		badQueries,
	},
}

// holding prints hits as "line id", with a star for a share.
func holding(hits []contacts.Hit) []string {
	out := []string{}
	for _, h := range hits {
		s := fmt.Sprintf("%d %s", h.Line, h.Contact.ID)
		if h.Shared {
			s += "*"
		}
		out = append(out, s)
	}
	return out
}

func linesOrder(t *tester) {
	t.apply(
		sharing(person("z", "Ann", 11), 77, 88),
		person("y", "Bo", 77),
		sharing(person("x", "Cy"), 77, 11),
		keeping(person("w", "Di", 77)),
		sharing(inactive(contacts.Inactive, person("v", "Ed")), 88),
	)
	t.apply(at(2, noting(person("y", "Bo", 77), "changed")))
	for _, c := range []struct {
		q    contacts.Query
		want []string
	}{
		{contacts.Query{Lines: []phone.Line{77}}, []string{"77 y", "77 w", "77 z*", "77 x*"}},
		{contacts.Query{Lines: []phone.Line{88, 11, 5, 77}}, []string{"88 z*", "11 z", "11 x*", "77 y", "77 w", "77 z*", "77 x*"}},
		{contacts.Query{Lines: []phone.Line{7, 1, 770, 8}}, []string{}},
		{contacts.Query{Lines: []phone.Line{88}, Status: anyStatus}, []string{"88 z*", "88 v*"}},
		{contacts.Query{Lines: []phone.Line{88, 77}, Status: []contacts.Status{contacts.Inactive}}, []string{"88 v*"}},
	} {
		for _, limit := range []int{0, 1, 3} {
			c.q.Limit = limit
			t.equal(fmt.Sprintf("Find(%s)", show(c.q)), holding(t.find(c.q)), c.want)
		}
	}
}

func perLine(t *tester) {
	t.apply(sharing(person("a", "Ann"), 77, 88, 99), sharing(person("b", "Bo"), 77, 88), person("c", "Cy", 77), sharing(person("d", "Di"), 77, 99))
	t.apply(sharing(inactive(contacts.Inactive, person("e", "Ed")), 99))
	for _, limit := range []int{0, 1, 2} {
		q := contacts.Query{Lines: []phone.Line{88, 77, 99, 5}, PerLine: 1, Limit: limit}
		t.equal(fmt.Sprintf("Find(%s)", show(q)), holding(t.find(q)), []string{"88 a*", "77 c", "99 a*"})
		q.PerLine = 2
		t.equal(fmt.Sprintf("Find(%s)", show(q)), holding(t.find(q)), []string{"88 a*", "88 b*", "77 c", "77 a*", "99 a*", "99 d*"})
		q.PerLine = 9
		t.equal(fmt.Sprintf("Find(%s)", show(q)), holding(t.find(q)), []string{"88 a*", "88 b*", "77 c", "77 a*", "77 b*", "77 d*", "99 a*", "99 d*"})
		// The bound is on contacts that are wanted.
		q.PerLine, q.Status = 1, []contacts.Status{contacts.Inactive}
		t.equal(fmt.Sprintf("Find(%s)", show(q)), holding(t.find(q)), []string{"99 e*"})
	}
}

func manyLines(t *tester) {
	var ws []contacts.Write
	var lines []phone.Line
	var want []string
	for i := range contacts.MaxLimit {
		line := phone.Line(1000 + i*i%7919*10_000 + i)
		lines = append(lines, line)
		if i%10 == 0 {
			id := fmt.Sprint("c", i)
			ws = append(ws, person(id, "Ann Lee", line))
			want = append(want, id)
		}
	}
	slices.Reverse(ws)
	t.create(ws...)
	t.finds(contacts.Query{Lines: lines}, want...)
	t.finds(contacts.Query{Lines: lines, Limit: contacts.MaxLimit}, want...)
}

func linePrefix(t *tester) {
	all := []phone.Line{4915111, 4915112, 49151, 491511111111111111, 4815111, 115194, 14915111, 5, 50, 9999999999999999999, 999}
	for i, line := range all {
		w := person(fmt.Sprint("c", i), "Ann Lee", line)
		if i%3 == 1 {
			w = sharing(person(fmt.Sprint("c", i), "Ann Lee"), line)
		}
		t.apply(w)
	}
	t.apply(inactive(contacts.Inactive, sharing(person("gone", "Ann Lee"), 4915119)))
	match := func(q contacts.Query, has func(digits, part string) bool, part string) {
		want := []string{}
		for i, line := range all {
			if has(fmt.Sprint(uint64(line)), part) {
				want = append(want, fmt.Sprintf("%d c%d", line, i))
				if i%3 == 1 {
					want[len(want)-1] += "*"
				}
			}
		}
		slices.Sort(want)
		one := t.find(q)
		got := holding(one)
		slices.Sort(got)
		t.equal(fmt.Sprintf("Find(%s), sorted", show(q)), got, want)
		for _, limit := range []int{1, 2} {
			q.Limit = limit
			t.equal(fmt.Sprintf("Find(%s), again", show(q)), t.find(q), one)
		}
	}
	begins := func(digits, part string) bool { return len(digits) >= len(part) && digits[:len(part)] == part }
	ends := func(digits, part string) bool {
		return len(digits) >= len(part) && digits[len(digits)-len(part):] == part
	}
	for _, part := range []string{"4", "49", "4915", "49151", "491511", "4915111", "491511111111111111", "5", "50", "1", "9", "99", "999", "9999",
		"9999999999999999999", "11", "111", "5111", "151", "0", "7", "18446744073709551", "4915111111111111111"} {
		match(contacts.Query{Prefixes: []string{part}}, begins, part)
		match(contacts.Query{Suffix: part}, ends, part)
	}
	for _, parts := range [][]string{{"49", "5"}, {"5", "4915", "0", "49151", "49"}, {"9999", "1", "8", "77"}, {"3", "6"}} {
		match(contacts.Query{Prefixes: parts}, func(digits, _ string) bool {
			return slices.ContainsFunc(parts, func(part string) bool { return begins(digits, part) })
		}, "")
	}
	t.finds(contacts.Query{Prefixes: []string{"4915119"}})
	t.finds(contacts.Query{Prefixes: []string{"4915119"}, Status: anyStatus}, "gone")
	t.finds(contacts.Query{Suffix: "19", Status: []contacts.Status{contacts.Inactive}}, "gone")
}

func emptySelectors(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.finds(contacts.Query{Lines: []phone.Line{}})
	t.finds(contacts.Query{Words: []contacts.Term{}})
	t.finds(contacts.Query{Prefixes: []string{}})
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "ann"}}, Prefixes: []string{}})
}

func badQueries(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	term := []contacts.Term{{Text: "ann"}}
	for _, q := range []contacts.Query{
		{Lines: []phone.Line{11}, Words: term},
		{Lines: []phone.Line{11}, Prefixes: []string{"1"}},
		{Prefixes: []string{"1"}, Suffix: "1"},
		{Suffix: "1", Duplicates: true},
		{Words: term, Prefixes: []string{"1"}, Suffix: "1"},
		{Words: term, Suffix: "x"},
		{Words: term, Duplicates: true},
		{Lines: make([]phone.Line, contacts.MaxLimit+1)},
		{Words: slices.Repeat(term, 9)},
		{Prefixes: []string{"+49"}}, {Suffix: "1 1"}, {Prefixes: []string{""}}, {Prefixes: []string{"1", "x"}}, {Prefixes: slices.Repeat([]string{"1"}, contacts.MaxLimit+1)}, {Prefixes: []string{"ann"}}, {Suffix: "%"}, {Prefixes: []string{"12345678901234567890"}},
		{Lines: []phone.Line{11}, Skip: 1}, {Words: term, Skip: 1},
		{Words: []contacts.Term{{}}},
		{Words: []contacts.Term{{Text: "a", Sets: []string{"a"}}}},
	} {
		p, err := t.s.Find(t.ctx, t.scope, q)
		t.want(err != nil, "Find(%s): got %d hits, want an error", show(q), len(p.Hits))
		t.is(err, fmt.Sprintf("Find(%s)", show(q)), contacts.ErrInvalid, contacts.ErrTooLarge)
	}
	for _, q := range []contacts.HistoryQuery{{}, {ID: "c1", Line: 11}} {
		es, err := t.s.History(t.ctx, t.scope, q)
		t.want(err != nil, "History(%+v): got %d events, want an error", q, len(es))
		t.is(err, fmt.Sprintf("History(%+v)", q), contacts.ErrInvalid)
	}
	t.finds(contacts.Query{Words: slices.Repeat(term, 8)}, "c1")
}
