package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// apply carries out writes, which the store must not refuse.
func (t *tester) apply(ws ...contacts.Write) contacts.Applied { return t.applyBatch(batch(ws...)) }

func (t *tester) applyBatch(b contacts.Batch) contacts.Applied {
	a, err := t.s.Apply(t.ctx, t.scope, b)
	t.ok(err, "Apply of %s", describe(b))
	t.want(len(a.Revisions) == len(b.Writes) && len(a.IDs) == len(b.Writes),
		"Apply of %s: got %d revisions and %d ids for %d writes", describe(b), len(a.Revisions), len(a.IDs), len(b.Writes))
	return a
}

// create applies the writes in batches of a fair size.
func (t *tester) create(ws ...contacts.Write) {
	for part := range slices.Chunk(ws, 500) {
		t.apply(part...)
	}
}

// refused has the store refuse writes, and sees to it that nothing changed.
func (t *tester) refused(ws ...contacts.Write) error { return t.refusedBatch(batch(ws...)) }

func (t *tester) refusedBatch(b contacts.Batch) error {
	before := t.stat()
	a, err := t.s.Apply(t.ctx, t.scope, b)
	if err == nil {
		t.failf("Apply of %s: got %+v, want a refusal", describe(b), a)
	}
	t.equal("Stat after a refusal ("+err.Error()+")", t.stat(), before)
	return err
}

// duplicates wants err to be exactly these refusals.
func (t *tester) duplicates(err error, want ...contacts.Refusal) {
	t.is(err, "refusal", contacts.ErrDuplicateNumber)
	var dup *contacts.DuplicateNumberError
	t.want(errors.As(err, &dup), "refusal: got %T, want *contacts.DuplicateNumberError", err)
	t.refusals("refusals", dup.Refusals, want...)
}

// refusals compares refusals. Their Number is the Book's to fill in; where a
// store does, it has to be right.
func (t *tester) refusals(what string, got []contacts.Refusal, want ...contacts.Refusal) {
	got = slices.Clone(got)
	for i := range got {
		if got[i].Number == number(got[i].Line) {
			got[i].Number = ""
		}
	}
	t.equal(what, got, want)
}

// heldBy is the Refusal of a line that a stored contact claims.
func heldBy(i int, line phone.Line, id, name string) contacts.Refusal {
	return contacts.Refusal{Index: i, Line: line, HolderID: id, HolderName: name, Earlier: -1}
}

// earlier is the Refusal of a line that another write of the batch claims.
func earlier(i int, line phone.Line, by int) contacts.Refusal {
	return contacts.Refusal{Index: i, Line: line, Earlier: by}
}

// conflicts wants err to be exactly these.
func (t *tester) conflicts(err error, want ...contacts.RevisionConflict) {
	t.is(err, "refusal", contacts.ErrConflict)
	var rev *contacts.RevisionError
	t.want(errors.As(err, &rev), "refusal: got %T, want *contacts.RevisionError", err)
	t.equal("conflicts", rev.Conflicts, want)
}

func (t *tester) get(id string) contacts.Contact {
	c, err := t.s.Get(t.ctx, t.scope, id)
	t.ok(err, "Get(%q)", id)
	t.want(c.ID == id, "Get(%q): got contact %q", id, c.ID)
	return c
}

// gone wants no contact of that id.
func (t *tester) gone(id string) {
	c, err := t.s.Get(t.ctx, t.scope, id)
	t.want(errors.Is(err, contacts.ErrNotFound), "Get(%q): got %+v and error %v, want ErrNotFound", id, c, err)
}

// purged wants Get to tell that the contact was purged.
func (t *tester) purged(want contacts.PurgedError) {
	t.equal(fmt.Sprintf("*PurgedError of Get(%q)", want.ID), t.purgedError(want.ID), want)
}

func (t *tester) purgedError(id string) contacts.PurgedError {
	_, err := t.s.Get(t.ctx, t.scope, id)
	t.is(err, fmt.Sprintf("Get(%q) after its purge", id), contacts.ErrNotFound)
	var p *contacts.PurgedError
	t.want(errors.As(err, &p), "Get(%q) after its purge: got %T %v, want *contacts.PurgedError", id, err, err)
	return *p
}

