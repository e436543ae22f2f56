package storetest

import (
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var claimRules = []rule{
	{
		"claims/one contact",
		"a line that a contact claims is refused to every other contact, whatever its name, and the refusal tells the holder",
		oneContact,
	},
	{
		"claims/error text",
		"the text of a refusal masks numbers and names",
		maskedText,
	},
	{
		"claims/own lines",
		"a line that a contact claims already is never refused to it",
		ownLines,
	},
	{
		"claims/listed twice",
		"a contact that lists a line twice claims it once",
		listedTwice,
	},
	{
		"claims/swap",
		"all numbers that a batch gives up are released before those that it claims are claimed: two contacts swap in one batch",
		swap,
	},
	{
		"claims/rotation",
		"all releases come before all claims: three contacts pass their numbers on in one batch, in any order of the writes",
		rotation,
	},
	{
		"claims/take over",
		"all releases come before all claims: one contact takes the lines of another that gives them up in the same batch",
		takeOver,
	},
	{
		"claims/merge",
		"all releases come before all claims, all or nothing: one contact takes the lines of two others that become MERGED in the same batch, in any order of the writes",
		mergeBatch,
	},
	{
		"claims/unmerge",
		"and the reverse: contacts that become ACTIVE take back lines which another gives up in the same batch",
		unmergeBatch,
	},
	{
		"claims/half a swap",
		"a line that its holder keeps is refused, and then nothing of the batch happens",
		halfSwap,
	},
	{
		"claims/within the batch",
		"a line that an earlier write of the batch claims is refused; Earlier tells which, and no holder is named",
		withinBatch,
	},
	{
		"claims/all refusals",
		"all refusals come in one error, each with its index, by index and then in the contact's order",
		allRefusals,
	},
	{
		"claims/both kinds",
		"a batch refused for numbers and for revisions has both errors joined",
		bothKinds,
	},
	{
		"claims/release",
		"a contact that is no longer active, or gives a line up, or is purged, leaves it to others",
		release,
	},
	{
		"claims/history of names",
		"HolderName is the holder's name at present",
		holderRenamed,
	},
}

func oneContact(t *tester) {
	t.apply(person("c1", "Ann Lee", 4915111111111), person("c2", "Bo Ek", 4915222222222))
	before := t.stat()
	want := heldBy(0, 4915111111111, "c1", "Ann Lee")
	t.duplicates(t.refused(person("c3", "Cy Ito", 4915111111111)), want)
	t.duplicates(t.refused(person("c3", "Ann Lee", 4915111111111)), want)
	t.duplicates(t.refused(at(2, person("c2", "Bo Ek", 4915111111111))), want)
	t.duplicates(t.refused(at(2, person("c2", "Bo Ek", 4915222222222, 4915111111111))), want)
	t.gone("c3")
	t.equal("Stat", t.stat(), before)
	t.holders(4915111111111, "c1")
	t.apply(person("c3", "Ann Lee", 4915333333333)) // names may repeat
}

func maskedText(t *tester) {
	t.apply(person("c1", "Wilhelmina Quackenbush", 4915111111111))
	err := t.refused(person("c2", "Bo Ek", 4915111111111))
	for _, clear := range []string{"Wilhelmina", "Quackenbush", "4915111111111", "1511111"} {
		t.want(!strings.Contains(err.Error(), clear), "the text has %q in the clear: %v", clear, err)
	}
}

func ownLines(t *tester) {
	t.apply(person("c1", "Ann Lee", 11, 12))
	t.apply(at(1, person("c1", "Ann Leeds", 11, 12)))
	t.apply(at(2, person("c1", "Ann Leeds", 12, 11)))
	t.apply(at(3, person("c1", "Ann Leeds", 12, 13, 11)))
	t.holders(11, "c1")
	t.holders(13, "c1")
	a := t.apply(at(4, person("c1", "Ann Leeds", 12)), person("c2", "Bo Ek", 11))
	t.want(len(a.Kept) == 0, "Applied.Kept: got %+v, want none", a.Kept)
	t.holders(11, "c2")
}

func listedTwice(t *tester) {
	t.apply(person("c1", "Ann Lee", 11, 11))
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
	t.finds(contacts.Query{Duplicates: true})
	t.holders(11, "c1")
	t.duplicates(t.refused(person("c2", "Bo Ek", 11)), heldBy(0, 11, "c1", "Ann Lee"))
	t.apply(at(1, person("c1", "Ann Lee", 11)))
	t.holders(11, "c1")
	rev := t.get("c1").Revision
	t.apply(at(rev, person("c1", "Ann Lee")))
	t.holders(11)
	t.apply(person("c2", "Bo Ek", 11))
}

func swap(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	t.apply(at(1, person("c1", "Ann Lee", 22)), at(2, person("c2", "Bo Ek", 11)))
	t.holders(11, "c2")
	t.holders(22, "c1")
	t.apply(at(4, person("c2", "Bo Ek", 22)), at(3, person("c1", "Ann Lee", 11)))
	t.holders(11, "c1")
	t.holders(22, "c2")
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
	t.refused(person("c3", "Cy Ito", 11))
	t.refused(person("c3", "Cy Ito", 22))
}

func rotation(t *tester) {
	lines := []phone.Line{11, 22, 33}
	name := []string{"a", "b", "c"}
	rev := []uint64{1, 2, 3}
	t.apply(person("a", "A", 11), person("b", "B", 22), person("c", "C", 33))
	for round, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}} {
		var ws []contacts.Write
		for _, i := range order {
			ws = append(ws, at(rev[i], person(name[i], strings.ToUpper(name[i]), lines[(i+round+1)%3])))
		}
		a := t.apply(ws...)
		for k, i := range order {
			rev[i] = a.Revisions[k]
			t.holders(lines[(i+round+1)%3], name[i])
		}
	}
	t.equal("Stat.Duplicates", t.stat().Duplicates, uint64(0))
}

