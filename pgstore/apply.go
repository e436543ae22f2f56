package pgstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/queue"
)

// Apply implements contacts.Store. See the package comment for what a batch is
// in the database.
func (s *Store) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if err := s.enterWrite(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.calls.Leave()
	if !storable(scope.Account) || !storable(scope.Stream) {
		return contacts.Applied{}, fmt.Errorf("%s: the account or the stream is not UTF-8, or has a NUL: %w", name, contacts.ErrInvalid)
	}
	r := &queue.Request{Ctx: ctx, Batch: prepare.New(name, scope, &b)}
	if r.Batch.Err != nil && b.Op == "" {
		return contacts.Applied{}, r.Batch.Err
	}
	l := s.lanes.join(scope)
	defer s.lanes.leave(l)
	l.queue.Do(r, func(own *queue.Request) { s.runGroup(l, own) })
	return r.Applied, r.Err
}

// lanes has the batches that wait, for each scope those that become its next
// transaction.
type lanes struct {
	mu     sync.Mutex
	scopes map[contacts.Scope]*lane
}

// lane is the queue of a scope, there as long as any of its callers is.
type lane struct {
	scope   contacts.Scope
	queue   queue.Queue
	callers int // guarded by lanes.mu
}

func (l *lanes) join(scope contacts.Scope) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.scopes[scope]
	if one == nil {
		one = &lane{scope: scope}
		if l.scopes == nil {
			l.scopes = make(map[contacts.Scope]*lane)
		}
		l.scopes[scope] = one
	}
	one.callers++
	return one
}

func (l *lanes) leave(one *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.callers--; one.callers == 0 {
		delete(l.scopes, one.scope)
	}
}
