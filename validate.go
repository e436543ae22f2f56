package contacts

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules are what a contact must fulfil on its way in. They go with the
// entry, not with the book: see Book.With. An update is judged in the fields
// that it changes.
//
// The zero Rules are those of the Agent Assist contacts API: first name, last
// name, salutation and all three parts of the cell phone are required; the
// salutation is Mr or Mrs in any case, with or without its dot; a number is
// digits only beside an assigned calling code, 7 to 15 digits together.
type Rules struct {
	// AnyNotation takes a number as people write it: with spaces, plus,
	// brackets, trunk zero, as a tel: link. The calling code may be in the
	// number, else in CountryCode, else it is that of Options.Site.
	AnyNotation bool

	// Optional requires none of the API's fields: a name, a number, an
	// e-mail address or an organization is enough.
	Optional bool

	// AnySalutation takes any salutation.
	AnySalutation bool

	// RequireValid refuses a number that is not valid by the numbering
	// metadata. Without it such a number is stored with Phone.Unverified
	// set: new ranges reach the metadata late.
	RequireValid bool

	// KeepDuplicates lets a number in that another contact claims. It is for
	// taking over data from before the rule: both contacts then have the
	// number, Duplicates lists it, and no third contact gets it while one of
	// them has.
	KeepDuplicates bool
}

// RelaxedRules returns the rules for people typing and for imports: any
// notation, no field required, any salutation.
func RelaxedRules() Rules {
	return Rules{AnyNotation: true, Optional: true, AnySalutation: true}
}

// Bounds on the fields of a contact, in bytes of UTF-8, and on lists, in items.
const (
	MaxName       = 256 // first name, last name, organization, title
	MaxSalutation = 32
	MaxNumber     = 128 // a number as it comes
	MaxExtension  = 16
	MaxLabel      = 64 // of a phone or an e-mail; also a tag and a key in Custom
	MaxEmail      = 254
	MaxNotes      = 16 << 10
	MaxValue      = 2 << 10 // a value in Custom
	MaxClientRef  = 128
	MaxItems      = 64       // phones, e-mails, tags, entries of Custom, each
	MaxOpaque     = 16 << 10 // Address and Twitter, each, as JSON
)

// judge collects what is wrong with one contact.
type judge struct {
	rules  Rules
	index  int
	fields []FieldError
}

func (j *judge) fail(field string, reason Reason, value, detail string) {
	if len(value) > 100 {
		value = strings.Clone(strings.ToValidUTF8(value[:100], "")) // an error keeps no more of it in memory
	}
	j.fields = append(j.fields, FieldError{Index: j.index, Field: field, Reason: reason, Value: value, Detail: detail})
}

