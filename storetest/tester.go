package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/callerbook/contacts"
)

// patience is how long a case may take before it counts as hanging.
const patience = 5 * time.Minute

// errSkipped marks the cases of an ability that the store does not have.
var errSkipped = errors.New("the store does not have this ability")

// opener opens stores for a case: each new (Check), or again by their folder
// (CheckReopen).
type opener struct {
	fresh func() (contacts.Store, error)

	root string
	in   func(dir string) (contacts.Store, error)
}

type options struct {
	short    bool
	patience time.Duration // 0 means the constant
}

// tester is what a case works with: a new store and a scope of it. Its methods
// end the case when the store does not do as they expect.
type tester struct {
	ctx   context.Context
	s     contacts.Store
	scope contacts.Scope
	*bench
}

// bench is what the testers of one case share.
type bench struct {
	open   opener
	dir    string
	short  bool
	closed bool // the case closed the store
	others []contacts.Store
	leaks  leaks
}

// failure is what a tester panics with to end its case. It does not leave the
// package.
type failure struct{ error }

// check runs the case on a new store. The error is nil, errSkipped, or tells
// how the rule was broken.
func (r rule) check(open opener, o options) error {
	done := make(chan error, 1)
	go func() { done <- r.run(open, o) }()
	limit := cmp.Or(o.patience, patience)
	guard := time.NewTimer(limit)
	defer guard.Stop()
	select {
	case err := <-done:
		if err == nil || errors.Is(err, errSkipped) {
			return err
		}
		return r.broken(err)
	case <-guard.C:
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return r.broken(fmt.Errorf("hangs: not done within %v\n%s", limit, stacks))
	}
}

func (r rule) run(open opener, o options) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := &bench{open: open, short: o.short}
	t := &tester{ctx: ctx, scope: home, bench: b}
	if open.in != nil {
		if b.dir, err = os.MkdirTemp(open.root, "store"); err != nil {
			return err
		}
		t.s, err = open.in(b.dir)
	} else {
		t.s, err = open.fresh()
	}
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	t.s = b.leaks.watch(t.s)
	err = attempt(func() {
		r.test(t)
		if !b.closed {
			t.audit()
		}
	})
	for _, s := range append(b.others, t.s) {
		if cerr := s.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("closing the store: %w", cerr)
		}
	}
	return cmp.Or(err, b.leaks.found())
}

// attempt calls f and returns how it failed.
func attempt(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			err = p.error
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	f()
	return nil
}

// failf ends the case.
func (t *tester) failf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

// ok ends the case if there is an error.
func (t *tester) ok(err error, format string, args ...any) {
	if err != nil {
		t.failf("%s: unexpected error: %w", fmt.Sprintf(format, args...), err)
	}
}

// is ends the case unless err is one of the targets.
func (t *tester) is(err error, what string, targets ...error) {
	for _, target := range targets {
		if errors.Is(err, target) {
			return
		}
	}
	t.failf("%s: got error %v, want %v", what, err, targets[0])
}

// want ends the case unless cond holds.
func (t *tester) want(cond bool, format string, args ...any) {
	if !cond {
		t.failf(format, args...)
	}
}

// equal ends the case unless got and want are the same, as far as a store has
// to keep them.
func (t *tester) equal(what string, got, want any) {
	if reflect.DeepEqual(got, want) {
		return
	}
	if d := difference(got, want); d != "" {
		t.failf("%s: %s", what, d)
	}
}

// need ends the case, without an error, unless the store has an ability. One
// that returns ErrUnsupported has not.
func (t *tester) need(has bool, ability string) {
	if !has {
		panic(failure{fmt.Errorf("%s: %w", ability, errSkipped)})
	}
}

// parallel calls f in n goroutines that begin together, and ends the case when
// one of them failed. Until all are done t.ctx is one that the first failure
// cancels, so that none goes on waiting for another that is gone.
func (t *tester) parallel(n int, f func(i int)) {
	outer := t.ctx
	ctx, fail := context.WithCancelCause(outer)
	defer fail(nil)
	t.ctx = ctx
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			if err := attempt(func() { f(i) }); err != nil {
				fail(err) // only the first one counts
			}
		})
	}
	close(begin)
	wg.Wait()
	t.ctx = outer
	if err := context.Cause(ctx); err != nil && outer.Err() == nil {
		panic(failure{err})
	}
}

// in returns t for another scope.
func (t *tester) in(account, stream string) *tester {
	u := *t
	u.scope = contacts.Scope{Account: account, Stream: stream}
	return &u
}

// other returns a tester with another new store. The end of the case closes it.
func (t *tester) other() *tester {
	u := *t
	var err error
	if t.open.in != nil {
		var dir string
		dir, err = os.MkdirTemp(t.open.root, "store")
		t.ok(err, "temporary folder")
		u.s, err = t.open.in(dir)
	} else {
		u.s, err = t.open.fresh()
	}
	t.ok(err, "open another store")
	u.s = t.leaks.watch(u.s)
	t.others = append(t.others, u.s)
	return &u
}

// reopen closes the store and opens it again.
func (t *tester) reopen() {
	t.ok(t.s.Close(), "Close")
	s, err := t.open.in(t.dir)
	t.ok(err, "open again")
	t.s = t.leaks.watch(s)
}

// close closes the store for good.
func (t *tester) close() {
	t.closed = true
	t.ok(t.s.Close(), "Close")
}
