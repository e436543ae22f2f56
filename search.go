package contacts

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/callerbook/contacts/phone"
)

// SearchOptions of Book.Search. Nil is fine.
type SearchOptions struct {
	Limit  int         // hits at most; 0 means 20, at most MaxLimit
	Status []Status    // none means Active alone. Numbers are those of active contacts
	Site   *phone.Site // region in place of the book's own; its other fields do not count
	Cursor string      // Results.Next of the search before, with the same text and options

	// T9 reads digits as the keys of a dial pad, too: by the Latin letters of
	// ITU-T E.161 and the Cyrillic ones. They are the beginning of a word of
	// name or organization (564 finds John), the initials of two names (53
	// finds John Doe, and Diana Jones), or an initial and the beginning of
	// another name (5363). Groups of digits are words (564 363).
	T9 bool
}

// Results is what Book.Search found.
type Results struct {
	Hits []Found

	// Next is the Cursor for more, and empty where there are none. The last
	// page may turn out empty.
	Next string

	// Partial says that the bound on the work of one call ended it before it
	// had as many hits as were asked for; Next leads on. How many hits there
	// are in all is not counted.
	Partial bool
}

// Found is a contact that Book.Search found, and why.
type Found struct {
	Contact Contact

	// Highlights says what matched and where: an entry for each word or
	// number of the text.
	Highlights []Highlight
}

// Highlight is a part of a contact that matches the text of a search.
type Highlight struct {
	Kind  HighlightKind
	Field string // "lastName", "emails[1].address", "phones[0].phoneNumber"
	Text  string // of the field

	// Text[Start:End] is what matches. It is the whole field where the part
	// is not seen in it, as with an old form of a number.
	Start, End int
}

// HighlightKind says how a part matches.
type HighlightKind uint8

const (
	HighlightWord    HighlightKind = iota // a word, from end to end
	HighlightPrefix                       // the beginning of a word
	HighlightTypo                         // a word but for one letter
	HighlightNumber                       // digits of a number
	HighlightDialPad                      // letters, by their keys
)

var highlightNames = [...]string{"word", "prefix", "typo", "number", "dialpad"}

// String returns the kind as a word, "prefix".
func (k HighlightKind) String() string {
	if int(k) < len(highlightNames) {
		return highlightNames[k]
	}
	return fmt.Sprintf("HighlightKind(%d)", k)
}

