package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var loadRules = []rule{
	{
		"load/like Apply",
		"a scope that was loaded answers every read as the one that it was taken from, revisions, order and past included",
		loadLikeApply,
	},
	{
		"load/not empty",
		"Load of a scope that has events is ErrNotEmpty and changes nothing; of one that has none it works",
		loadNotEmpty,
	},
	{
		"load/all or nothing",
		"an error in the sequence ends the load, is returned, and leaves nothing behind",
		loadBroken,
	},
	{
		"load/reading",
		"the sequence may read the store: a scope is copied within one",
		loadReading,
	},
	{
		"load/duplicates",
		"duplicates are refused as by Apply, counting records, unless the record keeps them",
		loadDuplicates,
	},
	{
		"load/gaps",
		"the feed that is loaded begins after LoadHead.First and goes on after LoadHead.Last",
		loadTrimmed,
	},
	{
		"load/unique by account",
		"Load abides by the numbers of the account's other streams and its measure of uniqueness",
		loadAccount,
	},
}

func (t *tester) loader() contacts.Loader {
	l, ok := t.s.(contacts.Loader)
	if ok { // a load that breaks leaves nothing behind
		_, err := l.Load(t.ctx, t.scope, contacts.LoadHead{}, records(nil, errors.New("probe")))
		ok = !errors.Is(err, contacts.ErrUnsupported)
	}
	t.need(ok, "Loader")
	return l
}

// records yields rs, then err if there is one.
func records(rs []contacts.LoadRecord, err error) iter.Seq2[contacts.LoadRecord, error] {
	return func(yield func(contacts.LoadRecord, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(contacts.LoadRecord{}, err)
		}
	}
}

// record is the record of a contact that w created at a revision.
func record(revision uint64, w contacts.Write) contacts.LoadRecord {
	w.Contact.Revision = revision
	return contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys, KeepDuplicates: w.KeepDuplicates}
}

// reads returns all that a scope answers, for comparison. BatchEnd is left out:
// Load does not tell what was one batch.
func (t *tester) reads() map[string]any {
	unended := func(es []contacts.Event) []contacts.Event {
		for i := range es {
			es[i].BatchEnd = 0
		}
		return es
	}
	all := map[string]any{"Events": unended(t.events(t.stat().First))}
	for _, q := range []contacts.Query{
		{}, {Reverse: true}, {From: "m"}, {Order: contacts.ByCreation}, {Order: contacts.ByChange},
		{Lines: []phone.Line{11, 77, 88, 4711, 22}}, {Words: []contacts.Term{{Text: "n"}}},
		{Words: []contacts.Term{{Text: "ann", Typo: true}, {Text: "l"}}}, {Duplicates: true},
	} {
		q.Status = anyStatus
		all[fmt.Sprintf("Find(%s)", show(q))] = t.find(q)
	}
	for _, q := range []contacts.Query{{Prefixes: []string{"1"}}, {Suffix: "7"}} {
		hits := holding(t.find(q))
		slices.Sort(hits)
		all[fmt.Sprintf("Find(%s)", show(q))] = hits
	}
	for _, h := range t.find(contacts.Query{Status: anyStatus}) {
		id := h.Contact.ID
		all["Get of "+id] = t.get(id)
		all["History of "+id] = unended(t.history(contacts.HistoryQuery{ID: id}))
	}
	for _, e := range t.events(t.stat().First) {
		if e.Purged {
			all["Get of "+e.ID+", which was purged"] = t.purgedError(e.ID)
		}
	}
	for _, line := range []phone.Line{11, 77, 4711, 4712, 4713} {
		all[fmt.Sprintf("History of line %d", line)] = unended(t.history(contacts.HistoryQuery{Line: line}))
	}
	st := t.stat()
	st.Epoch = ""
	all["Stat"] = st
	return all
}

// sameReads compares what two scopes answered.
func (t *tester) sameReads(got, want map[string]any) {
	for what, w := range want {
		t.equal(what, got[what], w)
	}
}

