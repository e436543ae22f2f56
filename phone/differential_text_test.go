package phone_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// compareText reads text with phonenumbers and with Parse, and says what
// differs. A difference is no error when it has one of the names that the
// package's documentation lists.
func compareText(text, region string) (deliberate string, err error) {
	want, wantErr := phonenumbers.Parse(text, region)
	got, gotErr := phone.Parse(text, &phone.Site{Region: region})
	if wantErr != nil || !phonenumbers.IsValidNumber(want) {
		if gotErr != nil || !got.Number.Valid() {
			return "", nil
		}
		if name := difference(text, got, nil); name != "" {
			return name, nil
		}
		return "", fmt.Errorf("%q at %s: read as valid %v (%v), want %v", text, region, got.Number, got.How, wantErr)
	}
	e164 := phonenumbers.Format(want, phonenumbers.E164)
	switch {
	case gotErr != nil:
		err = fmt.Errorf("%q at %s: %w, want %s", text, region, gotErr, e164)
	case got.Number.String() != e164:
		err = fmt.Errorf("%q at %s: %v (%v, %s), want %s", text, region, got.Number, got.How, got.Rule, e164)
	case got.Number.Type() != types[phonenumbers.GetNumberType(want)] || !got.Valid:
		err = fmt.Errorf("%q at %s: type %v, valid %v", text, region, got.Number.Type(), got.Valid)
	case got.Extension != asciiDigits(want.GetExtension()):
		err = fmt.Errorf("%q at %s: extension %q, want %q", text, region, got.Extension, want.GetExtension())
	default:
		return "", nil
	}
	if errors.Is(gotErr, phone.ErrShort) && len(phonenumbers.GetNationalSignificantNumber(want)) <= 4 {
		return "internal number", nil
	}
	if name := difference(text, got, gotErr); name != "" {
		return name, nil
	}
	return "", err
}

var decimals = regexp.MustCompile(`\p{Nd}[.,]\p{Nd}{1,2}\P{Nd}*$`)

var plusInside = regexp.MustCompile(`[+\x{FF0B}\p{Nd}].*[+\x{FF0B}]`)

var secondExtension = regexp.MustCompile(`[\\/] *[X\x{FF38}\x{FF58}]`)

var masked = regexp.MustCompile(`(?i)[x\x{FF38}\x{FF58}]\p{Cf}*[x\x{FF38}\x{FF58}]\p{Cf}*[x\x{FF38}\x{FF58}]`)

func asciiDigits(s string) string { return phonenumbers.NormalizeDigitsOnly(s) }

// difference names the deliberate difference that explains a reading.
func difference(text string, got phone.Reading, err error) string {
	switch {
	case errors.Is(err, phone.ErrAnonymous):
		return "anonymous"
	case errors.Is(err, phone.ErrMultiple):
		return "two numbers"
	case errors.Is(err, phone.ErrLossy):
		return "lossy"
	case got.Rule != "":
		return got.Rule
	case strings.Contains(text, "~"):
		return "separator"
	}
	if secondExtension.MatchString(text) {
		return "capital X" // phonenumbers cuts "/x12" off, "/X12" it does not
	}
	letters, foreign := 0, false
	for _, r := range text {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			letters++
		}
		foreign = foreign || r > 0x7f && unicode.IsDigit(r)
	}
	if err != nil && masked.MatchString(text) {
		return "masked"
	}
	if letters >= 3 && foreign {
		return "digits of other scripts beside letters" // phonenumbers drops the digits
	}
	for _, r := range text {
		if !strings.ContainsRune(punctuation, r) && !unicode.IsDigit(r) && !(r <= 0x7f && unicode.IsLetter(r)) {
			return "cleaning"
		}
	}
	if decimals.MatchString(text) {
		return "decimals"
	}
	if plusInside.MatchString(text) {
		return "plus inside"
	}
	return ""
}

// punctuation is what phonenumbers allows inside of a number.
const punctuation = "+\uFF0B*-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30FC\uFF0D\uFF0E\uFF0F \u00A0\u00AD\u200B\u2060\u3000" +
	"()\uFF08\uFF09\uFF3B\uFF3D.[]/~\u2053\u223C\uFF5E"

