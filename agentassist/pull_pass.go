package agentassist

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callerbook/contacts"
)

// puller is a pull under way.
type puller struct {
	c       *Client
	book    *contacts.Book
	o       PullOptions
	journal *journal
	start   uint64 // the book's last revision when the pull began

	limit  int
	seen   map[string]byte // the ids that the service listed, and in which pass last
	pass   byte
	at     int    // place in the list behind what was read in this pass
	behind string // the last contact of the page before
	moved  bool   // the list changed while it was read, or is not in order of creation
	short  bool   // the last reading found fewer contacts than there are to be
	total  int    // contacts of the list, as the page before said; 0 before the first
	last   time.Time

	done Pulled
}

var errNoOrder = errors.New("agentassist: the service's list does not stay in order: try again when fewer people write to it")

const (
	leastPage    = 10
	maxFruitless = 20 // pages without anything new, one after the other
)

// readList reads the list from p.at to its end, and writes what is new into the
// book.
//
// The list is in order of creation, so that contacts move only towards its
// front, when others are deleted. A page that begins with one that this pass has
// seen leaves no gap.
func (p *puller) readList(ctx context.Context) error {
	if p.at == 0 && p.pass > 1 {
		p.total, p.last = 0, time.Time{}
	}
	idle, back := 0, 1
	for idle <= maxFruitless {
		idle++
		skip := max(0, p.at-back)
		page, err := p.page(ctx, skip)
		if err != nil {
			return err
		}
		list := page.Results
		if back > 0 && skip > 0 && (len(list) == 0 || p.seen[list[0].ID] != p.pass) {
			p.moved, back = true, 8*back
			continue
		}
		if back == 1 && skip > 0 && list[0].ID != p.behind {
			p.moved = true // towards the end: this list is not in order of creation
		}
		fresh, err := p.take(ctx, skip, page)
		if err != nil {
			return err
		}
		if fresh > 0 {
			idle = 0
		}
		p.at, back = skip+len(list), 1
		if len(list) > 0 {
			p.behind = list[len(list)-1].ID
		}
		if !page.HasMore && (p.at >= page.TotalResults || fresh == 0) {
			p.short = p.listed() < page.TotalResults || skip == 0 && len(list) == 0 && len(p.seen) > 0
			p.at = 0
			return nil
		}
		if len(list) == 1 && fresh > 0 && page.HasMore { // nothing can be seen twice in pages of one
			p.moved, back = true, 0
		}
	}
	return errNoOrder
}

// listed counts the contacts that this pass has seen.
func (p *puller) listed() (n int) {
	for _, pass := range p.seen {
		if pass == p.pass {
			n++
		}
	}
	return n
}

// page gets a page, of as many contacts as the service gives.
func (p *puller) page(ctx context.Context, skip int) (Page, error) {
	for {
		page, err := p.c.List(ctx, skip, p.limit)
		var e *Error
		if p.total == 0 && p.limit > leastPage && errors.As(err, &e) && e.aboutLimit() {
			p.limit = max(leastPage, p.limit/2)
			continue
		}
		return page, err
	}
}

// aboutLimit reports whether a list may have been refused since it was to be so
// long.
func (e *Error) aboutLimit() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
	default:
		return false
	}
	for _, p := range e.Problems {
		switch p.Reason {
		case "", ReasonParameter, ReasonTooLarge:
		default:
			return false
		}
	}
	return true
}

// take writes a page into the book, and returns how many of its contacts this
// pass had not seen.
func (p *puller) take(ctx context.Context, skip int, page Page) (fresh int, err error) {
	if p.total != 0 && page.TotalResults != p.total {
		p.moved = true
	}
	p.total, p.done.Total = page.TotalResults, page.TotalResults
	line := journalLine{At: skip + len(page.Results)}
	var list []contacts.Contact
	var had []uint64 // revisions, 0 where the book has none
	for _, c := range page.Results {
		p.moved = p.moved || c.CreatedAt.Before(p.last)
		p.last = c.CreatedAt
		if p.seen[c.ID] == p.pass {
			continue
		}
		if c.ID != "" {
			fresh++
		}
		if p.seen[c.ID] != 0 { // the second time it only counts that it is there
			p.seen[c.ID] = p.pass
			line.IDs = append(line.IDs, c.ID)
			continue
		}
		old, err := p.book.Get(ctx, c.ID)
		if err != nil && !errors.Is(err, contacts.ErrNotFound) {
			return 0, err
		}
		if !p.o.Extended {
			keepOwn(&c, &old)
		}
		list, had = append(list, c), append(had, old.Revision)
	}
	results, err := p.book.RestoreEach(ctx, list)
	if err != nil {
		return 0, err
	}
	for i, r := range results {
		switch {
		case r.Err != nil:
			if len(p.done.Refused) < maxReported {
				p.done.Refused = append(p.done.Refused, r)
				line.Refused = append(line.Refused, refusedLine{r.Contact.ID, r.Err.Error()})
			}
		case had[i] == 0:
			line.Created++
		case had[i] == r.Contact.Revision:
			line.Same++
		default:
			line.Updated++
		}
		if id := list[i].ID; id != "" {
			p.seen[id] = p.pass
			line.IDs = append(line.IDs, id)
		}
	}
	p.count(&line)
	if err := p.write(ctx, line); err != nil {
		return 0, err
	}
	if p.o.Progress != nil {
		p.o.Progress(p.done)
	}
	return fresh, nil
}

// write notes in the journal what was done.
func (p *puller) write(ctx context.Context, line journalLine) error {
	if p.journal != nil && p.journal.head.Epoch == "" { // now the book has one, if it ever was written
		end, err := p.book.Token(ctx)
		if err != nil {
			return err
		}
		p.journal.head.Epoch = end.Epoch
	}
	return p.journal.write(line)
}

// count adds what a page did.
func (p *puller) count(line *journalLine) {
	p.done.Created += line.Created
	p.done.Updated += line.Updated
	p.done.Same += line.Same
	p.done.Listed = len(p.seen)
}

// keepOwn puts the fields that the API does not have, as the book has them, into
// a contact of the service.
func keepOwn(c, old *contacts.Contact) {
	own := old.Clone()
	c.Phones, c.Emails, c.Tags, c.Custom = own.Phones, own.Emails, own.Tags, own.Custom
	c.Organization, c.Title, c.Notes, c.ClientRef = own.Organization, own.Title, own.Notes, own.ClientRef
	c.CellPhone.Input = ""
}

// resume goes on where the journal says.
func (p *puller) resume() {
	p.start = p.journal.head.Start
	for _, line := range p.journal.lines {
		if line.Pass != 0 {
			p.pass, p.at = line.Pass, 0
			continue
		}
		for _, id := range line.IDs {
			p.seen[id] = p.pass
		}
		for _, r := range line.Refused {
			p.done.Refused = append(p.done.Refused, contacts.Result{Contact: contacts.Contact{ID: r.ID}, Err: errors.New(r.Error)})
		}
		p.at = line.At
		p.count(&line)
		p.done.Resumed, p.moved = true, true
	}
	p.journal.lines = nil
}
