package storetest

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var uniqueRules = []rule{
	{
		"unique/fixed",
		"UniqueBy is fixed by the first batch of an account; a batch that asks for another is ErrUniqueBy",
		uniqueByFixed,
	},
	{
		"unique/account",
		"UniqueByAccount makes numbers unique within all streams of an account, and of this account only",
		uniqueByAccount,
	},
	{
		"unique/holder not named",
		"a refusal on account of another stream does not say which or by whom",
		holderNotNamed,
	},
	{
		"unique/account at once",
		"of creates in several streams of an account at once exactly one gets the number",
		uniqueAtOnce,
	},
}

func by(u contacts.UniqueBy, ws ...contacts.Write) contacts.Batch {
	b := batch(ws...)
	b.UniqueBy = u
	return b
}

func uniqueByFixed(t *tester) {
	for _, first := range []contacts.UniqueBy{contacts.UniqueByDefault, contacts.UniqueByStream, contacts.UniqueByAccount} {
		account := fmt.Sprintf("account %d", first)
		is, not := first, contacts.UniqueByStream
		if first != contacts.UniqueByAccount {
			is, not = contacts.UniqueByStream, contacts.UniqueByAccount
		}
		t.in(account, "a").applyBatch(by(first))
		for _, stream := range []string{"a", "b"} {
			u := t.in(account, stream)
			t.is(u.refusedBatch(by(not, person("c1", "Ann Lee", 11))), "batch of another measure", contacts.ErrUniqueBy)
			u.applyBatch(by(contacts.UniqueByDefault))
			u.applyBatch(by(is))
			t.equal("Stat", u.stat().UniqueBy == contacts.UniqueByAccount, is == contacts.UniqueByAccount)
		}
	}
	t.in("", "").applyBatch(by(contacts.UniqueByAccount)) // another account has its own
}

func uniqueByAccount(t *tester) {
	a, b, other := t.in("acme", "a"), t.in("acme", "b"), t.in("acme2", "a")
	a.applyBatch(by(contacts.UniqueByAccount, person("c1", "Ann Lee", 11, 12)))
	t.duplicates(b.refused(person("c1", "Bo Ek", 22), person("c2", "Cy Ito", 11)),
		contacts.Refusal{Index: 1, Line: 11, Earlier: -1})
	b.apply(person("c1", "Bo Ek", 22))
	other.apply(person("c1", "Ann Lee", 11))
	t.duplicates(a.refused(at(1, person("c1", "Ann Lee", 11, 12, 22))), contacts.Refusal{Line: 22, Earlier: -1})
	t.duplicates(a.refused(person("c2", "Bo Ek", 11)), heldBy(0, 11, "c1", "Ann Lee"))

	// A share claims nothing, and is no trouble to a claim.
	b.apply(sharing(person("c3", "Di Oh"), 11))
	a.apply(sharing(person("c3", "Di Oh"), 22, 33))
	b.apply(person("c4", "Ed Poe", 33))

	// What the one stream gives up is free to the other.
	a.apply(at(1, person("c1", "Ann Lee", 12)))
	b.apply(person("c5", "Flo Rae", 11))
	t.duplicates(a.refused(person("c6", "Gus Orr", 11)), contacts.Refusal{Line: 11, Earlier: -1})
	a.holders(11)
	b.holders(11, "c5", "c3")
	t.equal("Stat.Duplicates", a.stat().Duplicates+b.stat().Duplicates, uint64(0))
}

func holderNotNamed(t *tester) {
	secret := contacts.Scope{Account: "acme", Stream: "secret-stream"}
	a, b := t.in(secret.Account, secret.Stream), t.in("acme", "b")
	a.applyBatch(by(contacts.UniqueByAccount, person("secret-id", "Hidden Name", 11)))
	err := b.refused(person("c1", "Bo Ek", 11))
	t.duplicates(err, contacts.Refusal{Line: 11, Earlier: -1})
	for _, clear := range []string{"secret", "Hidden", "Name", "H."} {
		t.want(!strings.Contains(err.Error(), clear), "the text names the holder of another stream: %v", err)
	}
	kept := b.apply(keeping(person("c1", "Bo Ek", 11))).Kept
	t.refusals("Applied.Kept", kept, contacts.Refusal{Line: 11, Earlier: -1})
	b.holders(11, "c1")
	a.holders(11, "secret-id")
	for _, u := range []*tester{a, b} {
		u.finds(contacts.Query{Prefixes: []string{"1"}}, ids(u.find(contacts.Query{}))...)
		t.equal("History of the line in one stream", len(u.history(contacts.HistoryQuery{Line: 11})), 1)
		t.is(u.refused(person("c9", "Ivy Ox", 11)), "new claim", contacts.ErrDuplicateNumber)
	}
}

func uniqueAtOnce(t *tester) {
	const streams = 8
	for round := range 4 {
		line := phone.Line(100 + round)
		var won atomic.Int32
		t.parallel(streams, func(i int) {
			u := t.in("acme", fmt.Sprint("stream ", i))
			_, err := t.s.Apply(t.ctx, u.scope, by(contacts.UniqueByAccount, person(fmt.Sprint("c", round), "Ann Lee", line)))
			if err == nil {
				won.Add(1)
				return
			}
			t.duplicates(err, contacts.Refusal{Line: line, Earlier: -1})
		})
		t.equal("creates of one number that succeeded", won.Load(), int32(1))
	}
}
