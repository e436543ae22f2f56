package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/queue"
)

// singleStore has one connection, so that a statement that was prepared stays so:
// to prepare one takes the locks of its tables for a moment.
func singleStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), pgtest.With(pgtest.DSN(t), "pool_max_conns", "1"), &Options{NoListen: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// gathered has all callers become one group of a singleStore, led by the first,
// that waits for the lock of the scope until release. Locks of a table are given in
// turn.
func gathered(t *testing.T, s *Store, callers ...func()) (wg *sync.WaitGroup, release func()) {
	t.Helper()
	ctx := context.Background()
	config := s.pool.Config()
	config.MaxConns = 4
	beside, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(beside.Close)
	lock := func() pgx.Tx {
		tx, err := beside.Begin(ctx)
		if err == nil {
			_, err = tx.Exec(ctx, s.sql(`LOCK TABLE {scopes}`))
		}
		if err != nil {
			t.Error(err)
		}
		return tx
	}
	waiters := func(n int64) {
		t.Helper()
		for got := int64(0); got < n; time.Sleep(time.Millisecond) {
			if err := beside.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&got); err != nil {
				t.Fatal(err)
			}
		}
	}
	wg = &sync.WaitGroup{}
	first, second := lock(), make(chan pgx.Tx, 1)
	wg.Go(func() { mustApply(t, s, contacts.Batch{Settings: []byte("before")}) })
	waiters(1)
	go func() { second <- lock() }()
	waiters(2)
	for i, call := range callers {
		wg.Go(call)
		for s.lanes.waiting(home) < i+1 {
			time.Sleep(time.Millisecond / 4)
		}
	}
	if err := first.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	tx := <-second
	waiters(1)
	if n := s.lanes.waiting(home); n > 0 {
		t.Errorf("%d callers are not in the group", n)
	}
	return wg, sync.OnceFunc(func() {
		if err := tx.Commit(ctx); err != nil {
			t.Error(err)
		}
	})
}

// TestRefusedValue: what the database refuses fails the batch that has it, and no
// other one of the same group.
func TestRefusedValue(t *testing.T) {
	for _, text := range []string{"Lee\xff", "Lee\x00"} {
		s := singleStore(t)
		mustApply(t, s, batchOf(person("there", "ann", 1)))
		errs := make([]error, 5)
		var calls []func()
		for i := range errs {
			w := person(fmt.Sprint("c", i), "ann")
			if i == 2 {
				w.Contact.LastName = text
			}
			calls = append(calls, func() { _, errs[i] = s.Apply(context.Background(), home, batchOf(w)) })
		}
		wg, release := gathered(t, s, calls...)
		release()
		wg.Wait()
		for i, err := range errs {
			if want := i == 2; errors.Is(err, contacts.ErrInvalid) != want || (err != nil) != want {
				t.Errorf("%q, batch %d: %v", text, i, err)
			}
		}
		if got := revisions(t, s); len(got) != 5 {
			t.Errorf("%q: the feed has %v", text, got)
		}
	}
}

// TestCallerLeavesGroup: one whose context ends is not held up by the others of its
// group, be it the one that leads them or not, while the database has them wait.
func TestCallerLeavesGroup(t *testing.T) {
	for _, leads := range []bool{true, false} {
		s := singleStore(t)
		mustApply(t, s, batchOf(person("there", "ann", 1)))
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		calls := []func(){
			func() {
				_, err := s.Apply(ctx, home, batchOf(person("gone", "bob", 2)))
				gone <- err
			},
			func() { mustApply(t, s, batchOf(person("stays", "cy", 3))) },
			func() { mustApply(t, s, batchOf(person("stays2", "cy", 4))) },
		}
		if !leads {
			calls[0], calls[1] = calls[1], calls[0]
		}
		wg, release := gathered(t, s, calls...)
		cancel()
		select {
		case err := <-gone:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("leads=%t: %v", leads, err)
			}
		case <-time.After(30 * time.Second):
			t.Errorf("leads=%t: the caller still waits", leads)
		}
		release()
		wg.Wait()
		if got := revisions(t, s); len(got) != 3 {
			t.Errorf("leads=%t: the feed has %v", leads, got)
		}
	}
}

// TestTrimmedDoubt: where the events of a commit in doubt were trimmed, nobody can
// tell what became of it, and nothing is gained by asking again.
func TestTrimmedDoubt(t *testing.T) {
	s, err := Open(t.Context(), pgtest.DSN(t), &Options{Tries: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustApply(t, s, batchOf(person("there", "ann", 1)))
	if err := s.Trim(t.Context(), home, 1); err != nil {
		t.Fatal(err)
	}
	b := batchOf(person("doubted", "bob", 2))
	r := &queue.Request{Ctx: t.Context(), Batch: prepare.New(name, home, &b)}
	g := &group{s: s, lane: &lane{scope: home}, own: r, held: []*queue.Request{r}, token: newToken(),
		doubt: &doubt{first: 1, until: time.Now().Add(time.Hour)}}
	if err := g.run(); !errors.Is(err, contacts.ErrCommitUnknown) {
		t.Error(err)
	}
}

// TestSilentServer: a server that takes connections and says nothing is one that
// is away, once connect_timeout is over.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = pgx.Connect(t.Context(), "postgres://u@"+l.Addr().String()+"/d?sslmode=disable&connect_timeout=1")
	if !passes(err) || !lost(err) {
		t.Errorf("it is not tried again: %v", err)
	}
}
