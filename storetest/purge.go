package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

var purgeRules = []rule{
	{
		"purge/contact",
		"a purged contact is not found, by no index, and not counted",
		purgeContact,
	},
	{
		"purge/events",
		"a purge blanks all events of the contact and leaves their positions; only ID and Revision are left of the contact, and of the purge by whom and when, and what the contact was merged into",
		purgeEvents,
	},
	{
		"purge/told",
		"Get of a purged id is a *PurgedError, which is ErrNotFound too; of an id that never was, or is another scope's, it is ErrNotFound alone",
		purgeTold,
	},
	{
		"purge/id",
		"the id of a purged contact is not to be used again; to purge what is not there, or at another revision, is a conflict",
		purgedID,
	},
	{
		"purge/history of a line",
		"a purge leaves no trace of the contact in the history of a line, and the events of others as they are",
		purgedHistory,
	},
}

func purgeContact(t *tester) {
	w := sharing(person("c1", "Ann Lee", 11), 77)
	w.Contact.Emails = []contacts.Email{{Address: "ann@example.org"}}
	t.apply(w, person("c2", "Bo Ek", 22))
	t.apply(at(1, inactive(contacts.Inactive, w)))
	a := t.apply(purge(3, "c1"))
	t.equal("Applied", a, contacts.Applied{Revisions: []uint64{4}, IDs: []string{"c1"}, Last: 4, Epoch: a.Epoch})
	t.gone("c1")
	t.finds(contacts.Query{Status: anyStatus}, "c2")
	t.finds(contacts.Query{Status: anyStatus, Order: contacts.ByCreation}, "c2")
	t.finds(contacts.Query{Status: anyStatus, Order: contacts.ByChange}, "c2")
	t.finds(contacts.Query{Status: anyStatus, Words: []contacts.Term{{Text: "ann"}}})
	t.finds(contacts.Query{Status: anyStatus, Words: []contacts.Term{{Text: "lex", Typo: true}}})
	t.finds(contacts.Query{Status: anyStatus, Prefixes: []string{"7"}})
	t.finds(contacts.Query{Status: anyStatus, Suffix: "1"})
	t.holders(77)
	t.holders(11)
	st := t.stat()
	t.equal("Stat", []uint64{st.Active, st.Inactive, st.Merged, st.Last}, []uint64{1, 0, 0, 4})

	// From the active state, too.
	t.apply(purge(2, "c2"))
	t.finds(contacts.Query{Status: anyStatus})
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "bo", Whole: true}}})
	t.holders(22)
	t.equal("Stat.Active", t.stat().Active, uint64(0))
}

func purgeEvents(t *tester) {
	t.apply(person("c1", "Secret Name", 4915111111111))
	t.apply(person("c2", "Bo Ek", 22))
	t.apply(at(1, person("c1", "Second Name", 4915111111111)))
	w := purge(3, "c1")
	w.Contact = person("c1", "Third Name", 4915111111111).Contact
	w.Contact.UpdatedAt = day.Add(time.Hour)
	w.Contact.UpdatedBy, w.Contact.UpdatedByAID, w.Contact.MergedInto = "u-2", "a-2", "c2"
	w.Contact.MergedFrom = full("c1", 11, 77).Contact.MergedFrom
	t.apply(w)
	blank := func(revision uint64, purged bool) contacts.Event {
		return contacts.Event{
			Revision: revision, BatchEnd: revision, ID: "c1", Created: 1, Purged: purged, Blank: true,
			Contact: contacts.Contact{ID: "c1", Revision: revision},
		}
	}
	last := blank(4, true)
	last.Contact.UpdatedAt, last.Contact.UpdatedBy, last.Contact.UpdatedByAID = day.Add(time.Hour), "u-2", "a-2"
	last.Contact.MergedInto = "c2"
	es := t.events(0)
	t.equal("number of events", len(es), 4)
	t.equal("first event of the purged contact", es[0], blank(1, false))
	t.equal("second event of the purged contact", es[2], blank(3, false))
	t.equal("event of the purge", es[3], last)
	t.want(!es[1].Blank && es[1].Contact.FullName == "Bo Ek", "event of the other contact: got %+v", es[1])
	t.equal("History of the purged contact", t.history(contacts.HistoryQuery{ID: "c1"}),
		[]contacts.Event{blank(1, false), blank(3, false), last})
	for _, clear := range []string{"Secret", "Second", "Third", "49151"} {
		t.want(!strings.Contains(fmt.Sprint(es), clear), "the feed still has %q", clear)
	}
}

