package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var batchRules = []rule{
	{
		"batch/order",
		"a batch's writes have consecutive revisions in order, and Applied answers write by write",
		batchOrder,
	},
	{
		"batch/all or nothing",
		"a batch that is refused for one write changes nothing at all",
		allOrNothing,
	},
	{
		"batch/each",
		"Each judges every write on its own, in order, as if each had come in a batch of its own; refused ones are left out and reported",
		eachOnItsOwn,
	},
	{
		"batch/epoch",
		"a batch whose revisions were read under another epoch is refused with *TrimmedError",
		otherEpoch,
	},
	{
		"batch/id twice",
		"an id stands in a batch at most once, else ErrInvalid",
		idTwice,
	},
	{
		"batch/no writes",
		"a scope comes into being with its first Apply, also one without writes; Settings are kept and replaced only when not nil",
		noWrites,
	},
	{
		"batch/refused first",
		"a refused batch changes nothing: the scope it would have made does not exist",
		refusedFirst,
	},
	{
		"batch/bounds",
		"what exceeds a bound of the package is ErrTooLarge and changes nothing; what just fits is taken",
		bounds,
	},
}

func batchOrder(t *tester) {
	var ws []contacts.Write
	var ids []string
	var revs []uint64
	for i := range 300 {
		id := fmt.Sprintf("c%d", (i*7)%300) // not in the order of ids
		ws = append(ws, person(id, "Same Name"))
		ids = append(ids, id)
		revs = append(revs, uint64(i+1))
	}
	a := t.apply(ws...)
	t.equal("Applied", a, contacts.Applied{Revisions: revs, IDs: ids, Last: 300, Epoch: a.Epoch})
	t.finds(contacts.Query{Order: contacts.ByCreation}, ids...)
	t.finds(contacts.Query{}, ids...)
	for i, e := range t.events(0) {
		t.want(e.ID == ids[i] && e.Revision == revs[i], "event %d: got %s at revision %d, want %s", i, e.ID, e.Revision, ids[i])
	}

	a = t.apply(at(9, noting(ws[8], "new")), at(7, ws[6]), purge(3, ids[2]), person("last", "Last One"))
	t.equal("Applied of a mixed batch", a, contacts.Applied{
		Revisions: []uint64{301, 7, 302, 303}, IDs: []string{ids[8], ids[6], ids[2], "last"}, Last: 303, Epoch: a.Epoch,
	})
}

func allOrNothing(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	good := []contacts.Write{
		person("c3", "Cy Ito", 33),
		at(1, person("c1", "Ann Lee", 44)),
		person("c4", "Di Oh", 11), // which c1 gives up
	}
	for _, bad := range []contacts.Write{
		person("c5", "Ed Poe", 22),                 // c2's number
		person("c5", "Ed Poe", 33),                 // c3's, earlier in the batch
		at(7, person("c2", "Bo Ek", 22)),           // not its revision
		person("c2", "Bo Ek", 22),                  // exists
		at(2, person("c9", "Nobody")),              // does not
		purge(9, "c2"),                             // not its revision
		{Contact: contacts.Contact{ID: "c3"}},      // twice
		noting(person("c5", ""), huge()),           // too large
		person(strings.Repeat("w", 97), "Long Id"), // too long
	} {
		for i := range len(good) + 1 {
			ws := append(append(append([]contacts.Write{}, good[:i]...), bad), good[i:]...)
			if bad.Keys.Claims != nil && bad.Keys.Claims[0] == 33 && i == 0 {
				continue // then c3 is the one to be refused
			}
			t.refused(ws...)
			t.gone("c3")
			t.gone("c4")
		}
	}
	t.equal("revision of c1", t.get("c1").Revision, uint64(1))
	t.holders(11, "c1")
	t.holders(22, "c2")
	t.holders(33)
	t.holders(44)
	t.finds(contacts.Query{Words: []contacts.Term{{Text: "cy"}}})
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2})
	t.apply(good...)
	t.holders(11, "c4")
}

