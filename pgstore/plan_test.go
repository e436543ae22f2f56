package pgstore

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest"
)

// statementsSeen collects what is sent to a database, each statement with the
// arguments of its first use.
type statementsSeen struct {
	mu   sync.Mutex
	args map[string][]any
}

func (s *statementsSeen) add(text string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, _, _ = strings.Cut(text, " /* ") // store.go says what for
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	if _, seen := s.args[text]; !seen && slices.Contains([]string{"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}, verb) {
		s.args[text] = args
	}
}

func (s *statementsSeen) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.add(d.SQL, d.Args)
	return ctx
}
func (s *statementsSeen) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statementsSeen) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	for _, q := range d.Batch.QueuedQueries {
		s.add(q.SQL, q.Arguments)
	}
	return ctx
}
func (s *statementsSeen) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (s *statementsSeen) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// seenStore opens a store whose statements are collected.
func seenStore(t testing.TB, seen *statementsSeen, o *Options) *Store {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Tracer = seen
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), pool, o)
	if err != nil {
		pool.Close()
		t.Fatal(err)
	}
	s.ownPool = true
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestPlans: no statement reads a whole table in a database of many contacts,
// neither in the plan for its arguments nor in the one for any. -long has
// 1,000,000 contacts, and all the statements that storetest makes.
func TestPlans(t *testing.T) {
	n := 40_000
	if *long {
		n = 1_000_000
	}
	seen := &statementsSeen{args: map[string][]any{}}
	s := seenStore(t, seen, nil)
	crowd(t, s, home, n)
	for _, text := range []string{
		"INSERT INTO {history} (scope, seq, rev, record) SELECT scope, seq, -seq, record FROM {contacts}",
		"INSERT INTO {ops} (scope, op, digest, last_rev, answer) SELECT i % 100, int8send(i), '', i, '' FROM generate_series(1, 20000) i",
		"INSERT INTO {accounts} (account, unique_by, domain) SELECT i::text, 'stream', 0 FROM generate_series(1, 20000) i",
		"INSERT INTO {directory} (account, stream, scope) SELECT i::text, '', i FROM generate_series(1, 20000) i",
		`INSERT INTO {scopes} (scope, domain, account, stream, unique_by, epoch, secret, first_rev, last_rev, active, inactive, merged,
			duplicates, index_generation, index_fingerprint, reindexing, letters)
			SELECT i, i, i::text, '', 'stream', 'e', 's', 0, 0, 0, 0, 0, 0, 0, 0, false, '' FROM generate_series(1, 20000) i`,
		"ANALYZE",
	} {
		execute(t, s, text)
	}
	clear(seen.args)
	useAll(t, s)
	own := maps.Clone(seen.args)
	whole := &statementsSeen{args: map[string][]any{}} // by Check, which reads everything
	small := seenStore(t, whole, nil)
	if _, err := small.Apply(t.Context(), contacts.Scope{}, contacts.Batch{UniqueBy: contacts.UniqueByAccount, Writes: []contacts.Write{person("a", "Ann")}}); err != nil {
		t.Fatal(err)
	}
	clear(whole.args)
	if err := small.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if *long {
		t.Run("storetest", func(t *testing.T) {
			storetest.Run(t, func() (contacts.Store, error) { return seenStore(t, seen, nil), nil })
		})
	}
	conn, err := pgx.Connect(t.Context(), s.pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, text := range []string{
		"SELECT count(*) FROM contacts.contacts WHERE first_name = $1",
		"SELECT record FROM contacts.contacts WHERE scope = $1 AND first_name = $2 ORDER BY seq LIMIT 1",
	} {
		if len(readsAll(t, explainGeneric(t, conn, text, strings.Count(text, "$")))) == 0 {
			t.Errorf("a plan that reads a whole table, or a whole scope, is not found out: %s", text)
		}
	}
	for text, args := range seen.args {
		_, checks := whole.args[text]
		if checks || strings.Contains(text, "pg_temp.") || strings.Contains(text, ".version") || strings.Contains(text, "information_schema") {
			continue // of Check, of a Fork, whose tables are gone, or of an Open
		}
		plan := explainGeneric(t, conn, text, len(args))
		for _, flaw := range readsAll(t, plan) {
			t.Errorf("the plan for any arguments %s: %s\n%s", flaw, text, plan)
		}
		if _, ok := own[text]; !ok {
			continue
		}
		plan = explain(t, conn, text, args)
		for _, flaw := range readsAll(t, plan) {
			t.Errorf("the plan for some arguments %s: %s\n%s", flaw, text, plan)
		}
		if cost := planOf(t, plan).Cost; cost >= 100_000 { // jit_above_cost: it would be compiled, which takes longer than a page
			t.Errorf("the plan for some arguments is taken for one that costs %.0f: %s\n%s", cost, text, plan)
		}
	}
	t.Logf("%d statements", len(seen.args))
}

// useAll does all that a Store does.
func useAll(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, q := range crowdQueries() {
		for range 2 {
			p, err := s.Find(ctx, home, q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if q.Skip, q.Cursor = 0, p.Next; p.Next == "" {
				break
			}
		}
	}
	id := one(77).Contact.ID
	_, err := s.Get(ctx, home, id)
	ok(err)
	_, err = s.Stat(ctx, home)
	ok(err)
	_, err = s.Scopes(ctx, contacts.Scope{}, 0)
	ok(err)
	_, err = s.Events(ctx, home, 100, 0)
	ok(err)
	for _, reverse := range []bool{false, true} {
		_, err = s.History(ctx, home, contacts.HistoryQuery{ID: id, Reverse: reverse})
		ok(err)
		_, err = s.History(ctx, home, contacts.HistoryQuery{Line: crowdLine(77), Reverse: reverse})
		ok(err)
	}
	index := contacts.IndexVersion{Generation: 1}
	apply := func(op string, writes ...contacts.Write) uint64 {
		t.Helper()
		a, err := s.Apply(ctx, home, contacts.Batch{Op: op, Index: index, Writes: writes, Settings: []byte("s")})
		ok(err)
		return a.Last
	}
	rev := apply("op", person("new", "Anna New", 1, 2))
	apply("op", person("new", "Anna New", 1, 2))
	w := person("new", "Ben New", 2, 3)
	w.Revision, w.Keys.Shared = rev, []phone.Line{4, 5}
	w.Contact.CellPhone.Number = "+3"
	rev = apply("", w, person("newer", "Ben Ü", 1))
	taken := person("taken", "Cy New", 2)
	if _, err = s.Apply(ctx, home, contacts.Batch{Index: index, Writes: []contacts.Write{taken}}); err == nil {
		t.Fatal("a line that was taken is free")
	}
	taken.KeepDuplicates = true
	apply("", taken)
	w = person("new", "Ben Newer")
	w.Revision = rev - 1
	rev = apply("", w)
	apply("", contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "new"}, Revision: rev})
	next := contacts.IndexVersion{Generation: 2}
	_, err = s.Apply(ctx, home, contacts.Batch{Index: next, Phase: contacts.IndexBegin, Writes: []contacts.Write{
		{Kind: contacts.Reindex, Contact: contacts.Contact{ID: id}, Revision: 78, Keys: one(78).Keys}}})
	ok(err)
	_, err = s.Apply(ctx, home, contacts.Batch{Index: next, Phase: contacts.IndexEnd})
	ok(err)
	_, err = s.Apply(ctx, contacts.Scope{Account: "shared", Stream: "a"}, contacts.Batch{UniqueBy: contacts.UniqueByAccount, Writes: []contacts.Write{person("x", "X", 7)}})
	ok(err)
	ok(contacts.Trim(ctx, s, home, 50))
	ok(contacts.Wait(ctx, s, home, 1))
}

