package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// position is a place in the order of a query: by its parts, first to last.
// Which of them a query has, and for what, stands with its statement.
type position struct {
	a    int64
	text []byte
	b    int64
	seq  int64

	hits int64 // that the line of the position has had; no part of the order
}

func (p *position) compare(q *position) int {
	return cmp.Or(cmp.Compare(p.a, q.a), bytes.Compare(p.text, q.text), cmp.Compare(p.b, q.b), cmp.Compare(p.seq, q.seq))
}

// set makes p a copy of q.
func (p *position) set(q *position) {
	text := append(p.text[:0], q.text...)
	*p = *q
	p.text = text
}

// retreat makes p, a whole position, one that is just before it.
func (p *position) retreat(q *contacts.Query) {
	n := &p.seq
	if q.Order == contacts.ByChange {
		n = &p.a
	}
	if *n--; q.Reverse {
		*n += 2
	}
}

func (p *position) encode() []byte {
	var b []byte
	for _, n := range [4]int64{p.a, p.b, p.seq, p.hits} {
		b = binary.AppendVarint(b, n)
	}
	return append(b, p.text...)
}

func parsePosition(b []byte) (p position, ok bool) {
	for _, to := range [4]*int64{&p.a, &p.b, &p.seq, &p.hits} {
		n, size := binary.Varint(b)
		if size <= 0 {
			return p, false
		}
		*to, b = n, b[size:]
	}
	p.text = b
	return p, true
}

// row is a row of a page as the statement returns it.
type row struct {
	epoch                   pgtype.DriverBytes
	generation, fingerprint int64
	reindexing              bool

	before, seq pgtype.Int8
	record      pgtype.DriverBytes
	text        pgtype.DriverBytes
	a, b        pgtype.Int8
	shared      pgtype.Bool
	letters     pgtype.Int8
	mode        pgtype.Int8
}

// look is a statement that reads a page.
type look struct {
	text    string
	args    []any
	columns []any // of the row, behind the record

	other    func() bool                         // takes in rows of another kind; nil: there are none
	judge    func(at *position) bool             // whether a row is a hit; nil: all are
	complete func(h *contacts.Hit, at *position) // nil: there is nothing to add
	rows     int                                 // that the statement returns at most, where not all are hits
	rest     *position                           // before what the statement leaves out, nil where it leaves nothing out
}

// errShort says that too few of the rows that were asked for are hits.
var errShort = errors.New("the page is short of hits")

// fill reads a page.
func (f *finder) fill(ctx context.Context, l *look) error {
	r := &f.row
	columns := append([]any{&r.epoch, &r.generation, &r.fingerprint, &r.reindexing, &r.before, &r.seq, &r.record}, l.columns...)
	rows, size := 0, 0
	known, more := false, false
	var at, previous position // of this row, and of that before it
	err := f.s.each(ctx, l.text, l.args, columns, func() error {
		if !known {
			known = true
			if string(r.epoch) != f.info.epoch || r.letters.Valid && f.typo() && r.letters.Int64 != int64(len(f.info.letters)) {
				return errRenewed
			}
			f.page.Index, f.page.Reindexing = indexVersion(r.generation, r.fingerprint), r.reindexing
		}
		if !r.seq.Valid || more {
			return nil
		}
		if l.other != nil && l.other() {
			return nil
		}
		rows++
		size += len(r.record)
		at = position{a: r.a.Int64 + f.base, text: r.text, b: r.b.Int64, seq: r.seq.Int64, hits: 1}
		if c := at.compare(&previous); rows > 1 && r.record != nil && (c == 0 || c > 0 == f.q.Reverse) {
			return errors.New("the database returned the rows of a page in another order than was asked for")
		}
		if at.a == f.last.a {
			at.hits += f.last.hits
		}
		previous.set(&at)
		n := len(f.page.Hits)
		switch {
		case f.q.Lines != nil && f.q.PerLine > 0 && at.hits > int64(f.q.PerLine):
			return nil
		case r.record == nil: // a bound on work
			more = true
			at.hits--
			at.retreat(f.q)
			if at.compare(&f.last) > 0 != f.q.Reverse || n == 0 {
				f.last.set(&at)
			}
		case l.judge != nil && !l.judge(&at):
		case n == f.limit || n > 0 && f.bytes+len(r.record) > pageBytes:
			more = true
		default:
			return f.take(&at, l)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case r.epoch == nil:
		return errRenewed // the scope is gone
	case more:
	case l.rows > 0 && rows == l.rows && size <= pageBytes && rows < searchRows && len(f.page.Hits) < f.limit:
		return errShort
	case l.rows > 0 && rows == l.rows || size > pageBytes: // the statement ended there
		more = true
		f.last.set(&previous)
	case l.rest != nil:
		more = true
		f.last.set(l.rest)
	}
	if more {
		f.page.Partial = len(f.page.Hits) < f.limit
		f.page.Next = f.next(&f.last)
	}
	return nil
}

// typo reports whether the query depends on which letters there are.
func (f *finder) typo() bool {
	return slices.ContainsFunc(f.q.Words, func(t contacts.Term) bool { return t.Typo })
}

// take adds the contact of the row to the page.
func (f *finder) take(at *position, l *look) error {
	if f.page.Hits == nil {
		f.page.Hits = make([]contacts.Hit, 0, min(f.limit, contacts.DefaultLimit))
	}
	if len(f.page.Hits) == cap(f.page.Hits) {
		f.page.Hits = slices.Grow(f.page.Hits, f.limit-len(f.page.Hits))
	}
	f.page.Hits = append(f.page.Hits, contacts.Hit{Created: uint64(at.seq)})
	h := &f.page.Hits[len(f.page.Hits)-1]
	if !record.Decode(f.row.record, &h.Contact) {
		return damaged(at.seq, "a record that cannot be read")
	}
	if l.complete != nil {
		l.complete(h, at)
	}
	f.bytes += len(f.row.record)
	f.last.set(at)
	return nil
}
