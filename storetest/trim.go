package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts"
)

var trimRules = []rule{
	{
		"trim/feed",
		"Trim drops events up to and including a revision; a reader from before gets a *TrimmedError that tells what is left",
		trimFeed,
	},
	{
		"trim/present",
		"what is a contact's present state stays: it is found, listed and changed as before",
		trimPresent,
	},
	{
		"trim/purged",
		"Get tells of a contact that was purged for as long as the scope is there, whatever was trimmed",
		trimPurged,
	},
	{
		"trim/ops",
		"an Op is remembered until Trim passes its revisions",
		trimOps,
	},
	{
		"trim/again",
		"Trim to what is gone already changes nothing, and a scope trimmed to its end goes on",
		trimAgain,
	},
}

func (t *tester) trim(upTo uint64) {
	err := contacts.Trim(t.ctx, t.s, t.scope, upTo)
	t.need(!errors.Is(err, contacts.ErrUnsupported), "Trimmer")
	t.ok(err, "Trim(%d)", upTo)
}

func (t *tester) trimmed(after, first uint64) {
	es, err := t.s.Events(t.ctx, t.scope, after, 10)
	t.want(err != nil, "Events(%d) where those up to %d were trimmed: got %d, want ErrTrimmed", after, first, len(es))
	t.is(err, fmt.Sprintf("Events(%d) where those up to %d were trimmed", after, first), contacts.ErrTrimmed)
	var te *contacts.TrimmedError
	t.want(errors.As(err, &te), "got %T, want *contacts.TrimmedError", err)
	t.equal("*TrimmedError", *te, contacts.TrimmedError{After: after, First: first})
}

func trimFeed(t *tester) {
	t.apply(person("c1", "Ann 0", 11), person("c2", "Bo Ek", 22))
	other := t.in("acme", "other")
	other.apply(person("c1", "Ann 0", 11))
	rev := uint64(1)
	for i := range 8 {
		rev = t.apply(at(rev, person("c1", fmt.Sprint("Ann ", i+1), 11))).Revisions[0] // 3 .. 10
	}
	whole := t.events(0)
	t.trim(6)
	st := t.stat()
	t.equal("Stat.First and Last", []uint64{st.First, st.Last}, []uint64{6, 10})
	for _, after := range []uint64{0, 1, 5} {
		t.trimmed(after, 6)
	}
	for _, after := range []uint64{6, 7, 9, 10, 11} {
		t.equal(fmt.Sprintf("Events(%d)", after), t.events(after), whole[min(after, 10):])
	}
	var left []contacts.Event
	for _, e := range t.history(contacts.HistoryQuery{ID: "c1"}) {
		if e.Revision > 6 { // whether older ones are all gone is left open
			left = append(left, e)
		}
	}
	t.equal("History of what is left", left, whole[6:])
	t.equal("Stat.First of another scope", other.stat().First, uint64(0))
	t.equal("number of events of another scope", len(other.events(0)), 1)
}

func trimPresent(t *tester) {
	t.apply(sharing(person("c1", "Ann Lee", 11), 77), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.apply(at(2, person("c2", "Bo Eck", 22)))
	t.apply(purge(3, "c3"))
	c1, c2 := t.get("c1"), t.get("c2")
	t.trim(5)
	t.equal("Get of a contact that has not changed since", t.get("c1"), c1)
	t.equal("Get of a contact that has", t.get("c2"), c2)
	t.gone("c3")
	t.finds(contacts.Query{Order: contacts.ByChange}, "c1", "c2")
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c1", "c2")
	t.finds(contacts.Query{}, "c1", "c2")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "ann"}}}, "c1")
	t.holders(11, "c1")
	t.holders(77, "c1")
	t.duplicates(t.refused(person("c4", "Di Oh", 11)), heldBy(0, 11, "c1", "Ann Lee"))
	t.is(t.refused(person("c3", "Cy Ito", 33)), "Put of a purged id after Trim", contacts.ErrExists)

	a := t.apply(at(1, person("c1", "Ann Lee", 11)), at(4, person("c2", "Bo Eck", 22))) // the second a no-op
	t.equal("Applied.Revisions", a.Revisions, []uint64{6, 4})
	t.equal("revisions of the feed", revisions(t.events(5)), []uint64{6})
	t.finds(contacts.Query{Order: contacts.ByChange}, "c2", "c1")
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c1", "c2")
	t.apply(purge(4, "c2"))
	t.gone("c2")
	es := t.events(5)
	t.want(len(es) == 2 && es[1].Purged && es[1].Blank, "events after Trim and Purge: got %+v", es)
	t.equal("Created of events of what was created before", positions(es), []uint64{1, 2})
}

func trimPurged(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.apply(at(2, mergedInto("c1", person("c2", "Bo Ek")))) // 4
	c2 := contacts.PurgedError{ID: "c2", At: day.Add(time.Hour), MergedInto: "c1"}
	t.apply(purgedAs(c2, 4))                          // 5
	for _, upTo := range []uint64{1, 2, 3, 4, 5, 5} { // 5 is the end
		t.trim(upTo)
		t.purged(c2)
	}
	t.apply(at(1, person("c1", "Anna Lee", 11, 22))) // 6
	c3 := contacts.PurgedError{ID: "c3", At: day.Add(time.Minute), MergedInto: "c1"}
	t.apply(purgedAs(c3, 3)) // 7
	t.trim(7)
	t.purged(c2)
	t.purged(c3)
	t.never("c4")
	t.is(t.refused(person("c2", "Bo Ek")), "Put of a purged id after Trim", contacts.ErrExists)
}

func trimOps(t *tester) {
	early := named("early", batch(person("c1", "Ann Lee", 11)))
	late := named("late", batch(person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33)))
	t.applyBatch(early)
	first := t.applyBatch(late) // 2, 3
	t.trim(1)
	a := t.applyBatch(late)
	first.Repeated = true
	t.equal("answer to an Op after what was trimmed", a, first)
	t.is(t.refusedBatch(early), "the batch of an Op that was trimmed: its contact exists", contacts.ErrExists)
	a = t.applyBatch(named("early", batch(person("c4", "Di Oh", 44)))) // is free for another payload
	t.want(!a.Repeated, "an Op that was trimmed: got Repeated")
	t.trim(3)
	t.is(t.refusedBatch(late), "the batch of an Op that was trimmed: its contacts exist", contacts.ErrExists)
}

func trimAgain(t *tester) {
	t.apply(person("c1", "Ann Lee"), person("c2", "Bo Ek"), person("c3", "Cy Ito"))
	t.trim(0)
	t.equal("Stat.First after Trim(0)", t.stat().First, uint64(0))
	t.trim(2)
	t.trim(1)
	t.trim(2)
	t.equal("Stat.First", t.stat().First, uint64(2))
	t.equal("revisions of the feed", revisions(t.events(2)), []uint64{3})
	t.trim(3)
	t.equal("Stat.First", t.stat().First, uint64(3))
	t.equal("number of events", len(t.events(3)), 0)
	t.trimmed(2, 3)
	t.finds(contacts.Query{Order: contacts.ByChange}, "c1", "c2", "c3")
	t.apply(at(1, person("c1", "Anna Lee")))
	t.equal("revisions of the feed", revisions(t.events(3)), []uint64{4})
	nobody := t.in("nobody", "")
	nobody.trim(7)
	t.equal("Scopes", t.scopes(), []contacts.Scope{home})
}
