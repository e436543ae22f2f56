package phone_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
)

// foldedValid are the rules by which a number that is valid as it stands has
// the Line of another valid one: these countries write a line in two ways.
// All other valid numbers are lines of their own.
var foldedValid = map[string]bool{
	"argentina-mobile":   true, // with and without 9
	"france-overseas":    true, // +33 6 90 .. is +590 690 ..
	"san-marino":         true, // +39 0549 is +378 0549
	"gabon-eight-digits": true, // the metadata still has the numbers of before 2019
	"kosovo":             true, // as above, in Monaco, Serbia and Slovenia
	"colombia-landline":  true, // as above, those of Medellín that begin with 46
}

// TestDistinctLines: valid numbers are distinct lines, save by the rules above.
func TestDistinctLines(t *testing.T) {
	r := newRand(t)
	rounds := 400
	if raceEnabled {
		rounds = 20
	}
	seen := map[phone.Line]phone.Number{}
	folded := map[string]int{}
	for _, d := range descriptions(t) {
		if len(phone.RulesOf(d.code)) == 0 && !phone.IsRuleTarget(d.code) {
			continue
		}
		for range rounds {
			n := mustE164(t, "+"+strconv.Itoa(d.code)+string(sample(r, d.re, nil)))
			if !n.Valid() {
				continue // the pattern of a type allows what that of all numbers does not
			}
			present, rule := n.Fold(nil)
			if rule != "" {
				folded[rule]++
				if !foldedValid[rule] {
					t.Errorf("%v is valid, and folded to %v by %s", n, present, rule)
				}
			}
			line := n.Line(nil)
			other, ok := seen[line]
			if !ok {
				seen[line] = n
				continue
			}
			_, otherRule := other.Fold(nil)
			if other != n && rule == "" && otherRule == "" {
				t.Errorf("%v and %v are one line", n, other)
			}
		}
	}
	t.Logf("%d lines; folded: %v", len(seen), folded)
}

// TestOldFormsStayApart: no two old forms of one length have the same present
// form, as they once were two lines. It goes through all beginnings of four
// digits; what follows is the same, so that it makes no difference where a
// rule puts digits in.
func TestOldFormsStayApart(t *testing.T) {
	forms := 0
	for _, code := range phone.CallingCodes() {
		if len(phone.RulesOf(code)) == 0 {
			continue
		}
		for size := 5; size <= 14; size++ {
			seen := map[phone.Line]phone.Number{}
			for i := range 10_000 {
				n := mustE164(t, fmt.Sprintf("+%d%04d%s", code, i, strings.Repeat("5", size-4)))
				present, rule := n.Fold(nil)
				if rule == "" {
					continue
				}
				forms++
				if present.Line(nil) != n.Line(nil) || present == n {
					t.Errorf("%v is folded to %v, which is folded to %v", n, present, present.Line(nil))
				}
				if other, ok := seen[n.Line(nil)]; ok {
					// Argentina: a 15 taken out at a place where no area code
					// ends leaves another number; nobody writes such a one.
					if code != 54 || size < 13 {
						t.Errorf("%v and %v have the line %v", n, other, n.Line(nil))
					}
				}
				seen[n.Line(nil)] = n
			}
		}
	}
	if forms < 10_000 {
		t.Errorf("only %d old forms", forms)
	}
}
