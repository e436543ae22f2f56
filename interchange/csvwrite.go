package interchange

import (
	"bufio"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cell"
)

// csvTime is how times stand in cells.
const csvTime = "2006-01-02T15:04:05.000Z07:00"

// ourColumn is a column of our own, with its field as csvMap has it.
type ourColumn struct {
	name, field string
	cell        func(*contacts.Contact) string
}

// ourColumns are the columns of FormatCSV: first those of an Agent Assist import,
// which passes over the others.
func ourColumns() []ourColumn {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(csvTime)
	}
	list := func(write func(*strings.Builder)) string {
		var b strings.Builder
		write(&b)
		return b.String()
	}
	return []ourColumn{
		{"firstName", "firstName", func(c *contacts.Contact) string { return c.FirstName }},
		{"lastName", "lastName", func(c *contacts.Contact) string { return c.LastName }},
		{"salutation", "salutation", func(c *contacts.Contact) string { return c.Salutation }},
		{"cellPhoneNumber", "=cellPhone.phoneNumber", func(c *contacts.Contact) string { return nationalCell(&c.CellPhone) }},
		{"cellPhoneCountryCode", "=cellPhone.countryCode", func(c *contacts.Contact) string { return c.CellPhone.CountryCode }},
		{"cellPhoneExtension", "cellPhone.extension", func(c *contacts.Contact) string { return c.CellPhone.Extension }},
		{"phones", "=phones", func(c *contacts.Contact) string {
			return list(func(b *strings.Builder) { writePhones(b, c.Phones) })
		}},
		{"emails", "=emails", func(c *contacts.Contact) string {
			return list(func(b *strings.Builder) { writeEmails(b, c.Emails) })
		}},
		{"organization", "organization", func(c *contacts.Contact) string { return c.Organization }},
		{"title", "title", func(c *contacts.Contact) string { return c.Title }},
		{"notes", "notes", func(c *contacts.Contact) string { return c.Notes }},
		{"tags", "=tags", func(c *contacts.Contact) string {
			return list(func(b *strings.Builder) { writeTexts(b, c.Tags) })
		}},
		{"custom", "=custom", func(c *contacts.Contact) string {
			return list(func(b *strings.Builder) { writeCustom(b, c.Custom, slices.Sorted(maps.Keys(c.Custom))) })
		}},
		{"clientRef", "clientRef", func(c *contacts.Contact) string { return c.ClientRef }},
		{"address", "address", func(c *contacts.Contact) string { return rawCell(c.Address) }},
		{"twitterDetails", "twitterDetails", func(c *contacts.Contact) string { return rawCell(c.Twitter) }},
		{"cellPhoneInput", "=cellPhone.input", func(c *contacts.Contact) string { return c.CellPhone.Input }},
		{"cellPhoneUnverified", "=cellPhone.unverified", func(c *contacts.Contact) string {
			if c.CellPhone.Unverified {
				return "yes"
			}
			return ""
		}},
		{"id", "id", func(c *contacts.Contact) string { return c.ID }},
		{"status", "status", func(c *contacts.Contact) string { return string(c.Status) }},
		{"createdAt", "createdAt", func(c *contacts.Contact) string { return at(c.CreatedAt) }},
		{"createdBy", "createdBy", func(c *contacts.Contact) string { return c.CreatedBy }},
		{"createdByAId", "createdByAId", func(c *contacts.Contact) string { return c.CreatedByAID }},
		{"updatedAt", "updatedAt", func(c *contacts.Contact) string { return at(c.UpdatedAt) }},
		{"updatedBy", "updatedBy", func(c *contacts.Contact) string { return c.UpdatedBy }},
		{"updatedByAId", "updatedByAId", func(c *contacts.Contact) string { return c.UpdatedByAID }},
		{"deletedAt", "deletedAt", func(c *contacts.Contact) string { return at(c.DeletedAt) }},
		{"mergedInto", "=mergedInto", func(c *contacts.Contact) string { return c.MergedInto }},
		{"mergedFrom", "=mergedFrom", func(c *contacts.Contact) string {
			if len(c.MergedFrom) == 0 {
				return ""
			}
			b, _ := json.Marshal(c.MergedFrom) // texts and times always marshal
			return string(b)
		}},
	}
}

