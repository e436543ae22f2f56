package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var scopeRules = []rule{
	{
		"scopes/apart",
		"nothing passes from one scope to another, in any result or error text: two have the same ids and numbers",
		scopesApart,
	},
	{
		"scopes/order",
		"Scopes lists in order of account, then stream, byte by byte, beginning with from itself",
		scopesOrder,
	},
	{
		"scopes/odd names",
		"both parts of a scope are opaque text: empty, prefixes of one another, control and other odd characters",
		oddScopes,
	},
	{
		"scopes/pages",
		"Scopes returns at most limit of them (0: DefaultLimit); Next of the last one leads on",
		scopePages,
	},
}

func scopesApart(t *tester) {
	a, b := t.in("acme", "a"), t.in("acme", "b")
	for _, u := range []*tester{a, b} {
		u.apply(person("c1", "Mine "+u.scope.Stream, 11), sharing(person("c2", "Both", 22), 77))
	}
	a.apply(at(1, person("c1", "Secret Name", 11)), person("secret-id", "Hidden Name", 33), keeping(person("c4", "Di Oh", 22)))

	t.equal("Get", b.get("c1").FullName, "Mine b")
	b.gone("secret-id")
	b.holders(11, "c1")
	b.holders(22, "c2")
	b.holders(33)
	b.holders(77, "c2")
	b.finds(contacts.Query{}, "c2", "c1")
	b.finds(contacts.Query{Words: []contacts.Term{{Text: "secret"}}})
	b.finds(contacts.Query{Words: []contacts.Term{{Text: "h", Typo: true}, {Text: "name"}}})
	b.finds(contacts.Query{Prefixes: []string{"3"}})
	b.finds(contacts.Query{Suffix: "3"})
	b.finds(contacts.Query{Duplicates: true})
	t.equal("revisions of the feed", revisions(b.events(0)), []uint64{1, 2})
	t.equal("History of an id", len(b.history(contacts.HistoryQuery{ID: "secret-id"})), 0)
	t.equal("History of a line", revisions(b.history(contacts.HistoryQuery{Line: 22})), []uint64{2})
	st := b.stat()
	t.equal("Stat", []uint64{st.Last, st.Active, st.Duplicates}, []uint64{2, 2, 0})
	t.want(st.Epoch != a.stat().Epoch, "two scopes have one epoch")
	b.apply(person("c3", "Cy Ito", 33)) // which a's secret-id claims
	b.apply(purge(1, "c1"))
	t.equal("Get in the other scope after Purge", a.get("c1").FullName, "Secret Name")
	a.holders(11, "c1")

	for what, err := range map[string]error{
		"refusal":  b.refused(person("c9", "Ivy Ox", 33)),
		"conflict": b.refused(at(3, person("secret-id", "Ivy Ox"))),
		"Get":      func() error { _, err := t.s.Get(t.ctx, b.scope, "c4"); return err }(),
	} {
		for _, clear := range []string{"Secret", "Hidden", "Di Oh"} {
			t.want(!strings.Contains(err.Error(), clear), "%s: the text has %q of another scope: %v", what, clear, err)
		}
	}
}

var oddNames = []string{
	"", "\x01", "\x01\x01", "\x01\x02", "\x02", " ", "  ", "A", "a", "a ", "a\x01", "a\x01a", "a/b", "aa", "ab", "a\u007f", "\\",
	"\u00e9", "e\u0301", "E\u0301", "\ufffd", "\uffff", "\U0010ffff", strings.Repeat("\U0010ffff", contacts.MaxScopeLen/4), `"quo'ted"`, "%_*?",
}

func oddOrder() []contacts.Scope {
	names := slices.Sorted(slices.Values(oddNames))
	var all []contacts.Scope
	for i, account := range names {
		streams := []string{names[i], names[(i+7)%len(names)], ""}
		slices.Sort(streams)
		for _, stream := range slices.Compact(streams) {
			all = append(all, contacts.Scope{Account: account, Stream: stream})
		}
	}
	for _, ambiguous := range []contacts.Scope{ // when written one after the other
		{Account: "a", Stream: "b"}, {Account: "", Stream: "ab"}, {Account: "a/b", Stream: "c"}, {Account: "a", Stream: "b/c"},
		{Account: "a\x01", Stream: "b"}, {Account: "a", Stream: "\x01b"}, {Account: "a ", Stream: "b"}, {Account: "a", Stream: " b"},
	} {
		if !slices.Contains(all, ambiguous) {
			all = append(all, ambiguous)
		}
	}
	slices.SortFunc(all, func(a, b contacts.Scope) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Stream, b.Stream))
	})
	return all
}

