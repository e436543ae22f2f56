package interchange

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// csvMap says what the columns of a file are.
type csvMap struct {
	layout  string
	header  []string // as in the first line, without blanks around it
	targets []csvTarget
	slots   []csvSlot
	slotAt  map[string]int // by name
	rejects int            // the column of reasons in a file of rejects, -1 for none

	site phone.Site // where numbers without a calling code are from

	exact bool           // cells are as they are, and nothing is found out about them: our own columns
	from  map[string]int // the column of each field that one column has
	cell  []func(string) string
}

// csvTarget is what becomes of the cells of a column.
type csvTarget struct {
	field string // as Report.Columns has it
	put   func(b *csvRow, value string, column int)
}

// slotKind is a kind of thing that a contact has several of.
type slotKind uint8

const (
	slotPhone slotKind = iota
	slotEmail
	slotPostal
	slotCustom // kept in Custom under key and label
)

// csvSlot is one thing of a contact that one column or several make.
type csvSlot struct {
	kind  slotKind
	name  string // of the thing, to find it by
	key   string // in Custom
	label string
	first bool // the cell phone, whatever else there is
}

// slot returns the place of a thing by its name, a new one where it is not there.
func (m *csvMap) slot(s csvSlot) int {
	if at, ok := m.slotAt[s.name]; ok {
		return at
	}
	m.slots = append(m.slots, s)
	if s.name != "" {
		m.slotAt[s.name] = len(m.slots) - 1
	}
	return len(m.slots) - 1
}

// newCSVMap finds out what the columns of a first line are.
func newCSVMap(header []string, o *CSVOptions) (*csvMap, error) {
	m := &csvMap{header: make([]string, len(header)), targets: make([]csvTarget, len(header)), rejects: -1, from: map[string]int{}, site: phone.Site{Region: o.region}}
	folded := make([]string, len(header))
	for i, name := range header {
		m.header[i] = strings.Join(strings.Fields(name), " ")
		folded[i] = foldHeader(name)
		if folded[i] == "rejected" {
			m.rejects = i
		}
	}
	given, err := givenFields(m.header, o.Columns)
	if err != nil {
		return nil, err
	}
	if m.layout = findLayout(folded); len(given) > 0 && m.layout == layoutPlain {
		m.layout = layoutGiven
	}
	m.exact = m.layout == layoutOurs
	fields := m.found(folded)
	known := len(given) > 0
	for i, field := range fields {
		known = known || field != "" && field != "-"
		if g, ok := given[i]; ok {
			fields[i] = g
		} else if i == m.rejects {
			fields[i] = "-"
		} else if field == "" && m.header[i] == "" {
			fields[i] = "custom.column " + strconv.Itoa(i+1)
		} else if field == "" {
			fields[i] = "custom." + m.header[i]
		}
	}
	if !known {
		return nil, &FileError{Line: 1, Reason: ReasonMalformed, Detail: "no column has a name that is known: the columns are " + listColumns(m.header) +
			": say which field each is, as in --map 1=fullName (CSVOptions.Columns); the fields are " + strings.Join(Fields(), " ")}
	}
	m.compile(fields)
	return m, nil
}

// givenFields returns the fields that the caller gave, by column from 0.
func givenFields(header []string, columns map[string]string) (map[int]string, error) {
	given := make(map[int]string, len(columns))
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range columns {
			if !yield(name) {
				return
			}
		}
	}) {
		at := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, strings.Join(strings.Fields(name), " ")) })
		if n, err := strconv.Atoi(strings.TrimSpace(name)); at < 0 && err == nil && n >= 1 && n <= len(header) {
			at = n - 1
		}
		if at < 0 {
			return nil, unknownColumn(name, header)
		}
		if _, ok := given[at]; ok {
			return nil, &FileError{Reason: contacts.ReasonRepeated, Detail: fmt.Sprintf("column %d is mapped twice, by its name and by its number", at+1)}
		}
		field, ok := knownField(columns[name])
		if !ok {
			return nil, unknownField(columns[name])
		}
		given[at] = field
	}
	return given, nil
}

