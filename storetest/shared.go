package storetest

import (
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var sharedRules = []rule{
	{
		"shared/beside claims",
		"a shared line is held by any number of contacts, beside one that claims it, and blocks nobody",
		sharedLines,
	},
	{
		"shared/claimed again",
		"a contact that shares a line gives up its claim, to others of the same batch too; to claim it again is to claim it like anybody",
		claimedAgain,
	},
	{
		"shared/many holders",
		"a line of 10,000 holders is listed in bounded pages, each holder once, in order of creation; PerLine leaves the first of them",
		manyHolders,
	},
}

func sharedLines(t *tester) {
	const main phone.Line = 18005550100
	t.apply(sharing(person("c1", "Ann Lee", 11), main), sharing(person("c2", "Bo Ek", 22), main))
	t.apply(person("c3", "Cy Ito", main)) // claims it
	t.apply(sharing(person("c4", "Di Oh"), main, main))
	t.holders(main, "c3", "c1", "c2", "c4")
	for _, h := range t.find(contacts.Query{Lines: []phone.Line{main}}) {
		t.want(h.Shared == (h.Contact.ID != "c3"), "hit of %s: got Shared %t", h.Contact.ID, h.Shared)
	}
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
	t.finds(contacts.Query{Duplicates: true})
	t.duplicates(t.refused(person("c5", "Ed Poe", main)), heldBy(0, main, "c3", "Cy Ito"))
	t.duplicates(t.refused(at(1, person("c1", "Ann Lee", 11, main))), heldBy(0, main, "c3", "Cy Ito"))
	t.apply(at(3, person("c3", "Cy Ito")))
	t.apply(at(2, person("c2", "Bo Ek", 22, main)))
	t.holders(main, "c2", "c1", "c4")
	// A contact in another status may share lines; it is found when asked for.
	t.apply(at(1, inactive(contacts.Inactive, sharing(person("c1", "Ann Lee", 11), main))))
	t.finds(contacts.Query{Lines: []phone.Line{main}}, "c2", "c4")
	t.finds(contacts.Query{Lines: []phone.Line{main}, Status: []contacts.Status{contacts.Inactive}}, "c1")
}

func claimedAgain(t *tester) {
	const main phone.Line = 18005550100
	claims := func(rev uint64, id string) contacts.Write { return at(rev, person(id, "Desk "+id, main)) }
	shares := func(rev uint64, id string) contacts.Write { return at(rev, sharing(person(id, "Desk "+id), main)) }
	held := func(claimer string, want ...string) {
		t.holders(main, want...)
		for _, h := range t.find(contacts.Query{Lines: []phone.Line{main}}) {
			t.want(h.Shared == (h.Contact.ID != claimer), "hit of %s: got Shared %t", h.Contact.ID, h.Shared)
		}
		t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
	}
	t.apply(claims(0, "c1"), shares(0, "c2"))
	t.apply(shares(1, "c1")) // 3
	held("", "c1", "c2")
	t.apply(claims(3, "c1")) // 4
	held("c1", "c1", "c2")
	t.duplicates(t.refused(claims(2, "c2")), heldBy(0, main, "c1", "Desk c1"))

	// Another claims it meanwhile.
	t.apply(shares(4, "c1")) // 5
	t.apply(claims(2, "c2")) // 6
	t.duplicates(t.refused(claims(5, "c1")), heldBy(0, main, "c2", "Desk c2"))
	held("c2", "c2", "c1")

	// To share it frees the line for others of the batch, in any order, but for
	// one of them alone.
	t.duplicates(t.refused(shares(6, "c2"), claims(5, "c1"), claims(0, "c3")), earlier(2, main, 1))
	t.apply(shares(6, "c2"), claims(5, "c1")) // 7 and 8
	held("c1", "c1", "c2")
	t.apply(claims(0, "c3"), shares(8, "c1")) // 9 and 10
	held("c3", "c3", "c1", "c2")
	t.duplicates(t.refused(claims(10, "c1"), claims(7, "c2")), heldBy(0, main, "c3", "Desk c3"), heldBy(1, main, "c3", "Desk c3"))
	t.apply(shares(9, "c3"), at(7, person("c2", "Desk c2"))) // 11 and 12
	t.duplicates(t.refused(claims(11, "c3"), claims(10, "c1")), earlier(1, main, 0))
	held("", "c1", "c3")

	// Where two claim it from before the rule, one that shares it leaves the
	// other, which goes on blocking.
	t.apply(claims(10, "c1"))
	a := t.apply(keeping(claims(11, "c3")))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(1))
	a = t.apply(shares(a.Last, "c3"))
	t.duplicates(t.refused(claims(a.Last, "c3")), heldBy(0, main, "c1", "Desk c1"))
	held("c1", "c1", "c3")
}

func manyHolders(t *tester) {
	const main phone.Line = 18005550100
	n := 10_000
	if t.short {
		n = 2_000
	}
	var ws []contacts.Write
	var want []string
	for i := range n {
		id := fmt.Sprintf("c%d", i*7919%n)
		w := sharing(person(id, "Clerk"), main)
		ws = append(ws, w)
		want = append(want, id)
	}
	t.create(ws...)
	q := contacts.Query{Lines: []phone.Line{main}}
	p := t.page(q)
	t.want(len(p.Hits) > 0 && p.Next != "", "first page: got %d hits and Next %q", len(p.Hits), p.Next)
	q.Limit = contacts.MaxLimit
	var got []string
	for {
		p := t.page(q)
		got = append(got, ids(p.Hits)...)
		if q.Cursor = p.Next; p.Next == "" {
			break
		}
	}
	for i := range want {
		t.want(i < len(got) && got[i] == want[i], "holder %d of %d: got another than %s", i, len(got), want[i])
	}
	t.equal("number of holders", len(got), n)
	for _, limit := range []int{0, 4, 11, contacts.MaxLimit} {
		few := contacts.Query{Lines: []phone.Line{22, main}, PerLine: 11, Limit: limit}
		t.finds(few, want[:11]...)
	}

	// It is as good a line to claim as any other.
	a := t.apply(person("owner", "Main Desk", main))
	t.duplicates(t.refused(person("other", "Other Desk", main)), heldBy(0, main, "owner", "Main Desk"))
	t.equal("first holder", t.page(contacts.Query{Lines: q.Lines, Limit: 1}).Hits[0].Contact.ID, "owner")
	t.apply(purge(a.Revisions[0], "owner"))
}
