package display_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // has the former names that some systems leave out

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
)

func TestCarrier(t *testing.T) {
	for _, row := range []struct {
		e164, lang, name string
		portable         bool
	}{
		{"+447400123456", "en", "Three", true},
		{"+447400123456", "", "Three", true},
		{"+447400123456", "zh", "Three", true}, // no name in Chinese
		{"+447400123456", "und", "Three", true},
		{"+37744123456", "en", "Monaco Telecom", false},
		{"+8613123456789", "en", "China Unicom", false},
		{"+8613123456789", "zh-CN", "中国联通", false},
		{"+8613123456789", "zh-TW", "中國聯通", false},
		{"+442079460018", "en", "", false}, // a landline
		{"+447400123", "en", "", false},    // not valid
		{"+16502530000", "en", "", false},  // North America
		{"+18002345678", "en", "", false},  // toll-free
		{"+80012345678", "en", "", false},  // no country
		{"+390612345678", "en", "", false}, // a landline with a zero
	} {
		name, portable := display.Carrier(mustE164(t, row.e164), row.lang)
		if name != row.name || portable != row.portable {
			t.Errorf("%s in %q: %q %v, want %q %v", row.e164, row.lang, name, portable, row.name, row.portable)
		}
	}
}

func TestTimeZones(t *testing.T) {
	for _, row := range []struct {
		e164 string
		want []string
	}{
		{"+442079460018", []string{"Europe/London"}},
		{"+447400123456", []string{"Europe/Guernsey", "Europe/Isle_of_Man", "Europe/Jersey", "Europe/London"}},
		{"+16502530000", []string{"America/Los_Angeles"}},
		{"+919876543210", []string{"Asia/Calcutta"}},
		{"+390612345678", []string{"Europe/Rome"}},
		{"+3780549886377", []string{"Europe/San_Marino"}},
		{"+38344123456", []string{"Europe/Belgrade"}},
		{"+911234567", nil},
		{"+80012345678", nil},
	} {
		if got := display.TimeZones(mustE164(t, row.e164)); !slices.Equal(got, row.want) || got == nil != (row.want == nil) {
			t.Errorf("%s: %q, want %q", row.e164, got, row.want)
		}
	}
	if n := len(display.TimeZones(mustE164(t, "+18002345678"))); n < 24 {
		t.Errorf("+1 800 has %d zones", n)
	}
}

// Every zone is one that Go can load, and every valid number that belongs to a
// country has one.
func TestTimeZonesLoad(t *testing.T) {
	seen := make(map[string]bool)
	for _, n := range examples(t) {
		zones := display.TimeZones(n)
		if zones == nil && n.Region() != "001" {
			t.Errorf("%v of %s has no zone", n, n.Region())
		}
		if !slices.IsSorted(zones) {
			t.Errorf("%v: %q is not sorted", n, zones)
		}
		for _, zone := range zones {
			if !seen[zone] {
				seen[zone] = true
				if _, err := time.LoadLocation(zone); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d zones", len(seen))
	}
}

// What a caller does to its slice is no business of the next one.
func TestTimeZonesAreCopied(t *testing.T) {
	n := mustE164(t, "+442079460018")
	display.TimeZones(n)[0] = "Mars"
	if got := display.TimeZones(n); got[0] != "Europe/London" {
		t.Error(got)
	}
}

// Only mobile numbers have carriers, and most countries' have one.
func TestCarrierOfExamples(t *testing.T) {
	regions := make(map[string]bool)
	for _, n := range examples(t) {
		name, portable := display.Carrier(n, "en")
		typ := n.Type()
		if name != "" && typ != phone.Mobile && typ != phone.FixedLineOrMobile && typ != phone.Pager || name == "" && portable {
			t.Errorf("%v, %v: %q %v", n, typ, name, portable)
		}
		if name != "" {
			regions[n.Region()] = true
		}
	}
	if len(regions) < 100 {
		t.Errorf("carriers in %d regions only", len(regions))
	}
}
