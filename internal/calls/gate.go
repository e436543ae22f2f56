// Package calls counts the calls under way of what can be closed.
package calls

import "sync"

// A Gate counts the calls under way and is shut once.
type Gate struct {
	mu      sync.Mutex
	calls   int
	closed  bool
	Closing chan struct{} // closed by Shut
	idle    chan struct{} // closed when shut and no call is under way
	once    sync.Once
	err     error
}

// Init makes the gate ready, once.
func (g *Gate) Init() {
	g.Closing, g.idle = make(chan struct{}), make(chan struct{})
}

// Enter counts a call in, and reports whether it may go on.
func (g *Gate) Enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.calls++
	return true
}

// Leave counts a call out.
func (g *Gate) Leave() {
	g.mu.Lock()
	g.calls--
	if g.closed && g.calls == 0 {
		close(g.idle)
	}
	g.mu.Unlock()
}

// Shut lets nobody in any more, waits until all have left, and then calls fn,
// the first time. Every caller gets what fn returned.
func (g *Gate) Shut(fn func() error) error {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.Closing)
		if g.calls == 0 {
			close(g.idle)
		}
	}
	g.mu.Unlock()
	<-g.idle
	g.once.Do(func() { g.err = fn() })
	return g.err
}

// Shutting reports whether the gate is shut, or about to be.
func (g *Gate) Shutting() bool {
	select {
	case <-g.Closing:
		return true
	default:
		return false
	}
}