// past fills a scope by Apply, and returns the records that make the same
// by Load.
func (t *tester) past() []contacts.LoadRecord {
	var rs []contacts.LoadRecord
	first := []contacts.Write{
		sharing(person("c1", "Ann Lee", 11, 12), 77), person("c2", "Bo Ngo", 22), sharing(person("c3", "Zoe Ann"), 77, 88),
		keeping(person("c4", "Nat Abe", 22, 4712)), full("c5", 4915111111111, 18005550100), person("c6", "", 4713),
	}
	second := map[int]contacts.Write{
		3: at(4, noting(keeping(person("c4", "Nat Abel", 22)), "lost one")),
		0: at(1, sharing(person("c1", "Anna Lee", 11), 88)),
		1: at(2, inactive(contacts.Inactive, person("c2", "Bo Ngo", 22))),
		5: at(6, mergedInto("c1", sharing(person("c6", "Nobody"), 4713))),
	}
	t.apply(first...)
	gone := t.apply(sharing(person("c7", "Secret Name", 4711), 77)) // 7
	gone = t.apply(at(gone.Last, person("c7", "Secret Name", 4711)))
	t.apply(purgedAs(contacts.PurgedError{ID: "c7", At: day, MergedInto: "c1"}, gone.Last)) // 9
	order := []int{3, 0, 5, 1}
	var ws []contacts.Write
	for _, i := range order {
		ws = append(ws, second[i])
	}
	b := batch(ws...)
	b.Settings = []byte("settings")
	t.applyBatch(b)
	b = batch(at(13, keeping(person("c2", "Bo Ngo", 22)))) // a duplicate again
	t.applyBatch(b)
	second[1] = b.Writes[0]

	for i, w := range first {
		if s, ok := second[i]; ok {
			w.Keys = s.Keys
		}
		r := contacts.LoadRecord{Keys: w.Keys, Created: uint64(i + 1), KeepDuplicates: true}
		es := t.history(contacts.HistoryQuery{ID: w.Contact.ID})
		last := len(es) - 1
		r.Contact, r.Past = es[last].Contact, es[:last]
		rs = append(rs, r)
	}
	es := t.history(contacts.HistoryQuery{ID: "c7"})
	last := len(es) - 1
	rs = append(rs, contacts.LoadRecord{Contact: es[last].Contact, Past: es[:last], Created: es[0].Revision, Purged: true})
	slices.Reverse(rs) // in no order that helps
	return rs
}

func loadLikeApply(t *tester) {
	l := t.loader()
	rs := t.past()
	st := t.stat()
	u := t.in("loaded", "scope")
	a, err := l.Load(t.ctx, u.scope, contacts.LoadHead{
		Last: st.Last, Index: st.Index, UniqueBy: st.UniqueBy, Settings: st.Settings,
	}, records(rs, nil))
	t.ok(err, "Load")
	t.equal("Applied.Last", a.Last, st.Last)
	t.want(a.Epoch != "" && a.Epoch != st.Epoch && a.Epoch == u.stat().Epoch, "Applied.Epoch: got %q", a.Epoch)
	t.sameReads(u.reads(), t.reads())

	// Both go on alike.
	for _, v := range []*tester{t, u} {
		v.duplicates(v.refused(person("c9", "Ivy Ox", 11)), heldBy(0, 11, "c1", "Anna Lee"))
		a := v.apply(at(11, person("c1", "Ann Lee", 11)), purge(10, "c4"), person("c9", "Ivy Ox", 4711))
		t.equal("Applied.Revisions after Load", a.Revisions, []uint64{15, 16, 17})
		v.is(v.refused(person("c7", "New Name")), "Put of a purged id", contacts.ErrExists)
	}
	t.sameReads(u.reads(), t.reads())
}

func loadNotEmpty(t *tester) {
	l := t.loader()
	t.apply(person("c1", "Ann Lee", 11))
	purged := t.in("purged", "")
	purged.apply(person("c1", "Ann Lee", 11))
	purged.apply(purge(1, "c1"))
	rs := []contacts.LoadRecord{record(1, person("c2", "Bo Ek", 22))}
	for _, u := range []*tester{t, purged} {
		before := u.stat()
		_, err := l.Load(t.ctx, u.scope, contacts.LoadHead{Last: 1, Index: index}, records(rs, nil))
		t.is(err, "Load of a scope that has events", contacts.ErrNotEmpty)
		u.gone("c2")
		t.equal("Stat", u.stat(), before)
	}
	empty := t.in("empty", "")
	empty.apply()
	_, err := l.Load(t.ctx, empty.scope, contacts.LoadHead{Last: 1, Index: index}, records(rs, nil))
	t.ok(err, "Load of a scope without events")
	empty.holders(22, "c2")
	_, err = l.Load(t.ctx, empty.scope, contacts.LoadHead{Last: 1, Index: index}, records(rs, nil))
	t.is(err, "Load once more", contacts.ErrNotEmpty)
}

func loadBroken(t *tester) {
	l := t.loader()
	broken := errors.New("the sequence broke")
	var rs []contacts.LoadRecord
	for i := range 300 {
		rs = append(rs, record(uint64(i+1), person(fmt.Sprint("c", i), "Ann Lee", phone.Line(i+1))))
	}
	head := contacts.LoadHead{Last: 300, Index: index, Settings: []byte("settings")}
	for _, n := range []int{0, 1, 300} {
		_, err := l.Load(t.ctx, t.scope, head, records(rs[:n], broken))
		t.is(err, fmt.Sprintf("Load of %d records and an error", n), broken)
		t.equal("Stat after a load that broke", t.stat(), contacts.Stat{})
		t.equal("number of scopes after a load that broke", len(t.scopes()), 0)
		t.gone("c0")
		t.holders(1)
		t.finds(contacts.Query{})
	}
	_, err := l.Load(t.ctx, t.scope, head, records(rs, nil))
	t.ok(err, "Load after loads that broke")
	t.equal("Stat.Active", t.stat().Active, uint64(300))
	t.holders(300, "c299")
	_, err = l.Load(t.ctx, contacts.Scope{Account: "none"}, contacts.LoadHead{Index: index}, records(nil, nil))
	t.ok(err, "Load of no records")
}

