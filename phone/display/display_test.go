package display_test

import (
	"math/rand/v2"
	"reflect"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
	"github.com/nyaruka/phonenumbers/v2"
)

func mustE164(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.ParseE164(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// examples returns the metadata's example number of every region and type, and
// of every calling code without region.
func examples(t testing.TB) []phone.Number {
	t.Helper()
	var out []phone.Number
	add := func(e *phonenumbers.PhoneNumber) {
		if e != nil {
			out = append(out, mustE164(t, phonenumbers.Format(e, phonenumbers.E164)))
		}
	}
	for _, region := range phone.Regions() {
		for typ := phonenumbers.FIXED_LINE; typ <= phonenumbers.VOICEMAIL; typ++ {
			add(phonenumbers.GetExampleNumberForTypeInRegion(region, typ))
		}
	}
	for _, code := range phone.CallingCodes() {
		add(phonenumbers.GetExampleNumberForNonGeoEntity(code))
	}
	if len(out) < 1000 {
		t.Fatalf("only %d example numbers", len(out))
	}
	return out
}

// digitsOf drops what is no ASCII digit.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func TestFormats(t *testing.T) {
	for _, row := range []struct{ e164, national, international, uri, fromUS, fromIT string }{
		{"+919876543210", "098765 43210", "+91 98765 43210", "tel:+91-98765-43210", "011 91 98765 43210", "00 91 98765 43210"},
		{"+16502530000", "(650) 253-0000", "+1 650-253-0000", "tel:+1-650-253-0000", "1 (650) 253-0000", "00 1 650-253-0000"},
		{"+79123456789", "8 (912) 345-67-89", "+7 912 345-67-89", "tel:+7-912-345-67-89", "011 7 912 345-67-89", "00 7 912 345-67-89"},
		// Argentina: a 9 from abroad is a 15 at home.
		{"+5491123456789", "011 15-2345-6789", "+54 9 11 2345-6789", "tel:+54-9-11-2345-6789", "011 54 9 11 2345-6789", "00 54 9 11 2345-6789"},
		// Italy and its neighbours: the zero belongs to the number.
		{"+390612345678", "06 1234 5678", "+39 06 1234 5678", "tel:+39-06-1234-5678", "011 39 06 1234 5678", "06 1234 5678"},
		{"+390669812345", "06 6981 2345", "+39 06 6981 2345", "tel:+39-06-6981-2345", "011 39 06 6981 2345", "06 6981 2345"},
		{"+393123456789", "312 345 6789", "+39 312 345 6789", "tel:+39-312-345-6789", "011 39 312 345 6789", "312 345 6789"},
		{"+3780549886377", "0549 886377", "+378 0549 886377", "tel:+378-0549-886377", "011 378 0549 886377", "00 378 0549 886377"},
		{"+378886377", "886377", "+378 886377", "tel:+378-886377", "011 378 886377", "00 378 886377"},
		// Kosovo has its own calling code, and had others'.
		{"+38344123456", "044 123 456", "+383 44 123 456", "tel:+383-44-123-456", "011 383 44 123 456", "00 383 44 123 456"},
		{"+37744123456", "044 123 456", "+377 44 123 456", "tel:+377-44-123-456", "011 377 44 123 456", "00 377 44 123 456"},
		// No country: nobody dials it without the calling code.
		{"+80012345678", "+800 1234 5678", "+800 1234 5678", "tel:+800-1234-5678", "011 800 1234 5678", "00 800 1234 5678"},
		// Not valid, but possible: as good as can be.
		{"+911234567", "1234567", "+91 1234567", "tel:+91-1234567", "011 91 1234567", "00 91 1234567"},
		{"+390000", "0000", "+39 0000", "tel:+39-0000", "011 39 0000", "0000"},
		{"+3831", "1", "+383 1", "tel:+383-1", "011 383 1", "00 383 1"},
		{"+4912345678901234567", "12345678901234567", "+49 12345678901234567", "tel:+49-12345678901234567", "011 49 12345678901234567", "00 49 12345678901234567"},
		{"+1000000000000000000", "000000000000000000", "+1 000000000000000000", "tel:+1-000000000000000000", "1 000000000000000000", "00 1 000000000000000000"},
	} {
		n := mustE164(t, row.e164)
		got := []string{display.National(n), display.International(n), display.TelURI(n), display.DialFrom(n, "us"), display.DialFrom(n, "IT")}
		want := []string{row.national, row.international, row.uri, row.fromUS, row.fromIT}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", row.e164, got, want)
		}
	}
}

