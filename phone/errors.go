package phone

import (
	"errors"
	"strconv"
)

// Reason says why a text is refused. The zero Reason is not used.
type Reason uint8

// The reasons.
const (
	ReasonBlank     Reason = iota + 1 // nothing in it
	ReasonAnonymous                   // the caller withholds the number, or the network does not know it
	ReasonShort                       // an emergency, service or internal number
	ReasonMultiple                    // two numbers in one text
	ReasonLossy                       // a spreadsheet dropped digits: 9.87654E+09
	ReasonNoCountry                   // a national number, and no region is known
	ReasonInvalid                     // no telephone number
)

// The sentinels, for errors.Is: each *Error is one of them.
var (
	ErrBlank     = errors.New("phone: blank")
	ErrAnonymous = errors.New("phone: anonymous caller")
	ErrShort     = errors.New("phone: too short")
	ErrMultiple  = errors.New("phone: more than one number")
	ErrLossy     = errors.New("phone: digits are lost")
	ErrNoCountry = errors.New("phone: no country")
	ErrInvalid   = errors.New("phone: not a telephone number")
)

var reasons = [...]struct{ name, advice string }{
	{"unknown", "phone: not a telephone number"},
	{"blank", "phone: blank: enter a telephone number"},
	{"anonymous", "phone: the caller's number is withheld or unknown: there is nobody to match"},
	{"short", "phone: %s is too short: emergency, service and internal numbers identify nobody; enter the whole number with its area code"},
	{"multiple", "phone: %s holds more than one number: enter each in a field of its own"},
	{"lossy", "phone: a spreadsheet replaced digits of the number by an exponent: format the column as text and export it again"},
	{"no-country", "phone: %s has no country: put + and the calling code in front, or say which region it is from"},
	{"invalid", "phone: %s is not a telephone number: check its digits and its calling code"},
}

func (r Reason) row() int {
	if int(r) < len(reasons) {
		return int(r)
	}
	return 0
}

// String returns the reason as a word, "no-country".
func (r Reason) String() string { return reasons[r.row()].name }

// MarshalText returns what String returns.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	var names [len(reasons)]string
	for i := range reasons {
		names[i] = reasons[i].name
	}
	i, err := nameIndex(names[:], "reason", text)
	*r = Reason(i)
	return err
}

// An Error is a refusal: the text is no number that could be stored or looked
// up. It unwraps to the sentinel of its Reason.
type Error struct {
	Reason Reason
	Text   string // the text that was refused, unmasked
}

func refuse(r Reason, text string) *Error { return &Error{Reason: r, Text: text} }

// Error says what to do, with all but the last four digits masked.
func (e *Error) Error() string {
	advice := reasons[e.Reason.row()].advice
	out := make([]byte, 0, len(advice)+16)
	for i := 0; i < len(advice); i++ {
		if advice[i] == '%' {
			out = append(out, describe(e.Text)...)
			i++
			continue
		}
		out = append(out, advice[i])
	}
	return string(out)
}

// Unwrap returns the sentinel of the reason.
func (e *Error) Unwrap() error {
	switch e.Reason {
	case ReasonBlank:
		return ErrBlank
	case ReasonAnonymous:
		return ErrAnonymous
	case ReasonShort:
		return ErrShort
	case ReasonMultiple:
		return ErrMultiple
	case ReasonLossy:
		return ErrLossy
	case ReasonNoCountry:
		return ErrNoCountry
	}
	return ErrInvalid
}

// describe names a text in an error: by its last four digits, or by how many
// there are.
func describe(s string) string {
	switch n := allDigits([]byte(s)); {
	case n >= minPossible:
		return mask(s)
	case n > 0:
		return "a text of " + strconv.Itoa(n) + " digits"
	}
	return "the text"
}

// mask returns the last four digits of s behind an ellipsis, and the ellipsis
// alone when s has fewer than seven.
func mask(s string) string {
	if s == "" {
		return ""
	}
	var last [4]byte
	n := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			copy(last[:], last[1:])
			last[3] = s[i]
			n++
		}
	}
	if n < minPossible {
		return "…"
	}
	return "…" + string(last[:])
}