func takeOver(t *tester) {
	t.apply(person("c1", "Ann Lee", 11, 12), person("c2", "Bo Ek", 22))
	t.apply(at(1, person("c1", "Ann Lee", 11, 12, 22)), at(2, mergedInto("c1", person("c2", "Bo Ek")))) // the claim first
	t.holders(22, "c1")
	t.apply(purge(3, "c1"), person("c3", "Cy Ito", 12, 22)) // the release first
	t.holders(12, "c3")
	t.apply(person("c4", "Di Oh", 22), purge(6, "c3"))
	t.holders(22, "c4")
	t.holders(12)
	t.apply(at(7, inactive(contacts.Inactive, person("c4", "Di Oh"))), person("c5", "Ed Poe", 22))
	t.holders(22, "c5")
	// From a claim to a share, and the other way about.
	t.apply(at(10, sharing(person("c5", "Ed Poe"), 22)), person("c6", "Flo Rae", 22))
	t.holders(22, "c6", "c5")
	t.apply(at(12, sharing(person("c6", "Flo Rae"), 22)), at(11, person("c5", "Ed Poe", 22)))
	t.holders(22, "c5", "c6")
}

// A merger is three contacts, apart or merged into the first of them.
type merger struct {
	*tester
	rev [3]uint64
}

func (t *tester) merger() *merger {
	m := &merger{t, [3]uint64{1, 2, 3}}
	t.apply(person("c1", "Ann Lee", 11), sharing(person("c2", "A Lee", 22), 77), person("c3", "Anne Leigh", 33, 34), person("c4", "Di Oh", 44))
	return m
}

// whole returns the writes that merge the three, with more lines for the first.
func (m *merger) whole(more ...phone.Line) []contacts.Write {
	w := sharing(person("c1", "Ann Lee", append([]phone.Line{11, 22, 33, 34}, more...)...), 77)
	w.Contact.MergedFrom = []contacts.Origin{
		{ID: "c2", At: day, Numbers: []string{number(22), number(77)}}, {ID: "c3", At: day, Numbers: []string{number(33), number(34)}},
	}
	return []contacts.Write{
		at(m.rev[0], w), at(m.rev[1], mergedInto("c1", person("c2", "A Lee"))), at(m.rev[2], mergedInto("c1", person("c3", "Anne Leigh"))),
	}
}

// apart returns the writes that part them, with more lines for the first.
func (m *merger) apart(more ...phone.Line) []contacts.Write {
	return []contacts.Write{
		at(m.rev[0], person("c1", "Ann Lee", append([]phone.Line{11}, more...)...)),
		at(m.rev[1], sharing(person("c2", "A Lee", 22), 77)), at(m.rev[2], person("c3", "Anne Leigh", 33, 34)),
	}
}

