package phone_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
)

// TestParseNational: the API's form, a calling code and national digits.
func TestParseNational(t *testing.T) {
	for _, row := range []struct {
		code, digits, number string
		line                 phone.Line
		how                  phone.How
	}{
		{"+91", "9876543210", "+919876543210", 919876543210, phone.HowInternational},
		{"91", "09876543210", "+919876543210", 919876543210, phone.HowInternational},
		{"+91", "919876543210", "+919876543210", 919876543210, phone.HowRepeatedCode},
		{"+91", "00919876543210", "+919876543210", 919876543210, phone.HowRepeatedCode},
		{"91", "0919876543210", "+919876543210", 919876543210, phone.HowRepeatedCode},
		{"+91", "98765 43210", "+919876543210", 919876543210, phone.HowInternational},
		{"+91", "+919876543210", "+919876543210", 919876543210, phone.HowInternational},
		{"+91", "+91 98765 43210", "+919876543210", 919876543210, phone.HowInternational},
		{"+91", "+9876543210", "+919876543210", 919876543210, phone.HowPlusNational},
		{"+91", "+16502530000", "+16502530000", 16502530000, phone.HowInternational},
		{"1", "6502530000", "+16502530000", 16502530000, phone.HowInternational},
		{"1", "16502530000", "+16502530000", 16502530000, phone.HowInternational},
		{"1", "7378742833", "+17378742833", 17378742833, phone.HowInternational},
		{"39", "0669812345", "+390669812345", 390669812345, phone.HowInternational},
		{"39", "669812345", "+39669812345", 390669812345, phone.HowInternational},
		{"52", "15512345678", "+5215512345678", 525512345678, phone.HowInternational},
		{"54", "91123456789", "+5491123456789", 541123456789, phone.HowInternational},
		{"7", "89161234567", "+79161234567", 79161234567, phone.HowInternational},
		{"34", "0912345678", "+34912345678", 34912345678, phone.HowTrunkZero},
		{"49", "4930123456", "+4930123456", 4930123456, phone.HowRepeatedCode},
		{"49", "491699913776", "+49491699913776", 49491699913776, phone.HowInternational},
	} {
		r, err := phone.ParseNational(row.code, row.digits, nil)
		if err != nil || r.Number.String() != row.number || r.Line != row.line || r.How != row.how || !r.Valid || !r.CountryGiven {
			t.Errorf("ParseNational(%q, %q) = %+v, %v", row.code, row.digits, r, err)
		}
	}
}

func TestParseNationalPossible(t *testing.T) {
	r, err := phone.ParseNational("91", "1234567", nil)
	if err != nil || r.Valid || r.Line != 911234567 || r.Number.String() != "+911234567" || !r.CountryGiven {
		t.Errorf("possible number: %+v, %v", r, err)
	}
	for _, row := range []struct {
		code, digits string
		want         error
	}{
		{"", "9876543210", phone.ErrNoCountry},
		{"999", "9876543210", phone.ErrNoCountry},
		{"IN", "9876543210", phone.ErrNoCountry},
		{"91", "", phone.ErrBlank},
		{"91", "112", phone.ErrShort},
		{"91", "12345678901234", phone.ErrInvalid},
		{"91", "1111111111", phone.ErrInvalid},
		{"91", "0000000000", phone.ErrInvalid},
		{"91", "anonymous", phone.ErrAnonymous},
		{"91", "9.87654E+09", phone.ErrLossy},
		{"91", "9876543210 / 9876543211", phone.ErrMultiple},
	} {
		if r, err := phone.ParseNational(row.code, row.digits, nil); !errors.Is(err, row.want) || !r.Number.IsZero() {
			t.Errorf("ParseNational(%q, %q) = %+v, %v, want %v", row.code, row.digits, r, err, row.want)
		}
	}
}