// never wants no contact of that id, nor one that was purged.
func (t *tester) never(id string) {
	t.gone(id)
	_, err := t.s.Get(t.ctx, t.scope, id)
	var p *contacts.PurgedError
	t.want(!errors.As(err, &p), "Get(%q) where there never was such a contact: got %v", id, err)
}

func (t *tester) stat() contacts.Stat {
	st, err := t.s.Stat(t.ctx, t.scope)
	t.ok(err, "Stat")
	return st
}

// page returns one page, and holds it to the rules of pages.
func (t *tester) page(q contacts.Query) contacts.Page {
	p, err := t.s.Find(t.ctx, t.scope, q)
	t.ok(err, "Find(%s)", show(q))
	limit := q.Limit
	if limit == 0 {
		limit = contacts.DefaultLimit
	}
	limit = min(limit, contacts.MaxLimit)
	t.want(len(p.Hits) <= limit, "Find(%s): got %d hits, more than the limit", show(q), len(p.Hits))
	t.want(p.Partial || p.Next == "" || len(p.Hits) == limit,
		"Find(%s): got %d hits on a page that is neither full, nor last, nor Partial", show(q), len(p.Hits))
	if p.Partial { // then there are more than 1,000 index entries, a few for each contact
		st := t.stat()
		t.want(p.Next != "" && st.Active+st.Inactive+st.Merged > 100, "Find(%s): got a Partial page in a scope with few entries", show(q))
	}
	t.want(p.Next == "" || p.Next != q.Cursor, "Find(%s): Next is the cursor that was given", show(q))
	return p
}

// find returns the hits of all pages.
func (t *tester) find(q contacts.Query) []contacts.Hit {
	var hits []contacts.Hit
	for {
		p := t.page(q)
		hits = append(hits, p.Hits...)
		if p.Next == "" {
			return hits
		}
		q.Cursor = p.Next
	}
}

// finds wants a query to bring these contacts, in this order.
func (t *tester) finds(q contacts.Query, want ...string) {
	hits := t.find(q)
	if got := ids(hits); !slices.Equal(got, want) {
		t.failf("Find(%s): got %v, want %v", show(q), got, want)
	}
}

// holders wants a line to be held by these contacts, in this order.
func (t *tester) holders(line phone.Line, want ...string) {
	t.finds(contacts.Query{Lines: []phone.Line{line}, Status: anyStatus}, want...)
}

// events returns all events after a revision.
func (t *tester) events(after uint64) []contacts.Event {
	var all []contacts.Event
	for {
		es, err := t.s.Events(t.ctx, t.scope, after, contacts.MaxLimit)
		t.ok(err, "Events(%d)", after)
		if len(es) == 0 {
			return all
		}
		for _, e := range es {
			t.want(e.Revision > after, "Events(%d): got revision %d next", after, e.Revision)
			after = e.Revision
		}
		all = append(all, es...)
	}
}

// history returns all events of a contact or a line.
func (t *tester) history(q contacts.HistoryQuery) []contacts.Event {
	var all []contacts.Event
	for {
		es, err := t.s.History(t.ctx, t.scope, q)
		t.ok(err, "History(%+v)", q)
		if len(es) == 0 {
			return all
		}
		for _, e := range es {
			t.want(e.Revision > q.After, "History(%+v): got revision %d next", q, e.Revision)
			q.After = e.Revision
		}
		all = append(all, es...)
	}
}

// revisions returns the revisions of events.
func revisions(es []contacts.Event) []uint64 {
	out := []uint64{}
	for _, e := range es {
		out = append(out, e.Revision)
	}
	return out
}

// positions returns what events say of their contacts' order of creation.
func positions(es []contacts.Event) []uint64 {
	out := []uint64{}
	for _, e := range es {
		out = append(out, e.Created)
	}
	return out
}

func (t *tester) scopes() []contacts.Scope {
	var all []contacts.Scope
	for sc, err := range contacts.Scopes(t.ctx, t.s) {
		t.ok(err, "Scopes")
		all = append(all, sc)
	}
	return all
}
