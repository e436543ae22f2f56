package contacts

import (
	"context"
	"iter"

	"github.com/callerbook/contacts/phone"
)

// importRow is a row on its way in.
type importRow struct {
	ImportRow
	index int

	fresh Contact // finished
	bad   error   // why it fails whatever the book has
	lines []phone.Line
	made  string // the ID made of what it says, if it is to be known by that
}

// finish judges a row as a new contact and reads its numbers.
func (m *importer) finish(ctx context.Context, r *importRow) (err error) {
	r.bad, r.lines, r.made = r.Err, nil, ""
	if r.bad != nil {
		return nil
	}
	if m.o.Restore {
		r.fresh, r.bad = m.book.restored(&r.Contact, nil, m.stamp.at, r.index)
	} else {
		var fields []FieldError
		if r.fresh, fields = m.book.finish(r.Contact, nil, nil, r.index); fields != nil {
			r.bad = &ValidationError{Fields: fields}
		}
	}
	if r.bad != nil {
		return nil
	}
	r.lines = m.book.numberKeys(&r.fresh).Claims
	if (len(r.lines) == 0 || m.o.Held == KeepHeld) && !m.o.Restore {
		if m.key == nil {
			if m.key, err = m.book.importKey(ctx); err != nil {
				return err
			}
		}
		r.made = madeID(m.key, said(&r.fresh))
	}
	return nil
}

// ready prepares a row for a commit. A contact to be restored is judged beside
// the one that is there.
func (m *importer) ready(ctx context.Context, r *importRow) error {
	if r.bad = r.Err; m.o.Restore {
		return nil
	}
	return m.finish(ctx, r)
}

// result is what became of a row, as far as it needs no more than the row.
func (r *importRow) result(outcome ImportOutcome, c Contact, err error) ImportResult {
	return ImportResult{Index: r.index, Outcome: outcome, Contact: c, Err: err, Note: r.Note}
}

// weight estimates the bytes of what a row says.
func (r *importRow) weight() int {
	c := &r.Contact
	n := 512 + longBytes(c) + len(c.FirstName) + len(c.LastName) + len(c.Organization) + len(c.Title) + len(c.ClientRef)
	for _, p := range c.Phones {
		n += 128 + len(p.Number) + len(p.Input) + len(p.Label)
	}
	for _, e := range c.Emails {
		n += 64 + len(e.Address) + len(e.Label)
	}
	for _, t := range c.Tags {
		n += 32 + len(t)
	}
	return n
}

// entries estimates how many index entries a row has: of its record, its numbers
// and its words.
func (r *importRow) entries() int {
	c := &r.Contact
	n := 3 + 2*(1+len(c.Phones)) + parts(c.FirstName) + parts(c.LastName) + parts(c.Organization) + parts(c.ClientRef)
	for _, e := range c.Emails {
		n += parts(e.Address)
	}
	for _, t := range c.Tags {
		n += parts(t)
	}
	return n
}

// parts estimates how many words a text is searched by.
func parts(s string) int {
	if s == "" {
		return 0
	}
	n := 1
	for i := range len(s) {
		switch s[i] {
		case ' ', '-', '.', '@', '_', '/', '\'':
			n++
		}
	}
	return n
}

// given yields the rows on the caller's goroutine.
func (m *importer) given(ctx context.Context) iter.Seq2[*importRow, error] {
	return func(yield func(*importRow, error) bool) {
		index := 0
		for row, err := range m.rows {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&importRow{ImportRow: row, index: index}, nil) {
				return
			}
			index++
		}
	}
}
