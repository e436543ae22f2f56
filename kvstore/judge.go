package kvstore

import (
	"bytes"
	"math"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// lineState has the claimers of a line, in all scopes of its domain, as they
// are after the batches judged so far; and what the batch that is being
// judged would do to it.
type lineState struct {
	holders []holder

	serial  uint32   // the marks below are of that batch
	by      int      // the first write that would claim it, -1
	freed   []uint64 // seqs of the contacts that would give it up
	claimed []holder // who claims it by then, in a batch that judges each
}

// holder is a contact that claims a line.
type holder struct {
	scope, seq uint64
	w          *write // what the group has of it, nil for a contact as stored
}

// line returns the state of a line in the domain of a scope.
func (g *group) line(info *scopeInfo, line phone.Line) (*lineState, error) {
	ref := lineRef{info.domain, line}
	ls := g.lines[ref]
	if ls == nil {
		ls = &lineState{}
		bad := false
		from := appendHoldersKey(g.key[:0], info.domain, line, kindClaim)
		to := append(g.value[:0], from...)
		to[len(to)-1]++
		err := g.sn.Scan(from, to, false, func(key, _ []byte) bool {
			scope, rest, ok := takeOrd(key[len(from):])
			seq, ok2 := takeLastOrd(rest)
			bad = !ok || !ok2
			ls.holders = append(ls.holders, holder{scope: scope, seq: seq})
			return !bad
		})
		g.key, g.value = from, to
		if err == nil && bad {
			err = g.s.damaged(tableLine, info.domain, 0, "a key that cannot be read")
		}
		if err != nil {
			return nil, err
		}
		g.lines[ref] = ls
	}
	if ls.serial != g.serial {
		ls.serial, ls.by, ls.freed, ls.claimed = g.serial, -1, ls.freed[:0], nil
	}
	return ls, nil
}

// judge decides whether the writes of p may happen, and plans them. An error
// says that none of them may.
func (g *group) judge(d *draft, p *prepared) error {
	g.serial++
	if cap(g.plans) < len(p.writes) {
		g.plans = make([]plan, len(p.writes))
	}
	g.plans = g.plans[:len(p.writes)]
	if p.batch.Each {
		if err := g.judgeEach(d, p); err != nil {
			return err
		}
	} else if err := g.judgeSet(d, p); err != nil {
		return err
	}
	for i := range p.writes {
		pl := &g.plans[i]
		if err := g.planChanges(d, &p.writes[i], pl); err != nil {
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
func (g *group) judgeSet(d *draft, p *prepared) error {
	var conflicts []contacts.RevisionConflict
	var refused []contacts.Refusal
	for i := range p.writes {
		w, pl := &p.writes[i], &g.plans[i]
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
	for i := range p.writes {
		w, pl := &p.writes[i], &g.plans[i]
		taken, err := g.judgeLines(d, i, w, pl)
		if err != nil {
			return err
		}
		if w.keep || w.kind == contacts.Reindex {
			d.kept = append(d.kept, taken...)
		} else {
			refused = append(refused, taken...)
		}
		if err := g.markClaims(d, i, w, pl); err != nil {
			return err
		}
	}
	return refusal(refused, conflicts)
}

// judgeEach judges every write on its own, in order. Those that are refused
// leave no marks.
func (g *group) judgeEach(d *draft, p *prepared) error {
	for i := range p.writes {
		w, pl := &p.writes[i], &g.plans[i]
		conflict, err := g.plan(d, w, pl)
		if err != nil {
			return err
		}
		taken, err := g.judgeLines(d, i, w, pl)
		if err != nil {
			return err
		}
		var kept []contacts.Refusal
		if w.keep || w.kind == contacts.Reindex {
			kept, taken = taken, nil
		}
		var conflicts []contacts.RevisionConflict
		if conflict {
			conflicts = []contacts.RevisionConflict{pl.conflict(i, w)}
		}
		why := refusal(taken, conflicts)
		if why != nil {
			*pl = plan{action: actNone}
			d.refused = append(d.refused, contacts.Refused{Index: i, Err: why})
			continue
		}
		d.kept = append(d.kept, kept...)
		if err := g.markFreed(d, w, pl); err != nil {
			return err
		}
		if err := g.markEach(d, i, w, pl); err != nil {
			return err
		}
		if pl.action == actUpdate {
			if d.updated == nil {
				d.updated = make(map[uint64]*write)
			}
			d.updated[pl.seq] = w
		}
	}
	return nil
}

// releases reports whether a write ends the claims in its plan's old that are
// not among its own.
func (pl *plan) releases() bool { return pl.alive && pl.action != actSkip && pl.action != actNoop }

// markFreed marks the lines that w gives up.
func (g *group) markFreed(d *draft, w *write, pl *plan) error {
	if !pl.releases() {
		return nil
	}
	for _, l := range pl.old.claims {
		if slices.Contains(w.held.claims, l) {
			continue
		}
		ls, err := g.line(d.next.info, l)
		if err != nil {
			return err
		}
		ls.freed = append(ls.freed, pl.seq)
	}
	return nil
}

// markClaims marks the lines that w claims anew.
func (g *group) markClaims(d *draft, i int, w *write, pl *plan) error {
	if pl.action == actSkip || pl.action == actNoop {
		return nil
	}
	for _, l := range w.held.claims {
		if slices.Contains(pl.old.claims, l) {
			continue
		}
		ls, err := g.line(d.next.info, l)
		if err != nil {
			return err
		}
		if ls.by < 0 {
			ls.by = i
		}
	}
	return nil
}

// markEach marks the lines that w, which is accepted, claims anew: for the
// writes after it, its contact is there.
func (g *group) markEach(d *draft, i int, w *write, pl *plan) error {
	if pl.action == actSkip || pl.action == actNoop {
		return nil
	}
	seq := pl.seq
	if seq == 0 {
		seq = math.MaxUint64 - contacts.MaxWrites + uint64(i) // behind all that are stored
	}
	for _, l := range w.held.claims {
		if slices.Contains(pl.old.claims, l) {
			continue
		}
		ls, err := g.line(d.next.info, l)
		if err != nil {
			return err
		}
		ls.claimed = append(ls.claimed, holder{d.next.info.id, seq, w})
	}
	return nil
}

// judgeLines returns the lines that other contacts claim of those that w
// claims or guards. What its contact claims already is exempt.
func (g *group) judgeLines(d *draft, i int, w *write, pl *plan) ([]contacts.Refusal, error) {
	if pl.action == actSkip || pl.action == actNoop {
		return nil, nil
	}
	var out []contacts.Refusal
	for n, list := range [2][]phone.Line{w.held.claims, w.guard} {
		for k, l := range list {
			if slices.Contains(pl.old.claims, l) ||
				n == 1 && (slices.Contains(w.held.claims, l) || slices.Contains(w.guard[:k], l)) {
				continue
			}
			r, taken, err := g.taken(d, i, l, pl)
			if err != nil {
				return nil, err
			}
			if taken {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// taken reports who stands in the way of write i claiming a line: a contact of
// the scope, the one created first; an earlier write of the batch; a contact
// of another stream. Where each write is judged by itself, an earlier one is a
// contact of the scope already.
func (g *group) taken(d *draft, i int, line phone.Line, pl *plan) (contacts.Refusal, bool, error) {
	r := contacts.Refusal{Index: i, Line: line, Earlier: -1}
	ls, err := g.line(d.next.info, line)
	if err != nil {
		return r, false, err
	}
	var own *holder
	other := false
	for k := range ls.holders {
		h := &ls.holders[k]
		switch {
		case h.scope != d.next.info.id:
			other = true
		case pl.alive && h.seq == pl.seq || slices.Contains(ls.freed, h.seq):
		case own == nil || h.seq < own.seq:
			own = h
		}
	}
	for k := range ls.claimed {
		if h := &ls.claimed[k]; own == nil || h.seq < own.seq {
			own = h
		}
	}
	switch {
	case own != nil:
		r.HolderID, r.HolderName, err = g.holderName(d, own)
		return r, true, err
	case ls.by >= 0 && ls.by != i:
		r.Earlier = ls.by
		return r, true, nil
	}
	return r, other, nil
}

// holderName returns id and name of a contact of the scope.
func (g *group) holderName(d *draft, h *holder) (id, name string, err error) {
	w := h.w
	if u := d.updated[h.seq]; u != nil {
		w = u
	}
	if w != nil && w.kind == contacts.Put {
		return w.id, contacts.FullName(w.contact.FirstName, w.contact.LastName), nil
	}
	c, err := g.s.contactAt(g.sn, d.next.info.id, h.seq)
	return c.ID, c.FullName, err
}

// plan looks up what w is about and decides what is to be done. It reports
// whether the contact is not at the revision that w was made for.
func (g *group) plan(d *draft, w *write, pl *plan) (conflict bool, err error) {
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
	case w.kind == contacts.Reindex:
		if !pl.alive || present != w.revision {
			pl.action = actSkip
			pl.revision = present
			return false, nil
		}
		pl.action = actReindex
		w.status = pl.status
	case present != w.revision || !pl.alive && (pl.seq != 0 || w.kind == contacts.Purge):
		pl.action = actNone
		conflict = true
	case w.kind == contacts.Purge:
		pl.action = actPurge
	case !pl.alive:
		pl.action = actCreate
	case sameBody(pl.stored, w.body):
		pl.action = actNoop
		pl.revision = present
		return false, nil
	default:
		pl.action = actUpdate
	}
	if pl.alive && !decodeHeld(pl.stored, &pl.old) {
		return false, g.s.damaged(tableRecord, d.next.info.id, pl.seq, "a record that cannot be read")
	}
	return conflict, nil
}

// lookUp finds the record of w's contact.
func (g *group) lookUp(d *draft, w *write, pl *plan) error {
	s, id := g.s, d.next.info.id
	g.key = appendIDKey(g.key[:0], id, w.id)
	ident := len(appendTable(g.value[:0], tableID, id))
	v, ok, err := g.sn.Get(g.key)
	if err != nil || !ok {
		return err
	}
	if pl.seq, ok = takeLastOrd(v); !ok {
		return s.damaged(tableID, id, 0, "a position that cannot be read")
	}
	if pl.stored, pl.crc, err = s.recordAt(g.sn, id, pl.seq); err != nil {
		return err
	}
	if !bytes.Equal(identOf(pl.stored), g.key[ident:]) {
		return s.damaged(tableID, id, pl.seq, "an id leads to another contact")
	}
	pl.present, pl.status, ok = peek(pl.stored)
	if !ok {
		return s.damaged(tableRecord, id, pl.seq, "a record that cannot be read")
	}
	pl.alive = pl.status != statusPurged
	return nil
}

// conflict describes that w's contact is at another revision.
func (pl *plan) conflict(i int, w *write) contacts.RevisionConflict {
	c := contacts.RevisionConflict{Index: i, ID: w.id, Read: w.revision}
	if pl.alive {
		c.Present = pl.present
	}
	return c
}

// recordAt returns the present record of a contact, verified, and its
// checksum. It belongs to the engine.
func (s *Store) recordAt(sn Snapshot, scope, seq uint64) (body []byte, crc uint32, err error) {
	var room [2 + 2*maxOrdLen]byte
	key := appendRecordKey(room[:0], scope, seq)
	v, ok, err := sn.Get(key)
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return nil, 0, s.damaged(tableRecord, scope, seq, "the record is missing")
	}
	if body, ok = unseal(key, v); !ok {
		return nil, 0, s.damaged(tableRecord, scope, seq, "checksum of the record")
	}
	return body, sealedCRC(v), nil
}

// contactAt returns the contact of a present record.
func (s *Store) contactAt(sn Snapshot, scope, seq uint64) (contacts.Contact, error) {
	var c contacts.Contact
	body, _, err := s.recordAt(sn, scope, seq)
	if err == nil && !decodeContact(body, &c) {
		err = s.damaged(tableRecord, scope, seq, "a record that cannot be read")
	}
	return c, err
}
