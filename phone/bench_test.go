package phone_test

import (
	"testing"

	"github.com/callerbook/contacts/phone"
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
