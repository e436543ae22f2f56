package contacts

import (
	"context"
	"errors"

	"github.com/callerbook/contacts/phone"
)

// Bounds on a commit of an import. In a book that is large, every index entry is
// in a page of its own, of which a store with a file holds some 10 KB until the
// commit is done. One that is small has few pages. Of what the rows say there are
// some ten copies on the way.
const (
	importBytes   = 1 << 20
	importEntries = 1_000 // some 140 plain rows: 45 MB in use with all else
	smallBook     = 10_000
	smallEntries  = 14 * importEntries
)

// chunks carries out rows in order, in commits of bounded size.
type chunks struct {
	m       *importer
	rows    []importRow
	bytes   int
	entries int
	most    int // entries of this chunk; 0: not known yet
}

// add takes a row in, and carries out what is there when that is enough.
func (k *chunks) add(ctx context.Context, r *importRow) error {
	if k.most == 0 {
		st, err := k.m.book.store.Stat(ctx, k.m.book.scope)
		if err != nil {
			return err
		}
		if k.most = importEntries; st.Active+st.Inactive+st.Merged < smallBook {
			k.most = smallEntries
		}
	}
	k.rows = append(k.rows, *r)
	k.bytes += r.weight()
	k.entries += r.entries()
	if k.entries < k.most && k.bytes < importBytes {
		return nil
	}
	return k.flush(ctx)
}

// flush carries out what is there, and tells of it.
func (k *chunks) flush(ctx context.Context) error {
	if len(k.rows) == 0 {
		return nil
	}
	c := importChunk{m: k.m, results: make([]ImportResult, len(k.rows)), done: make([]bool, len(k.rows))}
	ctx, c.stop = context.WithCancel(ctx)
	defer c.stop()
	err := c.carryOut(ctx, k.rows)
	c.tell(true)
	if c.err != nil {
		return c.err
	}
	clear(k.rows)
	k.rows, k.bytes, k.entries, k.most = k.rows[:0], 0, 0, 0
	return err
}

// importChunk is one chunk under way.
type importChunk struct {
	m    *importer
	book *Book

	results []ImportResult // of all its rows, until they are told
	done    []bool         // what became of it is settled
	told    int            // all before are told, and perhaps others
	held    int            // bytes of what is not
	err     error          // of each: it is not called again, and stop is
	stop    func()

	rows  []*importRow // those that are not bad by themselves
	at    []int        // of each in results
	index []int        // of each in the import
}

// settled notes what became of row i of the chunk, and tells of it when its turn
// has come.
func (c *importChunk) settled(i int, r ImportResult) {
	r.Kept = c.results[i].Kept
	c.results[i], c.done[i] = r, true
	c.m.count(&r)
	c.held += longBytes(&r.Contact)
	c.tell(c.held > importBytes)
}

// tell tells of the rows up to the first that is not settled, or of all that are.
func (c *importChunk) tell(all bool) {
	for i := c.told; i < len(c.done); i++ {
		if !c.done[i] {
			if all {
				continue
			}
			break
		}
		if r := &c.results[i]; r.Index >= 0 {
			c.held -= longBytes(&r.Contact)
			if c.err == nil {
				if c.err = c.m.each(*r); c.err != nil {
					c.stop()
				}
			}
			*r = ImportResult{Index: -1}
		}
		if i == c.told {
			c.told++
		}
	}
}

func (c *importChunk) carryOut(ctx context.Context, rows []importRow) error {
	for i := range rows {
		r := &rows[i]
		if r.bad != nil {
			c.settled(i, r.result(ImportFailed, r.Contact, r.bad))
			continue
		}
		c.rows, c.at, c.index = append(c.rows, r), append(c.at, i), append(c.index, r.index)
	}
	book := *c.m.book
	book.bulk.bytes = importBytes
	book.bulk.kept = func(k Refusal) {
		res := &c.results[c.at[k.Index]]
		res.Kept = append(res.Kept, k.of(c.index))
	}
	c.book = &book
	switch {
	case c.m.o.Restore:
		return c.restore(ctx)
	case c.m.o.Held == FillHeld:
		return c.upsert(ctx, FillEmpty)
	case c.m.o.Held == OverwriteHeld:
		return c.upsert(ctx, PreferGiven)
	}
	return c.create(ctx)
}

