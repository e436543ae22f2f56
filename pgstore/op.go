package pgstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/phone"
)

// answer is what ops keeps of the answer to a batch, as JSON. It holds no names:
// a repeated answer has the holders' names as they are by then.
type answer struct {
	Epoch     string          `json:"epoch"`
	Revisions []uint64        `json:"revisions,omitempty"`
	IDs       []string        `json:"ids,omitempty"`
	Refused   []refusedAnswer `json:"refused,omitempty"`
}

type refusedAnswer struct {
	Index    int             `json:"index"`
	Lines    []lineAnswer    `json:"lines,omitempty"`
	Conflict *conflictAnswer `json:"conflict,omitempty"`
}

type lineAnswer struct {
	Line    phone.Line `json:"line,string"`
	Holder  string     `json:"holder,omitempty"`
	Earlier *int       `json:"earlier,omitempty"`
}

type conflictAnswer struct {
	ID      string `json:"id"`
	Read    uint64 `json:"read"`
	Present uint64 `json:"present"`
}

// priorAnswer is a row of ops.
type priorAnswer struct {
	digest []byte
	last   uint64
	text   string
	answer answer
}

func (t *try) scanPrior(rows pgx.Rows) error {
	for rows.Next() {
		var op []byte
		var last int64
		var a priorAnswer
		if err := rows.Scan(&op, &a.digest, &last, &a.text); err != nil {
			return err
		}
		a.last = uint64(last)
		if err := json.Unmarshal([]byte(a.text), &a.answer); err != nil {
			return fmt.Errorf("an answer that cannot be read: %w", contacts.ErrDamaged)
		}
		t.prior[string(op)] = &a
	}
	return rows.Err()
}

// priorHolders returns the ids that the answers name.
func (t *try) priorHolders() []string {
	var ids []string
	for _, a := range t.prior {
		for _, r := range a.answer.Refused {
			for _, l := range r.Lines {
				if l.Holder != "" {
					ids = append(ids, l.Holder)
				}
			}
		}
	}
	return ids
}

// priorAnswer returns the answer to an earlier batch of the same op, if there
// was one.
func (t *try) priorAnswer(p *prepare.Batch) (contacts.Applied, bool, error) {
	prior := t.prior[p.Batch.Op]
	if prior == nil {
		return contacts.Applied{}, false, nil
	}
	if !bytes.Equal(prior.digest, p.Digest[:]) {
		return contacts.Applied{}, true, fmt.Errorf("%s: %w", name, contacts.ErrOpReused)
	}
	a := contacts.Applied{Epoch: prior.answer.Epoch, Revisions: prior.answer.Revisions, IDs: prior.answer.IDs, Last: prior.last}
	a.Repeated = t.g.answers[p.Batch.Op] != prior.text // else it is this very batch's: its commit was in doubt, and without events
	for _, r := range prior.answer.Refused {
		var dups []contacts.Refusal
		for _, l := range r.Lines {
			d := contacts.Refusal{Index: r.Index, Line: l.Line, HolderID: l.Holder, HolderName: t.holder[l.Holder], Earlier: -1}
			if l.Earlier != nil {
				d.Earlier = *l.Earlier
			}
			dups = append(dups, d)
		}
		var conflicts []contacts.RevisionConflict
		if c := r.Conflict; c != nil {
			conflicts = append(conflicts, contacts.RevisionConflict{Index: r.Index, ID: c.ID, Read: c.Read, Present: c.Present})
		}
		a.Refused = append(a.Refused, contacts.Refused{Index: r.Index, Err: prepare.Refusal(dups, conflicts)})
	}
	return a, true, nil
}

// insertAnswer stores the answer to an op.
func (t *try) insertAnswer(p *prepare.Batch, a *contacts.Applied) {
	t.state.changed = true
	out := answer{Epoch: a.Epoch, Revisions: a.Revisions, IDs: a.IDs}
	for _, r := range a.Refused {
		out.Refused = append(out.Refused, answerOf(r))
	}
	text, _ := json.Marshal(out) // cannot fail: numbers and texts
	t.ch.ops.add(p.Batch.Op, p.Digest[:], a.Last, string(text))
	if t.ops == nil {
		t.ops = make(map[string]struct{})
	}
	t.ops[p.Batch.Op] = struct{}{}
}

func answerOf(r contacts.Refused) refusedAnswer {
	out := refusedAnswer{Index: r.Index}
	var dup *contacts.DuplicateNumberError
	var rev *contacts.RevisionError
	if errors.As(r.Err, &dup) {
		for _, x := range dup.Refusals {
			l := lineAnswer{Line: x.Line, Holder: x.HolderID}
			if x.Earlier >= 0 {
				l.Earlier = &x.Earlier
			}
			out.Lines = append(out.Lines, l)
		}
	}
	if errors.As(r.Err, &rev) {
		for _, x := range rev.Conflicts {
			out.Conflict = &conflictAnswer{x.ID, x.Read, x.Present}
		}
	}
	return out
}

// noteAnswers remembers the answers of a commit in doubt.
func (g *group) noteAnswers(r *opRows) {
	g.answers = make(map[string]string)
	for i, op := range r.op {
		g.answers[string(op)] = r.answer[i]
	}
}
