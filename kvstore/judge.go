package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// judge decides whether the writes of p may happen, and plans them. An error
// says that none of them may.
func (g *group) judge(d *draft, p *prepare.Batch) error {
	g.serial++
	if cap(g.plans) < len(p.Writes) {
		g.plans = make([]plan, len(p.Writes))
	}
	g.plans = g.plans[:len(p.Writes)]
	if p.Batch.Each {
		if err := g.judgeEach(d, p); err != nil {
			return err
		}
	} else if err := g.judgeSet(d, p); err != nil {
		return err
	}
	for i := range p.Writes {
		pl := &g.plans[i]
		if err := g.planChanges(d, &p.Writes[i], pl); err != nil {
			return err
		}
		switch pl.action {
		case actCreate, actUpdate, actPurge:
			d.events++
		}
	}
	return nil
}

// judgeSet judges the writes as a set: all releases before all claims.
//
//contacts:borrows for the plans, until the group's snapshot is released
func (g *group) judgeSet(d *draft, p *prepare.Batch) error {
	var conflicts []contacts.RevisionConflict
	var refused []contacts.Refusal
	for i := range p.Writes {
		w, pl := &p.Writes[i], &g.plans[i]
		conflict, err := g.plan(d, w, pl)
		if err != nil {
			return err
		}
		if conflict {
			conflicts = append(conflicts, pl.conflict(i, w))
		}
		if err := g.markFreed(d, w, pl); err != nil {
			return err
		}
	}
	for i := range p.Writes {
		w, pl := &p.Writes[i], &g.plans[i]
		taken, err := g.judgeLines(d, i, w, pl)
		if err != nil {
			return err
		}
		if w.Keep || w.Kind == contacts.Reindex {
			d.kept = append(d.kept, taken...)
		} else {
			refused = append(refused, taken...)
		}
		if err := g.markClaims(d, i, w, pl); err != nil {
			return err
		}
	}
	return prepare.Refusal(refused, conflicts)
}

// judgeEach judges every write on its own, in order. Those that are refused
// leave no marks.
//
//contacts:borrows for the plans, until the group's snapshot is released
func (g *group) judgeEach(d *draft, p *prepare.Batch) error {
	for i := range p.Writes {
		w, pl := &p.Writes[i], &g.plans[i]
		conflict, err := g.plan(d, w, pl)
		if err != nil {
			return err
		}
		taken, err := g.judgeLines(d, i, w, pl)
		if err != nil {
			return err
		}
		var kept []contacts.Refusal
		if w.Keep || w.Kind == contacts.Reindex {
			kept, taken = taken, nil
		}
		var conflicts []contacts.RevisionConflict
		if conflict {
			conflicts = []contacts.RevisionConflict{pl.conflict(i, w)}
		}
		why := prepare.Refusal(taken, conflicts)
		if why != nil {
			*pl = plan{action: actNone}
			d.refused = append(d.refused, contacts.Refused{Index: i, Err: why})
			continue
		}
		d.kept = append(d.kept, kept...)
		if err := g.markFreed(d, w, pl); err != nil {
			return err
		}
		if err := g.markClaims(d, i, w, pl); err != nil {
			return err
		}
		if pl.action == actUpdate {
			if d.updated == nil {
				d.updated = make(map[uint64]*prepare.Write)
			}
			d.updated[pl.seq] = w
		}
	}
	return nil
}

// plan looks up what w is about and decides what is to be done. It reports
// whether the contact is not at the revision that w was made for.
func (g *group) plan(d *draft, w *prepare.Write, pl *plan) (conflict bool, err error) {
	*pl = plan{}
	if !d.next.newScope {
		if err := g.lookUp(d, w, pl); err != nil {
			return false, err
		}
	}
	present := pl.present
	if !pl.alive {
		present = 0
	}
	switch {
	case w.Kind == contacts.Reindex:
		if !pl.alive || present != w.Revision {
			pl.action = actSkip
			pl.revision = present
			return false, nil
		}
		pl.action = actReindex
		w.Status = pl.status
	case present != w.Revision || !pl.alive && (pl.seq != 0 || w.Kind == contacts.Purge):
		pl.action = actNone
		conflict = true
	case w.Kind == contacts.Purge:
		pl.action = actPurge
	case !pl.alive:
		pl.action = actCreate
	case record.SameBody(pl.stored, w.Body):
		pl.action = actNoop
		pl.revision = present
		return false, nil
	default:
		pl.action = actUpdate
	}
	if pl.alive && !record.DecodeHeld(pl.stored, &pl.old) {
		return false, g.s.damaged(tableRecord, d.next.info.id, pl.seq, "a record that cannot be read")
	}
	return conflict, nil
}

// lookUp finds the record of w's contact.
func (g *group) lookUp(d *draft, w *prepare.Write, pl *plan) error {
	s, id := g.s, d.next.info.id
	g.key = appendIDKey(g.key[:0], id, w.ID)
	ident := len(appendTable(g.value[:0], tableID, id))
	v, ok, err := g.sn.Get(g.key)
	if err != nil || !ok {
		return err
	}
	if pl.seq, ok = takeLastOrd(v); !ok {
		return s.damaged(tableID, id, 0, "a position that cannot be read")
	}
	if pl.stored, pl.crc, err = s.recordAt(g.sn, id, pl.seq, &g.recordKey); err != nil {
		return err
	}
	if !bytes.Equal(record.IdentOf(pl.stored), g.key[ident:]) {
		return s.damaged(tableID, id, pl.seq, "an id leads to another contact")
	}
	pl.present, pl.status, ok = record.Peek(pl.stored)
	if !ok {
		return s.damaged(tableRecord, id, pl.seq, "a record that cannot be read")
	}
	pl.alive = pl.status != record.StatusPurged
	return nil
}

// conflict describes that w's contact is at another revision.
func (pl *plan) conflict(i int, w *prepare.Write) contacts.RevisionConflict {
	c := contacts.RevisionConflict{Index: i, ID: w.ID, Read: w.Revision}
	if pl.alive {
		c.Present = pl.present
	}
	return c
}
