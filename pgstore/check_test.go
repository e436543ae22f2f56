package pgstore

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
	"github.com/callerbook/contacts/phone"
)

// livedIn opens a store with two scopes that have a bit of everything.
func livedIn(t *testing.T) (*Store, *leak.Finder) {
	t.Helper()
	s := openTest(t, nil)
	var f leak.Finder
	apply := func(scope contacts.Scope, b contacts.Batch) {
		t.Helper()
		for _, w := range b.Writes {
			f.Contact(w.Contact)
		}
		b.Index = contacts.IndexVersion{Generation: max(1, b.Index.Generation)}
		if _, err := s.Apply(t.Context(), scope, b); err != nil {
			t.Fatal(err)
		}
	}
	at := func(rev uint64, w contacts.Write) contacts.Write { w.Revision = rev; return w }
	kept := func(w contacts.Write) contacts.Write { w.KeepDuplicates = true; return w }
	sharing := func(w contacts.Write, lines ...phone.Line) contacts.Write { w.Keys.Shared = lines; return w }
	for _, scope := range []contacts.Scope{home, {Account: "other", Stream: "a"}} {
		by := contacts.UniqueByStream
		if scope != home {
			by = contacts.UniqueByAccount
		}
		apply(scope, contacts.Batch{UniqueBy: by, Op: "first", Writes: []contacts.Write{
			sharing(person("c1", "Ann Leary", 491511111111), 491519999999), person("c2", "Bo Ekström", 491512222222), person("c3", "Cy Itobe", 491513333333),
		}})
		apply(scope, contacts.Batch{Writes: []contacts.Write{kept(person("c4", "Di Ohara", 491511111111))}})                                     // 4
		apply(scope, contacts.Batch{Writes: []contacts.Write{at(2, person("c2", "Bo Eckstein", 491512222223))}})                                 // 5
		apply(scope, contacts.Batch{Writes: []contacts.Write{at(3, contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c3"}})}}) // 6
		apply(scope, contacts.Batch{Writes: []contacts.Write{at(5, person("c2", "Bo Eckmann", 491512222222))}})                                  // 7
		apply(scope, contacts.Batch{Index: contacts.IndexVersion{Generation: 2}, Phase: contacts.IndexBegin})
		re := at(7, sharing(person("c2", "Bo Eckmann", 491514444444), 491515555555))
		re.Kind = contacts.Reindex
		apply(scope, contacts.Batch{Index: contacts.IndexVersion{Generation: 2}, Writes: []contacts.Write{re}})
		apply(scope, contacts.Batch{Index: contacts.IndexVersion{Generation: 2}, Phase: contacts.IndexEnd})
	}
	if err := s.Trim(t.Context(), home, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatalf("Check of what is sound: %v", err)
	}
	return s, &f
}

// TestCheckFinds damages a store in one way after the other: Check tells in which
// table, one of those named, and shows nothing of a contact.
func TestCheckFinds(t *testing.T) {
	s, leaks := livedIn(t)
	const one, other = `(SELECT min(scope) FROM {directory} WHERE account = 'acme')`, `(SELECT min(scope) FROM {directory} WHERE account = 'other')`
	for _, c := range []struct{ table, sql string }{
		{"scopes", `UPDATE {accounts} SET unique_by = 'nothing'`},
		{"scopes", `UPDATE {accounts} SET domain = 5 WHERE account = 'acme'`},
		{"scopes", `UPDATE {accounts} SET domain = 0 WHERE account = 'other'`},
		{"scopes", `DELETE FROM {accounts} WHERE account = 'acme'`},
		{"accounts", `DELETE FROM {scopes} WHERE stream IS NULL`},
		{"accounts", `INSERT INTO {accounts} VALUES ('alone', 'account', 0)`},
		{"contacts", `DELETE FROM {turns} WHERE rev = 7; DELETE FROM {contacts} WHERE id = 'c2'`},
		{"directory", `DELETE FROM {scopes} WHERE stream = 'a'`},
		{"scopes", `DELETE FROM {directory} WHERE account = 'other'`},
		{"directory", `UPDATE {directory} SET stream = 'else' WHERE account = 'acme'`},
		{"directory", `UPDATE {directory} SET scope = scope + 1 WHERE account = 'acme'`},
		{"scopes", `UPDATE {scopes} SET domain = 7 WHERE account = 'acme'`},
		{"scopes", `UPDATE {scopes} SET unique_by = 'account' WHERE account = 'acme'`},
		{"scopes", `UPDATE {scopes} SET first_rev = last_rev + 1 WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET active = active + 1 WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET inactive = inactive + 1, active = active - 1 WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET merged = 1 WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET duplicates = 0 WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET letters = substr(letters, 2) WHERE stream = 'a'`},
		{"scopes", `UPDATE {scopes} SET letters = 'zz' || letters WHERE stream = 'a'`},
		{"contacts", `UPDATE {scopes} SET last_rev = 6 WHERE stream = 'a'`},
		{"contacts", `UPDATE {contacts} SET record = record || '\xff'`},
		{"contacts", `UPDATE {contacts} SET record = '' WHERE id = 'c1'`},
		{"contacts turns", `UPDATE {contacts} SET rev = 12 WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET id = 'c9' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET status = 'merged' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET sort = '\x00' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET first_name = 'Else' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET last_name = NULL WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET organization = '' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET cell_phone = '+1' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET emails = 'a@b.example' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET created_at = created_at + interval '1 ms' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET updated_at = NULL WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET created_by = 'x' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET updated_by = 'x' WHERE id = 'c1'`},
		{"contacts", `UPDATE {contacts} SET first_name = 'Cy' WHERE id = 'c3'`},
		{"contacts turns", `UPDATE {contacts} SET seq = 20 WHERE id = 'c1'`},
		{"contacts turns", `DELETE FROM {contacts} WHERE id = 'c2'`},
		{"contacts", `INSERT INTO {contacts} SELECT scope + 1, seq, rev, id, status, sort, first_name, last_name, organization, cell_phone, emails, created_at, created_by, updated_at, updated_by, record FROM {contacts} WHERE id = 'c1' AND scope = ` + one},
		{"turns", `DELETE FROM {contacts} WHERE id = 'c4'`},
		{"claims", `DELETE FROM {claims} WHERE line = '491514444444'`},
		{"claims", `DELETE FROM {claims} WHERE line = '491511111111' AND slot = 0`},
		{"claims", `DELETE FROM {claims} WHERE slot = 1`},
		{"claims", `UPDATE {claims} SET slot = 2 WHERE slot = 0`},
		{"claims", `UPDATE {claims} SET line = '1' WHERE line = '491514444444'`},
		{"claims", `UPDATE {claims} SET seq = 3 WHERE line = '491514444444'`},
		{"claims", `UPDATE {claims} SET domain = domain + 1`},
		{"claims", `INSERT INTO {claims} SELECT domain, line, 7, scope, 1 FROM {claims} WHERE line = '491514444444'`},
		{"claims", `INSERT INTO {claims} SELECT domain, line, 7, scope + 1, 1 FROM {claims} WHERE line = '491514444444'`},
		{"claims", `INSERT INTO {claims} SELECT 7, line, 7, 7, 1 FROM {claims} WHERE line = '491514444444' LIMIT 1`},
		{"shared", `DELETE FROM {shared} WHERE seq = 1`},
		{"shared", `UPDATE {shared} SET line = '1'`},
		{"shared", `UPDATE {shared} SET seq = 4 WHERE seq = 1`},
		{"shared", `INSERT INTO {shared} VALUES (` + other + `, '1', 1)`},
		{"shared", `INSERT INTO {shared} VALUES (1, '1', 1)`},
		{"words", `DELETE FROM {words} WHERE word = 'ann'`},
		{"words", `UPDATE {words} SET word = 'anne' WHERE word = 'ann'`},
		{"words", `UPDATE {words} SET seq = 4 WHERE word = 'ann'`},
		{"words", `UPDATE {words} SET fields = 3 WHERE word = 'ann'`},
		{"words", `UPDATE {words} SET fields = 300 WHERE word = 'ann'`},
		{"words", `INSERT INTO {words} VALUES (` + one + `, 'zoe', 3, 1)`},
		{"words", `INSERT INTO {words} VALUES (-1, 'zoe', 3, 1)`},
		{"feed", `DELETE FROM {feed} WHERE rev = 7`},
		{"feed", `DELETE FROM {feed} WHERE rev = 5`},
		{"feed", `UPDATE {feed} SET seq = 1 WHERE rev = 5`},
		{"feed", `UPDATE {feed} SET purged = true WHERE rev = 5`},
		{"feed", `UPDATE {feed} SET purged = false WHERE rev = 6`},
		{"feed", `UPDATE {feed} SET batch_end = 4 WHERE rev = 5`},
		{"feed", `UPDATE {feed} SET batch_end = 99 WHERE rev = 5`},
		{"feed", `INSERT INTO {feed} VALUES (` + one + `, 8, 3, 8, false, NULL)`},
		{"feed", `INSERT INTO {feed} VALUES (9, 8, 3, 8, false, NULL)`},
		{"history", `UPDATE {history} SET record = record || '\xff'`},
		{"history", `UPDATE {history} SET rev = 4 WHERE rev = 5`},
		{"history turns", `UPDATE {history} SET rev = 17 WHERE rev = 5`},
		{"feed", `DELETE FROM {history} WHERE rev = 3`},
		{"turns", `DELETE FROM {history} WHERE rev = 5`},
		{"history", `INSERT INTO {history} SELECT scope + 1, seq, rev, record FROM {history} WHERE rev = 5`},
		{"turns", `DELETE FROM {turns} WHERE rev = 5 AND line = '491512222222'`},
		{"turns", `DELETE FROM {turns} WHERE rev = 5 AND line = '491512222223'`},
		{"turns", `DELETE FROM {turns} WHERE rev = 4`},
		{"turns", `DELETE FROM {turns} WHERE silent`},
		{"turns", `UPDATE {turns} SET line = '1' WHERE rev = 4`},
		{"turns", `UPDATE {turns} SET seq = 1 WHERE rev = 4`},
		{"turns", `UPDATE {turns} SET rev = 6 WHERE rev = 4`},
		{"turns", `INSERT INTO {turns} VALUES (` + one + `, '1', 4, 4, false)`},
		{"turns", `INSERT INTO {turns} VALUES (3, '1', 4, 4, false)`},
		{"ops", `UPDATE {ops} SET answer = 'x'`},
		{"ops", `UPDATE {ops} SET last_rev = 99`},
		{"ops", `UPDATE {ops} SET scope = scope + 1`},
	} {
		forked, err := s.Fork(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := forked.(*Store)
		tag, err := f.pool.Exec(t.Context(), f.sql(c.sql))
		if err != nil || tag.RowsAffected() == 0 {
			t.Fatalf("%s: %v, %v", c.sql, tag, err)
		}
		err = f.Check(t.Context())
		named := func(table string) bool { return strings.Contains(err.Error(), "table "+table+",") }
		if !errors.Is(err, contacts.ErrDamaged) || !slices.ContainsFunc(strings.Fields(c.table), named) {
			t.Errorf("%s: %v, want damage of %s", c.sql, err, c.table)
		} else if found := leaks.InError(err); found != "" {
			t.Errorf("%s: %v shows %s", c.sql, err, found)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCheckMany has more scopes than are looked at together, some of them empty.
func TestCheckMany(t *testing.T) {
	s := openTest(t, nil)
	for i := range 2*checkScopes + 5 {
		scope := contacts.Scope{Account: loaded(i / 3).Contact.ID, Stream: loaded(i).Contact.ID}
		if _, err := s.Load(t.Context(), scope, contacts.LoadHead{}, sequence(i, i+i%3)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.pool.Exec(t.Context(), s.sql("DELETE FROM {words} w WHERE w.scope = (SELECT max(scope) FROM {words}) AND seq = (SELECT max(seq) FROM {words} WHERE scope = w.scope)")); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); !errors.Is(err, contacts.ErrDamaged) {
		t.Errorf("words of the last scope are gone: %v", err)
	}
}
