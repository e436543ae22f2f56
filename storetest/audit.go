package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// audit holds everything that the store has to the rules that are true at any
// time, and asks a Checker.
func (t *tester) audit() {
	for _, scope := range t.scopes() {
		u := *t
		u.scope = scope
		if err := attempt(u.auditScope); err != nil {
			t.failf("afterwards, in scope %q: %w", scope, err)
		}
	}
	if err := contacts.Check(t.ctx, t.s); err != nil && !errors.Is(err, contacts.ErrUnsupported) {
		t.failf("afterwards the store's own Check finds: %w", err)
	}
}

func (t *tester) auditScope() {
	st := t.stat()
	t.want(st.Epoch != "", "Stat: no epoch")
	t.want(st.First <= st.Last, "Stat: First is %d, Last %d", st.First, st.Last)

	// What the listing says.
	count := map[contacts.Status]uint64{}
	present := map[string]contacts.Contact{}
	created := map[string]uint64{}
	claimers := map[phone.Line]int{}
	var last uint64
	for _, h := range t.find(contacts.Query{Order: contacts.ByChange, Status: anyStatus, Limit: contacts.MaxLimit}) {
		c := h.Contact
		t.want(c.Revision > last, "Find by change: contact %s at revision %d comes after revision %d", c.ID, c.Revision, last)
		last = c.Revision
		count[c.Status]++
		present[c.ID], created[c.ID] = c, h.Created
		t.want(c.Revision <= st.Last, "contact %s has revision %d, but Stat.Last is %d", c.ID, c.Revision, st.Last)
	}
	t.equal("Stat.Active", st.Active, count[contacts.Active])
	t.equal("Stat.Inactive", st.Inactive, count[contacts.Inactive])
	t.equal("Stat.Merged", st.Merged, count[contacts.Merged])
	for _, h := range t.find(contacts.Query{Duplicates: true, Limit: contacts.MaxLimit}) {
		claimers[h.Line]++
	}
	if !st.Reindexing {
		t.equal("Stat.Duplicates", st.Duplicates, uint64(len(claimers)))
	}

	// What the feed says.
	latest := map[string]contacts.Event{}
	next := st.First + 1
	for _, e := range t.events(st.First) {
		t.want(e.Revision == next, "the feed goes on with revision %d after %d", e.Revision, next-1)
		next++
		t.want(e.BatchEnd == 0 || e.BatchEnd >= e.Revision && e.BatchEnd <= st.Last, "event %d has BatchEnd %d, Stat.Last is %d", e.Revision, e.BatchEnd, st.Last)
		latest[e.ID] = e
		was, known := created[e.ID]
		t.want(e.Created == was || !known, "event %d of %s has Created %d, its contact %d", e.Revision, e.ID, e.Created, was)
		t.want(0 < e.Created && e.Created <= e.Revision, "event %d of %s has Created %d", e.Revision, e.ID, e.Created)
		created[e.ID] = e.Created
		if e.Blank {
			left := contacts.Contact{ID: e.ID, Revision: e.Revision}
			if e.Purged {
				left.UpdatedAt, left.UpdatedBy, left.UpdatedByAID = e.Contact.UpdatedAt, e.Contact.UpdatedBy, e.Contact.UpdatedByAID
				left.MergedInto = e.Contact.MergedInto
			}
			t.equal(fmt.Sprintf("contact of blank event %d", e.Revision), e.Contact, left)
			t.want(len(e.Lines) == 0, "blank event %d has lines", e.Revision)
		} else {
			t.want(e.Contact.ID == e.ID && e.Contact.Revision == e.Revision,
				"event %d of %s has contact %s at revision %d", e.Revision, e.ID, e.Contact.ID, e.Contact.Revision)
		}
	}
	t.want(next == st.Last+1, "the feed ends with revision %d, but Stat.Last is %d", next-1, st.Last)
	gets := 0
	for id, e := range latest {
		if e.Purged {
			t.purged(contacts.PurgedError{ID: id, At: e.Contact.UpdatedAt, MergedInto: e.Contact.MergedInto})
		}
		c, there := present[id]
		t.want(there == !e.Blank, "event %d is the last of contact %s, blank: %t, but a listing has it: %t", e.Revision, id, e.Blank, there)
		if there {
			t.equal(fmt.Sprintf("contact of event %d, the last of %s", e.Revision, id), e.Contact, c)
			if gets++; gets <= 100 {
				t.equal(fmt.Sprintf("Get(%q) after the listing", id), t.get(id), c)
			}
		}
	}
}

// describe says in few words what a batch was to do.
func describe(b contacts.Batch) string {
	var out []string
	for i, w := range b.Writes {
		if i == 8 {
			out = append(out, "..")
			break
		}
		out = append(out, describeWrite(w))
	}
	return "[" + strings.Join(out, "; ") + "]"
}

// describeWrite says in few words what w was to do.
func describeWrite(w contacts.Write) string {
	var b strings.Builder
	switch w.Kind {
	case contacts.Put:
		fmt.Fprintf(&b, "put %s@%d %s %q", w.Contact.ID, w.Revision, w.Contact.Status, w.Contact.FullName)
	case contacts.Purge:
		fmt.Fprintf(&b, "purge %s@%d", w.Contact.ID, w.Revision)
	case contacts.Reindex:
		fmt.Fprintf(&b, "reindex %s@%d", w.Contact.ID, w.Revision)
	}
	if len(w.Keys.Claims) > 0 {
		fmt.Fprintf(&b, " claims %d", w.Keys.Claims)
	}
	if len(w.Keys.Shared) > 0 {
		fmt.Fprintf(&b, " shares %d", w.Keys.Shared)
	}
	if w.KeepDuplicates {
		b.WriteString(" keeping duplicates")
	}
	return b.String()
}

// show prints the fields of q that are set, when it is printed.
func show(q contacts.Query) fmt.Stringer { return shown(q) }

type shown contacts.Query

func (s shown) String() string {
	var out []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			out = append(out, v.Type().Field(i).Name+": "+short(v.Field(i).Interface()))
		}
	}
	return strings.Join(out, ", ")
}
