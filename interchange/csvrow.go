package interchange

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cell"
	"github.com/callerbook/contacts/phone"
)

// csvRow makes a contact of the cells of a row.
type csvRow struct {
	m      *csvMap
	c      *contacts.Contact
	full   string
	fullAt int    // the column that it is from
	code   string // the calling code of numbers that have none
	slots  []slotValue
	more   []int // columns with another value for a field that has one

	cellPhone      int // the column that the cell phone is from, -1 for none
	phones, emails []int
	problems       []Problem
	leftOut        []LeftOut
}

// slotValue is what a row has for a csvSlot.
type slotValue struct {
	label  string
	value  string
	postal *postal
	column int
}

// build makes a contact of cells. c is empty.
func (b *csvRow) build(c *contacts.Contact, cells []string) {
	*b = csvRow{m: b.m, c: c, slots: b.slots, more: b.more[:0], cellPhone: -1}
	if len(b.slots) < len(b.m.slots) {
		b.slots = make([]slotValue, len(b.m.slots))
	}
	clear(b.slots)
	for i := range min(len(cells), len(b.m.targets)) {
		put := b.m.targets[i].put
		if put == nil || cells[i] == "" {
			continue
		}
		if value := b.m.text(cells[i]); value != "" {
			put(b, value, i)
		}
	}
	b.names()
	for i := range b.slots {
		if v := &b.slots[i]; v.value != "" || v.postal != nil {
			b.fill(&b.m.slots[i], v)
		}
	}
	if b.full != "" && b.full != c.Organization && !follows(c, b.full) {
		b.more = append(b.more, b.fullAt) // another name than first and last
	}
	for _, i := range b.more {
		b.custom(b.m.columnName(i), b.m.text(cells[i]), i)
	}
	if b.m.exact {
		b.exact()
		return
	}
	if b.c.CellPhone.Number == "" {
		b.promote()
	}
	b.codes()
	b.lost()
}

// once takes a value for a field that a contact has one of: that of the first
// column that has one. What others have is kept in Custom.
func (b *csvRow) once(at *string, value string, column int) {
	if *at == "" {
		*at = value
	} else if *at != value {
		b.more = append(b.more, column)
	}
}

// exact ends a row of our own columns. National digits beside their calling code
// are E.164, where that is what they say; see nationalCell.
func (b *csvRow) exact() {
	if i, ok := b.m.from["cellPhone.phoneNumber"]; ok {
		b.cellPhone = i
	}
	b.phones, b.emails = nil, nil // a list is in one column
	p := &b.c.CellPhone
	if !p.Unverified { // else it is as it was written
		b.lostCell()
	}
	if n, ok := nationalNumber(p.CountryCode, p.Number); ok {
		p.Number = n
	}
}

// text returns the text of a cell: without the apostrophe that keeps formulas
// from running, and without ="..", by which spreadsheets keep zeros.
func (m *csvMap) text(s string) string {
	if n := len(s); isPlain(s[0]) && isPlain(s[n-1]) {
		return s
	}
	if !m.exact {
		s = strings.TrimSpace(s)
	}
	if inner, ok := strings.CutPrefix(s, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
	}
	s = cell.Unquote(s)
	if !m.exact {
		s = strings.TrimSpace(s)
	}
	return s
}

