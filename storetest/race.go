package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var raceRules = []rule{
	{
		"race/one number",
		"of 64 creates of one number at once exactly one wins, and each of the others is told that one as the holder",
		oneNumber,
	},
	{
		"race/one id",
		"of creates of one id at once exactly one wins, and the others are told that it exists",
		oneID,
	},
	{
		"race/swaps",
		"numbers passed on in batches at once are claimed by one contact each, and none is lost",
		swapsAtOnce,
	},
	{
		"race/own writes",
		"a read that begins after an Apply returned sees it",
		ownWrites,
	},
	{
		"race/whole batches",
		"a read sees the state after some Apply, whole: what a batch writes together is seen together",
		wholeBatches,
	},
	{
		"race/feed",
		"under concurrent writes the feed has no gap and no repeat, and shows nobody an older state after a newer one",
		feedAtOnce,
	},
}

func oneNumber(t *tester) {
	const goroutines = 64
	for round := range 4 {
		line := phone.Line(1000 + round)
		id := func(i int) string { return fmt.Sprintf("c%d-%d", round, i) }
		var winner atomic.Int32
		var wins atomic.Int32
		errs := make([]error, goroutines)
		t.parallel(goroutines, func(i int) {
			_, err := t.s.Apply(t.ctx, t.scope, batch(person(id(i), fmt.Sprint("Name ", i), line)))
			if errs[i] = err; err == nil {
				wins.Add(1)
				winner.Store(int32(i))
			}
		})
		t.equal("creates of one number that succeeded", wins.Load(), int32(1))
		w := int(winner.Load())
		for i, err := range errs {
			if i != w {
				t.duplicates(err, heldBy(0, line, id(w), fmt.Sprint("Name ", w)))
				t.gone(id(i))
			}
		}
		t.holders(line, id(w))
		t.equal("Stat.Active", t.stat().Active, uint64(round+1))
		t.equal("Stat.Last", t.stat().Last, uint64(round+1))
	}
}

func oneID(t *tester) {
	const goroutines = 16
	var wins atomic.Int32
	t.parallel(goroutines, func(i int) {
		_, err := t.s.Apply(t.ctx, t.scope, batch(person("c1", fmt.Sprint("Name ", i), phone.Line(i+1))))
		if err == nil {
			wins.Add(1)
			return
		}
		t.conflicts(err, contacts.RevisionConflict{Index: 0, ID: "c1", Read: 0, Present: 1})
	})
	t.equal("creates of one id that succeeded", wins.Load(), int32(1))
	t.equal("lines in the book", len(t.find(contacts.Query{Lines: []phone.Line{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}})), 1)
}

func swapsAtOnce(t *tester) {
	const people, workers, each = 6, 6, 20
	var all []phone.Line
	for i := range people {
		all = append(all, phone.Line(100+i))
		t.apply(person(fmt.Sprint("c", i), "Name", all[i]))
	}
	lineOf := func(c contacts.Contact) phone.Line {
		n, err := strconv.ParseUint(c.CellPhone.Number[1:], 10, 64)
		t.ok(err, "number of %s", c.ID)
		return phone.Line(n)
	}
	t.parallel(workers, func(i int) {
		for k := range each {
			for try := 0; ; try++ {
				a := t.get(fmt.Sprint("c", (i+k)%people))
				b := t.get(fmt.Sprint("c", (i+k+1+try%(people-1))%people))
				_, err := t.s.Apply(t.ctx, t.scope, batch(
					at(a.Revision, person(a.ID, "Name", lineOf(b))),
					at(b.Revision, person(b.ID, "Name", lineOf(a))),
				))
				if err == nil {
					break
				}
				// Who read a and b at different times has no right to them.
				if !errors.Is(err, contacts.ErrConflict) {
					t.is(err, "swap", contacts.ErrDuplicateNumber)
				}
			}
			hits := t.find(contacts.Query{Lines: all})
			t.want(len(hits) == people, "amid swaps %d lines are held %d times: %v", people, len(hits), holding(hits))
		}
	})
	hits := t.find(contacts.Query{Lines: all})
	t.equal("holders of all lines, sorted", slices.Sorted(slices.Values(ids(hits))), []string{"c0", "c1", "c2", "c3", "c4", "c5"})
	t.equal("Stat.Last", t.stat().Last, uint64(people+2*workers*each))
}

