package storetest

import (
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var legacyRules = []rule{
	{
		"legacy/let in",
		"KeepDuplicates lets in a line that another contact claims; both claim it then, and Applied.Kept tells which and whose",
		letIn,
	},
	{
		"legacy/first delete",
		"each holder of a duplicate line blocks new claims while it claims it: deleting one leaves the others blocking",
		firstDelete,
	},
	{
		"legacy/edit",
		"a contact with a duplicate line is edited and takes other lines like any other",
		editLegacy,
	},
	{
		"legacy/undelete",
		"a contact that gave a duplicate line up does not get it back while another claims it",
		undeleteLegacy,
	},
	{
		"legacy/within the batch",
		"KeepDuplicates counts for its own write only, also within a batch",
		keepWithinBatch,
	},
	{
		"legacy/listed",
		"Duplicates lists the claimers of each line that has more than one, by line and then in order of creation; Stat counts the lines",
		listDuplicates,
	},
}

func letIn(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	a := t.apply(person("c2", "Bo Ek", 22), keeping(person("c3", "Cy Ito", 33, 11)))
	t.refusals("Applied.Kept", a.Kept, heldBy(1, 11, "c1", "Ann Lee"))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
	t.holders(11, "c1", "c3")
	for _, h := range t.find(contacts.Query{Lines: []phone.Line{11}}) {
		t.want(!h.Shared && h.Line == 11, "hit of %s: got line %d, shared %t", h.Contact.ID, h.Line, h.Shared)
	}
	a = t.apply(keeping(person("c4", "Di Oh", 44)))
	t.want(len(a.Kept) == 0, "Applied.Kept where nothing stood in the way: got %+v", a.Kept)
}

func firstDelete(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.apply(keeping(person("c2", "Bo Ek", 11)), keeping(person("c3", "Cy Ito", 11)))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
	names := map[string]string{"c1": "Ann Lee", "c2": "Bo Ek", "c3": "Cy Ito"}
	blocked := func(when string, holders ...string) {
		err := t.refused(person("c9", "Ivy Ox", 11))
		t.is(err, "new claim "+when, contacts.ErrDuplicateNumber)
		t.duplicates(err, heldBy(0, 11, holders[0], names[holders[0]])) // the first created
		t.holders(11, holders...)
	}
	blocked("of a line that three hold", "c1", "c2", "c3")
	t.apply(at(2, inactive(contacts.Inactive, person("c2", "Bo Ek", 11))))
	blocked("when one was deleted", "c1", "c3")
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
	t.apply(purge(1, "c1"))
	blocked("when two are gone", "c3")
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
	t.finds(contacts.Query{Duplicates: true})
	t.apply(at(3, person("c3", "Cy Ito", 33)))
	t.apply(person("c9", "Ivy Ox", 11))
	t.holders(11, "c9")
}

func editLegacy(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.apply(keeping(person("c2", "Bo Ek", 11)), person("c3", "Cy Ito", 33))
	a := t.apply(at(1, person("c1", "Anna Lee", 11)), at(2, person("c2", "Bo Eck", 11, 22)))
	t.holders(11, "c1", "c2")
	t.holders(22, "c2")
	t.duplicates(t.refused(at(a.Revisions[1], person("c2", "Bo Eck", 11, 22, 33))), heldBy(0, 33, "c3", "Cy Ito"))
	// In one batch one gives up, and a third is still refused.
	t.duplicates(t.refused(at(a.Revisions[0], person("c1", "Anna Lee")), at(3, person("c3", "Cy Ito", 33, 11))),
		heldBy(1, 11, "c2", "Bo Eck"))
	// Both give up, and the third is let in.
	t.apply(at(a.Revisions[0], person("c1", "Anna Lee")), at(3, person("c3", "Cy Ito", 33, 11)), at(a.Revisions[1], person("c2", "Bo Eck")))
	t.holders(11, "c3")
}

func undeleteLegacy(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.apply(keeping(person("c2", "Bo Ek", 11)))
	t.apply(at(2, inactive(contacts.Inactive, person("c2", "Bo Ek", 11))))
	t.duplicates(t.refused(at(3, person("c2", "Bo Ek", 11))), heldBy(0, 11, "c1", "Ann Lee"))
	t.apply(at(3, keeping(person("c2", "Bo Ek", 11))))
	t.holders(11, "c1", "c2")
}

func keepWithinBatch(t *tester) {
	t.duplicates(t.refused(keeping(person("c1", "Ann Lee", 11)), person("c2", "Bo Ek", 11)), earlier(1, 11, 0))
	a := t.apply(person("c1", "Ann Lee", 11), keeping(person("c2", "Bo Ek", 11)))
	t.refusals("Applied.Kept", a.Kept, earlier(1, 11, 0))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
}

func listDuplicates(t *tester) {
	t.create(person("a", "Zed", 900, 5, 77), person("b", "Yes", 70), person("c", "Xan", 1, 2, 3))
	t.create(keeping(person("d", "Abe", 5, 900)), keeping(person("e", "Abe", 70, 5)), sharing(person("f", "Abe"), 1, 77))
	want := []string{"5 a", "5 d", "5 e", "70 b", "70 e", "900 a", "900 d"}
	for limit := range 9 {
		var got []string
		for _, h := range t.find(contacts.Query{Duplicates: true, Limit: limit}) {
			got = append(got, fmt.Sprintf("%d %s", h.Line, h.Contact.ID))
		}
		t.equal(fmt.Sprintf("Find of duplicates, %d a page", limit), got, want)
	}
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(3))
}
