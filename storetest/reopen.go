package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// reopenRules returns the cases of CheckReopen.
func reopenRules() []rule {
	return append([]rule{
		{
			"reopen/everything",
			"what was acknowledged before Close is there when the store is opened again: contacts, indexes, feed, history, counts, epoch",
			reopenEverything,
		},
		{
			"reopen/empty",
			"a store that was closed unused opens again, and so does one with a scope without contacts",
			reopenEmpty,
		},
		{
			"reopen/ops",
			"an Op is remembered across Close",
			reopenOps,
		},
		{
			"reopen/rules of the scope",
			"index version, UniqueBy, Settings, Trim and purged ids last across Close",
			reopenRulesOfScope,
		},
		{
			"reopen/cursor",
			"a cursor leads on after the store was opened again: scope, query and epoch are the same",
			reopenCursor,
		},
		{
			"reopen/change of index",
			"a change of the index version that Close interrupted is resumed",
			reopenIndex,
		},
		{
			"reopen/loaded",
			"what was loaded is there when the store is opened again",
			reopenLoaded,
		},
		{
			"reopen/under traffic",
			"what was acknowledged while the store was being closed is there when it is opened again",
			reopenTraffic,
		},
	}, reopenRandomRules...)
}

func reopenEverything(t *tester) {
	t.past()
	other := t.in("", "\x01\u00ff")
	other.create(paged("c", 60)...)
	other.apply(purge(7, "c6"))
	t.apply()
	epoch := t.stat().Epoch
	feed := t.events(0)
	one, two, scopes := t.reads(), other.reads(), t.scopes()
	for range 3 {
		t.reopen()
		other.s = t.s
		t.equal("Scopes", t.scopes(), scopes)
		t.equal("Stat.Epoch", t.stat().Epoch, epoch)
		t.equal("Events", t.events(0), feed)
		t.sameReads(t.reads(), one)
		t.sameReads(other.reads(), two)
	}
	t.duplicates(t.refused(person("c9", "Ivy Ox", 11)), heldBy(0, 11, "c1", "Anna Lee"))
	a := t.apply(at(11, person("c1", "Ann Lee", 12)), person("c9", "Ivy Ox", 11))
	t.equal("Applied.Revisions", a.Revisions, []uint64{15, 16})
	t.equal("Applied.Epoch", a.Epoch, epoch)
	t.reopen()
	t.holders(11, "c9")
}

func reopenEmpty(t *tester) {
	t.reopen()
	t.equal("Scopes", t.scopes(), []contacts.Scope(nil))
	a := t.apply()
	t.reopen()
	t.equal("Scopes", t.scopes(), []contacts.Scope{home})
	t.equal("Stat.Epoch", t.stat().Epoch, a.Epoch)
}

func reopenOps(t *tester) {
	b := named("op", batch(person("c1", "Ann Lee", 11), keeping(person("c2", "Bo Ek", 11))))
	want := t.applyBatch(b)
	want.Repeated, want.Kept = true, nil
	d := named("digest", batch(person("c3", "Cy Ito", 33)))
	d.Digest = []byte("\x00digest")
	t.applyBatch(d)
	for range 2 {
		t.reopen()
		t.equal("answer to the same Op after opening again", t.applyBatch(b), want)
		t.is(t.refusedBatch(named("op", batch(person("c4", "Di Oh")))), "the same Op with another payload", contacts.ErrOpReused)
		d.Writes = nil
		a, err := t.s.Apply(t.ctx, t.scope, d)
		t.ok(err, "the same Op and Digest after opening again")
		t.equal("its answer", a.IDs, []string{"c3"})
	}
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2, 3})
}

func reopenRulesOfScope(t *tester) {
	a, b := t.in("account", "a"), t.in("account", "b")
	first := by(contacts.UniqueByAccount, person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	first.Settings = []byte("settings")
	a.applyBatch(first)
	c2 := contacts.PurgedError{ID: "c2", At: day, MergedInto: "c1"}
	a.apply(purgedAs(c2, 2))
	err := contacts.Trim(t.ctx, t.s, a.scope, 2)
	trims := !errors.Is(err, contacts.ErrUnsupported)
	if trims {
		t.ok(err, "Trim")
	}
	before := a.stat()
	t.reopen()
	a.s, b.s = t.s, t.s
	t.equal("Stat", a.stat(), before)
	a.purged(c2)
	b.never("c2")
	t.is(a.refused(person("c2", "Bo Ek", 22)), "Put of a purged id", contacts.ErrExists)
	t.is(b.refusedBatch(by(contacts.UniqueByStream)), "batch of another measure", contacts.ErrUniqueBy)
	t.duplicates(b.refused(person("c1", "Ann Lee", 11)), contacts.Refusal{Line: 11, Earlier: -1})
	stale := batch(person("c3", "Cy Ito"))
	stale.Index = newIndex
	a.fenced(a.refusedBatch(stale), newIndex, index)
	if trims {
		a.trimmed(1, 2)
	}
}

func reopenCursor(t *tester) {
	t.apply(append(paged("c", 12), paged("d", 12)...)...)
	type open struct {
		q    contacts.Query
		rest []contacts.Hit
	}
	var all []open
	for _, q := range queries() {
		q.Limit = 5
		q.Cursor = t.page(q).Next
		all = append(all, open{q, t.find(q)})
	}
	t.reopen()
	for _, o := range all {
		t.equal(fmt.Sprintf("Find(%s)", show(o.q)), t.find(o.q), o.rest)
	}
}

func reopenIndex(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexSame, over(1, person("c1", "Ann Lee", 511))))
	t.reopen()
	st := t.stat()
	t.want(st.Reindexing && st.Index == newIndex, "Stat: got Reindexing %t, Index %v", st.Reindexing, st.Index)
	t.fenced(t.refused(person("c9", "Ivy Ox")), index, newIndex)
	for line, holder := range map[phone.Line]contacts.Refusal{511: heldBy(0, 511, "c1", "Ann Lee"), 22: heldBy(0, 22, "c2", "Bo Ek")} {
		t.duplicates(t.refusedBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", line))), holder)
	}
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexSame, over(1, person("c1", "Ann Lee", 511)), over(2, person("c2", "Bo Ek", 522))))
	t.applyBatch(step(contacts.IndexEnd))
	t.reopen()
	t.want(!t.stat().Reindexing, "Stat.Reindexing after IndexEnd: got true")
	t.applyBatch(step(contacts.IndexSame, person("c9", "Ivy Ox", 11, 22)))
	t.holders(511, "c1")
	t.holders(522, "c2")
}

func reopenLoaded(t *tester) {
	l := t.loader()
	rs := t.past()
	st := t.stat()
	u := t.in("loaded", "scope")
	_, err := l.Load(t.ctx, u.scope, contacts.LoadHead{Last: st.Last, Index: st.Index, Settings: st.Settings}, records(rs, nil))
	t.ok(err, "Load")
	want := t.reads()
	t.reopen()
	u.s = t.s
	t.sameReads(u.reads(), want)
	t.sameReads(t.reads(), want)
}

func reopenTraffic(t *tester) {
	acknowledged := t.traffic()
	t.closed = false
	t.reopen()
	var got []string
	for _, h := range t.find(contacts.Query{Limit: contacts.MaxLimit}) {
		got = append(got, h.Contact.ID)
	}
	slices.Sort(got)
	for _, id := range acknowledged {
		_, ok := slices.BinarySearch(got, id)
		t.want(ok, "contact %s, whose creation was acknowledged, is not there", id)
	}
	t.want(len(got) == len(acknowledged), "%d contacts are there, %d were acknowledged", len(got), len(acknowledged))
}
