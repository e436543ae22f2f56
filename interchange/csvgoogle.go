package interchange

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// How many columns of a kind a file for Google has. Where a contact has more
// numbers or addresses, those of one label share a cell.
const (
	googlePhones    = 8
	googleEmails    = 4
	googleAddresses = 3
	googlePairs     = 3 // websites, relations, events, each
	googleCustom    = 10
)

// googleNames are the columns that a file for Google begins with.
func googleNames() []string {
	return []string{"First Name", "Middle Name", "Last Name", "Name Prefix", "Name Suffix", "Nickname",
		"Organization Name", "Organization Title", "Organization Department", "Birthday", "Notes", "Labels"}
}

// googleWriter writes CSV as Google Contacts has it since 2024.
type googleWriter struct{ cells []string }

func newGoogleWriter() rowWriter { return &googleWriter{} }

func (w *googleWriter) begin(out *bufio.Writer) error {
	header := googleNames()
	each := func(thing string, n int, parts ...string) {
		for i := range n {
			for _, part := range parts {
				header = append(header, fmt.Sprintf("%s %d - %s", thing, i+1, part))
			}
		}
	}
	each("E-mail", googleEmails, "Label", "Value")
	each("Phone", googlePhones, "Label", "Value")
	each("Address", googleAddresses, "Label", "PO Box", "Extended Address", "Street", "City", "Region", "Postal Code", "Country")
	each("Website", googlePairs, "Label", "Value")
	each("Relation", googlePairs, "Label", "Value")
	each("Event", googlePairs, "Label", "Value")
	each("Custom Field", googleCustom, "Label", "Value")
	return writeRecord(out, header, "\n")
}

// labelledValue is what stands in two columns.
type labelledValue struct{ label, value string }

func (w *googleWriter) write(out *bufio.Writer, c *contacts.Contact, leftOut func(string)) error {
	leftOut = once(leftOut)
	leftOutFields(c, leftOut)
	used := map[string]bool{}
	custom := func(key string) string {
		used[key] = true
		return c.Custom[key]
	}
	w.cells = append(w.cells[:0], c.FirstName, custom(keyMiddleName), c.LastName, c.Salutation, custom(keySuffix), custom(keyNickname),
		c.Organization, c.Title, custom(keyDepartment), custom(keyBirthday), c.Notes, googleTags(c.Tags, leftOut))

	var emails, phones []labelledValue
	for _, e := range c.Emails {
		if list := splitAddresses(e.Address); len(list) != 1 || list[0] != e.Address || strings.Contains(e.Address, ":::") {
			leftOut("emails")
			continue
		}
		emails = append(emails, labelledValue{googleLabel(e.Label), e.Address})
	}
	w.pairs(emails, googleEmails, "emails", leftOut)
	if c.CellPhone.Number != "" {
		phones = append(phones, labelledValue{"Mobile", c.CellPhone.Number})
	}
	for _, p := range c.Phones {
		phones = append(phones, labelledValue{googleLabel(p.Label), p.Number})
	}
	w.pairs(phones, googlePhones, "phones", leftOut)

	var websites, relations, events, others []labelledValue
	addresses := 0
	for _, key := range slices.Sorted(maps.Keys(c.Custom)) {
		value := c.Custom[key]
		if used[key] || value == "" {
			continue
		}
		name, label := cutKey(key)
		p := parsePostal(value)
		plain := strings.ToLower(canonicalLabel(googleLabel(label))) == label
		switch {
		case name == keyPostal && plain && addresses < googleAddresses && p.keeps(value):
			w.cells = append(w.cells, googleLabel(label))
			for _, part := range p.parts() {
				w.cells = append(w.cells, *part)
			}
			addresses++
		case name == keyWebsite && plain && len(websites) < googlePairs:
			websites = append(websites, labelledValue{googleLabel(label), value})
		case name == keyRelated && plain && len(relations) < googlePairs:
			relations = append(relations, labelledValue{googleLabel(label), value})
		case name == keyEvent && plain && len(events) < googlePairs:
			events = append(events, labelledValue{googleLabel(label), value})
		case strings.TrimSpace(key) == key && key != "" && key[0] != '*':
			others = append(others, labelledValue{key, value})
		default:
			leftOut("custom")
		}
	}
	for range (googleAddresses - addresses) * 8 {
		w.cells = append(w.cells, "")
	}
	w.pairs(websites, googlePairs, "custom", leftOut)
	w.pairs(relations, googlePairs, "custom", leftOut)
	w.pairs(events, googlePairs, "custom", leftOut)
	if len(others) > googleCustom {
		others = others[:googleCustom]
		leftOut("custom")
	}
	w.pairs(others, googleCustom, "custom", leftOut)
	return writeRecord(out, w.cells, "\n")
}

func (w *googleWriter) end(*bufio.Writer) error { return nil }

// pairs writes values with their labels into n pairs of columns: one each, or
// those of a label together where they are more.
func (w *googleWriter) pairs(list []labelledValue, n int, field string, leftOut func(string)) {
	if len(list) > n {
		var merged []labelledValue
		for _, v := range list {
			if at := slices.IndexFunc(merged, func(m labelledValue) bool { return m.label == v.label }); at >= 0 {
				merged[at].value += listSeparator + v.value
			} else {
				merged = append(merged, v)
			}
		}
		if list = merged; len(list) > n {
			list = list[:n]
			leftOut(field)
		}
	}
	for i := range n {
		var v labelledValue
		if i < len(list) {
			v = list[i]
		}
		w.cells = append(w.cells, v.label, v.value)
	}
}

// googleTags writes tags as labels. Without "* myContacts" a contact would not be
// in the list of contacts.
func googleTags(tags []string, leftOut func(string)) string {
	var b strings.Builder
	for _, t := range tags {
		if strings.Contains(t, ":::") || strings.HasPrefix(t, "* ") || strings.TrimSpace(t) != t || strings.HasPrefix(t, ":") || strings.HasSuffix(t, ":") {
			leftOut("tags")
			continue
		}
		b.WriteString(t + listSeparator)
	}
	return b.String() + "* myContacts"
}

// googleLabel returns a label as Google spells it.
func googleLabel(s string) string {
	switch s {
	case "mobile":
		return "Mobile"
	case "work":
		return "Work"
	case "home":
		return "Home"
	case "main":
		return "Main"
	case "other":
		return "Other"
	case "pager":
		return "Pager"
	case "work fax":
		return "Work Fax"
	case "home fax":
		return "Home Fax"
	}
	if strings.HasPrefix(s, "* ") || s == "*" {
		return "* " + s // one is Google's
	}
	return s
}
