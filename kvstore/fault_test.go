package kvstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// blindEngine has no snapshot while err is set.
type blindEngine struct {
	*plainEngine
	err error
}

func (e *blindEngine) Snapshot() (Snapshot, error) {
	if e.err != nil {
		return nil, e.err
	}
	return e.plainEngine.Snapshot()
}

// guardedEngine refuses to work while err is set, as a poisoned file does.
type guardedEngine struct {
	*plainEngine
	err error
}

func (e *guardedEngine) Guard(fn func() error) error {
	if e.err != nil {
		return e.err
	}
	return fn()
}

// Where there is no snapshot to judge by, a batch is refused with the engine's
// error, and never acknowledged.
func TestApplyWithoutSnapshot(t *testing.T) {
	ctx, scope := context.Background(), contacts.Scope{Account: "a"}
	cause := errors.New("the disk is gone")
	blind := &blindEngine{plainEngine: newPlain()}
	guarded := &guardedEngine{plainEngine: newPlain()}
	for name, engine := range map[string]struct {
		Engine
		fail func(error)
	}{
		"snapshot": {blind, func(err error) { blind.err = err }},
		"guard":    {guarded, func(err error) { guarded.err = err }},
	} {
		t.Run(name, func(t *testing.T) {
			var e Engine = engine.Engine
			s, err := New(e, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			put := func(id string) error {
				_, err := s.Apply(ctx, scope, contacts.Batch{Writes: []contacts.Write{{Contact: contacts.Contact{ID: id, Status: contacts.Active}}}})
				return err
			}
			if err := put("x"); err != nil {
				t.Fatal(err)
			}
			engine.fail(cause)
			if err := put("y"); !errors.Is(err, cause) {
				t.Errorf("a write that was never judged is answered with %v", err)
			}
			engine.fail(nil)
			if err := put("y"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A commit of unknown outcome that took effect wakes those who wait for news.
func TestWaitAfterUnknownOutcome(t *testing.T) {
	ctx, scope := context.Background(), contacts.Scope{Account: "a"}
	e := newPlain()
	s, err := New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	put := func(id string) error {
		_, err := s.Apply(ctx, scope, contacts.Batch{Writes: []contacts.Write{{Contact: contacts.Contact{ID: id, Status: contacts.Active}}}})
		return err
	}
	if err := put("x"); err != nil {
		t.Fatal(err)
	}
	ctx2, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	woken := make(chan error, 1)
	go func() { woken <- s.Wait(ctx2, scope, 1) }()
	for { // until it waits
		if s.news.Waiting() > 0 {
			break
		}
	}
	e.mu.Lock()
	e.fail = func(int, *Batch) error { return errTorn }
	e.mu.Unlock()
	if err := put("y"); !errors.Is(err, contacts.ErrCommitUnknown) {
		t.Fatal(err)
	}
	if err := <-woken; err != nil {
		t.Errorf("the waiter: %v", err)
	}
}
