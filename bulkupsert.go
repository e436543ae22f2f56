package contacts

import (
	"context"
	"errors"
	"slices"

	"github.com/callerbook/contacts/phone"
)

// UpsertResult is the outcome of one item of UpsertEach.
type UpsertResult struct {
	Upserted       // of Contact as given when Err is set
	Err      error // *AmbiguousError, *ValidationError, ..
}

// UpsertEach upserts each contact and returns what became of each, in input
// order, as if each had come in an Upsert of its own, one after the other: a row
// with the number of an earlier one completes the same contact. List may be of
// any length. It is written in large commits, but rows that complete the same
// contact in one commit each; rows that change nothing are not written.
//
// The error is set when the call as a whole could not go on; the rows that
// were not done have it too. The call may be repeated then.
func (b *Book) UpsertEach(ctx context.Context, list []Contact, o *UpsertOptions) ([]UpsertResult, error) {
	if err := b.onlyOnce("UpsertEach"); err != nil {
		return nil, err
	}
	if b.rules.KeepDuplicates { // an Upsert makes none
		rules := b.rules
		rules.KeepDuplicates = false
		b = b.With(rules)
	}
	results := make([]UpsertResult, len(list))
	u := upserter{book: b, list: list, rows: make(map[int]*upsertRow)}
	u.end = func(i int, r UpsertResult) { results[i] = r }
	if o != nil {
		u.policy = o.Policy
	}
	left, err := b.inPasses(ctx, len(list), func(p *pass, todo []int) (int, error) { return u.plan(ctx, p, todo) }, u.settle)
	for _, i := range left {
		results[i] = UpsertResult{Upserted{Contact: list[i]}, err}
	}
	return results, err
}

// upserter is an UpsertEach under way.
type upserter struct {
	book   *Book
	list   []Contact
	policy UpsertPolicy
	end    func(i int, r UpsertResult) // is told what became of a row
	rows   map[int]*upsertRow          // those that were looked at and are not done
	index  []int                       // of the rows in the call, where list is a part of it
	key    []byte                      // for an Import: of made ids
}

// upsertRow is a row by itself.
type upsertRow struct {
	fresh   Contact // finished
	bad     []FieldError
	lines   []phone.Line // that it claims
	made    string       // for an Import: the id made of what it says, where it has no line
	holder  *Contact     // who has that id
	id      string       // else the one to be used
	created bool         // what is being written is a new contact
	lost    error        // why it is tried again
}

// at returns the index of row i in the call.
func (u *upserter) at(i int) int {
	if u.index == nil {
		return i
	}
	return u.index[i]
}

// fail and done end a row.
func (u *upserter) fail(i int, err error) { u.done(i, Upserted{Contact: u.list[i]}, err) }

func (u *upserter) done(i int, up Upserted, err error) {
	delete(u.rows, i)
	u.end(i, UpsertResult{up, err})
}

// row returns row i, finished.
func (u *upserter) row(i int) *upsertRow {
	r := u.rows[i]
	if r == nil {
		r = &upsertRow{}
		if r.fresh, r.bad = u.book.finish(u.list[i], nil, nil, i); r.bad == nil {
			r.lines = u.book.numberKeys(&r.fresh).Claims
		}
		u.rows[i] = r
	}
	return r
}

// holders has the contacts that claim a line.
type holders map[phone.Line][]Contact

// of returns the contacts that claim one of the lines, each once, and for each
// the first of its lines.
func (h holders) of(lines []phone.Line) (list []Contact, by []phone.Line) {
	for _, l := range lines {
		for _, c := range h[l] {
			if !slices.ContainsFunc(list, func(d Contact) bool { return d.ID == c.ID }) {
				list, by = append(list, c), append(by, l)
			}
		}
	}
	return list, by
}

