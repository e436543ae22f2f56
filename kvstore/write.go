package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/judge"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// write makes the changes of a batch that was judged. It reads nothing and
// cannot fail.
func (g *group) write(d *draft, p *prepare.Batch) contacts.Applied {
	sc := d.sc
	a := contacts.Applied{Kept: d.judge.Kept, Refused: d.judge.Refused, Epoch: sc.info.epoch}
	if n := len(p.Writes); n > 0 {
		a.Revisions, a.IDs = make([]uint64, n), make([]string, n)
	}
	end := sc.last + uint64(d.events)
	for i := range p.Writes {
		w, pl := &p.Writes[i], &g.plans[i]
		switch pl.Action {
		case judge.Create:
			g.create(sc, w, pl, end)
		case judge.Update:
			g.update(sc, w, pl, end)
		case judge.Reindex:
			g.reindex(sc, w, pl)
		case judge.Purge:
			g.purge(sc, w, pl, end)
		}
		a.Revisions[i], a.IDs[i] = pl.Revision, w.ID
	}
	if d.events > 0 {
		sc.changed, sc.news = true, true
	}
	a.Last = sc.last
	return a
}

// record returns a sealed value: room for the checksum, the revision, and what
// body appends. It is valid until the next call.
func (g *group) record(key []byte, revision uint64, body []byte) []byte {
	v := append(g.value[:0], 0, 0, 0, 0)
	v = record.AppendRevision(v, revision)
	v = append(v, body...)
	g.value = v
	return seal(key, v)
}

func (g *group) create(sc *scopeState, w *prepare.Write, pl *plan, end uint64) {
	sc.last++
	rev := sc.last
	pl.Seq, pl.Revision = rev, rev
	id, st := sc.info.id, &sc.state

	g.key = appendIDKey(g.key[:0], id, w.ID)
	g.value = appendOrd(g.value[:0], rev)
	g.insert(st, g.key, g.value)

	g.key = appendRecordKey(g.key[:0], id, rev)
	g.insert(st, g.key, g.record(g.key, rev, w.Body))

	for _, l := range w.Held.Claims {
		g.insertLine(sc, l, kindClaim, rev, nil)
		g.addHolder(sc, l, rev, w)
	}
	for _, l := range w.Held.Shared {
		g.insertLine(sc, l, kindShared, rev, nil)
	}
	sign := signatureOf(w.Status, w.Held.Words)
	for _, word := range w.Held.Words {
		g.key = appendWordKey(g.key[:0], id, record.WordText(word), rev)
		g.value = appendWordValue(g.value[:0], word, sign)
		g.insert(st, g.key, g.value)
	}
	g.key = appendNameKey(g.key[:0], id, w.Status, w.Held.Sort, rev)
	g.insert(st, g.key, nil)
	g.event(sc, rev, rev, false, end)
	sc.contacts[w.Status]++
}

// insertLine adds a line and its digits.
func (g *group) insertLine(sc *scopeState, l phone.Line, kind byte, seq uint64, since []byte) {
	g.key = appendLineKey(g.key[:0], sc.info, l, kind, seq)
	g.insert(&sc.state, g.key, since)
	g.key = appendDigitsKey(g.key[:0], sc.info.id, l, seq)
	g.insert(&sc.state, g.key, nil)
}

func (g *group) update(sc *scopeState, w *prepare.Write, pl *plan, end uint64) {
	sc.last++
	rev := sc.last
	pl.Revision = rev
	g.moveToPast(sc, pl)
	ended := g.changeLines(sc, w, pl, rev)

	body := w.Body
	if unknown := record.AppendUnknown(nil, pl.Stored); len(ended)+len(unknown) > 0 {
		body = append(record.WithEnded(nil, body, ended), unknown...)
	}
	g.key = appendRecordKey(g.key[:0], sc.info.id, pl.Seq)
	g.replace(&sc.state, g.key, pl.CRC, g.record(g.key, rev, body))
	g.changeWords(sc, w, pl)
	g.changeName(sc, w, pl)
	g.event(sc, rev, pl.Seq, false, end)
	sc.contacts[pl.Status]--
	sc.contacts[w.Status]++
}

