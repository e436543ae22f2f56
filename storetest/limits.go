package storetest

import (
	"fmt"

	"github.com/callerbook/contacts"
)

var limitRules = []rule{
	{
		"limits",
		"limit 0 means DefaultLimit and more than MaxLimit means MaxLimit, for Find, Events and History",
		limits,
	},
}

func limits(t *tester) {
	const n, edits = contacts.MaxLimit + 5, contacts.DefaultLimit + 5
	var ws []contacts.Write
	for i := range n {
		ws = append(ws, person(fmt.Sprint("c", i), "Ann Lee"))
	}
	t.create(ws...)
	for i := range edits {
		t.apply(at(uint64(n+i), noting(ws[n-1], fmt.Sprint(i))))
	}
	for limit, want := range map[int]int{
		0: contacts.DefaultLimit, 1: 1, 10: 10, contacts.DefaultLimit + 1: contacts.DefaultLimit + 1,
		contacts.MaxLimit: contacts.MaxLimit, contacts.MaxLimit + 1: contacts.MaxLimit, 1 << 30: contacts.MaxLimit,
	} {
		for _, q := range []contacts.Query{
			{}, {Reverse: true}, {Order: contacts.ByCreation}, {Order: contacts.ByChange}, {Words: []contacts.Term{{Text: "lee"}}},
		} {
			q.Limit = limit
			p := t.page(q)
			t.want(len(p.Hits) == want || p.Partial, "Find(%s): got %d hits, want %d", show(q), len(p.Hits), want)
			t.want(p.Next != "", "Find(%s): got no Next", show(q))
		}
		es, err := t.s.Events(t.ctx, t.scope, 5, limit)
		t.ok(err, "Events with limit %d", limit)
		t.equal(fmt.Sprintf("number of Events with limit %d", limit), len(es), want)
		t.equal("first of Events(5)", es[0].Revision, uint64(6))
		es, err = t.s.History(t.ctx, t.scope, contacts.HistoryQuery{ID: ws[n-1].Contact.ID, Limit: limit})
		t.ok(err, "History with limit %d", limit)
		t.equal(fmt.Sprintf("number of events of History with limit %d", limit), len(es), min(want, 1+edits))
	}
}