// lookUp finds the holders of the lines of the first rows of todo, as many as
// one query takes and where their long texts have no more than some bytes, and
// returns the number of rows.
func (u *upserter) lookUp(ctx context.Context, todo []int, bytes int) (int, holders, error) {
	const most = 500
	n, seen, lines := 0, make(map[phone.Line]bool), []phone.Line(nil)
	for _, i := range todo[:min(most, len(todo))] {
		row := u.row(i)
		if len(lines)+len(row.lines) > MaxLimit {
			break
		}
		n++
		if row.made != "" {
			var err error
			if row.id, row.holder, err = u.book.vacant(ctx, u.key, row.made); err != nil {
				return 0, nil, err
			}
		}
		for _, l := range row.lines {
			if !seen[l] {
				seen[l] = true
				lines = append(lines, l)
			}
		}
	}
	found := make(holders, len(lines))
	if len(lines) == 0 {
		return n, found, nil
	}
	if u.book.opt.ReadOnly {
		return 0, nil, ErrReadOnly
	}
	if _, err := u.book.bringOver(ctx, lines, nil); err != nil {
		return 0, nil, err
	}
	size := 0
	for h, err := range u.book.hits(ctx, Query{Lines: lines, PerLine: 10, Limit: MaxLimit}) {
		if err != nil {
			return 0, nil, err
		}
		if !h.Shared && u.book.claims(&h.Contact, h.Line) { // and not by a key of other rules
			found[h.Line] = append(found[h.Line], h.Contact)
			if size += longBytes(&h.Contact); size > bytes && n > 1 {
				return u.lookUp(ctx, todo[:(n+3)/4], bytes)
			}
		}
	}
	return n, found, nil
}

func (u *upserter) plan(ctx context.Context, p *pass, todo []int) (int, error) {
	stamp := u.book.stamp()
	seen := 0
	for seen < len(todo) && !p.full() {
		n, found, err := u.lookUp(ctx, todo[seen:], p.most)
		if err != nil {
			return seen, err
		}
		for _, i := range todo[seen : seen+n] {
			if p.full() {
				break
			}
			u.planRow(p, i, found, stamp)
			seen++
		}
	}
	return seen, nil
}

func (u *upserter) planRow(p *pass, i int, found holders, s stamp) {
	b, row := u.book, u.rows[i]
	if row.bad != nil {
		u.fail(i, &ValidationError{Fields: row.bad})
		return
	}
	olds, by := found.of(row.lines)
	if row.holder != nil {
		olds, by = []Contact{*row.holder}, []phone.Line{0}
	}
	ids := make([]string, len(olds), len(olds)+1)
	for k := range olds {
		ids[k] = olds[k].ID
	}
	if row.made != "" {
		ids = append(ids, row.made)
	}
	if p.taken.has(row.lines, ids...) || p.waiting.has(row.lines, ids...) {
		p.later(i, row.lines, ids...)
		return
	}
	switch len(olds) {
	case 0:
		c := row.fresh
		c.ID = row.id
		row.created = true
		p.add(i, b.newWrite(&c, s))
	case 1:
		old := &olds[0]
		if old.Status != Active { // has the id of the row, and its data is elsewhere
			u.fail(i, usedBefore(i, old))
			return
		}
		c := b.merge(*old, row.fresh, u.policy)
		j := judge{rules: RelaxedRules(), index: u.at(i)} // both sides were judged when they came in; only the lists grew
		if j.contact(&c, old); j.fields != nil {
			u.fail(i, &ValidationError{Fields: j.fields})
			return
		}
		if c.Equal(*old) {
			u.done(i, Upserted{Contact: *old}, nil)
			return
		}
		c.FullName = FullName(c.FirstName, c.LastName)
		b.touch(&c, s.at)
		row.created = false
		p.replace(i, b.put(&c, old.Revision), old)
	default:
		e := &AmbiguousError{}
		for k := range olds {
			e.Holders = append(e.Holders, Holder{olds[k].ID, olds[k].FullName, by[k].String()})
		}
		u.fail(i, e)
		return
	}
	p.taken.add(row.lines, ids...)
}

// settle takes what became of a write. A row that lost a race is tried again.
func (u *upserter) settle(i int, r Result) bool {
	row := u.rows[i]
	switch {
	case r.Err == nil:
		u.done(i, Upserted{r.Contact, row.created, true}, nil)
	case lostRace(r.Err, row.lost, row.lines), row.made != "" && errors.Is(r.Err, ErrExists):
		row.lost = r.Err
		return false
	default:
		u.fail(i, r.Err)
	}
	return true
}
