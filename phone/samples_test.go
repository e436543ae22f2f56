package phone_test

import (
	"math/rand/v2"
	"regexp/syntax"
	"testing"
	"time"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// newRand returns a source of random numbers and prints its seed.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// sample writes a random string that a metadata pattern matches.
func sample(r *rand.Rand, re *syntax.Regexp, b []byte) []byte {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			b = append(b, byte(c))
		}
	case syntax.OpCharClass:
		n := 0
		for i := 0; i < len(re.Rune); i += 2 {
			n += int(re.Rune[i+1]-re.Rune[i]) + 1
		}
		k := r.IntN(n)
		for i := 0; i < len(re.Rune); i += 2 {
			size := int(re.Rune[i+1]-re.Rune[i]) + 1
			if k < size {
				return append(b, byte(re.Rune[i])+byte(k))
			}
			k -= size
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			b = sample(r, sub, b)
		}
	case syntax.OpAlternate:
		return sample(r, re.Sub[r.IntN(len(re.Sub))], b)
	case syntax.OpQuest:
		if r.IntN(2) == 0 {
			b = sample(r, re.Sub[0], b)
		}
	case syntax.OpRepeat:
		for range re.Min + r.IntN(re.Max-re.Min+1) {
			b = sample(r, re.Sub[0], b)
		}
	}
	return b
}

// described is one description of the metadata: a region's numbers of a type.
type described struct {
	region string // "001" for a calling code without region
	code   int
	re     *syntax.Regexp
}

// descriptions returns all of them.
func descriptions(t testing.TB) []described {
	t.Helper()
	coll, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	var out []described
	for _, m := range coll.GetMetadata() {
		for _, d := range []*phonenumbers.PhoneNumberDesc{
			m.GetGeneralDesc(), m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
			m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
		} {
			if d.GetNationalNumberPattern() == "" {
				continue
			}
			re, err := syntax.Parse(d.GetNationalNumberPattern(), syntax.Perl)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, described{m.GetId(), int(m.GetCountryCode()), re})
		}
	}
	return out
}

var types = map[phonenumbers.PhoneNumberType]phone.Type{
	phonenumbers.FIXED_LINE: phone.FixedLine, phonenumbers.MOBILE: phone.Mobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: phone.FixedLineOrMobile, phonenumbers.TOLL_FREE: phone.TollFree,
	phonenumbers.PREMIUM_RATE: phone.PremiumRate, phonenumbers.SHARED_COST: phone.SharedCost,
	phonenumbers.VOIP: phone.VoIP, phonenumbers.PERSONAL_NUMBER: phone.Personal, phonenumbers.PAGER: phone.Pager,
	phonenumbers.UAN: phone.UAN, phonenumbers.VOICEMAIL: phone.Voicemail, phonenumbers.UNKNOWN: phone.Unknown,
}
