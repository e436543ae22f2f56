package display_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/phone/display"
	"github.com/nyaruka/phonenumbers/v2"
)

// show writes the cursor into a text.
func show(text string, cursor int) string {
	r := []rune(text)
	return string(r[:cursor]) + "|" + string(r[cursor:])
}

// split is the inverse of show.
func split(s string) (string, int) {
	before, after, _ := strings.Cut(s, "|")
	return before + after, utf8.RuneCountInString(before)
}

// typeIn types a text one character at a time, at the end.
func typeIn(f *display.Field, typed string) string {
	text, cursor := "", 0
	for _, r := range typed {
		text, cursor = f.Update(text[:cursor]+string(r)+text[cursor:], cursor+1)
	}
	return text
}

func TestFieldUpdate(t *testing.T) {
	for _, row := range []struct{ region, in, want string }{
		{"US", "|", "|"},
		{"US", "6502|", "650-2|"},
		{"us", "6502530000|", "(650) 253-0000|"},
		{"US", "16502530000|", "1 (650) 253-0000|"},
		{"US", "+|", "+|"},
		{"US", "+1|", "+1|"}, // the space comes with the next digit
		{"US", "+16|", "+1 6|"},
		{"US", "+442079460018|", "+44 20 7946 0018|"},
		{"US", "011442079460018|", "011 44 20 7946 0018|"},
		{"RU", "89123456789|", "8 (912) 345-67-89|"},
		{"IT", "0612345678|", "06 1234 5678|"},
		{"XK", "044123456|", "044 123 456|"},
		{"", "02079460018|", "02079460018|"},
		{"ZZ", "+390612345678|", "+39 06 1234 5678|"},

		// The cursor stays behind its digit.
		{"GB", "02|079460018", "02|0 7946 0018"},
		{"GB", "|02079460018", "|020 7946 0018"},
		{"US", "(65|0) 253-0000", "(65|0) 253-0000"},
		{"US", "(650)| 253-0000", "(650|) 253-0000"},
		{"US", "6|5025300001", "6|5025300001"}, // one digit too many

		// Separators of any kind are put in anew, in all scripts.
		{"GB", "020.7946-0018|", "020 7946 0018|"},
		{"GB", "\u202a(+44)\u00a020\u20117946 0018\u202c|", "+44 20 7946 0018|"},
		{"IN", "९८७६५४|३२१०", "98765 4|3210"},
		{"JP", "＋８１　３|", "+81 3|"},

		// What is no number is left alone.
		{"US", "1-800-FLO|", "1-800-FLO|"},
		{"US", "6502530000 x1|2", "6502530000 x1|2"},
		{"US", "*3|1#", "*3|1#"},
		{"US", "650+25|", "650+25|"},
		{"US", " (|", " (|"},
		{"US", "Bj|örk", "Bj|örk"},
		{"US", "\xff5|", "\xff5|"},
		{"", "+" + strings.Repeat("1 ", 33) + "|", "+" + strings.Repeat("1 ", 33) + "|"},
		{"", "+" + strings.Repeat("1 ", 32) + "|", "+" + strings.Repeat("1", 32) + "|"},
	} {
		f := display.Field{Region: row.region}
		in, at := split(row.in)
		text, cursor := f.Update(in, at)
		want, wantAt := split(row.want)
		if text != want || cursor != wantAt {
			t.Errorf("%s %q: %q at %d, want %q at %d", row.region, row.in, text, cursor, want, wantAt)
		}
	}
}

// A cursor that is out of range is brought into it.
func TestFieldCursorOutOfRange(t *testing.T) {
	for _, text := range []string{"", "(", "6502", "Björk"} {
		var f display.Field
		if _, at := f.Update(text, -5); at != 0 {
			t.Errorf("%q: cursor %d, not at the beginning", text, at)
		}
		out, at := f.Update(text, 99)
		if at != utf8.RuneCountInString(out) {
			t.Errorf("%q: cursor %d, not at the end of %q", text, at, out)
		}
	}
}

// edit is what a text field does on a key: '<' Backspace, '>' Delete, 'l' and
// 'r' the arrows, of which Update is not told, anything else is typed.
func edit(f *display.Field, text string, cursor int, keys string) (string, int) {
	for _, key := range keys {
		r := []rune(text)
		switch {
		case key == 'l':
			cursor = max(cursor-1, 0)
			continue
		case key == 'r':
			cursor = min(cursor+1, len(r))
			continue
		case key == '<' && cursor > 0:
			text, cursor = string(r[:cursor-1])+string(r[cursor:]), cursor-1
		case key == '>' && cursor < len(r):
			text = string(r[:cursor]) + string(r[cursor+1:])
		case key == '<' || key == '>':
			continue
		default:
			text, cursor = string(r[:cursor])+string(key)+string(r[cursor:]), cursor+1
		}
		text, cursor = f.Update(text, cursor)
	}
	return text, cursor
}

