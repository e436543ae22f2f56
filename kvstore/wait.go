package kvstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/callerbook/contacts"
)

// news wakes those who wait for events of a scope.
type news struct {
	mu      sync.Mutex
	scopes  map[contacts.Scope]*waiters
	closing <-chan struct{}
}

// waiters shares one channel among those who wait for one scope.
type waiters struct {
	woken chan struct{} // closed on news
	n     int
}

// subscribe returns what is closed at the next news of a scope. Every caller
// calls leave with it.
func (n *news) subscribe(scope contacts.Scope) *waiters {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.scopes[scope]
	if w == nil {
		w = &waiters{woken: make(chan struct{})}
		if n.scopes == nil {
			n.scopes = make(map[contacts.Scope]*waiters)
		}
		n.scopes[scope] = w
	}
	w.n++
	return w
}

func (n *news) leave(scope contacts.Scope, w *waiters) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w.n--; w.n == 0 && n.scopes[scope] == w {
		delete(n.scopes, scope)
	}
}

// wake ends the waiting for news of a scope.
func (n *news) wake(scope contacts.Scope) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.scopes[scope]; w != nil {
		close(w.woken)
		delete(n.scopes, scope)
	}
}

// wakeAll ends all waiting: there may be news, or never again.
func (n *news) wakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for scope, w := range n.scopes {
		close(w.woken)
		delete(n.scopes, scope)
	}
}

// Wait implements contacts.Waiter: it returns when the scope has events after
// that revision, without polling. It keeps no writer waiting.
func (s *Store) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	for {
		w := s.news.subscribe(scope) // before the look, so that no news is missed
		last, err := s.lastRevision(ctx, scope)
		if err != nil || last > after {
			s.news.leave(scope, w)
			return err
		}
		select {
		case <-w.woken:
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.news.closing:
			err = fmt.Errorf("%s: %w", s.name, contacts.ErrClosed)
		}
		s.news.leave(scope, w)
		if err != nil {
			return err
		}
	}
}

// lastRevision returns the revision of a scope's last event, 0 where there is
// none.
func (s *Store) lastRevision(ctx context.Context, scope contacts.Scope) (uint64, error) {
	var st state
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		info, err := s.find(v, scope)
		if err != nil || info == nil {
			return err
		}
		_, err = s.readState(sn, info.id, &st)
		return err
	})
	return st.last, err
}
