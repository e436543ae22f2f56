package kvstore

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// Restore loads what was found into dst, which is empty: each scope under a new
// epoch, with ids, revisions, order of creation, history and settings. What of a
// superseded state is lost is missing in the history; the answers to batches with
// an Op do not come back. The Salvager is of no use after it.
//
// A scope whose name is lost comes back under one that begins with "recovered-".
//
// Besides those of dst and of the temporary files, errors are ctx's, ErrNewer
// where what was found was written by a newer version, and ErrDamaged where it
// contradicts itself throughout. dst is of no use then.
func (s *Salvager) Restore(ctx context.Context, dst *Store) ([]Salvaged, error) {
	if v := s.meta.newer; v != 0 {
		return nil, fmt.Errorf("format %d, this program reads formats up to %d: %w", v, formatVersion, contacts.ErrNewer)
	}
	v, err := s.survey(ctx, s.doubt)
	if err == nil && !s.doubt && v.behind() {
		_ = v.marks.Close()
		v, err = s.survey(ctx, true)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = v.marks.Close() }()
	units := s.meta.units(v.surveys)
	lost, err := v.settle(ctx, units)
	if err != nil {
		return nil, err
	}
	_ = v.marks.Close()
	// Scopes of two stores may have one short id.
	var rounds [2][]*unit
	for i, u := range units {
		if i > 0 && units[i-1].id == u.id {
			rounds[1] = append(rounds[1], u)
		} else {
			rounds[0] = append(rounds[0], u)
		}
	}
	var done []Salvaged
	for _, round := range rounds {
		if len(round) == 0 {
			continue
		}
		list, err := s.restore(ctx, dst, round, lost)
		if err != nil {
			return nil, err
		}
		done = append(done, list...)
	}
	slices.SortFunc(done, func(a, b Salvaged) int { return compareScopes(a.Scope, b.Scope) })
	return done, nil
}

// restore loads units of ascending short ids, in one pass over the traces.
func (s *Salvager) restore(ctx context.Context, dst *Store, units []*unit, lost map[claim]bool) ([]Salvaged, error) {
	next, stop := iter.Pull2(traces(s.traces.Sorted()))
	defer stop()
	var t *trace // the next one
	var err error
	more := true
	step := func() { t, err, more = next() }
	step()
	var done []Salvaged
	for _, u := range units {
		l := restorer{u: u, lost: lost, done: Salvaged{Scope: u.scope, Unnamed: u.unnamed}}
		records := func(yield func(contacts.LoadRecord, error) bool) {
			for ; more; step() {
				if err != nil {
					yield(contacts.LoadRecord{}, err)
					return
				}
				if t.scope > u.id {
					return
				}
				if t.scope < u.id {
					continue
				}
				if r, ok := l.take(t); ok && !yield(r, nil) {
					return
				}
			}
		}
		head := contacts.LoadHead{First: u.first(), Last: u.last, Index: u.index, UniqueBy: s.meta.uniqueBy(u.scope.Account), Settings: u.settings}
		a, err := dst.Load(ctx, u.scope, head, records)
		if err != nil {
			return nil, err
		}
		st, err := dst.Stat(ctx, u.scope)
		if err != nil {
			return nil, err
		}
		done = append(done, l.report(&a, &st))
	}
	return done, nil
}

// restorer restores one scope.
type restorer struct {
	u      *unit
	lost   map[claim]bool
	loaded tally
	done   Salvaged
}

// take returns what is to be loaded of a contact, or notes why it is not.
func (l *restorer) take(t *trace) (contacts.LoadRecord, bool) {
	t.believe(l.u)
	v := l.u.judge(t)
	if v.state != nil || v.purged != 0 {
		r, ok := l.u.record(t, v, l.lost)
		if ok {
			if v.state != nil {
				l.loaded.add(sealedCRC(v.state.value))
			}
			if !r.Purged {
				l.done.Past += uint64(len(r.Past))
			}
			return r, true
		}
		if v.state == nil || v.state.blank() {
			return r, false
		}
		v.left = v.state
	}
	var c contacts.Contact
	if v.left != nil && !v.left.blank() && record.Decode(v.left.body(), &c) {
		l.done.Left = append(l.done.Left, c)
	}
	return contacts.LoadRecord{}, false
}

// report says what came back.
func (l *restorer) report(a *contacts.Applied, now *contacts.Stat) Salvaged {
	d, u := &l.done, l.u
	d.Kept = a.Kept
	d.Counts = contacts.Counts{Active: now.Active, Inactive: now.Inactive, Merged: now.Merged, Duplicates: now.Duplicates}
	d.Missing = -1
	d.Doubt, d.Behind = u.found && u.doubt, u.behind
	if u.st != nil {
		had := u.st.contacts[record.StatusActive] + u.st.contacts[record.StatusInactive] + u.st.contacts[record.StatusMerged]
		d.Missing = int64(min(had-min(had, now.Active+now.Inactive+now.Merged), math.MaxInt64))
		d.Exact = l.loaded == *u.st.tally(tableRecord)
	}
	return *d
}

// uniqueBy returns how the numbers of an account are unique.
func (m *salvageMeta) uniqueBy(account string) contacts.UniqueBy {
	if by, ok := m.accounts[account]; ok {
		return by
	}
	for _, sc := range m.scopes {
		for e := range sc.constants {
			for i := range sc.constants[e] {
				if c := &sc.constants[e][i]; c.scope.Account == account && c.info.uniqueBy <= contacts.UniqueByAccount {
					return c.info.uniqueBy
				}
			}
		}
	}
	return contacts.UniqueByDefault
}