// isPlain reports whether a text that begins and ends with such characters stands
// for itself.
func isPlain(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// singleField returns what puts a value into a field that a contact has one of,
// nil for other fields. Those with a "=" before them are lists of our own columns.
func singleField(field string) func(b *csvRow, value string, column int) {
	text := func(to func(c *contacts.Contact) *string) func(*csvRow, string, int) {
		return func(b *csvRow, value string, column int) { b.once(to(b.c), value, column) }
	}
	at := func(to func(c *contacts.Contact) *time.Time) func(*csvRow, string, int) {
		return func(b *csvRow, value string, column int) {
			t, err := time.Parse(time.RFC3339, value)
			if err != nil {
				b.problem(field, column, contacts.ReasonTime, value, "is no time such as 2025-12-31T23:59:59.999Z")
			}
			*to(b.c) = t.UTC()
		}
	}
	array := func(b *csvRow, value string, column int, to any) {
		if json.Unmarshal([]byte(value), to) != nil {
			b.problem(field, column, contacts.ReasonType, "", "must be a JSON array")
		}
	}
	switch field {
	case "firstName":
		return text(func(c *contacts.Contact) *string { return &c.FirstName })
	case "lastName":
		return text(func(c *contacts.Contact) *string { return &c.LastName })
	case "salutation":
		return text(func(c *contacts.Contact) *string { return &c.Salutation })
	case "organization":
		return text(func(c *contacts.Contact) *string { return &c.Organization })
	case "title":
		return text(func(c *contacts.Contact) *string { return &c.Title })
	case "clientRef":
		return text(func(c *contacts.Contact) *string { return &c.ClientRef })
	case "cellPhone.extension":
		return text(func(c *contacts.Contact) *string { return &c.CellPhone.Extension })
	case "=cellPhone.phoneNumber":
		return text(func(c *contacts.Contact) *string { return &c.CellPhone.Number })
	case "=cellPhone.countryCode":
		return text(func(c *contacts.Contact) *string { return &c.CellPhone.CountryCode })
	case "=cellPhone.input":
		return text(func(c *contacts.Contact) *string { return &c.CellPhone.Input })
	case "id":
		return text(func(c *contacts.Contact) *string { return &c.ID })
	case "status":
		return text(func(c *contacts.Contact) *string { return (*string)(&c.Status) })
	case "createdBy":
		return text(func(c *contacts.Contact) *string { return &c.CreatedBy })
	case "createdByAId":
		return text(func(c *contacts.Contact) *string { return &c.CreatedByAID })
	case "updatedBy":
		return text(func(c *contacts.Contact) *string { return &c.UpdatedBy })
	case "updatedByAId":
		return text(func(c *contacts.Contact) *string { return &c.UpdatedByAID })
	case "=mergedInto":
		return text(func(c *contacts.Contact) *string { return &c.MergedInto })
	case "createdAt":
		return at(func(c *contacts.Contact) *time.Time { return &c.CreatedAt })
	case "updatedAt":
		return at(func(c *contacts.Contact) *time.Time { return &c.UpdatedAt })
	case "deletedAt":
		return at(func(c *contacts.Contact) *time.Time { return &c.DeletedAt })
	case "fullName":
		return func(b *csvRow, value string, column int) {
			if b.full == "" {
				b.fullAt = column
			}
			b.once(&b.full, value, column)
		}
	case "cellPhone.countryCode":
		return func(b *csvRow, value string, column int) { b.once(&b.code, callingCode(value), column) }
	case "notes":
		return func(b *csvRow, value string, _ int) {
			if b.c.Notes == "" {
				b.c.Notes = value
			} else if len(b.c.Notes) <= contacts.MaxNotes { // more is too much
				b.c.Notes += "\n" + value
			}
		}
	case "tags":
		return func(b *csvRow, value string, column int) { b.tags(value, column) }
	case "address":
		return func(b *csvRow, value string, column int) { array(b, value, column, &b.c.Address) }
	case "twitterDetails":
		return func(b *csvRow, value string, column int) { array(b, value, column, &b.c.Twitter) }
	case "=mergedFrom":
		return func(b *csvRow, value string, column int) { array(b, value, column, &b.c.MergedFrom) }
	case "=cellPhone.unverified":
		return func(b *csvRow, _ string, _ int) { b.c.CellPhone.Unverified = true }
	case "=phones":
		return func(b *csvRow, value string, _ int) { b.c.Phones = readPhones(value) }
	case "=emails":
		return func(b *csvRow, value string, _ int) { b.c.Emails = readEmails(value) }
	case "=tags":
		return func(b *csvRow, value string, _ int) { b.c.Tags = readTexts(value) }
	case "=custom":
		return func(b *csvRow, value string, _ int) { b.c.Custom = readCustom(value) }
	}
	return nil
}

// nationalNumber returns the number that a calling code and national digits are,
// false where they are anything else.
func nationalNumber(code, digits string) (string, bool) {
	if !isDigits(digits) || len(code) < 2 || code[0] != '+' {
		return "", false
	}
	r, err := phone.ParseNational(code, digits, nil)
	if err != nil || r.Number.String() != code+digits {
		return "", false
	}
	return code + digits, true
}

// callingCode returns the calling code in a text: "91.0", "India (+91)".
func callingCode(s string) string {
	if i := strings.IndexByte(s, '+'); i > 0 {
		s = s[i:]
		if end := strings.IndexFunc(s[1:], func(r rune) bool { return r < '0' || r > '9' }); end > 0 {
			s = s[:end+1]
		}
	}
	return strings.TrimSuffix(s, ".0")
}

// names splits a full name where that is all there is.
func (b *csvRow) names() {
	if b.full == "" || b.c.FirstName != "" || b.c.LastName != "" || b.full == b.c.Organization {
		return
	}
	salutation, first, last := splitName(b.full)
	b.c.FirstName, b.c.LastName, b.full = first, last, ""
	if b.c.Salutation == "" {
		b.c.Salutation = salutation
	}
}

// fill takes what a slot has.
func (b *csvRow) fill(s *csvSlot, v *slotValue) {
	label := s.label
	if v.label != "" {
		label = b.fit(canonicalLabel(v.label), v.column)
	}
	switch s.kind {
	case slotPhone:
		if !maySplit(v.value) {
			b.number(v.value, label, s.first, v.column)
			return
		}
		for _, number := range splitNumbers(v.value) {
			b.number(number, label, s.first, v.column)
		}
	case slotEmail:
		for _, address := range splitAddresses(v.value) {
			same := func(e contacts.Email) bool { return strings.EqualFold(e.Address, address) }
			if len(b.c.Emails) <= contacts.MaxItems && !slices.ContainsFunc(b.c.Emails, same) {
				b.c.Emails = append(b.c.Emails, contacts.Email{Address: address, Label: label})
				b.emails = append(b.emails, v.column)
			}
		}
	case slotPostal:
		if v.postal == nil { // all of it is in one cell
			v.postal = &postal{street: v.value}
		}
		if *v.postal != (postal{}) {
			b.custom(labelled(keyPostal, strings.ToLower(label)), v.postal.String(), v.column)
		}
	case slotCustom:
		key := s.key
		if s.name != "" {
			if key = labelled(key, strings.ToLower(label)); s.key == "" && label != "" {
				key = strings.TrimPrefix(v.label, "* ")
			}
			if key == "" {
				key = strings.TrimPrefix(s.name, "@")
			}
		}
		date := key == keyBirthday || key == keyAnniversary
		if date && (v.value == "0/0/00" || v.value == "0.0.00") || strings.HasPrefix(b.m.layout, layoutOutlook) && key == keyGender && v.value == "Unspecified" {
			return // Outlook's for "not known"
		}
		b.custom(key, v.value, v.column)
	}
}

// fit makes a label one that a contact may have: shorter where it is too long.
func (b *csvRow) fit(label string, column int) string {
	label = oneLine(label)
	if len(label) > contacts.MaxLabel {
		b.left(column, len(label)-contacts.MaxLabel, fmt.Sprintf("a label has at most %d bytes", contacts.MaxLabel))
		label = strings.ToValidUTF8(label[:contacts.MaxLabel], "")
	}
	return label
}

// tags takes labels: Google's, or with ; , or line breaks between them.
func (b *csvRow) tags(value string, column int) {
	list := strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ',' || r == '\n' || r == '\r' })
	if strings.HasPrefix(b.m.layout, layoutGoogle) || strings.Contains(value, ":::") {
		list = strings.SplitSeq(value, ":::")
	}
	tooMuch := 0
	for tag := range list {
		tag = strings.TrimSpace(tag)
		system := false
		if rest, ok := strings.CutPrefix(tag, "* "); ok {
			tag, system = rest, rest == "myContacts" || rest == "My Contacts"
		}
		switch {
		case tag == "" || system || slices.Contains(b.c.Tags, tag):
		case len(tag) > contacts.MaxLabel || len(b.c.Tags) == contacts.MaxItems || strings.ContainsFunc(tag, unicode.IsControl):
			tooMuch += len(tag)
		default:
			b.c.Tags = append(b.c.Tags, tag)
		}
	}
	if tooMuch > 0 {
		b.left(column, tooMuch, fmt.Sprintf("a tag has at most %d bytes, a contact at most %d tags", contacts.MaxLabel, contacts.MaxItems))
	}
}

