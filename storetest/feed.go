package storetest

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var feedRules = []rule{
	{
		"feed/events",
		"an event is what the contact of that id became, as it was then, with the lines that it held after the event",
		feedEvents,
	},
	{
		"feed/created",
		"every event has the contact's position in order of creation, in the feed and in a history, blank ones too: the revision of the event that created it",
		eventCreated,
	},
	{
		"feed/batch end",
		"BatchEnd is the revision of the last event of the same batch",
		batchEnd,
	},
	{
		"feed/pages",
		"Events returns at most limit events after a revision, oldest first, and none where there is no news",
		feedPages,
	},
}

var historyRules = []rule{
	{
		"history/contact",
		"History of an id has all events of that contact, after and before a revision, in both directions, at most limit",
		historyOfContact,
	},
	{
		"history/line",
		"History of a line has the events at which some contact began or ceased to hold it, claimed or shared",
		historyOfLine,
	},
	{
		"history/claimed or shared",
		"a contact that claims a line and then shares it, or the other way about, goes on holding it: that is no event of the line",
		historyOfKinds,
	},
}

func feedEvents(t *tester) {
	states := []contacts.Write{
		sharing(person("c1", "Ann Lee", 11, 12), 77),
		person("c2", "Bo Ek", 22),
		at(1, noting(person("c1", "Anna Lee", 12), "moved")),
		at(3, inactive(contacts.Inactive, sharing(person("c1", "Anna Lee", 12), 77))),
		at(4, person("c1", "Anna Lee", 12, 11)),
	}
	lines := [][]phone.Line{{11, 12, 77}, {22}, {12}, {77}, {11, 12}}
	var want []contacts.Event
	for i, w := range states {
		t.apply(w)
		c := w.Contact
		c.Revision = uint64(i + 1)
		created := uint64(1)
		if c.ID == "c2" {
			created = 2
		}
		want = append(want, contacts.Event{Revision: c.Revision, Created: created, BatchEnd: c.Revision, ID: c.ID, Contact: c, Lines: lines[i]})
	}
	for after := range len(want) + 1 {
		t.equal(fmt.Sprintf("Events after %d", after), t.events(uint64(after)), want[after:])
	}
	t.equal("History of c1", t.history(contacts.HistoryQuery{ID: "c1"}), slices.Concat(want[:1], want[2:]))
}

func eventCreated(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))                      // 1 and 2
	t.apply(at(1, person("c1", "Anna Lee", 11)))                                         // 3
	t.apply(person("c3", "Cy Ito", 33))                                                  // 4
	t.apply(at(2, inactive(contacts.Inactive, person("c2", "Bo Ek"))))                   // 5
	t.apply(purge(4, "c3"))                                                              // 6
	t.apply(at(3, person("c1", "Anna Lee", 11, 22)), person("c4", "Di Oh", 44))          // 7 and 8
	t.apply(at(8, person("c4", "Di Oh", 33)), at(5, sharing(person("c2", "Bo Ek"), 22))) // 9 and 10
	want := []uint64{1, 2, 1, 4, 2, 4, 1, 8, 8, 2}
	t.equal("Created of all events", positions(t.events(0)), want)
	for after := range len(want) {
		es, err := t.s.Events(t.ctx, t.scope, uint64(after), 1)
		t.ok(err, "Events(%d, limit 1)", after)
		t.equal(fmt.Sprintf("Created of Events(%d, limit 1)", after), positions(es), want[after:after+1])
	}
	t.equal("Created in the history of a line", positions(t.history(contacts.HistoryQuery{Line: 22})), []uint64{2, 2, 1, 2})
	t.apply(purge(7, "c1")) // 11
	t.equal("Created of all events after a purge", positions(t.events(0)), append(want, 1))
	for id, want := range map[string][]uint64{"c1": {1, 1, 1, 1}, "c2": {2, 2, 2}, "c3": {4, 4}, "c4": {8, 8}} {
		q := contacts.HistoryQuery{ID: id}
		t.equal("Created in the history of "+id, positions(t.history(q)), want)
		q.Reverse, q.Limit = true, 1
		es, err := t.s.History(t.ctx, t.scope, q)
		t.ok(err, "History(%+v)", q)
		t.equal("Created of the newest event of "+id, positions(es), want[:1])
	}
}

