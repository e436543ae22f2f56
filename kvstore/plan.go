package kvstore

import (
	"fmt"

	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// A plan is what was found out about one write before anything is changed.
type plan struct {
	judge.Plan
	changes []lineChange
	past    []pastRecord // for a purge
	ended   []endedLine  // for a purge
}

// lineChange is a line that a contact holds otherwise than before.
type lineChange struct {
	line     phone.Line
	was, now record.ClaimState
	since    uint64 // the revision at which the contact began to hold it; 0: by a Reindex
	value    []byte // of its entry in tableLine
}

// pastRecord is a superseded record of a contact.
type pastRecord struct {
	revision uint64
	crc      uint32
}

// endedLine is an entry of tableEnded.
type endedLine struct {
	line  phone.Line
	end   uint64
	value []byte
}

// kindOf returns the kind of entry in tableLine for a way to hold a line.
func kindOf(c record.ClaimState) byte {
	if c == record.HoldsClaim {
		return kindClaim
	}
	return kindShared
}

// planChanges reads what else of the store the changes for w depend on.
func (g *group) planChanges(d *draft, w *prepare.Write, pl *plan) error {
	switch pl.Action {
	case judge.Update, judge.Reindex:
		return g.planLines(d, w, pl)
	case judge.Purge:
		if err := g.planLines(d, w, pl); err != nil {
			return err
		}
		return g.planPurge(d, pl)
	}
	return nil
}

// planLines compares the lines that the contact holds with those that it will
// hold.
//
//contacts:borrows for the plan, until the group's snapshot is released
func (g *group) planLines(d *draft, w *prepare.Write, pl *plan) error {
	return pl.Changes(&w.Held, func(l phone.Line, was, now record.ClaimState) error {
		c := lineChange{line: l, was: was, now: now}
		if was != record.HoldsNot {
			if err := g.readSince(d.next.info, pl.Seq, &c); err != nil {
				return err
			}
		}
		if was == record.HoldsClaim || now == record.HoldsClaim {
			if _, err := g.line(d.next.info, l); err != nil {
				return err
			}
		}
		pl.changes = append(pl.changes, c)
		return nil
	})
}

// readSince reads the entry of a line that a contact holds.
func (g *group) readSince(info *scopeInfo, seq uint64, c *lineChange) error {
	g.key = appendLineKey(g.key[:0], info, c.line, kindOf(c.was), seq)
	v, ok, err := g.sn.Get(g.key)
	if err != nil {
		return err
	}
	if ok {
		c.value = v
		c.since, ok = sinceOf(v, seq)
	}
	if !ok {
		return g.s.damaged(tableLine, info.id, seq, "a line of the contact")
	}
	return nil
}

// sinceOf reads a value of tableLine: nothing where the contact has held the
// line since it was created.
func sinceOf(value []byte, seq uint64) (uint64, bool) {
	if len(value) == 0 {
		return seq, true
	}
	return takeLastOrd(value)
}

// appendSince writes what sinceOf reads.
func appendSince(b []byte, since, seq uint64) []byte {
	if since == seq {
		return b
	}
	return appendOrd(b, since)
}

// planPurge finds all that is left of a contact's past.
//
//contacts:borrows for the plan, until the group's snapshot is released
func (g *group) planPurge(d *draft, pl *plan) error {
	s, info := g.s, d.next.info
	var fail error
	ended := func(revision uint64, lines []phone.Line) {
		for _, l := range lines {
			pl.ended = append(pl.ended, endedLine{line: l, end: revision})
		}
	}
	fail = s.pastOf(g.sn, info.id, pl.Seq, func(revision uint64, crc uint32, body []byte) error {
		var h record.Held
		if !record.DecodeHeld(body, &h) {
			return s.damaged(tablePast, info.id, revision, "a record that cannot be read")
		}
		pl.past = append(pl.past, pastRecord{revision, crc})
		ended(revision, h.Ended)
		return nil
	})
	if fail != nil {
		return fail
	}
	ended(pl.Present, pl.Old.Ended)
	for i := range pl.ended {
		e := &pl.ended[i]
		g.key = appendEndedKey(g.key[:0], info.id, e.line, e.end, pl.Seq)
		v, ok, err := g.sn.Get(g.key)
		if err != nil {
			return err
		}
		if !ok {
			return s.damaged(tableEnded, info.id, e.end, "the history of a line")
		}
		e.value = v
	}
	return nil
}

// pastOf calls fn for the superseded records of a contact, oldest first. Their
// bodies are only valid during the call.
func (s *Store) pastOf(sn Snapshot, scope, seq uint64, fn func(revision uint64, crc uint32, body []byte) error) error {
	from := appendOrd(appendTable(nil, tablePast, scope), seq)
	var fail error
	err := sn.Scan(from, prefixEnd(nil, from), false, func(key, value []byte) bool {
		revision, ok := takeLastOrd(key[len(from):])
		body, sound := unseal(key, value)
		if !ok || !sound {
			fail = s.damaged(tablePast, scope, seq, fmt.Sprintf("checksum of the record at revision %d", revision))
			return false
		}
		fail = fn(revision, sealedCRC(value), body)
		return fail == nil
	})
	if err == nil {
		err = fail
	}
	return err
}