func purgeTold(t *tester) {
	const digits = "4915111111111" // hosts mix up ids and numbers
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito"), person("c4", "Di Oh"), person(digits, "Ed Poe"))
	t.apply(at(2, mergedInto("c1", person("c2", "Bo Ek")))) // 6
	c2 := contacts.PurgedError{ID: "c2", At: day.Add(time.Hour), MergedInto: "c1"}
	c4 := contacts.PurgedError{ID: "c4", At: day, MergedInto: "0193a2b4-0000-7000-8000-000000000001"}
	t.apply(purgedAs(c2, 6), purge(3, "c3"), purgedAs(c4, 4), purge(5, digits))
	for range 2 {
		t.purged(c2)
		t.purged(contacts.PurgedError{ID: "c3"})
		t.purged(c4)
		t.refused(person("c2", "Bo Ek"), purge(1, "c1")) // says it otherwise, and changes nothing
		_, err := t.s.Get(t.ctx, t.scope, "c2")
		if p := (*contacts.PurgedError)(nil); errors.As(err, &p) {
			p.MergedInto = "spoilt" // it is the caller's
		}
	}
	_, err := t.s.Get(t.ctx, t.scope, digits)
	t.is(err, "Get of a purged id", contacts.ErrNotFound)
	t.want(!strings.Contains(err.Error(), digits), "the error repeats an id that may be a number: %v", err)
	t.never("c9")
	for _, u := range []*tester{t.in(home.Account, "sales"), t.in("other", home.Stream), t.in("nobody", "")} {
		if u.scope.Account != "nobody" {
			u.apply(person("c1", "Ann Lee"))
		}
		u.never("c2")
	}
	t.apply(purgedAs(contacts.PurgedError{ID: "c1", At: day}, 1)) // and the survivor
	t.purged(contacts.PurgedError{ID: "c1", At: day})
	t.purged(c2)
}

func purgedID(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.conflicts(t.refused(purge(0, "c1")), contacts.RevisionConflict{Index: 0, ID: "c1", Read: 0, Present: 1})
	t.is(t.refused(purge(0, "c9")), "Purge of an id that is not there", contacts.ErrConflict)
	t.apply(purge(1, "c1"))
	t.is(t.refused(purge(0, "c1")), "Purge of a purged id", contacts.ErrConflict)
	err := t.refused(person("c1", "Cy Ito", 33))
	t.conflicts(err, contacts.RevisionConflict{Index: 0, ID: "c1", Read: 0, Present: 0})
	t.is(err, "Put of a purged id", contacts.ErrExists)
	for _, read := range []uint64{1, 3} {
		for _, w := range []contacts.Write{at(read, person("c1", "Cy Ito", 33)), purge(read, "c1")} {
			err := t.refused(person("c4", "Di Oh"), w)
			t.conflicts(err, contacts.RevisionConflict{Index: 1, ID: "c1", Read: read, Present: 0})
			t.is(err, describeWrite(w)+" after its purge", contacts.ErrNotFound)
		}
	}
	t.gone("c1")
	t.holders(33)
}

func purgedHistory(t *tester) {
	t.apply(person("c1", "Secret Name", 11))
	t.apply(at(1, person("c1", "Secret Name")))
	t.apply(person("c2", "Bo Ek", 11))
	t.apply(at(3, person("c2", "Bo Ek")))
	t.apply(person("c3", "Also Secret", 11))
	t.apply(purge(5, "c3"), purge(2, "c1"))
	t.equal("revisions in the history of the line", revisions(t.history(contacts.HistoryQuery{Line: 11})), []uint64{3, 4})
}