// explain returns the plan for some arguments.
func explain(t *testing.T, conn *pgx.Conn, text string, args []any) []byte {
	t.Helper()
	var plan []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+text, args...).Scan(&plan); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return plan
}

// explainGeneric returns the plan that the database keeps for any arguments.
func explainGeneric(t *testing.T, conn *pgx.Conn, text string, n int) []byte {
	t.Helper()
	values := ""
	if n > 0 {
		values = "(" + strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ") + ")"
	}
	for _, c := range []string{"SET plan_cache_mode = force_generic_plan", "PREPARE generic AS " + text} {
		if _, err := conn.Exec(t.Context(), c, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	var plan []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE generic"+values, pgx.QueryExecModeSimpleProtocol).Scan(&plan); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, c := range []string{"DEALLOCATE generic", "RESET plan_cache_mode"} {
		if _, err := conn.Exec(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return plan
}

type planNode struct {
	Type     string     `json:"Node Type"`
	Relation string     `json:"Relation Name"`
	Index    string     `json:"Index Name"`
	Cond     string     `json:"Index Cond"`
	Cost     float64    `json:"Total Cost"`
	Plans    []planNode `json:"Plans"`
}

func planOf(t *testing.T, plan []byte) planNode {
	t.Helper()
	var list []struct{ Plan planNode }
	if err := json.Unmarshal(plan, &list); err != nil || len(list) != 1 {
		t.Fatalf("%v: %s", err, plan)
	}
	return list[0].Plan
}

// readsAll says which tables a plan reads from end to end, or as far as a scope
// goes where that may be far.
func readsAll(t *testing.T, plan []byte) (flaws []string) {
	t.Helper()
	var walk func(n planNode)
	walk = func(n planNode) {
		table, _, _ := strings.Cut(n.Index, "_")
		switch {
		case n.Type == "Seq Scan" || n.Index != "" && n.Cond == "":
			flaws = append(flaws, "reads all of "+n.Relation+n.Index)
		case n.Index != "" && !slices.Contains([]string{"accounts", "directory", "scopes", "ops"}, table) && !strings.Contains(n.Cond, " AND "):
			flaws = append(flaws, "reads all that a scope has of "+n.Index)
		}
		for _, p := range n.Plans {
			walk(p)
		}
	}
	walk(planOf(t, plan))
	return flaws
}
