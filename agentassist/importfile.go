package agentassist

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cell"
)

// fileField is the field of the form that has the file.
const fileField = "result_file"

// maxParts bounds the parts of a form, maxCommas the columns of a line.
const (
	maxParts  = 100
	maxCommas = 10_000
)

// columns are those of a file, with the field of a contact that each is.
var columns = []struct {
	name, field string
	to          func(*contacts.Contact) *string
}{
	{"firstName", "firstName", func(c *contacts.Contact) *string { return &c.FirstName }},
	{"lastName", "lastName", func(c *contacts.Contact) *string { return &c.LastName }},
	{"salutation", "salutation", func(c *contacts.Contact) *string { return &c.Salutation }},
	{"cellPhoneNumber", "cellPhone.phoneNumber", func(c *contacts.Contact) *string { return &c.CellPhone.Number }},
	{"cellPhoneCountryCode", "cellPhone.countryCode", func(c *contacts.Contact) *string { return &c.CellPhone.CountryCode }},
	{"cellPhoneExtension", "cellPhone.extension", func(c *contacts.Contact) *string { return &c.CellPhone.Extension }},
}

// importFile adds the contacts of a CSV file, all or none. The first line names
// the columns, in any order and case; those that are not the API's are passed
// over, and so are lines with nothing in them. Problems have the index of the
// contact, as in the answer, and say which line of the file it is from. What an
// export wrote is read back as it was.
func (c *call) importFile() error {
	form, err := c.form()
	if err != nil {
		return err
	}
	file, err := nextFile(form)
	if err != nil {
		return err
	}
	if file == nil {
		return problem(Reason(contacts.ReasonMissing), fileField, "the form has no file "+fileField+", or its boundary is not that of Content-Type")
	}
	list, lines, err := c.readFile(file)
	if err != nil {
		return err
	}
	if file, err = nextFile(form); err != nil {
		return err
	} else if file != nil {
		return problem(Reason(contacts.ReasonRepeated), fileField, "the form has more than one file "+fileField+": send each in a call of its own")
	}
	return inFile(c.createAll(list), lines)
}

// form returns the body as a form. The boundary is that of Content-Type,
// whatever the type: curl adds it to the one it is told.
func (c *call) form() (*multipart.Reader, error) {
	_, params, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type")) // no parameters where it is none
	if params["boundary"] == "" {
		return nil, problem(ReasonMediaType, "Content-Type", "Content-Type has no boundary: send a form, with the CSV as the file "+fileField)
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	return multipart.NewReader(body, params["boundary"]), nil
}

// nextFile returns the next file of a form, nil where there is none.
func nextFile(form *multipart.Reader) (*multipart.Part, error) {
	for range maxParts {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		if err != nil {
			return nil, formError(err)
		}
		if part.FormName() == fileField {
			return part, nil
		}
	}
	return nil, problem(ReasonTooLarge, "", fmt.Sprintf("the form has more than %d parts", maxParts))
}

// formError tells what is wrong with a form from what is wrong with its coming.
func formError(err error) error {
	var long *http.MaxBytesError
	var answered *Error
	switch {
	case errors.As(err, &long), errors.As(err, &answered), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return problem(ReasonMalformed, "", "the form ended early: its last line must be the boundary with -- behind it")
	}
	return problem(ReasonMalformed, "", "the body is not a form of that boundary")
}

// readFile reads the contacts of a file, and the line that each begins at.
func (c *call) readFile(file io.Reader) (list []contacts.Contact, lines []int, err error) {
	text := bufio.NewReader(&bounded{r: file})
	if mark, err := text.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = text.Discard(3)
	} else if bytes.HasPrefix(mark, []byte{0xff, 0xfe}) || bytes.HasPrefix(mark, []byte{0xfe, 0xff}) {
		return nil, nil, problem(ReasonMalformed, fileField, "the file is UTF-16: save it as UTF-8")
	}
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, problem(ReasonMalformed, fileField, "the file is empty: its first line must name the columns")
	}
	if err != nil {
		return nil, nil, fileError(err)
	}
	at, err := findColumns(head)
	if err != nil {
		return nil, nil, err
	}
	width := len(head)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			if len(list) == 0 {
				err = problem(ReasonNoRows, fileField, "the file has no contacts: there is nothing below its first line")
			} else {
				err = nil
			}
			return list, lines, err
		}
		if err != nil {
			return nil, nil, fileError(err)
		}
		line, _ := r.FieldPos(0)
		if blankRow(row) {
			continue
		}
		if len(row) > width && !blankRow(row[width:]) {
			return nil, nil, problem(ReasonMalformed, fileField,
				fmt.Sprintf("line %d has more columns than the first line: put what has a comma in quotes", line))
		}
		if len(list) == c.opt.MaxRows {
			return nil, nil, c.checkRows(len(list) + 1)
		}
		var contact contacts.Contact
		for i, column := range columns {
			if at[i] < len(row) {
				*column.to(&contact) = cell.Unquote(row[at[i]])
			}
		}
		list, lines = append(list, contact), append(lines, line)
	}
}