func TestFieldKeys(t *testing.T) {
	for _, row := range []struct{ keys, want string }{
		{"6502530000", "(650) 253-0000|"},
		{"6502530000<", "(650) 253-000|"},
		{"6502530000<<<", "650-2530|"},
		{"6502530000<<<<<<<", "650|"},
		{"6502530000<<<<<<<<<<", "|"},
		{"+44<<<", "|"},
		// A digit in the middle: put in, taken out by either key.
		{"650253000lll9", "(650) 253-9|000"},
		{"6502530000ll<", "(650) 253-0|00"},
		{"6502530000llll>", "(650) 253|-000"},
		// Across a separator: the first stroke steps over it, the next deletes.
		{"6502530000llll<", "(650) 253|-0000"},
		{"6502530000llll<<", "(650) 25|0-000"},
		{"6502530000lllll>", "(650) 253|-0000"},
		{"6502530000lllll>>", "(650) 253-|0000"},
		{"6502530000lllll>>>", "(650) 253-|000"},
		{"6502530000lllll>>>>", "(650) 253-|00"},
		{"6502530000llllllll<<", "(65|2) 530-000"},
		{"6502530000llllllll<<<<", "|253-0000"},
	} {
		f := display.Field{Region: "US"}
		text, cursor := edit(&f, "", 0, row.keys)
		if got := show(text, cursor); got != row.want {
			t.Errorf("%s: %q, want %q", row.keys, got, row.want)
		}
	}
}

// Whatever stands in the text field, holding down either key empties it.
func TestFieldKeysAlwaysGetOn(t *testing.T) {
	all := examples(t)
	for i := 0; i < len(all); i += 7 {
		n := all[i]
		for _, typed := range []string{n.String(), digitsOf(display.National(n))} {
			f := display.Field{Region: n.Region()}
			text, cursor := edit(&f, "", 0, typed)
			if text, _ := edit(&f, text, cursor, strings.Repeat("<", len(text))); text != "" {
				t.Fatalf("%s: Backspace leaves %q", typed, text)
			}
			typeIn(&f, typed)
			if text, _ := edit(&f, text, 0, strings.Repeat(">", 2*len(text))); text != "" {
				t.Fatalf("%s: Delete leaves %q", typed, text)
			}
		}
	}
}

// A number typed to its end looks as it looks everywhere else.
func TestFieldEndsAsFormatted(t *testing.T) {
	for _, n := range examples(t) {
		for want, region := range map[string]string{
			display.International(n):  "",
			display.National(n):       n.Region(),
			display.DialFrom(n, "US"): "US",
			display.DialFrom(n, "DE"): "DE",
		} {
			typed := digitsOf(want)
			if want[0] == '+' {
				typed = "+" + typed
			}
			f := display.Field{Region: region}
			if got := typeIn(&f, typed); got != want {
				t.Errorf("%v: %s in %q ends as %q, want %q", n, typed, region, got, want)
			}
		}
	}
}

func FuzzField(f *testing.F) {
	f.Add("+44 20 7946 0018", 3, "GB", "12<l>r4")
	f.Add("8 (912) 345-67-8", 16, "ru", "9<<<")
	f.Add("९८७६५ ४३२१०", 40, "IN", ">>+")
	f.Add("01115234567", 2, "AR", "8lll9<")
	f.Add("+1 (650", -1, "", "x<")
	f.Fuzz(func(t *testing.T, text string, cursor int, region, keys string) {
		field := display.Field{Region: region}
		check := func(in string, at int) (string, int) {
			out, now := field.Update(in, at)
			if now < 0 || now > utf8.RuneCountInString(out) {
				t.Fatalf("%q at %d in %q: %q, cursor %d", in, at, region, out, now)
			}
			if ascii(in) != ascii(out) {
				t.Fatalf("%q in %q: %q has other digits", in, region, out)
			}
			again := display.Field{Region: region}
			if twice, _ := again.Update(out, now); twice != out {
				t.Fatalf("%q in %q: %q, then %q", in, region, out, twice)
			}
			return out, now
		}
		text, cursor = check(text, cursor)
		for _, key := range keys[:min(len(keys), 8)] {
			text, cursor = edit(&field, text, cursor, string(key))
			text, cursor = check(text, cursor)
		}
	})
}

// ascii returns the digits of a text, of any script, as ASCII.
func ascii(s string) string {
	return phonenumbers.NormalizeDigitsOnly(s)
}

// Every digit of Unicode is one to a Field, or else the text is left alone.
func TestFieldScripts(t *testing.T) {
	for _, table := range unicode.Nd.R16 {
		for r := rune(table.Lo); r <= rune(table.Hi); r++ {
			var f display.Field
			if out, _ := f.Update("+3"+string(r), 3); len(out) > 5 || out[:2] != "+3" || ascii(out) != ascii("3"+string(r)) {
				t.Errorf("%U: %q", r, out)
			}
		}
	}
	if r, err := phone.Parse(typeIn(&display.Field{Region: "IN"}, "९८७६५४३२१०"), &phone.Site{Region: "IN"}); err != nil || r.Number.String() != "+919876543210" {
		t.Errorf("%v, %v", r.Number, err)
	}
}
