package storetest

import (
	"errors"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var indexRules = []rule{
	{
		"index/fence",
		"the scope's first batch sets the index version; a batch of another is refused with *IndexError",
		indexFence,
	},
	{
		"index/begin",
		"IndexBegin makes its version the one expected: batches of the old one are refused from then on; begun again it is no error",
		indexBegin,
	},
	{
		"index/reindex",
		"Reindex replaces the Keys and leaves the contact, its revision and the feed as they are",
		reindex,
	},
	{
		"index/stale reindex",
		"a Reindex of a contact whose revision has moved on is passed over",
		staleReindex,
	},
	{
		"index/work goes on",
		"during a change contacts not yet brought over claim the lines of their old Keys, those brought over the lines of the new ones",
		betweenVersions,
	},
	{
		"index/unaware",
		"between IndexBegin and IndexEnd a batch with a Put and without Reindexing is refused with *IndexError of one version; others are not",
		unaware,
	},
	{
		"index/kept",
		"a line that another contact claims is claimed by Reindex all the same, and reported in Applied.Kept",
		reindexKept,
	},
}

var newIndex = contacts.IndexVersion{Generation: 4, Fingerprint: 1}

// step is a batch of the new index version, by somebody who knows of its change.
func step(phase contacts.IndexPhase, ws ...contacts.Write) contacts.Batch {
	return contacts.Batch{Index: newIndex, Phase: phase, Reindexing: true, Writes: ws}
}

// over is a Reindex with the Keys of w.
func over(revision uint64, w contacts.Write) contacts.Write {
	return contacts.Write{Kind: contacts.Reindex, Contact: contacts.Contact{ID: w.Contact.ID}, Revision: revision, Keys: w.Keys}
}

func (t *tester) fenced(err error, have, want contacts.IndexVersion) {
	t.is(err, "batch of another index version", contacts.ErrStaleIndex)
	var ie *contacts.IndexError
	t.want(errors.As(err, &ie), "batch of another index version: got %T, want *contacts.IndexError", err)
	t.equal("*IndexError", *ie, contacts.IndexError{Have: have, Want: want})
	t.want(errors.Is(err, contacts.ErrNewer) == (want.Generation > have.Generation), "is it ErrNewer: got %t", errors.Is(err, contacts.ErrNewer))
}

func indexFence(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	for _, other := range []contacts.IndexVersion{
		{},
		{Generation: index.Generation - 1, Fingerprint: index.Fingerprint},
		{Generation: index.Generation + 1, Fingerprint: index.Fingerprint},
		{Generation: index.Generation, Fingerprint: index.Fingerprint + 1},
	} {
		b := batch(person("c2", "Bo Ek", 22))
		b.Index = other
		t.fenced(t.refusedBatch(b), other, index)
		t.equal("Stat.Index", t.stat().Index, index)
	}
	// Every scope has its own.
	u := t.in(home.Account, "sales")
	b := batch(person("c2", "Bo Ek", 22))
	b.Index = contacts.IndexVersion{Generation: 1, Fingerprint: 2}
	u.applyBatch(b)
	t.equal("Stat.Index of another scope", u.stat().Index, b.Index)
	t.apply(person("c2", "Bo Ek", 22))
}

func indexBegin(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.want(!t.stat().Reindexing && !t.page(contacts.Query{}).Reindexing, "Stat or Page is Reindexing before IndexBegin")
	for range 2 {
		t.applyBatch(step(contacts.IndexBegin))
		st := t.stat()
		t.want(st.Reindexing && st.Index == newIndex, "Stat after IndexBegin: got Reindexing %t, Index %v", st.Reindexing, st.Index)
		p := t.page(contacts.Query{})
		t.want(p.Reindexing && p.Index == newIndex, "Page after IndexBegin: got Reindexing %t, Index %v", p.Reindexing, p.Index)
		t.fenced(t.refused(person("c2", "Bo Ek", 22)), index, newIndex)
	}
	// Work goes on.
	t.applyBatch(step(contacts.IndexSame, person("c2", "Bo Ek", 22)))
	t.is(t.refusedBatch(step(contacts.IndexSame, person("c3", "Cy Ito", 11))), "refusal", contacts.ErrDuplicateNumber)
	t.applyBatch(step(contacts.IndexEnd))
	st := t.stat()
	t.want(!st.Reindexing && st.Index == newIndex, "Stat after IndexEnd: got Reindexing %t, Index %v", st.Reindexing, st.Index)
	p := t.page(contacts.Query{})
	t.want(!p.Reindexing && p.Index == newIndex, "Page after IndexEnd: got Reindexing %t, Index %v", p.Reindexing, p.Index)
	t.fenced(t.refused(person("c3", "Cy Ito", 33)), index, newIndex)
	t.applyBatch(step(contacts.IndexSame, person("c3", "Cy Ito", 33)))
	t.holders(11, "c1")
}

func reindex(t *tester) {
	w1 := full("c1", 11, 12)
	w1.Contact.FirstName, w1.Contact.LastName, w1.Keys.Words = "Ann", "Lee", words("ann lee")
	t.apply(w1, sharing(person("c2", "Bo Ek", 22), 77))
	contact, feed := t.get("c1"), t.events(0)
	t.applyBatch(step(contacts.IndexBegin))
	w := sharing(person("c1", "Zoe Quill", 511), 88)
	a := t.applyBatch(step(contacts.IndexSame, over(1, w)))
	t.equal("Applied", a, contacts.Applied{Revisions: []uint64{1}, IDs: []string{"c1"}, Last: 2, Epoch: a.Epoch})
	t.applyBatch(step(contacts.IndexSame, over(2, person("c2", "Bo Ek", 522))))
	t.applyBatch(step(contacts.IndexEnd))

	t.equal("Get after Reindex", t.get("c1"), contact)
	t.equal("Find after Reindex", t.find(contacts.Query{Lines: []phone.Line{511}}), []contacts.Hit{{Contact: contact, Created: 1, Line: 511}})
	after := t.events(0)
	for i := range after { // what an event's Lines are after Reindex is left open
		after[i].Lines = feed[i].Lines
	}
	t.equal("Events after Reindex", after, feed)
	t.equal("Stat.Last", t.stat().Last, uint64(2))
	t.holders(511, "c1")
	t.holders(88, "c1")
	t.holders(77)
	t.holders(11)
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "quill"}}}, "c1")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "ann"}}})
	t.finds(contacts.Query{Prefixes: []string{"51"}}, "c1")
	t.finds(contacts.Query{}, "c2", "c1")
	t.finds(contacts.Query{Order: contacts.ByChange}, "c1", "c2")
}