func TestZeroNumber(t *testing.T) {
	var n phone.Number
	name, portable := display.Carrier(n, "en")
	if s := display.National(n) + display.International(n) + display.TelURI(n) + display.DialFrom(n, "US") + name; s != "" {
		t.Errorf("something is shown: %q", s)
	}
	if zones := display.TimeZones(n); portable || zones != nil {
		t.Errorf("portable %v, zones %v", portable, zones)
	}
}

func TestDialFrom(t *testing.T) {
	n := mustE164(t, "+442079460018")
	for region, want := range map[string]string{
		"GB":  "020 7946 0018",
		"JE":  "020 7946 0018",
		"RU":  "8~10 44 20 7946 0018",
		"AU":  "0011 44 20 7946 0018",
		"JP":  "010 44 20 7946 0018",
		"BR":  "+44 20 7946 0018", // a prefix a carrier
		"":    "+44 20 7946 0018",
		"ZZ":  "+44 20 7946 0018",
		"de":  "00 44 20 7946 0018",
		"001": "+44 20 7946 0018",
	} {
		if got := display.DialFrom(n, region); got != want {
			t.Errorf("from %q: %q, want %q", region, got, want)
		}
	}
	if got := display.DialFrom(mustE164(t, "+12042345678"), "BS"); got != "1 (204) 234-5678" {
		t.Errorf("within North America: %q", got)
	}
}

// International and TelURI keep every digit, of example numbers here; that no
// format of the metadata drops, adds or moves one is TestInternationalFormats.
func TestInternationalIsE164(t *testing.T) {
	for _, n := range examples(t) {
		if got := "+" + digitsOf(display.International(n)); got != n.String() {
			t.Errorf("%v: International %q", n, display.International(n))
		}
		if got := "+" + digitsOf(display.TelURI(n)); got != n.String() {
			t.Errorf("%v: TelURI %q", n, display.TelURI(n))
		}
		for _, text := range []string{display.International(n), display.TelURI(n)} {
			if r, err := phone.Parse(text, nil); err != nil || r.Number != n {
				t.Errorf("%q is read as %v, %v; want %v", text, r.Number, err, n)
			}
		}
	}
}

