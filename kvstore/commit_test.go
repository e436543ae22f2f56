package kvstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// held stops the commits of an engine, one by one.
type heldEngine struct {
	*plainEngine
	at   chan struct{} // a commit has begun
	goOn chan struct{} // it may go on
}

func newHeld(t *testing.T) (*Store, *heldEngine) {
	e := &heldEngine{newPlain(), make(chan struct{}), make(chan struct{})}
	s, err := New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	mustApply(t, s, batchOf(person("c0", "First One", 1)))
	e.gate = func() {
		e.at <- struct{}{}
		<-e.goOn
	}
	return s, e
}

// applyAll starts applying batches, in order, each queued before the next one
// starts, and returns a function that waits for their outcomes.
func applyAll(t *testing.T, s *Store, ctx context.Context, batches ...contacts.Batch) func() ([]contacts.Applied, []error) {
	t.Helper()
	var wg sync.WaitGroup
	applied, errs := make([]contacts.Applied, len(batches)), make([]error, len(batches))
	for i, b := range batches {
		before := s.queue.Waiting()
		wg.Go(func() { applied[i], errs[i] = s.Apply(ctx, home, b) })
		for s.queue.Waiting() == before {
			time.Sleep(time.Millisecond / 4)
		}
	}
	return func() ([]contacts.Applied, []error) {
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		soon(t, "Apply", done)
		return applied, errs
	}
}

// lead has one Apply stand in its commit, so that others queue.
func (e *heldEngine) lead(t *testing.T, s *Store, ctx context.Context, b contacts.Batch) <-chan error {
	t.Helper()
	outcome := make(chan error, 1)
	go func() {
		_, err := s.Apply(ctx, home, b)
		outcome <- err
	}()
	<-e.at
	return outcome
}

func TestGroupCommit(t *testing.T) {
	s, e := newHeld(t)
	first := e.lead(t, s, t.Context(), batchOf(person("a", "A", 2)))
	var batches []contacts.Batch
	for i := range 30 {
		batches = append(batches, batchOf(person(fmt.Sprintf("b%d", i), "B", phone.Line(100+i))))
	}
	wait := applyAll(t, s, t.Context(), batches...)
	before := e.commits
	e.goOn <- struct{}{}
	if err := <-first; err != nil { // it does not go on to serve the others
		t.Fatal(err)
	}
	<-e.at
	e.goOn <- struct{}{}
	applied, errs := wait()
	for i, err := range errs {
		if err != nil || applied[i].Last != uint64(3+i) {
			t.Errorf("batch %d: %+v, %v", i, applied[i], err)
		}
	}
	if n := e.commits - before; n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
	e.gate = nil
	mustCheck(t, s)
}

func TestGroupJudgesInOrder(t *testing.T) {
	s, e := newHeld(t)
	first := e.lead(t, s, t.Context(), batchOf(person("a", "A", 2)))
	op := batchOf(person("op", "Op", 7))
	op.Op = "once"
	other := batchOf(person("op2", "Op", 8))
	other.Op = "once"
	wait := applyAll(t, s, t.Context(),
		batchOf(person("b", "Bo Ek", 3)),
		batchOf(person("c", "C", 3)), // b's number
		batchOf(person("b", "B", 4)), // the same id
		op, op, other,
		batchOf(at(1, person("c0", "First One"))), // gives 1 up
		batchOf(person("d", "D", 1)),              // takes it
		batchOf(at(1, person("c0", "First", 9))),  // its revision has gone
	)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case e.goOn <- struct{}{}:
			case <-e.at:
			case <-stop:
				return
			}
		}
	}()
	defer close(stop)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	applied, errs := wait()
	for _, i := range []int{0, 3, 4, 6, 7} {
		if errs[i] != nil {
			t.Errorf("batch %d: %v", i, errs[i])
		}
	}
	var dup *contacts.DuplicateNumberError
	if !errors.As(errs[1], &dup) || dup.Refusals[0].HolderID != "b" || dup.Refusals[0].HolderName != "Bo Ek" {
		t.Errorf("the number of a contact of the same group: got %v", errs[1])
	}
	if !errors.Is(errs[2], contacts.ErrExists) {
		t.Errorf("the id of a contact of the same group: got %v", errs[2])
	}
	if applied[3].Repeated || !applied[4].Repeated || applied[3].Last != applied[4].Last {
		t.Errorf("the same op twice: got %+v and %+v", applied[3], applied[4])
	}
	if !errors.Is(errs[5], contacts.ErrOpReused) {
		t.Errorf("the op for another payload: got %v", errs[5])
	}
	if !errors.Is(errs[8], contacts.ErrConflict) {
		t.Errorf("a contact that the group has changed: got %v", errs[8])
	}
	mustCheck(t, s)
}

func TestCancelWhileQueued(t *testing.T) {
	s, e := newHeld(t)
	taken, cancelTaken := context.WithCancel(t.Context())
	first := e.lead(t, s, taken, batchOf(person("a", "A", 2)))
	queued, cancel := context.WithCancel(t.Context())
	wait := applyAll(t, s, queued, batchOf(person("b", "B", 3)), batchOf(person("c", "C", 4)))
	cancel()
	cancelTaken()
	_, errs := wait() // while the commit still stands
	for i, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("batch %d: got %v, want context canceled", i, err)
		}
	}
	select {
	case err := <-first:
		t.Errorf("a batch that is being committed: got %v before the commit ended", err)
	default:
	}
	e.goOn <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("a batch that was being committed: got %v, want its outcome", err)
	}
	e.gate = nil
	if st, _ := s.Stat(t.Context(), home); st.Last != 2 {
		t.Errorf("last revision %d, want 2", st.Last)
	}
	mustApply(t, s, batchOf(person("d", "D", 3)))
}

