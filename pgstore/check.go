package pgstore

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
)

// Check implements contacts.Checker: it reads all tables as they are at one
// moment, and compares them with what follows from the records. So it notices every
// row that is lost, changed, too many or out of date, but for one that is gone
// together with all that follows from it. The error says which table, scope (its
// number) and contact or revision it is about, and shows nothing of a contact.
//
// It keeps no one waiting. Its cost in memory does not grow with the number of
// contacts; the database may sort rows on its disk.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	return s.try(ctx, func() error {
		o := oneMoment
		o.AccessMode = pgx.ReadOnly
		return pgx.BeginTxFunc(ctx, s.pool, o, func(tx pgx.Tx) error {
			c := checker{s: s, ctx: ctx, tx: tx, seed: maphash.MakeSeed()}
			return c.run()
		})
	})
}

// checker is one check under way.
type checker struct {
	s    *Store
	ctx  context.Context
	tx   pgx.Tx
	seed maphash.Seed
	rows int

	low, high int64 // the scopes that are looked at: after low, up to high
	scopes    map[int64]*checked
	find      *differ // looks for the first difference, instead of comparing sums
	key       []byte  // scratch
}

// checked is what was found of a scope.
type checked struct {
	id, domain                          int64
	ofAccount                           bool // it stands for all streams of an account
	first, last                         int64
	active, inactive, merged, duplicate int64
	letters                             map[rune]struct{}

	contacts         [4]int64 // by status of records
	duplicates       int64    // lines with several claimers
	expected, actual [comparedTables]tally
}

// The tables that follow from records row by row.
const (
	tableClaims = iota
	tableShared
	tableWords
	tableFeed
	comparedTables
)

var tableNames = [comparedTables]string{"claims", "shared", "words", "feed"}

// tally is a sum over rows that does not depend on their order.
type tally struct {
	count, sum uint64
}

// damagedAt is the error for what is wrong with a table.
func damagedAt(table string, scope, at int64, what string) error {
	if at != 0 {
		what = fmt.Sprintf("at %d: %s", at, what)
	}
	return fmt.Errorf("table %s, scope %d: %s: %w", table, scope, what, contacts.ErrDamaged)
}

// checkScopes is how many scopes are looked at together.
const checkScopes = 200

func (c *checker) run() error {
	if err := c.registry(); err != nil {
		return err
	}
	for c.high = math.MinInt64; c.high < math.MaxInt64; {
		c.low = c.high
		if err := c.readScopes(); err != nil {
			return err
		}
		for _, part := range []func() error{c.records, c.claims, c.slots, c.shared, c.words, c.feed, c.ops} {
			if err := part(); err != nil {
				return err
			}
		}
		for _, sc := range c.scopes {
			if err := c.compare(sc); err != nil {
				return err
			}
		}
	}
	return nil
}

const sqlCheckScopes = `SELECT scope, domain, stream IS NULL, first_rev, last_rev, active, inactive, merged, duplicates, letters
	FROM {scopes} WHERE scope > $1 ORDER BY scope LIMIT $2`

// readScopes goes on to the next scopes.
func (c *checker) readScopes() error {
	c.scopes = make(map[int64]*checked)
	var sc checked
	var letters string
	err := c.each(sqlCheckScopes, []any{&sc.id, &sc.domain, &sc.ofAccount, &sc.first, &sc.last,
		&sc.active, &sc.inactive, &sc.merged, &sc.duplicate, &letters}, func() error {
		if sc.first < 0 || sc.first > sc.last {
			return damagedAt("scopes", sc.id, 0, "the feed begins after its end")
		}
		now := sc
		now.letters = make(map[rune]struct{})
		before := rune(-1)
		for _, r := range letters {
			if r <= before {
				return damagedAt("scopes", sc.id, 0, "the letters do not ascend")
			}
			now.letters[r] = struct{}{}
			before = r
		}
		c.scopes[sc.id] = &now
		return nil
	}, c.low, checkScopes)
	c.high = math.MaxInt64
	if len(c.scopes) == checkScopes {
		c.high = sc.id
	}
	return err
}

// each calls fn for each row of a statement.
func (c *checker) each(template string, to []any, fn func() error, args ...any) error {
	rows, err := c.tx.Query(c.ctx, c.s.sql(template), args...)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, to, func() error {
		if c.rows++; c.rows%1024 == 0 && c.s.calls.Shutting() {
			return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
		}
		return fn()
	})
	return err
}

// scope returns a scope of a row.
func (c *checker) scope(table string, id int64) (*checked, error) {
	sc := c.scopes[id]
	if sc == nil || sc.ofAccount {
		return nil, damagedAt(table, id, 0, "rows of a scope that does not exist")
	}
	return sc, nil
}

// expect notes a row that follows from a record, by the key in c.key, which ends
// with its position.
func (c *checker) expect(sc *checked, table int) { c.note(sc, table, &sc.expected[table], sideRecords) }

// found notes a row that is there.
func (c *checker) found(sc *checked, table int) { c.note(sc, table, &sc.actual[table], sideTable) }

func (c *checker) note(sc *checked, table int, t *tally, side byte) {
	if c.find != nil {
		c.find.note(sc, table, c.key, side)
		return
	}
	t.count++
	t.sum += maphash.Bytes(c.seed, c.key)
}

// compare compares what was found of a scope with what it says, and with what
// follows from its records.
func (c *checker) compare(sc *checked) error {
	if sc.contacts[0] != sc.active || sc.contacts[1] != sc.inactive || sc.contacts[2] != sc.merged {
		return damagedAt("scopes", sc.id, 0, "the numbers of contacts by status")
	}
	for table := range sc.expected {
		if sc.expected[table] != sc.actual[table] {
			return c.locate(sc, table)
		}
	}
	if sc.duplicates != sc.duplicate {
		return damagedAt("scopes", sc.id, 0, "the number of lines with several claimers")
	}
	return nil
}
