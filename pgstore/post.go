package pgstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/callerbook/contacts"
)

// post announces the commits of this Store to those of other processes, and
// hears of theirs. What it has to do is done by goroutines that are there only
// meanwhile: one that sends, and, while somebody waits, one that listens and one
// that looks at what nobody announced.
type post struct {
	s       *Store
	ctx     context.Context // of the goroutines
	cancel  context.CancelFunc
	running sync.WaitGroup // those that ctx ends
	sender  sync.WaitGroup // the one that ends when all is announced

	mu       sync.Mutex
	closed   bool
	outgoing map[contacts.Scope]struct{} // to be announced
	sending  bool
	watched  map[contacts.Scope]*watched
	ids      map[int64]contacts.Scope // of those watched
	waited   bool                     // somebody came since the watcher looked
	watching bool
	look     chan struct{} // asks the watcher to look now
}

// watched is a scope that somebody waits for.
type watched struct {
	n    int
	seen progress // the oldest that one of them saw
}

// spacing is the least time between two announcements, which have all scopes that
// came meanwhile; lingering is how long the connection that listens is kept when
// nobody waits, as those who wait mostly come back after they read the news.
const (
	spacing   = 10 * time.Millisecond
	lingering = 2 * time.Second
	lastWords = time.Second // how long close waits for the last announcement
)

func (p *post) init(s *Store) {
	p.s = s
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.outgoing = make(map[contacts.Scope]struct{})
	p.watched, p.ids = make(map[contacts.Scope]*watched), make(map[int64]contacts.Scope)
	p.look = make(chan struct{}, 1)
}

// close ends what init and the calls since have begun.
func (p *post) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	late := time.AfterFunc(lastWords, p.cancel) //contacts:owner this function stops it
	p.sender.Wait()
	late.Stop()
	p.cancel()
	p.running.Wait()
}

// listens reports whether other processes are told of commits, and heard.
func (s *Store) listens() bool { return !s.o.NoListen && s.dialect.listens() }

// channel is the name under which the Stores of these tables hear of each other.
func (s *Store) channel() string {
	c := s.o.Schema + "." + s.o.Prefix
	if len(c) > maxName {
		return fmt.Sprintf("contacts.%x", sha256.Sum224([]byte(c)))[:maxName]
	}
	return c
}

// announce says that a scope has news: to those who wait in this process, and, a
// little later and not for sure, to other processes.
func (s *Store) announce(scope contacts.Scope) {
	s.news.Wake(scope)
	if s.listens() {
		s.post.send(scope)
	}
}

// send has a scope announced by the goroutine that does it, not by the caller:
// NOTIFY in the transaction of a commit would have all commits of the database
// wait for each other.
func (p *post) send(scope contacts.Scope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.outgoing[scope] = struct{}{}
	if !p.sending {
		p.sending = true
		p.sender.Add(1)
		go p.sendAll() //contacts:owner close waits for it
	}
}

const sqlNotify = `SELECT pg_notify($1, n) FROM unnest($2::text[]) n`

// sendAll announces until there is nothing left.
func (p *post) sendAll() {
	defer p.sender.Done()
	t := time.NewTimer(spacing)
	defer t.Stop()
	for {
		ids := p.take()
		if ids == nil {
			return
		}
		if len(ids) > 0 { // what fails is found by Poll
			_, _ = p.s.pool.Exec(p.ctx, p.s.sql(sqlNotify), p.s.channel(), ids)
		}
		t.Reset(spacing)
		select {
		case <-t.C:
		case <-p.s.news.Closing: // announce the rest now
		}
	}
}

// take returns what is to be announced, nil where there is nothing: numbers of
// scopes, never their names.
func (p *post) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.outgoing) == 0 {
		p.sending = false
		return nil
	}
	ids := make([]string, 0, len(p.outgoing))
	for scope := range p.outgoing {
		if info := p.s.scopes.get(scope); info != nil {
			ids = append(ids, strconv.FormatInt(info.id, 10))
		}
	}
	clear(p.outgoing)
	return ids
}
