package phone_test

import (
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// BenchmarkParse reads one text a round: first the plain digits that an API
// and a telephone system hand over, then what people and programs write.
func BenchmarkParse(b *testing.B) {
	us := &phone.Site{Region: "US", OutsideLine: "9"}
	de := &phone.Site{Region: "DE"}
	for _, row := range []struct {
		name, text string
		site       *phone.Site
	}{
		{"plus", "+919876543210", nil},
		{"plus-GB", "+442079460018", nil},
		{"plus-rules", "+5491123456789", nil},
		{"national", "6502530000", us},
		{"no-plus", "919876543210", us},
		{"german-no-plus", "442079460018", de},
		{"outside-line", "916502530000", us},
		{"punctuation", "+1 (650) 253-0000", nil},
		{"extension", "+1 (650) 253-0000 ext. 123", nil},
		{"vanity", "1-800-FLOWERS", us},
		{"sip", "\"Jane Doe\" <sip:+16502530000@pbx.example.com;user=phone>;tag=5", nil},
		{"tel", "tel:+1-650-253-0000", nil},
		{"jid", "919876543210@s.whatsapp.net", nil},
		{"devanagari", "+९१ ९८७६५ ४३२१०", nil},
		{"anonymous", "Anonymous", us},
		{"words", "+44 20 7946 0018 ask for Jane", nil},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				phone.Parse(row.text, row.site)
			}
		})
	}
}

// BenchmarkRules reads plain digits with a calling code, each a number that an
// equivalence rule applies to, or could: what the text of a number costs that
// a book stores and looks up.
func BenchmarkRules(b *testing.B) {
	for _, row := range []struct{ name, text string }{
		{"none-IN", "+919876543210"},
		{"none-GB", "+442079460018"},
		{"none-DE", "+4930123456789"},
		{"argentina-mobile", "+5491123456789"},
		{"argentina-landline", "+541143219876"},
		{"argentina-9-15", "+549111523456789"},
		{"mexico", "+525512345678"},
		{"mexico-1", "+5215512345678"},
		{"brazil", "+5511961234567"},
		{"brazil-8-digits", "+551161234567"},
		{"italy", "+390612345678"},
		{"italy-no-zero", "+39612345678"},
		{"italy-mobile", "+393471234567"},
		{"italy-mobile-zero", "+3903471234567"},
		{"san-marino", "+3780549886377"},
		{"san-marino-39", "+390549886377"},
		{"france", "+33612345678"},
		{"france-overseas", "+33697123456"},
		{"guadeloupe", "+590590201234"},
		{"kosovo", "+38344123456"},
		{"kosovo-377", "+37744123456"},
		{"kosovo-386", "+38649234567"},
		{"kosovo-381", "+38138500100"},
		{"benin-8-digits", "+22997123456"},
		{"ivory-coast-8-digits", "+22507123456"},
		{"colombia-landline", "+5712345678"},
		{"colombia-medellin", "+5746123456"},
		{"vietnam-mobile", "+841991234567"},
		{"vietnam-area", "+847813822123"},
		{"philippines", "+639051234567"},
		{"manila-7-digits", "+6322345678"},
		{"gabon", "+24106031234"},
		{"saudi-landline", "+96612345678"},
		{"chile", "+56987654321"},
		{"chile-8-digits", "+5698765432"},
		{"mauritius-7-digits", "+2302512345"},
		{"cameroon-8-digits", "+23799123456"},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			var buf [24]byte
			for b.Loop() {
				r, _ := phone.Parse(row.text, nil)
				r.Number.AppendText(buf[:0])
			}
		})
	}
}

// BenchmarkParseNational is the API's form, with the E.164 text appended to a
// buffer and the Line.
func BenchmarkParseNational(b *testing.B) {
	b.ReportAllocs()
	var buf [24]byte
	for b.Loop() {
		r, _ := phone.ParseNational("+91", "9876543210", nil)
		r.Number.AppendText(buf[:0])
	}
}

func BenchmarkFingerprint(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		phone.Fingerprint(nil)
	}
}

// BenchmarkPhonenumbers is what it takes without this package: a number parsed,
// validated and written as E.164.
func BenchmarkPhonenumbers(b *testing.B) {
	for _, text := range []string{"+919876543210", "+442079460018", "+5491123456789"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, err := phonenumbers.Parse(text, "")
				if err != nil || !phonenumbers.IsValidNumber(n) || phonenumbers.Format(n, phonenumbers.E164) != text {
					b.Fatal(text)
				}
			}
		})
	}
}
