package storetest

import (
	"fmt"

	"github.com/callerbook/contacts"
)

var opRules = []rule{
	{
		"op/again",
		"the same Op with the same payload returns the first answer, Repeated, and changes nothing",
		opAgain,
	},
	{
		"op/other payload",
		"an Op that was used with another payload is ErrOpReused and changes nothing",
		opOther,
	},
	{
		"op/digest",
		"Digest identifies the payload for Op: the Writes do not count beside it",
		opDigest,
	},
	{
		"op/refused",
		"a refused batch changes nothing: its Op is free",
		opRefused,
	},
	{
		"op/holder purged",
		"the first answer comes again also when a contact that it speaks of was purged since",
		opHolderPurged,
	},
	{
		"op/scopes",
		"nothing passes from one scope to another: the same Op in another scope is another Op",
		opScopes,
	},
	{
		"op/before all else",
		"an Op is looked at before all else: the first answer comes also when the batch would be refused now",
		opFirst,
	},
	{
		"op/at once",
		"the same Op from many goroutines is applied once; the others get the same answer",
		opAtOnce,
	},
}

// named gives a batch an Op.
func named(op string, b contacts.Batch) contacts.Batch {
	b.Op = op
	return b
}

func opAgain(t *tester) {
	t.apply(person("c0", "Old One", 10))
	b := named("op-1", batch(person("c1", "Ann Lee", 11), at(1, person("c0", "Old One", 10)), keeping(person("c2", "Bo Ek", 10))))
	first := t.applyBatch(b)
	t.want(!first.Repeated, "first answer: got Repeated")
	t.want(len(first.Kept) == 1, "first answer: got %d Kept, want 1", len(first.Kept))
	t.apply(at(2, person("c1", "Anna Lee", 12)), purge(3, "c2"))
	before := t.stat()

	want := first
	want.Repeated, want.Kept = true, nil
	for range 3 {
		t.equal("answer to the same Op", t.applyBatch(b), want)
	}
	t.equal("Stat after the same Op", t.stat(), before)
	t.equal("name of c1", t.get("c1").FullName, "Anna Lee")
	t.gone("c2")
	t.equal("number of events", len(t.events(0)), int(before.Last))

	other := t.applyBatch(named("op-2", batch(person("c3", "Cy Ito", 33))))
	t.want(!other.Repeated, "another Op: got Repeated")
	t.applyBatch(named("", batch(person("c4", "Di Oh", 44))))
	t.is(t.refusedBatch(named("", batch(person("c4", "Di Oh", 44)))), "a batch without Op, again", contacts.ErrExists)
}

func opOther(t *tester) {
	w := sharing(person("c1", "Ann Lee", 11), 77)
	t.applyBatch(named("op", batch(w)))
	for what, other := range map[string]contacts.Write{
		"id":       sharing(person("c2", "Ann Lee", 11), 77),
		"name":     sharing(person("c1", "Ann Leh", 11), 77),
		"notes":    noting(w, "x"),
		"revision": at(1, w),
		"claims":   sharing(person("c1", "Ann Lee"), 77),
		"shared":   person("c1", "Ann Lee", 11),
		"keep":     keeping(w),
		"purge":    purge(1, "c1"),
	} {
		t.is(t.refusedBatch(named("op", batch(other))), "the same Op with another "+what, contacts.ErrOpReused)
	}
	t.is(t.refusedBatch(named("op", batch())), "the same Op with no writes", contacts.ErrOpReused)
	t.is(t.refusedBatch(named("op", batch(w, person("c2", "Bo Ek", 22)))), "the same Op with one write more", contacts.ErrOpReused)
	t.want(t.applyBatch(named("op", batch(w))).Repeated, "the first payload again: got no Repeated")
}

func opDigest(t *tester) {
	b := named("op", batch(person("c1", "Ann Lee", 11)))
	b.Digest = []byte("digest\x00\xff")
	first := t.applyBatch(b)
	b.Writes = []contacts.Write{person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33)}
	a, err := t.s.Apply(t.ctx, t.scope, b)
	t.ok(err, "the same Op and Digest with other Writes")
	want := first
	want.Repeated = true
	t.equal("answer to the same Op and Digest", a, want)
	t.gone("c2")
	for _, digest := range []string{"digest\x00", "x"} {
		b.Writes = []contacts.Write{person("c1", "Ann Lee", 11)}
		b.Digest = []byte(digest)
		t.is(t.refusedBatch(b), "the same Op with another Digest", contacts.ErrOpReused)
	}
	long := named("long", batch(person("c4", "Di Oh")))
	long.Digest = make([]byte, 64)
	t.applyBatch(long)
	t.want(t.applyBatch(long).Repeated, "a Digest of 64 bytes, again: got no Repeated")
}

func opRefused(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	b := named("op", batch(person("c2", "Bo Ek", 11)))
	for range 2 {
		t.duplicates(t.refusedBatch(b), heldBy(0, 11, "c1", "Ann Lee"))
	}
	t.apply(at(1, person("c1", "Ann Lee")))
	a := t.applyBatch(b)
	t.want(!a.Repeated, "an Op that was refused before: got Repeated")
	t.is(t.refusedBatch(named("op2", batch(person("c3", "Cy Ito", 11)))), "refusal", contacts.ErrDuplicateNumber)
	t.applyBatch(named("op2", batch(person("c4", "Di Oh", 44)))) // another payload
}

func opHolderPurged(t *tester) {
	t.apply(person("c1", "Secret Name", 11), person("c2", "Bo Ek", 22))
	b := named("op", batch(person("c3", "Cy Ito", 11), at(2, person("c2", "Bo Eck", 22)), at(9, person("c1", "No One"))))
	b.Each = true
	want := t.applyBatch(b)
	t.want(len(want.Refused) == 2, "Each: got %d Refused, want 2", len(want.Refused))
	t.apply(purge(1, "c1"), purge(3, "c2"))
	got := t.applyBatch(b)
	got.Refused, want.Refused, want.Repeated = nil, nil, true // whether it comes with Refused is left open
	t.equal("answer to the same Op", got, want)
}

func opScopes(t *tester) {
	for i, u := range []*tester{t, t.in(home.Account, "sales"), t.in("other", home.Stream)} {
		id := fmt.Sprintf("c%d", i)
		a := u.applyBatch(named("op", batch(person(id, "Ann Lee", 11))))
		t.want(!a.Repeated, "the Op of another scope: got Repeated")
		u.finds(contacts.Query{}, id)
	}
}

func opFirst(t *tester) {
	b := named("op", batch(person("c1", "Ann Lee", 11)))
	b.Epoch = ""
	want := t.applyBatch(b)
	want.Repeated = true
	t.applyBatch(step(contacts.IndexBegin))
	t.applyBatch(step(contacts.IndexEnd, at(1, inactive(contacts.Inactive, person("c1", "Ann Lee"))), person("c2", "Bo Ek", 11)))
	t.equal("answer after the index version and all else has changed", t.applyBatch(b), want)
	b.Digest = []byte("other")
	t.is(t.refusedBatch(b), "the same Op with a Digest", contacts.ErrOpReused)
}

func opAtOnce(t *tester) {
	const goroutines = 16
	b := named("op", batch(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22)))
	answers := make([]contacts.Applied, goroutines)
	t.parallel(goroutines, func(i int) { answers[i] = t.applyBatch(b) })
	first := 0
	for _, a := range answers {
		if !a.Repeated {
			first++
		}
		a.Repeated = answers[0].Repeated
		t.equal("one answer beside another", a, answers[0])
	}
	t.equal("answers that are not Repeated", first, 1)
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2})
}