// found returns the fields of a first line's columns, "" for those that it does
// not know.
func (m *csvMap) found(folded []string) []string {
	fields := make([]string, len(folded))
	var names []int // columns called "name"
	first, last, job := false, false, slices.Contains(folded, "jobtitle") || slices.Contains(folded, "position")
	dated := slices.Contains(folded, "birthyear") || slices.Contains(folded, "geburtsjahr")
	for i, name := range folded {
		switch m.layout {
		case layoutOurs:
			fields[i] = oursField(name)
		case layoutGoogle, layoutGoogle2024:
			fields[i] = googleField(name)
		case layoutOutlook, layoutOutlookCom:
			fields[i] = outlookField(name)
		case layoutAssist:
			switch name {
			case "cellphonenumber":
				fields[i] = "cellPhone.phoneNumber"
			case "salutation":
				fields[i] = "salutation"
			}
		}
		if fields[i] == "" && m.layout != layoutOurs {
			if field, ok := knownField(m.header[i]); ok && field != "-" && !serverField(field) {
				fields[i] = field
			} else {
				fields[i] = plainField(name)
			}
			switch {
			case fields[i] == "title" && name == "title" && job:
				fields[i] = "salutation"
			case fields[i] == "custom."+keyBirthday && dated:
				fields[i] = "" // year, month and day have a column each
			}
		}
		switch fields[i] {
		case plainName:
			names = append(names, i)
		case "firstName":
			first = true
		case "lastName":
			last = true
		}
	}
	for _, i := range names {
		switch {
		case first && !last:
			fields[i], last = "lastName", true
		case last && !first:
			fields[i], first = "firstName", true
		default:
			fields[i] = "fullName"
		}
	}
	return fields
}

// knownField returns a field of Fields, in any case, as it is spelled there.
func knownField(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "cellPhone" {
		return "cellPhone.phoneNumber", true
	}
	head, rest, dotted := strings.Cut(s, ".")
	if dotted && rest != "" {
		switch {
		case strings.EqualFold(head, "custom"):
			return "custom." + rest, true
		case strings.EqualFold(head, "phones"):
			return "phones." + rest, true
		case strings.EqualFold(head, "emails"):
			return "emails." + rest, true
		case strings.EqualFold(head, "adr"):
			at := strings.LastIndexByte(rest, '.')
			part := strings.ToLower(rest[at+1:])
			if slices.Contains(postalParts(), part) && at != 0 {
				return "adr." + rest[:at+1] + part, true
			}
			return "", false
		}
	}
	for _, f := range Fields() {
		if strings.EqualFold(f, s) && !strings.Contains(f, "LABEL") && !strings.Contains(f, "KEY") {
			return f, true
		}
	}
	return "", false
}

// serverField reports whether a field is the book's to set. Columns of other
// programs with such a name mean something else.
func serverField(field string) bool {
	switch field {
	case "id", "status", "createdAt", "createdBy", "createdByAId", "updatedAt", "updatedBy", "updatedByAId", "deletedAt", "address", "twitterDetails":
		return true
	}
	return false
}

// compile makes the targets of fields.
func (m *csvMap) compile(fields []string) {
	m.slotAt = map[string]int{}
	for i, field := range fields {
		m.targets[i] = m.target(field)
		if name := m.targets[i].field; name != "" {
			if _, ok := m.from[name]; !ok {
				m.from[name] = i
			}
		}
	}
	m.cell = make([]func(string) string, len(fields)+1)
	for i := range m.cell {
		m.cell[i] = func(field string) string { return m.column(field, i-1, nil, nil) }
	}
}

