package interchange

import "strings"

// What formats have in common and a Contact has no field for is kept in Custom
// under these keys: the names of the properties of vCard, in lower case, with a
// label behind a dot where there is one ("adr.home", "related.spouse",
// "url.work"), and with "#2", "#3" behind it where a contact has several of one
// key. Export writes them back to where the format has such a thing.
const (
	keyMiddleName  = "middlename" // additional names, the third part of N
	keySuffix      = "suffix"     // the fifth part of N
	keyNickname    = "nickname"
	keyBirthday    = "bday" // as it came
	keyAnniversary = "anniversary"
	keyGender      = "gender"
	keyDepartment  = "department" // the second part of ORG
	keyRole        = "role"
	keyWebsite     = "url"     // and "url.LABEL"
	keyRelated     = "related" // and "related.LABEL"
	keyIM          = "impp"    // and "impp.LABEL"
	keyEvent       = "event"   // "event.LABEL"
	keyPostal      = "adr"     // and "adr.LABEL": see postal
)

// postal is a postal address as it is kept in Custom: the parts of vCard's ADR,
// with semicolons between them and without those at the end.
type postal struct {
	box, extended, street, city, region, code, country string
}

func (p *postal) parts() [7]*string {
	return [...]*string{&p.box, &p.extended, &p.street, &p.city, &p.region, &p.code, &p.country}
}

// String returns what parsePostal reads. A backslash stands before a backslash
// and a semicolon of a part.
func (p postal) String() string {
	escape := strings.NewReplacer(`\`, `\\`, ";", `\;`)
	var b strings.Builder
	gap := 0
	for _, part := range p.parts() {
		if *part != "" {
			b.WriteString(strings.Repeat(";", gap))
			gap = 0
			_, _ = escape.WriteString(&b, *part) // a Builder takes all
		}
		gap++
	}
	return b.String()
}

// keeps reports whether cells of the parts alone are read back as a text.
func (p postal) keeps(text string) bool {
	for _, part := range p.parts() {
		if strings.TrimSpace(*part) != *part {
			return false
		}
	}
	return p.String() == text
}

// parsePostal reads what String wrote. What is behind the seventh part is
// the country's.
func parsePostal(s string) postal {
	var p postal
	parts := p.parts()
	at := 0
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case s[i] == ';' && at < len(parts)-1:
			*parts[at] = b.String()
			b.Reset()
			at++
		default:
			b.WriteByte(s[i])
		}
	}
	*parts[at] = b.String()
	return p
}
