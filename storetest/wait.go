package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
)

var waitRules = []rule{
	{
		"wait/at once",
		"Wait returns nil at once when the scope has events after that revision",
		waitAtOnce,
	},
	{
		"wait/wakes",
		"Wait returns when news come to its scope, none is missed, and not before there are any",
		waitWakes,
	},
	{
		"wait/ends",
		"Wait returns the context's error when it is cancelled, and ErrClosed when the store is closed while it waits",
		waitEnds,
	},
}

func (t *tester) waiter() contacts.Waiter {
	w, ok := t.s.(contacts.Waiter)
	t.need(ok, "Waiter")
	return w
}

func waitAtOnce(t *tester) {
	w := t.waiter()
	t.apply(person("c1", "Ann Lee"), person("c2", "Bo Ek"))
	for _, after := range []uint64{0, 1} {
		t.ok(w.Wait(t.ctx, t.scope, after), "Wait(%d)", after)
	}
}

func waitWakes(t *tester) {
	w := t.waiter()
	const waiters, news = 4, 40
	other := t.in("another", "scope") // does not exist, and is not woken by home
	ctx, cancel := context.WithCancel(t.ctx)
	quiet := make(chan error, 1)
	go func() { quiet <- w.Wait(ctx, other.scope, 0) }()

	t.parallel(waiters+1, func(i int) {
		if i == waiters { // the writer
			for n := range news {
				t.apply(person(fmt.Sprint("c", n), "Ann Lee"))
			}
			return
		}
		for after := uint64(0); after < news; {
			t.ok(w.Wait(t.ctx, t.scope, after), "Wait(%d)", after)
			es, err := t.s.Events(t.ctx, t.scope, after, 3)
			t.ok(err, "Events(%d)", after)
			t.want(len(es) > 0, "Wait(%d) returned, but there are no events after it", after)
			t.equal("next revision", es[0].Revision, after+1)
			after = es[len(es)-1].Revision
		}
	})
	cancel()
	t.is(<-quiet, "Wait in a scope without news", context.Canceled)

	// A batch that writes nothing is no news.
	ctx, cancel = context.WithCancel(t.ctx)
	defer cancel()
	go func() { quiet <- w.Wait(ctx, t.scope, news) }()
	t.applyBatch(batch())
	t.apply(at(1, person("c0", "Ann Lee")))
	t.apply(person("last", "Ann Lee"))
	t.ok(<-quiet, "Wait(%d)", news)
	t.equal("events after the news", len(t.events(news)), 1)
}

func waitEnds(t *tester) {
	w := t.waiter()
	a := t.apply(person("c1", "Ann Lee"))
	const n = 8
	ctx, cancel := context.WithCancel(t.ctx)
	done := make(chan error, n)
	for range n {
		go func() { done <- w.Wait(ctx, t.scope, a.Last) }()
	}
	t.apply(at(a.Last, person("c1", "Ann Lee"))) // no news
	cancel()
	for range n {
		t.is(<-done, "Wait with a cancelled context", context.Canceled)
	}
	for range n {
		go func() { done <- w.Wait(t.ctx, t.scope, a.Last) }()
	}
	t.stat() // so that some of them wait
	t.close()
	for range n {
		err := <-done
		t.want(errors.Is(err, contacts.ErrClosed), "Wait when the store is closed: got %v, want ErrClosed", err)
	}
}