// moveToPast copies a record that is superseded to the past.
func (g *group) moveToPast(sc *scopeState, pl *plan) {
	g.key = appendPastKey(g.key[:0], sc.info.id, pl.Seq, pl.Present)
	g.value = append(append(g.value[:0], 0, 0, 0, 0), pl.Stored...)
	g.insert(&sc.state, g.key, seal(g.key, g.value))
}

func (g *group) reindex(sc *scopeState, w *prepare.Write, pl *plan) {
	pl.Revision = pl.Present
	ended := append([]phone.Line(nil), pl.Old.Ended...)
	ended = append(ended, g.changeLines(sc, w, pl, 0)...)
	body := record.SpliceKeys(nil, pl.Stored, w.Body, ended)
	if bytes.Equal(body, pl.Stored) {
		return
	}
	sc.changed = true
	g.key = appendRecordKey(g.key[:0], sc.info.id, pl.Seq)
	g.value = append(append(g.value[:0], 0, 0, 0, 0), body...)
	g.replace(&sc.state, g.key, pl.CRC, seal(g.key, g.value))
	g.changeWords(sc, w, pl)
	g.changeName(sc, w, pl)
}

func (g *group) purge(sc *scopeState, w *prepare.Write, pl *plan, end uint64) {
	sc.last++
	rev := sc.last
	pl.Revision = rev
	id, st := sc.info.id, &sc.state

	g.changeLines(sc, w, pl, rev)
	g.changeWords(sc, w, pl)
	g.key = appendNameKey(g.key[:0], id, pl.Status, pl.Old.Sort, pl.Seq)
	g.remove(st, g.key, entryCRC(g.key, nil))

	blank := record.AppendBlank(nil, &contacts.Contact{ID: w.ID})
	for _, past := range pl.past {
		g.key = appendPastKey(g.key[:0], id, pl.Seq, past.revision)
		g.replace(st, g.key, past.crc, g.record(g.key, past.revision, blank))
	}
	g.key = appendPastKey(g.key[:0], id, pl.Seq, pl.Present)
	g.insert(st, g.key, g.record(g.key, pl.Present, blank))
	for _, e := range pl.ended {
		g.key = appendEndedKey(g.key[:0], id, e.line, e.end, pl.Seq)
		g.remove(st, g.key, entryCRC(g.key, e.value))
	}
	g.key = appendRecordKey(g.key[:0], id, pl.Seq)
	g.replace(st, g.key, pl.CRC, g.record(g.key, rev, w.Body))
	g.event(sc, rev, pl.Seq, true, end)
	sc.contacts[pl.Status]--
	sc.contacts[record.StatusPurged]++
}

// changeLines makes the changes to the lines that a contact holds, at an event
// or, where rev is 0, by a Reindex. It returns the lines that it gave up and
// whose history has an entry for that.
func (g *group) changeLines(sc *scopeState, w *prepare.Write, pl *plan, rev uint64) (ended []phone.Line) {
	id, st := sc.info.id, &sc.state
	for i := range pl.changes {
		c := &pl.changes[i]
		if c.was != record.HoldsNot {
			g.key = appendLineKey(g.key[:0], sc.info, c.line, kindOf(c.was), pl.Seq)
			g.remove(st, g.key, entryCRC(g.key, c.value))
		} else {
			c.since = rev
		}
		if c.was == record.HoldsClaim {
			g.dropHolder(sc, c.line, pl.Seq)
		}
		if c.now != record.HoldsNot {
			g.key = appendLineKey(g.key[:0], sc.info, c.line, kindOf(c.now), pl.Seq)
			g.value = appendSince(g.value[:0], c.since, pl.Seq)
			g.insert(st, g.key, g.value)
		}
		if c.now == record.HoldsClaim {
			g.addHolder(sc, c.line, pl.Seq, w)
		}
		switch {
		case c.was == record.HoldsNot:
			g.key = appendDigitsKey(g.key[:0], id, c.line, pl.Seq)
			g.insert(st, g.key, nil)
		case c.now == record.HoldsNot:
			g.key = appendDigitsKey(g.key[:0], id, c.line, pl.Seq)
			g.remove(st, g.key, entryCRC(g.key, nil))
			if pl.Action == judge.Purge || rev == 0 && c.since == 0 {
				continue
			}
			ended = append(ended, c.line)
			end := rev
			g.value = appendOrd(g.value[:0], c.since)
			if rev == 0 {
				end = pl.Present
				g.value = append(g.value, endedSilently)
			}
			g.key = appendEndedKey(g.key[:0], id, c.line, end, pl.Seq)
			g.insert(st, g.key, g.value)
		}
	}
	return ended
}

