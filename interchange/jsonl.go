package interchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// rejectedKey is the key in which an object of the rejects has its reason.
const rejectedKey = "rejected"

// jsonReader reads JSON Lines, and arrays of objects.
type jsonReader struct {
	r        *bufio.Reader
	most     int // bytes of a row
	encoding string
	line     int  // of the next byte
	fresh    bool // an array may begin
	array    bool // within one
	buf      []byte
	row      row
}

func newJSONReader(r io.Reader, l *Limits) (rowReader, error) {
	d, err := newDecoder(r, encUTF8) // or UTF-16 with its mark, as shells of Windows write it
	if err != nil {
		return nil, err
	}
	j := &jsonReader{r: bufio.NewReaderSize(d, 64<<10), most: 1 << 20, encoding: d.encoding, line: 1, fresh: true}
	if l != nil && l.Row > 0 {
		j.most = l.Row
	}
	return j, nil
}

func (j *jsonReader) found(r *Report) { r.Format, r.Encoding = FormatJSONLines, j.encoding }

func (j *jsonReader) read() (*row, error) {
	for {
		begins, err := j.between()
		if err != nil {
			return nil, err
		}
		if !begins {
			continue
		}
		j.row = row{line: j.line}
		long, err := false, error(nil)
		if j.array {
			long, err = j.element()
		} else {
			long, err = j.textLine()
		}
		if err != nil {
			return nil, err
		}
		if long {
			j.row.problems = []Problem{{Reason: ReasonTooLarge, Detail: fmt.Sprintf("has more than %d bytes: raise the limit of a row, or split it", j.most)}}
			return &j.row, nil
		}
		j.row.raw = j.buf
		j.judge()
		return &j.row, nil
	}
}

// between goes to the next row. It reports false where there was something else.
func (j *jsonReader) between() (bool, error) {
	for {
		c, err := j.r.ReadByte()
		if err == io.EOF && j.array {
			j.array = false
			j.row = row{line: j.line}
			j.buf = j.buf[:0]
			return true, nil
		}
		if err != nil {
			return false, err
		}
		switch {
		case c == '\n':
			j.line++
		case c == ' ', c == '\t', c == '\r', c == ',' && j.array:
		case c == ']' && j.array:
			j.array, j.fresh = false, true
		case c == '[' && j.fresh:
			j.array, j.fresh = true, false
		default:
			if err := j.r.UnreadByte(); err != nil {
				return false, err
			}
			if mark, _ := j.r.Peek(len(byteOrderMark8)); bytes.Equal(mark, byteOrderMark8) {
				_, _ = j.r.Discard(len(mark)) // of files that were put together
				continue
			}
			j.fresh = false
			return true, nil
		}
	}
}

// textLine reads the rest of a line into buf, and reports whether it is too long.
func (j *jsonReader) textLine() (long bool, err error) {
	j.buf = j.buf[:0]
	for {
		part, err := j.r.ReadSlice('\n')
		if long = long || len(j.buf)+len(part) > j.most; !long {
			j.buf = append(j.buf, part...)
		}
		switch err {
		case nil:
			j.line++
			return long, nil
		case io.EOF:
			return long, nil
		case bufio.ErrBufferFull:
		default:
			return long, err
		}
	}
}

