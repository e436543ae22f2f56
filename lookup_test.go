package contacts_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

func TestLookup(t *testing.T) {
	b := relaxed(t)
	john := must(b.Create(ctx, typed("John", "+91 98765 43210")))(t)
	london := must(b.Create(ctx, typed("London", "+44 20 7946 0000")))(t)
	shared := contacts.Contact{FirstName: "S1", Phones: []contacts.Phone{{Number: "+912212345678", Shared: true}}}
	one := must(b.Create(ctx, shared))(t)
	gone := must(b.Create(ctx, typed("Gone", "+91 98765 43299")))(t)
	must(b.Delete(ctx, gone.ID))(t)

	tests := []struct {
		text string
		kind contacts.MatchKind
		id   string
	}{
		{"+919876543210", contacts.MatchExact, john.ID},
		{"+91 98765-43210", contacts.MatchExact, john.ID},
		{"tel:+91-98765-43210", contacts.MatchExact, john.ID},
		{`"John" <sip:+919876543210@pbx.example;user=phone>`, contacts.MatchExact, john.ID},
		{"00919876543210", contacts.MatchExact, john.ID},
		{"9876543210", contacts.MatchInferred, john.ID},
		{"098765 43210", contacts.MatchInferred, john.ID},
		{"+442079460000", contacts.MatchExact, london.ID},
		{"+912212345678", contacts.MatchShared, one.ID},
		{"+919876543299", contacts.MatchNone, ""},
		{"+14155552671", contacts.MatchNone, ""},
		{"", contacts.MatchBlank, ""},
		{"  ", contacts.MatchBlank, ""},
		{"anonymous", contacts.MatchAnonymous, ""},
		{"112", contacts.MatchShort, ""},
		{"hello", contacts.MatchUnreadable, ""},
	}
	for _, tt := range tests {
		m, err := b.Lookup(ctx, tt.text, nil)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if m.Kind != tt.kind || m.Contact.ID != tt.id || m.Found() != (tt.id != "") {
			t.Errorf("%q: %v %s, want %v %s", tt.text, m.Kind, m.Contact.ID, tt.kind, tt.id)
		}
		if tt.kind == contacts.MatchNone && m.Reading.Number.String() != tt.text {
			t.Errorf("%q: nobody has it, and the number is %v", tt.text, m.Reading.Number)
		}
		if (m.Refusal != nil) != (tt.kind >= contacts.MatchBlank) {
			t.Errorf("%q: refusal %v", tt.text, m.Refusal)
		}
	}

	// Nobody has it: what was read is ready to be created.
	m := must(b.Lookup(ctx, "+14155552671", nil))(t)
	c := m.NewContact()
	c.FirstName = "New"
	c = must(b.Create(ctx, c))(t)
	if c.CellPhone.Number != "+14155552671" {
		t.Errorf("%+v", c.CellPhone)
	}

	// A claimed number that others list: the claimer, with the others beside.
	must(b.Create(ctx, contacts.Contact{FirstName: "S2", Phones: []contacts.Phone{{Number: "+912212345678", Shared: true}}}))(t)
	if m := must(b.Lookup(ctx, "+912212345678", nil))(t); m.Kind != contacts.MatchAmbiguous || len(m.Candidates) != 2 || m.Found() {
		t.Errorf("two list it: %+v", m)
	}
	main := must(b.Create(ctx, typed("Main", "+912212345678")))(t)
	m = must(b.Lookup(ctx, "+912212345678", &contacts.LookupOptions{Limit: 1}))(t)
	if m.Kind != contacts.MatchExact || m.Contact.ID != main.ID || len(m.Candidates) != 1 {
		t.Errorf("claimed and listed: %+v", m)
	}

	// Another site reads national numbers its own way.
	gb := &contacts.LookupOptions{Site: &phone.Site{Region: "GB"}}
	if m := must(b.Lookup(ctx, "020 7946 0000", gb))(t); m.Contact.ID != london.ID || m.Kind != contacts.MatchInferred {
		t.Errorf("%+v", m)
	}
}

func TestLookupFolded(t *testing.T) {
	b := relaxed(t)
	c := must(b.Create(ctx, typed("Ana", "+54 9 11 2345-6789")))(t)
	for _, text := range []string{"+541123456789", "+54 9 11 2345 6789"} {
		m := must(b.Lookup(ctx, text, nil))(t)
		want, rule := contacts.MatchFolded, "argentina-mobile"
		if strings.Contains(text, "9 11") {
			want = contacts.MatchExact
		}
		if m.Kind != want || m.Contact.ID != c.ID || m.Rule != rule {
			t.Errorf("%q: %v by %q, %+v", text, m.Kind, m.Rule, m.Contact)
		}
	}
	if c.CellPhone.Number != "+5491123456789" {
		t.Errorf("stored as %s", c.CellPhone.Number)
	}
	if _, err := b.Create(ctx, typed("Eva", "+54 11 2345-6789")); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("the other spelling of the line: %v", err)
	}
}

