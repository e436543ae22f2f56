package agentassist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts"
)

// PullOptions of Pull. Nil is fine.
type PullOptions struct {
	// PageSize is the page to ask for first; 0 means MaxPage. A service that
	// gives smaller pages is taken at its word, and one that refuses so large a
	// page is asked for less.
	PageSize int

	// Journal, when not "", is a file that remembers how far an interrupted
	// pull came, so that the next one goes on there. It is made with mode 0600
	// and removed at the end; it has ids, and no names or numbers. One that is
	// older than a day, or that a book of before left, is begun anew; a file that
	// is something else, or the journal of another tenant, is left alone, and an
	// error.
	Journal string

	// KeepDeleted leaves contacts in the book that the service no longer lists.
	KeepDeleted bool

	// DeleteMost deletes them even where the service lists none at all, or not
	// half of what the book has (and that is more than 20), or fewer than it says
	// that it has. Without it such a pull ends with ErrMostGone and deletes none:
	// somebody may have named the wrong stream or book, or the service have lost
	// part of its list.
	DeleteMost bool

	// Extended takes the fields that the API does not have (Options.Extended)
	// from the service too. Without it they stay as the book has them, so that
	// the book's own notes and tags are kept.
	Extended bool

	// Progress is called after each page, from the goroutine of Pull.
	Progress func(Pulled)
}

// Pulled says what a pull did, or has done so far.
type Pulled struct {
	Listed  int  // contacts that the service listed
	Total   int  // contacts that it says it has
	Created int  // new in the book
	Updated int  // changed in the book
	Same    int  // as they were
	Deleted int  // in the book but listed no more: deleted there, inactive here
	Resumed bool // an earlier pull was gone on with; the counts are of both

	// Refused has contacts that the book cannot have, and why: at most the first
	// 10,000. Of those that an earlier pull met there is only the ID, and the
	// text of the error.
	Refused []contacts.Result

	// Duplicate has numbers that several of the service's contacts have, and that
	// were kept: at most the first 10,000. It is there once the pull is done.
	Duplicate []contacts.Duplicate
}

const maxReported = 10_000

// ErrMostGone ends a pull that would delete most of a book's contacts, or on the
// word of a list that is not whole: see PullOptions.DeleteMost. All else was done.
var ErrMostGone = errors.New("agentassist: the service lists less than half of the contacts of this book, or fewer than it says it has, " +
	"so none was deleted: try again and, if account, stream and book are right, say that most may be deleted")

// Pull takes the contacts of the hosted tenant into a book. Ids, times and
// authors are the service's (see contacts.Book.RestoreEach); the book is a mirror
// of it afterwards, and calling Pull again brings it up to date: a tenant that
// has not changed writes nothing. Contacts are judged by relaxed rules, whatever
// the book's. Numbers that several contacts have, from before the rule, are kept
// and reported.
//
// A contact of the book that the service does not list, and that nobody has
// changed here since the pull began, is deleted (it stays, inactive), once the
// whole list was read; so are contacts that were only ever in the book. Contacts
// that others create, change and delete at the service meanwhile disturb nothing:
// each page begins with a contact of the one before, and where it does not, as
// the list has moved, it is read again from further in front. Where the list
// moved at all it is read a second time before anything is deleted. What changes
// behind the pull is for the next one, and an interrupted pull does not read its
// first part again.
//
// Requests are spaced as the client's RatePerMinute says, 60 a minute unless it
// says anything, and repeated as its other calls. On an error what was done stays done, and Pulled says how much.
// In memory are a page and the ids of all contacts.
func Pull(ctx context.Context, c *Client, book *contacts.Book, o *PullOptions) (Pulled, error) {
	p := &puller{c: c.paced(), limit: MaxPage, seen: map[string]byte{}, pass: 1}
	if o != nil {
		p.o = *o
	}
	switch {
	case p.o.PageSize < 0 || p.o.PageSize > MaxPage:
		return Pulled{}, fmt.Errorf("agentassist: %w: PageSize must be 1 to %d", contacts.ErrInvalid, MaxPage)
	case p.o.PageSize > 0:
		p.limit = max(2, p.o.PageSize) // each page begins with one of the page before
	}
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	p.book = book.With(rules)
	start, err := book.Token(ctx)
	if err != nil {
		return Pulled{}, err
	}
	p.start = start.Revision
	if p.o.Journal != "" {
		if p.journal, err = openJournal(p.o.Journal, p.of(start.Epoch), time.Now()); err != nil {
			return Pulled{}, err
		}
		p.resume()
		defer p.journal.close()
	}
	err = p.run(ctx)
	return p.done, err
}

// of says what a pull is about.
func (p *puller) of(epoch string) pullOf {
	return pullOf{Service: p.c.base, Account: p.c.opt.Account, Book: p.book.Scope(), Epoch: epoch, Start: p.start}
}

func (p *puller) run(ctx context.Context) error {
	if err := p.readList(ctx); err != nil {
		return err
	}
	most := p.delete(ctx)
	if most != nil && !errors.Is(most, ErrMostGone) {
		return most
	}
	for d, err := range p.book.Duplicates(ctx) {
		if err != nil {
			return err
		}
		if p.ofService(d) > 1 && len(p.done.Duplicate) < maxReported {
			p.done.Duplicate = append(p.done.Duplicate, d)
		}
	}
	if err := p.journal.remove(); err != nil {
		return err
	}
	return most
}

// ofService counts the contacts of a duplicate that the service lists.
func (p *puller) ofService(d contacts.Duplicate) (n int) {
	for _, c := range d.Contacts {
		if p.seen[c.ID] != 0 {
			n++
		}
	}
	return n
}

// gone returns the ids of the active contacts that the service does not list,
// without those that were changed since the pull began, and how many active ones
// there are.
func (p *puller) gone(ctx context.Context) (ids []string, active int, err error) {
	for c, err := range p.book.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			return nil, 0, err
		}
		active++
		if p.seen[c.ID] == 0 && c.Revision <= p.start {
			ids = append(ids, c.ID)
		}
	}
	return ids, active, nil
}

// delete deletes what the service does not list.
func (p *puller) delete(ctx context.Context) error {
	if p.o.KeepDeleted {
		return nil
	}
	ids, active, err := p.gone(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	if (p.moved || p.short) && p.pass == 1 {
		p.pass = 2
		if err := p.write(ctx, journalLine{Pass: 2}); err != nil {
			return err
		}
		if err := p.readList(ctx); err != nil {
			return err
		}
		if ids, active, err = p.gone(ctx); err != nil {
			return err
		}
	}
	if few := len(ids) <= 20 || 2*len(ids) <= active; len(ids) > 0 && (!few || p.short || len(p.seen) == 0) && !p.o.DeleteMost {
		return ErrMostGone
	}
	results, err := p.book.DeleteEach(ctx, ids)
	for _, r := range results {
		if r.Err == nil {
			p.done.Deleted++
		}
	}
	return err
}
