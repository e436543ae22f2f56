package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

var contextRules = []rule{
	{
		"context/done before",
		"a context that is done before the work begins is returned as its error, by every method, and nothing is applied",
		contextDone,
	},
	{
		"context/cancelled while queued",
		"a context's error from Apply says that nothing was applied; no error says that all of it was",
		contextQueued,
	},
}

// methods are all methods of a store, the optional ones where it has them. It
// calls the optional ones to see.
func (t *tester) methods() map[string]func(context.Context) error {
	s := t.s
	all := map[string]func(context.Context) error{
		"Apply": func(ctx context.Context) error {
			_, err := s.Apply(ctx, home, batch(person("late", "Too Late", 99)))
			return err
		},
		"Get": func(ctx context.Context) error {
			_, err := s.Get(ctx, home, "c1")
			return err
		},
		"Find": func(ctx context.Context) error {
			_, err := s.Find(ctx, home, contacts.Query{})
			return err
		},
		"Find by line": func(ctx context.Context) error {
			_, err := s.Find(ctx, home, contacts.Query{Lines: []phone.Line{11}})
			return err
		},
		"Find by word": func(ctx context.Context) error {
			_, err := s.Find(ctx, home, contacts.Query{Words: []contacts.Term{{Text: "ann"}}})
			return err
		},
		"Events": func(ctx context.Context) error {
			_, err := s.Events(ctx, home, 0, 10)
			return err
		},
		"History": func(ctx context.Context) error {
			_, err := s.History(ctx, home, contacts.HistoryQuery{ID: "c1"})
			return err
		},
		"Stat": func(ctx context.Context) error {
			_, err := s.Stat(ctx, home)
			return err
		},
		"Scopes": func(ctx context.Context) error {
			_, err := s.Scopes(ctx, contacts.Scope{}, 10)
			return err
		},
	}
	has := func(ability string, err error) bool {
		if !errors.Is(err, contacts.ErrUnsupported) {
			t.ok(err, "%s", ability)
			return true
		}
		return false
	}
	if w, ok := s.(contacts.Waiter); ok {
		all["Wait"] = func(ctx context.Context) error { return w.Wait(ctx, home, 0) }
		all["Wait for news"] = func(ctx context.Context) error { return w.Wait(ctx, home, 1<<40) }
	}
	if w, ok := s.(contacts.Trimmer); ok && has("Trim", w.Trim(t.ctx, home, 0)) {
		all["Trim"] = func(ctx context.Context) error { return w.Trim(ctx, home, 1) }
	}
	if w, ok := s.(contacts.Loader); ok && has("Load", load(w, "probe")(t.ctx)) {
		all["Load"] = load(w, "late")
	}
	if w, ok := s.(contacts.Backuper); ok && has("Backup", w.Backup(t.ctx, io.Discard)) {
		all["Backup"] = func(ctx context.Context) error { return w.Backup(ctx, io.Discard) }
	}
	if w, ok := s.(contacts.Checker); ok && has("Check", w.Check(t.ctx)) {
		all["Check"] = w.Check
	}
	if w, ok := s.(contacts.Forker); ok {
		fork := func(ctx context.Context) error {
			f, err := w.Fork(ctx)
			if err == nil {
				err = f.Close()
			}
			return err
		}
		if has("Fork", fork(t.ctx)) {
			all["Fork"] = fork
		}
	}
	if w, ok := s.(contacts.Compacter); ok && has("Compact", w.Compact(t.ctx)) {
		all["Compact"] = w.Compact
	}
	return all
}

// load returns a Load of nothing into an account.
func load(w contacts.Loader, account string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := w.Load(ctx, contacts.Scope{Account: account}, contacts.LoadHead{Index: index}, records(nil, nil))
		return err
	}
}

func contextDone(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	calls := t.methods()
	before, scopes := t.stat(), t.scopes()
	cancelled, cancel := context.WithCancel(t.ctx)
	cancel()
	past, cancel := context.WithDeadline(t.ctx, time.Unix(0, 0))
	defer cancel()
	for name, call := range calls {
		t.is(call(cancelled), name+" with a cancelled context", context.Canceled)
		t.is(call(past), name+" past its deadline", context.DeadlineExceeded)
	}
	t.gone("late")
	t.equal("Stat", t.stat(), before)
	t.equal("Scopes", t.scopes(), scopes)
	t.apply(person("late", "In Time", 99))
}

func contextQueued(t *tester) {
	const goroutines, each = 16, 12
	var applied, cancelled atomic.Uint64
	outcome := make([][each]error, goroutines)
	t.parallel(goroutines, func(i int) {
		for k := range each {
			ctx, cancel := context.WithCancel(t.ctx)
			stop := make(chan struct{})
			go func() { // cancels some early, some late
				for range (i*7 + k*3) % 40 {
					t.s.Stat(ctx, home)
				}
				cancel()
				close(stop)
			}()
			id := func(half string) string { return fmt.Sprintf("c%d-%d-%s", i, k, half) }
			_, err := t.s.Apply(ctx, t.scope, batch(person(id("a"), "Name"), person(id("b"), "Name")))
			<-stop
			switch outcome[i][k] = err; {
			case err == nil:
				applied.Add(1)
			case errors.Is(err, context.Canceled):
				cancelled.Add(1)
			default:
				t.is(err, "Apply while its context is cancelled", contacts.ErrCommitUnknown)
			}
		}
	})
	var unknown uint64
	for i := range outcome {
		for k, err := range outcome[i] {
			for _, half := range []string{"a", "b"} {
				_, gerr := t.s.Get(t.ctx, t.scope, fmt.Sprintf("c%d-%d-%s", i, k, half))
				switch {
				case err == nil:
					t.ok(gerr, "Get of what an Apply wrote that returned no error")
				case errors.Is(err, context.Canceled):
					t.want(errors.Is(gerr, contacts.ErrNotFound), "Apply returned %v, but what it was to write is there", err)
				case gerr == nil:
					unknown++
				}
			}
		}
	}
	t.equal("Stat.Last", t.stat().Last, applied.Load()*2+unknown)
}