// TestCountryGiven: only what names a calling code may become a stored key.
func TestCountryGiven(t *testing.T) {
	us, gb := &phone.Site{Region: "US"}, &phone.Site{Region: "GB"}
	for _, row := range []struct {
		text  string
		site  *phone.Site
		how   phone.How
		given bool
		rule  string
	}{
		{"+442079460018", us, phone.HowInternational, true, ""},
		{"011442079460018", us, phone.HowPrefix, true, ""},
		{"+44 44 20 7946 0018", us, phone.HowRepeatedCode, true, "repeated-code"},
		{"+34 0 912345678", us, phone.HowTrunkZero, true, "trunk-zero"},
		{"6502530000", us, phone.HowNational, false, ""},
		{"447911123456", gb, phone.HowOwnCode, false, ""},
		{"00442079460018", us, phone.HowForeignPrefix, false, "foreign-prefix"},
		{"919876543210", us, phone.HowNoPlus, false, "no-plus"},
		{"+6502530000", us, phone.HowPlusNational, false, "plus-national"},
		{"+52 1 55 1234 5678", us, phone.HowInternational, true, "mexico-prefix"},
		{"*67 6502530000", us, phone.HowNational, false, "service-code"},
		{"9,6502530000", us, phone.HowNational, false, "outside-line"},
		{"+44 20 7946 0018 home", us, phone.HowInternational, true, "words"},
		{"+44 20 7946 0018 p12", us, phone.HowInternational, true, "extension"},
	} {
		r, err := phone.Parse(row.text, row.site)
		if err != nil || r.How != row.how || r.CountryGiven != row.given || r.Rule != row.rule || !r.Valid {
			t.Errorf("%q: %+v, %v", row.text, r, err)
		}
	}
}

