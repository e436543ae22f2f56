package pgstore

import (
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestTrimRows drops the past of contacts that were loaded with theirs, in steps:
// what is left of each table is what came after.
func TestTrimRows(t *testing.T) {
	s := openTest(t, nil)
	const n = 100
	rs := make([]contacts.LoadRecord, n) // each with three states, and a line given up by each
	for i := range rs {
		r := loaded(i)
		r.Created = uint64(i + 1)
		for k := range 2 {
			e := contacts.Event{Revision: uint64(k*n + i + 1), Contact: r.Contact, Lines: []phone.Line{phone.Line(1000 + k*n + i)}}
			e.Contact.Revision = e.Revision
			r.Past = append(r.Past, e)
		}
		r.Contact.Revision = uint64(2*n + i + 1)
		rs[i] = r
	}
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, list(rs...)); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if _, err := s.pool.Exec(t.Context(), s.sql("INSERT INTO {ops} SELECT scope, $1, 'd', $2, '' FROM {scopes}"), []byte{'o', byte(i)}, (i+1)*50); err != nil {
			t.Fatal(err)
		}
	}
	rows := func() (got [4]int64) {
		for i, table := range []string{"feed", "history", "turns", "ops"} {
			got[i] = countOf(t, s, "SELECT count(*) FROM {"+table+"}")
		}
		return got
	}
	if got, want := rows(), [4]int64{3 * n, 2 * n, 5 * n, 5}; got != want {
		t.Fatalf("rows of feed, history, turns and ops: %v, want %v", got, want)
	}
	for _, c := range []struct {
		upTo uint64
		want [4]int64
	}{
		{0, [4]int64{300, 200, 500, 5}},
		{50, [4]int64{250, 150, 450, 4}},
		{150, [4]int64{150, 50, 300, 2}},
		{100, [4]int64{150, 50, 300, 2}},
		{1 << 63, [4]int64{0, 0, 0, 0}},
	} {
		tr := trimmer{s: s, most: 7}
		if err := tr.begin(t.Context(), home, c.upTo); err != nil {
			t.Fatal(err)
		}
		for _, step := range []func() error{func() error { return tr.events(t.Context()) }, func() error { return tr.ops(t.Context()) }} {
			for tr.done = false; !tr.done; {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := rows(); got != c.want {
			t.Errorf("Trim(%d): rows of feed, history, turns and ops: %v, want %v", c.upTo, got, c.want)
		}
	}
	if n := countOf(t, s, "SELECT first_rev FROM {scopes}"); n != 300 {
		t.Errorf("first_rev: %d, want 300", n)
	}
	if err := s.Trim(t.Context(), contacts.Scope{Account: "nobody"}, 5); err != nil {
		t.Error(err)
	}
}

// TestRenewEpochs has every scope come to another epoch and secret.
func TestRenewEpochs(t *testing.T) {
	s := openTest(t, nil)
	const scopes = renewScopes + 3
	if _, err := s.pool.Exec(t.Context(), s.sql(`INSERT INTO {scopes} SELECT i, i, 'acme', i::text, 'stream', 'old ' || i, '\x00', 0, 0, 0, 0, 0, 0, 0, 0, false, '', NULL
		FROM generate_series(1, $1::bigint) i`), scopes); err != nil {
		t.Fatal(err)
	}
	if err := s.RenewEpochs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := countOf(t, s, `SELECT count(DISTINCT epoch) + count(DISTINCT secret) FROM {scopes} WHERE epoch NOT LIKE 'old %' AND secret <> '\x00'`); n != 2*scopes {
		t.Errorf("%d epochs and secrets are new, want %d", n, 2*scopes)
	}
}

// TestTrimThenWrite changes and purges contacts whose events were trimmed: their
// records from before do not come to stand in history, where nothing would drop
// them.
func TestTrimThenWrite(t *testing.T) {
	s := openTest(t, nil)
	apply := func(w contacts.Write) {
		t.Helper()
		if _, err := s.Apply(t.Context(), home, contacts.Batch{Writes: []contacts.Write{w}}); err != nil {
			t.Fatal(err)
		}
	}
	apply(person("c1", "Ann Lee", 11))
	apply(person("c2", "Bo Ek", 22))
	if err := s.Trim(t.Context(), home, 2); err != nil {
		t.Fatal(err)
	}
	w := person("c1", "Ann Leary", 33)
	w.Revision = 1
	apply(w)
	apply(contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "c2"}, Revision: 2})
	if n := countOf(t, s, "SELECT count(*) FROM {history}"); n != 0 {
		t.Errorf("%d records are in history", n)
	}
	w.Revision, w.Keys.Claims = 3, []phone.Line{11}
	apply(w)
	if n := countOf(t, s, "SELECT count(*) FROM {history} WHERE rev = 3"); n != 1 {
		t.Errorf("%d records of revision 3 are in history", n)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
