package interchange

import "testing"

func FuzzPostal(f *testing.F) {
	f.Add("PO Box 1", "", "1 High Street; rear", `C:\`, "", "", "")
	f.Add("", "", "", "", "", "", ";")
	f.Add("", "", `\`, "", "", "", "")
	f.Fuzz(func(t *testing.T, box, extended, street, city, region, code, country string) {
		p := postal{box, extended, street, city, region, code, country}
		if got := parsePostal(p.String()); got != p {
			t.Fatalf("%q read back as %q", p, got)
		}
	})
}

func TestPostal(t *testing.T) {
	for want, p := range map[string]postal{
		"":                             {},
		";;1 High Street;London":       {street: "1 High Street", city: "London"},
		";;Hauptstr. 1;Köln;;50667;DE": {street: "Hauptstr. 1", city: "Köln", code: "50667", country: "DE"},
		`;;1 High Street\; rear`:       {street: "1 High Street; rear"},
		`;;a\\`:                        {street: `a\`},
		`;;a\;`:                        {street: `a;`},
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v = %q, want %q", p, got, want)
		}
		if got := parsePostal(want); got != p {
			t.Errorf("parsePostal(%q) = %#v", want, got)
		}
	}
}
