package phone_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

var long = flag.Bool("long", false, "compare 5,000,000 random inputs with phonenumbers instead of 100,000")

// comparePlain reads digits in a region with phonenumbers and with the part of
// this package that must do the same, and says what differs.
func comparePlain(digits string, plus bool, region string) error {
	text := digits
	if plus {
		text = "+" + digits
	}
	want, err := phonenumbers.Parse(text, region)
	got, ok := phone.ReadPlain(digits, plus, region)
	if err != nil {
		if ok {
			return fmt.Errorf("%q at %s: %v, want %w", text, region, got, err)
		}
		return nil
	}
	e164 := phonenumbers.Format(want, phonenumbers.E164)
	valid := phonenumbers.IsValidNumber(want)
	if !ok && !valid && len(e164) > len("+")+19 {
		return nil // more digits than a Number holds, and no number
	}
	switch {
	case !ok || got.String() != e164:
		return fmt.Errorf("%q at %s: %v %v, want %s", text, region, got, ok, e164)
	case got.Valid() != valid:
		return fmt.Errorf("%q at %s: valid %v, want %v", text, region, got.Valid(), valid)
	case got.Type() != types[phonenumbers.GetNumberType(want)]:
		return fmt.Errorf("%q at %s: type %v, want %v", text, region, got.Type(), types[phonenumbers.GetNumberType(want)])
	case valid && got.Region() != phonenumbers.GetRegionCodeForNumber(want):
		return fmt.Errorf("%q at %s: region %s, want %s", text, region, got.Region(), phonenumbers.GetRegionCodeForNumber(want))
	case got.CallingCode() != int(want.GetCountryCode()), got.National() != phonenumbers.GetNationalSignificantNumber(want):
		return fmt.Errorf("%q at %s: %d %s", text, region, got.CallingCode(), got.National())
	}
	return nil
}

// TestEveryType compares numbers of every type in every region, at every
// length around theirs, with and without calling code and national prefix.
func TestEveryType(t *testing.T) {
	r := newRand(t)
	rounds, stride := 3, 1
	if raceEnabled {
		rounds, stride = 1, 4
	}
	n := 0
	check := func(digits string, plus bool, region string) {
		n++
		if err := comparePlain(digits, plus, region); err != nil {
			t.Error(err)
		}
	}
	for i, d := range descriptions(t) {
		if i%stride != 0 {
			continue
		}
		code := strconv.Itoa(d.code)
		region := d.region
		if region == "001" {
			region = "US"
		}
		trunk := phonenumbers.GetNddPrefixForRegion(d.region, true)
		for range rounds {
			number := string(sample(r, d.re, nil))
			for size := len(number) - 2; size <= len(number)+2; size++ {
				digits := number[:min(len(number), max(size, 1))]
				for len(digits) < size {
					digits += strconv.Itoa(r.IntN(10))
				}
				check(code+digits, true, "ZZ")
				check(digits, false, region)
			}
			check(trunk+number, false, region)
			check(code+trunk+number, true, region)
			check(code+number, false, region)
			check("00"+code+number, false, region)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d numbers compared", n)
}

// randomDigits returns digits that are near enough to numbers to be
// interesting, whether they are written with a plus sign, and a region.
func randomDigits(r *rand.Rand, all []described, regions []string) (digits string, plus bool, region string) {
	region = regions[r.IntN(len(regions))]
	d := all[r.IntN(len(all))]
	if r.IntN(4) != 0 && d.region != "001" {
		region = d.region
	}
	var b []byte
	switch r.IntN(4) {
	case 0:
		b = append(b, []string{"0", "00", "1", "8", "011", "010", "0011", "06", "9", "15"}[r.IntN(10)]...)
	case 1:
		b = strconv.AppendInt(b, int64(d.code), 10)
	}
	if r.IntN(3) != 0 {
		b = strconv.AppendInt(b, int64(d.code), 10)
		plus = r.IntN(3) != 0
	}
	if r.IntN(8) != 0 {
		b = sample(r, d.re, b)
	} else {
		for range r.IntN(18) {
			b = append(b, byte('0'+r.IntN(10)))
		}
	}
	for range r.IntN(3) {
		if len(b) == 0 {
			break
		}
		switch i := r.IntN(len(b)); r.IntN(3) {
		case 0:
			b[i] = byte('0' + r.IntN(10))
		case 1:
			b = append(b[:i], b[i+1:]...)
		default:
			b = append(b, byte('0'+r.IntN(10)))
		}
	}
	return string(b), plus, region
}

// TestRandom compares random digits: 100,000 of them, 5,000,000 with -long.
func TestRandom(t *testing.T) {
	n := 100_000
	switch {
	case *long:
		n = 5_000_000
	case raceEnabled:
		n = 5_000
	}
	all, regions := descriptions(t), phone.Regions()
	const workers = 2
	for w := range workers {
		t.Run(strconv.Itoa(w), func(t *testing.T) {
			t.Parallel()
			r := newRand(t)
			for i := 0; i < n/workers && !t.Failed(); i++ {
				digits, plus, region := randomDigits(r, all, regions)
				if digits == "" {
					continue
				}
				if err := comparePlain(digits, plus, region); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// FuzzPlain compares any digits in any region.
func FuzzPlain(f *testing.F) {
	regions := phone.Regions()
	f.Add("919876543210", true, uint8(0))
	f.Add("01115123456789", false, uint8(60))
	f.Fuzz(func(t *testing.T, digits string, plus bool, region uint8) {
		if len(digits) == 0 || len(digits) > 40 {
			return
		}
		for i := range len(digits) {
			if digits[i] < '0' || digits[i] > '9' {
				return
			}
		}
		if err := comparePlain(digits, plus, regions[int(region)%len(regions)]); err != nil {
			t.Error(err)
		}
	})
}
