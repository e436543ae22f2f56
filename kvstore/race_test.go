package kvstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestConcurrent has creators contend for numbers, editors for contacts and
// readers follow the feed, all at once, while somebody trims another scope,
// loads a third and checks.
func TestConcurrent(t *testing.T) {
	s, _ := newStore(t)
	ctx := t.Context()
	const workers, rounds, numbers = 12, 25, 40
	mustApply(t, s, batchOf(person("edited", "Counted 0")))

	var wg sync.WaitGroup
	var created, edits atomic.Int64
	for g := range workers {
		wg.Go(func() {
			for i := range rounds {
				id := fmt.Sprintf("w%d-%d", g, i)
				line := phone.Line(100 + (g*rounds+i)*7%numbers)
				_, err := s.Apply(ctx, home, batchOf(person(id, "X", line)))
				switch {
				case err == nil:
					created.Add(1)
				case !errors.Is(err, contacts.ErrDuplicateNumber):
					t.Errorf("create: %v", err)
				}
				c, err := s.Get(ctx, home, "edited")
				if err != nil {
					t.Errorf("Get: %v", err)
					return
				}
				var n int
				fmt.Sscan(c.LastName, &n)
				_, err = s.Apply(ctx, home, batchOf(at(c.Revision, person("edited", fmt.Sprint("Counted ", n+1)))))
				switch {
				case err == nil:
					edits.Add(1)
				case !errors.Is(err, contacts.ErrConflict):
					t.Errorf("edit: %v", err)
				}
			}
		})
	}
	readers, stop := context.WithCancel(ctx)
	var reading sync.WaitGroup
	for range 3 {
		reading.Go(func() { // follows the feed: no event is missing or doubled
			after := uint64(0)
			for {
				if err := s.Wait(readers, home, after); err != nil {
					return
				}
				list, err := s.Events(ctx, home, after, 10)
				if err != nil {
					t.Errorf("Events: %v", err)
				}
				for _, e := range list {
					if e.Revision != after+1 {
						t.Errorf("event %d after %d", e.Revision, after)
					}
					after = e.Revision
				}
			}
		})
	}
	reading.Go(func() {
		other := contacts.Scope{Account: "other"}
		for i := 0; readers.Err() == nil; i++ {
			w := person("c", fmt.Sprint("Name ", i))
			if c, err := s.Get(ctx, other, "c"); err == nil {
				w.Revision = c.Revision
			}
			if _, err := s.Apply(ctx, other, batchOf(w)); err != nil {
				t.Errorf("Apply: %v", err)
			}
			if err := s.Trim(ctx, other, uint64(i)); err != nil {
				t.Errorf("Trim: %v", err)
			}
			w.Contact.Revision = 1
			third := contacts.Scope{Account: fmt.Sprint("loaded ", i)}
			if _, err := s.Load(ctx, third, contacts.LoadHead{Last: 1}, sequence([]contacts.LoadRecord{{Contact: w.Contact, Keys: w.Keys}})); err != nil {
				t.Errorf("Load: %v", err)
			}
			if err := s.Check(ctx); err != nil {
				t.Errorf("Check: %v", err)
			}
			if _, err := s.Find(ctx, home, contacts.Query{Words: []contacts.Term{{Text: "x"}}, Limit: 5}); err != nil {
				t.Errorf("Find: %v", err)
			}
		}
	})
	wg.Wait()
	stop()
	reading.Wait()

	if n := created.Load(); n != numbers {
		t.Errorf("%d contacts were created with %d numbers", n, numbers)
	}
	c, err := s.Get(ctx, home, "edited")
	if err != nil || c.LastName != fmt.Sprint(edits.Load()) {
		t.Errorf("%d edits were counted as %q (%v)", edits.Load(), c.LastName, err)
	}
	st, err := s.Stat(ctx, home)
	if err != nil || st.Active != numbers+1 || st.Last != uint64(numbers+1+edits.Load()) {
		t.Errorf("Stat: %+v, %v", st, err)
	}
	mustCheck(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLargeBatch applies one batch that is larger than any group.
func TestLargeBatch(t *testing.T) {
	s, e := newStore(t)
	n := 10_000
	if testing.Short() {
		n = 5000
	}
	var ws []contacts.Write
	for i := range n {
		ws = append(ws, person(fmt.Sprint("c", i*7%n), fmt.Sprintf("Name%d Of%d", i%100, i%77), phone.Line(1_000_000+i*13%n)))
	}
	b := batchOf(ws...)
	b.Op = "large"
	a := mustApply(t, s, b)
	if a.Last != uint64(n) || e.commits != 1 {
		t.Errorf("last %d in %d commits", a.Last, e.commits)
	}
	list, err := s.Events(t.Context(), home, uint64(n-2), 0)
	if err != nil || len(list) != 2 || list[0].BatchEnd != uint64(n) || list[1].BatchEnd != uint64(n) {
		t.Errorf("the last events: %+v, %v", list, err)
	}
	again := mustApply(t, s, b)
	if !again.Repeated || len(again.IDs) != n || again.IDs[n-1] != a.IDs[n-1] || again.Revisions[n-1] != uint64(n) {
		t.Errorf("the answer to the same op is another")
	}
	mustCheck(t, s)
	if _, err := s.Apply(t.Context(), home, contacts.Batch{Writes: make([]contacts.Write, contacts.MaxWrites+1)}); !errors.Is(err, contacts.ErrTooLarge) {
		t.Errorf("too many writes: %v", err)
	}
}
