package interchange

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cell"
)

// csvReader reads the rows of CSV of any layout.
type csvReader struct {
	d      *decoder
	s      *csvScanner
	m      *csvMap
	told   []byte // the line that tells the delimiter
	header []byte // the first line, with what ends it; nil where it is a row
	bare   bool   // the caller says that there is no header

	cells   []string
	b       csvRow
	out     row
	pending bool // rec is the next row
	rec     *csvRecord
}

// csvLimits are those of Limits that count here, with their defaults.
type csvLimits struct{ row, columns int }

func newCSVLimits(l *Limits) csvLimits {
	c := csvLimits{row: 1 << 20, columns: 1000}
	if l != nil && l.Row > 0 {
		c.row = l.Row
	}
	if l != nil && l.Columns > 0 {
		c.columns = l.Columns
	}
	return c
}

// newCSVReader finds out what the file is: its encoding, its delimiter, its
// columns. The error is a *FileError or the reader's.
func newCSVReader(from io.Reader, o *CSVOptions, limits *Limits) (rowReader, error) {
	if o == nil {
		o = &CSVOptions{}
	}
	l := newCSVLimits(limits)
	d, err := newDecoder(from, o.Encoding)
	if err != nil {
		return nil, err
	}
	r := &csvReader{d: d, s: newCSVScanner(d, csvDelimiters[0], l.row, l.columns), bare: o.NoHeader}
	text, all, err := r.s.head()
	if err != nil {
		return nil, err
	}
	delimiter, length := delimiterTold(text)
	if length > 0 {
		r.told = bytes.Clone(text[:length])
		if _, err := r.s.next(); err != nil {
			return nil, err
		}
	}
	if o.Delimiter != 0 {
		if err := checkDelimiter(o.Delimiter); err != nil {
			return nil, err
		}
		delimiter = byte(o.Delimiter)
	} else if delimiter == 0 {
		delimiter = findDelimiter(text, all, l)
	}
	if err := checkDelimiter(rune(delimiter)); err != nil {
		return nil, err
	}
	r.s.delimiter = delimiter
	return r, r.first(text[length:], o, l)
}

// first reads the first line that is not blank, and finds out what it is.
func (r *csvReader) first(sample []byte, o *CSVOptions, l csvLimits) error {
	for {
		rec, err := r.s.next()
		if err == io.EOF {
			return &FileError{Reason: contacts.ReasonEmpty, Detail: "the file is empty: its first line must name the columns"}
		}
		if err != nil {
			return err
		}
		if !rec.blank() {
			r.rec = rec
			break
		}
	}
	r.cells = r.rec.text(r.cells)
	fault := func(reason contacts.Reason, detail string) error {
		return &FileError{Line: r.rec.line, Reason: reason, Detail: detail}
	}
	switch {
	case r.rec.fault == csvTooLong:
		return fault(ReasonTooLarge, fmt.Sprintf("the first line has more than %d bytes (Limits.Row): is this CSV?", l.row))
	case r.rec.fault == csvTooWide:
		return fault(ReasonTooLarge, fmt.Sprintf("the first line has more than %d columns (Limits.Columns): is this CSV?", l.columns))
	case r.rec.fault == csvUnclosed:
		return fault(ReasonMalformed, "the quotation marks of the first line do not fit: each cell that begins with one must end with one, and those inside are doubled")
	case !utf8.Valid(r.rec.raw):
		return fault(contacts.ReasonCharacter, "the first line is no text in "+r.d.encoding+": say which encoding the file has")
	}
	var err error
	if !o.NoHeader {
		data := false
		for _, c := range r.cells {
			data = data || looksLikeNumber(c) || looksLikeAddress(c)
		}
		if r.m, err = newCSVMap(r.cells, o); !data || err == nil && r.m.sure() {
			r.header = bytes.Clone(r.rec.raw)
			if err == nil {
				r.b.m = r.m
			}
			return err
		}
	}
	width := len(r.cells)
	r.m, err = guessCSVMap(sampleRows(sample, r.s.delimiter, l), width, o)
	r.b.m, r.pending = r.m, true
	return err
}

// sharedRow is how long a row may be that stays in memory as long as its contact
// does, whose texts are parts of it.
const sharedRow = 2 << 10

// read returns the next row.
func (r *csvReader) read() (*row, error) {
	rec := r.rec
	for !r.pending {
		var err error
		if rec, err = r.s.next(); err != nil {
			return nil, err
		}
		if !rec.blank() {
			break
		}
	}
	r.pending = false
	r.out = row{line: rec.line, raw: rec.raw}
	if rec.fault != csvSound || len(rec.cells) > len(r.m.header) || !utf8.Valid(rec.raw) {
		if p, bad := r.malformed(rec); bad {
			if r.out.problems = []Problem{p}; rec.fault == csvTooLong {
				r.out.raw = nil // what is cut off must not come in from the rejects
			}
			return &r.out, nil
		}
	}
	r.cells = rec.text(r.cells)
	if r.b.build(&r.out.contact, r.cells); len(rec.body) > sharedRow {
		ownTexts(&r.out.contact)
	}
	r.out.problems, r.out.leftOut, r.out.column = r.b.problems, r.b.leftOut, r.b.column()
	return &r.out, nil
}

