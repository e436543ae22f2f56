package storetest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
)

// leaks finds what the errors of a case's stores tell that is not to stand in a
// log: names, numbers and e-mail addresses of contacts that were written, and
// what queries look for.
type leaks struct {
	leak.Finder
	once  sync.Once
	first error
}

// look passes an error of a store on.
func (l *leaks) look(call string, err error) error {
	if s := l.InError(err); s != "" {
		l.once.Do(func() {
			l.first = fmt.Errorf("the error of %s shows %q, and errors come to stand in logs: %w", call, s, err)
		})
	}
	return err
}

// found returns what was found first, nil if there was nothing.
func (l *leaks) found() error {
	l.once.Do(func() {}) // waits for a look under way
	return l.first
}

// discreet is the store under test with leaks looking at every error. It has
// the abilities that the store has; the others are ErrUnsupported.
type discreet struct {
	contacts.Store
	leaks *leaks
}

// discreetWaiter is discreet for a store that is a contacts.Waiter.
type discreetWaiter struct{ *discreet }

// watch returns s with leaks looking at its errors.
func (l *leaks) watch(s contacts.Store) contacts.Store {
	d := &discreet{s, l}
	if _, ok := s.(contacts.Waiter); ok {
		return discreetWaiter{d}
	}
	return d
}

func (d *discreet) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	for i := range b.Writes {
		d.leaks.Contact(b.Writes[i].Contact)
	}
	a, err := d.Store.Apply(ctx, scope, b)
	for _, r := range a.Refused {
		_ = d.leaks.look("Apply", r.Err)
	}
	return a, d.leaks.look("Apply", err)
}

func (d *discreet) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := d.Store.Get(ctx, scope, id)
	return c, d.leaks.look("Get", err)
}

func (d *discreet) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := d.Store.Find(ctx, scope, q)
	if err != nil {
		for _, t := range q.Words {
			d.leaks.Text(t.Text)
		}
		for _, s := range append(q.Prefixes, q.Suffix) {
			d.leaks.Number(s)
		}
		d.leaks.Text(q.From)
	}
	return p, d.leaks.look("Find", err)
}

func (d *discreet) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	es, err := d.Store.Events(ctx, scope, after, limit)
	return es, d.leaks.look("Events", err)
}

func (d *discreet) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	es, err := d.Store.History(ctx, scope, q)
	return es, d.leaks.look("History", err)
}

func (d *discreet) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	st, err := d.Store.Stat(ctx, scope)
	return st, d.leaks.look("Stat", err)
}

func (d *discreet) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	list, err := d.Store.Scopes(ctx, from, limit)
	return list, d.leaks.look("Scopes", err)
}

func (d *discreet) Close() error { return d.leaks.look("Close", d.Store.Close()) }

func (d discreetWaiter) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	return d.leaks.look("Wait", d.Store.(contacts.Waiter).Wait(ctx, scope, after))
}

func (d *discreet) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	return d.leaks.look("Trim", contacts.Trim(ctx, d.Store, scope, upTo))
}

func (d *discreet) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	shown := func(yield func(contacts.LoadRecord, error) bool) {
		for r, err := range records {
			d.leaks.Contact(r.Contact)
			if !yield(r, err) {
				return
			}
		}
	}
	a, err := contacts.Load(ctx, d.Store, scope, head, shown)
	return a, d.leaks.look("Load", err)
}

func (d *discreet) Backup(ctx context.Context, w io.Writer) error {
	return d.leaks.look("Backup", contacts.Backup(ctx, d.Store, w))
}

func (d *discreet) Check(ctx context.Context) error {
	return d.leaks.look("Check", contacts.Check(ctx, d.Store))
}

func (d *discreet) Fork(ctx context.Context) (contacts.Store, error) {
	s, err := contacts.Fork(ctx, d.Store)
	if err != nil {
		return nil, d.leaks.look("Fork", err)
	}
	return d.leaks.watch(s), nil
}

func (d *discreet) Compact(ctx context.Context) error {
	if _, ok := d.Store.(contacts.Compacter); !ok {
		return contacts.ErrUnsupported
	}
	return d.leaks.look("Compact", contacts.Compact(ctx, d.Store))
}
