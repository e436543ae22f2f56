package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

func batchOf(writes ...contacts.Write) contacts.Batch { return contacts.Batch{Writes: writes} }

// TestApplyAtOnce: many callers of one scope get revisions without a gap, each its
// own.
func TestApplyAtOnce(t *testing.T) {
	s := tempStore(t)
	const callers, each = 16, 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				a, err := s.Apply(t.Context(), home, batchOf(person(fmt.Sprintf("c%d-%d", c, i), "ann", phone.Line(1000+c*each+i))))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[a.Revisions[0]] {
					t.Errorf("revision %d was given twice", a.Revisions[0])
				}
				seen[a.Revisions[0]] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for rev := range uint64(callers * each) {
		if !seen[rev+1] {
			t.Errorf("nobody got revision %d", rev+1)
		}
	}
	if n := len(s.lanes.scopes); n != 0 {
		t.Errorf("%d lanes are left", n)
	}
}

func mustApply(t testing.TB, s *Store, b contacts.Batch) contacts.Applied {
	t.Helper()
	return mustApplyTo(t, s, home, b)
}

func mustApplyTo(t testing.TB, s *Store, scope contacts.Scope, b contacts.Batch) contacts.Applied {
	t.Helper()
	a, err := s.Apply(t.Context(), scope, b)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestGroups holds the lock of a scope while many batches come: one leads, the
// others become one transaction, and those that have to see what it writes the
// next.
func TestGroups(t *testing.T) {
	s := tempStore(t)
	mustApply(t, s, batchOf(person("c", "ann", 1)))
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), s.sql(`SELECT FROM {scopes} FOR UPDATE`)); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	queued := func(n int, b contacts.Batch, want error) {
		wg.Go(func() {
			if _, err := s.Apply(context.Background(), home, b); !errors.Is(err, want) {
				t.Errorf("batch %d: %v, want %v", n, err, want)
			}
		})
		for s.lanes.waiting(home) < n {
			time.Sleep(time.Millisecond / 4)
		}
	}
	wg.Go(func() { mustApply(t, s, batchOf(person("leads", "ann", 2))) })
	for !blocked(t, s) {
		time.Sleep(time.Millisecond)
	}
	for i := range 20 {
		queued(i+1, batchOf(person(fmt.Sprint("c", i), "ann", phone.Line(100+i))), nil)
	}
	queued(21, batchOf(person("twice", "ann", 105)), contacts.ErrDuplicateNumber) // by one of the same group
	again := person("c7", "ann", 107)
	again.Revision, again.Contact.LastName = 10, "lee"
	queued(22, batchOf(again), nil) // has to see what the group writes
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		if _, err := s.Apply(ctx, home, batchOf(person("gone", "ann", 300))); !errors.Is(err, context.Canceled) {
			t.Errorf("whose caller went away: %v", err)
		}
	})
	for s.lanes.waiting(home) < 23 {
		time.Sleep(time.Millisecond / 4)
	}
	cancel()
	for s.lanes.waiting(home) > 22 {
		time.Sleep(time.Millisecond / 4)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := countOf(t, s, `SELECT count(token) FROM {feed}`); n != 4 { // the first, the leader, the group, the one after it
		t.Errorf("%d transactions, want 4", n)
	}
	if n := countOf(t, s, `SELECT count(*) FROM {feed}`); n != 23 {
		t.Errorf("%d events, want 23", n)
	}
}

// waiting tells how many batches wait in the queue of a scope.
func (l *lanes) waiting(scope contacts.Scope) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.scopes[scope]; one != nil {
		return one.queue.Waiting()
	}
	return 0
}

// TestLargeBatch applies batches that take several statements of each kind, in one
// transaction, and looks at the rows.
func TestLargeBatch(t *testing.T) {
	s := tempStore(t)
	const n = 2*partRows + 100
	b := contacts.Batch{Op: "large", Writes: make([]contacts.Write, n)}
	for i := range b.Writes {
		b.Writes[i] = person(fmt.Sprint("c", i), fmt.Sprint("ann x", i), phone.Line(1000+i))
		b.Writes[i].Keys.Shared = []phone.Line{7, phone.Line(1_000_000 + i)}
	}
	a := mustApply(t, s, b)
	if len(a.Revisions) != n || a.Last != n {
		t.Fatalf("%d revisions, last %d", len(a.Revisions), a.Last)
	}
	for i := range b.Writes {
		w := &b.Writes[i]
		w.Revision = uint64(i + 1)
		w.Contact.Notes = strings.Repeat("n", 2000)                                   // more bytes than one statement takes
		w.Keys.Claims[0], w.Keys.Shared = phone.Line(1000+(i+1)%n), w.Keys.Shared[:1] // all lines pass on
	}
	b.Op = ""
	mustApply(t, s, b)
	for table, want := range map[string]int64{"contacts": n, "claims": n, "shared": n, "words": 2 * n, "history": n, "feed": 2 * n, "turns": 3*n + 3*n} {
		if got := countOf(t, s, "SELECT count(*) FROM {"+table+"}"); got != want {
			t.Errorf("%d rows in %s, want %d", got, table, want)
		}
	}
	if got := countOf(t, s, `SELECT count(token) FROM {feed}`); got != 2 {
		t.Errorf("%d transactions, want 2", got)
	}
	if got := countOf(t, s, `SELECT count(*) FROM {feed} WHERE batch_end NOT IN ($1, $2)`, int64(n), int64(2*n)); got != 0 {
		t.Errorf("%d events have another end", got)
	}
	for i := range b.Writes {
		b.Writes[i] = contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: b.Writes[i].Contact.ID}, Revision: uint64(n + i + 1)}
	}
	mustApply(t, s, b)
	for table, want := range map[string]int64{"contacts": n, "claims": 0, "shared": 0, "words": 0, "history": 2 * n, "feed": 3 * n, "turns": 0} {
		if got := countOf(t, s, "SELECT count(*) FROM {"+table+"}"); got != want {
			t.Errorf("%d rows in %s after the purge, want %d", got, table, want)
		}
	}
	if got := countOf(t, s, `SELECT count(*) FROM {history} WHERE length(record) > 40`); got != 0 {
		t.Errorf("%d records in history are more than blanks", got)
	}
}
