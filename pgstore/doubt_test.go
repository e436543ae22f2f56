package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/queue"
	"github.com/callerbook/contacts/phone"
)

// behindProxy opens a store whose connections can be cut, and one beside it.
func behindProxy(t testing.TB, o *Options) (s, beside *Store, p *pgtest.Proxy) {
	t.Helper()
	dsn := pgtest.DSN(t)
	p = pgtest.NewProxy(t, dsn)
	for _, open := range []struct {
		to  **Store
		dsn string
	}{{&s, p.DSN()}, {&beside, dsn}} {
		one, err := Open(t.Context(), open.dsn, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = one.Close() })
		*open.to = one
	}
	return s, beside, p
}

// revisions returns the ids of the feed, in order.
func revisions(t testing.TB, s *Store) (ids []string) {
	t.Helper()
	events, err := s.Events(t.Context(), home, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Revision != uint64(i+1) {
			t.Errorf("event %d has revision %d", i, e.Revision)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// TestCutWithoutEvents cuts commits of batches that have no events: what they set
// is set, and an Op is not taken for an earlier batch's.
func TestCutWithoutEvents(t *testing.T) {
	for _, at := range []pgtest.Moment{pgtest.BeforeCommit, pgtest.LateCommit, pgtest.AfterCommit} {
		s, beside, p := behindProxy(t, nil)
		mustApply(t, beside, batchOf(person("there", "ann", 1)))
		happened, release := p.Cut(at)
		go func() {
			<-happened
			release()
		}()
		a, err := s.Apply(t.Context(), home, contacts.Batch{Op: "set", Settings: []byte("yes")})
		if err != nil || a.Repeated {
			t.Errorf("moment %d: %+v, %v", at, a, err)
		}
		if st, err := beside.Stat(t.Context(), home); err != nil || string(st.Settings) != "yes" {
			t.Errorf("moment %d: the settings are %q, %v", at, st.Settings, err)
		}
	}
}

// TestCutGroup cuts the commit of a group: all of its callers get their answer,
// and the feed has each batch once.
func TestCutGroup(t *testing.T) {
	for _, at := range []pgtest.Moment{pgtest.BeforeCommit, pgtest.LateCommit, pgtest.AfterCommit} {
		s, beside, p := behindProxy(t, nil)
		mustApply(t, beside, batchOf(person("there", "ann", 1)))
		mustApply(t, s, batchOf(person("here", "ann", 2)))
		var wg sync.WaitGroup
		happened, release := p.Cut(at)
		go func() {
			<-happened
			release()
		}()
		const callers = 24
		for i := range callers {
			wg.Go(func() {
				for k := range 3 {
					id := fmt.Sprintf("c%d-%d", i, k)
					a, err := s.Apply(context.Background(), home, batchOf(person(id, "bob", phone.Line(100+10*i+k))))
					if err != nil {
						t.Errorf("%s: %v", id, err)
						continue
					}
					events, err := beside.Events(context.Background(), home, a.Revisions[0]-1, 1)
					if err != nil || len(events) != 1 || events[0].ID != id {
						t.Errorf("%s was told revision %d, where there is %v, %v", id, a.Revisions[0], events, err)
					}
				}
			})
		}
		wg.Wait()
		ids := revisions(t, beside)
		slices.Sort(ids)
		if n := len(slices.Compact(slices.Clone(ids))); n != len(ids) || n != 2+3*callers {
			t.Errorf("moment %d: %d events of %d contacts, want %d", at, len(ids), n, 2+3*callers)
		}
	}
}

// TestVanished leaves a transaction that has locked its scope, as a machine does
// that loses its power: the database ends it, and others go on.
func TestVanished(t *testing.T) {
	s := tempStore(t)
	mustApply(t, s, batchOf(person("there", "ann", 1)))
	b := batchOf(person("never", "bob", 2))
	r := &queue.Request{Ctx: t.Context(), Batch: prepare.New(name, home, &b)}
	g := &group{s: s, lane: &lane{scope: home}, own: r, held: []*queue.Request{r}}
	one := &try{g: g, s: s, ch: &changes{}}
	s.idle = 200 * time.Millisecond
	if err := one.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer one.end(nil)
	mustApply(t, s, batchOf(person("next", "cy", 2)))
	if got := revisions(t, s); !slices.Equal(got, []string{"there", "next"}) {
		t.Errorf("the feed has %v", got)
	}
}

// TestAwayMeanwhile: a batch outlives an absence of the database, and a caller who
// does not wait so long is told that nothing was applied.
func TestAwayMeanwhile(t *testing.T) {
	s, beside, p := behindProxy(t, &Options{Tries: 1000})
	mustApply(t, s, batchOf(person("there", "ann", 1)))
	p.Away(true)
	ctx, cancel := context.WithCancel(context.Background())
	impatient, patient := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Apply(ctx, home, batchOf(person("impatient", "bob", 2)))
		impatient <- err
	}()
	go func() {
		_, err := s.Apply(context.Background(), home, batchOf(person("patient", "cy", 3)))
		patient <- err
	}()
	cancel()
	if err := <-impatient; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller who went away: %v", err)
	}
	p.Away(false)
	if err := <-patient; err != nil {
		t.Errorf("the caller who waited: %v", err)
	}
	if got := revisions(t, beside); !slices.Equal(got, []string{"there", "patient"}) {
		t.Errorf("the feed has %v", got)
	}
}

// TestClosedWhileAway: Close does not wait for a database that is away.
func TestClosedWhileAway(t *testing.T) {
	s, _, p := behindProxy(t, &Options{Tries: 1000})
	mustApply(t, s, batchOf(person("there", "ann", 1)))
	p.Away(true)
	done := make(chan error, 1)
	go func() {
		_, err := s.Apply(context.Background(), home, batchOf(person("never", "bob", 2)))
		done <- err
	}()
	for s.calls.Shutting() || !s.lanes.busy() {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("a batch that waited for the database: %v", err)
	}
}

// busy reports whether anybody is applying a batch.
func (l *lanes) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.scopes) > 0
}

