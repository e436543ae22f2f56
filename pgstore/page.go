package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cursor"
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
}

// fill reads a page. Columns are those of the row that the statement returns
// behind the record; complete completes a hit, or
// says that it is none, and may be nil.
func (f *finder) fill(ctx context.Context, text string, args, columns []any, complete func(h *contacts.Hit, at *position) bool) error {
	r := &f.row
	all := append([]any{&r.epoch, &r.generation, &r.fingerprint, &r.reindexing, &r.before, &r.seq, &r.record}, columns...)
	first, more := true, false
	var at, previous position // of this row, and of that before it
	err := f.s.each(ctx, text, args, all, func() error {
		if first {
			if string(r.epoch) != f.info.epoch {
				return errRenewed
			}
			f.page.Index, f.page.Reindexing = indexVersion(r.generation, r.fingerprint), r.reindexing
		}
		if !r.seq.Valid || more {
			return nil
		}
		at = position{a: r.a.Int64 + f.base, text: r.text, b: r.b.Int64, seq: r.seq.Int64, hits: 1}
		if at.a == f.last.a {
			at.hits += f.last.hits
		}
		if c := at.compare(&previous); !first && (c == 0 || c > 0 == f.q.Reverse) {
			return fmt.Errorf("the database returned rows of a page in another order than asked for")
		}
		previous.set(&at)
		first = false
		switch n := len(f.page.Hits); {
		case f.q.PerLine > 0 && at.hits > int64(f.q.PerLine):
			return nil
		case r.record == nil: // a bound on work
			more, f.page.Partial = true, n < f.limit
			at.hits--
			f.last.set(&at)
			f.last.retreat(f.q)
			return nil
		case n == f.limit || n > 0 && f.bytes+len(r.record) > pageBytes:
			more = true
			f.page.Partial = n < f.limit
			return nil
		}
		return f.take(&at, complete)
	})
	if err != nil {
		return err
	}
	if first && f.page.Index == (contacts.IndexVersion{}) && r.epoch == nil {
		return errRenewed // the scope is gone
	}
	if more {
		f.page.Next = cursor.Seal(f.info.secret, f.bind, f.last.encode())
	}
	return nil
}

// take adds the contact of the row to the page.
func (f *finder) take(at *position, complete func(h *contacts.Hit, at *position) bool) error {
	if f.page.Hits == nil {
		f.page.Hits = make([]contacts.Hit, 0, min(f.limit, contacts.DefaultLimit))
	}
	f.page.Hits = append(f.page.Hits, contacts.Hit{Created: uint64(at.seq)})
	h := &f.page.Hits[len(f.page.Hits)-1]
	if !record.Decode(f.row.record, &h.Contact) {
		return damaged(at.seq, "a record that cannot be read")
	}
	if complete != nil && !complete(h, at) {
		f.page.Hits = f.page.Hits[:len(f.page.Hits)-1]
		return nil
	}
	f.bytes += len(f.row.record)
	f.last.set(at)
	return nil
}
