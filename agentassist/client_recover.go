package agentassist

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Bounds of looking for what a call may have created.
const (
	lookPages  = 40              // pages that are read at most
	lookLimit  = 200             // contacts of a page, more where more were to be created
	clockSlack = 2 * time.Minute // by how much times of one service may differ
	orderSlack = 10 * time.Second
)

// create makes a call that creates contacts, all or none. Rows are what it asks
// for, to find them again; without them it is not looked for.
func (c *Client) create(ctx context.Context, r request, rows []contacts.Contact) ([]contacts.Contact, error) {
	if c.opt.IdempotencyKeys {
		r.header = http.Header{http.CanonicalHeaderKey(HeaderIdempotencyKey): {newKey()}}
	}
	began := time.Now()
	var unknown error // of the first attempt that may have been carried out
	for attempt := 0; ; attempt++ {
		var out []contacts.Contact
		_, err := c.do(ctx, r, &out)
		if err == nil && !answers(out, len(rows), r.media != "") {
			err = &unknownError{cause: fmt.Errorf("agentassist: POST %s: %w", r.path, errNoAnswer)}
		}
		switch {
		case err == nil:
			return out, nil
		case errors.Is(err, contacts.ErrCommitUnknown):
			unknown = err
		case unknown == nil:
			return nil, err
		case !errors.Is(err, contacts.ErrDuplicateNumber):
			return nil, &unknownError{cause: err} // it stays unknown what became of the attempt before
		}
		if c.opt.IdempotencyKeys || len(rows) == 0 || ctx.Err() != nil {
			return nil, err
		}
		m, state := c.lookTwice(ctx, rows, began, attempt)
		var late *unknownError
		switch {
		case state == allThere:
			return m.found(), nil
		case errors.Is(err, contacts.ErrDuplicateNumber) && state == noneThere:
			return nil, err // refused on account of somebody else's contact
		case state == noneThere && attempt < c.opt.Retries && !(errors.As(unknown, &late) && late.late):
			continue
		}
		return nil, unknown
	}
}

// createEach makes a call that creates each contact that can be, at a Handler:
// there a number is one contact's, so that the call may be repeated. What was done
// before is refused then on account of itself.
func (c *Client) createEach(ctx context.Context, r request, rows []contacts.Contact) (Bulk, error) {
	began := time.Now()
	unknown := false
	for attempt := 0; ; attempt++ {
		out, err := c.bulk(ctx, r, nil)
		switch {
		case err == nil && !unknown:
			return out, nil
		case err == nil:
			m, _ := c.look(ctx, rows, began)
			return m.own(out), nil
		case !errors.Is(err, contacts.ErrCommitUnknown) && unknown:
			return out, &unknownError{cause: err}
		case !errors.Is(err, contacts.ErrCommitUnknown), attempt == c.opt.Retries,
			sleep(ctx, c.pauseAfter(outcome{}, attempt)) != nil:
			return out, err
		}
		unknown = true
	}
}

// own counts the rows as done that were refused since a contact that was created
// for them has the number.
func (m *matcher) own(b Bulk) Bulk {
	refused := b.FailedRecords
	b.FailedRecords = []BulkFailed{}
	for _, f := range refused {
		d, ok := m.ownRow(&f)
		if !ok {
			b.FailedRecords = append(b.FailedRecords, f)
			continue
		}
		b.SuccessfulRecords = append(b.SuccessfulRecords, d)
	}
	slices.SortStableFunc(b.SuccessfulRecords, func(x, y BulkDone) int {
		if x.Index == nil || y.Index == nil {
			return 0
		}
		return *x.Index - *y.Index
	})
	b.Successful, b.Failed = len(b.SuccessfulRecords), len(b.FailedRecords)
	return b
}

func (m *matcher) ownRow(f *BulkFailed) (BulkDone, bool) {
	if f.Index < 0 || f.Index >= len(m.rows) || len(f.Errors) == 0 || f.Errors[0].Reason != ReasonDuplicate {
		return BulkDone{}, false
	}
	k := m.rows[f.Index]
	for _, contact := range m.have[k] {
		if contact.ID == f.Errors[0].HolderID && !m.taken[contact.ID] {
			m.taken[contact.ID] = true
			return BulkDone{ID: contact.ID, Index: &f.Index, Contact: &contact}, true
		}
	}
	return BulkDone{}, false
}

// sight is how much of what was to be created is in the list.
type sight int

const (
	unclear   sight = iota // some of it, or the list does not tell
	allThere               //
	noneThere              // and the list goes back to before the call
)