func batchEnd(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33)) // 1 to 3
	t.apply(at(2, person("c2", "Bo Eck", 22)))                                                  // 4
	t.apply(at(1, person("c1", "Ann Lee", 11)), purge(4, "c2"), person("c4", "Di Oh"),
		at(3, person("c3", "Cy Ito", 33))) // 5 and 6, first and last change nothing
	b := batch(person("c5", "Ed Poe", 11), person("c6", "Flo Rae"), person("c7", "Gus Orr"), person("c8", "Hal Su", 33))
	b.Each = true
	t.applyBatch(b) // 7 and 8, first and last are refused
	var ends []uint64
	for _, e := range t.events(0) {
		ends = append(ends, e.BatchEnd)
	}
	t.equal("BatchEnd of all events", ends, []uint64{3, 3, 3, 4, 6, 6, 8, 8})
	es, err := t.s.Events(t.ctx, t.scope, 0, 2)
	t.ok(err, "Events")
	t.equal("BatchEnd of an event whose batch ends on the next page", es[1].BatchEnd, uint64(3))
	t.equal("BatchEnd by History", t.history(contacts.HistoryQuery{ID: "c1"})[0].BatchEnd, uint64(3))
}

// both reads what is all of q's events in both directions, between any two
// revisions.
func (t *tester) both(q contacts.HistoryQuery, all []contacts.Event) {
	bounds := []uint64{0}
	for i := 0; i < len(all); i += 2 {
		bounds = append(bounds, all[i].Revision, all[i].Revision+1)
	}
	for _, q.After = range bounds {
		for _, q.Before = range bounds {
			for _, q.Limit = range []int{0, 3} {
				var want []contacts.Event
				for _, e := range all {
					if e.Revision > q.After && (q.Before == 0 || e.Revision < q.Before) {
						want = append(want, e)
					}
				}
				limit := len(want)
				if q.Limit > 0 {
					limit = min(limit, q.Limit)
				}
				q.Reverse = false
				es, err := t.s.History(t.ctx, t.scope, q)
				t.ok(err, "History(%+v)", q)
				t.equal(fmt.Sprintf("History(%+v)", q), es, want[:limit])
				slices.Reverse(want)
				q.Reverse = true
				es, err = t.s.History(t.ctx, t.scope, q)
				t.ok(err, "History(%+v)", q)
				t.equal(fmt.Sprintf("History(%+v)", q), es, want[:limit])
			}
		}
	}
}

func feedPages(t *tester) {
	const n = 130
	for i := 0; i < n; i += 13 {
		var ws []contacts.Write
		for k := i; k < i+13; k++ {
			ws = append(ws, person(fmt.Sprint("c", k), "Ann Lee"))
		}
		t.apply(ws...)
	}
	for _, limit := range []int{1, 7, 50, 129, 130, 131} {
		var got []uint64
		for after := uint64(0); ; {
			es, err := t.s.Events(t.ctx, t.scope, after, limit)
			t.ok(err, "Events(%d, limit %d)", after, limit)
			t.want(len(es) == min(limit, n-int(after)), "Events(%d, limit %d): got %d", after, limit, len(es))
			if len(es) == 0 {
				break
			}
			got = append(got, revisions(es)...)
			t.want(got[len(got)-1] > after, "Events(%d, limit %d): got revisions %v", after, limit, revisions(es))
			after = got[len(got)-1]
		}
		t.equal("number of events", len(got), n)
		for i, r := range got {
			t.want(r == uint64(i+1), "Events, %d a page: revision %d stands at place %d", limit, r, i+1)
		}
	}
	for _, after := range []uint64{n, n + 1, 1 << 40, 1 << 63, 1<<64 - 1} {
		es, err := t.s.Events(t.ctx, t.scope, after, 10)
		t.ok(err, "Events(%d)", after)
		t.want(len(es) == 0, "Events(%d): got %d where there is no news", after, len(es))
	}
}

func historyOfContact(t *tester) {
	t.apply(person("c1", "Ann 0", 11), person("c2", "Bo Ek", 22), person("c10", "Other"))
	rev := uint64(1)
	for i := range 20 {
		rev = t.apply(at(rev, person("c1", fmt.Sprint("Ann ", i+1), 11)), person(fmt.Sprint("d", i), "Noise")).Revisions[0]
	}
	var want []contacts.Event
	for _, e := range t.events(0) {
		if e.ID == "c1" {
			t.equal("name at an event", e.Contact.FullName, fmt.Sprint("Ann ", len(want)))
			want = append(want, e)
		}
	}
	t.equal("number of events of the contact", len(want), 21)
	t.equal("History", t.history(contacts.HistoryQuery{ID: "c1"}), want)
	t.equal("History, 4 a page", t.history(contacts.HistoryQuery{ID: "c1", Limit: 4}), want)
	t.equal("History after a revision", t.history(contacts.HistoryQuery{ID: "c1", After: want[7].Revision}), want[8:])
	t.equal("History after a revision between", t.history(contacts.HistoryQuery{ID: "c1", After: want[7].Revision + 1}), want[8:])
	es, err := t.s.History(t.ctx, t.scope, contacts.HistoryQuery{ID: "c1", After: want[3].Revision, Limit: 5})
	t.ok(err, "History")
	t.equal("one page of History", es, want[4:9])
	t.both(contacts.HistoryQuery{ID: "c1"}, want)
	t.equal("History of an id that is not there", len(t.history(contacts.HistoryQuery{ID: "c"})), 0)
}

