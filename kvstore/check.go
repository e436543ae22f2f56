package kvstore

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
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
	defer s.calls.leave()
	return s.exclusive(ctx, func() error {
		return s.snapshot(func(v view) error {
			sn := v.Snapshot
			c := checker{s: s, sn: sn, ctx: ctx, scopes: make(map[uint64]*checked), unfinished: make(map[uint64]bool)}
			return c.run()
		})
	})
}

// checker is one check under way.
type checker struct {
	s          *Store
	sn         Snapshot
	ctx        context.Context
	scopes     map[uint64]*checked
	accounts   map[string]account // those that scopes belong to
	unfinished map[uint64]bool    // ids of loads that did not end
	entries    int
	key        []byte // scratch
}

// checked is what was found of one scope.
type checked struct {
	info     scopeInfo
	state    state
	found    [len(scopeTables)]tally // entries that there are
	shape    [len(scopeTables)]tally // what of them follows from records
	expected [len(scopeTables)]tally // what follows from records
	contacts [statusPurged + 1]uint64
}

func (c *checker) run() error {
	if err := c.registry(); err != nil {
		return err
	}
	if err := c.meta(); err != nil {
		return err
	}
	for i := range scopeTables {
		if err := c.table(scopeTables[i]); err != nil {
			return err
		}
	}
	if err := c.strangers(); err != nil {
		return err
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

// registry reads the scopes, and what tableMeta has of each.
func (c *checker) registry() error {
	marks, err := c.s.marks(c.sn)
	if err != nil {
		return err
	}
	for _, m := range marks {
		c.unfinished[m.id] = true
	}
	h, err := c.s.readHeader(c.sn)
	if err != nil {
		return err
	}
	var found tally
	c.accounts = make(map[string]account)
	err = c.scan([]byte{tableScope}, func(_, key, value []byte) error {
		found.add(entryCRC(key, value))
		name, ok := parseRegistryKey(key)
		id, ok2 := takeLastOrd(value)
		if !ok || !ok2 || id == 0 || id >= h.next || c.scopes[id] != nil || c.unfinished[id] {
			return c.damaged(tableScope, id, 0, "an entry of the registry")
		}
		return c.scope(name, id)
	})
	if err != nil {
		return err
	}
	if found != h.scopes {
		return c.damaged(tableScope, 0, 0, differ("entries", h.scopes, found))
	}
	return nil
}

// scope reads what tableMeta has of one scope.
func (c *checker) scope(name contacts.Scope, id uint64) error {
	consts, crc, err := c.s.readConstants(c.sn, id)
	if err != nil {
		return err
	}
	sc := &checked{info: consts.info}
	ok, err := c.s.readState(c.sn, id, &sc.state)
	if err != nil {
		return err
	}
	if !ok || consts.scope != name || sc.state.constCRC != crc || sc.state.first > sc.state.last {
		return c.damaged(tableMeta, id, 0, "state and constants of the scope")
	}
	g := group{s: c.s, sn: c.sn}
	a, ok, err := g.account(name.Account)
	if err != nil {
		return err
	}
	domain := a.domain
	if domain == 0 {
		domain = id
	}
	if !ok || a.uniqueBy != consts.info.uniqueBy || domain != consts.info.domain {
		return c.damaged(tableMeta, id, 0, "the account of the scope")
	}
	c.accounts[name.Account] = a
	c.scopes[id] = sc
	return nil
}

// meta verifies that tableMeta has nothing but what registry found.
func (c *checker) meta() error {
	return c.scan([]byte{tableMeta}, func(rest, key, value []byte) error {
		if _, ok := unseal(key, value); !ok || len(rest) == 0 {
			return c.damaged(tableMeta, 0, 0, "checksum of an entry")
		}
		known := false
		switch rest[0] {
		case metaHeader:
			known = len(rest) == 1
		case metaAccount:
			_, known = c.accounts[string(rest[1:])]
		case metaConst, metaState:
			id, ok := takeLastOrd(rest[1:])
			known = ok && c.scopes[id] != nil
		case metaLoad:
			id, ok := takeLastOrd(rest[1:])
			known = ok && c.unfinished[id]
		}
		if !known {
			return c.damaged(tableMeta, 0, 0, "an entry that belongs to nothing")
		}
		return nil
	})
}

// strangers looks for keys outside of all tables.
func (c *checker) strangers() error {
	from := []byte(nil)
	for _, table := range []byte("dfhilmnoqrswx") {
		if err := c.between(from, []byte{table}); err != nil {
			return err
		}
		from = []byte{table + 1}
	}
	return c.between(from, nil)
}

func (c *checker) between(from, to []byte) error {
	if string(from) == string(to) {
		return nil
	}
	var fail error
	err := c.sn.Scan(from, to, false, func(key, _ []byte) bool {
		fail = c.damaged(key[0], 0, 0, "a table that is not known")
		return false
	})
	if err == nil {
		err = fail
	}
	return err
}

// compare compares the tallies of a scope.
func (c *checker) compare(id uint64, sc *checked) error {
	for i := range scopeTables {
		table := scopeTables[i]
		if sc.found[i] != sc.state.tallies[i] {
			return c.damaged(table, id, 0, differ("entries", sc.state.tallies[i], sc.found[i]))
		}
		switch table {
		case tableRecord, tablePast, tableOp:
		default:
			if sc.shape[i] != sc.expected[i] {
				return c.damaged(table, id, 0, differ("entries by the records", sc.expected[i], sc.shape[i]))
			}
		}
	}
	if sc.contacts != sc.state.contacts {
		return c.damaged(tableRecord, id, 0, "the numbers of contacts by status")
	}
	if sc.state.duplicates != sc.found[tableIndex(tableDup)].count {
		return c.damaged(tableDup, id, 0, "the number of lines with several claimers")
	}
	return nil
}

// differ says how two tallies differ.
func differ(what string, want, got tally) string {
	if want.count == got.count {
		return fmt.Sprintf("%s have other contents", what)
	}
	return fmt.Sprintf("%d %s, should be %d", got.count, what, want.count)
}

// expect adds an entry that follows from a record.
func (c *checker) expect(sc *checked, key, value []byte) {
	c.key = key[:0]
	sc.expected[tableIndex(key[0])].add(checksum(key, value))
}

// expectIndex adds all entries that follow from a present record.
func (c *checker) expectIndex(id uint64, sc *checked, seq uint64, ident []byte, status byte, h *held) {
	c.expect(sc, append(appendTable(c.key[:0], tableID, id), ident...), appendOrd(nil, seq))
	if status == statusPurged {
		return
	}
	each := func(lines []phone.Line, kind byte) {
		for _, l := range lines {
			c.expect(sc, appendLineKey(c.key[:0], &sc.info, l, kind, seq), nil)
			c.expect(sc, appendDigitsKey(c.key[:0], id, l, seq), nil)
		}
	}
	each(h.claims, kindClaim)
	each(h.shared, kindShared)
	sign := signatureOf(status, h.words)
	for _, w := range h.words {
		c.expect(sc, appendWordKey(c.key[:0], id, wordText(w), seq), appendWordValue(nil, w, sign))
	}
	c.expect(sc, appendNameKey(c.key[:0], id, status, h.sort, seq), nil)
}

// expectEvent adds what follows from a record of either kind: its event, and
// its entries in the history of lines.
func (c *checker) expectEvent(id uint64, sc *checked, seq, revision uint64, purged bool, h *held) {
	if revision != seq || purged { // else it is implied, or says no more than where its batch ended
		c.expect(sc, appendFeedKey(c.key[:0], id, revision), feedShape(seq, purged))
	}
	for _, l := range h.ended {
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
