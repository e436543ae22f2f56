package display

import (
	"slices"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display/internal/nyaruka"
	"github.com/nyaruka/phonenumbers/v2"
	"github.com/nyaruka/phonenumbers/v2/carrier"
	"github.com/nyaruka/phonenumbers/v2/timezone"
)

// Carrier returns the company that n's range was given to, by its name in a
// language, else in English; most names are the same in all.
//
// portable reports that the metadata knows people in n's country to take their
// numbers along to other companies; that it does not know is no promise. The
// name is a guess, with portable a poor one: do not bill or route by it.
//
// Known are ranges of valid mobile numbers and pagers of many countries, not
// of all; in North America, where numbers do not tell which are mobile, of
// some islands only. The rest is "" and false.
func Carrier(n phone.Number, lang string) (name string, portable bool) {
	switch n.Type() {
	case phone.Mobile, phone.FixedLineOrMobile, phone.Pager:
	default:
		return "", false
	}
	number := nyaruka.Number(n)
	tables, _ := nyaruka.Languages(lang)
	for _, table := range append(tables, "en") {
		// An error would mean that the library's own data is damaged.
		if name, _ := carrier.GetNameForValidNumber(number, table); name != "" {
			return name, phonenumbers.IsMobileNumberPortableRegion(n.Region())
		}
	}
	return "", false
}

// TimeZones returns the time zones that n may be in, by their names in the
// IANA database, sorted; nil when n is not valid or belongs to no country.
//
// Numbers of a place have that of the place. Others, as mobile and toll-free
// ones in many countries, have all zones of the calling code, dozens for +1 800:
// show a local time only if there is one zone, or if all agree at the moment.
//
// Some names are former ones ("Asia/Calcutta"). time.LoadLocation knows them;
// on a system without a database, or with one that leaves them out, import
// time/tzdata.
func TimeZones(n phone.Number) []string {
	if n.IsZero() {
		return nil
	}
	zones, err := timezone.GetTimeZonesForNumber(nyaruka.Number(n))
	if err != nil || len(zones) == 1 && zones[0] == timezone.Unknown {
		return nil
	}
	zones = slices.Clone(zones) // theirs is shared by all callers
	slices.Sort(zones)
	return zones
}