// has reports whether a field was found wrong already, so that each field
// is reported once.
func (j *judge) has(field string) bool {
	for _, f := range j.fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// text checks the bounds of a text. lines allows line breaks and tabs.
func (j *judge) text(field, s string, limit int, lines bool) {
	if j.has(field) {
		return
	}
	if len(s) > limit {
		j.fail(field, ReasonTooLong, s, fmt.Sprintf("has %d bytes, at most %d are allowed", len(s), limit))
		return
	}
	if !utf8.ValidString(s) {
		j.fail(field, ReasonCharacter, s, "is not valid UTF-8")
		return
	}
	for _, r := range s {
		if unicode.IsControl(r) && !(lines && (r == '\n' || r == '\r' || r == '\t')) {
			j.fail(field, ReasonCharacter, s, fmt.Sprintf("has a control character (U+%04X)", r))
			return
		}
	}
}

// opaque checks JSON that is kept as it came.
func (j *judge) opaque(field string, items []json.RawMessage) {
	n := 0
	for _, m := range items {
		n += len(m) + 1
		if !json.Valid(m) || !utf8.Valid(m) {
			j.fail(field, ReasonType, "", "is not valid JSON")
			return
		}
	}
	if n > MaxOpaque {
		j.fail(field, ReasonTooLong, "", fmt.Sprintf("has %d bytes, at most %d are allowed", n, MaxOpaque))
	}
}

// blank reports whether a field that the API requires holds nothing.
func (c *Contact) blank(field string) bool {
	switch field {
	case "firstName":
		return strings.TrimSpace(c.FirstName) == ""
	case "lastName":
		return strings.TrimSpace(c.LastName) == ""
	case "salutation":
		return strings.TrimSpace(c.Salutation) == ""
	case "cellPhone":
		return c.CellPhone.IsZero()
	case "cellPhone.phoneNumber":
		return strings.TrimSpace(c.CellPhone.Number) == ""
	case "cellPhone.countryCode":
		return strings.TrimSpace(c.CellPhone.CountryCode) == ""
	case "cellPhone.extension":
		return strings.TrimSpace(c.CellPhone.Extension) == ""
	}
	return true
}

// need checks that a field which the API requires is there.
func (j *judge) need(field, s string) {
	if j.rules.Optional || j.has(field) || strings.HasPrefix(field, "cellPhone.") && j.has("cellPhone") {
		return
	}
	if s == "" {
		j.fail(field, ReasonMissing, "", "is missing")
	} else if strings.TrimSpace(s) == "" {
		j.fail(field, ReasonBlank, s, "is blank")
	}
}

func (j *judge) salutation(s string) {
	if j.rules.AnySalutation || strings.TrimSpace(s) == "" {
		return
	}
	switch strings.ToLower(strings.TrimSuffix(s, ".")) {
	case "mr", "mrs":
	default:
		j.fail("salutation", ReasonChoice, s, "must be Mr or Mrs")
	}
}

// contact checks all of c but its numbers. old is what the book has, or nil.
func (j *judge) contact(c, old *Contact) {
	for _, f := range c.bad {
		if f.Reason != ReasonType && f.Reason != ReasonTooLong && (j.rules.Optional || !c.blank(f.Field) || old != nil && old.blank(f.Field)) {
			continue // not required, filled in since it was read, or blank before
		}
		f.Index = j.index
		j.fields = append(j.fields, f)
	}
	var was Contact
	if old != nil {
		was = *old
	}
	changed := func(a, b string) bool { return old == nil || a != b }

	if changed(c.FirstName, was.FirstName) {
		j.need("firstName", c.FirstName)
		j.text("firstName", c.FirstName, MaxName, false)
	}
	if changed(c.LastName, was.LastName) {
		j.need("lastName", c.LastName)
		j.text("lastName", c.LastName, MaxName, false)
	}
	if changed(c.Salutation, was.Salutation) {
		j.need("salutation", c.Salutation)
		j.text("salutation", c.Salutation, MaxSalutation, false)
		j.salutation(c.Salutation)
	}
	if changed(c.CellPhone.Number, was.CellPhone.Number) {
		j.need("cellPhone.phoneNumber", c.CellPhone.Number)
	}
	if changed(c.CellPhone.CountryCode, was.CellPhone.CountryCode) && !j.rules.AnyNotation {
		j.need("cellPhone.countryCode", c.CellPhone.CountryCode)
	}
	if changed(c.CellPhone.Extension, was.CellPhone.Extension) {
		j.need("cellPhone.extension", c.CellPhone.Extension)
	}

	if changed(c.Organization, was.Organization) {
		j.text("organization", c.Organization, MaxName, false)
	}
	if changed(c.Title, was.Title) {
		j.text("title", c.Title, MaxName, false)
	}
	if changed(c.Notes, was.Notes) {
		j.text("notes", c.Notes, MaxNotes, true)
	}
	if changed(c.ClientRef, was.ClientRef) {
		j.text("clientRef", c.ClientRef, MaxClientRef, false)
	}
	if len(c.Phones) > len(was.Phones) {
		j.count("phones", len(c.Phones))
	}
	if !slices.Equal(c.Emails, was.Emails) {
		j.emails(c.Emails)
	}
	if !slices.Equal(c.Tags, was.Tags) {
		j.tags(c.Tags)
	}
	if !maps.Equal(c.Custom, was.Custom) {
		j.custom(c.Custom)
	}
	if !slices.EqualFunc(c.Address, was.Address, equalRaw) {
		j.opaque("address", c.Address)
	}
	if !slices.EqualFunc(c.Twitter, was.Twitter, equalRaw) {
		j.opaque("twitterDetails", c.Twitter)
	}

	if j.rules.Optional && len(j.fields) == 0 && c.nobody() && (old == nil || !old.nobody()) {
		j.fail("firstName", ReasonEmpty, "", "is missing, and so is everything else: give a name, a number, an e-mail address or an organization")
	}
}

// nobody reports whether c has nothing to know it by.
func (c *Contact) nobody() bool {
	return strings.TrimSpace(c.FirstName) == "" && strings.TrimSpace(c.LastName) == "" && strings.TrimSpace(c.Organization) == "" &&
		c.CellPhone.Number == "" && len(c.Phones) == 0 && len(c.Emails) == 0
}

// count reports whether a list has no more items than it may have. The items of
// one that has are not judged: there may be millions.
func (j *judge) count(field string, n int) bool {
	if n > MaxItems {
		j.fail(field, ReasonTooLong, "", tooMany(n))
	}
	return n <= MaxItems
}

func tooMany(n int) string { return fmt.Sprintf("has %d items, at most %d are allowed", n, MaxItems) }

func (j *judge) tags(list []string) {
	if !j.count("tags", len(list)) {
		return
	}
	for i, t := range list {
		j.text(indexed("tags", i), t, MaxLabel, false)
		if strings.TrimSpace(t) == "" {
			j.fail(indexed("tags", i), ReasonBlank, t, "is blank")
		} else if slices.Contains(list[:i], t) {
			j.fail(indexed("tags", i), ReasonRepeated, t, "is there twice")
		}
	}
}

func (j *judge) custom(m map[string]string) {
	if !j.count("custom", len(m)) {
		return
	}
	for _, k := range sortedKeys(m) {
		j.text("custom", k, MaxLabel, false)
		j.text("custom."+cut(k, MaxLabel), m[k], MaxValue, true)
	}
}

func (j *judge) emails(list []Email) {
	if !j.count("emails", len(list)) {
		return
	}
	for i, e := range list {
		field := indexed("emails", i)
		j.text(field+".label", e.Label, MaxLabel, false)
		j.text(field+".address", e.Address, MaxEmail, false)
		at := strings.LastIndexByte(e.Address, '@')
		if at <= 0 || at == len(e.Address)-1 || strings.ContainsAny(e.Address, " \t<>") {
			if !j.has(field + ".address") {
				j.fail(field+".address", ReasonCharacter, e.Address, "is not an e-mail address (name@domain)")
			}
		}
	}
}

func sortedKeys(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}

func indexed(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