// end says what became of row i of c.rows.
func (c *importChunk) end(i int, outcome ImportOutcome, contact Contact, err error) {
	c.settled(c.at[i], c.rows[i].result(outcome, contact, reindexed(err, c.index)))
}

// somebodys ends a row that is somebody's already.
func (c *importChunk) somebodys(i int, err error) {
	outcome := ImportSkipped
	if c.m.o.Held == RefuseHeld {
		outcome = ImportFailed
	}
	c.end(i, outcome, c.rows[i].Contact, err)
}

// create makes a contact of each row.
func (c *importChunk) create(ctx context.Context) error {
	plan := func(p *pass, todo []int) (int, error) {
		stamp := c.book.stamp()
		for n, i := range todo {
			if p.full() {
				return n, nil
			}
			fresh, made := c.rows[i].fresh, c.rows[i].made
			if made != "" {
				if p.taken.has(nil, made) || p.waiting.has(nil, made) {
					p.later(i, nil, made)
					continue
				}
				id, holder, err := c.book.vacant(ctx, c.m.key, made)
				if err == nil && holder == nil {
					holder, err = c.book.sayer(ctx, &fresh, c.rows[i].lines)
				}
				if err != nil {
					return n, err
				}
				if holder != nil {
					c.somebodys(i, usedBefore(i, holder))
					continue
				}
				fresh.ID = id
				p.taken.add(nil, made)
			}
			p.add(i, c.book.newWrite(&fresh, stamp))
		}
		return len(todo), nil
	}
	settle := func(i int, r Result) bool {
		switch {
		case r.Err == nil:
			c.end(i, ImportCreated, r.Contact, nil)
		case c.rows[i].made != "" && errors.Is(r.Err, ErrExists):
			return false // the same row came in meanwhile
		case c.m.o.Held == SkipHeld && errors.Is(r.Err, ErrDuplicateNumber):
			c.somebodys(i, r.Err)
		default:
			c.end(i, ImportFailed, c.rows[i].Contact, r.Err)
		}
		return true
	}
	_, err := c.book.inPasses(ctx, len(c.rows), plan, settle)
	return err
}

// upsert completes the contacts that the rows are about.
func (c *importChunk) upsert(ctx context.Context, policy UpsertPolicy) error {
	u := upserter{book: c.book, policy: policy, key: c.m.key, index: c.index, list: make([]Contact, len(c.rows)), rows: make(map[int]*upsertRow, len(c.rows))}
	for i, r := range c.rows {
		u.list[i] = r.Contact
		u.rows[i] = &upsertRow{fresh: r.fresh, lines: r.lines, made: r.made}
	}
	u.end = func(i int, r UpsertResult) {
		switch {
		case r.Err == nil && r.Created:
			c.end(i, ImportCreated, r.Contact, nil)
		case r.Err == nil && r.Changed:
			c.end(i, ImportUpdated, r.Contact, nil)
		case r.Err == nil:
			c.end(i, ImportSkipped, r.Contact, nil)
		case c.rows[i].made != "" && errors.Is(r.Err, ErrExists):
			c.somebodys(i, r.Err)
		default:
			c.end(i, ImportFailed, c.rows[i].Contact, r.Err)
		}
	}
	_, err := c.book.inPasses(ctx, len(c.rows), func(p *pass, todo []int) (int, error) { return u.plan(ctx, p, todo) }, u.settle)
	return err
}

// restore takes the rows in as they are.
func (c *importChunk) restore(ctx context.Context) error {
	list, outcomes := make([]Contact, len(c.rows)), make([]ImportOutcome, len(c.rows))
	for i, r := range c.rows {
		list[i] = r.Contact
	}
	now := c.m.stamp.at
	given := func(i int) []phone.Line { return c.book.linesRestored(&list[i], now) }
	change := func(i int, old Contact, missing error) (Contact, error) {
		now, err := c.book.restore(&list[i], old, missing, now, c.index[i])
		switch {
		case err != nil:
		case missing != nil:
			outcomes[i] = ImportCreated
		case now.Equal(old):
			outcomes[i] = ImportSkipped
		default:
			outcomes[i] = ImportUpdated
		}
		return now, err
	}
	_, err := c.book.changeRows(ctx, list, given, asGiven, change, func(i int, r Result) {
		if r.Err != nil {
			c.end(i, ImportFailed, c.rows[i].Contact, r.Err)
		} else {
			c.end(i, outcomes[i], r.Contact, nil)
		}
	})
	return err
}
