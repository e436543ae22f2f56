package pgstore

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// openBeside opens a store on the database of a DSN, closed when the test ends.
func openBeside(t testing.TB, dsn string, o *Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// until waits for what has to come about; the test fails when it does not.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for begun := time.Now(); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// waiting begins a Wait, and returns when it is watched.
func waiting(t testing.TB, s *Store, scope contacts.Scope, after uint64) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.Wait(t.Context(), scope, after) }()
	until(t, "Wait", func() bool {
		accounts, _ := s.post.allWatched()
		return len(accounts) > 0
	})
	return done
}

// hears waits until a store has a connection that listens.
func hears(t testing.TB, s *Store) (pid int64) {
	t.Helper()
	until(t, "a connection that listens", func() bool {
		pid = countOf(t, s, `SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'`)
		return pid != 0
	})
	return pid
}

func woken(t testing.TB, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		if err != nil {
			t.Fatalf("Wait: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Wait does not end")
	}
}

// TestWaitBeside has news come from another Store: announced, or found.
func TestWaitBeside(t *testing.T) {
	for name, o := range map[string]*Options{
		"announced": {Poll: time.Hour},
		"found":     {Poll: 20 * time.Millisecond, NoListen: true},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := pgtest.DSN(t)
			writer, waiter := openBeside(t, dsn, o), openBeside(t, dsn, o)
			done := waiting(t, waiter, home, 0)
			if !o.NoListen {
				hears(t, writer)
			}
			if _, err := writer.Load(t.Context(), home, contacts.LoadHead{}, sequence(0, 1)); err != nil {
				t.Fatal(err)
			}
			woken(t, done)

			done = waiting(t, waiter, home, 1) // its number is known now
			last := openBeside(t, dsn, o)
			if _, err := last.Apply(t.Context(), home, contacts.Batch{Writes: []contacts.Write{person("c1", "Ann Lee")}}); err != nil {
				t.Fatal(err)
			}
			if err := last.Close(); err != nil { // which does not swallow the announcement
				t.Fatal(err)
			}
			woken(t, done)
		})
	}
}

// TestWaitCut takes the connection that listens away: another one takes its place.
func TestWaitCut(t *testing.T) {
	dsn := pgtest.DSN(t)
	o := &Options{Poll: time.Hour}
	writer, waiter := openBeside(t, dsn, o), openBeside(t, dsn, o)
	done := waiting(t, waiter, home, 0)
	for range 3 {
		pid := hears(t, writer)
		if countOf(t, writer, "SELECT pg_terminate_backend($1)::int", pid) != 1 {
			t.Fatal("the connection was not there")
		}
		until(t, "the end of the connection", func() bool {
			return countOf(t, writer, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
		})
	}
	hears(t, writer)
	if _, err := writer.Load(t.Context(), home, contacts.LoadHead{}, sequence(0, 1)); err != nil {
		t.Fatal(err)
	}
	woken(t, done)
}

// TestWaitAlone waits with a pool of one connection, which is left to the calls.
func TestWaitAlone(t *testing.T) {
	s := openBeside(t, pgtest.With(pgtest.DSN(t), "pool_max_conns", "1"), &Options{Poll: 10 * time.Millisecond})
	done := waiting(t, s, home, 0)
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, sequence(0, 1)); err != nil {
		t.Fatal(err)
	}
	woken(t, done)
}

// TestWaitClose looks for what is left when a Store that listened and announced is
// closed: no goroutine, and no connection of a pool that stays.
func TestWaitClose(t *testing.T) {
	host := openBeside(t, pgtest.DSN(t), nil)
	before := runtime.NumGoroutine()
	s, err := New(t.Context(), host.pool, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := waiting(t, s, home, 0)
	hears(t, host)
	for i := range 50 {
		s.announce(contacts.Scope{Account: strings.Repeat("a", i)})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Wait: %v", err)
	}
	until(t, "the end of the connection that listened", func() bool { return host.pool.Stat().AcquiredConns() == 0 })
	until(t, "the end of all goroutines", func() bool { return runtime.NumGoroutine() <= before+int(host.pool.Stat().TotalConns()) })
	s.announce(home) // nothing happens any more
	if err := s.Wait(t.Context(), home, 0); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Wait after Close: %v", err)
	}
}

// TestWaitIdle has the connection that listens given back some time after the last
// one who waited.
func TestWaitIdle(t *testing.T) {
	s := openTest(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Wait(ctx, home, 0) }()
	hears(t, s)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
	until(t, "the end of listening", func() bool { return s.pool.Stat().AcquiredConns() == 0 })
}