// MarshalText returns what String returns.
func (k HighlightKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Bounds on the work of one Search.
const (
	searchCredit = 2.5       // what pages may take, in a store's bound on one of them
	leastWork    = 1.0 / 128 // counted for any page
	rejectedWork = 1.0 / 120 // counted for a hit that does not fit
	maxSearch    = 512       // bytes of text that count
	maxTerms     = 8         // words of it
)

// Search finds contacts as somebody types: every word of the text is the
// beginning of a word of the name, the organization, an e-mail address, a tag
// or the ClientRef, in any order, whatever case, accents and script variants
// (see Fold); at most eight words count. Digits are the beginning or the end of
// a number, with or without plus, calling code and trunk zero.
//
// Contacts with all words from end to end come first, then the others in
// order of the word that the first word of the text matched, and of creation;
// among digits, numbers that begin so come before those that end so, those of
// the site's region before those of others. Where nothing is found, words of
// five letters and more that no contact has are allowed one error: another
// letter, one more, one less, or two neighbours swapped.
//
// A contact comes once. The work of a call is bounded, see Results.Partial.
// Text without letters and digits finds nothing.
func (b *Book) Search(ctx context.Context, text string, o *SearchOptions) (Results, error) {
	if o == nil {
		o = &SearchOptions{}
	}
	s := &search{b: b, ctx: ctx, o: o, limit: 20, credit: searchCredit}
	if o.Limit > 0 {
		s.limit = min(o.Limit, MaxLimit)
	}
	s.plan(cut(text, maxSearch))
	at, cursor, err := s.resume()
	if err != nil {
		return Results{}, err
	}
	return s.out, s.run(at, cursor)
}

// search carries out one Search.
type search struct {
	b     *Book
	ctx   context.Context
	o     *SearchOptions
	limit int

	steps  []searchStep
	typo   func() (searchStep, bool, error) // the last resort
	credit float64
	out    Results
}

// searchStep is one way to find contacts. Steps are taken in order until there
// are hits enough.
type searchStep struct {
	query Query
	plain bool // query.Words are the words of the text, in order

	// has reports whether a contact belongs to this step, and what matches.
	// Hits of a later step that belong to an earlier one are left out: they
	// came there.
	has func(h *hit) (match, bool)
}

// match is what of a contact matches a step.
type match struct {
	marks []Highlight
	line  phone.Line // the first line that does, for steps that find lines
}

// hit is a contact that a step found.
type hit struct {
	*Contact
	line    phone.Line // that the store found it by; 0 for none
	matched []Word     // for each word of the text the first one it begins; nil where not known
	words   []Word     // all, lazily
}

func (h *hit) allWords() []Word {
	if h.words == nil {
		h.words = words(h.Contact)
	}
	return h.words
}

// resume reads the cursor: the step to go on with, and the store's cursor.
func (s *search) resume() (at int, cursor string, err error) {
	if s.o.Cursor == "" {
		return 0, "", nil
	}
	step, cursor, ok := strings.Cut(s.o.Cursor, ".")
	at, err = strconv.Atoi(step)
	if !ok || err != nil || at < 0 || at > len(s.steps) {
		return 0, "", fmt.Errorf("search: %w", ErrCursor)
	}
	return at, cursor, nil
}

// run takes the steps from one on.
func (s *search) run(at int, cursor string) error {
	for ; at < len(s.steps) || s.lastResort(cursor); at++ {
		if at == len(s.steps) {
			step, ok, err := s.typo()
			if err != nil || !ok {
				return err
			}
			s.steps, s.typo = append(s.steps, step), nil
		}
		if err := s.take(at, cursor); err != nil || s.out.Next != "" {
			return err
		}
		cursor = ""
	}
	return nil
}

// lastResort reports whether errors in typing are to be allowed: nothing was
// found without, now or when the cursor was made.
func (s *search) lastResort(cursor string) bool {
	return s.typo != nil && len(s.out.Hits) == 0 && (s.o.Cursor == "" || cursor != "")
}

// take adds the hits of one step. It sets Next when the call ends here.
func (s *search) take(at int, cursor string) error {
	q := s.steps[at].query
	q.Status, q.Cursor = s.o.Status, cursor
	for {
		room := s.limit - len(s.out.Hits)
		if room == 0 || s.credit <= 0 {
			s.out.Next, s.out.Partial = strconv.Itoa(at)+"."+q.Cursor, room > 0
			return nil
		}
		q.Limit = room
		page, err := s.find(q)
		if err != nil {
			return err
		}
		for i := range page.Hits {
			s.add(at, &page.Hits[i])
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}

// find reads a page and pays for it.
func (s *search) find(q Query) (Page, error) {
	page, err := s.b.lookUp(s.ctx, q)
	s.credit -= max(page.Work, leastWork)
	return page, err
}

// add adds a hit of a step, unless it came already.
func (s *search) add(at int, found *Hit) {
	h := &hit{Contact: &found.Contact, line: found.Line}
	if s.steps[at].plain {
		h.matched = found.Words
	}
	for i := range at {
		if _, ok := s.steps[i].has(h); ok {
			s.credit -= rejectedWork
			return
		}
	}
	m, ok := s.steps[at].has(h)
	if !ok || m.line != h.line {
		s.credit -= rejectedWork
		return
	}
	s.out.Hits = append(s.out.Hits, Found{found.Contact, m.marks})
}
