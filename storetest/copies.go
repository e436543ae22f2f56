package storetest

import (
	"encoding/json"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var copyRules = []rule{
	{
		"copy/in",
		"values are copied in: what a caller does to its batch afterwards changes nothing in the store",
		copyIn,
	},
	{
		"copy/out",
		"values are copied out: what a caller does to an answer changes nothing in the store, nor in another answer",
		copyOut,
	},
}

// spoil changes everything that c refers to.
func spoil(c *contacts.Contact) {
	for i := range c.Phones {
		c.Phones[i] = contacts.Phone{Number: "spoilt"}
	}
	for i := range c.Emails {
		c.Emails[i].Address = "spoilt"
	}
	for i := range c.Tags {
		c.Tags[i] = "spoilt"
	}
	for _, raw := range [][]json.RawMessage{c.Address, c.Twitter} {
		for i := range raw {
			spoilAll(raw[i], 'x')
			raw[i] = nil
		}
	}
	for k := range c.Custom {
		c.Custom[k] = "spoilt"
	}
	if c.Custom != nil {
		c.Custom["spoilt"] = "spoilt"
	}
	for i := range c.MergedFrom {
		o := &c.MergedFrom[i]
		for _, list := range [][]string{o.Numbers, o.Emails, o.Tags, o.Claimed} {
			spoilAll(list, "spoilt")
		}
		spoilAll(o.Fields, contacts.Taken{Field: "spoilt"})
		o.ID = "spoilt"
	}
	// What append would write to.
	c.Tags = append(c.Tags, "spoilt")[:len(c.Tags)]
	c.Emails = append(c.Emails, contacts.Email{Address: "spoilt"})[:len(c.Emails)]
}

func spoilAll[T any](s []T, v T) {
	for i := range s {
		s[i] = v
	}
}

func copyIn(t *tester) {
	w := full("c1", 11, 77)
	w.Contact.Tags = slices.Grow(w.Contact.Tags, 5)
	want := full("c1", 11, 77).Contact
	want.Revision = 1
	b := named("op", batch(w))
	b.Digest = []byte("digest")
	b.Settings = []byte("settings")
	first := t.applyBatch(b)
	spoil(&b.Writes[0].Contact)
	spoilAll(b.Writes[0].Keys.Claims, 666)
	spoilAll(b.Writes[0].Keys.Shared, 666)
	spoilAll(b.Writes[0].Keys.Words, contacts.Word{Text: "spoilt"})
	spoilAll(b.Settings, 'x')
	b.Writes[0] = purge(1, "c1")

	t.equal("Get", t.get("c1"), want)
	t.equal("Events", t.events(0)[0].Contact, want)
	t.equal("Lines of the event", slices.Sorted(slices.Values(t.events(0)[0].Lines)), []phone.Line{11, 77})
	t.equal("Settings", string(t.stat().Settings), "settings")
	t.holders(11, "c1")
	t.holders(77, "c1")
	t.holders(666)
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "zoë"}}}, "c1")
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "spoilt"}}})

	again := named("op", batch(full("c1", 11, 77)))
	again.Digest = []byte("digest")
	spoilAll(b.Digest, 'x')
	a := t.applyBatch(again)
	t.want(a.Repeated, "the same Op after its Digest was changed by the caller: got no Repeated")
	a.Repeated = false
	t.equal("first answer", a, first)

	// The words and lines of a query that a cursor belongs to.
	t.apply(paged("p", 6)...)
	q := contacts.Query{Words: []contacts.Term{{Text: "name"}}, Limit: 2}
	next := t.page(q).Next
	q.Words[0].Text = "of"
	q.Cursor = next
	_, err := t.s.Find(t.ctx, t.scope, q)
	t.is(err, "Find with a cursor after the caller changed the query", contacts.ErrCursor)
}

func copyOut(t *tester) {
	w := full("c1", 11, 77)
	b := named("op", batch(w, person("c2", "Bo Ek", 22), keeping(person("c3", "Cy Ito", 22))))
	b.Settings = []byte("settings")
	spoilApplied := func(a contacts.Applied) {
		spoilAll(a.Revisions, 666)
		spoilAll(a.IDs, "spoilt")
		spoilAll(a.Kept, contacts.Refusal{HolderID: "spoilt"})
	}
	answer := t.applyBatch(b)
	kept := answer
	kept.Revisions, kept.IDs, kept.Kept = slices.Clone(answer.Revisions), slices.Clone(answer.IDs), nil
	kept.Repeated = true
	spoilApplied(answer)
	for range 2 {
		answer = t.applyBatch(b)
		t.equal("first answer", answer, kept)
		spoilApplied(answer)
	}

	want := w.Contact
	want.Revision = 1
	spoilHits := func(hits []contacts.Hit) {
		for i := range hits {
			spoil(&hits[i].Contact)
			spoilAll(hits[i].Words, contacts.Word{Text: "spoilt"})
		}
	}
	spoilEvents := func(es []contacts.Event) {
		for i := range es {
			spoil(&es[i].Contact)
			spoilAll(es[i].Lines, 666)
		}
	}
	for range 2 {
		c := t.get("c1")
		t.equal("Get", c, want)
		spoil(&c)
		for _, q := range []contacts.Query{
			{Order: contacts.ByCreation}, {Lines: []phone.Line{77}}, {Words: []contacts.Term{{Text: "zoë"}}}, {Prefixes: []string{"11"}}, {Suffix: "77"},
		} {
			hits := t.find(q)
			t.equal("Find", hits[0].Contact, want)
			if len(q.Words) > 0 {
				t.equal("words of the hit", hits[0].Words, words("zoë"))
			}
			spoilHits(hits)
		}
		es := t.events(0)
		t.equal("Events", es[0].Contact, want)
		t.equal("Lines of the event", slices.Sorted(slices.Values(es[0].Lines)), []phone.Line{11, 77})
		spoilEvents(es)
		es = t.history(contacts.HistoryQuery{ID: "c1"})
		t.equal("History", es[0].Contact, want)
		spoilEvents(es)
		st := t.stat()
		t.equal("Settings", string(st.Settings), "settings")
		spoilAll(st.Settings, 'x')
	}

	// Two answers at once, and the past after a change.
	first, second := t.get("c1"), t.get("c1")
	spoil(&first)
	t.equal("one answer beside another", second, want)
	t.apply(at(1, noting(full("c1", 11, 77), "changed")))
	es := t.events(0)
	t.equal("superseded state", es[0].Contact, want)
	spoilEvents(es)
	t.equal("superseded state, again", t.events(0)[0].Contact, want)
}
