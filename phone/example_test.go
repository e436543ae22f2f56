package phone_test

import (
	"errors"
	"fmt"

	"github.com/callerbook/contacts/phone"
)

func ExampleParse() {
	site := &phone.Site{Region: "GB"}
	for _, text := range []string{
		"020 7946 0018",
		"+44 (0)20 7946 0018 ext. 12",
		`"Line 2" <sip:+442079460018@pbx.example.com;user=phone>`,
		"+91 98765-43210",
	} {
		r, err := phone.Parse(text, site)
		fmt.Println(r.Number, r.Extension, r.How, err)
	}
	// Output:
	// +442079460018  national <nil>
	// +442079460018 12 international <nil>
	// +442079460018  international <nil>
	// +919876543210  international <nil>
}

// The API of the contacts gives the calling code apart. A trunk zero or a
// repeated calling code does no harm.
func ExampleParseNational() {
	for _, digits := range []string{"9876543210", "09876543210", "919876543210", "1234567"} {
		r, err := phone.ParseNational("+91", digits, nil)
		fmt.Println(r.Number, r.Valid, err)
	}
	// Output:
	// +919876543210 true <nil>
	// +919876543210 true <nil>
	// +919876543210 true <nil>
	// +911234567 false <nil>
}

// Refusals say why, and mask the number.
func ExampleError() {
	for _, text := range []string{"Anonymous", "911", "9876543210", "9.87654E+09"} {
		_, err := phone.Parse(text, nil)
		var e *phone.Error
		fmt.Println(errors.As(err, &e), e.Reason, errors.Is(err, phone.ErrNoCountry))
	}
	_, err := phone.Parse("9876543210", nil)
	fmt.Println(err)
	// Output:
	// true anonymous false
	// true short false
	// true no-country true
	// true lossy false
	// phone: …3210 has no country: put + and the calling code in front, or say which region it is from
}

// Two Numbers may be one Line.
func ExampleNumber_Line() {
	a, _ := phone.ParseE164("+5215512345678")
	b, _ := phone.ParseE164("+525512345678")
	fmt.Println(a == b, a.Line(nil) == b.Line(nil))
	present, rule := a.Fold(nil)
	fmt.Println(present, rule)
	// Output:
	// false true
	// +525512345678 mexico-prefix
}

// A text may be read in two ways; the book decides.
func ExampleReading_alternates() {
	r, _ := phone.Parse("442079460018", &phone.Site{Region: "DE"})
	fmt.Println(r.Number, r.How)
	for _, a := range r.Alternates {
		fmt.Println(a.Number, a.How)
	}
	// Output:
	// +49442079460018 national
	// +442079460018 no-plus
}

// A host adds a renumbering that is newer than the library, and keeps Lines
// apart that the library folds. The fingerprint changes with the rules.
func ExampleRules() {
	rules := &phone.Rules{
		Off: []string{"kosovo"},
		Add: []phone.Rule{{
			Name: "new-area", Code: 91, Old: "11", Digits: 10, New: "111",
			Unchecked: true, EvenIfValid: true, Source: "TRAI", Date: "2030-01-01",
		}},
	}
	r, _ := phone.Parse("+91 11 2345 6789", &phone.Site{Rules: rules})
	fmt.Println(r.Number, r.Line, r.Rule)
	fmt.Println(phone.Fingerprint(rules) == phone.Fingerprint(nil))
	// Output:
	// +911123456789 +9111123456789 new-area
	// false
}

func ExampleNumber() {
	n, _ := phone.ParseE164("+919876543210")
	fmt.Println(n, n.CallingCode(), n.National(), n.Region(), n.Type())
	// Output: +919876543210 91 9876543210 IN mobile
}