func ownWrites(t *tester) {
	const writers, each = 8, 15
	t.parallel(writers, func(i int) {
		id := fmt.Sprint("c", i)
		var rev uint64
		for k := range each {
			name := fmt.Sprintf("Name%dx%d", i, k)
			line := phone.Line(1000 + i*100 + k)
			a := t.apply(at(rev, person(id, name, line)))
			rev = a.Revisions[0]
			t.want(t.stat().Last >= rev, "Stat.Last is older than the Apply before it")
			t.equal("name by Get after Apply", t.get(id).FullName, name)
			t.holders(line, id)
			t.holders(line - 1)
			t.finds(contacts.Query{Words: []contacts.Term{{Text: words(name)[0].Text, Whole: true}}}, id)
			es, err := t.s.Events(t.ctx, t.scope, rev-1, 1)
			t.ok(err, "Events(%d)", rev-1)
			t.want(len(es) == 1 && es[0].Revision == rev && es[0].ID == id, "Events(%d) after Apply: got %+v", rev-1, es)
			es = t.history(contacts.HistoryQuery{ID: id, After: rev - 1})
			t.want(len(es) == 1 && es[0].Revision == rev, "History after Apply: got %d events", len(es))
		}
	})
}

func wholeBatches(t *tester) {
	const rounds = 60
	state := func(n int) []contacts.Write {
		lines := []phone.Line{phone.Line(1000 + n), phone.Line(5000 + n%2)}
		return []contacts.Write{
			noting(person("a", "Name", lines...), fmt.Sprint(n)),
			noting(person("b", "Name", phone.Line(2000+n)), fmt.Sprint(n)),
			noting(person(fmt.Sprint("x", n), "Passing"), fmt.Sprint(n)),
		}
	}
	a := t.apply(state(0)...)
	done := make(chan struct{})
	t.parallel(4, func(i int) {
		if i == 0 {
			defer close(done)
			for n := 1; n <= rounds; n++ {
				ws := state(n)
				a = t.apply(at(a.Revisions[0], ws[0]), at(a.Revisions[1], ws[1]), ws[2],
					purge(a.Revisions[2], fmt.Sprint("x", n-1)))
			}
			return
		}
		for {
			select {
			case <-done:
				return
			default:
			}
			order := []contacts.Query{{}, {Order: contacts.ByChange}, {Words: []contacts.Term{{Text: "na"}}}, {Order: contacts.ByCreation}}[i]
			order.Limit = 10
			p := t.page(order)
			var notes []string
			for _, h := range p.Hits {
				notes = append(notes, h.Contact.Notes)
			}
			t.want(p.Partial || len(notes) >= 2, "amid batches Find has %d contacts of those that are always there", len(notes))
			t.want(len(slices.Compact(notes)) <= 1, "amid batches Find has contacts of different batches: %v", notes)
			st := t.stat()
			t.want(st.Active == 3 && st.Duplicates == 0, "amid batches Stat has %d active, %d duplicates", st.Active, st.Duplicates)
			t.want((st.Last-3)%4 == 0, "amid batches Stat.Last is %d, in the middle of one", st.Last)
			held := t.page(contacts.Query{Lines: []phone.Line{5000, 5001}})
			t.want(len(held.Hits) == 1 && held.Hits[0].Contact.ID == "a", "amid batches two lines, one always held, have %d holders", len(held.Hits))
			es, err := t.s.Events(t.ctx, t.scope, 0, contacts.MaxLimit)
			t.ok(err, "Events")
			t.want((len(es)-3)%4 == 0, "amid batches Events ends in the middle of one, at %d", len(es))
		}
	})
}

func feedAtOnce(t *tester) {
	const writers, each, readers = 6, 25, 3
	const total = writers * each * 2
	t.parallel(writers+readers, func(i int) {
		if i < writers {
			var rev uint64
			for k := range each {
				a := t.apply(
					at(rev, noting(person(fmt.Sprint("c", i), "Name", phone.Line(100+i)), fmt.Sprint(k))),
					person(fmt.Sprintf("d%d-%d", i, k), "Other"),
				)
				rev = a.Revisions[0]
				t.want(a.Revisions[1] == rev+1, "a batch has revisions %v", a.Revisions)
			}
			return
		}
		var after uint64
		last := map[string]int{}
		for after < total {
			news := t.stat().Last > after
			es, err := t.s.Events(t.ctx, t.scope, after, []int{1, 7, 1000}[i%3])
			t.ok(err, "Events(%d)", after)
			for _, e := range es {
				t.want(e.Revision == after+1, "amid writes the feed goes on with revision %d after %d", e.Revision, after)
				after = e.Revision
				if e.ID[0] == 'c' {
					k, err := strconv.Atoi(e.Contact.Notes)
					t.want(err == nil && k == last[e.ID], "event %d of %s has state %q, want %d", e.Revision, e.ID, e.Contact.Notes, last[e.ID])
					last[e.ID]++
				}
			}
			t.want(len(es) > 0 || !news, "amid writes the feed has nothing after revision %d, but Stat.Last was greater", after)
			t.want(t.stat().Last >= after, "Stat.Last is older than events that were read before")
		}
	})
	t.equal("Stat.Last", t.stat().Last, uint64(total))
}
