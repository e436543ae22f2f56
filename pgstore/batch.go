package pgstore

import (
	"fmt"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// outcome says when a batch is answered.
type outcome byte

const (
	atOnce      outcome = iota // nothing was changed on its account
	afterCommit                // it is part of the transaction
	later                      // it is left to the next group
)

// apply judges a batch and, if it is accepted, makes its changes in t.ch.
func (t *try) apply(p *prepare.Batch) (contacts.Applied, outcome, error) {
	var none contacts.Applied
	op := p.Batch.Op
	if op != "" {
		if _, ok := t.ops[op]; ok {
			return none, later, nil
		}
		a, found, err := t.priorAnswer(p)
		if found || err != nil {
			return a, atOnce, err
		}
	}
	if p.Err != nil {
		return none, atOnce, p.Err
	}
	if t.mustWait(p) {
		return none, later, nil
	}
	next, err := t.draft(p)
	if err != nil {
		return none, atOnce, err
	}
	t.serial++
	if cap(t.plans) < len(p.Writes) {
		t.plans = make([]judge.Plan, len(p.Writes))
	}
	t.plans = t.plans[:len(p.Writes)]
	j := judge.Judge{View: t, Scope: uint64(t.info.id), Serial: t.serial, Empty: t.created}
	if err := j.Writes(p, func(i int) *judge.Plan { return &t.plans[i] }); err != nil {
		return none, atOnce, err
	}

	// Nothing below this line can fail.
	t.state = next
	a := t.write(p)
	a.Kept, a.Refused = j.Kept, j.Refused
	if op != "" {
		t.insertAnswer(p, &a)
	}
	if !t.state.changed {
		return a, atOnce, nil
	}
	t.built = true
	if t.touched == nil {
		t.touched = make(map[string]struct{})
	}
	for i := range p.Writes {
		t.touched[p.Writes[i].ID] = struct{}{}
	}
	return a, afterCommit, nil
}

// mustWait reports whether p has to see what was not there to be read.
func (t *try) mustWait(p *prepare.Batch) bool {
	for i := range p.Writes {
		if _, ok := t.touched[p.Writes[i].ID]; ok {
			return true
		}
	}
	return false
}

// draft returns the scope as a batch would leave it, by what the batch asks of it
// as a whole.
func (t *try) draft(p *prepare.Batch) (scopeState, error) {
	b, next := p.Batch, t.state
	if b.UniqueBy != contacts.UniqueByDefault && b.UniqueBy != next.uniqueBy {
		return next, fmt.Errorf("%s: %w", name, contacts.ErrUniqueBy)
	}
	if b.Epoch != "" && b.Epoch != next.epoch {
		return next, &contacts.TrimmedError{First: next.first, OtherFeed: true}
	}
	changed, err := next.head.Step(b, p.Puts())
	if err != nil {
		return next, err
	}
	if changed {
		next.newHead, next.changed = true, true
	}
	if b.Settings != nil {
		next.settings, next.newSettings, next.changed = b.Settings, true, true
	}
	return next, nil
}

// write makes the changes of a batch that was judged. It reads nothing and
// cannot fail.
func (t *try) write(p *prepare.Batch) contacts.Applied {
	a := contacts.Applied{Epoch: t.state.epoch}
	if n := len(p.Writes); n > 0 {
		a.Revisions, a.IDs = make([]uint64, n), make([]string, n)
	}
	events := 0
	for i := range t.plans {
		if t.plans[i].Action.Event() {
			events++
		}
	}
	end := t.state.last + uint64(events)
	for i := range p.Writes {
		w, pl := &p.Writes[i], &t.plans[i]
		switch pl.Action {
		case judge.Create:
			t.createContact(w, pl, end)
		case judge.Update:
			t.update(w, pl, end)
		case judge.Reindex:
			t.reindex(w, pl)
		case judge.Purge:
			t.purge(w, pl, end)
		}
		a.Revisions[i], a.IDs[i] = pl.Revision, w.ID
	}
	if events > 0 {
		t.state.changed = true
		t.events += events
	}
	a.Last = t.state.last
	return a
}

// noteLetters adds letters that no word of the scope had.
func (t *try) noteLetters(words [][]byte) {
	for _, w := range words {
		for _, r := range string(record.WordText(w)) {
			if strings.ContainsRune(t.state.letters, r) {
				continue
			}
			at := strings.IndexFunc(t.state.letters, func(other rune) bool { return other > r })
			if at < 0 {
				at = len(t.state.letters)
			}
			t.state.letters = t.state.letters[:at] + string(r) + t.state.letters[at:]
			t.state.newLetters = true
		}
	}
}
