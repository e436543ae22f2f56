package contacts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

func TestAPIRules(t *testing.T) {
	const good = `{"firstName":"J","lastName":"D","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"}}`
	with := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the template", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	tests := []struct {
		name, in string
		want     string // "field reason" of each problem, in order
	}{
		{"good", good, ""},
		{"plus", with(`"91"`, `"+91"`), ""},
		{"mrs", with(`"Mr"`, `"mRS."`), ""},
		{"nothing", `{}`, "firstName missing, lastName missing, salutation missing, cellPhone.phoneNumber missing, " +
			"cellPhone.countryCode missing, cellPhone.extension missing"},
		{"null", with(`"J"`, `null`), "firstName null"},
		{"blank", with(`"D"`, `" \t"`), "lastName blank"},
		{"type", with(`"J"`, `7`), "firstName wrong_type"},
		{"number type", with(`"9876543210"`, `9876543210`), "cellPhone.phoneNumber wrong_type"},
		{"no cell phone", `{"firstName":"J","lastName":"D","salutation":"Mr","cellPhone":null}`, "cellPhone null"},
		{"cell phone type", `{"firstName":"J","lastName":"D","salutation":"Mr","cellPhone":"98"}`, "cellPhone wrong_type"},
		{"salutation", with(`"Mr"`, `"Dr"`), "salutation not_a_choice"},
		{"letters", with(`9876543210`, `98765xxxxx`), "cellPhone.phoneNumber character"},
		{"plus in number", with(`9876543210`, `+919876543210`), "cellPhone.phoneNumber character"},
		{"space", with(`9876543210`, `98765 43210`), "cellPhone.phoneNumber character"},
		{"code", with(`"91"`, `"999"`), "cellPhone.countryCode country_code"},
		{"code letters", with(`"91"`, `"IN"`), "cellPhone.countryCode country_code"},
		{"short", with(`9876543210`, `9876`), "cellPhone.phoneNumber too_short"},
		{"long", with(`9876543210`, `98765432101234`), "cellPhone.phoneNumber too_long"},
		{"extension", with(`"extension":"+"`, `"extension":""`), "cellPhone.extension blank"},
		{"long extension", with(`"extension":"+"`, `"extension":"`+strings.Repeat("9", 17)+`"`), "cellPhone.extension too_long"},
		{"control", with(`"J"`, `"J\u0007"`), "firstName character"},
		{"long name", with(`"J"`, `"`+strings.Repeat("é", 129)+`"`), "firstName too_long"},
		{"several", `{"firstName":null,"lastName":"","salutation":"X","cellPhone":{"phoneNumber":"12a","countryCode":"0","extension":"+"},"emails":["nobody"]}`,
			"firstName null, lastName blank, salutation not_a_choice, emails[0].address character, cellPhone.phoneNumber character"},
		{"phones", with(`"cellPhone"`, `"phones":[{"phoneNumber":"2079460000","countryCode":"44"},{"phoneNumber":"x","countryCode":"44"}],"cellPhone"`),
			"phones[1].phoneNumber character"},
		{"tags", with(`"cellPhone"`, `"tags":["a","a"," "],"cellPhone"`), "tags[1] repeated, tags[2] blank"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBook(t)
			var c contacts.Contact
			if err := json.Unmarshal([]byte(tt.in), &c); err != nil {
				t.Fatal(err)
			}
			_, err := b.Create(ctx, c)
			if got := problems(t, err); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// problems writes a validation error as "field reason, field reason".
func problems(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var v *contacts.ValidationError
	if !errors.As(err, &v) || !errors.Is(err, contacts.ErrInvalid) {
		t.Fatalf("not a validation error: %v", err)
	}
	var s []string
	for _, f := range v.Fields {
		s = append(s, f.Field+" "+string(f.Reason))
		if f.Detail == "" {
			t.Errorf("%s %s says nothing to a person", f.Field, f.Reason)
		}
		if len(f.Value) > 3 && strings.Contains(err.Error(), f.Value) {
			t.Errorf("%q shows the value %q", err, f.Value)
		}
	}
	return strings.Join(s, ", ")
}

// A letter among the digits is named.
func TestLetterIsNamed(t *testing.T) {
	_, err := newBook(t).Create(ctx, api("J", "D", "98765xxxxx"))
	if err == nil || !strings.Contains(err.Error(), "'x'") {
		t.Errorf("%v", err)
	}
}

func TestAllProblemsOfACall(t *testing.T) {
	list := []contacts.Contact{api("", "D", "9876543210"), api("J", "D", "9876543211"), api("J", "", "x")}
	_, err := newBook(t).CreateAll(ctx, list)
	var v *contacts.ValidationError
	if !errors.As(err, &v) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range v.Fields {
		got = append(got, fmt.Sprint(f.Index, " ", f.Field))
	}
	if s := strings.Join(got, ", "); s != "0 firstName, 2 lastName, 2 cellPhone.phoneNumber" {
		t.Error(s)
	}
}

func TestRelaxedRules(t *testing.T) {
	tests := []struct {
		name         string
		in           contacts.Contact
		number, code string
		input        string
		want         string
	}{
		{"national", typed("A", "098765 43210"), "+919876543210", "+91", "098765 43210", ""},
		{"international", typed("A", "+44 20 7946 0000"), "+442079460000", "+44", "+44 20 7946 0000", ""},
		{"e.164", typed("A", "+919876543210"), "+919876543210", "+91", "", ""},
		{"tel link", typed("", "tel:+91-98765-43210"), "+919876543210", "+91", "tel:+91-98765-43210", ""},
		{"code apart", contacts.Contact{CellPhone: contacts.Phone{Number: "(020) 7946 0000", CountryCode: "44"}}, "+442079460000", "+44", "(020) 7946 0000", ""},
		{"region apart", contacts.Contact{CellPhone: contacts.Phone{Number: "020 7946 0000", CountryCode: "gb"}}, "+442079460000", "+44", "020 7946 0000", ""},
		{"name only", contacts.Contact{LastName: "Solo"}, "", "", "", ""},
		{"nothing", contacts.Contact{Salutation: "Dr"}, "", "", "", "firstName empty"},
		{"anonymous", typed("A", "anonymous"), "", "", "", "cellPhone.phoneNumber anonymous"},
		{"lossy", typed("A", "9.87654E+09"), "", "", "", "cellPhone.phoneNumber lossy"},
		{"two", typed("A", "9876543210 / 9876543211"), "", "", "", "cellPhone.phoneNumber multiple"},
		{"short", typed("A", "112"), "", "", "", "cellPhone.phoneNumber short"},
		{"code only", contacts.Contact{FirstName: "A", CellPhone: contacts.Phone{CountryCode: "44"}}, "", "", "", "cellPhone.phoneNumber missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := relaxed(t).Create(ctx, tt.in)
			if got := problems(t, err); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			p := c.CellPhone
			if err == nil && (p.Number != tt.number || p.CountryCode != tt.code || p.Input != tt.input || p.Unverified) {
				t.Errorf("%+v", p)
			}
		})
	}
}

func TestUnverified(t *testing.T) {
	b := newBook(t)
	c := must(b.Create(ctx, api("J", "D", "1234567")))(t)
	if !c.CellPhone.Unverified || c.CellPhone.Number != "+911234567" {
		t.Errorf("%+v", c.CellPhone)
	}
	if m := must(b.Lookup(ctx, "+911234567", nil))(t); m.Contact.ID != c.ID {
		t.Errorf("%+v", m)
	}
	strict := b.With(contacts.Rules{RequireValid: true})
	if got := problems(t, errOf(strict.Create(ctx, api("J", "D", "1234568")))); got != "cellPhone.phoneNumber unverified" {
		t.Error(got)
	}
	c.FirstName = "K"
	if _, err := strict.Update(ctx, c); err != nil {
		t.Errorf("an unchanged number was judged: %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

// A list that is too long is one problem, however many items break a rule: there
// may be millions, and judging each beside the others would take hours.
func TestListsTooLong(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules()})
	const many = 300_000
	for field, json := range map[string]string{
		"phones": strings.Repeat(`{},`, many) + `{}`,
		"emails": strings.Repeat(`"x",`, many) + `"x"`,
		"tags":   strings.Repeat(`"",`, many) + `""`,
	} {
		for _, n := range []int{many, 100} {
			var c contacts.Contact
			text := json
			if n == 100 { // few enough to be read
				text = strings.Join(strings.SplitN(json, ",", n+1)[:n], ",")
			}
			if err := c.UnmarshalJSON([]byte(`{"firstName":"X","` + field + `":[` + text + `]}`)); err != nil {
				t.Fatal(err)
			}
			_, err := b.Create(ctx, c)
			var bad *contacts.ValidationError
			if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != field || bad.Fields[0].Reason != contacts.ReasonTooLong {
				t.Errorf("%s, %d items: %.200v", field, n, err)
			}
		}
	}
	custom := make(map[string]string)
	for i := range many {
		custom[fmt.Sprint(i)] = "\x00"
	}
	_, err := b.Create(ctx, contacts.Contact{FirstName: "X", Custom: custom})
	var bad *contacts.ValidationError
	if !errors.As(err, &bad) || len(bad.Fields) != 1 || bad.Fields[0].Field != "custom" {
		t.Errorf("custom: %.200v", err)
	}
}

// A number that a contact has twice stays as it was typed, each time.
func TestSameNumberTypedTwice(t *testing.T) {
	ctx := t.Context()
	store := memstore.New()
	defer store.Close()
	b, err := contacts.Open(ctx, store, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		t.Fatal(err)
	}
	made, err := b.Create(ctx, contacts.Contact{ID: "a", FirstName: "A", CellPhone: contacts.Phone{Number: "+91 98765 43210"},
		Phones: []contacts.Phone{{Number: "+91-9876543210", Label: "work"}, {Number: "+919876543210", Label: "home"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Update(ctx, made)
	if err != nil || got.Revision != made.Revision || got.CellPhone.Input != "+91 98765 43210" {
		t.Errorf("%+v, %v", got, err)
	}
	if r, err := b.RestoreEach(ctx, []contacts.Contact{made}); err != nil || r[0].Err != nil || r[0].Contact.Revision != made.Revision {
		t.Errorf("%+v, %v", r, err)
	}
	got.LastName = "B"
	if got, err = b.Update(ctx, got); err != nil || got.Phones[0].Input != "+91-9876543210" || got.Phones[1].Input != "" {
		t.Errorf("%+v, %v", got, err)
	}
}