func scopesOrder(t *tester) {
	all := oddOrder()
	t.parallel(4, func(i int) { // in any order
		for k := len(all) - 1 - i; k >= 0; k -= 4 {
			u := t.in(all[k].Account, all[k].Stream)
			u.apply()
		}
	})
	t.equal("Scopes", t.scopes(), all)
	for i := 0; i < len(all); i += 5 {
		for _, c := range []struct {
			from contacts.Scope
			want []contacts.Scope
		}{{all[i], all[i:]}, {all[i].Next(), all[i+1:]}, {contacts.Scope{Account: all[i].Account}, nil}} {
			if c.want == nil {
				k := slices.IndexFunc(all, func(s contacts.Scope) bool { return s.Account == all[i].Account })
				c.want = all[k:]
			}
			got, err := t.s.Scopes(t.ctx, c.from, 1000)
			t.ok(err, "Scopes(%q)", c.from)
			t.equal(fmt.Sprintf("Scopes(%q)", c.from), got, c.want)
		}
	}
}

func oddScopes(t *tester) {
	all := oddOrder()
	for i, scope := range all {
		u := t.in(scope.Account, scope.Stream)
		u.apply(person("c1", fmt.Sprint("Name ", i), 11), sharing(person(fmt.Sprint("own", i), "Zoe", phone.Line(1000+i)), 77))
	}
	for i, scope := range all {
		u := t.in(scope.Account, scope.Stream)
		own := fmt.Sprint("own", i)
		t.equal(fmt.Sprintf("name in scope %q", scope), u.get("c1").FullName, fmt.Sprint("Name ", i))
		u.finds(contacts.Query{}, "c1", own)
		u.holders(77, own)
		u.finds(contacts.Query{Prefixes: []string{"1"}}, u.anyOrder(contacts.Query{Prefixes: []string{"1"}}, "c1", own)...)
		u.finds(contacts.Query{Words: []contacts.Term{{Text: "zoe"}}}, own)
		t.equal(fmt.Sprintf("Stat.Last of scope %q", scope), u.stat().Last, uint64(2))
	}
}

// anyOrder returns the ids that q finds, having seen that they are the wanted.
func (t *tester) anyOrder(q contacts.Query, want ...string) []string {
	got := ids(t.find(q))
	t.equal(fmt.Sprintf("Find(%s), sorted", show(q)), slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)))
	return got
}

func scopePages(t *tester) {
	n := contacts.DefaultLimit + 10
	var all []contacts.Scope
	for i := range n {
		all = append(all, contacts.Scope{Account: fmt.Sprintf("account %02d", i/3), Stream: fmt.Sprint("stream ", i%3)})
	}
	t.parallel(8, func(i int) {
		for k := i; k < n; k += 8 {
			t.in(all[k].Account, all[k].Stream).apply(person("c1", "Ann Lee", 11))
		}
	})
	for limit, want := range map[int]int{0: contacts.DefaultLimit, 1: 1, 7: 7, n: n, n + 1: n, contacts.MaxLimit + 1: n} {
		got, err := t.s.Scopes(t.ctx, contacts.Scope{}, limit)
		t.ok(err, "Scopes with limit %d", limit)
		t.equal(fmt.Sprintf("Scopes with limit %d", limit), got, all[:want])
	}
	var got []contacts.Scope
	for from := (contacts.Scope{}); ; from = got[len(got)-1].Next() {
		page, err := t.s.Scopes(t.ctx, from, 7)
		t.ok(err, "Scopes(%q)", from)
		if got = append(got, page...); len(page) < 7 {
			break
		}
	}
	t.equal("Scopes, 7 a page", got, all)
}
