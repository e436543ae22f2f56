package phone_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

var types = map[phonenumbers.PhoneNumberType]phone.Type{
	phonenumbers.FIXED_LINE: phone.FixedLine, phonenumbers.MOBILE: phone.Mobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: phone.FixedLineOrMobile, phonenumbers.TOLL_FREE: phone.TollFree,
	phonenumbers.PREMIUM_RATE: phone.PremiumRate, phonenumbers.SHARED_COST: phone.SharedCost,
	phonenumbers.VOIP: phone.VoIP, phonenumbers.PERSONAL_NUMBER: phone.Personal, phonenumbers.PAGER: phone.Pager,
	phonenumbers.UAN: phone.UAN, phonenumbers.VOICEMAIL: phone.Voicemail, phonenumbers.UNKNOWN: phone.Unknown,
}

func comparePlain(t *testing.T, digits string, plus bool, region string) {
	t.Helper()
	text := digits
	if plus {
		text = "+" + digits
	}
	want, err := phonenumbers.Parse(text, region)
	got, ok := phone.ReadPlain(digits, plus, region)
	if err != nil {
		if ok {
			t.Errorf("%q at %s: %v, want %v", text, region, got, err)
		}
		return
	}
	e164 := phonenumbers.Format(want, phonenumbers.E164)
	if !ok && len(e164) > 20 {
		return
	}
	if !ok || got.String() != e164 {
		t.Errorf("%q at %s: %v %v, want %s", text, region, got, ok, e164)
		return
	}
	if typ := types[phonenumbers.GetNumberType(want)]; got.Type() != typ || got.Valid() != phonenumbers.IsValidNumber(want) {
		t.Errorf("%q at %s: %v %v, want %v %v", text, region, got.Type(), got.Valid(), typ, phonenumbers.IsValidNumber(want))
	}
	if got.Valid() && got.Region() != phonenumbers.GetRegionCodeForNumber(want) {
		t.Errorf("%q at %s: region %s, want %s", text, region, got.Region(), phonenumbers.GetRegionCodeForNumber(want))
	}
}

func TestPlainDifferential(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	regions := phone.Regions()
	codes := phone.CallingCodes()
	for range 100000 {
		region := regions[r.IntN(len(regions))]
		var b strings.Builder
		n := 1 + r.IntN(16)
		if r.IntN(2) == 0 {
			code := codes[r.IntN(len(codes))]
			if r.IntN(2) == 0 {
				code, _ = phone.CallingCodeForRegion(region)
			}
			b.WriteString(phone.CallingCodePrefix(code))
		}
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		comparePlain(t, b.String(), r.IntN(3) != 0, region)
		if t.Failed() {
			return
		}
	}
}

func BenchmarkParsePlain(b *testing.B) {
	b.ReportAllocs()
	var buf [24]byte
	for b.Loop() {
		r, _ := phone.Parse("+919876543210", nil)
		r.Number.AppendText(buf[:0])
	}
}

func BenchmarkParseNationalPlain(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		phone.ParseNational("+91", "9876543210", nil)
	}
}
