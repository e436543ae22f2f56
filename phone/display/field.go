package display

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// maxTyped is how many digits a Field formats: the longest number behind the
// longest international prefix, and some to spare.
const maxTyped = 32

// A Field formats a number while somebody types it into a text field. After
// every change of the text field, hand its content to Update and show what
// comes back:
//
//	field := display.Field{Region: "GB"}
//	input.OnChange = func() {
//		text, cursor := field.Update(input.Text(), input.Cursor())
//		input.Set(text, cursor)
//	}
//
// Update judges the whole content, so deleting, inserting in the middle and
// pasting need no calls of their own. To read the number, give the content to
// phone.Parse with the same region.
//
// The zero Field knows no region, and formats what begins with a plus sign.
type Field struct {
	// Region is the region whose numbers need no calling code (ISO 3166-1
	// alpha-2, in any case). An unknown one counts as none.
	Region string

	// What Update returned last.
	text   string
	cursor int
}

// Update takes the content of a text field after a change and the position of
// its cursor, in characters (runes) from the beginning, and returns both as
// they should be.
//
// Content of nothing but digits, a plus sign in front, and separators is
// formatted: separators are put in anew, whoever wrote them, digits of all
// scripts become ASCII ones, and no digit is added, dropped or moved. Once a
// valid number is complete it looks as International, National or DialFrom
// write it. The result is ASCII. Any other content comes back as it is:
// letters, *31#, a pause, an address, more than 32 digits.
//
// The cursor stays behind the digit it stood behind. So Backspace on a
// separator steps over it, and deletes the digit at the next stroke; so does
// Delete, with one more stroke where the cursor was moved since the last
// Update. A cursor out of range counts as at the nearer end.
func (f *Field) Update(text string, cursor int) (string, int) {
	digits, before, ok := typedDigits(text, cursor)
	if !ok {
		f.text, f.cursor = text, min(max(cursor, 0), utf8.RuneCountInString(text))
		return f.text, f.cursor
	}
	out := formatTyped(digits, strings.ToUpper(f.Region))
	at := behind(out, before)
	if cursor == f.cursor && len(text) < len(f.text) {
		// The Delete key: next comes the digit behind the cursor, so separators
		// are stepped over.
		for at < len(out) && !kept(out[at]) {
			at++
		}
	}
	f.text, f.cursor = out, at
	return out, at
}

// typedDigits returns the digits of a text, with the plus sign in front of
// them, and how many of these stand before the cursor. It reports false for a
// text that is not to be formatted.
func typedDigits(text string, cursor int) (digits string, before int, ok bool) {
	var b strings.Builder
	at, count := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digit := phonenumbers.NormalizeDigitsOnly(string(r))
			if count++; digit == "" || count > maxTyped {
				return "", 0, false
			}
			b.WriteString(digit)
		case (r == '+' || r == '＋') && b.Len() == 0:
			b.WriteByte('+')
		case !separator(r):
			return "", 0, false
		}
		if at++; at <= cursor {
			before = b.Len()
		}
	}
	return b.String(), before, b.Len() > 0
}

// separator reports whether r may stand between digits and means nothing.
func separator(r rune) bool {
	switch r {
	case '(', ')', '[', ']', '.', '/', '~', '−', '（', '）', '［', '］', '．', '／', '～', '\u30fc':
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf)
}

// kept reports whether c, of a formatted text, was typed.
func kept(c byte) bool { return c >= '0' && c <= '9' || c == '+' }

// behind returns the position in a formatted text behind the first n
// characters that were typed.
func behind(text string, n int) int {
	if n == 0 {
		return 0
	}
	for i := range len(text) {
		if kept(text[i]) {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// formatTyped formats digits, with or without a plus sign in front, that are
// the whole of a number or its beginning.
func formatTyped(digits, region string) string {
	if s := complete(digits, region); s != "" {
		return s
	}
	var out string
	f := phonenumbers.GetAsYouTypeFormatter(region)
	for _, d := range digits {
		out = f.InputDigit(d)
	}
	// A space behind a calling code comes with the next digit.
	return strings.TrimRight(out, " ")
}

// complete formats digits that are a valid number, and returns "" for others.
// phonenumbers formats as one types without parentheses around an area code,
// and some numbers not at all; without this a Russian number would look
// different in the text field and beside it.
func complete(digits, region string) string {
	if digits[0] == '+' {
		n, err := phone.ParseE164(digits)
		if err != nil || !n.Valid() {
			return ""
		}
		return International(n)
	}
	r, err := phone.Parse(digits, &phone.Site{Region: region})
	if err != nil || !r.Number.Valid() {
		return ""
	}
	var out string
	switch r.How {
	case phone.HowNational:
		out = National(r.Number)
	case phone.HowPrefix:
		out = DialFrom(r.Number, region)
	}
	if got, _, ok := typedDigits(out, 0); !ok || got != digits {
		return "" // typed with a trunk prefix where it is not written, or without
	}
	return out
}