// custom keeps a value that a contact has no field for.
func (b *csvRow) custom(key, value string, column int) {
	if value == "" {
		return
	}
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }
	switch {
	case len(key) > contacts.MaxLabel:
		b.left(column, len(value), fmt.Sprintf("the name has more than %d bytes", contacts.MaxLabel))
	case len(value) > contacts.MaxValue:
		b.left(column, len(value), fmt.Sprintf("the value has more than %d bytes", contacts.MaxValue))
	case strings.ContainsFunc(value, control):
		b.left(column, len(value), "the value has control characters")
	case len(b.c.Custom) == contacts.MaxItems:
		b.left(column, len(value), fmt.Sprintf("the contact has %d such values", contacts.MaxItems))
	default:
		if b.c.Custom == nil {
			b.c.Custom = make(map[string]string)
		}
		free := key
		for n := 2; b.c.Custom[free] != ""; n++ {
			if b.c.Custom[free] == value {
				return
			}
			free = fmt.Sprintf("%s#%d", key, n)
		}
		if len(free) > contacts.MaxLabel {
			b.left(column, len(value), fmt.Sprintf("the name has more than %d bytes", contacts.MaxLabel))
			return
		}
		b.c.Custom[free] = value
	}
}

func (b *csvRow) left(column, bytes int, why string) {
	b.leftOut = append(b.leftOut, LeftOut{Name: b.m.columnName(column), Bytes: bytes, Detail: why})
}

func (b *csvRow) problem(field string, column int, reason contacts.Reason, value, detail string) {
	b.problems = append(b.problems, Problem{Field: field, Column: b.m.columnName(column), Reason: reason, Value: strings.Clone(clip(value)), Detail: detail})
}

// column returns what row.column is to be.
func (b *csvRow) column() func(string) string {
	if len(b.phones) == 0 && len(b.emails) == 0 {
		return b.m.cell[b.cellPhone+1]
	}
	m, at, phones, emails := b.m, b.cellPhone, b.phones, b.emails
	return func(field string) string { return m.column(field, at, phones, emails) }
}