func loadDuplicates(t *tester) {
	l := t.loader()
	rs := []contacts.LoadRecord{
		record(1, person("c1", "Ann Lee", 11)), record(2, person("c2", "Bo Ek", 22)),
		record(3, person("c3", "Cy Ito", 22, 33)), record(4, person("c4", "Di Oh", 44, 11)),
	}
	head := contacts.LoadHead{Last: 4, Index: index}
	_, err := l.Load(t.ctx, t.scope, head, records(rs, nil))
	t.is(err, "Load with duplicates", contacts.ErrDuplicateNumber)
	var dup *contacts.DuplicateNumberError
	t.want(errors.As(err, &dup), "Load with duplicates: got %T, want *contacts.DuplicateNumberError", err)
	t.refusals("refusals", dup.Refusals, earlier(2, 22, 1), earlier(3, 11, 0))
	t.equal("number of scopes after a load that was refused", len(t.scopes()), 0)

	rs[2].KeepDuplicates, rs[3].KeepDuplicates = true, true
	_, err = l.Load(t.ctx, t.scope, head, records(rs, nil))
	t.ok(err, "Load that keeps duplicates")
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(2))
	t.finds(contacts.Query{Duplicates: true}, "c1", "c4", "c2", "c3")
	t.is(t.refused(person("c5", "Ed Poe", 33)), "new claim", contacts.ErrDuplicateNumber)
}

func loadTrimmed(t *tester) {
	l := t.loader()
	rs := []contacts.LoadRecord{record(91, person("c1", "Ann Lee", 11)), record(20, person("c2", "Bo Ek", 22)), record(90, person("c3", "Cy Ito", 33))}
	rs[0].Created = 5
	_, err := l.Load(t.ctx, t.scope, contacts.LoadHead{First: 89, Last: 91, Index: index}, records(rs, nil))
	t.ok(err, "Load")
	st := t.stat()
	t.equal("Stat.First and Last", []uint64{st.First, st.Last}, []uint64{89, 91})
	t.trimmed(88, 89)
	t.equal("revisions of the feed", revisions(t.events(89)), []uint64{90, 91})
	t.equal("Created of its events", positions(t.events(89)), []uint64{90, 5})
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c1", "c2", "c3")
	t.finds(contacts.Query{Order: contacts.ByChange}, "c2", "c3", "c1")
	a := t.apply(person("c4", "Di Oh"), at(91, person("c1", "Anna Lee", 11)), at(20, person("c2", "Bo Eck", 22)))
	t.equal("Applied.Revisions", a.Revisions, []uint64{92, 93, 94})
	t.equal("revisions of the feed", revisions(t.events(91)), []uint64{92, 93, 94})
	t.equal("Created of events after Load", positions(t.events(91)), []uint64{92, 5, 20})
	t.finds(contacts.Query{Order: contacts.ByCreation}, "c1", "c2", "c3", "c4")
}

func loadReading(t *tester) {
	l := t.loader()
	t.create(paged("c", 40)...)
	st := t.stat()
	_, err := l.Load(t.ctx, contacts.Scope{Account: "copy"}, contacts.LoadHead{Last: st.Last, Index: st.Index},
		func(yield func(contacts.LoadRecord, error) bool) {
			q := contacts.Query{Order: contacts.ByChange, Limit: 7}
			for {
				p, err := t.s.Find(t.ctx, t.scope, q)
				if err != nil {
					yield(contacts.LoadRecord{}, err)
					return
				}
				for _, h := range p.Hits {
					r := contacts.LoadRecord{Contact: h.Contact, Created: h.Created}
					r.Keys = paged("c", 40)[h.Created-1].Keys
					if !yield(r, nil) {
						return
					}
				}
				if q.Cursor = p.Next; p.Next == "" {
					return
				}
			}
		})
	t.ok(err, "Load from a sequence that reads the store")
	t.sameReads(t.in("copy", "").reads(), t.reads())
}

func loadAccount(t *tester) {
	l := t.loader()
	a, b := t.in("acme", "a"), t.in("acme", "b")
	a.applyBatch(by(contacts.UniqueByAccount, person("secret-id", "Hidden Name", 11)))
	rs := []contacts.LoadRecord{record(1, person("c1", "Ann Lee", 22)), record(2, person("c2", "Bo Ek", 11))}
	head := contacts.LoadHead{Last: 2, Index: index, UniqueBy: contacts.UniqueByStream}
	_, err := l.Load(t.ctx, b.scope, head, records(rs[:1], nil))
	t.is(err, "Load by another measure", contacts.ErrUniqueBy)
	head.UniqueBy = contacts.UniqueByDefault
	_, err = l.Load(t.ctx, b.scope, head, records(rs, nil))
	t.duplicates(err, contacts.Refusal{Index: 1, Line: 11, Earlier: -1})
	head.Last = 1
	_, err = l.Load(t.ctx, b.scope, head, records(rs[:1], nil))
	t.ok(err, "Load")
	t.duplicates(a.refused(person("c9", "Ivy Ox", 22)), contacts.Refusal{Line: 22, Earlier: -1})
}
