package kvstore

import (
	"context"

	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// Check implements contacts.Checker. It reads every entry, verifies
// checksums, and compares for each table of each scope three things: the
// tally that the scope's state has, that of the entries there are, and, for
// indexes, that of the entries that follow from the records. So it notices
// every entry that is lost, changed, too many or out of date. Its cost in
// memory does not grow with the number of contacts.
//
// Other writers wait while it runs; readers do not.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	return s.exclusive(ctx, func() error {
		return s.snapshot(func(v view) error {
			sn := v.Snapshot
			c := checker{s: s, sn: sn, ctx: ctx, scopes: make(map[uint64]*checked)}
			return c.run()
		})
	})
}

// checker is one check under way.
type checker struct {
	s       *Store
	sn      Snapshot
	ctx     context.Context
	scopes  map[uint64]*checked
	claims  claimRun
	entries int
	key     []byte // scratch
}

// checked is what was found of one scope.
type checked struct {
	info     scopeInfo
	state    state
	shape    [len(scopeTables)]tally // what of the entries that there are follows from records
	expected [len(scopeTables)]tally // what follows from records
	contacts [record.StatusPurged + 1]uint64
}

// run has a Verifier judge all entries, and itself compares the indexes with the
// records.
func (c *checker) run() error {
	if err := c.registry(); err != nil {
		return err
	}
	v := NewVerifier()
	c.claims.c = c
	err := c.scan(nil, func(_, key, value []byte) error {
		if err := v.Add(key, value); err != nil {
			return c.s.flawed(err)
		}
		return c.entry(key, value)
	})
	if err != nil {
		return err
	}
	c.claims.end()
	if err := v.Finish(); err != nil {
		return c.s.flawed(err)
	}
	for id, sc := range c.scopes {
		if err := c.compare(id, sc); err != nil {
			return err
		}
	}
	return nil
}

// damaged is the error for an entry of a table.
func (c *checker) damaged(table byte, scope, position uint64, what string) error {
	return c.s.damaged(table, scope, position, what)
}

// scan calls fn for all keys that begin with prefix, until it returns an error.
func (c *checker) scan(prefix []byte, fn func(rest, key, value []byte) error) error {
	var fail error
	err := c.sn.Scan(prefix, prefixEnd(nil, prefix), false, func(key, value []byte) bool {
		if c.entries++; c.entries%1024 == 0 {
			if fail = c.ctx.Err(); fail != nil {
				return false
			}
		}
		fail = fn(key[len(prefix):], key, value)
		return fail == nil
	})
	if err != nil {
		return err
	}
	return fail
}

// registry reads what there is of each scope besides its entries.
func (c *checker) registry() error {
	return c.scan([]byte{tableScope}, func(_, _, value []byte) error {
		id, ok := takeLastOrd(value)
		if !ok {
			return c.damaged(tableScope, id, 0, "an entry of the registry")
		}
		consts, _, err := c.s.readConstants(c.sn, id)
		if err != nil {
			return err
		}
		sc := &checked{info: consts.info}
		ok, err = c.s.readState(c.sn, id, &sc.state)
		if err == nil && !ok {
			err = c.damaged(tableMeta, id, 0, "state and constants of the scope")
		}
		c.scopes[id] = sc
		return err
	})
}

// compare compares the tallies of a scope.
func (c *checker) compare(id uint64, sc *checked) error {
	for i := range scopeTables {
		table := scopeTables[i]
		switch table {
		case tableRecord, tablePast, tableOp:
			continue
		}
		if off := sc.shape[i].less(sc.expected[i]); off != (tally{}) {
			return c.damaged(table, id, 0, "by the records "+off.off())
		}
	}
	if sc.contacts != sc.state.contacts {
		return c.damaged(tableRecord, id, 0, "the numbers of contacts by status")
	}
	if sc.state.duplicates != sc.state.tally(tableDup).count {
		return c.damaged(tableDup, id, 0, "the number of lines with several claimers")
	}
	return nil
}

// expect adds an entry that follows from a record.
func (c *checker) expect(sc *checked, key, value []byte) {
	c.key = key[:0]
	sc.expected[tableIndex(key[0])].add(checksum(key, value))
}

// expectIndex adds all entries that follow from a present record.
func (c *checker) expectIndex(id uint64, sc *checked, seq uint64, ident []byte, status byte, h *record.Held) {
	c.expect(sc, append(appendTable(c.key[:0], tableID, id), ident...), appendOrd(nil, seq))
	if status == record.StatusPurged {
		return
	}
	each := func(lines []phone.Line, kind byte) {
		for _, l := range lines {
			c.expect(sc, appendLineKey(c.key[:0], &sc.info, l, kind, seq), nil)
			c.expect(sc, appendDigitsKey(c.key[:0], id, l, seq), nil)
		}
	}
	each(h.Claims, kindClaim)
	each(h.Shared, kindShared)
	sign := signatureOf(status, h.Words)
	for _, w := range h.Words {
		c.expect(sc, appendWordKey(c.key[:0], id, record.WordText(w), seq), appendWordValue(nil, w, sign))
	}
	c.expect(sc, appendNameKey(c.key[:0], id, status, h.Sort, seq), nil)
}

// expectEvent adds what follows from a record of either kind: its event, and
// its entries in the history of lines.
func (c *checker) expectEvent(id uint64, sc *checked, seq, revision uint64, purged bool, h *record.Held) {
	if revision != seq || purged { // else it is implied, or says no more than where its batch ended
		c.expect(sc, appendFeedKey(c.key[:0], id, revision), feedShape(seq, purged))
	}
	for _, l := range h.Ended {
		c.expect(sc, appendEndedKey(c.key[:0], id, l, revision, seq), nil)
	}
}

// feedShape is what of a value of tableFeed follows from the record.
func feedShape(seq uint64, purged bool) []byte {
	b := appendOrd(nil, seq)
	if purged {
		b = append(b, 1)
	}
	return b
}