func TestExtensions(t *testing.T) {
	for text, want := range map[string]string{
		"+1 650 253 0000":                         "",
		"+1 650 253 0000 ext. 123":                "123",
		"+1 650 253 0000 x123":                    "123",
		"+1 650 253 0000 X 123#":                  "123",
		"+1 650 253 0000 extension 12345":         "12345",
		"+1 650 253 0000 extensión 12":            "12",
		"+1 650 253 0000p123":                     "123",
		"+1 650 253 0000 w 123":                   "123",
		"+16502530000,,9876543#":                  "9876543",
		"+16502530000,123":                        "123",
		"+16502530000;123":                        "123",
		"+16502530000;ext=123":                    "123",
		"tel:+16502530000;ext=123":                "123",
		"tel:+16502530000;ext=१२":                 "12",
		"tel:+16502530000;ext=lobby":              "",
		"<sip:+16502530000;ext=7@host>":           "7",
		"+1 650 253 0000 - 503#":                  "503",
		"+55 11 2345-6789 ramal 12":               "12",
		"+55 11 2345-6789 (ramal: 12)":            "12",
		"+49 30 123456 Durchwahl 12":              "12",
		"+7 495 123-45-67 доб. 12":                "12",
		"+86 10 6552 9988 转 8001":                 "8001",
		"+1 650 253 0000 home":                    "",
		"(530) 583-6985 x302/x2303":               "302",
		"+1 650 253 0000 ext " + "12345678901234": "12345678901234",
	} {
		r, err := phone.Parse(text, &phone.Site{Region: "US"})
		if err != nil || r.Extension != want || !r.Valid {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
	}
}

// TestAlternates: what else a text may stand for.
func TestAlternates(t *testing.T) {
	for _, row := range []struct {
		text, site string
		line       phone.Line
		more       []phone.Line
	}{
		{"+919876543210", "", 919876543210, nil},
		{"6502530000", "US", 16502530000, nil},
		{"442079460018", "DE", 49442079460018, []phone.Line{442079460018}},
		{"+49491699913776", "", 49491699913776, []phone.Line{491699913776}},
		{"0049491699913776", "DE", 49491699913776, []phone.Line{491699913776}},
		{"+46 46 200 38 48", "", 46462003848, []phone.Line{462003848}},
		{"916502530000", "9:US", 16502530000, []phone.Line{916502530000}},
		{"9876543210", "IN", 919876543210, nil},
	} {
		r, err := parseAt(row.text, row.site)
		var more []phone.Line
		for _, a := range r.Alternates {
			more = append(more, a.Line)
		}
		if err != nil || r.Line != row.line || !slices.Equal(more, row.more) {
			t.Errorf("%q at %s: %+v, %v", row.text, row.site, r, err)
		}
	}
	// Where no region is known, the reading that is guessed is an alternate.
	r, err := phone.Parse("919876543210", nil)
	if !errors.Is(err, phone.ErrNoCountry) || len(r.Alternates) != 1 || r.Alternates[0].Line != 919876543210 || r.Alternates[0].How != phone.HowNoPlus {
		t.Errorf("no region: %+v, %v", r, err)
	}
}

// TestReadsItself: the E.164 text of a valid number is that number, anywhere.
func TestReadsItself(t *testing.T) {
	r := newRand(t)
	regions := phone.Regions()
	for _, d := range descriptions(t) {
		for range 10 {
			n, err := phone.ParseE164("+" + phone.CallingCodePrefix(d.code) + string(sample(r, d.re, nil)))
			if err != nil || !n.Valid() || strings.HasPrefix(n.String(), "+375810") {
				continue // phonenumbers takes the 8 of +375 810 for a national prefix
			}
			site := &phone.Site{Region: regions[r.IntN(len(regions))], OutsideLine: "9"}
			if got, err := phone.Parse(n.String(), site); err != nil || got.Number != n || got.Line != n.Line(nil) || !got.CountryGiven {
				t.Errorf("%v at %s: %+v, %v", n, site.Region, got, err)
			}
		}
	}
}

func TestLongText(t *testing.T) {
	for _, text := range []string{strings.Repeat("9", 41), strings.Repeat(" ", 240) + "+919876543210", strings.Repeat("x", 1<<20), "+" + strings.Repeat("1", 1<<20)} {
		r, err := phone.Parse(text, &phone.Site{Region: "IN"})
		if err == nil && r.Line != 919876543210 || err != nil && !errors.Is(err, phone.ErrInvalid) {
			t.Errorf("text of %d bytes: %+v, %v", len(text), r, err)
		}
	}
	// A long header is no obstacle: the number in it counts.
	text := `"` + strings.Repeat("Sales ", 100) + `" <sip:+16502530000@host>;tag=` + strings.Repeat("a", 500)
	if r, err := phone.Parse(text, nil); err != nil || r.Line != 16502530000 {
		t.Errorf("long header: %+v, %v", r, err)
	}
}

// TestNoAllocation: plain readings allocate nothing.
func TestNoAllocation(t *testing.T) {
	us := &phone.Site{Region: "US"}
	var buf [32]byte
	for _, text := range []string{"+919876543210", "+5491123456789", "6502530000", "+1 (650) 253-0000", "tel:+1-650-253-0000"} {
		if n := testing.AllocsPerRun(100, func() {
			r, err := phone.Parse(text, us)
			if err != nil {
				t.Fatal(err)
			}
			r.Number.AppendText(buf[:0])
		}); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() { phone.ParseNational("+91", "9876543210", nil) }); n != 0 {
		t.Errorf("ParseNational: %v allocations", n)
	}
}

func TestExplain(t *testing.T) {
	e := phone.Explain("<sip:00 44 (20) 7946-0018@host>", &phone.Site{Region: "US"})
	if e.Err != nil || e.Reading.Line != 442079460018 || e.Cleaned != "00 44 (20) 7946-0018" || len(e.Steps) < 2 {
		t.Fatalf("%+v", e)
	}
	last := e.Steps[len(e.Steps)-1]
	if last.How != phone.HowForeignPrefix || !last.Valid || last.Line != e.Reading.Line {
		t.Errorf("%+v", e.Steps)
	}
	if e := phone.Explain("anonymous", nil); !errors.Is(e.Err, phone.ErrAnonymous) || len(e.Steps) != 0 {
		t.Errorf("%+v", e)
	}
	// What Explain reads is what Parse reads.
	for _, row := range spellings {
		var s *phone.Site
		if len(row.site) == 2 {
			s = &phone.Site{Region: row.site}
		}
		r, err := phone.Parse(row.text, s)
		e := phone.Explain(row.text, s)
		if r.Line != e.Reading.Line || r.Rule != e.Reading.Rule || (err == nil) != (e.Err == nil) {
			t.Errorf("%q: %+v, explained as %+v", row.text, r, e.Reading)
		}
	}
}

// Letters stand for digits only where they make a valid number.
func TestLettersThatAreNoDigits(t *testing.T) {
	site := &phone.Site{Region: "IN"}
	for _, text := range []string{"98765xxxxx", "+91 98765XXXXX", "98765wolfgang", "+1 650 xxx xxxx"} {
		if r, err := phone.Parse(text, site); err == nil {
			t.Errorf("%q is read as %v", text, r.Number)
		}
	}
}
