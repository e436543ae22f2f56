package place_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display/place"
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

func Example() {
	for _, e164 := range []string{"+16502530000", "+498912345678", "+919876543210"} {
		n, err := phone.ParseE164(e164)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s, %s; %s, %s\n", place.Of(n, "en"), place.Country(n, "en"), place.Of(n, "de"), place.Country(n, "de"))
	}
	// Output:
	// Mountain View, CA, United States; Mountain View, CA, Vereinigte Staaten
	// Munich, Germany; München, Deutschland
	// India, India; Indien, Indien
}

func TestOf(t *testing.T) {
	for _, row := range []struct{ e164, lang, of, country string }{
		{"+16502530000", "en", "Mountain View, CA", "United States"},
		{"+16502530000", "", "Mountain View, CA", "United States"},
		{"+16502530000", "de", "Mountain View, CA", "Vereinigte Staaten"},
		{"+498912345678", "de-AT", "München", "Deutschland"},
		{"+498912345678", "en", "Munich", "Germany"},
		{"+442079460018", "zh", "英国", "英国"}, // not mixed with English
		{"+442079460018", "ja", "イギリス", "イギリス"},
		{"+8610" + "12345678", "zh", "北京市", "中国"},
		{"+886227121234", "zh-TW", "臺北", "台灣"},
		{"+97223456789", "he", "ירושלים", "ישראל"},
		{"+918025555555", "hi", "Bangalore, Karnataka", "भारत"},
		{"+918025555555", "pt-BR", "Bangalore, Karnataka", "Índia"},
		// Languages that do not exist, or have no names of countries.
		{"+442079460018", "und", "London", "United Kingdom"},
		{"+442079460018", "vo", "London", "United Kingdom"},
		{"+442079460018", "xx-yy", "London", "United Kingdom"},
		{"+442079460018", "\xff", "London", "United Kingdom"},
		{"+919876543210", "und", "India", "India"},
		// Mobile numbers of a place, and of none.
		{"+5491123456789", "en", "Buenos Aires", "Argentina"},
		{"+447400123456", "en", "United Kingdom", "United Kingdom"},
		{"+447911123456", "en", "Guernsey", "Guernsey"},
		// Small neighbours.
		{"+390612345678", "en", "Rome", "Italy"},
		{"+390612345678", "it", "Roma", "Italia"},
		{"+390669812345", "en", "Vatican City", "Vatican City"},
		{"+3780549886377", "it", "San Marino", "San Marino"},
		{"+390549886377", "en", "San Marino", "Italy"},
		{"+38344123456", "en", "Kosovo", "Kosovo"},
		{"+38344123456", "sq", "Kosovë", "Kosovë"},
		{"+37744123456", "en", "Monaco", "Monaco"},
		// Several countries, none, and not valid.
		{"+212528812345", "en", "Agadir/Es-Semara/Tarfaya", ""},
		{"+80012345678", "en", "", ""},
		{"+18002345678", "en", "", ""},
		{"+11111111111", "en", "", ""},
		{"+911234567", "en", "India", "India"},
		{"+4912345678901234567", "de", "Deutschland", "Deutschland"},
	} {
		n := mustE164(t, row.e164)
		if of, country := place.Of(n, row.lang), place.Country(n, row.lang); of != row.of || country != row.country {
			t.Errorf("%s in %q: %q in %q, want %q in %q", row.e164, row.lang, of, country, row.of, row.country)
		}
	}
	if s := place.Of(phone.Number{}, "en") + place.Country(phone.Number{}, "en"); s != "" {
		t.Errorf("the zero Number is from %q", s)
	}
}

// Whatever the language, what has a country has a place, if only the country;
// and all regions have numbers of their own but those that share every one.
func TestExamples(t *testing.T) {
	shared := map[string]bool{"BL": true, "EH": true, "MF": true} // with Guadeloupe and Morocco
	for _, region := range phone.Regions() {
		named := false
		for typ := phonenumbers.FIXED_LINE; typ <= phonenumbers.VOICEMAIL; typ++ {
			e := phonenumbers.GetExampleNumberForTypeInRegion(region, typ)
			if e == nil {
				continue
			}
			n := mustE164(t, phonenumbers.Format(e, phonenumbers.E164))
			for _, lang := range []string{"en", "fr", "zh-Hant", "und"} {
				of, country := place.Of(n, lang), place.Country(n, lang)
				if of == "" && country != "" {
					t.Errorf("%v in %s: nowhere in %q", n, lang, country)
				}
				named = named || country != ""
			}
		}
		if named == shared[region] {
			t.Errorf("%s: numbers of its own %v", region, named)
		}
	}
}

func TestConcurrency(t *testing.T) {
	n := mustE164(t, "+498912345678")
	want := map[string]string{"en": "Munich", "de": "München", "fr": "Munich", "ja": "ドイツ"}
	var wg sync.WaitGroup
	for range 4 {
		for lang := range want {
			wg.Go(func() {
				if got := place.Of(n, lang); got != want[lang] {
					t.Errorf("%s: %q", lang, got)
				}
			})
		}
	}
	wg.Wait()
}

func FuzzOf(f *testing.F) {
	f.Add(uint64(16502530000), "de")
	f.Add(uint64(390669812345), "zh-Hant-TW")
	f.Add(uint64(1000000000000000000), "und")
	f.Add(uint64(5491123456789), "x-\xff")
	f.Fuzz(func(t *testing.T, digits uint64, lang string) {
		n, err := phone.ParseE164("+" + strconv.FormatUint(digits, 10))
		if err != nil {
			return
		}
		of, country := place.Of(n, lang), place.Country(n, lang)
		if of == "" && country != "" || strings.ContainsRune(of+country, '\uFFFD') || !n.Valid() && of != country {
			t.Errorf("%v in %q: %q in %q", n, lang, of, country)
		}
	})
}