// do applies the three writes in an order of their own.
func (m *merger) do(ws []contacts.Write, order []int) {
	a := m.apply(ws[order[0]], ws[order[1]], ws[order[2]])
	for k, i := range order {
		m.rev[i] = a.Revisions[k]
		want := ws[i].Contact
		want.Revision = a.Revisions[k]
		m.equal("Get of "+want.ID, m.get(want.ID), want)
	}
}

// held wants the lines of the three with these contacts.
func (m *merger) held(c2, c3 string) {
	m.holders(11, "c1")
	m.holders(22, c2)
	m.holders(77, c2)
	m.holders(33, c3)
	m.holders(34, c3)
	st := m.stat()
	m.equal("Stat.Duplicates", st.Duplicates, uint64(0))
	m.equal("Stat.Active and Merged", st.Active+st.Merged, uint64(4))
}

var orders = [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}}

func mergeBatch(t *tester) {
	m := t.merger()
	t.duplicates(t.refused(m.whole(44)...), heldBy(0, 44, "c4", "Di Oh"))
	ws := m.whole()
	ws[2].Revision = 9
	t.conflicts(t.refused(ws...), contacts.RevisionConflict{Index: 2, ID: "c3", Read: 9, Present: 3})
	ws[2] = at(3, person("c3", "Anne Leigh", 34)) // keeps one of them
	t.duplicates(t.refused(ws...), heldBy(0, 34, "c3", "Anne Leigh"))
	ws[2] = at(4, person("c4", "Di Oh", 44, 33)) // another wants one, too
	t.duplicates(t.refused(append(ws, m.whole()[2])...), earlier(2, 33, 0))
	m.held("c2", "c3")
	for _, order := range orders {
		m.do(m.whole(), order)
		m.held("c1", "c1")
		t.duplicates(t.refused(person("c9", "Ivy Ox", 33)), heldBy(0, 33, "c1", "Ann Lee"))
		m.do(m.apart(), []int{0, 1, 2})
	}
}

func unmergeBatch(t *tester) {
	m := t.merger()
	for _, order := range orders {
		m.do(m.whole(), []int{0, 1, 2})
		t.duplicates(t.refused(m.apart(34)...), heldBy(2, 34, "c1", "Ann Lee"))
		ws := m.apart()
		ws[1].Revision = 2 // of before the merge
		t.conflicts(t.refused(ws...), contacts.RevisionConflict{Index: 1, ID: "c2", Read: 2, Present: m.rev[1]})
		m.held("c1", "c1")
		m.do(m.apart(), order)
		m.held("c2", "c3")
		t.duplicates(t.refused(person("c9", "Ivy Ox", 33)), heldBy(0, 33, "c3", "Anne Leigh"))
	}
	// The survivor gave a line up since, and somebody else has it.
	m.do(m.whole(), []int{0, 1, 2})
	ws := m.whole()
	ws[0].Keys.Claims = []phone.Line{11, 22, 33}
	m.rev[0] = t.apply(ws[0]).Revisions[0]
	t.apply(at(4, person("c4", "Di Oh", 44, 34)))
	t.duplicates(t.refused(m.apart()...), heldBy(2, 34, "c4", "Di Oh"))
	t.holders(33, "c1")
}

func halfSwap(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	t.duplicates(t.refused(at(1, person("c1", "Ann Lee", 22)), at(2, person("c2", "Bo Ek", 33))),
		heldBy(1, 33, "c3", "Cy Ito"))
	t.duplicates(t.refused(at(1, person("c1", "Ann Lee", 22)), at(3, person("c3", "Cy Ito", 11))),
		heldBy(0, 22, "c2", "Bo Ek"))
	t.duplicates(t.refused(at(1, person("c1", "Ann Lee", 22)), at(2, person("c2", "Bo Ek", 22, 11))),
		heldBy(0, 22, "c2", "Bo Ek"))
	t.holders(11, "c1")
	t.holders(22, "c2")
	t.holders(33, "c3")
}

