package phone_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
)

// TestRuleTable checks what the tables promise: each row in the table of its
// calling code and in use, rows with EvenIfValid first, none that says nothing.
func TestRuleTable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, code := range phone.CallingCodes() {
		last := true
		for i, rule := range phone.RulesOf(code) {
			if rule.Code != code || rule.EvenIfValid && !last {
				t.Errorf("row %d of %d (%s) is at the wrong place", i, code, rule.Name)
			}
			last = rule.EvenIfValid
			if rule.Name == "" || rule.Source == "" || rule.Old == rule.New && rule.NewCode == 0 {
				t.Errorf("row %d of %d is incomplete: %+v", i, code, rule)
			}
			if !applies(r, rule) {
				t.Errorf("row %d (%s, %d %q) never applies", i, rule.Name, rule.Code, rule.Old)
			}
		}
	}
}

// oldForm returns a random national number in the old form of a rule.
func oldForm(r *rand.Rand, rule phone.Rule) string {
	digits := []byte(rule.Old)
	for i := range digits {
		if digits[i] == 'x' {
			digits[i] = byte('0' + r.IntN(10))
		}
	}
	size := rule.Digits
	if size == 0 {
		size = len(rule.Old) + 6 + r.IntN(4)
	}
	for len(digits) < size {
		digits = append(digits, byte('0'+r.IntN(10)))
	}
	return string(digits)
}

// applies looks for a number that a row changes.
func applies(r *rand.Rand, rule phone.Rule) bool {
	for range 20000 {
		n, err := phone.ParseE164("+" + phone.CallingCodePrefix(rule.Code) + oldForm(r, rule))
		if err != nil {
			continue
		}
		if present, name := n.Fold(nil); name == rule.Name && present != n {
			return true
		}
	}
	return false
}

// TestFoldIsStable: the present form of a number is in its present form.
func TestFoldIsStable(t *testing.T) {
	r := newRand(t)
	all := descriptions(t)
	for range 50_000 {
		d := all[r.IntN(len(all))]
		digits := sample(r, d.re, []byte("+"+phone.CallingCodePrefix(d.code)))
		if r.IntN(2) == 0 {
			digits[1+r.IntN(len(digits)-1)] = byte('0' + r.IntN(10))
		}
		n, err := phone.ParseE164(string(digits))
		if err != nil {
			continue
		}
		present, rule := n.Fold(nil)
		if again, rule2 := present.Fold(nil); again != present {
			t.Errorf("%v folds to %v (%s), which folds to %v (%s)", n, present, rule, again, rule2)
		}
		if (rule == "") != (present == n) || n.Line(nil) != present.Line(nil) {
			t.Errorf("%v folds to %v by %q", n, present, rule)
		}
	}
}

// TestApart: pairs that look like one line and are two.
func TestApart(t *testing.T) {
	for _, row := range [][2]string{
		{"+5491123456789", "+5491123456780"},
		{"+551123456789", "+5511923456789"},  // a landline got no ninth digit
		{"+5511723456789", "+551172345678"},  // one digit too many
		{"+525512345678", "+525112345678"},   // another area
		{"+390612345678", "+393612345678"},   // a landline, a mobile number
		{"+393471234567", "+39347123456"},    // a digit lost
		{"+4930123456", "+49301234560"},      // German numbers of any length
		{"+2290197123456", "+2290196123456"}, //
		{"+2250707123456", "+2250507123456"}, // another carrier
		{"+84321234567", "+84331234567"},     //
		{"+33145678901", "+590145678901"},    // mainland France is not overseas
		{"+37744123456", "+37741234567"},     // Monaco
		{"+38640123456", "+38340123456"},     // Slovenia
		{"+12125550123", "+442125550123"},    //
		{"+3780549886377", "+390541886377"},  // the Italian neighbour
		{"+966111234567", "+966511234567"},   // landline, mobile
		{"+576012345678", "+573012345678"},   // landline, mobile
		{"+56222345678", "+56922345678"},     //
		{"+23052512345", "+2302522345"},
		{"+24166031234", "+24162031234"},    //
		{"+63282345678", "+63272345678"},    // two carriers in Manila
		{"+6322101234", "+63282101234"},     // an old number of one, a present one of the other
		{"+22522311234", "+2250122311234"},  // an old landline, a mobile number
		{"+84838251234", "+842838251234"},   // a mobile number, not Saigon's old area code
		{"+33639981234", "+262639981234"},   // the numbers of films in France are not Mayotte's
		{"+919876543210", "+91919876543"},   //
		{"+447911123456", "+4407911123457"}, //
	} {
		a, b := mustE164(t, row[0]), mustE164(t, row[1])
		if a.Line(nil) == b.Line(nil) {
			t.Errorf("%v and %v are one line", a, b)
		}
	}
}

