package phone_test

import (
	"reflect"
	"strconv"
	"sync"
	"testing"

	"github.com/callerbook/contacts/phone"
)

// TestQuick: the short way through plain digits comes to what the long way
// does, which Explain takes.
func TestQuick(t *testing.T) {
	r := newRand(t)
	n := 40_000
	if raceEnabled {
		n = 2_000
	}
	all, regions, rules := descriptions(t), phone.Regions(), phone.PackageRules()
	own := &phone.Rules{Off: []string{"kosovo"}, Add: []phone.Rule{{Name: "own", Code: 91, Old: "98", New: "97", EvenIfValid: true}}}
	for i := range n {
		digits, _, region := randomDigits(r, all, regions)
		if i%3 == 0 {
			rule := rules[r.IntN(len(rules))]
			digits = strconv.Itoa(rule.Code) + oldForm(r, rule)
		}
		site := &phone.Site{Region: region}
		switch i % 4 {
		case 0:
			site = nil
		case 1:
			site.Rules = own
		}
		got, err := phone.Parse("+"+digits, site)
		e := phone.Explain("+"+digits, site)
		if !reflect.DeepEqual(got, e.Reading) || !reflect.DeepEqual(err, e.Err) {
			t.Fatalf("+%s at %+v: %+v, %v; the long way %+v, %v", digits, site, got, err, e.Reading, e.Err)
		}
	}
}

// TestConcurrent: one Site with rules serves many goroutines.
func TestConcurrent(t *testing.T) {
	site := &phone.Site{Region: "MX", OutsideLine: "9", Rules: &phone.Rules{Off: []string{"kosovo"}}}
	texts := []string{"044 55 1234 5678", "+5215512345678", "+37744123456", `"Line 2" <sip:+525512345678@host>`, "9 55 1234 5678", "hello"}
	var want []phone.Line
	for _, text := range texts {
		r, _ := phone.Parse(text, site)
		want = append(want, r.Line)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				for i, text := range texts {
					if r, _ := phone.Parse(text, site); r.Line != want[i] {
						t.Errorf("%q: %v, want %v", text, r.Line, want[i])
					}
				}
				phone.Fingerprint(site.Rules)
			}
		})
	}
	wg.Wait()
}
