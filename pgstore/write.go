package pgstore

import (
	"bytes"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// nextRevision begins an event.
func (t *try) nextRevision(seq uint64, purged bool, end uint64) uint64 {
	t.state.last++
	rev := t.state.last
	if seq == 0 {
		seq = rev
	}
	t.ch.feed.add(rev, seq, purged, end)
	return rev
}

func (t *try) createContact(w *prepare.Write, pl *judge.Plan, end uint64) {
	rev := t.nextRevision(0, false, end)
	pl.Seq, pl.Revision = rev, rev
	t.ch.created.add(rev, rev, w, t.ch.record(rev, w.Body))
	for _, l := range w.Held.Claims {
		t.addClaim(l, rev, w)
		t.ch.turns.add(digitsOf(l), rev, rev)
	}
	for _, l := range w.Held.Shared {
		t.ch.shared.add(digitsOf(l), rev)
		t.ch.turns.add(digitsOf(l), rev, rev)
	}
	for _, word := range w.Held.Words {
		t.ch.words.add(string(record.WordText(word)), rev, word[0])
	}
	t.noteLetters(w.Held.Words)
	t.state.contacts[w.Status]++
}

func (t *try) update(w *prepare.Write, pl *judge.Plan, end uint64) {
	rev := t.nextRevision(pl.Seq, false, end)
	pl.Revision = rev
	if t.kept(pl) {
		t.ch.superseded.add(pl.Seq)
	}
	ended := t.changeLines(w, pl, rev)
	body := w.Body
	if unknown := record.AppendUnknown(nil, pl.Stored); len(ended)+len(unknown) > 0 {
		body = append(record.WithEnded(nil, body, ended), unknown...)
	}
	t.ch.updated.add(pl.Seq, rev, w, t.ch.record(rev, body))
	t.changeWords(w, pl)
	t.state.contacts[pl.Status]--
	t.state.contacts[w.Status]++
}

// kept reports whether the event that a contact is at was not trimmed. If it was,
// its record does not go to history, where nobody would ever see or drop it.
func (t *try) kept(pl *judge.Plan) bool { return pl.Present > t.state.first }

func (t *try) reindex(w *prepare.Write, pl *judge.Plan) {
	pl.Revision = pl.Present
	ended := append([]phone.Line(nil), pl.Old.Ended...)
	ended = append(ended, t.changeLines(w, pl, 0)...)
	body := record.SpliceKeys(nil, pl.Stored, w.Body, ended)
	if bytes.Equal(body, pl.Stored) {
		return
	}
	t.state.changed = true
	t.ch.reindexed.add(pl.Seq, w.Held.Sort, body)
	t.changeWords(w, pl)
}

func (t *try) purge(w *prepare.Write, pl *judge.Plan, end uint64) {
	rev := t.nextRevision(pl.Seq, true, end)
	pl.Revision = rev
	t.changeLines(w, pl, rev)
	t.changeWords(w, pl)

	blank := record.AppendBlank(nil, &contacts.Contact{ID: w.ID})
	turns := func(lines []phone.Line, rev uint64) {
		for _, l := range lines {
			t.ch.turnsGone.add(digitsOf(l), rev)
		}
	}
	for _, past := range t.stored[w.ID].past {
		t.ch.blanked.add(pl.Seq, past.revision, t.ch.record(past.revision, blank))
		turns(past.turns, past.revision)
	}
	if t.kept(pl) {
		t.ch.blanks.add(pl.Seq, pl.Present, t.ch.record(pl.Present, blank))
	}
	turns(turnsOf(&pl.Old), pl.Present)
	t.ch.purged.add(pl.Seq, rev, t.ch.record(rev, w.Body))
	t.state.contacts[pl.Status]--
}

// changeLines makes the changes to the lines that a contact holds, at an event
// or, where rev is 0, by a Reindex. It returns the lines that it gave up.
func (t *try) changeLines(w *prepare.Write, pl *judge.Plan, rev uint64) (ended []phone.Line) {
	_ = pl.Changes(&w.Held, func(l phone.Line, was, now record.ClaimState) error {
		switch was {
		case record.HoldsClaim:
			t.dropClaim(l, pl.Seq)
		case record.HoldsShared:
			t.ch.sharedGone.add(digitsOf(l), pl.Seq)
		}
		switch now {
		case record.HoldsClaim:
			t.addClaim(l, pl.Seq, w)
		case record.HoldsShared:
			t.ch.shared.add(digitsOf(l), pl.Seq)
		}
		if pl.Action == judge.Purge || was != record.HoldsNot && now != record.HoldsNot {
			return nil
		}
		if now == record.HoldsNot {
			ended = append(ended, l)
		}
		if rev != 0 {
			t.ch.turns.add(digitsOf(l), rev, pl.Seq)
		} else if t.kept(pl) {
			t.ch.silent.add(digitsOf(l), pl.Present, pl.Seq)
		}
		return nil
	})
	return ended
}

// changeWords brings the words of a contact up to date.
func (t *try) changeWords(w *prepare.Write, pl *judge.Plan) {
	old, now := pl.Old.Words, w.Held.Words
	for len(old) > 0 || len(now) > 0 {
		c := 0
		switch {
		case len(old) == 0:
			c = 1
		case len(now) == 0:
			c = -1
		default:
			c = record.CompareWords(old[0], now[0])
		}
		same := c == 0 && old[0][0] == now[0][0]
		if c <= 0 {
			if !same {
				t.ch.wordsGone.add(string(record.WordText(old[0])), pl.Seq)
			}
			old = old[1:]
		}
		if c >= 0 {
			if !same {
				t.ch.words.add(string(record.WordText(now[0])), pl.Seq, now[0][0])
			}
			now = now[1:]
		}
	}
	t.noteLetters(w.Held.Words)
}

// addClaim notes that a contact claims a line.
func (t *try) addClaim(l phone.Line, seq uint64, w *prepare.Write) {
	ls := t.line(l)
	if ls.Add(judge.Holder{Scope: uint64(t.info.id), Seq: seq, Write: w}) == 1 {
		t.state.duplicates++
	}
	ls.added = append(ls.added, claim{scope: t.info.id, seq: int64(seq)})
	t.ch.dirty(ls)
}

// dropClaim notes that a contact claims a line no more.
func (t *try) dropClaim(l phone.Line, seq uint64) {
	ls := t.line(l)
	before, ok := ls.Drop(uint64(t.info.id), seq)
	if ok && before == 2 {
		t.state.duplicates--
	}
	t.ch.dirty(ls)
}

// settleClaims gives slots to those who claim a line anew, and slot 0 to the
// lowest of those who remain where it became free.
func (ls *line) settleClaims(domain int64, gone *goneClaims, claims *newClaims) {
	var remain []claim
	for _, c := range ls.stored {
		if _, ok := ls.Find(uint64(c.scope), uint64(c.seq)); ok {
			remain = append(remain, c)
		} else {
			gone.add(ls.digits, c.slot)
		}
	}
	taken := make(map[int64]bool, len(remain)+len(ls.added))
	lowest := -1
	for i, c := range remain {
		taken[c.slot] = true
		if lowest < 0 || c.slot < remain[lowest].slot {
			lowest = i
		}
	}
	if lowest >= 0 && !taken[0] {
		c := remain[lowest]
		gone.add(ls.digits, c.slot)
		delete(taken, c.slot)
		taken[0] = true
		claims.add(ls.digits, 0, c)
	}
	next := int64(0)
	for _, c := range ls.added {
		for taken[next] {
			next++
		}
		taken[next] = true
		claims.add(ls.digits, next, c)
	}
}
