package pgstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
)

// watch has those who wait for a scope woken when it has gone on from what was
// seen, until as many calls of unwatch.
func (p *post) watch(scope contacts.Scope, seen progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watched[scope]
	if w == nil {
		w = &watched{seen: seen}
		p.watched[scope] = w
	}
	w.n++
	p.waited = true
	w.seen.last = min(w.seen.last, seen.last)
	p.know(scope, w, seen.id)
	if p.closed || p.watching {
		return
	}
	p.watching = true
	p.running.Add(1)
	go p.watchAll() //contacts:owner close waits for it
}

func (p *post) unwatch(scope contacts.Scope) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watched[scope]
	w.n--
	if w.n == 0 {
		delete(p.watched, scope)
		delete(p.ids, w.seen.id)
	}
}

// know notes the id of a scope that somebody waits for.
func (p *post) know(scope contacts.Scope, w *watched, id int64) {
	if id != 0 {
		delete(p.ids, w.seen.id)
		w.seen.id = id
		p.ids[id] = scope
	}
}

// watchAll looks for news that nobody announced, and has another goroutine listen
// to those that are announced, until nobody waits any more.
func (p *post) watchAll() {
	defer p.running.Done()
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	if p.s.listens() && p.s.pool.Config().MaxConns > 1 { // the only one is for the calls
		p.running.Add(1)
		go p.listen(ctx) //contacts:owner close waits for it, and cancel ends it
	}
	poll, idle := time.NewTicker(p.s.o.Poll), time.NewTicker(lingering)
	defer poll.Stop()
	defer idle.Stop()
	for {
		select {
		case <-poll.C:
			p.lookAll(ctx)
		case <-p.look:
			p.lookAll(ctx)
		case <-idle.C:
			if p.idle() {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// idle reports whether nobody waits, nor did since it was asked before. Then the
// watcher ends.
func (p *post) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watching = p.waited || len(p.watched) > 0
	p.waited = false
	return !p.watching
}

const sqlLookAll = `SELECT d.account, d.stream, s.scope, s.last_rev FROM unnest($1::text[], $2::text[]) w (account, stream)
	JOIN {directory} d ON d.account = w.account AND d.stream = w.stream JOIN {scopes} s ON s.scope = d.scope`

// lookAll wakes those who wait for scopes that have news, with one look for all.
// Where it fails the next one will find them.
func (p *post) lookAll(ctx context.Context) {
	accounts, streams := p.allWatched()
	if len(accounts) == 0 {
		return
	}
	rows, err := p.s.pool.Query(ctx, p.s.sql(sqlLookAll), accounts, streams)
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var scope contacts.Scope
		var id, last int64
		if rows.Scan(&scope.Account, &scope.Stream, &id, &last) != nil {
			return
		}
		if p.moved(scope, progress{id, uint64(last)}) {
			p.s.news.Wake(scope)
		}
	}
}

func (p *post) allWatched() (accounts, streams []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for scope := range p.watched {
		accounts, streams = append(accounts, scope.Account), append(streams, scope.Stream)
	}
	return accounts, streams
}

// moved reports whether a scope is not where those who wait for it saw it.
func (p *post) moved(scope contacts.Scope, now progress) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watched[scope]
	if w == nil {
		return false
	}
	p.know(scope, w, now.id)
	was := w.seen.last
	w.seen.last = now.last
	return was != now.last
}

// listen hears of the commits of other processes. Where the connection breaks it
// takes another one.
func (p *post) listen(ctx context.Context) {
	defer p.running.Done()
	for n := 1; ; n++ {
		heard, err := p.hear(ctx)
		if heard {
			n = 1
		}
		var pg *pgconn.PgError
		if errors.As(err, &pg) && !lost(err) { // it does not let us: a standby, for one
			return
		}
		if ctx.Err() != nil || p.s.pause(ctx, n) != nil {
			return
		}
	}
}

// hear listens with one connection until that breaks, and reports whether it came
// to that.
func (p *post) hear(ctx context.Context) (heard bool, err error) {
	c, err := p.s.pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer c.Release()
	if _, err := c.Exec(ctx, `LISTEN "`+p.s.channel()+`"`); err != nil {
		return false, err
	}
	defer func() { // so that nobody else gets one that listens
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Conn().Close(closing)
	}()
	p.askForLook() // for what was announced before
	for {
		n, err := c.Conn().WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		if id, err := strconv.ParseInt(n.Payload, 10, 64); err == nil {
			p.wake(id)
		}
	}
}

// wake wakes those who wait for a scope. One that is not known may be one that
// did not exist when they began.
func (p *post) wake(id int64) {
	p.mu.Lock()
	scope, known := p.ids[id]
	fresh := len(p.ids) < len(p.watched)
	p.mu.Unlock()
	if known {
		p.s.news.Wake(scope)
	} else if fresh {
		p.askForLook()
	}
}

func (p *post) askForLook() {
	select {
	case p.look <- struct{}{}:
	default: // it was asked already
	}
}
