// Package nyaruka hands numbers and languages to
// github.com/nyaruka/phonenumbers/v2, for packages display and place.
package nyaruka

import (
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// Number returns n as phonenumbers has it. It is put together rather than
// parsed: parsing may take digits for a trunk prefix and drop them. n must not
// be zero.
func Number(n phone.Number) *phonenumbers.PhoneNumber {
	national := n.National()
	// The last digit belongs to the value even if it is a zero.
	zeros := 0
	for zeros < len(national)-1 && national[zeros] == '0' {
		zeros++
	}
	value, _ := strconv.ParseUint(national, 10, 64) // at most 18 digits
	out := &phonenumbers.PhoneNumber{
		CountryCode:    ptr(int32(n.CallingCode())),
		NationalNumber: &value,
	}
	if zeros > 0 {
		out.ItalianLeadingZero = ptr(true)
		out.NumberOfLeadingZeros = ptr(int32(zeros))
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// known are the languages that carriers or places have a table in, by the names
// of the tables. phonenumbers remembers every other name it is ever asked for,
// so it is asked for no other.
var known = [...]string{"ar", "be", "bg", "bs", "de", "el", "en", "es", "fa", "fi", "fr", "hr", "hu", "hy", "id",
	"it", "iw", "ja", "kk", "ko", "nl", "pl", "pt", "ro", "ru", "sq", "sr", "sv", "th", "tr", "uk", "vi", "zh", "zh_Hant"}

// Languages returns the tables of a language (BCP 47), best first; none for a
// language without any, and English for "". english reports that
// places without a name in the language may be named in English: not in
// Chinese, Japanese and Korean, as libphonenumber's Java has it. The port
// leaves both to its caller.
func Languages(tag string) (tables []string, english bool) {
	subtags := strings.FieldsFunc(strings.ToLower(tag[:min(len(tag), 64)]), func(r rune) bool { return r == '-' || r == '_' })
	if len(subtags) == 0 {
		return []string{"en"}, true
	}
	base := subtags[0]
	switch base {
	case "he":
		base = "iw"
	case "in":
		base = "id"
	case "zh":
		if traditional(subtags[1:]) {
			tables = append(tables, "zh_Hant")
		}
	}
	if slices.Contains(known[:], base) {
		tables = append(tables, base)
	}
	return tables, base != "zh" && base != "ja" && base != "ko"
}

// traditional reports whether Chinese is written in traditional characters.
func traditional(subtags []string) bool {
	for _, s := range subtags {
		switch s {
		case "hant", "tw", "hk", "mo":
			return true
		case "hans":
			return false
		}
	}
	return false
}
