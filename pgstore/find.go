package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cursor"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// A page is one statement. It has the state of the scope in each row, so that
// there is one row at least, and the contacts in order: each with the bytes of
// those before it, by which the page is bounded. A row with a position but
// without a record is where a bound on work ended the page.
const (
	pageHead = `SELECT s.epoch, s.index_generation, s.index_fingerprint, s.reindexing, p.* FROM {scopes} s LEFT JOIN LATERAL (`
	pageEnd  = `) p ON p.before <= 4194304 WHERE s.scope = $1`
)

// Find implements contacts.Store. A page looks at some ten thousand entries of an
// index at most, beside those that Skip passes over.
func (s *Store) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Page{}, err
	}
	defer s.calls.Leave()
	if err := prepare.Query(&q); err != nil {
		return contacts.Page{}, fmt.Errorf("%s: %w", name, err)
	}
	var page contacts.Page
	err := s.try(ctx, func() (err error) {
		page, err = s.findPage(ctx, scope, &q)
		return err
	})
	if err != nil {
		return contacts.Page{}, err
	}
	return page, nil
}

// errRenewed says that a scope has another epoch than was known.
var errRenewed = errors.New("the scope has another epoch")

// findPage is one try of Find. What is known of the scope may be older than the
// cursor, or than the page that the statement read: then all of it is done again.
func (s *Store) findPage(ctx context.Context, scope contacts.Scope, q *contacts.Query) (contacts.Page, error) {
	for known := s.scopes.get(scope); ; known = nil {
		info, err := s.find(ctx, scope)
		switch {
		case err != nil:
			return contacts.Page{}, err
		case info == nil && q.Cursor != "":
			return contacts.Page{}, contacts.ErrCursor
		case info == nil:
			return contacts.Page{}, nil
		}
		f := finder{s: s, info: info, scope: scope, q: q, limit: prepare.Limit(q.Limit)}
		if err = f.begin(); err == nil {
			err = f.run(ctx)
		}
		again := errors.Is(err, errRenewed) || errors.Is(err, contacts.ErrCursor) && info == known
		if !again {
			return f.page, err
		}
		s.scopes.drop(scope, info)
	}
}

// finder carries out one query.
type finder struct {
	s     *Store
	info  *scopeInfo
	q     *contacts.Query
	limit int
	scope contacts.Scope

	from    position // the cursor's
	resumed bool     // there is one
	base    int64    // added to the part a of positions

	page  contacts.Page
	bytes int
	last  position // of the last hit
	row   row
}

// begin makes f ready for the page behind the cursor.
func (f *finder) begin() error {
	if f.info.epoch == "" {
		return errRenewed
	}
	if f.q.Cursor == "" {
		return nil
	}
	body, ok := cursor.Open(f.info.secret, cursor.Bind(f.scope, f.info.epoch, f.q), f.q.Cursor)
	if ok {
		f.from, ok = parsePosition(body)
	}
	if !ok {
		return contacts.ErrCursor
	}
	f.resumed = true
	return nil
}

// next is the cursor of the page behind a position.
func (f *finder) next(p *position) string {
	return cursor.Seal(f.info.secret, cursor.Bind(f.scope, f.info.epoch, f.q), p.encode())
}

// run fills the page.
func (f *finder) run(ctx context.Context) error {
	switch q := f.q; {
	case q.Lines != nil:
		return f.byLines(ctx)
	case q.Words != nil:
		return f.byWords(ctx)
	case q.Prefixes != nil:
		return f.byPrefixes(ctx)
	case q.Suffix != "":
		return f.bySuffix(ctx)
	case q.Duplicates:
		return f.byDuplicates(ctx)
	case q.Order == contacts.ByName:
		return f.byName(ctx)
	}
	return f.byPosition(ctx)
}

// statuses are the states wanted, each once, as the column has them.
func (f *finder) statuses() []string {
	if len(f.q.Status) == 0 {
		return statusTexts[record.StatusActive : record.StatusActive+1]
	}
	list := make([]string, 0, 3)
	for _, st := range [3]contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged} {
		if slices.Contains(f.q.Status, st) {
			b, _ := record.StatusByte(st)
			list = append(list, statusTexts[b])
		}
	}
	return list
}