func eachOnItsOwn(t *tester) {
	t.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33), person("c4", "Di Oh", 44))
	b := batch(
		person("d0", "Good", 40),
		person("d1", "Taken", 22, 41),                              // c2's
		at(1, person("c1", "Ann Lee", 12)),                         // gives 11 up
		person("d3", "After", 11, 41),                              // 41 was not taken
		at(9, person("c4", "Stale", 44)),                           // not its revision
		person("d5", "Too Early", 33),                              // c3 gives it up later
		at(3, inactive(contacts.Inactive, person("c3", "Cy Ito"))), //
		person("d7", "In Time", 33),                                //
		at(2, person("c2", "Bo Ek", 22)),                           // nothing changes
		keeping(person("d9", "Kept", 22)),                          //
		person("d10", "Too Late", 41),                              // d3's
		keeping(at(7, person("d11", "None", 22))),                  // and keeps nothing
	)
	b.Each = true
	a := t.applyBatch(b)
	t.equal("Applied.Revisions", a.Revisions, []uint64{5, 0, 6, 7, 0, 0, 8, 9, 2, 10, 0, 0})
	t.equal("Applied.IDs", a.IDs, []string{"d0", "d1", "c1", "d3", "c4", "d5", "c3", "d7", "c2", "d9", "d10", "d11"})
	t.equal("Applied.Last", a.Last, uint64(10))
	var indexes []int
	for _, r := range a.Refused {
		indexes = append(indexes, r.Index)
	}
	t.equal("indexes of Refused", indexes, []int{1, 4, 5, 10, 11})
	t.duplicates(a.Refused[0].Err, heldBy(1, 22, "c2", "Bo Ek"))
	t.conflicts(a.Refused[1].Err, contacts.RevisionConflict{Index: 4, ID: "c4", Read: 9, Present: 4})
	t.duplicates(a.Refused[2].Err, heldBy(5, 33, "c3", "Cy Ito"))
	// Whether d3 counts as stored or as an earlier item is left open.
	var dup *contacts.DuplicateNumberError
	t.want(errors.As(a.Refused[3].Err, &dup) && len(dup.Refusals) == 1, "Refused of the last write: got %v", a.Refused[3].Err)
	if dup.Refusals[0].Earlier >= 0 {
		t.duplicates(dup, earlier(10, 41, 3))
	} else {
		t.duplicates(dup, heldBy(10, 41, "d3", "After"))
	}
	t.refusals("Applied.Kept", a.Kept, heldBy(9, 22, "c2", "Bo Ek"))
	t.gone("d1")
	t.gone("d5")
	t.holders(11, "d3")
	t.holders(41, "d3")
	t.holders(33, "d7")
	t.holders(22, "c2", "d9")
	t.equal("revisions of the feed", revisions(t.events(4)), []uint64{5, 6, 7, 8, 9, 10})

	// All refused is no error either.
	b = batch(person("e0", "Taken", 40), person("e1", "Taken", 11))
	b.Each = true
	a = t.applyBatch(b)
	t.equal("Applied.Revisions where all are refused", a.Revisions, []uint64{0, 0})
	t.equal("number of Refused", len(a.Refused), 2)
	t.equal("Stat.Last", t.stat().Last, uint64(10))

	// What is wrong with the batch as a whole refuses all of it.
	b = batch(person("e0", "Good", 50), noting(person("e1", ""), huge()))
	b.Each = true
	t.is(t.refusedBatch(b), "Each with a record too large", contacts.ErrTooLarge)
}

func otherEpoch(t *tester) {
	a := t.apply(person("c1", "Ann Lee", 11))
	for _, epoch := range []string{"another", a.Epoch + "x", t.in("acme", "sales").apply().Epoch} {
		b := batch(at(1, person("c1", "Anna Lee", 11)))
		b.Epoch = epoch
		err := t.refusedBatch(b)
		t.is(err, "Apply under another epoch", contacts.ErrTrimmed)
		var te *contacts.TrimmedError
		t.want(errors.As(err, &te) && te.OtherFeed, "Apply under another epoch: got %T %v, want *contacts.TrimmedError of another feed", err, err)
	}
	b := batch(at(1, person("c1", "Anna Lee", 11)))
	b.Epoch = a.Epoch
	t.applyBatch(b)
}

func huge() string { return strings.Repeat("x", contacts.MaxRecord+1) }

func idTwice(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	for _, ws := range [][]contacts.Write{
		{person("c2", "Bo Ek", 22), person("c2", "Bo Ek", 22)},
		{person("c2", "Bo Ek", 22), at(2, person("c2", "Bo Ek", 23))},
		{at(1, person("c1", "Ann Lee", 12)), purge(1, "c1")},
		{purge(1, "c1"), person("c3", "Cy Ito"), purge(1, "c1")},
	} {
		t.is(t.refused(ws...), "Apply of "+describe(batch(ws...)), contacts.ErrInvalid)
	}
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1})
}