// endedSilently behind the number in a value of tableEnded says that the line
// was given up by a Reindex and not at the event of that revision.
const endedSilently = 1

// changeWords brings the words of a contact up to date.
func (g *group) changeWords(sc *scopeState, w *prepare.Write, pl *plan) {
	id, st := sc.info.id, &sc.state
	old, now := pl.Old.Words, w.Held.Words
	oldSign, sign := signatureOf(pl.Status, old), signatureOf(w.Status, now)
	var room [1 + signatureLen]byte
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
		switch {
		case c < 0:
			g.key = appendWordKey(g.key[:0], id, record.WordText(old[0]), pl.Seq)
			g.remove(st, g.key, entryCRC(g.key, appendWordValue(room[:0], old[0], oldSign)))
			old = old[1:]
		case c > 0:
			g.key = appendWordKey(g.key[:0], id, record.WordText(now[0]), pl.Seq)
			g.insert(st, g.key, appendWordValue(room[:0], now[0], sign))
			now = now[1:]
		default:
			if old[0][0] != now[0][0] || oldSign != sign {
				g.key = appendWordKey(g.key[:0], id, record.WordText(now[0]), pl.Seq)
				was := entryCRC(g.key, appendWordValue(room[:0], old[0], oldSign))
				g.replace(st, g.key, was, appendWordValue(room[:0], now[0], sign))
			}
			old, now = old[1:], now[1:]
		}
	}
}

// changeName brings the place of a contact in the order by name up to date.
func (g *group) changeName(sc *scopeState, w *prepare.Write, pl *plan) {
	if w.Status == pl.Status && bytes.Equal(w.Held.Sort, pl.Old.Sort) {
		return
	}
	g.key = appendNameKey(g.key[:0], sc.info.id, pl.Status, pl.Old.Sort, pl.Seq)
	g.remove(&sc.state, g.key, entryCRC(g.key, nil))
	g.key = appendNameKey(g.key[:0], sc.info.id, w.Status, w.Held.Sort, pl.Seq)
	g.insert(&sc.state, g.key, nil)
}

// event adds an event to the feed, unless it is there with the record.
func (g *group) event(sc *scopeState, rev, seq uint64, purged bool, end uint64) {
	g.value = appendFeedValue(g.value[:0], feedEntry{revision: rev, seq: seq, purged: purged, end: end})
	if len(g.value) > 0 {
		g.key = appendFeedKey(g.key[:0], sc.info.id, rev)
		g.insert(&sc.state, g.key, g.value)
	}
}

// addHolder notes that a contact claims a line.
func (g *group) addHolder(sc *scopeState, line phone.Line, seq uint64, w *prepare.Write) {
	ls := g.lines[lineRef{sc.info.domain, line}]
	before := ls.Add(judge.Holder{Scope: sc.info.id, Seq: seq, Write: w})
	g.countHolders(sc, line, before, before+1)
}

// dropHolder notes that a contact claims a line no more.
func (g *group) dropHolder(sc *scopeState, line phone.Line, seq uint64) {
	ls := g.lines[lineRef{sc.info.domain, line}]
	if before, ok := ls.Drop(sc.info.id, seq); ok {
		g.countHolders(sc, line, before, before-1)
	}
}

// countHolders keeps account of the lines with several claimers in a scope.
func (g *group) countHolders(sc *scopeState, line phone.Line, before, after uint64) {
	if before < 2 && after < 2 {
		return
	}
	ref := dupRef{sc, line}
	c := g.dups[ref]
	if c == nil {
		c = &dupCount{}
		if before >= 2 {
			c.old = before
		}
		g.dups[ref] = c
	}
	switch {
	case after < 2:
		c.new = 0
		sc.duplicates--
	case before < 2:
		c.new = after
		sc.duplicates++
	default:
		c.new = after
	}
}