// element reads an element of an array into buf: to where its brackets close or,
// where a line ends within a string, or an object begins where only a key may
// stand, to there: one that is broken does not take the next ones with it.
func (j *jsonReader) element() (long bool, err error) {
	j.buf = j.buf[:0]
	depth, inside, escaped := 0, false, false
	var (
		objects uint64 // a bit for each depth, up to 64: it is an object, not an array
		last    byte   // that is no blank
	)
	for {
		c, err := j.r.ReadByte()
		if err == io.EOF {
			return long, nil
		}
		if err != nil {
			return long, err
		}
		open := inside
		switch {
		case c == '\n' && (inside || depth == 0), depth == 0 && !inside && (c == ',' || c == ']'):
			return long, j.r.UnreadByte()
		case c == '\n':
			j.line++
		case escaped:
			escaped = false
		case inside && c == '\\':
			escaped = true
		case c == '"':
			inside = !inside
		case inside:
		case c == '{' && last != ':' && depth > 0 && objects>>(depth-1)&1 == 1:
			return long, j.r.UnreadByte()
		case c == '{' || c == '[':
			objects &^= 1 << depth
			if c == '{' {
				objects |= 1 << depth
			}
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if long = long || len(j.buf) >= j.most; !long {
			j.buf = append(j.buf, c)
		}
		if c > ' ' {
			last = c
		}
		if depth <= 0 && !inside && (open || c == '}' || c == ']') {
			return long, nil
		}
	}
}

// judge turns the text of a row into a contact, or into what is wrong with it.
func (j *jsonReader) judge() {
	r := &j.row
	if len(r.raw) == 0 {
		r.problems = []Problem{{Reason: ReasonMalformed, Detail: "the array is not closed: the file is cut off here, and what came behind is missing"}}
		return
	}
	members, wrong := readObject(r.raw)
	if wrong != nil {
		r.problems = []Problem{*wrong}
		return
	}
	for _, m := range members {
		if p := checkMember(m); p != nil {
			r.problems = append(r.problems, *p)
			continue
		}
		r.leftOut = append(r.leftOut, leftOutOf(m)...)
	}
	if r.problems != nil {
		return
	}
	if err := r.contact.UnmarshalJSON(r.raw); err != nil {
		r.problems = []Problem{{Reason: ReasonMalformed, Detail: "cannot be read as a contact"}}
		return
	}
	c := &r.contact
	if c.FullName != "" && c.FullName != contacts.FullName(c.FirstName, c.LastName) {
		r.leftOut = append(r.leftOut, LeftOut{"fullName", len(c.FullName), "it is made of firstName and lastName, which say something else"})
	}
	if len(c.MergedFrom) > 0 {
		r.leftOut = append(r.leftOut, LeftOut{"mergedFrom", 0, "what a merge did is in two contacts, and only a copy of the book has both"})
	}
}

// checkMember judges the type of what is the book's to set; a contact judges the
// rest of its fields itself.
func checkMember(m member) *Problem {
	wrong := ""
	switch m.key {
	case "id", "status", "createdBy", "createdByAId", "updatedBy", "updatedByAId", "orgId", "accountId", "instanceBotId", "fullName", "mergedInto":
		if m.value[0] != '"' && m.value[0] != 'n' {
			wrong = "must be a string"
		}
	case "createdAt", "updatedAt", "deletedAt":
		var s string
		if m.value[0] == 'n' {
			return nil
		}
		if json.Unmarshal(m.value, &s) != nil {
			wrong = "must be a string"
		} else if _, err := time.Parse(time.RFC3339, s); err != nil && s != "" {
			return &Problem{Field: m.key, Reason: contacts.ReasonTime, Value: clip(s), Detail: "must be a time such as 2025-01-02T15:04:05.678Z"}
		}
	case "mergedFrom":
		var list []contacts.Origin
		if json.Unmarshal(m.value, &list) != nil {
			wrong = "must be an array of objects"
		}
	}
	if wrong == "" {
		return nil
	}
	return &Problem{Field: m.key, Reason: contacts.ReasonType, Value: clip(string(m.value)), Detail: wrong}
}

// leftOutOf returns what of a member a contact does not have.
func leftOutOf(m member) []LeftOut {
	switch m.key {
	case rejectedKey, "status", "firstName", "lastName", "salutation", "createdBy", "orgId", "accountId", "instanceBotId", "fullName",
		"address", "twitterDetails", "createdAt", "updatedAt", "id", "updatedBy", "createdByAId", "updatedByAId", "organization",
		"title", "notes", "tags", "custom", "clientRef", "deletedAt", "mergedInto", "mergedFrom":
		return nil
	case "cellPhone":
		return unknownKeys(m.value, "cellPhone.", "phoneNumber", "countryCode", "extension", "input", "unverified")
	case "phones", "emails":
		known := []string{"address", "label"}
		if m.key == "phones" {
			known = []string{"phoneNumber", "countryCode", "extension", "input", "unverified", "label", "shared"}
		}
		var items []json.RawMessage
		if json.Unmarshal(m.value, &items) != nil || len(items) > contacts.MaxItems {
			return nil // the contact says what is wrong
		}
		var list []LeftOut
		for _, item := range items {
			list = append(list, unknownKeys(item, m.key+".", known...)...)
		}
		return list
	}
	return unknown(nil, m.key, m.value)
}

// unknownKeys returns those of an object that are not known.
func unknownKeys(value []byte, path string, known ...string) (list []LeftOut) {
	w := jsonWalk{data: value}
	if w.space(); w.pos == len(value) || value[w.pos] != '{' {
		return nil
	}
	var members []member
	w.object(&members)
next:
	for _, m := range members {
		for _, k := range known {
			if k == m.key {
				continue next
			}
		}
		list = unknown(list, path+m.key, m.value)
	}
	return list
}

// unknown appends a key that says something.
func unknown(list []LeftOut, name string, value []byte) []LeftOut {
	switch strings.Join(strings.Fields(string(value[:min(len(value), 100)])), "") {
	case "null", `""`, "[]", "{}":
		return list
	}
	return append(list, LeftOut{clip(name), len(value), "a contact has no such field"})
}

func (j *jsonReader) rejectHead(*bufio.Writer) error { return nil }

// reject writes an object with its reason, and what is none as it is.
func (j *jsonReader) reject(w *bufio.Writer, raw []byte, reason string) error {
	raw = bytes.Trim(raw, " \t\r\n")
	members, wrong := readObject(raw)
	if wrong != nil && len(raw) > 0 { // on one line, so that it stays one row
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte(" "))
		_, err := w.Write(append(raw, '\n'))
		return err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for _, m := range members {
		if m.key != rejectedKey {
			out.Write(raw[m.begin:m.end])
			out.WriteByte(',')
		}
	}
	text, err := json.Marshal(reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(&out, "%q:%s}", rejectedKey, text)
	var line bytes.Buffer
	if err := json.Compact(&line, out.Bytes()); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err = line.WriteTo(w)
	return err
}

// jsonWriter writes JSON Lines.
type jsonWriter struct{ buf []byte }

func newJSONWriter() rowWriter { return &jsonWriter{} }

func (j *jsonWriter) begin(*bufio.Writer) error { return nil }
func (j *jsonWriter) end(*bufio.Writer) error   { return nil }

func (j *jsonWriter) write(w *bufio.Writer, c *contacts.Contact, _ func(string)) error {
	j.buf = c.AppendJSON(j.buf[:0])
	if bytes.IndexByte(j.buf, '\n') >= 0 || len(c.Address)+len(c.Twitter) > 0 && !json.Valid(j.buf) {
		var line bytes.Buffer // address and twitterDetails stand in it as they are
		if err := json.Compact(&line, j.buf); err != nil {
			return errors.New("interchange: a contact has an address or twitterDetails that are not JSON")
		}
		j.buf = append(j.buf[:0], line.Bytes()...)
	}
	if _, err := w.Write(j.buf); err != nil {
		return err
	}
	return w.WriteByte('\n')
}
