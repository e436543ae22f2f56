package storetest

import (
	"fmt"
	"strings"

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
		"a purge blanks all events of the contact and leaves their positions; only ID and Revision are left of the contact",
		purgeEvents,
	},
	{
		"purge/id",
		"the id of a purged contact is not to be used again",
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
	t.finds(contacts.Query{Status: anyStatus, Prefix: "7"})
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
	t.apply(purge(3, "c1"))
	blank := func(revision uint64, purged bool) contacts.Event {
		return contacts.Event{
			Revision: revision, ID: "c1", Purged: purged, Blank: true,
			Contact: contacts.Contact{ID: "c1", Revision: revision},
		}
	}
	es := t.events(0)
	t.equal("number of events", len(es), 4)
	t.equal("first event of the purged contact", es[0], blank(1, false))
	t.equal("second event of the purged contact", es[2], blank(3, false))
	t.equal("event of the purge", es[3], blank(4, true))
	t.want(!es[1].Blank && es[1].Contact.FullName == "Bo Ek", "event of the other contact: got %+v", es[1])
	t.equal("History of the purged contact", t.history(contacts.HistoryQuery{ID: "c1"}),
		[]contacts.Event{blank(1, false), blank(3, false), blank(4, true)})
	for _, clear := range []string{"Secret", "Second", "49151"} {
		t.want(!strings.Contains(fmt.Sprint(es), clear), "the feed still has %q", clear)
	}
}

func purgedID(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.apply(purge(1, "c1"))
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
	// Whether blank events are still listed for a line is left open.
	var others []uint64
	for _, e := range t.history(contacts.HistoryQuery{Line: 11}) {
		if e.ID == "c2" {
			others = append(others, e.Revision)
		} else {
			t.want(e.Blank, "History of a line: event %d of purged %s is not blank", e.Revision, e.ID)
		}
	}
	t.equal("revisions of the other contact in the history of the line", others, []uint64{3, 4})
}
