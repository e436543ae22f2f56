package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/urfave/cli/v3"
)

// writeJSON writes contacts in the API's form: one object, or an array with a
// contact on each line.
func (s *session) writeJSON(list []contacts.Contact, array bool) {
	var buf []byte
	if !array {
		_, _ = s.out.Write(append(list[0].AppendJSON(buf), '\n'))
		return
	}
	w := arrayWriter{w: s.out}
	for _, c := range list {
		buf = c.AppendJSON(buf[:0])
		w.item(buf)
	}
	w.end()
}

// arrayWriter writes a JSON array item by item.
type arrayWriter struct {
	w     io.Writer
	begun bool
}

func (a *arrayWriter) item(data []byte) {
	sep := "[\n"
	if a.begun {
		sep = ",\n"
	}
	a.begun = true
	_, _ = io.WriteString(a.w, sep) // the writer is buffered and keeps its error
	_, _ = a.w.Write(data)
}

func (a *arrayWriter) end() {
	if !a.begun {
		_, _ = io.WriteString(a.w, "[]\n")
		return
	}
	_, _ = io.WriteString(a.w, "\n]\n")
}

// column is one column of a table of contacts.
type column struct {
	head string
	cell func(contacts.Contact) string
}

// writeTable writes contacts as a table, with further columns before the id.
func (s *session) writeTable(cmd *cli.Command, list []contacts.Contact, more []column) {
	columns := []column{
		{"NAME", nameOf},
		{"NUMBER", numberOf},
	}
	for _, c := range list {
		if c.Organization != "" && c.FullName != "" {
			columns = append(columns, column{"ORGANIZATION", organization})
			break
		}
	}
	columns = append(columns, more...)
	columns = append(columns, column{"ID", func(c contacts.Contact) string { return c.ID }})
	var t table
	for _, col := range columns {
		t.head = append(t.head, col.head)
	}
	for _, c := range list {
		var row []string
		for _, col := range columns {
			row = append(row, col.cell(c))
		}
		t.rows = append(t.rows, row)
	}
	t.write(s.out, "")
}

// nameOf returns what a person would call the contact.
func nameOf(c contacts.Contact) string {
	switch {
	case c.FullName != "":
		return c.FullName
	case c.Organization != "":
		return c.Organization
	case len(c.Emails) > 0:
		return c.Emails[0].Address
	}
	return ""
}

// organization returns the contact's, unless that stands for its name.
func organization(c contacts.Contact) string {
	if c.FullName == "" {
		return ""
	}
	return c.Organization
}

// numberOf returns the contact's number, and how many more it has.
func numberOf(c contacts.Contact) string {
	numbers := numbersOf(c)
	switch len(numbers) {
	case 0:
		return ""
	case 1:
		return numbers[0]
	}
	return fmt.Sprintf("%s (and %d more)", numbers[0], len(numbers)-1)
}

// numbersOf returns all numbers of the contact.
func numbersOf(c contacts.Contact) []string {
	var out []string
	if c.CellPhone.Number != "" {
		out = append(out, c.CellPhone.Number)
	}
	for _, p := range c.Phones {
		out = append(out, p.Number)
	}
	return out
}

// described names a contact in a sentence: "John Doe, +919876543210".
func described(c contacts.Contact) string {
	var words []string
	if name := nameOf(c); name != "" {
		words = append(words, clean(name))
	}
	if numbers := numbersOf(c); len(numbers) > 0 {
		words = append(words, strings.Join(numbers, " and "))
	}
	return strings.Join(words, ", ")
}

// when writes a time as a person reads it, in local time.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

// table is text in columns.
type table struct {
	head []string // nil for none
	rows [][]string
}

// write writes t with each line indented. Empty cells show as "-" under a
// head.
func (t *table) write(w io.Writer, indent string) {
	rows := t.rows
	if t.head != nil {
		rows = append([][]string{t.head}, rows...)
	}
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(clean(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			cell = clean(cell)
			if cell == "" && t.head != nil {
				cell = "-"
			}
			b.WriteString(cell)
			b.WriteString(strings.Repeat(" ", max(0, widths[i]-width(cell))+2))
		}
		fmt.Fprintf(w, "%s%s\n", indent, strings.TrimRight(b.String(), " "))
	}
}

// clean takes out of a text what would move the cursor or turn the direction
// of writing on a terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, text)
}

// width returns how many columns a text takes on a terminal, as well as can
// be told without asking it.
func width(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide reports whether a letter takes two columns: those of East Asia, and
// emoji.
func wide(r rune) bool {
	switch {
	case r < 0x1100:
		return false
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf && r != 0x303f, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1f64f, r >= 0x1f900 && r <= 0x1f9ff,
		r >= 0x20000 && r <= 0x3fffd:
		return true
	}
	return false
}
