package kvstore

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/queue"
)

// Apply implements contacts.Store.
func (s *Store) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.calls.Leave()
	if s.readOnly {
		return contacts.Applied{}, s.readOnlyError()
	}
	if err := s.removeRubbish(ctx); err != nil {
		return contacts.Applied{}, err
	}
	r := &queue.Request{Ctx: ctx, Batch: prepare.New(s.name, scope, &b)}
	if r.Batch.Err != nil && b.Op == "" {
		return contacts.Applied{}, r.Batch.Err
	}
	s.queue.Do(r, s.runGroup)
	return r.Applied, r.Err
}

// exclusive runs job in the queue's turn, with no other commit until it
// returns.
func (s *Store) exclusive(ctx context.Context, job func() error) error {
	r := &queue.Request{Ctx: ctx, Job: job}
	s.queue.Do(r, s.runGroup)
	return r.Err
}

func (s *Store) readOnlyError() error { return fmt.Errorf("%s: %w", s.name, contacts.ErrReadOnly) }

// apply judges a batch and, if it is accepted, makes its changes.
func (g *group) apply(p *prepare.Batch) (contacts.Applied, outcome, error) {
	var none contacts.Applied
	cur, err := g.scope(p.Scope)
	if err != nil {
		return none, atOnce, err
	}
	op := opRef{p.Scope, p.Batch.Op}
	if op.op != "" {
		if _, ok := g.ops[op]; ok {
			return none, later, nil
		}
		a, found, err := g.s.priorAnswer(g.sn, cur, p)
		if found || err != nil {
			return a, atOnce, err
		}
	}
	if p.Err != nil {
		return none, atOnce, p.Err
	}
	if g.mustWait(p) {
		return none, later, nil
	}

	d, err := g.draft(p, cur)
	if err != nil {
		return none, atOnce, err
	}
	if err := g.judge(d, p); err != nil {
		return none, atOnce, err
	}

	// Nothing below this line can fail.
	d.accept(g)
	a := g.write(d, p)
	if op.op != "" {
		g.ops[op] = struct{}{}
		g.insertAnswer(d.sc, p, &a)
	}
	if !d.sc.changed {
		return a, atOnce, nil
	}
	g.built = true
	g.writes += len(p.Writes)
	if p.Solo || len(p.Writes) > queue.GroupWrites {
		g.closed = true
		return a, afterCommit, nil
	}
	for i := range p.Writes {
		g.touched[contactRef{p.Scope, p.Writes[i].ID}] = struct{}{}
	}
	return a, afterCommit, nil
}

// mustWait reports whether p has to see what the snapshot does not show.
func (g *group) mustWait(p *prepare.Batch) bool {
	if !g.built {
		return false
	}
	if g.closed || p.Solo {
		return true
	}
	for i := range p.Writes {
		if _, ok := g.touched[contactRef{p.Scope, p.Writes[i].ID}]; ok {
			return true
		}
	}
	return false
}

// A draft is a scope as a batch would leave it, while that is judged.
type draft struct {
	next    scopeState
	cur     *scopeState // nil where the scope does not exist yet
	header  header
	account account

	judge  judge.Judge
	events int
	sc     *scopeState // set by accept
}

// draft checks what a batch asks of its scope as a whole.
func (g *group) draft(p *prepare.Batch, cur *scopeState) (*draft, error) {
	b := p.Batch
	d := &draft{cur: cur}
	if cur != nil {
		d.next = *cur
		d.next.changed = false
		if b.UniqueBy != contacts.UniqueByDefault && b.UniqueBy != cur.info.uniqueBy {
			return nil, fmt.Errorf("%s: %w", g.s.name, contacts.ErrUniqueBy)
		}
		if b.Epoch != "" && b.Epoch != cur.info.epoch {
			return nil, &contacts.TrimmedError{First: cur.first, OtherFeed: true}
		}
	} else if err := g.draftScope(d, p); err != nil {
		return nil, err
	}
	head := judge.Head{Index: d.next.index, Reindexing: d.next.reindexing}
	changed, err := head.Step(b, p.Puts())
	if err != nil {
		return nil, err
	}
	if changed {
		d.next.index, d.next.reindexing = head.Index, head.Reindexing
		d.next.changed, d.next.newIndex = true, true
	}
	if b.Settings != nil {
		d.next.settings, d.next.newConsts, d.next.changed = b.Settings, true, true
	}
	return d, nil
}

// draftScope gives short ids to a new scope, and to its account's domain.
func (g *group) draftScope(d *draft, p *prepare.Batch) error {
	b := p.Batch
	if b.Epoch != "" {
		return &contacts.TrimmedError{OtherFeed: true}
	}
	if !g.hasHead {
		h, err := g.s.readHeader(g.sn)
		if err != nil {
			return err
		}
		g.header, g.hasHead = h, true
	}
	d.header = g.header
	a, exists, err := g.account(p.Scope.Account)
	if err != nil {
		return err
	}
	if !exists {
		a = d.header.newAccount(b.UniqueBy)
	} else if b.UniqueBy != contacts.UniqueByDefault && b.UniqueBy != a.uniqueBy {
		return fmt.Errorf("%s: %w", g.s.name, contacts.ErrUniqueBy)
	}
	d.account = a
	id := d.header.takeID()
	domain := a.domain
	if domain == 0 {
		domain = id
	}
	info := newInfo(id, domain, a.uniqueBy)
	d.next = scopeState{name: p.Scope, info: &info, newScope: true, newConsts: true, newAccount: !exists, changed: true}
	d.next.index = b.Index
	return nil
}

// takeID gives out a short id.
func (h *header) takeID() uint64 {
	h.next++
	return h.next - 1
}

// newAccount decides how the numbers of an account are unique.
func (h *header) newAccount(by contacts.UniqueBy) account {
	if by == contacts.UniqueByAccount {
		return account{by, h.takeID()}
	}
	return account{uniqueBy: contacts.UniqueByStream}
}

// accept makes the draft the state that the group goes on from.
func (d *draft) accept(g *group) {
	if d.cur != nil {
		changed := d.cur.changed
		*d.cur = d.next
		d.sc = d.cur
		d.sc.changed = changed || d.next.changed
	} else {
		next := d.next
		d.sc = &next
		g.scopes[next.name] = d.sc
		g.header, g.newHead = d.header, true
		if next.newAccount {
			g.accounts[next.name.Account] = d.account
		}
	}
}