func withinBatch(t *tester) {
	t.duplicates(t.refused(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 11)), earlier(1, 11, 0))
	t.duplicates(t.refused(person("c1", "Ann Lee", 22), person("c2", "Bo Ek", 11), person("c3", "Ann Lee", 44, 11)),
		earlier(2, 11, 1))
	t.duplicates(t.refused(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 11), person("c3", "Cy Ito", 11)),
		earlier(1, 11, 0), earlier(2, 11, 0))
	t.apply(person("c9", "Ivy Ox", 99))
	// Two contend for what a third gives up.
	t.duplicates(t.refused(person("c1", "Ann Lee", 99), purge(1, "c9"), person("c2", "Bo Ek", 99)), earlier(2, 99, 0))
	// One refusal a line: a stored holder comes before an earlier write.
	t.duplicates(t.refused(person("c1", "Ann Lee", 99), person("c2", "Bo Ek", 99, 99)),
		heldBy(0, 99, "c9", "Ivy Ox"), heldBy(1, 99, "c9", "Ivy Ox"))
	t.duplicates(t.refused(at(1, noting(person("c9", "Ivy Ox", 99), "edited")), person("c2", "Bo Ek", 99)),
		heldBy(1, 99, "c9", "Ivy Ox"))
	t.holders(99, "c9")
	t.holders(11)
	// A share is not a claim.
	t.apply(person("c1", "Ann Lee", 11), sharing(person("c2", "Bo Ek"), 11))
	t.holders(11, "c1", "c2")
}

func allRefusals(t *tester) {
	t.apply(person("c1", "Ann Lee", 11, 12), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	err := t.refused(
		person("d0", "Good One", 50),
		person("d1", "Bad One", 22, 51, 12),
		at(3, person("c3", "Cy Ito", 33, 11)),
		person("d3", "Good Two", 53),
		person("d4", "Bad Two", 51, 54, 53),
		person("d5", "Bad Three", 33),
	)
	t.duplicates(err,
		heldBy(1, 22, "c2", "Bo Ek"), heldBy(1, 12, "c1", "Ann Lee"),
		heldBy(2, 11, "c1", "Ann Lee"),
		earlier(4, 51, 1), earlier(4, 53, 3),
		heldBy(5, 33, "c3", "Cy Ito"),
	)
	for _, id := range []string{"d0", "d1", "d3", "d4", "d5"} {
		t.gone(id)
	}

	// More than any bound on texts.
	var ws []contacts.Write
	var want []contacts.Refusal
	for i := range 20 {
		ws = append(ws, person("e"+string(rune('A'+i)), "Many", 22, 12))
		want = append(want, heldBy(i, 22, "c2", "Bo Ek"), heldBy(i, 12, "c1", "Ann Lee"))
	}
	t.duplicates(t.refused(ws...), want...)
}

func bothKinds(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	err := t.refused(person("c3", "Cy Ito", 11), at(7, person("c2", "Bo Ek", 22)), person("c4", "Di Oh", 44), at(3, person("c9", "No One")))
	t.duplicates(err, heldBy(0, 11, "c1", "Ann Lee"))
	t.conflicts(err,
		contacts.RevisionConflict{Index: 1, ID: "c2", Read: 7, Present: 2},
		contacts.RevisionConflict{Index: 3, ID: "c9", Read: 3})
}

func release(t *tester) {
	t.apply(person("c1", "Ann Lee", 11, 12, 13))
	t.apply(at(1, inactive(contacts.Inactive, person("c1", "Ann Lee", 11, 12, 13))))
	t.holders(11)
	t.apply(person("c2", "Bo Ek", 12))
	// All of its lines, or none.
	t.duplicates(t.refused(at(2, person("c1", "Ann Lee", 11, 12, 13))), heldBy(0, 12, "c2", "Bo Ek"))
	t.holders(11)
	t.holders(13)
	t.equal("status", t.get("c1").Status, contacts.Inactive)
	t.apply(at(3, person("c2", "Bo Ek")))
	t.apply(at(2, person("c1", "Ann Lee", 11, 12, 13)))
	for _, line := range []phone.Line{11, 12, 13} {
		t.holders(line, "c1")
	}
	t.apply(purge(5, "c1"))
	t.apply(person("c3", "Cy Ito", 11), person("c4", "Di Oh", 13))
	t.holders(11, "c3")
	t.holders(13, "c4")
}

func holderRenamed(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	t.apply(at(1, person("c1", "Anna Leeds", 11)))
	t.duplicates(t.refused(person("c2", "Bo Ek", 11)), heldBy(0, 11, "c1", "Anna Leeds"))
	t.apply(at(2, person("c1", "", 11)))
	t.duplicates(t.refused(person("c2", "Bo Ek", 11)), heldBy(0, 11, "c1", ""))
}