func TestSetSiteIsRemembered(t *testing.T) {
	s := newStore(t)
	b := openBook(t, s, nil)
	if m := must(b.Lookup(ctx, "098765 43210", nil))(t); m.Kind != contacts.MatchUnreadable {
		t.Errorf("without a region: %v", m.Kind)
	}
	b = must(b.SetSite(ctx, phone.Site{Region: "IN", OutsideLine: "9"}))(t)
	for _, b := range []*contacts.Book{b, openBook(t, s, nil)} {
		if m := must(b.Lookup(ctx, "098765 43210", nil))(t); m.Kind != contacts.MatchNone || b.Site().OutsideLine != "9" {
			t.Errorf("%v %+v", m.Kind, b.Site())
		}
	}
	if b := openBook(t, s, &contacts.Options{Site: phone.Site{Region: "GB"}}); b.Site().Region != "GB" {
		t.Error("the host's own region does not count")
	}
	if _, err := b.SetSite(ctx, phone.Site{Region: "XX"}); err == nil {
		t.Error("region XX")
	}
}

func TestLookupSuffix(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "US"}})
	ann := must(b.Create(ctx, typed("Ann", "+1 212 555 0143")))(t)
	must(b.Create(ctx, typed("Bo", "+1 650 253 0000")))(t)
	two := typed("Two", "+1 415 555 0199")
	two.Phones = []contacts.Phone{{Number: "+44 20 5555 0199"}}
	two = must(b.Create(ctx, two))(t)
	must(b.Create(ctx, typed("X", "+1 212 253 0000")))(t)
	gone := must(b.Create(ctx, typed("Gone", "+1 212 867 5309")))(t)
	must(b.Delete(ctx, gone.ID))(t)

	for _, c := range []struct {
		text   string
		suffix int
		kind   contacts.MatchKind
		id     string
	}{
		{"5550143", 0, contacts.MatchNone, ""},
		{"5550143", 7, contacts.MatchSuffix, ann.ID},
		{"555-0143", 7, contacts.MatchSuffix, ann.ID},
		{`"Ann" <sip:5550143@pbx>`, 7, contacts.MatchSuffix, ann.ID},
		{"5550143", 8, contacts.MatchNone, ""}, // read as +1 555 0143, and nobody's number ends so
		{"12 5550143", 9, contacts.MatchSuffix, ann.ID},
		{"+0 212 555 0143", 7, contacts.MatchSuffix, ann.ID}, // no number, but its end is one's
		{"+1 415 555 0143", 7, contacts.MatchNone, ""},       // a number of its own
		{"2125550143", 7, contacts.MatchInferred, ann.ID},
		{"2530000", 7, contacts.MatchAmbiguous, ""},
		{"5550199", 7, contacts.MatchSuffix, two.ID}, // both of one contact
		{"8675309", 7, contacts.MatchNone, ""},
		{"0143", 7, contacts.MatchShort, ""},
		{"anonymous", 7, contacts.MatchAnonymous, ""},
		{"", 7, contacts.MatchBlank, ""},
		{"hello", 7, contacts.MatchUnreadable, ""},
		{"212 555 0143, 650 253 0000", 7, contacts.MatchUnreadable, ""},
	} {
		m := must(b.Lookup(ctx, c.text, &contacts.LookupOptions{Suffix: c.suffix}))(t)
		if m.Kind != c.kind || m.Contact.ID != c.id || m.Found() != (c.id != "") {
			t.Errorf("%q by %d digits: %v %s, want %v %s", c.text, c.suffix, m.Kind, m.Contact.FirstName, c.kind, c.id)
		}
		if m.Kind == contacts.MatchSuffix && (m.Rule != "suffix" || len(m.Candidates) > 0) {
			t.Errorf("%q: rule %q, %d candidates", c.text, m.Rule, len(m.Candidates))
		}
		if m.Kind == contacts.MatchAmbiguous && len(m.Candidates) != 2 {
			t.Errorf("%q: %d candidates", c.text, len(m.Candidates))
		}
	}
	for _, n := range []int{-1, 1, 6, 16} {
		if _, err := b.Lookup(ctx, "5550143", &contacts.LookupOptions{Suffix: n}); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("a suffix of %d digits: got %v", n, err)
		}
	}
}

// A site in Germany reads digits without a plus as German, though they may be
// British: where both are in the book, one is meant and the other is beside.
func TestLookupReadings(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "DE"}})
	london := must(b.Create(ctx, typed("London", "+44 20 7946 0018")))(t)
	m := must(b.Lookup(ctx, "442079460018", nil))(t)
	if m.Kind != contacts.MatchAlternate || m.Contact.ID != london.ID || m.Rule == "" {
		t.Errorf("the other reading alone: %v by %q, %+v", m.Kind, m.Rule, m.Contact)
	}
	german := must(b.Create(ctx, typed("German", m.Reading.Number.String())))(t)
	m = must(b.Lookup(ctx, "442079460018", nil))(t)
	if m.Kind != contacts.MatchInferred || m.Contact.ID != german.ID || len(m.Candidates) != 1 || m.Candidates[0].ID != london.ID {
		t.Errorf("both readings: %v %+v, beside %d", m.Kind, m.Contact, len(m.Candidates))
	}
}

// Rules that can never apply are an error at Open, not a surprise later.
func TestOpenChecksRules(t *testing.T) {
	for _, rules := range []*phone.Rules{{Off: []string{"mexico-prefx"}}, {Add: []phone.Rule{{Name: "own", Code: 999, Old: "1", New: "2"}}}} {
		o := &contacts.Options{Site: phone.Site{Rules: rules}}
		if _, err := contacts.Open(ctx, newStore(t), contacts.Scope{}, o); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("%+v: got %v, want ErrInvalid", rules, err)
		}
	}
}
