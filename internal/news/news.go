// Package news wakes those who wait for events of a scope.
package news

import (
	"sync"

	"github.com/callerbook/contacts"
)

// A Board wakes those who wait for events of a scope.
type Board struct {
	mu      sync.Mutex
	scopes  map[contacts.Scope]*Waiters
	Closing <-chan struct{} // closed when no news will come any more
}

// Waiters shares one channel among those who wait for one scope.
type Waiters struct {
	Woken chan struct{} // closed on news
	n     int
}

// Subscribe returns what is closed at the next news of a scope. Every caller
// calls Leave with it.
func (n *Board) Subscribe(scope contacts.Scope) *Waiters {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.scopes[scope]
	if w == nil {
		w = &Waiters{Woken: make(chan struct{})}
		if n.scopes == nil {
			n.scopes = make(map[contacts.Scope]*Waiters)
		}
		n.scopes[scope] = w
	}
	w.n++
	return w
}

// Leave ends what Subscribe began.
func (n *Board) Leave(scope contacts.Scope, w *Waiters) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w.n--; w.n == 0 && n.scopes[scope] == w {
		delete(n.scopes, scope)
	}
}

// Wake ends the waiting for news of a scope.
func (n *Board) Wake(scope contacts.Scope) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.scopes[scope]; w != nil {
		close(w.Woken)
		delete(n.scopes, scope)
	}
}

// WakeAll ends all waiting: there may be news, or never again.
func (n *Board) WakeAll() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for scope, w := range n.scopes {
		close(w.Woken)
		delete(n.scopes, scope)
	}
}

// Waiting tells how many scopes somebody waits for.
func (n *Board) Waiting() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.scopes)
}