func noWrites(t *tester) {
	b := batch()
	b.Settings = []byte("one\x00\xff")
	a := t.applyBatch(b)
	t.equal("Applied.Last", a.Last, uint64(0))
	t.equal("Scopes", t.scopes(), []contacts.Scope{home})
	st := t.stat()
	t.equal("Stat", st, contacts.Stat{Epoch: a.Epoch, Index: index, UniqueBy: contacts.UniqueByStream, Settings: b.Settings})

	t.equal("Applied.Epoch", t.apply(person("c1", "Ann Lee")).Epoch, a.Epoch)
	t.want(bytes.Equal(t.stat().Settings, b.Settings), "Settings after a batch without: got %q, want %q", t.stat().Settings, b.Settings)
	t.want(len(t.in(home.Account, "other").stat().Settings) == 0, "Settings of another scope: got some")

	b = batch(person("c1", "Ann Lee")) // refused: it exists
	b.Settings = []byte("no")
	t.refusedBatch(b)

	b = batch(person("c2", "Bo Ek"))
	b.Settings = []byte("two")
	t.applyBatch(b)
	t.equal("Settings", string(t.stat().Settings), "two")
	b = batch()
	b.Settings = []byte{}
	t.applyBatch(b)
	t.want(len(t.stat().Settings) == 0, "Settings replaced by none: got %q", t.stat().Settings)
	t.equal("revisions of the feed", revisions(t.events(0)), []uint64{1, 2})
}

func refusedFirst(t *tester) {
	t.refused(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 11))
	t.refused(at(1, person("c1", "Ann Lee", 11)))
	b := batch(at(1, person("c1", "Ann Lee", 11)))
	b.UniqueBy, b.Index.Generation, b.Settings, b.Op = contacts.UniqueByAccount, 9, []byte("x"), "op"
	t.refusedBatch(b)
	t.equal("Scopes", t.scopes(), []contacts.Scope(nil))
	t.equal("Stat", t.stat(), contacts.Stat{})
	t.apply(person("c1", "Ann Lee", 11)) // with another index version
	b = batch()
	b.UniqueBy = contacts.UniqueByStream
	t.applyBatch(b)
}

func manyOf(n int, from phone.Line) []phone.Line {
	var lines []phone.Line
	for i := range n {
		lines = append(lines, from+phone.Line(i))
	}
	return lines
}

func bounds(t *tester) {
	long := func(n int) string { return strings.Repeat("x", n) }
	word := func(n int) contacts.Write {
		w := person("word", "Word")
		w.Keys.Words = []contacts.Word{{Text: long(n)}}
		return w
	}
	sort := func(n int) contacts.Write {
		w := person("sort", "Sort")
		w.Keys.Sort = long(n)
		return w
	}
	op := func(n int) contacts.Batch {
		b := batch(person("op", "Op"))
		b.Op = long(n)
		return b
	}
	settings := func(n int) contacts.Batch {
		b := batch()
		b.Settings = make([]byte, n)
		return b
	}
	for _, c := range []struct {
		what string
		n    int // the bound
		b    func(n int) contacts.Batch
		errs []error
	}{
		{"Op", contacts.MaxOpLen, op, nil},
		{"Settings", contacts.MaxSettings, settings, nil},
		{"word", contacts.MaxKeyLen, func(n int) contacts.Batch { return batch(word(n)) }, nil},
		{"sort key", contacts.MaxKeyLen, func(n int) contacts.Batch { return batch(sort(n)) }, nil},
		{"lines claimed", contacts.MaxLines, func(n int) contacts.Batch {
			w := person("claims", "Claims")
			w.Keys.Claims = manyOf(n, 1000)
			return batch(w)
		}, nil},
		{"lines shared", contacts.MaxLines, func(n int) contacts.Batch {
			w := person("shares", "Shares")
			w.Keys.Shared = manyOf(n, 9000)
			return batch(w)
		}, nil},
		{"id", contacts.MaxIDLen, func(n int) contacts.Batch { return batch(person(long(n), "Id")) }, []error{contacts.ErrInvalid}},
		{"record", contacts.MaxRecord, func(n int) contacts.Batch {
			if n <= contacts.MaxRecord {
				n -= 1024 // which a store's form of it may take
			}
			return batch(noting(person("record", ""), long(n)))
		}, nil},
	} {
		err := t.refusedBatch(c.b(c.n + 1))
		t.is(err, fmt.Sprintf("%s: %d", c.what, c.n+1), append(c.errs, contacts.ErrTooLarge)...)
		t.applyBatch(c.b(c.n))
	}
	t.equal("length of the record's text", len(t.get("record").Notes), contacts.MaxRecord-1024)

	full := t.in(long(contacts.MaxScopeLen), long(contacts.MaxScopeLen))
	full.apply(person("c1", "Ann Lee"))
	full.finds(contacts.Query{}, "c1")
	for _, u := range []*tester{t.in(long(contacts.MaxScopeLen+1), ""), t.in("", long(contacts.MaxScopeLen+1))} {
		_, err := t.s.Apply(t.ctx, u.scope, batch(person("c1", "Ann Lee")))
		t.is(err, "Apply in a scope of too many bytes", contacts.ErrTooLarge)
	}
	t.equal("number of Scopes", len(t.scopes()), 2)
}
