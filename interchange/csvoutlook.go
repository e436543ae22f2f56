package interchange

import (
	"bufio"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// outlookNames are the columns of a file for Outlook, as outlookField reads them.
func outlookNames() []string {
	names := []string{"Title", "First Name", "Middle Name", "Last Name", "Suffix", "Nickname", "Company", "Department", "Job Title"}
	for _, at := range []string{"Business", "Home", "Other"} {
		for _, part := range []string{"Street", "Street 2", "City", "State", "Postal Code", "Country/Region", "Address PO Box"} {
			names = append(names, at+" "+part)
		}
	}
	return append(names, "Mobile Phone", "Business Phone", "Business Phone 2", "Home Phone", "Home Phone 2", "Primary Phone",
		"Company Main Phone", "Other Phone", "Car Phone", "Radio Phone", "Callback", "ISDN", "Assistant's Phone", "TTY/TDD Phone",
		"Pager", "Business Fax", "Home Fax", "Other Fax",
		"E-mail Address", "E-mail 2 Address", "E-mail 3 Address", "Anniversary", "Assistant's Name", "Birthday", "Categories",
		"Children", "Gender", "Manager's Name", "Notes", "Profession", "Spouse", "Web Page")
}

// outlookWriter writes CSV as Outlook exports and imports it. A byte order mark has
// it read as UTF-8.
type outlookWriter struct {
	names  []string
	fields []string // of each column
	cells  []string
}

func newOutlookWriter() rowWriter {
	w := &outlookWriter{names: outlookNames()}
	for _, name := range w.names {
		w.fields = append(w.fields, outlookField(foldHeader(name)))
	}
	w.cells = make([]string, len(w.names))
	return w
}

func (w *outlookWriter) begin(out *bufio.Writer) error {
	_, _ = out.WriteString("\ufeff") // the buffer remembers its errors
	return writeRecord(out, w.names, "\r\n")
}

// put writes a value into a column of a field that is empty.
func (w *outlookWriter) put(field, value string) bool {
	if value == "" {
		return true
	}
	for i, f := range w.fields {
		if f == field && w.cells[i] == "" {
			w.cells[i] = value
			return true
		}
	}
	return false
}

func (w *outlookWriter) write(out *bufio.Writer, c *contacts.Contact, leftOut func(string)) error {
	leftOut = once(leftOut)
	leftOutFields(c, leftOut)
	clear(w.cells)
	for _, f := range []struct{ field, value string }{
		{"salutation", c.Salutation}, {"firstName", c.FirstName}, {"lastName", c.LastName}, {"organization", c.Organization},
		{"title", c.Title}, {"notes", c.Notes}, {"phones.mobile", c.CellPhone.Number},
	} {
		w.put(f.field, f.value)
	}
	w.phones(c, leftOut)
	for _, e := range c.Emails {
		list := splitAddresses(e.Address)
		if len(list) != 1 || list[0] != e.Address || !w.put("emails", e.Address) {
			leftOut("emails")
		} else if e.Label != "" {
			leftOut("emails.label")
		}
	}
	var tags []string
	for _, t := range c.Tags {
		if strings.ContainsAny(t, ";,\r\n") || strings.Contains(t, ":::") || strings.HasPrefix(t, "* ") || strings.TrimSpace(t) != t {
			leftOut("tags")
			continue
		}
		tags = append(tags, t)
	}
	w.put("tags", strings.Join(tags, ";"))
	for key, value := range c.Custom {
		if value != "" && !w.custom(key, value) {
			leftOut("custom")
		}
	}
	return writeRecord(out, w.cells, "\r\n")
}

// phones writes further numbers: in the column of their label, else in that of
// other numbers, without it.
func (w *outlookWriter) phones(c *contacts.Contact, leftOut func(string)) {
	for _, p := range c.Phones {
		label := p.Label
		if label == "fax" {
			label = "work fax"
		}
		switch {
		case (label != "mobile" || c.CellPhone.Number != "") && w.put("phones."+label, p.Number):
			if label != p.Label {
				leftOut("phones.label")
			}
		case strings.HasSuffix(label, "fax") && w.put("phones.other fax", p.Number),
			!strings.HasSuffix(label, "fax") && w.put("phones.other", p.Number):
			leftOut("phones.label")
		default:
			leftOut("phones")
		}
	}
}

// custom writes an entry of Custom.
func (w *outlookWriter) custom(key, value string) bool {
	name, label := cutKey(key)
	if name == keyPostal && slices.Contains([]string{"work", "home", "other"}, label) && key == name+"."+label {
		p := parsePostal(value)
		if !p.keeps(value) {
			return false
		}
		for i, part := range p.parts() {
			w.put("adr."+label+"."+postalParts()[i], *part)
		}
		return true
	}
	return key != keyPostal && w.put("custom."+key, value)
}

func (w *outlookWriter) end(*bufio.Writer) error { return nil }
