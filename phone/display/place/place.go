// Package place names the place and the country a telephone number is from.
//
//	n, err := phone.ParseE164("+16502530000")
//	place.Of(n, "en")      // Mountain View, CA
//	place.Country(n, "de") // Vereinigte Staaten
//
// Both are for display only. A number is from where its range is: its owner may
// have moved with it, or live elsewhere.
//
// Places are those of libphonenumber's offline geocoder, in
// github.com/nyaruka/phonenumbers/v2/geocoding; names of countries are those of
// CLDR, in golang.org/x/text. Together they add about 3.4 MB to a program, which
// is why this is a package beside display. The first Of unpacks the table of
// its language, once in a process: in English it takes some 60 ms and 14 MB of
// memory that stays, in other languages a fraction of that, but Of falls back to
// English. Country unpacks nothing.
//
// Languages are BCP 47 tags, "de", "pt-BR", "zh-Hant"; "" and what is no
// language stand for English. All functions take any Number, do not fail, and
// are safe for concurrent use.
package place

import (
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display/internal/nyaruka"
	"github.com/nyaruka/phonenumbers/v2"
	"github.com/nyaruka/phonenumbers/v2/geocoding"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Of returns the place that n is from, in a language: a city, a state, an area,
// whatever the number tells. Where it tells no more it is Country: with mobile
// numbers in most countries, and with numbers that are not valid. "" is the
// zero Number, and a number that tells neither place nor country.
//
// A place whose name is not known in the language is named in English, for
// Chinese, Japanese and Korean by its country instead. Few places have a name
// in any other language than English and that of their own country.
func Of(n phone.Number, lang string) string {
	region := regionOf(n)
	country := countryName(region, lang)
	if !n.Valid() {
		return country
	}
	number := nyaruka.Number(n)
	if !phonenumbers.IsNumberGeographical(number) {
		return country
	}
	tables, english := nyaruka.Languages(lang)
	if english {
		tables = append(tables, "en")
	}
	for _, table := range tables {
		// The library returns the country where its table has no place. An
		// error would mean that its own data is damaged.
		s, _ := geocoding.GetDescriptionForValidNumber(number, table)
		if s != "" && s != countryName(region, table) {
			return s
		}
	}
	return country
}

// Country returns the name of the country or region that n is from, in a
// language, and in English where it has no name in that one. "" is the zero
// Number, one that belongs to no country (+800) or to several (+1 800), and
// one that is not valid, unless only one country has its calling code.
func Country(n phone.Number, lang string) string {
	return countryName(regionOf(n), lang)
}

// regionOf returns the one region that n is valid in, or that has its calling
// code; "" for none.
func regionOf(n phone.Number) string {
	if n.IsZero() {
		return ""
	}
	number := nyaruka.Number(n)
	regions := phonenumbers.GetRegionCodesForCountryCode(n.CallingCode())
	if len(regions) == 1 {
		return regions[0]
	}
	found := ""
	for _, region := range regions {
		if phonenumbers.IsValidNumberForRegion(number, region) {
			if found != "" {
				return ""
			}
			found = region
		}
	}
	return found
}

// countryName returns the name of a region. The library's own function panics
// for languages without names, as "und".
func countryName(region, lang string) string {
	if region == "" || region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
		return ""
	}
	reg, err := language.ParseRegion(region)
	if err != nil {
		return ""
	}
	if tag, err := language.Parse(lang); err == nil {
		if names := display.Regions(tag); names != nil {
			if s := names.Name(reg); s != "" {
				return s
			}
		}
	}
	return display.English.Regions().Name(reg)
}