func staleReindex(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexSame, at(1, person("c1", "Anna Lee", 511)), purge(3, "c3")))
	a := t.applyBatch(step(contacts.IndexSame,
		over(1, person("c1", "Ann Lee", 911)),
		over(2, person("c2", "Bo Ek", 522)),
		over(3, person("c3", "Cy Ito", 533)),
	))
	t.equal("Applied.Revisions of the contacts that are there", a.Revisions[:2], []uint64{4, 2})
	t.applyBatch(step(contacts.IndexEnd))
	t.holders(511, "c1")
	t.holders(911)
	t.holders(522, "c2")
	t.holders(533)
	t.gone("c3")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "anna"}}}, "c1")
	t.equal("Stat.Last", t.stat().Last, uint64(5))
}

func betweenVersions(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexSame, over(1, person("c1", "Ann Lee", 511))))
	t.applyBatch(step(contacts.IndexSame, over(1, person("c1", "Ann Lee", 511)))) // resumed
	t.holders(511, "c1")
	t.holders(11)
	t.holders(22, "c2")
	for line, holder := range map[phone.Line]contacts.Refusal{511: heldBy(0, 511, "c1", "Ann Lee"), 22: heldBy(0, 22, "c2", "Bo Ek")} {
		t.duplicates(t.refusedBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", line))), holder)
	}
	t.applyBatch(step(contacts.IndexSame, at(1, noting(person("c1", "Ann Lee", 511), "edited"))))
	t.applyBatch(step(contacts.IndexSame, over(2, person("c2", "Bo Ek", 522))))
	t.applyBatch(step(contacts.IndexEnd))
	t.applyBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", 11, 22)))
	t.holders(522, "c2")
}

func unaware(t *tester) {
	t.applyBatch(step(contacts.IndexSame, person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33)))
	not := func(phase contacts.IndexPhase, ws ...contacts.Write) contacts.Batch {
		b := step(phase, ws...)
		b.Reindexing = false
		return b
	}
	t.applyBatch(not(contacts.IndexBegin, person("c4", "Di Oh", 44)))
	for name, b := range map[string]contacts.Batch{
		"of a new contact": not(contacts.IndexSame, person("c5", "Ed Fox", 55)),
		"of no change":     not(contacts.IndexSame, at(1, person("c1", "Ann Lee", 11))),
		"beside others":    not(contacts.IndexSame, purge(3, "c3"), over(1, person("c1", "Ann Lee", 511)), at(2, person("c2", "Bo Eck", 22))),
		"that is refused":  not(contacts.IndexSame, person("c5", "Ed Fox", 11)),
	} {
		for _, b.Each = range []bool{false, true} {
			b.Op = "op"
			before := t.stat()
			err := t.refusedBatch(b)
			t.fenced(err, newIndex, newIndex)
			t.want(!errors.Is(err, contacts.ErrDuplicateNumber), "a Put %s: got also %v", name, err)
			t.equal("Stat after a Put "+name, t.stat(), before)
		}
	}
	settings := not(contacts.IndexSame)
	settings.Settings = []byte("s")
	t.applyBatch(settings)
	t.applyBatch(not(contacts.IndexBegin))
	t.applyBatch(not(contacts.IndexSame, over(1, person("c1", "Ann Lee", 511)), purge(3, "c3")))
	b := step(contacts.IndexSame, person("c5", "Ed Fox", 55))
	b.Op = "op"
	t.applyBatch(b)
	b.Reindexing = false
	t.want(t.applyBatch(b).Repeated, "the same Op without Reindexing: got no Repeated")
	t.applyBatch(not(contacts.IndexEnd, at(2, person("c2", "Bo Eck", 22))))
	t.applyBatch(not(contacts.IndexSame, person("c6", "Flo Gray", 11)))
}

func reindexKept(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexSame, over(1, person("c1", "Ann Lee", 500))))
	a := t.applyBatch(step(contacts.IndexSame, over(3, person("c3", "Cy Ito", 533)), over(2, person("c2", "Bo Ek", 500))))
	t.refusals("Applied.Kept", a.Kept, heldBy(1, 500, "c1", "Ann Lee"))
	t.applyBatch(step(contacts.IndexEnd))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
	t.finds(contacts.Query{Duplicates: true}, "c1", "c2")
	t.is(t.refusedBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", 500))), "new claim", contacts.ErrDuplicateNumber)
	// The old lines are free.
	t.applyBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", 11, 22, 33)))
}
