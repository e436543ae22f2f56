package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/callerbook/contacts"
)

var closeRules = []rule{
	{
		"close/twice",
		"Close is idempotent",
		closeTwice,
	},
	{
		"close/then ErrClosed",
		"calls that begin after Close return ErrClosed, all methods",
		closedMethods,
	},
	{
		"close/unused",
		"a store that was never used is closed like any other",
		func(t *tester) { t.close() },
	},
	{
		"close/under traffic",
		"Close waits for calls under way: each is done as if nothing were, or returns ErrClosed",
		func(t *tester) { t.traffic() },
	},
}

func closeTwice(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	for range 3 {
		t.close()
	}
	t.parallel(4, func(int) { t.ok(t.s.Close(), "Close at once with another") })
}

func closedMethods(t *tester) {
	t.apply(person("c1", "Ann Lee", 11))
	calls := t.methods()
	t.close()
	for range 2 {
		for name, call := range calls {
			t.is(call(t.ctx), name+" after Close", contacts.ErrClosed)
		}
		t.ok(t.s.Close(), "Close after calls that came too late")
	}
}

// traffic closes the store amid writes and reads, and returns the ids of the
// contacts whose creation was acknowledged.
func (t *tester) traffic() []string {
	const goroutines = 8
	t.apply(person("first", "Ann Lee", 11))
	var mu sync.Mutex
	acknowledged := []string{"first"}
	var calls atomic.Int32
	enough := make(chan struct{})
	var closed atomic.Bool // Close has returned
	t.closed = true
	t.parallel(goroutines+1, func(i int) {
		if i == goroutines {
			select {
			case <-enough:
			case <-t.ctx.Done():
			}
			t.ok(t.s.Close(), "Close amid calls")
			closed.Store(true)
			return
		}
		for n := 0; ; n++ {
			if calls.Add(1) == goroutines*8 {
				close(enough)
			}
			late := closed.Load()
			id := fmt.Sprintf("c%d-%d", i, n)
			_, err := t.s.Apply(t.ctx, t.scope, batch(person(id, "Name")))
			t.want(err != nil || !late, "Apply began after Close returned, and got no error")
			if err == nil {
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
				_, err = t.s.Find(t.ctx, t.scope, contacts.Query{Words: []contacts.Term{{Text: "name"}}})
			}
			if err == nil {
				_, err = t.s.Events(t.ctx, t.scope, 0, 10)
			}
			if err != nil {
				t.is(err, "a call while the store is closed", contacts.ErrClosed)
				return
			}
		}
	})
	_, err := t.s.Get(context.Background(), t.scope, "first")
	t.is(err, "Get after Close", contacts.ErrClosed)
	return acknowledged
}
