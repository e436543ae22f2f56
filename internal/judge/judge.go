// Package judge decides, for a store, whether the writes of a batch may happen, by
// what the store holds.
package judge

import (
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// Action is what is to be done for one write.
type Action byte

const (
	None Action = iota // it was refused
	Skip               // a Reindex that was passed over
	Noop               // a Put that changes nothing
	Create
	Update
	Reindex
	Purge
)

// Event reports whether an action has an event.
func (a Action) Event() bool { return a == Create || a == Update || a == Purge }

// A Plan is what was found out about one write before anything is changed.
type Plan struct {
	Action   Action
	Alive    bool // the contact exists and was not purged
	Status   byte
	Seq      uint64 // of the contact, 0 where the id is new
	Present  uint64 // its revision
	Stored   []byte // its record
	CRC      uint32 // the view's own: what it knows of the record
	Old      record.Held
	Revision uint64 // of the contact when all is done
}

// A View is what a store holds, with what batches before changed.
type View interface {
	// Contact sets Seq and Stored of the plan where there is a contact of
	// the write's id, purged or not. Stored has to last until the plan is
	// carried out.
	Contact(w *prepare.Write, pl *Plan) error

	// Line returns the claimers of a line: the same value each time.
	Line(l phone.Line) (*Line, error)

	// Name returns id and name of a contact as it is stored.
	Name(seq uint64) (id, name string, err error)

	// Damaged is the error for a contact whose record says what it cannot.
	Damaged(seq uint64, what string) error
}

// A Judge judges one batch.
type Judge struct {
	View   View
	Scope  uint64 // as in holders
	Serial uint64 // of the batch; ascending, from 1
	Empty  bool   // the scope has no contacts

	Kept    []contacts.Refusal
	Refused []contacts.Refused

	updated map[uint64]*prepare.Write // by seq: earlier items of a batch that judges each
}

// Writes decides whether the writes of p may happen, and plans them, each in the
// plan of its index. An error says that none of them may.
func (j *Judge) Writes(p *prepare.Batch, plan func(i int) *Plan) error {
	if p.Batch.Each {
		return j.each(p, plan)
	}
	return j.set(p, plan)
}

// set judges the writes as a set: all releases before all claims.
func (j *Judge) set(p *prepare.Batch, plan func(i int) *Plan) error {
	var conflicts []contacts.RevisionConflict
	var refused []contacts.Refusal
	for i := range p.Writes {
		w, pl := &p.Writes[i], plan(i)
		conflict, err := j.plan(w, pl)
		if err != nil {
			return err
		}
		if conflict {
			conflicts = append(conflicts, pl.conflict(i, w))
		}
		if err := j.markFreed(w, pl); err != nil {
			return err
		}
	}
	for i := range p.Writes {
		w, pl := &p.Writes[i], plan(i)
		taken, err := j.lines(i, w, pl)
		if err != nil {
			return err
		}
		if keeps(w) {
			j.Kept = append(j.Kept, taken...)
		} else {
			refused = append(refused, taken...)
		}
		if err := j.markClaims(i, w, pl); err != nil {
			return err
		}
	}
	return prepare.Refusal(refused, conflicts)
}

// each judges every write on its own, in order. Those that are refused leave
// no marks.
func (j *Judge) each(p *prepare.Batch, plan func(i int) *Plan) error {
	for i := range p.Writes {
		w, pl := &p.Writes[i], plan(i)
		conflict, err := j.plan(w, pl)
		if err != nil {
			return err
		}
		taken, err := j.lines(i, w, pl)
		if err != nil {
			return err
		}
		var kept []contacts.Refusal
		if keeps(w) {
			kept, taken = taken, nil
		}
		var conflicts []contacts.RevisionConflict
		if conflict {
			conflicts = []contacts.RevisionConflict{pl.conflict(i, w)}
		}
		why := prepare.Refusal(taken, conflicts)
		if why != nil {
			*pl = Plan{Action: None}
			j.Refused = append(j.Refused, contacts.Refused{Index: i, Err: why})
			continue
		}
		j.Kept = append(j.Kept, kept...)
		if err := j.markFreed(w, pl); err != nil {
			return err
		}
		if err := j.markClaims(i, w, pl); err != nil {
			return err
		}
		if pl.Action == Update {
			if j.updated == nil {
				j.updated = make(map[uint64]*prepare.Write)
			}
			j.updated[pl.Seq] = w
		}
	}
	return nil
}

// keeps reports whether a write lets lines in that another contact claims.
func keeps(w *prepare.Write) bool { return w.Keep || w.Kind == contacts.Reindex }

// plan looks up what w is about and decides what is to be done. It reports
// whether the contact is not at the revision that w was made for.
func (j *Judge) plan(w *prepare.Write, pl *Plan) (conflict bool, err error) {
	*pl = Plan{}
	if !j.Empty {
		if err := j.lookUp(w, pl); err != nil {
			return false, err
		}
	}
	present := pl.Present
	if !pl.Alive {
		present = 0
	}
	switch {
	case w.Kind == contacts.Reindex:
		if !pl.Alive || present != w.Revision {
			pl.Action = Skip
			pl.Revision = present
			return false, nil
		}
		pl.Action = Reindex
		w.Status = pl.Status
	case present != w.Revision || !pl.Alive && (pl.Seq != 0 || w.Kind == contacts.Purge):
		pl.Action = None
		conflict = true
	case w.Kind == contacts.Purge:
		pl.Action = Purge
	case !pl.Alive:
		pl.Action = Create
	case record.SameBody(pl.Stored, w.Body):
		pl.Action = Noop
		pl.Revision = present
		return false, nil
	default:
		pl.Action = Update
	}
	if pl.Alive && !record.DecodeHeld(pl.Stored, &pl.Old) {
		return false, j.View.Damaged(pl.Seq, unreadable)
	}
	return conflict, nil
}

const unreadable = "a record that cannot be read"

// lookUp finds the record of w's contact.
func (j *Judge) lookUp(w *prepare.Write, pl *Plan) error {
	if err := j.View.Contact(w, pl); err != nil || pl.Seq == 0 {
		return err
	}
	var ok bool
	if pl.Present, pl.Status, ok = record.Peek(pl.Stored); !ok {
		return j.View.Damaged(pl.Seq, unreadable)
	}
	pl.Alive = pl.Status != record.StatusPurged
	return nil
}

// conflict describes that w's contact is at another revision.
func (pl *Plan) conflict(i int, w *prepare.Write) contacts.RevisionConflict {
	c := contacts.RevisionConflict{Index: i, ID: w.ID, Read: w.Revision}
	if pl.Alive {
		c.Present = pl.Present
	}
	return c
}

// Changes calls fn for every line that a contact will hold otherwise than before.
func (pl *Plan) Changes(now *record.Held, fn func(l phone.Line, was, now record.ClaimState) error) error {
	for _, list := range [2]struct {
		lines []phone.Line
		was   record.ClaimState
	}{{pl.Old.Claims, record.HoldsClaim}, {pl.Old.Shared, record.HoldsShared}} {
		for _, l := range list.lines {
			if s := now.State(l); s != list.was {
				if err := fn(l, list.was, s); err != nil {
					return err
				}
			}
		}
	}
	for _, list := range [2]struct {
		lines []phone.Line
		now   record.ClaimState
	}{{now.Claims, record.HoldsClaim}, {now.Shared, record.HoldsShared}} {
		for _, l := range list.lines {
			if pl.Old.State(l) == record.HoldsNot {
				if err := fn(l, record.HoldsNot, list.now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// passes reports whether a write leaves its contact as it is.
func (pl *Plan) passes() bool { return pl.Action == Skip || pl.Action == Noop }

// markFreed marks the lines that w gives up: those that are not among its own.
func (j *Judge) markFreed(w *prepare.Write, pl *Plan) error {
	if !pl.Alive || pl.passes() {
		return nil
	}
	for _, l := range pl.Old.Claims {
		if slices.Contains(w.Held.Claims, l) {
			continue
		}
		ls, err := j.line(l)
		if err != nil {
			return err
		}
		ls.freed = append(ls.freed, pl.Seq)
	}
	return nil
}

// markClaims marks the lines that w claims anew.
func (j *Judge) markClaims(i int, w *prepare.Write, pl *Plan) error {
	if pl.passes() {
		return nil
	}
	for _, l := range w.Held.Claims {
		if slices.Contains(pl.Old.Claims, l) {
			continue
		}
		ls, err := j.line(l)
		if err != nil {
			return err
		}
		if ls.by < 0 {
			ls.by = i
		}
	}
	return nil
}
