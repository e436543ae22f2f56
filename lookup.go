package contacts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts/phone"
)

// MatchKind grades the answer to a look-up. The smaller of two kinds that
// found a contact is the surer one.
type MatchKind uint8

const (
	MatchNone MatchKind = iota // a number that nobody in the book has

	// One contact is meant.
	MatchExact     // the number as it was given, with its country
	MatchInferred  // likewise, with the country of the site
	MatchFolded    // another spelling of the number; Match.Rule says by which rule
	MatchAlternate // another reading of the text, which is in the book
	MatchSuffix    // the last digits alone
	MatchShared    // a number that only lists, nobody claims, and one contact lists

	// MatchAmbiguous: several contacts may be meant; Candidates has them.
	MatchAmbiguous

	// The caller has no number to look up, and matches nobody.
	MatchBlank      // nothing was handed over
	MatchAnonymous  // withheld or unknown
	MatchShort      // an internal, service or emergency number
	MatchUnreadable // no telephone number; Match.Refusal says why
)

var matchNames = [...]string{"none", "exact", "inferred", "folded", "alternate", "suffix", "shared",
	"ambiguous", "blank", "anonymous", "short", "unreadable"}

// String returns the kind as a word, "exact".
func (k MatchKind) String() string {
	if int(k) < len(matchNames) {
		return matchNames[k]
	}
	return fmt.Sprintf("MatchKind(%d)", k)
}

