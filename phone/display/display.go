// Package display says what a program shows about a telephone number: how to
// write it, whose range it is in, what time it is there. Package place, below
// it, says where that is.
//
//	n, err := phone.ParseE164("+442079460018")
//	display.National(n)           // 020 7946 0018
//	display.International(n)      // +44 20 7946 0018
//	display.DialFrom(n, "US")     // 011 44 20 7946 0018
//	display.TimeZones(n)          // [Europe/London]
//
// Nothing here is identity. Texts and names change with the metadata, one
// number has many texts, and carriers are guesses: keep the phone.Number, show
// these, compare Lines.
//
// # What comes back
//
// Every function takes any Number, and none fails. What is not known is "" or
// nil, and so is everything about the zero Number. A number that is not valid
// is still written, as well as its calling code and length allow; carrier and
// time zones are known of valid numbers only.
//
// Languages are BCP 47 tags, "de", "pt-BR", "zh-Hant"; "" and what is no
// language stand for English, which also names what has no name in another.
//
// # Data and cost
//
// All of it is that of libphonenumber, in github.com/nyaruka/phonenumbers/v2 at
// the version in go.mod. This package links that library, which package phone
// does not: it adds about 2 MB to a program and some milliseconds to its
// start, even if nothing is called. bench/README.md has the figures. A program
// that links version 1 of phonenumbers too panics when it starts.
//
// Carrier and TimeZones unpack a table when first called, which then stays: the
// carriers in English take some 5 ms and 9 MB of memory, the other languages
// and the time zones less than 1 MB.
//
// # Concurrency
//
// All functions are safe for concurrent use. A Field belongs to one text field.
package display

import (
	"strings"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display/internal/nyaruka"
	"github.com/nyaruka/phonenumbers/v2"
)

// National returns n as it is written and dialled in its own country, with the
// trunk prefix where people there write it: "098765 43210", "(650) 253-0000".
// It can be read back with a Site of n's region only. A number whose calling
// code belongs to no country (+800) is written as International does.
func National(n phone.Number) string {
	if n.IsZero() {
		return ""
	}
	if phone.RegionForCallingCode(n.CallingCode()) == "001" {
		return International(n)
	}
	return phonenumbers.Format(nyaruka.Number(n), phonenumbers.NATIONAL)
}

// International returns n as it is written for everybody: "+91 98765 43210".
// Its digits are those of n.String(), Italy's leading zero included, and
// phone.Parse reads a valid n from it without a Site.
func International(n phone.Number) string {
	if n.IsZero() {
		return ""
	}
	return phonenumbers.Format(nyaruka.Number(n), phonenumbers.INTERNATIONAL)
}

// TelURI returns n as a link to dial it, after RFC 3966:
// "tel:+91-98765-43210". Its digits are those of n.String().
func TelURI(n phone.Number) string {
	if n.IsZero() {
		return ""
	}
	return phonenumbers.Format(nyaruka.Number(n), phonenumbers.RFC3966)
}

// DialFrom returns n as it is dialled from a landline in a region (ISO 3166-1
// alpha-2, in any case): "011 91 98765 43210" from the US, "00 91 98765 43210"
// from Germany. A tilde means to wait for a tone ("8~10 91 98765 43210" from
// Russia).
//
// Between regions of one calling code it is National, in North America with a 1
// in front. From a region that is unknown, or has several international
// prefixes and prefers none, it is International. Whether n can be reached from
// there at all is not known: many toll-free numbers cannot.
func DialFrom(n phone.Number, region string) string {
	if n.IsZero() {
		return ""
	}
	return phonenumbers.FormatOutOfCountryCallingNumber(nyaruka.Number(n), strings.ToUpper(region))
}
