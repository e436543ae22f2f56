package kvstore

import (
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// entry reads an entry of a table that follows from records, or that is one.
func (c *checker) entry(key, value []byte) error {
	table := key[0]
	i := tableIndex(table)
	if i < 0 {
		return nil
	}
	id, rest, ok := takeOrd(key[1:])
	if ok && table == tableLine {
		domain := id
		if id, ok = scopeOfLine(rest); ok && c.scopes[id] != nil && c.scopes[id].info.domain != domain {
			ok = false
		}
	}
	if !ok {
		return c.damaged(table, id, 0, "a key that cannot be read")
	}
	sc := c.scopes[id]
	if sc == nil {
		return nil // of a load that did not end, or the Verifier will tell
	}
	switch table {
	case tableRecord:
		return c.record(id, sc, rest, key, value)
	case tablePast:
		return c.past(id, sc, rest, key, value)
	case tableOp:
		return c.op(id, rest, key, value)
	case tableFeed:
		e, ok := parseFeed(rest, value)
		if !ok || e.revision > sc.state.last || e.end > sc.state.last || e.seq > e.revision || len(value) == 0 {
			return c.damaged(table, id, e.revision, "an event that cannot be read")
		}
		if e.seq == e.revision && !e.purged {
			return nil
		}
		sc.shape[i].add(checksum(key, feedShape(e.seq, e.purged)))
	case tableLine:
		return c.line(id, sc, rest, key, value, &c.claims)
	case tableEnded:
		_, rest, ok := takeUint64(rest)
		e, _, ok2 := parseEnded(rest, value)
		if !ok || !ok2 || e.since > e.end || e.end > sc.state.last {
			return c.damaged(table, id, e.end, "an entry that cannot be read")
		}
		sc.shape[i].add(checksum(key, nil))
	default:
		sc.shape[i].add(checksum(key, value))
	}
	return nil
}

// record reads a present record.
func (c *checker) record(id uint64, sc *checked, rest, key, value []byte) error {
	seq, ok := takeLastOrd(rest)
	body, sound := unseal(key, value)
	var contact contacts.Contact
	var h record.Held
	if !ok || !sound || !record.Decode(body, &contact) || !record.DecodeHeld(body, &h) {
		return c.damaged(tableRecord, id, seq, "checksum or form of the record")
	}
	revision, status, ok := record.Peek(body)
	if !ok || revision < seq || revision > sc.state.last || seq == 0 || !prepare.ValidID(contact.ID) || !utf8.ValidString(contact.FullName) {
		return c.damaged(tableRecord, id, seq, "the contents of the record")
	}
	sc.contacts[status]++
	c.expectIndex(id, sc, seq, record.IdentOf(body), status, &h)
	c.expectEvent(id, sc, seq, revision, status == record.StatusPurged, &h)
	return nil
}

// past reads a superseded record.
func (c *checker) past(id uint64, sc *checked, rest, key, value []byte) error {
	seq, rest, ok := takeOrd(rest)
	revision, ok2 := takeLastOrd(rest)
	body, sound := unseal(key, value)
	var contact contacts.Contact
	var h record.Held
	if !ok || !ok2 || !sound || !record.Decode(body, &contact) || !record.DecodeHeld(body, &h) ||
		contact.Revision != revision || revision < seq {
		return c.damaged(tablePast, id, seq, "checksum or form of a superseded record")
	}
	c.expectEvent(id, sc, seq, revision, false, &h)
	return nil
}

// op reads a part of an answer.
func (c *checker) op(id uint64, rest, key, value []byte) error {
	_, chunk, ok := takeEscaped(rest)
	_, ok2 := takeLastOrd(chunk)
	if _, sound := unseal(key, value); !ok || !ok2 || !sound {
		return c.damaged(tableOp, id, 0, "checksum of an answer")
	}
	return nil
}

// line reads the entry of a line.
func (c *checker) line(id uint64, sc *checked, rest, key, value []byte, run *claimRun) error {
	line, tail, _ := takeUint64(rest)
	e, ok := parseLineTail(tail)
	since, ok2 := sinceOf(value, e.seq)
	if !ok || !ok2 || since > sc.state.last {
		return c.damaged(tableLine, id, e.seq, "an entry that cannot be read")
	}
	sc.shape[tableIndex(tableLine)].add(checksum(key, nil))
	if e.kind == kindClaim {
		run.add(id, sc, phone.Line(line))
	}
	return nil
}

func scopeOfLine(rest []byte) (scope uint64, ok bool) {
	_, tail, ok := takeUint64(rest)
	if !ok {
		return 0, false
	}
	e, ok := parseLineTail(tail)
	return e.scope, ok
}

// claimRun counts the claimers of a line in a scope, which follow one another.
type claimRun struct {
	c     *checker
	id    uint64
	sc    *checked
	line  phone.Line
	count uint64
}

func (r *claimRun) add(id uint64, sc *checked, line phone.Line) {
	if r.sc != sc || r.line != line {
		r.end()
		r.id, r.sc, r.line, r.count = id, sc, line, 0
	}
	r.count++
}

// end adds the entry in tableDup that follows, if one does.
func (r *claimRun) end() {
	if r.count > 1 {
		r.c.expect(r.sc, appendDupKey(r.c.key[:0], r.id, r.line), appendOrd(nil, r.count))
	}
	r.count = 0
}