// findColumns returns where each of columns stands in a first line.
func findColumns(head []string) ([]int, error) {
	at := make([]int, len(columns))
	var missing Error
	for i, column := range columns {
		is := func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), column.name) }
		if at[i] = slices.IndexFunc(head, is); at[i] < 0 {
			missing.Problems = append(missing.Problems, Problem{Reason: Reason(contacts.ReasonMissing), Field: column.name,
				Msg: "the first line does not name the column " + column.name})
		} else if slices.ContainsFunc(head[at[i]+1:], is) {
			return nil, problem(Reason(contacts.ReasonRepeated), column.name, "the first line names the column "+column.name+" twice")
		}
	}
	if missing.Problems != nil {
		return nil, &missing
	}
	return at, nil
}

func blankRow(row []string) bool {
	return !slices.ContainsFunc(row, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// fileError tells what is wrong with a file from what is wrong with its coming.
func fileError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return problem(ReasonMalformed, fileField, fmt.Sprintf("line %d is not CSV: %v", parse.Line, parse.Err))
	}
	return formError(err)
}

// inFile turns what is wrong with contacts into what is wrong with lines and
// columns.
func inFile(err error, lines []int) error {
	if !errors.Is(err, contacts.ErrInvalid) && !errors.Is(err, contacts.ErrDuplicateNumber) {
		return err
	}
	problems := problemsOf(err)
	for i := range problems {
		p := &problems[i]
		for _, column := range columns {
			if p.Field != column.field {
				continue
			}
			if rest, ok := strings.CutPrefix(p.Msg, p.Field); ok {
				p.Msg = column.name + rest
			}
			p.Field = column.name
			break
		}
		if p.Index == nil {
			continue
		}
		if p.Earlier != nil {
			p.Msg = strings.Replace(p.Msg, fmt.Sprintf("item %d of the same call", *p.Earlier), fmt.Sprintf("line %d", lines[*p.Earlier]), 1)
		}
		p.Msg = fmt.Sprintf("line %d: %s", lines[*p.Index], p.Msg)
	}
	return &Error{Problems: problems}
}

// bounded refuses lines of more than maxCommas commas, for which a csv.Reader
// takes many times the memory that they have.
type bounded struct {
	r      io.Reader
	quoted bool
	commas int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	for _, char := range p[:n] {
		switch {
		case char == '"':
			b.quoted = !b.quoted
		case b.quoted:
		case char == ',':
			b.commas++
		case char == '\n':
			b.commas = 0
		}
		if b.commas > maxCommas {
			return 0, problem(ReasonTooLarge, fileField, fmt.Sprintf("a line has more than %d columns", maxCommas))
		}
	}
	return n, err
}
