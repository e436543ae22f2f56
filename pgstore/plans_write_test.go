package pgstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/queue"
)

// TestPlansOfGrowingTables lets a scope grow from nothing, on one connection, in
// tables that the database never analyzes: once there are some thousand contacts,
// no statement of Apply looks at more of them than it needs.
func TestPlansOfGrowingTables(t *testing.T) {
	s := tempStore(t)
	withoutAutovacuum(t, s)
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	n := int64(0)
	for n < 8400 {
		var b contacts.Batch
		for range 100 {
			b.Writes = append(b.Writes, benchPerson(n))
			n++
		}
		mustApply(t, s, b)
	}
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	for i, template := range []string{sqlState, sqlToken, sqlStored, sqlClaims, sqlPrior, sqlNames, sqlNameOf, sqlPast, sqlSupersede, sqlBlankHistory,
		sqlUpdateContacts, sqlReindexContacts, sqlPurgeContacts, sqlDropClaims, sqlDropShared, sqlDropWords, sqlDropTurns, sqlSetCounts} {
		text := s.sql(template)
		if !strings.Contains(text, "/* 7 */") {
			t.Fatalf("%s: the text does not tell how large the scope is", text)
		}
		d, err := conn.Conn().Prepare(t.Context(), fmt.Sprint("p", i), text)
		if err != nil {
			t.Fatal(err)
		}
		args := strings.TrimSuffix(strings.Repeat("NULL,", len(d.ParamOIDs)), ",")
		rows, err := conn.Query(t.Context(), fmt.Sprintf("EXPLAIN EXECUTE p%d(%s)", i, args))
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, line)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "\n"); strings.Contains(all, "Seq Scan") || strings.Contains(all, "Filter") {
			t.Errorf("%s\n%s", text, all)
		}
	}
}

// TestPlansOfNewScope: in tables whose statistics are of another scope only, the
// first batch of a connection looks at no more rows of a scope than it needs.
func TestPlansOfNewScope(t *testing.T) {
	s := tempStore(t)
	withoutAutovacuum(t, s)
	beside := contacts.Scope{Account: "beside"}
	for _, scope := range []contacts.Scope{home, beside} {
		for n := int64(0); n < 3000; {
			var b contacts.Batch
			for range 1000 {
				b.Writes = append(b.Writes, benchPerson(n))
				n++
			}
			mustApplyTo(t, s, scope, b)
		}
		if scope == home {
			if _, err := s.pool.Exec(t.Context(), "ANALYZE"); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.pool.Reset()
	var b contacts.Batch
	for n := range int64(3) {
		w := benchPerson(n)
		w.Revision = uint64(n + 1)
		b.Writes = append(b.Writes, w)
	}
	r := &queue.Request{Ctx: t.Context(), Batch: prepare.New(name, beside, &b)}
	g := &group{s: s, lane: &lane{scope: beside}, own: r, held: []*queue.Request{r}}
	one := &try{g: g, s: s, ch: &changes{}}
	if err := one.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer one.end(nil)
	var n int64
	if err := one.conn.QueryRow(t.Context(), `SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::bigint FROM pg_stat_xact_user_tables`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n == 0 || n > 100 {
		t.Errorf("it looked at %d rows", n)
	}
}

// withoutAutovacuum has the database analyze the tables only when it is told to.
func withoutAutovacuum(t testing.TB, s *Store) {
	t.Helper()
	for _, table := range []string{"scopes", "contacts", "claims", "words", "turns", "feed", "history", "shared", "ops"} {
		if _, err := s.pool.Exec(t.Context(), s.expand("ALTER TABLE {"+table+"} SET (autovacuum_enabled = false)")); err != nil {
			t.Fatal(err)
		}
	}
}
