package pgstore

import (
	"encoding/binary"
	"encoding/json"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts/internal/extsort"
)

const sqlCheckClaims = `SELECT scope, line, seq, domain FROM {claims} WHERE scope > $1 AND scope <= $2 ORDER BY scope, line, seq`

// claims reads the claims of each scope, and counts the lines with several.
func (c *checker) claims() error {
	var id, seq, domain int64
	var line, last string
	var of *checked
	several := false
	return c.each(sqlCheckClaims, []any{&id, &line, &seq, &domain}, func() error {
		sc, err := c.scope("claims", id)
		if err != nil {
			return err
		}
		if domain != sc.domain {
			return damagedAt("claims", id, seq, "a claim in another domain than the scope's")
		}
		switch {
		case sc != of || line != last:
			of, last, several = sc, line, false
		case !several:
			sc.duplicates++
			several = true
		}
		c.key = appendTextKey(c.key[:0], []byte(line), uint64(seq))
		c.found(sc, tableClaims)
		return nil
	}, c.low, c.high)
}

const sqlCheckSlots = `SELECT domain, min(slot), min(seq) FROM {claims} WHERE domain > $1 AND domain <= $2
	GROUP BY domain, line HAVING min(slot) <> 0 LIMIT 1`

// slots looks for lines whose first slot is free, which would let another contact
// claim them.
func (c *checker) slots() error {
	var domain, slot, seq int64
	return c.each(sqlCheckSlots, []any{&domain, &slot, &seq}, func() error {
		return damagedAt("claims", domain, seq, "nobody has the first slot of a line")
	}, c.low, c.high)
}

const sqlCheckShared = `SELECT scope, line, seq FROM {shared} WHERE scope > $1 AND scope <= $2`

func (c *checker) shared() error {
	var id, seq int64
	var line []byte
	return c.each(sqlCheckShared, []any{&id, (*pgtype.DriverBytes)(&line), &seq}, func() error {
		sc, err := c.scope("shared", id)
		if err == nil {
			c.key = appendTextKey(c.key[:0], line, uint64(seq))
			c.found(sc, tableShared)
		}
		return err
	}, c.low, c.high)
}

const sqlCheckWords = `SELECT scope, word, seq, fields FROM {words} WHERE scope > $1 AND scope <= $2`

func (c *checker) words() error {
	var id, seq int64
	var word []byte
	var fields int16
	return c.each(sqlCheckWords, []any{&id, (*pgtype.DriverBytes)(&word), &seq, &fields}, func() error {
		sc, err := c.scope("words", id)
		if err != nil {
			return err
		}
		if fields < 0 || fields > 255 {
			return damagedAt("words", id, seq, "fields that do not exist")
		}
		c.key = appendWordKey(c.key[:0], byte(fields), word, uint64(seq))
		c.found(sc, tableWords)
		return nil
	}, c.low, c.high)
}

const sqlCheckFeed = `SELECT scope, rev, seq, batch_end, purged FROM {feed} WHERE scope > $1 AND scope <= $2`

// feed reads the events. What was trimmed may still be there.
func (c *checker) feed() error {
	var id, rev, seq, end int64
	var purged bool
	return c.each(sqlCheckFeed, []any{&id, &rev, &seq, &end, &purged}, func() error {
		sc, err := c.scope("feed", id)
		if err != nil || rev <= sc.first {
			return err
		}
		if end < rev || end > sc.last {
			return damagedAt("feed", id, rev, "a batch that ends before the event, or after the feed")
		}
		c.key = appendFeedKey(c.key[:0], seq, purged, rev)
		c.found(sc, tableFeed)
		return nil
	}, c.low, c.high)
}

const sqlCheckOps = `SELECT scope, last_rev, answer FROM {ops} WHERE scope > $1 AND scope <= $2`

func (c *checker) ops() error {
	var id, last int64
	var text string
	return c.each(sqlCheckOps, []any{&id, &last, &text}, func() error {
		sc, err := c.scope("ops", id)
		if err != nil {
			return err
		}
		var a answer
		if json.Unmarshal([]byte(text), &a) != nil || last < 0 || last > sc.last {
			return damagedAt("ops", id, last, "an answer that cannot be read")
		}
		return nil
	}, c.low, c.high)
}

// differ looks for the first row in which a table of a scope differs from what
// follows from the records.
type differ struct {
	scope  int64
	table  int
	sorter *extsort.Sorter
	err    error
}

// The sides that are compared.
const (
	sideRecords = 0
	sideTable   = 1
)

func (f *differ) note(sc *checked, table int, key []byte, side byte) {
	if sc.id == f.scope && table == f.table && f.err == nil {
		f.err = f.sorter.Add(key, []byte{side})
	}
}

// locate returns the error for a table that differs. It reads the scope again.
func (c *checker) locate(sc *checked, table int) error {
	c.find = &differ{scope: sc.id, table: table, sorter: extsort.New(nil)}
	defer func() { _ = c.find.sorter.Close() }() // only its contents mattered
	c.low, c.high = sc.id-1, sc.id
	read := [comparedTables]func() error{c.claims, c.shared, c.words, c.feed}[table]
	for _, part := range []func() error{c.records, read} {
		if err := part(); err != nil {
			return err
		}
	}
	if c.find.err != nil {
		return c.find.err
	}
	at, side, err := c.find.first()
	if err != nil {
		return err
	}
	what := "a row is missing"
	if side == sideTable {
		what = "a row is too many"
	}
	return damagedAt(tableNames[table], sc.id, at, what)
}

// first returns the position in the first key that stands on one side only.
func (f *differ) first() (at int64, side byte, err error) {
	var last []byte
	balance := 0
	for e, err := range f.sorter.Sorted() {
		if err != nil {
			return 0, 0, err
		}
		if balance != 0 && string(last) != string(e.Key) {
			break
		}
		last = append(last[:0], e.Key...)
		if balance++; e.Value[0] == sideTable {
			balance -= 2
		}
	}
	if balance < 0 {
		side = sideTable
	}
	if n := len(last); n >= 8 {
		at = int64(binary.BigEndian.Uint64(last[n-8:]))
	}
	return at, side, nil
}