// MarshalText returns what String returns.
func (k MatchKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LookupOptions of Book.Lookup. Nil is fine.
type LookupOptions struct {
	Site  *phone.Site // region and outside line in place of the book's own; its Rules do not count
	Limit int         // candidates at most; 0 means 10

	// Suffix, when not 0, finds a contact by the last so many digits of the
	// text if nothing else does: for telephone systems that cut numbers
	// short. It is 7 to 15. The fewer the digits and the larger the book, the
	// more often that is somebody else: of 1,000,000 contacts every tenth
	// caller shares 7 digits with one. It is not tried on a valid number
	// with its country, which is nobody else's.
	Suffix int
}

// Match is the answer to a look-up.
type Match struct {
	Kind    MatchKind
	Contact Contact // of the one contact that is meant; zero with MatchNone, MatchAmbiguous and later

	// Candidates has the contacts that may be meant when Kind is
	// MatchAmbiguous, and otherwise those that are less likely: they list the
	// number as shared, or another reading of the text is theirs.
	Candidates []Contact

	// Reading is what the text says as a number, also when nobody has it.
	Reading phone.Reading

	// Rule names the rule by which the number was found, if one was needed:
	// one of package phone (Reading.Rule), or "suffix".
	Rule string

	// Refusal says why the text is no number; nil where it is one.
	Refusal error
}

// Found reports whether one contact is meant.
func (m Match) Found() bool { return m.Kind >= MatchExact && m.Kind <= MatchShared }

// NewContact returns a contact with the number that was looked up, ready to be
// completed and created under RelaxedRules.
func (m Match) NewContact() Contact {
	if m.Reading.Number.IsZero() {
		return Contact{}
	}
	return Contact{CellPhone: Phone{
		Number:      m.Reading.Number.National(),
		CountryCode: fmt.Sprintf("+%d", m.Reading.Number.CallingCode()),
	}}
}

// Lookup says who is calling: it takes whatever text a phone system hands over
// and finds the active contact that has the number. The book decides between
// readings: one that is in it beats one that is not. A caller without a
// number (blank, anonymous, internal) is an outcome, not an error.
func (b *Book) Lookup(ctx context.Context, text string, o *LookupOptions) (Match, error) {
	site, limit, suffix := b.opt.Site, 10, 0
	if o != nil {
		var err error
		if site, err = b.siteFor(o.Site); err != nil {
			return Match{}, err
		}
		if o.Limit > 0 {
			limit = min(o.Limit, MaxLimit-1)
		}
		if suffix = o.Suffix; suffix != 0 && (suffix < 7 || suffix > 15) {
			return Match{}, fmt.Errorf("%w: a suffix has 7 to 15 digits", ErrInvalid)
		}
	}
	var m Match
	m.Reading, m.Refusal = phone.Parse(text, &site)
	var room [4]phone.Line
	lines := room[:0]
	if m.Refusal == nil {
		lines = append(lines, m.Reading.Line)
	}
	for i := range m.Reading.Alternates {
		lines = append(lines, m.Reading.Alternates[i].Line)
	}
	if len(lines) > 0 {
		hits, err := b.holdersOf(ctx, lines, limit+1)
		if err != nil {
			return Match{}, err
		}
		if b.choose(&m, hits, limit); m.Kind != MatchNone {
			return m, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return Match{}, err
	}
	m.Kind = kindOf(m.Refusal)
	if suffix != 0 && (m.Kind == MatchNone || m.Kind == MatchUnreadable) && !(m.Reading.CountryGiven && m.Reading.Valid) {
		err := b.lookUpSuffix(ctx, &m, text, &site, suffix, limit)
		return m, err
	}
	return m, nil
}

// siteFor returns the book's site, with the region and the outside line of
// another where there is one.
func (b *Book) siteFor(other *phone.Site) (phone.Site, error) {
	site := b.opt.Site
	if other == nil {
		return site, nil
	}
	site.Region, site.OutsideLine = other.Region, other.OutsideLine
	return site, checkSite(phone.Site{Region: site.Region, OutsideLine: site.OutsideLine})
}

// kindOf returns what a text is that led to nobody.
func kindOf(refusal error) MatchKind {
	switch {
	case refusal == nil:
		return MatchNone
	case errors.Is(refusal, phone.ErrBlank):
		return MatchBlank
	case errors.Is(refusal, phone.ErrAnonymous):
		return MatchAnonymous
	case errors.Is(refusal, phone.ErrShort):
		return MatchShort
	}
	return MatchUnreadable
}

// lookUp is find for keys that have to be those of this book's rules.
func (b *Book) lookUp(ctx context.Context, q Query) (Page, error) {
	page, err := b.find(ctx, q)
	if page.Reindexing && !b.indexing.behind.Load() {
		b.indexing.behind.Store(true) // others have begun it
	}
	if err == nil && page.Index != b.index && page.Index != (IndexVersion{}) {
		b.indexing.behind.Store(true)
		if !b.opt.ReadOnly {
			err = &IndexError{Have: b.index, Want: page.Index}
		}
	}
	return page, err
}

// lookUpSuffix looks for the contacts that have a number with the last digits of
// the text.
func (b *Book) lookUpSuffix(ctx context.Context, m *Match, text string, site *phone.Site, n, limit int) error {
	if errors.Is(m.Refusal, phone.ErrMultiple) || errors.Is(m.Refusal, phone.ErrLossy) {
		return nil
	}
	digits := strings.TrimPrefix(m.Reading.Number.String(), "+")
	if m.Refusal != nil {
		partial, _ := phone.ParsePartial(phone.Explain(text, site).Cleaned, site)
		digits = partial.Digits
	}
	if len(digits) < n {
		return nil
	}
	q := Query{Suffix: digits[len(digits)-n:], Limit: limit + 1}
	var found []Contact
	for {
		page, err := b.lookUp(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Hits {
			c := &page.Hits[i].Contact
			if !slices.ContainsFunc(found, func(f Contact) bool { return f.ID == c.ID }) && len(found) <= limit {
				found = append(found, *c)
			}
		}
		if page.Next == "" || len(found) > limit {
			break
		}
		q.Cursor = page.Next
	}
	switch {
	case len(found) == 1:
		m.Kind, m.Rule, m.Contact = MatchSuffix, ruleSuffix, found[0]
	case len(found) > 1:
		m.Kind, m.Rule, m.Candidates = MatchAmbiguous, ruleSuffix, found[:min(limit, len(found))]
	}
	return nil
}

const ruleSuffix = "suffix"

// choose grades the hits, which come line by line, the reading's own line
// first. They leave m as it is where there are none.
func (b *Book) choose(m *Match, hits []Hit, limit int) {
	if len(hits) == 0 {
		return
	}
	// The hits that are surest: those of the reading's own line or, without
	// such, all.
	first := len(hits)
	if m.Refusal == nil && hits[0].Line == m.Reading.Line {
		for first = 1; first < len(hits) && hits[first].Line == hits[0].Line; first++ {
		}
	}
	again := func(i int) bool { // a contact that came before
		return slices.ContainsFunc(hits[:i], func(h Hit) bool { return h.Contact.ID == hits[i].Contact.ID })
	}
	at, holders, claimers := 0, 0, 0
	for i := range hits[:first] {
		if again(i) {
			continue
		}
		if holders++; !hits[i].Shared {
			if claimers++; claimers == 1 {
				at = i
			}
		}
	}
	rest := hits
	if claimers == 1 || holders == 1 {
		m.Contact = hits[at].Contact
		m.Kind, m.Rule = b.grade(m, &hits[at])
	} else {
		m.Kind, at, rest = MatchAmbiguous, -1, hits[:first]
	}
	for i := range rest {
		if i != at && (at < 0 || rest[i].Contact.ID != m.Contact.ID) && !again(i) && len(m.Candidates) < limit {
			m.Candidates = append(m.Candidates, rest[i].Contact)
		}
	}
}

func (b *Book) grade(m *Match, h *Hit) (MatchKind, string) {
	for i := range m.Reading.Alternates {
		a := &m.Reading.Alternates[i]
		if h.Line == a.Line && (m.Refusal != nil || h.Line != m.Reading.Line) {
			return MatchAlternate, a.Rule
		}
	}
	r := &m.Reading
	switch {
	case h.Shared:
		return MatchShared, r.Rule
	case !h.Contact.lists(r.Number):
		return MatchFolded, cmp.Or(r.Rule, b.foldedBy(&h.Contact, h.Line))
	case r.CountryGiven:
		return MatchExact, r.Rule
	}
	return MatchInferred, r.Rule
}

// foldedBy names the rule that gives one of the contact's numbers a line.
func (b *Book) foldedBy(c *Contact, line phone.Line) string {
	for i := range len(c.Phones) + 1 {
		p := &c.CellPhone
		if i > 0 {
			p = &c.Phones[i-1]
		}
		if n, err := phone.ParseE164(p.Number); err == nil && n.Line(b.opt.Site.Rules) == line {
			if _, rule := n.Fold(b.opt.Site.Rules); rule != "" {
				return rule
			}
		}
	}
	return ""
}

// lists reports whether c has the number, written so.
func (c *Contact) lists(n phone.Number) bool {
	var room [24]byte
	e164, _ := n.AppendText(room[:0])
	if c.CellPhone.Number == string(e164) {
		return true
	}
	for i := range c.Phones {
		if c.Phones[i].Number == string(e164) {
			return true
		}
	}
	return false
}
