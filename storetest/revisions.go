package storetest

import (
	"errors"
	"strconv"

	"github.com/callerbook/contacts"
)

var revisionRules = []rule{
	{
		"revisions/conflict",
		"a Put or Purge whose revision is not the contact's is refused with a *RevisionError that tells id, index and both revisions",
		revisionConflicts,
	},
	{
		"revisions/exists",
		"a Put with revision 0 is refused where the id exists, in any status",
		idExists,
	},
	{
		"revisions/lost updates",
		"edits by revision from many goroutines lose none: the sum is right, and the feed has one event for each",
		lostUpdates,
	},
}

func revisionConflicts(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.apply(at(1, person("c1", "Anna Lee", 11)))
	for _, read := range []uint64{1, 2, 3, 5, 1 << 40, 1<<63 + 1} {
		err := t.refused(at(read, person("c1", "Annie Lee", 11)))
		t.conflicts(err, contacts.RevisionConflict{Index: 0, ID: "c1", Read: read, Present: 4})
		t.want(!errors.Is(err, contacts.ErrNotFound) && !errors.Is(err, contacts.ErrExists),
			"a contact that moved on: the error is also ErrNotFound or ErrExists: %v", err)
		t.conflicts(t.refused(purge(read, "c1")), contacts.RevisionConflict{Index: 0, ID: "c1", Read: read, Present: 4})
	}
	err := t.refused(at(3, person("c9", "No One")))
	t.conflicts(err, contacts.RevisionConflict{Index: 0, ID: "c9", Read: 3})
	t.is(err, "Put to a contact that is not there", contacts.ErrNotFound)
	t.is(t.refused(purge(3, "c9")), "Purge of a contact that is not there", contacts.ErrNotFound)

	// All of them at once.
	err = t.refused(
		at(4, person("c1", "Good", 11)),
		at(3, person("c2", "Stale", 22)),
		person("c3", "Exists", 33),
		person("c4", "Good", 44),
		at(1, person("c5", "Not There")),
		purge(1, "c6"),
	)
	t.conflicts(err,
		contacts.RevisionConflict{Index: 1, ID: "c2", Read: 3, Present: 2},
		contacts.RevisionConflict{Index: 2, ID: "c3", Read: 0, Present: 3},
		contacts.RevisionConflict{Index: 4, ID: "c5", Read: 1, Present: 0},
		contacts.RevisionConflict{Index: 5, ID: "c6", Read: 1, Present: 0},
	)
	t.is(err, "refusal", contacts.ErrExists)
	t.is(err, "refusal", contacts.ErrNotFound)
	t.want(!errors.Is(err, contacts.ErrDuplicateNumber), "refusal without a duplicate: got %v", err)
	t.equal("name of c1", t.get("c1").FullName, "Anna Lee")
}

func idExists(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.apply(at(2, inactive(contacts.Inactive, person("c2", "Bo Ek", 22))))
	err := t.refused(person("c1", "Ann Lee", 11)) // the same once more
	t.conflicts(err, contacts.RevisionConflict{Index: 0, ID: "c1", Read: 0, Present: 1})
	t.is(err, "refusal", contacts.ErrExists)
	err = t.refused(person("c9", "New"), person("c2", "Bo Ek", 22))
	t.conflicts(err, contacts.RevisionConflict{Index: 1, ID: "c2", Read: 0, Present: 3})
	t.is(err, "refusal", contacts.ErrExists)
}

func lostUpdates(t *tester) {
	const writers, each = 8, 25
	t.apply(person("c1", "Counter", 11))
	t.parallel(writers, func(int) {
		for range each {
			for {
				c := t.get("c1")
				n, _ := strconv.Atoi(c.Notes)
				w := at(c.Revision, noting(person("c1", "Counter", 11), strconv.Itoa(n+1)))
				a, err := t.s.Apply(t.ctx, t.scope, batch(w))
				if err == nil {
					t.want(a.Revisions[0] > c.Revision, "Apply: got revision %d after %d", a.Revisions[0], c.Revision)
					break
				}
				t.is(err, "edit", contacts.ErrConflict)
			}
		}
	})
	t.equal("sum of all edits", t.get("c1").Notes, strconv.Itoa(writers*each))
	t.equal("Stat.Last", t.stat().Last, uint64(writers*each+1))
	for i, e := range t.events(1) {
		t.equal("sum at event "+strconv.Itoa(i), e.Contact.Notes, strconv.Itoa(i+1))
	}
}
