package contacts

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
}

// Match is the answer to a look-up.
type Match struct {
	Kind    MatchKind
	Contact Contact // of the one contact that is meant; zero with MatchNone, MatchAmbiguous and later

	// Candidates has the contacts that may be meant when Kind is
	// MatchAmbiguous, and otherwise the others that list the number as
	// shared.
	Candidates []Contact

	// Reading is what the text says as a number, also when nobody has it.
	Reading phone.Reading

	// Rule names the rule by which the number was found, if one was needed.
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
	site, limit := b.opt.Site, 10
	if o != nil && o.Site != nil {
		site.Region, site.OutsideLine = o.Site.Region, o.Site.OutsideLine
	}
	if o != nil && o.Limit > 0 {
		limit = min(o.Limit, MaxLimit-1)
	}
	reading, err := phone.Parse(text, &site)
	m := Match{Reading: reading, Refusal: err}
	switch {
	case errors.Is(err, phone.ErrBlank):
		m.Kind = MatchBlank
		return m, ctx.Err()
	case errors.Is(err, phone.ErrAnonymous):
		m.Kind = MatchAnonymous
		return m, ctx.Err()
	case errors.Is(err, phone.ErrShort):
		m.Kind = MatchShort
		return m, ctx.Err()
	case err != nil && len(reading.Alternates) == 0:
		m.Kind = MatchUnreadable
		return m, ctx.Err()
	}
	var lines []phone.Line
	if err == nil {
		lines = append(lines, reading.Line)
	}
	for _, a := range reading.Alternates {
		lines = append(lines, a.Line)
	}
	if err == nil {
		lines = append(lines, b.otherLines(reading.Number, reading.Line)...)
	}
	page, err := b.find(ctx, Query{Lines: lines, PerLine: limit + 1, Limit: min(MaxLimit, (limit+1)*len(lines))})
	if err != nil {
		return Match{}, err
	}
	if page.Index != b.index && page.Index != (IndexVersion{}) && !b.opt.ReadOnly {
		return Match{}, &IndexError{Have: b.index, Want: page.Index}
	}
	m.choose(page.Hits, limit)
	return m, nil
}

// choose grades the hits, which come line by line, the reading's own line
// first.
func (m *Match) choose(hits []Hit, limit int) {
	if len(hits) == 0 {
		if m.Refusal != nil {
			m.Kind = MatchUnreadable
		}
		return
	}
	own := m.Refusal == nil && hits[0].Line == m.Reading.Line
	var first []Hit // of the reading's own line or, without such, of all others
	for _, h := range hits {
		if own && h.Line != hits[0].Line {
			break
		}
		if !slices.ContainsFunc(first, func(f Hit) bool { return f.Contact.ID == h.Contact.ID }) {
			first = append(first, h)
		}
	}
	claimers := 0
	for _, h := range first {
		if !h.Shared {
			claimers++
		}
	}
	rest := first
	if claimers == 1 || claimers == 0 && len(first) == 1 {
		at := 0
		for i, h := range first {
			if !h.Shared {
				at = i
			}
		}
		m.Contact = first[at].Contact
		m.Kind, m.Rule = m.grade(first[at])
		rest = append(append([]Hit(nil), first[:at]...), first[at+1:]...)
	} else {
		m.Kind = MatchAmbiguous
	}
	for i, h := range rest {
		if i == limit {
			break
		}
		m.Candidates = append(m.Candidates, h.Contact)
	}
}

func (m *Match) grade(h Hit) (MatchKind, string) {
	for _, a := range m.Reading.Alternates {
		if h.Line == a.Line && (m.Refusal != nil || h.Line != m.Reading.Line) {
			return MatchAlternate, a.Rule
		}
	}
	r := &m.Reading
	switch {
	case h.Shared:
		return MatchShared, r.Rule
	case !h.Contact.lists(r.Number.String()):
		return MatchFolded, r.Rule
	case r.CountryGiven:
		return MatchExact, r.Rule
	}
	return MatchInferred, r.Rule
}

// lists reports whether c has the number, written so.
func (c *Contact) lists(e164 string) bool {
	if c.CellPhone.Number == e164 {
		return true
	}
	for _, p := range c.Phones {
		if p.Number == e164 {
			return true
		}
	}
	return false
}