// lookTwice looks for contacts until they are there, and a second time after a
// pause where they are not: the first look may have come between.
func (c *Client) lookTwice(ctx context.Context, rows []contacts.Contact, began time.Time, attempt int) (*matcher, sight) {
	m, first := c.look(ctx, rows, began)
	if first == allThere {
		return m, first
	}
	if sleep(ctx, 4*c.pauseAfter(outcome{}, attempt)) != nil {
		return m, unclear
	}
	m, second := c.look(ctx, rows, began)
	if second == noneThere && first != noneThere {
		return m, unclear
	}
	return m, second
}

// look reads the list from its end back to what was there before a call began,
// and compares. Nobody's deletion hides a contact from it: what comes after a
// deleted one moves forward, into what is still to be read.
func (c *Client) look(ctx context.Context, rows []contacts.Contact, began time.Time) (*matcher, sight) {
	m := newMatcher(rows)
	head, header, err := c.list(ctx, 0, 1)
	switch {
	case err != nil:
		return m, unclear
	case head.TotalResults == 0 && len(head.Results) == 0:
		return m, noneThere
	}
	l := looker{c: c, m: m, since: began.Add(-clockSlack), pages: lookPages}
	if date, err := http.ParseTime(header.Get("Date")); err == nil { // by the clock of the server
		l.since = date.Add(-time.Since(began) - clockSlack)
	}
	if len(head.Results) > 0 {
		l.first = head.Results[0].CreatedAt
	}
	limit := min(MaxPage, max(lookLimit, 2*len(rows)))
	from, to := max(0, head.TotalResults-limit), -1
	for ; ; from, to = max(0, from-limit), from {
		reached, err := l.read(ctx, from, to, limit)
		if err != nil {
			return m, unclear
		}
		if from == 0 || reached && !l.mixed {
			break
		}
	}
	switch m.matched {
	case len(rows):
		return m, allThere
	case 0:
		return m, noneThere
	}
	return m, unclear
}

// looker reads part of a list.
type looker struct {
	c     *Client
	m     *matcher
	since time.Time // contacts that are older were there before
	first time.Time // when the first of the list was created
	pages int       // that may be read yet
	mixed bool      // the list is not in order of creation
}

var errTooMany = errors.New("too many pages")

// read looks at the contacts from one place in the list to another, or to the end
// where that is -1. It reports whether one of them was there before.
func (l *looker) read(ctx context.Context, from, to, limit int) (reached bool, err error) {
	last := l.first
	for to < 0 || from < to {
		if l.pages--; l.pages < 0 {
			return false, errTooMany
		}
		page, err := l.c.List(ctx, from, limit)
		if err != nil {
			return false, err
		}
		for i := range page.Results {
			contact := &page.Results[i]
			at := contact.CreatedAt
			l.mixed = l.mixed || at.Before(last.Add(-orderSlack)) || at.Before(l.first.Add(-orderSlack))
			last = at
			if !at.IsZero() && at.Before(l.since) {
				reached = true
				continue
			}
			l.m.see(contact)
		}
		if from += len(page.Results); len(page.Results) == 0 || !page.HasMore && from >= page.TotalResults {
			break
		}
	}
	return reached, nil
}

// matcher finds contacts that were to be created.
type matcher struct {
	rows    []string // what each is known by
	want    map[string]int
	have    map[string][]contacts.Contact
	ids     map[string]bool
	taken   map[string]bool // by a row of createEach
	matched int             // rows that are there
}

func newMatcher(rows []contacts.Contact) *matcher {
	m := &matcher{want: map[string]int{}, have: map[string][]contacts.Contact{}, ids: map[string]bool{}, taken: map[string]bool{}}
	for i := range rows {
		k := sameness(&rows[i])
		m.rows = append(m.rows, k)
		m.want[k]++
	}
	return m
}

func (m *matcher) see(c *contacts.Contact) {
	k := sameness(c)
	if m.want[k] == 0 || m.ids[c.ID] {
		return
	}
	m.ids[c.ID] = true
	if len(m.have[k]) < m.want[k] {
		m.matched++
	}
	m.have[k] = append(m.have[k], *c)
}

// found returns the contacts in the order of the rows, as far as all are there.
func (m *matcher) found() []contacts.Contact {
	var list []contacts.Contact
	next := map[string]int{}
	for _, k := range m.rows {
		n := next[k]
		if next[k]++; n == len(m.have[k]) {
			break
		}
		list = append(list, m.have[k][n])
	}
	return list
}

// sameness is what tells a contact that was asked for: its line and its names.
func sameness(c *contacts.Contact) string {
	p := c.CellPhone
	var r phone.Reading
	err := errors.New("none")
	if strings.HasPrefix(p.Number, "+") {
		r, err = phone.Parse(p.Number, nil)
	} else if p.CountryCode != "" {
		r, err = phone.ParseNational(p.CountryCode, p.Number, nil)
	}
	number := p.Number
	if err == nil {
		number = r.Line.String()
	}
	return strings.Join([]string{number, strings.TrimSpace(c.FirstName), strings.TrimSpace(c.LastName)}, "\x00")
}