// TestUnseenClaim: a claim that came into the table while a batch was judged, past
// the lock, is seen when the batch is tried again.
func TestUnseenClaim(t *testing.T) {
	s := tempStore(t)
	mustApply(t, s, batchOf(person("ann", "Ann Lee", 1)))
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), s.sql(`INSERT INTO {claims} (domain, line, slot, scope, seq) SELECT domain, '2', 0, scope, seq FROM {claims}`)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := s.Apply(context.Background(), home, batchOf(person("bob", "Bob", 2)))
		done <- err
	}()
	for !blocked(t, s) { // its insert waits
		time.Sleep(time.Millisecond)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = <-done
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) || dup.Refusals[0].HolderID != "ann" || dup.Refusals[0].HolderName != "Ann Lee" || dup.Refusals[0].Line != 2 {
		t.Errorf("%v, %+v", err, dup)
	}
}

// blocked reports whether somebody waits for a lock in the database of s.
func blocked(t testing.TB, s *Store) bool {
	t.Helper()
	return countOf(t, s, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
}

// TestMasked: what the database says about values is not in the text of an error.
func TestMasked(t *testing.T) {
	s := tempStore(t)
	_, err := s.pool.Exec(t.Context(), `SELECT $1::text::bigint`, "Ann Lee 4915112345678")
	if err == nil || !strings.Contains(err.Error(), "Ann Lee 4915112345678") {
		t.Fatalf("the database says %v", err)
	}
	text := fault(t.Context(), err)
	for e := error(text); e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "12345678") || strings.Contains(e.Error(), "Lee") {
			t.Errorf("%T: %v", e, e)
		}
	}
	var pg *pgconn.PgError
	if !errors.As(text, &pg) || pg.Code != "22P02" {
		t.Errorf("the code is gone: %v", text)
	}
}

// TestPasses is what is tried again, and what proves a rollback.
func TestPasses(t *testing.T) {
	ofCode := func(code, severity string) error {
		return fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Severity: "FEHLER", SeverityUnlocalized: severity})
	}
	for _, c := range []struct {
		err                error
		passes, rolledBack bool
	}{
		{ofCode("40001", "ERROR"), true, true},
		{ofCode("40P01", "ERROR"), true, true},
		{ofCode("40003", "ERROR"), true, false},
		{ofCode("23505", "ERROR"), true, true},
		{ofCode("25006", "ERROR"), true, true},
		{ofCode("25P03", "FATAL"), true, false},
		{ofCode("57P01", "FATAL"), true, false},
		{ofCode("57P02", "FATAL"), true, false},
		{ofCode("08006", "ERROR"), true, false},
		{ofCode("53100", "ERROR"), false, true},
		{ofCode("XX000", "PANIC"), false, false},
		{ofCode("42501", "ERROR"), false, true},
		{errNoCommit, true, true},
		{context.DeadlineExceeded, false, false},
		{&pgconn.ConnectError{}, true, false},
		{pgx.ErrNoRows, false, false},
		{errors.New("unknown"), false, false},
	} {
		if got := passes(c.err); got != c.passes {
			t.Errorf("passes(%v) = %t", c.err, got)
		}
		if got := rolledBack(c.err); got != c.rolledBack {
			t.Errorf("rolledBack(%v) = %t", c.err, got)
		}
	}
}
