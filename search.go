package contacts

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
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

	// Next is the Cursor for more, and empty where there are none. A page with
	// a Next may be empty itself: go on while there is one.
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
	searchCredit = 2.3       // what pages may take, in a store's bound on one of them
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
// Text without letters and digits finds nothing. Of a contact with very many
// words the first 128 count, e-mail addresses last. An old form of a number is
// found as soon as three digits behind its calling code are typed; where numbers
// are unique by account, those of other streams count as work.
//
// ErrCursor says that Cursor is of another text or other options, ErrInvalid
// that Site has a region that is not known.
func (b *Book) Search(ctx context.Context, text string, o *SearchOptions) (Results, error) {
	if o == nil {
		o = &SearchOptions{}
	}
	s := &search{b: b, ctx: ctx, o: o, limit: 20, credit: searchCredit}
	if o.Limit > 0 {
		s.limit = min(o.Limit, MaxLimit)
	}
	if o.Site != nil {
		if err := checkSite(phone.Site{Region: o.Site.Region}); err != nil {
			return Results{}, err
		}
	}
	text = cut(text, maxSearch)
	s.plan(text)
	at, cursor, err := s.resume(text)
	if err == nil {
		err = s.run(at, cursor)
	}
	if err != nil {
		return Results{}, err
	}
	return s.out, nil
}

// search carries out one Search.
type search struct {
	b     *Book
	ctx   context.Context
	o     *SearchOptions
	limit int
	id    uint32 // of text and options, for cursors

	steps  []searchStep
	credit float64
	out    Results

	// The last resort, where nothing was found: errors in typing.
	found    bool // something was, before the cursor
	terms    []string
	mistyped func(typos []bool) []searchStep
	typos    []bool // which terms are mistyped, once that is known
}

// searchStep is one way to find contacts. Steps are taken in order until there
// are hits enough.
type searchStep struct {
	query Query
	terms []string // those that query.Words has, in order, where these are words of the text

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
	line phone.Line // that the store found it by; 0 for none

	// For the step that is asked, the first word that each of its terms
	// matches; nil where the store did not say.
	matched []Word

	words  []Word      // all of them, lazily
	fields []fieldText // likewise
}

func (h *hit) allWords() []Word {
	if h.words == nil {
		h.words = words(h.Contact)
	}
	return h.words
}

// cursor is where a search goes on: identity of text and options, step, whether
// there were hits, mistyped terms as bits, and the store's cursor.
const cursorForm = "%08x.%d.%t.%x.%s"

// next ends the call: it goes on at a step, behind a cursor of the store.
func (s *search) next(at int, cursor string) {
	bits := 0
	for i, typo := range s.typos {
		if typo {
			bits |= 1 << i
		}
	}
	s.out.Next = fmt.Sprintf(cursorForm, s.id, at, s.found || len(s.out.Hits) > 0, bits, cursor)
}

// resume reads the cursor: the step to go on with, and the store's cursor.
func (s *search) resume(text string) (at int, cursor string, err error) {
	h := fnv.New32a()
	site := s.b.opt.Site
	if s.o.Site != nil {
		site = *s.o.Site
	}
	fmt.Fprintf(h, "%q %q %t %q", text, site.Region, s.o.T9, s.o.Status)
	if s.id = h.Sum32(); s.o.Cursor == "" {
		return 0, "", nil
	}
	fail := fmt.Errorf("search: %w", ErrCursor)
	part := strings.SplitN(s.o.Cursor, ".", 5)
	if len(part) != 5 || part[0] != fmt.Sprintf("%08x", s.id) {
		return 0, "", fail
	}
	at, err = strconv.Atoi(part[1])
	bits, err2 := strconv.ParseUint(part[3], 16, maxTerms)
	if err != nil || err2 != nil {
		return 0, "", fail
	}
	s.found = part[2] == "true"
	if bits != 0 {
		if s.mistyped == nil {
			return 0, "", fail
		}
		s.typos = make([]bool, len(s.terms))
		for i := range s.typos {
			s.typos[i] = bits>>i&1 != 0
		}
		s.steps = append(s.steps, s.mistyped(s.typos)...)
	}
	if at < 0 || at > len(s.steps) {
		return 0, "", fail
	}
	return at, part[4], nil
}

// run takes the steps from one on.
func (s *search) run(at int, cursor string) error {
	for {
		for ; at < len(s.steps); at++ {
			if err := s.take(at, cursor); err != nil || s.out.Next != "" {
				return err
			}
			cursor = ""
		}
		if s.mistyped == nil || s.typos != nil || s.found || len(s.out.Hits) > 0 {
			return nil
		}
		if err := s.findTypos(at); err != nil || s.out.Next != "" || !slices.Contains(s.typos, true) {
			return err
		}
		s.steps = append(s.steps, s.mistyped(s.typos)...)
	}
}

// findTypos finds out which of the long words no contact has.
func (s *search) findTypos(at int) error {
	typos := make([]bool, len(s.terms))
	for i, t := range s.terms {
		if !isLongWord(t) {
			continue
		}
		if s.credit <= 0 {
			s.next(at, "")
			s.out.Partial = true
			return nil
		}
		page, err := s.find(Query{Words: []Term{{Text: t}}, Status: s.o.Status, Limit: 1})
		if err != nil {
			return err
		}
		typos[i] = len(page.Hits) == 0 && page.Next == ""
	}
	s.typos = typos
	return nil
}

// take adds the hits of one step. It sets Next when the call ends here.
func (s *search) take(at int, cursor string) error {
	q := s.steps[at].query
	q.Status, q.Cursor = s.o.Status, cursor
	for {
		room := s.limit - len(s.out.Hits)
		if room == 0 || s.credit <= 0 {
			s.next(at, q.Cursor)
			s.out.Partial = room > 0
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
	if page.Work > leastWork {
		s.credit -= page.Work
	} else {
		s.credit -= leastWork
	}
	return page, err
}

// has reports whether a contact is among the hits: steps that allow errors in
// typing cannot tell by themselves.
func (s *search) has(id string) bool {
	return slices.ContainsFunc(s.out.Hits, func(f Found) bool { return f.Contact.ID == id })
}

// add adds a hit of a step, unless it came already.
func (s *search) add(at int, found *Hit) {
	h := &hit{Contact: &found.Contact, line: found.Line}
	for i := range at {
		if _, ok := s.steps[i].has(h); ok {
			s.credit -= rejectedWork
			return
		}
	}
	if len(found.Words) == len(s.steps[at].terms) && len(found.Words) > 0 {
		h.matched = found.Words
	}
	m, ok := s.steps[at].has(h)
	if !ok || m.line != h.line || s.typos != nil && s.has(h.ID) {
		s.credit -= rejectedWork
		return
	}
	s.out.Hits = append(s.out.Hits, Found{found.Contact, m.marks})
}
