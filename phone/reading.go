package phone

import (
	"fmt"
	"log/slog"
	"strconv"
)

// A Site says where a text comes from, so that a number without a calling
// code can be read. A nil *Site knows no region. It must not be changed while
// it is in use; one Site may serve many goroutines.
type Site struct {
	// Region is the region whose numbers need no calling code and whose
	// international prefix (00, 011, ..) applies: ISO 3166-1 alpha-2, "IN".
	// Empty: none. An unknown region counts as none too; CallingCodeForRegion
	// tells whether one is known.
	Region string

	// OutsideLine holds the digits that a telephone system puts in front of a
	// number to get an outside line, "9". They are taken off where a valid
	// number follows. Empty: none.
	OutsideLine string

	// Rules are the equivalence rules; nil: all of this package.
	Rules *Rules
}

func (s *Site) rules() *Rules {
	if s == nil {
		return nil
	}
	return s.Rules
}

func (s *Site) plan() int {
	if s == nil {
		return -1
	}
	return planOf(s.Region)
}

// A Reading is what a text says.
type Reading struct {
	// Number is the number as read, Line its identity.
	Number Number
	Line   Line

	// Alternates are other numbers that the text may stand for, best first;
	// usually none. They are all valid, differ from Number and each other by
	// Line, and are for look-up: the book decides. A refusal with
	// ErrNoCountry carries them too.
	Alternates []Alternate

	// Extension holds the digits dialled after the call is connected, "".
	Extension string

	// How says by which notation the country was found.
	How How

	// CountryGiven: the text, or the caller of ParseNational, names the
	// calling code. Otherwise it was inferred, and the number should not
	// become a stored key unasked.
	CountryGiven bool

	// Valid: the metadata knows the number, or its present form. Otherwise it
	// is only possible: an assigned calling code and 7 to 15 digits in all.
	Valid bool

	// Rule names the rule that fired: the equivalence rule that made the Line
	// differ from the Number, else the rule of reading that was needed beyond
	// the plain notations ("repeated-code", "outside-line"); "" for none.
	Rule string
}

// LogValue returns what was read and how, with all but the last four digits of
// the number masked, and no extension.
func (r Reading) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("number", r.Number), slog.String("how", r.How.String()), slog.String("rule", r.Rule),
		slog.Bool("countryGiven", r.CountryGiven), slog.Bool("valid", r.Valid), slog.Int("alternates", len(r.Alternates)))
}

// An Alternate is another number that a text may stand for.
type Alternate struct {
	Number Number
	Line   Line
	How    How
	Rule   string // as in Reading
}

// How is the notation a number was read in.
type How uint8

// The notations.
const (
	HowNone          How = iota
	HowInternational     // after a plus sign, or with the calling code apart
	HowPrefix            // after the site's own international prefix
	HowNational          // as one dials it at the site
	HowOwnCode           // the site's calling code in front, without a plus
	HowForeignPrefix     // after another country's international prefix
	HowNoPlus            // another calling code in front, without a plus
	HowPlusNational      // a plus sign on a national number
	HowRepeatedCode      // the calling code is there twice
	HowTrunkZero         // a zero, or a former trunk prefix, that does not belong there
)

var howNames = [...]string{"none", "international", "prefix", "national", "own-code",
	"foreign-prefix", "no-plus", "plus-national", "repeated-code", "trunk-zero"}

// String returns the notation as a word, "own-code".
func (h How) String() string {
	if int(h) < len(howNames) {
		return howNames[h]
	}
	return "How(" + strconv.Itoa(int(h)) + ")"
}

// MarshalText returns what String returns.
func (h How) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *How) UnmarshalText(text []byte) error {
	i, err := nameIndex(howNames[:], "notation", text)
	*h = How(i)
	return err
}

// nameIndex returns the place of a name, 0 and an error when it is none.
func nameIndex(names []string, what string, text []byte) (int, error) {
	for i, name := range names {
		if name == string(text) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("phone: the text is no %s", what)
}

// rule names the notations that are beyond the plain ones.
func (h How) rule() string {
	if h >= HowForeignPrefix && int(h) < len(howNames) {
		return howNames[h]
	}
	return ""
}

// plain reports whether h is a notation that phonenumbers reads too.
func (h How) plain() bool { return h >= HowInternational && h < HowForeignPrefix }

// guessed reports whether the calling code is a guess even where one seems to
// be given.
func (h How) guessed() bool {
	return h == HowForeignPrefix || h == HowNoPlus || h == HowPlusNational
}
