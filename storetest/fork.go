package storetest

import (
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
)

var forkRules = []rule{
	{
		"fork/alike",
		"a fork begins as the store is, in every scope: contacts, past, settings, epoch, Ops, and how numbers are unique",
		forkAlike,
	},
	{
		"fork/apart",
		"what is written to a fork the store does not see, nor the other way about, in no scope",
		forkApart,
	},
	{
		"fork/by account",
		"where numbers are unique within an account, a fork counts the claims of its own streams",
		forkAccount,
	},
	{
		"fork/close",
		"Close throws a fork away and leaves the store as it is; a fork outlives the store",
		forkClose,
	},
	{
		"fork/amid writes",
		"a fork made amid writes begins as the store was at one moment",
		forkAmid,
	},
}

// fork returns t for a fork of the store, which the end of the case closes.
func (t *tester) fork() *tester {
	s, err := contacts.Fork(t.ctx, t.s)
	t.need(!errors.Is(err, contacts.ErrUnsupported), "Forker")
	t.ok(err, "Fork")
	u := *t
	u.s = s
	t.others = append(t.others, s)
	return &u
}

// same wants u, for another store, to answer as t does, in all scopes.
func (t *tester) same(u *tester) {
	t.equal("Scopes of the fork", u.scopes(), t.scopes())
	for _, scope := range t.scopes() {
		v, w := t.in(scope.Account, scope.Stream), u.in(scope.Account, scope.Stream)
		t.equal("Stat of the fork", w.stat(), v.stat())
		t.sameReads(w.reads(), v.reads())
	}
}

func forkAlike(t *tester) {
	empty := t.fork()
	t.same(empty)
	empty.apply(person("c1", "Ann Lee", 11))

	t.past()
	other := t.in("one", "other")
	b := by(contacts.UniqueByAccount, person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22))
	b.Settings = []byte("other settings")
	b = named("op", b)
	first := other.applyBatch(b)
	trimmed := t.in("trimmed", "")
	trimmed.apply(person("c1", "Ann Lee", 11))
	trimmed.apply(at(1, person("c1", "Anna Lee", 11)))
	t.in("empty", "").apply()
	if err := contacts.Trim(t.ctx, t.s, trimmed.scope, 1); !errors.Is(err, contacts.ErrUnsupported) {
		t.ok(err, "Trim")
	}

	for _, u := range []*tester{t.fork(), t.fork().fork()} {
		t.same(u)
		v := u.in("one", "other")
		again := v.applyBatch(b)
		t.want(again.Repeated, "an Op of the store, again in its fork: got no Repeated")
		again.Repeated = false
		t.equal("answer to an Op of the store in its fork", again, first)
		t.equal("UniqueBy of the fork", v.stat().UniqueBy, contacts.UniqueByAccount)
		u.audit()
	}
}

func forkApart(t *tester) {
	a, b := t.in("acme", "a"), t.in("acme", "b")
	for _, v := range []*tester{a, b} {
		v.apply(person("c1", "Ann Lee", 11), person("c2", "Bo Ek", 22), person("c3", "Cy Ito", 33))
	}
	u := t.fork()
	fa, fb := u.in("acme", "a"), u.in("acme", "b")
	before := fa.reads()

	a.apply(at(1, person("c1", "Ann Moved", 44)), purge(2, "c2"), person("c4", "Di Oh", 55))
	t.in("new", "").apply(person("c1", "Ann Lee", 11))
	t.sameReads(fa.reads(), before)
	t.equal("Scopes of the fork", len(u.scopes()), 2)

	before = a.reads()
	fa.apply(at(3, person("c3", "Cy Otherwise", 66)), person("c4", "Ed Poe", 44), person("c5", "Flo Rae", 55))
	fb.apply(purge(1, "c1"))
	u.in("other", "").apply(person("c1", "Ann Lee", 11))
	t.sameReads(a.reads(), before)
	t.equal("Get", b.get("c1").FullName, "Ann Lee")
	t.equal("Scopes of the store", len(t.scopes()), 3)

	fa.holders(11, "c1")
	fa.holders(44, "c4")
	a.holders(44, "c1")
	a.holders(66)
	t.duplicates(fa.refused(person("c9", "Ivy Ox", 22)), heldBy(0, 22, "c2", "Bo Ek"))
	a.apply(person("c9", "Ivy Ox", 22))
	t.is(a.refused(at(4, person("c3", "Cy Moved", 66))), "Put at a revision of the fork", contacts.ErrConflict)
	u.audit()
}

func forkAccount(t *tester) {
	a, b := t.in("acme", "a"), t.in("acme", "b")
	a.applyBatch(by(contacts.UniqueByAccount, person("c1", "Ann Lee", 11)))
	b.apply(person("c1", "Bo Ek", 22))
	u := t.fork()
	fa, fb := u.in("acme", "a"), u.in("acme", "b")
	t.duplicates(fb.refused(person("c2", "Cy Ito", 11)), contacts.Refusal{Line: 11, Earlier: -1})
	fa.apply(at(1, person("c1", "Ann Lee", 33)))
	fb.apply(person("c2", "Cy Ito", 11))
	t.duplicates(fa.refused(person("c2", "Di Oh", 11)), contacts.Refusal{Line: 11, Earlier: -1})
	t.duplicates(b.refused(person("c2", "Cy Ito", 11)), contacts.Refusal{Line: 11, Earlier: -1})
	b.apply(person("c3", "Di Oh", 33))
	u.in("acme", "c").apply(person("c1", "Ed Poe", 44))
	t.in("acme", "c").apply(person("c1", "Ed Poe", 44))
	u.audit()
}

func forkClose(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	u, v := t.fork(), t.fork()
	u.apply(person("c2", "Bo Ek", 22))
	for range 2 {
		t.ok(u.s.Close(), "Close of a fork")
	}
	_, err := u.s.Get(t.ctx, t.scope, "c1")
	t.is(err, "Get of a fork after its Close", contacts.ErrClosed)
	t.gone("c2")
	t.apply(person("c3", "Cy Ito", 33))
	t.same(t.fork())

	t.close()
	v.get("c1")
	v.gone("c3")
	v.apply(person("c4", "Di Oh", 44))
	w := v.fork()
	t.ok(v.s.Close(), "Close of a fork after its store")
	w.holders(44, "c4")
	w.audit()
}

func forkAmid(t *tester) {
	t.fork() // skips
	const forks, writers, each = 4, 2, 40
	made := make([]*tester, forks)
	t.parallel(forks+writers, func(i int) {
		if i < forks {
			s, err := contacts.Fork(t.ctx, t.s)
			t.ok(err, "Fork amid writes")
			u := *t
			u.s = s
			made[i] = &u
			return
		}
		for n := range each {
			id := fmt.Sprintf("c%d-%d-", i, n)
			t.apply(person(id+"a", "Ann Lee"), person(id+"b", "Bo Ek"))
		}
	})
	for _, u := range made {
		t.others = append(t.others, u.s)
		u.ctx = t.ctx
		st := u.stat()
		t.want(st.Last%2 == 0 && st.Active == st.Last, "a fork has %d contacts and %d events: not those of whole batches", st.Active, st.Last)
		u.apply(person("new", "Cy Ito"))
		u.audit()
	}
	t.gone("new")
}
