package pgstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
)

// TestLoadCut loses the connection in the middle of the commit of a load: it is
// there once, and the caller notices nothing.
func TestLoadCut(t *testing.T) {
	for moment, at := range map[string]pgtest.Moment{"before": pgtest.BeforeCommit, "late": pgtest.LateCommit, "after": pgtest.AfterCommit} {
		for _, empty := range []bool{false, true} { // the scope is there already
			t.Run(fmt.Sprintf("%s/empty=%t", moment, empty), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				dsn := pgtest.DSN(t)
				p := pgtest.NewProxy(t, dsn)
				s := openBeside(t, p.DSN(), nil)
				if empty {
					if _, err := s.Apply(ctx, home, contacts.Batch{Settings: []byte("settings")}); err != nil {
						t.Fatal(err)
					}
				}
				happened, release := p.Cut(at)
				done := make(chan error, 1)
				var a contacts.Applied
				go func() {
					var err error
					a, err = s.Load(ctx, home, contacts.LoadHead{}, sequence(0, 300))
					done <- err
				}()
				select {
				case <-happened:
				case err := <-done:
					t.Fatalf("nothing was cut, %v", err)
				}
				if at == pgtest.LateCommit {
					awaitLockWaiter(ctx, t, dsn, done)
				}
				release()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				st, err := s.Stat(ctx, home)
				if err != nil || st.Active != 300 || st.Last != 300 || st.Epoch != a.Epoch || a.Last != 300 || empty == (st.Settings == nil) {
					t.Errorf("Stat: %+v, %v; Load: %+v", st, err, a)
				}
				if err := s.Check(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestLoadEnded ends loads while the sequence runs and after it: by the context, by
// Close and by a database that goes away. Nothing of them is there.
func TestLoadEnded(t *testing.T) {
	dsn := pgtest.DSN(t)
	p := pgtest.NewProxy(t, dsn)
	s := openBeside(t, p.DSN(), &Options{Tries: 2})
	beside := openBeside(t, dsn, nil)
	ended := func(at int, end func()) iter.Seq2[contacts.LoadRecord, error] {
		return func(yield func(contacts.LoadRecord, error) bool) {
			for i := range 200 {
				if i == at {
					end()
				}
				if !yield(loaded(i), nil) {
					return
				}
			}
			if at == 200 {
				end()
			}
		}
	}
	nothing := func(what string) {
		t.Helper()
		if n := countOf(t, beside, "SELECT (SELECT count(*) FROM {scopes}) + (SELECT count(*) FROM {contacts})"); n != 0 {
			t.Errorf("%s: %d rows are left", what, n)
		}
	}
	for _, at := range []int{0, 100, 200} {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := s.Load(ctx, home, contacts.LoadHead{}, ended(at, cancel)); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at record %d: %v", at, err)
		}
		nothing("cancelled")
		if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, ended(at, func() { p.Away(true) })); err == nil || errors.Is(err, contacts.ErrCommitUnknown) {
			t.Errorf("the database is gone at record %d: %v", at, err)
		}
		p.Away(false)
		nothing("the database is gone")
	}
	var closed <-chan error
	_, err := s.Load(t.Context(), home, contacts.LoadHead{}, ended(100, func() {
		done := make(chan error, 1)
		go func() { done <- s.Close() }()
		<-s.calls.Closing
		closed = done
	}))
	if !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	nothing("closed")
}

// TestLoadMemory loads contacts that take more than the piles may: what the load
// holds is no more than those and some.
func TestLoadMemory(t *testing.T) {
	s := openTest(t, nil)
	const n = 40_000
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := live(), uint64(0)
	_, err := s.Load(t.Context(), home, contacts.LoadHead{}, func(yield func(contacts.LoadRecord, error) bool) {
		for i := range n {
			if i%5000 == 4999 {
				most = max(most, live())
			}
			if !yield(loaded(i), nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	bound := uint64(4 << 20)
	for _, m := range pileMemory {
		bound += uint64(m)
	}
	if most > before+bound {
		t.Errorf("%d bytes are held of %d contacts, at most %d are allowed", most-before, n, bound)
	}
}