func historyOfLine(t *tester) {
	var want []uint64
	for _, c := range []struct {
		moved  bool
		writes []contacts.Write
	}{
		{true, []contacts.Write{person("c1", "Ann Lee", 77)}},                                        // 1
		{false, []contacts.Write{at(1, person("c1", "Anna Lee", 77))}},                               // 2 holds it still
		{false, []contacts.Write{person("c2", "Bo Ek", 22)}},                                         // 3
		{true, []contacts.Write{at(2, person("c1", "Anna Lee", 11))}},                                // 4 ceases
		{true, []contacts.Write{sharing(person("c3", "Cy Ito"), 77)}},                                // 5 shares
		{true, []contacts.Write{at(3, person("c2", "Bo Ek", 22, 77))}},                               // 6 claims
		{false, []contacts.Write{at(6, person("c2", "Bo Eck", 77))}},                                 // 7
		{true, []contacts.Write{at(7, person("c2", "Bo Eck")), at(4, person("c1", "Anna Lee", 77))}}, // 8, 9 passed on
		{true, []contacts.Write{at(9, inactive(contacts.Inactive, person("c1", "Anna Lee", 77)))}},   // 10
		{true, []contacts.Write{at(5, person("c3", "Cy Ito")), person("c4", "Di Oh", 77)}},           // 11, 12
	} {
		if a := t.apply(c.writes...); c.moved {
			want = append(want, a.Revisions...)
		}
	}
	var events []contacts.Event
	for _, e := range t.events(0) {
		if slices.Contains(want, e.Revision) {
			events = append(events, e)
		}
	}
	t.equal("revisions of History of the line", revisions(t.history(contacts.HistoryQuery{Line: 77})), want)
	t.equal("History of the line", t.history(contacts.HistoryQuery{Line: 77}), events)
	t.equal("History of the line, 2 a page", t.history(contacts.HistoryQuery{Line: 77, Limit: 2}), events)
	t.equal("History of the line after a revision", t.history(contacts.HistoryQuery{Line: 77, After: want[2]}), events[3:])
	t.both(contacts.HistoryQuery{Line: 77}, events)
	t.equal("History of another line", revisions(t.history(contacts.HistoryQuery{Line: 22})), []uint64{3, 7})
	t.equal("History of a line that nobody held", len(t.history(contacts.HistoryQuery{Line: 7})), 0)
}

func historyOfKinds(t *tester) {
	both := at(3, person("c2", "Bo Ek", 11, 77))
	t.apply(person("c1", "Ann Lee", 77))                                                        // 1 begins
	t.apply(at(1, sharing(person("c1", "Ann Lee"), 77)))                                        // 2
	t.apply(sharing(person("c2", "Bo Ek", 11), 77))                                             // 3 begins
	t.apply(both)                                                                               // 4
	t.apply(at(4, sharing(person("c2", "Bo Ek", 11), 77)), at(2, person("c1", "Ann Lee", 77)))  // 5 and 6
	t.apply(at(6, inactive(contacts.Inactive, sharing(person("c1", "Ann Lee"), 77))))           // 7
	t.apply(at(7, inactive(contacts.Inactive, person("c1", "Ann Lee"))))                        // 8 ceases
	t.apply(at(5, mergedInto("c1", sharing(person("c2", "Bo Ek"), 11))))                        // 9 ceases
	t.apply(at(8, person("c1", "Ann Lee", 77)), at(9, mergedInto("c1", person("c2", "Bo Ek")))) // 10 begins
	t.equal("revisions of History of the line", revisions(t.history(contacts.HistoryQuery{Line: 77})), []uint64{1, 3, 8, 9, 10})
	t.equal("revisions of History of the other line", revisions(t.history(contacts.HistoryQuery{Line: 11})), []uint64{3, 11})
}
