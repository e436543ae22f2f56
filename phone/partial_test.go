package phone_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
)

func ExampleParsePartial() {
	p, _ := phone.ParsePartial("020 79", &phone.Site{Region: "GB"})
	fmt.Println(p.Digits, p.Home)
	p, _ = phone.ParsePartial("+54 9 11 23", nil)
	fmt.Println(p.Digits, p.International)
	// Output:
	// 02079 [4402079 442079]
	// 5491123 [5491123 541123]
}

func TestParsePartial(t *testing.T) {
	for _, c := range []struct {
		text, region string
		digits       string
		begins       string // at home, then "|" and international
		abroad       string // one of them, or "-" for none at all
	}{
		{"9", "IN", "9", "919|9", "-"},
		{"98765", "IN", "98765", "9198765|98765", "4498765"},
		{"098765", "IN", "098765", "91098765 9198765|", "4498765"},
		{"+91 (98)", "", "9198", "|9198", "-"},
		{"+91 098", "", "91098", "|91098 9198", "-"},
		{"0091 98", "IN", "009198", "9198 91009198 9109198|", "-"},
		{"00 91 98", "", "009198", "9198|", "-"},
		{"011 91 98", "US", "0119198", "9198 10119198|", "-"},
		{"1650", "US", "1650", "11650 1650|", "441650"},
		{"98765", "", "98765", "|98765", "9198765"},
		{"06 12", "IT", "0612", "390612 3900612|", "330612"},
		{"+39 6982", "IT", "396982", "|396982 3906982", "-"},
		{"+52 1 55 12", "", "5215512", "|5215512 525512", "-"},
		{"8 912", "RU", "8912", "78912 7912|8912", "4989 12"},
		{"+229 97 00", "", "2299700", "|2299700 229019700", "-"},
		{"+", "", "", "", ""}, {"", "", "", "", ""}, {"98+76", "", "", "", ""}, {"++98", "", "", "", ""}, {"98a", "", "", "", ""},
		{"98765@x", "", "", "", ""}, {"12345678901234567890", "", "", "", ""}, {strings.Repeat(" ", 70) + "1", "", "", "", ""},
		{"९८७६५", "IN", "98765", "9198765|98765", "-x"},
		{"+91\u202c98", "", "9198", "|9198", "-"},
		{"0", "IN", "0", "910|", "-"},
		{"98765,", "IN", "98765", "9198765|98765", ""}, {"[98765]", "IN", "98765", "9198765|98765", ""}, {"# (98765):", "IN", "98765", "9198765|98765", ""},
		{"98, 76", "", "", "", ""}, {"x98", "", "", "", ""}, {"98x", "", "", "", ""},
		{"+999", "", "999", "|999", "-"},
	} {
		p, ok := phone.ParsePartial(c.text, &phone.Site{Region: c.region})
		if ok != (c.digits != "") || p.Digits != c.digits || strings.Join(p.Home, " ")+"|"+strings.Join(p.International, " ") != c.begins && c.begins != "" {
			t.Errorf("%q in %q: got %q %v|%v %v, want %q %s", c.text, c.region, p.Digits, p.Home, p.International, ok, c.digits, c.begins)
		}
		if c.abroad == "-" && len(p.Abroad) > 0 {
			t.Errorf("%q in %q: got %d beginnings abroad, want none", c.text, c.region, len(p.Abroad))
		}
		if c.abroad != "" && c.abroad[0] != '-' && !slices.Contains(p.Abroad, strings.ReplaceAll(c.abroad, " ", "")) {
			t.Errorf("%q in %q: %s is not among %v", c.text, c.region, c.abroad, p.Abroad)
		}
	}
}

// TestPartialReachesLine types valid numbers digit by digit, as E.164 and as
// people dial them at home: at each step the beginning of the line is there.
func TestPartialReachesLine(t *testing.T) {
	r := newRand(t)
	for _, d := range descriptions(t) {
		for range 3 {
			number, err := phone.ParseE164(fmt.Sprintf("+%d%s", d.code, sample(r, d.re, nil)))
			region := d.region
			if err != nil || !number.Valid() {
				continue
			}
			line := strings.TrimPrefix(number.Line(nil).String(), "+")
			for _, text := range []string{number.String(), number.National()} {
				r, err := phone.Parse(text, &phone.Site{Region: region})
				if err != nil || r.Line != number.Line(nil) {
					continue // it means another number there
				}
				p, ok := phone.ParsePartial(text, &phone.Site{Region: region})
				if !ok || !slices.ContainsFunc(slices.Concat(p.Home, p.International), func(b string) bool { return strings.HasPrefix(line, b) }) {
					t.Errorf("%s typed as %q: no beginning of %s among %v", number, text, line, p)
				}
			}
		}
	}
}

func FuzzParsePartial(f *testing.F) {
	f.Add("+91 98765", "IN")
	f.Add("0 20 79", "GB")
	f.Add("\xff1", "")
	f.Fuzz(func(t *testing.T, text, region string) {
		p, ok := phone.ParsePartial(text, &phone.Site{Region: region})
		if !ok {
			return
		}
		for _, list := range [][]string{{p.Digits}, p.Home, p.International, p.Abroad} {
			for _, d := range list {
				if d == "" || len(d) > 19 || strings.Trim(d, "0123456789") != "" {
					t.Errorf("%q in %q gives %q", text, region, d)
				}
			}
		}
		if len(p.Abroad) > 1000 {
			t.Errorf("%d beginnings abroad", len(p.Abroad))
		}
	})
}