// target returns what becomes of a column with a field.
func (m *csvMap) target(field string) csvTarget {
	if put := singleField(field); put != nil {
		return csvTarget{field: strings.TrimPrefix(field, "="), put: put}
	}
	head, rest, _ := strings.Cut(field, ".")
	inSlot := func(field string, s csvSlot, put func(*slotValue, string)) csvTarget {
		at := m.slot(s)
		return csvTarget{field: field, put: func(b *csvRow, value string, column int) {
			v := &b.slots[at]
			v.column = column
			put(v, value)
		}}
	}
	value := func(v *slotValue, s string) { v.value = s }
	switch {
	case field == "-" || field == "":
		return csvTarget{}
	case field == "cellPhone.phoneNumber":
		return inSlot(field, csvSlot{kind: slotPhone, label: "mobile", first: true}, value)
	case head == "phones":
		return inSlot(field, csvSlot{kind: slotPhone, label: rest}, value)
	case head == "emails":
		return inSlot(field, csvSlot{kind: slotEmail, label: rest}, value)
	case head == "adr":
		label, part, ok := cutLast(rest, ".")
		if !ok {
			label, part = "", rest
		}
		return inSlot(field, csvSlot{kind: slotPostal, name: "adr." + label, label: label}, postalPart(part))
	case head == "custom":
		key := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, rest)
		return inSlot(field, csvSlot{kind: slotCustom, key: key}, value)
	}
	thing, ok := strings.CutPrefix(field, "@")
	if !ok {
		return csvTarget{}
	}
	name, part, _ := cutLast(thing, " ")
	s := csvSlot{name: "@" + name}
	switch what, _, _ := strings.Cut(name, " "); what {
	case "phone":
		s.kind, field = slotPhone, "phones"
	case "email":
		s.kind, field = slotEmail, "emails"
	case "address":
		s.kind, field = slotPostal, "adr"
	case "website":
		s.kind, s.key = slotCustom, keyWebsite
	case "relation":
		s.kind, s.key = slotCustom, keyRelated
	case "event":
		s.kind, s.key = slotCustom, keyEvent
	case "im":
		s.kind, s.key = slotCustom, keyIM
	default:
		s.kind = slotCustom
	}
	if s.kind == slotCustom {
		field = labelled("custom", s.key)
	}
	switch part {
	case "label":
		return inSlot(field, s, func(v *slotValue, s string) { v.label = s }) // the service of IM is behind its label
	case "value":
		return inSlot(field, s, value)
	}
	return inSlot(field+"."+part, s, postalPart(part))
}

func cutLast(s, separator string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

// postalPart adds to a part of an address: a street may have several columns.
func postalPart(part string) func(*slotValue, string) {
	at := slices.Index(postalParts(), part)
	return func(v *slotValue, s string) {
		if v.postal == nil {
			v.postal = new(postal)
		}
		if p := v.postal.parts()[at]; *p == "" {
			*p = s
		} else if len(*p) <= contacts.MaxValue { // more is too much
			*p += ", " + s
		}
	}
}

// column returns the name of the column that a field of a contact is from.
func (m *csvMap) column(field string, cellPhone int, phones, emails []int) string {
	at := -1
	head, rest, _ := strings.Cut(field, "[")
	index, _, _ := strings.Cut(rest, "]")
	n, err := strconv.Atoi(index)
	switch {
	case field == "cellPhone.phoneNumber" || field == "cellPhone":
		at = cellPhone
	case err == nil && head == "phones" && n < len(phones):
		at = phones[n]
	case err == nil && head == "emails" && n < len(emails):
		at = emails[n]
	default:
		for _, f := range []string{field, head} {
			if i, ok := m.from[f]; ok {
				at = i
				break
			}
		}
		if full, ok := m.from["fullName"]; ok && at < 0 && (field == "firstName" || field == "lastName") {
			at = full
		}
	}
	return m.columnName(at)
}

// columnName returns the name of a column, shortened, its number where it has none.
func (m *csvMap) columnName(at int) string {
	if at < 0 || at >= len(m.header) {
		return ""
	}
	if m.header[at] == "" {
		return strconv.Itoa(at + 1)
	}
	return clip(m.header[at])
}