// malformed says what is wrong with a record as such.
func (r *csvReader) malformed(rec *csvRecord) (p Problem, bad bool) {
	switch {
	case rec.fault == csvUnclosed:
		return Problem{Reason: ReasonMalformed, Detail: "has a quotation mark that is not closed, or text behind one that is: each cell that begins with one must end with one, and those inside are doubled"}, true
	case rec.fault == csvTooLong:
		return Problem{Reason: ReasonTooLarge, Detail: fmt.Sprintf("has more than %d bytes (Limits.Row)", r.s.maxRow)}, true
	case rec.fault == csvTooWide:
		return Problem{Reason: ReasonTooLarge, Detail: fmt.Sprintf("has more than %d cells (Limits.Columns)", r.s.maxCells)}, true
	case !utf8.Valid(rec.raw):
		return Problem{Reason: contacts.ReasonCharacter, Detail: "is no text in " + r.d.encoding + ": say which encoding the file has, or mend the row"}, true
	}
	if width := len(r.m.header); len(rec.cells) > width {
		for _, c := range rec.cells[width:] {
			if len(bytes.TrimSpace(rec.body[c.from:c.to])) > 0 {
				return Problem{Reason: ReasonMalformed, Detail: fmt.Sprintf("has %d cells, but the file has %d columns: put what has a %q in quotation marks", len(rec.cells), width, r.s.delimiter)}, true
			}
		}
	}
	return p, false
}

// found tells what was found out.
func (r *csvReader) found(report *Report) {
	report.Format, report.Layout, report.Encoding, report.Delimiter = FormatCSV, r.m.layout, r.d.encoding, rune(r.s.delimiter)
	report.Columns = make([]Column, len(r.m.header))
	for i := range report.Columns {
		report.Columns[i] = Column{Name: r.m.header[i], Field: r.m.targets[i].field}
	}
}

// rejectedColumn is the name of the column of reasons in a file of rejects. An
// import passes it over.
const rejectedColumn = "rejected"

// rejectHead writes the first line again, with one more column. A byte order mark
// says that it is UTF-8, whatever the file was. Where the first line was found to
// be a row, one is written that says what was found; where the caller says that
// there is none, there is none, and no reasons.
func (r *csvReader) rejectHead(w *bufio.Writer) error {
	_, _ = w.WriteString("\ufeff") // the buffer remembers its errors
	_, _ = w.Write(r.told)
	if n := len(r.told); n > 0 && !isLineEnd(r.told[n-1]) {
		_ = w.WriteByte('\n')
	}
	var err error
	switch {
	case r.header != nil && r.m.rejects == len(r.m.header)-1:
		_, err = w.Write(r.header)
	case r.header != nil:
		body, end := cutLineEnd(r.header)
		_, _ = w.Write(body)
		_ = w.WriteByte(r.s.delimiter)
		_, err = w.WriteString(rejectedColumn + end)
	case !r.bare:
		for _, t := range r.m.targets {
			field := t.field
			if field == "" {
				field = "-"
			}
			_, _ = w.WriteString(csvQuote(field, r.s.delimiter))
			_ = w.WriteByte(r.s.delimiter)
		}
		_, err = w.WriteString(rejectedColumn + "\n")
	}
	return err
}

// reject writes a record as it was, with the reason as its last cell.
func (r *csvReader) reject(w *bufio.Writer, raw []byte, reason string) error {
	body, end := cutLineEnd(bytes.TrimPrefix(raw, byteOrderMark8))
	if r.bare {
		_, _ = w.Write(body)
		_, err := w.WriteString(end)
		return err
	}
	width := len(r.m.header)
	s := newCSVScanner(bytes.NewReader(body), r.s.delimiter, len(body), max(r.s.maxCells, width))
	rec, err := s.next()
	sound, cells := len(body) == 0, 1 // nothing is there of a row that was too long
	if err == nil {
		sound = len(rec.body) == len(body) && (rec.fault == csvSound || rec.fault == csvTooWide)
		cells = len(rec.cells)
	}
	switch {
	case !sound:
		cells = width
	case r.m.rejects == width-1 && r.header != nil: // it had a reason before; with more cells nobody knows which it is
		if width--; cells == width+1 {
			last := rec.cells[width].from
			body = body[:bytes.LastIndexByte(body[:last], r.s.delimiter)]
			cells = width
		}
	}
	_, _ = w.Write(body)
	for range max(width-cells, 0) + 1 {
		_ = w.WriteByte(r.s.delimiter)
	}
	_, err = w.WriteString(csvQuote(cell.Quote(strings.ReplaceAll(reason, `"`, "'")), r.s.delimiter) + end)
	return err
}

// cutLineEnd takes the end of a line off; it is "\n" where there is none.
func cutLineEnd(raw []byte) (body []byte, end string) {
	body = bytes.TrimSuffix(raw, []byte("\n"))
	if body = bytes.TrimSuffix(body, []byte("\r")); len(body) == len(raw) {
		return raw, "\n"
	}
	return body, string(raw[len(body):])
}

func isLineEnd(c byte) bool { return c == '\n' || c == '\r' }

// csvQuote puts a cell in quotation marks where it needs them.
func csvQuote(s string, delimiter byte) string {
	if strings.IndexByte(s, delimiter) < 0 && !strings.ContainsAny(s, "\"\r\n") && strings.TrimSpace(s) == s {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
