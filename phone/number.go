package phone

import (
	"database/sql/driver"
	"fmt"
	"log/slog"
	"strconv"
)

// maxNumberDigits is the longest number: what a uint64 holds of any digits.
// Valid numbers run to 19.
const maxNumberDigits = 19

// minNumberDigits is the shortest number: a calling code and a national
// number of two or three digits.
const minNumberDigits = 4

// A Number is a telephone number in E.164 as it was read. It is comparable and
// small enough to pass around; the zero Number is no number. It need not be
// valid: see Valid.
//
// Two Numbers may be one line, written in two ways. Compare Lines to know.
type Number struct {
	v uint64 // all digits; a calling code does not begin with 0
}

// IsZero reports whether n is no number.
func (n Number) IsZero() bool { return n.v == 0 }

// String returns n in E.164, "+919876543210", and "" for no number.
func (n Number) String() string {
	if n.v == 0 {
		return ""
	}
	var b [maxNumberDigits + 1]byte
	return string(n.append(b[:0]))
}

// AppendText appends what String returns. It never fails.
func (n Number) AppendText(b []byte) ([]byte, error) { return n.append(b), nil }

func (n Number) append(b []byte) []byte {
	if n.v == 0 {
		return b
	}
	return strconv.AppendUint(append(b, '+'), n.v, 10)
}

// split returns the place in codes of n's calling code and its national
// number, written to buf.
func (n Number) split(buf *[maxNumberDigits + 1]byte) (national, bool) {
	if n.v == 0 {
		return national{}, false
	}
	d := strconv.AppendUint(buf[:0], n.v, 10)
	at, size, ok := codeOf(d)
	return national{at, d[size:]}, ok
}

// CallingCode returns the calling code, 91 for +919876543210, and 0 for no
// number.
func (n Number) CallingCode() int {
	var buf [maxNumberDigits + 1]byte
	nat, ok := n.split(&buf)
	if !ok {
		return 0
	}
	return int(codes[nat.code].code)
}

// National returns the national significant number: the digits after the
// calling code, with a leading zero where it belongs to the number (Italy).
func (n Number) National() string {
	var buf [maxNumberDigits + 1]byte
	nat, _ := n.split(&buf)
	return string(nat.digits)
}

// Region returns the region of a valid number (ISO 3166-1 alpha-2; "001" for
// a calling code that belongs to no region). Of an invalid number it is the
// only region of its calling code, else "". Regions are for display: +44
// 7911 .. is Guernsey's, whatever country its owner lives in.
func (n Number) Region() string {
	var buf [maxNumberDigits + 1]byte
	nat, ok := n.split(&buf)
	if !ok {
		return ""
	}
	at, typ := classify(nat.code, nat.digits)
	if typ == Unknown && codes[nat.code].count > 1 {
		return ""
	}
	return plans[at].region
}

// Type returns what kind of line n is; Unknown when n is not valid.
func (n Number) Type() Type {
	var buf [maxNumberDigits + 1]byte
	nat, ok := n.split(&buf)
	if !ok {
		return Unknown
	}
	_, typ := classify(nat.code, nat.digits)
	return typ
}

// Valid reports whether the metadata knows n's range and length. It says
// nothing about whether the number is in service, and new ranges come late.
func (n Number) Valid() bool { return n.Type() != Unknown }

// LogValue returns n with all but its last four digits masked.
func (n Number) LogValue() slog.Value { return slog.StringValue(mask(n.String())) }

// MarshalText returns what String returns; no number is the empty text.
func (n Number) MarshalText() ([]byte, error) { return n.append(nil), nil }

// UnmarshalText reads what MarshalText wrote, as ParseE164 does; the empty
// text is no number.
func (n *Number) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = Number{}
		return nil
	}
	v, err := ParseE164(string(text))
	if err != nil {
		return err
	}
	*n = v
	return nil
}

// Value returns the E.164 text for a database, NULL for no number.
func (n Number) Value() (driver.Value, error) {
	if n.v == 0 {
		return nil, nil
	}
	return n.String(), nil
}

// Scan reads what Value gave: E.164 text, or NULL for no number.
func (n *Number) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*n = Number{}
		return nil
	case string:
		return n.UnmarshalText([]byte(v))
	case []byte:
		return n.UnmarshalText(v)
	}
	return fmt.Errorf("phone: cannot scan %T into a Number", src)
}

// ParseE164 reads back what String wrote, and nothing more generous: a plus
// sign, an assigned calling code, 4 to 19 ASCII digits in all. It does not ask
// whether the number is valid. The error is an *Error of ReasonInvalid (blank
// text: ReasonBlank).
func ParseE164(s string) (Number, error) {
	if s == "" {
		return Number{}, refuse(ReasonBlank, s)
	}
	if s[0] != '+' || len(s) < 1+minNumberDigits || len(s) > 1+maxNumberDigits {
		return Number{}, refuse(ReasonInvalid, s)
	}
	var b [maxNumberDigits]byte
	d := b[:copy(b[:], s[1:])]
	var v uint64
	for _, c := range d {
		if c < '0' || c > '9' {
			return Number{}, refuse(ReasonInvalid, s)
		}
		v = v*10 + uint64(c-'0')
	}
	if _, _, ok := codeOf(d); !ok {
		return Number{}, refuse(ReasonInvalid, s)
	}
	return Number{v}, nil
}

// A Line is the identity of a number: equivalent spellings have one Line. It
// is all digits of the present form of the number as an integer; the zero Line
// is no line. It is a key, not a number to show or to dial. A Line of what
// Parse reads fits an int64, as databases have it.
type Line uint64

// String returns "+" and the digits, "" for the zero Line.
func (l Line) String() string { return Number{uint64(l)}.String() }

// LogValue returns l with all but its last four digits masked.
func (l Line) LogValue() slog.Value { return slog.StringValue(mask(l.String())) }

// Type is the kind of a line, as the numbering plan has it.
type Type uint8

// The types, as phonenumbers distinguishes them.
const (
	Unknown Type = iota // not a valid number
	FixedLine
	Mobile
	FixedLineOrMobile // the plan does not tell them apart (North America)
	TollFree
	PremiumRate
	SharedCost
	VoIP
	Personal
	Pager
	UAN // company numbers
	Voicemail
)

var typeNames = [...]string{"unknown", "fixed-line", "mobile", "fixed-line-or-mobile", "toll-free",
	"premium-rate", "shared-cost", "voip", "personal", "pager", "uan", "voicemail"}

// String returns the type in lower case, "fixed-line".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return "Type(" + strconv.Itoa(int(t)) + ")"
}

// MarshalText returns what String returns.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(text []byte) error {
	i, err := nameIndex(typeNames[:], "type of line", text)
	*t = Type(i)
	return err
}