func TestHostRules(t *testing.T) {
	n := mustE164(t, "+5215512345678")
	if l := n.Line(&phone.Rules{Off: []string{"mexico-prefix"}}); l != 5215512345678 {
		t.Errorf("rule switched off: %v", l)
	}
	if l := n.Line(&phone.Rules{Off: []string{"*"}}); l != 5215512345678 {
		t.Errorf("all rules switched off: %v", l)
	}
	if l := n.Line(&phone.Rules{Off: []string{"kosovo"}}); l != 525512345678 {
		t.Errorf("another rule switched off: %v", l)
	}
	own := &phone.Rules{Add: []phone.Rule{
		{Name: "new-area", Code: 91, Old: "98", Digits: 10, New: "198", EvenIfValid: true, Unchecked: true},
		{Name: "checked", Code: 91, Old: "97", Digits: 10, New: "097", EvenIfValid: true},
	}}
	r, err := phone.ParseNational("91", "9876543210", &phone.Site{Rules: own})
	if err != nil || r.Number.String() != "+919876543210" || r.Line != 9119876543210 || r.Rule != "new-area" || !r.Valid {
		t.Errorf("own rule: %+v, %v", r, err)
	}
	if r, err := phone.Parse("+91 97765 43210", &phone.Site{Rules: own}); err != nil || r.Line != 919776543210 || r.Rule != "" {
		t.Errorf("own rule with an invalid result: %+v, %v", r, err)
	}
}

func TestBadHostRules(t *testing.T) {
	n := mustE164(t, "+919876543210")
	for _, r := range []phone.Rule{
		{Code: 91, Old: "9", New: "xxx9", Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "", New: "12345678901234567890", Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "9", New: "9", NewCode: 999, Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "9", New: "9", NewCode: -1, Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "98765432101", New: "1", Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "9876543210", New: "", Unchecked: true, EvenIfValid: true},
		{Code: 91, Old: "9", New: "a", Unchecked: true, EvenIfValid: true},
	} {
		if l := n.Line(&phone.Rules{Add: []phone.Rule{r}}); l != 919876543210 {
			t.Errorf("%+v: %v", r, l)
		}
	}
}

func TestCheckRules(t *testing.T) {
	if err := (*phone.Rules)(nil).Check(); err != nil {
		t.Error(err)
	}
	rules := &phone.Rules{Off: []string{"*"}, Add: phone.PackageRules()}
	if err := rules.Check(); err != nil {
		t.Errorf("the rules of the package: %v", err)
	}
	rules.Add[0].Name = "changed"
	if phone.PackageRules()[0].Name == "changed" {
		t.Error("PackageRules hands out its own table")
	}
	rules = &phone.Rules{Off: []string{"kosova"}}
	for _, r := range []phone.Rule{
		{Code: 91, Old: "9", New: "8"},
		{Name: "a", Code: 999, Old: "9", New: "8"},
		{Name: "b", Code: 91, Old: "9", New: "8", NewCode: 1000},
		{Name: "c", Code: 91, Old: "+919", New: "8"},
		{Name: "d", Code: 91, Old: "9", New: "8x"},
		{Name: "e", Code: 91, Old: "987", New: "8", Digits: 2},
		{Name: "f", Code: 91, Old: "9", New: "9"},
		{Name: "g", Code: 91, Old: "9", New: "99999999", Digits: 16},
	} {
		rules.Add = append(rules.Add, r)
		if err := (&phone.Rules{Add: []phone.Rule{r}}).Check(); err == nil {
			t.Errorf("%+v passes", r)
		}
	}
	if err := rules.Check(); err == nil || strings.Count(err.Error(), "\n") != len(rules.Add) {
		t.Errorf("not all of it: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	rule := phone.Rule{Name: "own", Code: 91, Old: "98", New: "198"}
	changed := rule
	changed.New = "199"
	renamed := rule
	renamed.Name, renamed.Source = "other", "elsewhere"
	prints := []uint64{
		phone.Fingerprint(nil),
		phone.Fingerprint(&phone.Rules{Off: []string{"kosovo"}}),
		phone.Fingerprint(&phone.Rules{Off: []string{"*"}}),
		phone.Fingerprint(&phone.Rules{Add: []phone.Rule{rule}}),
		phone.Fingerprint(&phone.Rules{Add: []phone.Rule{changed}}),
	}
	for i, p := range prints {
		if p == 0 || slices.Index(prints, p) != i {
			t.Errorf("fingerprint %d is %#x: %x", i, p, prints)
		}
	}
	if phone.Fingerprint(&phone.Rules{}) != prints[0] || phone.Fingerprint(&phone.Rules{Off: []string{"no such rule"}}) != prints[0] {
		t.Error("rules that change nothing change the fingerprint")
	}
	if phone.Fingerprint(&phone.Rules{Add: []phone.Rule{renamed}}) != prints[3] {
		t.Error("a rule's name changes the fingerprint")
	}
}