// randomText writes digits as people do.
func randomText(r *rand.Rand, digits string, plus bool) string {
	separators := []string{" ", " ", "-", "-", ".", "(", ")", "/", " - ", "\u00a0", "\u2011", "[", "]", "~", "*", "\u3000", "x", "()", ". "}
	tails := []string{" x12", " ext. 123", ";ext=9", " #12", ",,123", " - 503#", "p12", " home", " (mobile)", " ", ".", " доб 12", " int 12", " Ext: 7", ", 12"}
	leads := []string{" ", "(", "tel:", "Tel: ", "'", "*67 ", "call "}
	var b strings.Builder
	if r.IntN(12) == 0 {
		b.WriteString(leads[r.IntN(len(leads))])
	}
	if plus {
		b.WriteString("+")
	}
	script := r.IntN(10)
	for i := range len(digits) {
		switch script {
		case 0:
			b.WriteRune(rune(digits[i]-'0') + '\u0966')
		case 1:
			b.WriteRune(rune(digits[i]-'0') + '\uff10')
		default:
			b.WriteByte(digits[i])
		}
		if r.IntN(5) == 0 {
			b.WriteString(separators[r.IntN(len(separators))])
		}
	}
	if r.IntN(4) == 0 {
		b.WriteString(tails[r.IntN(len(tails))])
	}
	return b.String()
}

// TestText compares whole texts.
func TestText(t *testing.T) {
	n := 30_000
	switch {
	case *long:
		n = 1_000_000
	case raceEnabled:
		n = 2_000
	}
	r := newRand(t)
	all, regions := descriptions(t), phone.Regions()
	deliberate := map[string]int{}
	failed := 0
	for i := 0; i < n && failed < 20; i++ {
		digits, plus, region := randomDigits(r, all, regions)
		name, err := compareText(randomText(r, digits, plus), region)
		if err != nil {
			failed++
			t.Error(err)
		}
		deliberate[name]++
	}
	t.Logf("equal: %d; deliberately different: %v", deliberate[""], deliberate)
}

// FuzzText compares any text in any region, and checks what every Reading
// promises.
func FuzzText(f *testing.F) {
	regions := phone.Regions()
	for i, row := range spellings {
		f.Add(row.text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, region uint8) {
		at := regions[int(region)%len(regions)]
		if _, err := compareText(text, at); err != nil {
			t.Error(err)
		}
		checkPromises(t, text, &phone.Site{Region: at, OutsideLine: "9"})
		checkPromises(t, text, nil)
	})
}

// checkPromises checks the contract of Reading and *Error on one text.
func checkPromises(t *testing.T, text string, site *phone.Site) {
	t.Helper()
	r, err := phone.Parse(text, site)
	if err != nil {
		var e *phone.Error
		if !errors.As(err, &e) || e.Text != text || e.Error() == "" || !r.Number.IsZero() || r.Line != 0 || r.Extension != "" {
			t.Errorf("%q: refusal %#v with %+v", text, err, r)
		}
		if len(r.Alternates) > 0 && e.Reason != phone.ReasonNoCountry {
			t.Errorf("%q: alternates with %v", text, err)
		}
	} else if r.Number.IsZero() || r.Line == 0 || r.How == phone.HowNone {
		t.Errorf("%q: empty reading %+v", text, r)
	} else {
		again, err := phone.ParseE164(r.Number.String())
		if err != nil || again != r.Number {
			t.Errorf("%q: %v is read back as %v, %v", text, r.Number, again, err)
		}
		if r.Number.Line(nil) != r.Line {
			t.Errorf("%q: %v has Line %v, reading says %v", text, r.Number, r.Number.Line(nil), r.Line)
		}
		for _, c := range r.Extension {
			if c < '0' || c > '9' {
				t.Errorf("%q: extension %q", text, r.Extension)
			}
		}
	}
	seen := map[phone.Line]bool{r.Line: true}
	for _, a := range r.Alternates {
		if seen[a.Line] || a.Number.Line(nil) != a.Line {
			t.Errorf("%q: alternate %+v of %+v", text, a, r)
		}
		seen[a.Line] = true
	}
}