func TestInternationalFormats(t *testing.T) {
	coll, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range coll.GetMetadata() {
		formats := m.GetIntlNumberFormat()
		if len(formats) == 0 {
			formats = m.GetNumberFormat()
		}
		for _, f := range formats {
			seen++
			re, err := syntax.Parse(f.GetPattern(), syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			parts := []*syntax.Regexp{re}
			if re.Op == syntax.OpConcat {
				parts = re.Sub
			}
			want := ""
			for i, p := range parts {
				if p.Op != syntax.OpCapture || p.MaxCap() != p.Cap {
					t.Errorf("%s: pattern %s matches digits outside of its groups", m.GetId(), f.GetPattern())
				}
				want += strconv.Itoa(i + 1)
			}
			if got := digitsOf(f.GetFormat()); got != want || strings.Count(f.GetFormat(), "$") != len(want) {
				t.Errorf("%s: format %q of %d groups", m.GetId(), f.GetFormat(), len(parts))
			}
		}
	}
	if seen < 300 {
		t.Errorf("only %d formats", seen)
	}
}

// What National and DialFrom write is read as the same line there.
func TestReadBack(t *testing.T) {
	for _, n := range examples(t) {
		region := n.Region()
		if region == "001" {
			continue
		}
		site := &phone.Site{Region: region}
		if r, err := phone.Parse(display.National(n), site); err != nil || r.Line != n.Line(nil) {
			t.Errorf("%v: National %q in %s is read as %v, %v", n, display.National(n), region, r.Number, err)
		}
		for _, from := range []string{"US", "DE", "RU", "AU", "JP", "BR", "IT"} {
			if r, err := phone.Parse(display.DialFrom(n, from), &phone.Site{Region: from}); err != nil || r.Line != n.Line(nil) {
				t.Errorf("%v: from %s %q is read as %v, %v", n, from, display.DialFrom(n, from), r.Number, err)
			}
		}
	}
}

// randomNumber returns any number, of 4 to 19 digits; few are valid.
func randomNumber(r *rand.Rand, codes []int) phone.Number {
	for {
		b := strconv.AppendInt([]byte("+"), int64(codes[r.IntN(len(codes))]), 10)
		for size := 5 + r.IntN(16); len(b) < size; {
			b = append(b, '0'+byte(r.IntN(10)*r.IntN(2))) // many zeros
		}
		if n, err := phone.ParseE164(string(b)); err == nil {
			return n
		}
	}
}

func TestAnyNumber(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	codes, regions := phone.CallingCodes(), phone.Regions()
	for range 5_000 {
		checkNumber(t, randomNumber(r, codes), regions[r.IntN(len(regions))], "en")
	}
}

// checkNumber holds what is true of every number.
func checkNumber(t *testing.T, n phone.Number, region, lang string) {
	t.Helper()
	if s := display.International(n); "+"+digitsOf(s) != n.String() || !strings.HasPrefix(s, "+"+strconv.Itoa(n.CallingCode())+" ") {
		t.Errorf("%v: International %q", n, s)
	}
	if r, err := phone.Parse(display.International(n), nil); n.Valid() && (err != nil || r.Number != n) {
		t.Errorf("%v: International %q is read as %v, %v", n, display.International(n), r.Number, err)
	}
	if s := display.TelURI(n); "+"+digitsOf(s) != n.String() || !strings.HasPrefix(s, "tel:+") {
		t.Errorf("%v: TelURI %q", n, s)
	}
	if s := display.DialFrom(n, region); !strings.HasSuffix(digitsOf(s), digitsOf(n.National())) &&
		s != display.National(n) && s != "1 "+display.National(n) {
		t.Errorf("%v: DialFrom %q %q", n, region, s)
	}
	name, portable := display.Carrier(n, lang)
	zones := display.TimeZones(n)
	if display.National(n) == "" || !n.Valid() && (name != "" || portable || zones != nil) {
		t.Errorf("%v: National %q, Carrier %q %v, TimeZones %q", n, display.National(n), name, portable, zones)
	}
}

func FuzzNumber(f *testing.F) {
	f.Add(uint64(919876543210), "US", "de")
	f.Add(uint64(390669812345), "it", "zh-Hant-TW")
	f.Add(uint64(1000000000000000000), "", "und")
	f.Add(uint64(38344123456), "XK", "x-\xff")
	f.Fuzz(func(t *testing.T, digits uint64, region, lang string) {
		n, err := phone.ParseE164("+" + strconv.FormatUint(digits, 10))
		if err != nil {
			return
		}
		checkNumber(t, n, region, lang)
	})
}

// Everything at once from many goroutines, the first calls included: what is
// unpacked on demand is unpacked safely, and nobody sees another's work.
func TestConcurrency(t *testing.T) {
	type shown struct {
		texts []string
		zones []string
	}
	show := func(n phone.Number, lang string) shown {
		name, _ := display.Carrier(n, lang)
		zones := display.TimeZones(n)
		out := shown{[]string{display.National(n), display.International(n), display.TelURI(n), display.DialFrom(n, "US"), name}, slices.Clone(zones)}
		clear(zones) // ours to change
		return out
	}
	all := examples(t)[:200]
	langs := []string{"en", "ru", "zh-Hant", "fa"}
	got := make([][]shown, 8)
	var wg sync.WaitGroup
	for g := range got {
		wg.Go(func() {
			for _, n := range all {
				got[g] = append(got[g], show(n, langs[g%len(langs)]))
			}
		})
	}
	wg.Wait()
	for g := range got {
		for i, n := range all {
			if want := show(n, langs[g%len(langs)]); !reflect.DeepEqual(got[g][i], want) {
				t.Fatalf("%v in %s: %q, alone %q", n, langs[g%len(langs)], got[g][i], want)
			}
		}
	}
}