// TestCancelAtRandom has cancellations meet the handing over of the lead.
func TestCancelAtRandom(t *testing.T) {
	s, _ := newStore(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	applied := map[string]bool{}
	for g := range 16 {
		wg.Go(func() {
			for i := range 40 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration((g*7+i*3)%11)*50*time.Microsecond)
				id := fmt.Sprintf("g%d-%d", g, i)
				_, err := s.Apply(ctx, home, batchOf(person(id, "X")))
				cancel()
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Apply: %v", err)
				}
				mu.Lock()
				applied[id] = err == nil
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, want := range applied {
		if _, err := s.Get(t.Context(), home, id); (err == nil) != want {
			t.Errorf("%s: applied is %v, Get returns %v", id, want, err)
		}
	}
	mustApply(t, s, batchOf(person("last", "Last")))
	mustCheck(t, s)
}

func TestCommitFails(t *testing.T) {
	s, e := newHeld(t)
	before := dump(t, s)
	broken := errors.New("the disk is gone")
	first := e.lead(t, s, t.Context(), batchOf(person("a", "A", 2)))
	elsewhere := contacts.Scope{Account: "new", Stream: "scope"}
	wait := applyAll(t, s, t.Context(), batchOf(person("b", "B", 3)), batchOf(person("c", "C", 3)), batchOf(at(1, person("c0", "Other", 1))))
	e.fail = func(int, *Batch) error { return broken }
	e.goOn <- struct{}{}
	if err := <-first; !errors.Is(err, broken) {
		t.Errorf("the first: %v", err)
	}
	<-e.at
	e.goOn <- struct{}{}
	_, errs := wait()
	for i, err := range errs {
		if !errors.Is(err, broken) {
			t.Errorf("batch %d: got %v, want the error of the commit", i, err)
		}
	}
	e.gate = nil
	if _, err := s.Apply(t.Context(), elsewhere, batchOf(person("x", "X"))); !errors.Is(err, broken) {
		t.Errorf("a new scope: %v", err)
	}
	if got := dump(t, s); got != before {
		t.Errorf("a commit that failed left\n%s\nwant\n%s", got, before)
	}
	e.fail = nil
	if a := mustApply(t, s, batchOf(person("b", "B", 3))); a.Last != 2 {
		t.Errorf("after failed commits the next revision is %d, want 2", a.Last)
	}
	if _, err := s.Get(t.Context(), elsewhere, "x"); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("Get from the scope that was not made: %v", err)
	}
	mustCheck(t, s)
}

func TestCommitUnknown(t *testing.T) {
	for _, torn := range []bool{false, true} {
		s, e := newStore(t)
		mustApply(t, s, batchOf(person("c0", "First", 1)))
		fail := fmt.Errorf("no power: %w", contacts.ErrCommitUnknown)
		if torn {
			fail = errTorn
		}
		e.fail = func(int, *Batch) error { return fail }
		b := batchOf(person("a", "A", 2))
		b.Op = "once"
		if _, err := s.Apply(t.Context(), home, b); !errors.Is(err, contacts.ErrCommitUnknown) {
			t.Errorf("torn %v: got %v", torn, err)
		}
		e.fail = nil
		a := mustApply(t, s, b)
		if a.Repeated != torn || a.Last != 2 || a.IDs[0] != "a" {
			t.Errorf("torn %v: asked again: %+v", torn, a)
		}
		if st, _ := s.Stat(t.Context(), home); st.Active != 2 {
			t.Errorf("torn %v: %d contacts", torn, st.Active)
		}
		mustCheck(t, s)
	}
}

func TestCloseWhileBusy(t *testing.T) {
	s, e := newHeld(t)
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(t.Context(), home, 1000) }()
	first := e.lead(t, s, t.Context(), batchOf(person("a", "A", 2)))
	wait := applyAll(t, s, t.Context(), batchOf(person("b", "B", 3)))
	closed := make(chan error, 2)
	go func() { closed <- s.Close() }()
	go func() { closed <- s.Close() }()
	if err := <-waited; !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Wait: got %v, want ErrClosed", err)
	}
	for {
		if _, err := s.Stat(t.Context(), home); errors.Is(err, contacts.ErrClosed) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	select {
	case <-closed:
		t.Error("Close returned during a commit")
	default:
	}
	e.goOn <- struct{}{}
	<-e.at
	e.goOn <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("the batch in the commit: %v", err)
	}
	if _, errs := wait(); errs[0] != nil && !errors.Is(errs[0], contacts.ErrClosed) {
		t.Errorf("the batch in the queue: %v", errs[0])
	}
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	if e.closed != 1 {
		t.Errorf("the engine was closed %d times", e.closed)
	}
	if _, err := s.Apply(t.Context(), home, batchOf()); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Apply after Close: %v", err)
	}
}

func TestWaitWakes(t *testing.T) {
	s, _ := newStore(t)
	woken := make(chan error, 1)
	go func() { woken <- s.Wait(t.Context(), home, 1) }()
	mustApply(t, s, batchOf(person("a", "A")))
	mustApply(t, s, batchOf(at(1, person("a", "A")))) // no news
	other := contacts.Scope{Account: "other"}
	for i := range 3 {
		if _, err := s.Apply(t.Context(), other, batchOf(person(fmt.Sprint("b", i), "B"))); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-woken:
		t.Fatalf("Wait returned %v without news", err)
	case <-time.After(20 * time.Millisecond):
	}
	mustApply(t, s, batchOf(person("c", "C")))
	if err := <-woken; err != nil {
		t.Error(err)
	}
	if n := s.news.Waiting(); n != 0 {
		t.Errorf("%d scopes are still waited for", n)
	}
}