// nationalCell returns the national digits of a number, as an Agent Assist import
// wants them, where they and the calling code are read as the same number, else
// the number.
func nationalCell(p *contacts.Phone) string {
	digits := strings.TrimPrefix(p.Number, p.CountryCode)
	if n, ok := nationalNumber(p.CountryCode, digits); ok && n == p.Number {
		return digits
	}
	return p.Number
}

// rawCell returns JSON values as an array, "" for none.
func rawCell(items []json.RawMessage) string {
	if len(items) == 0 {
		return ""
	}
	var b strings.Builder
	for i, m := range items {
		b.WriteByte("[,"[min(i, 1)])
		if len(m) == 0 {
			m = json.RawMessage("null")
		}
		b.Write(m)
	}
	b.WriteByte(']')
	return b.String()
}

// csvWriter writes our own columns. A byte order mark has spreadsheets read the
// file as UTF-8.
type csvWriter struct {
	columns []ourColumn
	cells   []string
}

func newCSVWriter() rowWriter { return &csvWriter{columns: ourColumns()} }

func (w *csvWriter) begin(out *bufio.Writer) error {
	w.cells = w.cells[:0]
	for _, c := range w.columns {
		w.cells = append(w.cells, c.name)
	}
	_, _ = out.WriteString("\ufeff") // the buffer remembers its errors
	return writeRecord(out, w.cells, "\n")
}

func (w *csvWriter) write(out *bufio.Writer, c *contacts.Contact, _ func(string)) error {
	w.cells = w.cells[:0]
	for _, column := range w.columns {
		w.cells = append(w.cells, column.cell(c))
	}
	return writeRecord(out, w.cells, "\n")
}

func (w *csvWriter) end(*bufio.Writer) error { return nil }

// writeRecord writes texts as cells that run nowhere.
func writeRecord(out *bufio.Writer, texts []string, end string) error {
	for i, s := range texts {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if s != "" {
			_, _ = out.WriteString(csvQuote(cell.Quote(s), ','))
		}
	}
	_, err := out.WriteString(end)
	return err
}

// leftOutFields calls leftOut with the fields that no CSV but our own has a place
// for. What the book itself sets does not count.
func leftOutFields(c *contacts.Contact, leftOut func(string)) {
	for _, f := range []struct {
		field string
		has   bool
	}{
		{"status", c.Status == contacts.Inactive},
		{"clientRef", c.ClientRef != ""},
		{"address", len(c.Address) > 0},
		{"twitterDetails", len(c.Twitter) > 0},
		{"cellPhone.extension", c.CellPhone.Extension != ""},
		{"cellPhone.input", c.CellPhone.Input != ""},
		{"phones.extension", slices.ContainsFunc(c.Phones, func(p contacts.Phone) bool { return p.Extension != "" })},
		{"phones.input", slices.ContainsFunc(c.Phones, func(p contacts.Phone) bool { return p.Input != "" })},
		{"phones.shared", slices.ContainsFunc(c.Phones, func(p contacts.Phone) bool { return p.Shared })},
	} {
		if f.has {
			leftOut(f.field)
		}
	}
}

// once calls a function with each field once.
func once(leftOut func(string)) func(string) {
	var told []string
	return func(field string) {
		if !slices.Contains(told, field) {
			told = append(told, field)
			leftOut(field)
		}
	}
}

// cutKey takes a key of Custom apart: "adr.home#2" is "adr" and "home".
func cutKey(key string) (name, label string) {
	if i := strings.LastIndexByte(key, '#'); i > 0 && strings.Trim(key[i+1:], "0123456789") == "" {
		key = key[:i]
	}
	name, label, _ = strings.Cut(key, ".")
	return name, label
}
