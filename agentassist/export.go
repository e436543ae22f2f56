package agentassist

import (
	"bufio"
	"encoding/csv"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/cell"
)

// exportPart is how many bytes of an export go out at once.
const exportPart = 32 << 10

// export streams all active contacts in order of creation. Contacts that change
// while it runs are there as they were before or after.
//
// Where it cannot go on the connection is cut, so that nobody takes a part for
// the whole.
func (c *call) export() error {
	p := c.params()
	format := p.choice("format", "jsonl", "csv")
	if p.err != nil {
		return p.err
	}
	header := c.w.Header()
	header.Set("Content-Disposition", `attachment; filename="contacts.`+format+`"`)
	header.Set("Content-Type", map[string]string{"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8; header=present"}[format])
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if c.r.Method == http.MethodHead {
		return nil
	}
	out := &parts{call: c, rc: http.NewResponseController(c.w)}
	buf := bufio.NewWriterSize(out, exportPart)
	write := c.jsonl(buf)
	if format == "csv" {
		write = c.csv(buf)
	}
	for contact, err := range c.book.All(c.ctx(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err == nil {
			err = write(contact)
		}
		if err != nil {
			return out.broken(err)
		}
	}
	if err := buf.Flush(); err != nil {
		return out.broken(err)
	}
	return nil
}

// jsonl writes a contact a line.
func (c *call) jsonl(w *bufio.Writer) func(contacts.Contact) error {
	var line []byte
	return func(contact contacts.Contact) error {
		line = append(c.shown(contact).AppendJSON(line[:0]), '\n')
		_, err := w.Write(line)
		return err
	}
}

// importColumns are the columns of a file that import-contacts takes.
const importColumns = "firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension"

// csv writes contacts with the columns of an import.
func (c *call) csv(w *bufio.Writer) func(contacts.Contact) error {
	_, _ = w.WriteString(importColumns + "\n") // into the buffer, which remembers its errors
	cw := csv.NewWriter(w)
	return func(contact contacts.Contact) error {
		p := contact.CellPhone
		record := []string{contact.FirstName, contact.LastName, contact.Salutation,
			strings.TrimPrefix(p.Number, p.CountryCode), p.CountryCode, p.Extension}
		for i, s := range record {
			record[i] = cell.Quote(s)
		}
		_ = cw.Write(record)
		cw.Flush() // into the buffer
		return cw.Error()
	}
}

// parts writes an answer in parts, each of which may take WriteTimeout to be
// taken; as a whole it may take any time.
type parts struct {
	*call
	rc   *http.ResponseController
	idle bool // nothing may be written for longer than that
	sent bool
}

// hurried gives what is written next its time. Where the host's server knows no
// deadlines there are none.
func (p *parts) hurried() { _ = p.rc.SetWriteDeadline(time.Now().Add(p.opt.WriteTimeout)) }

func (p *parts) Write(b []byte) (int, error) {
	p.sent = true
	p.hurried()
	n, err := p.w.Write(b)
	if err == nil {
		if err = p.rc.Flush(); errors.Is(err, errors.ErrUnsupported) {
			err = nil // the host keeps answers until they are whole
		}
	}
	if p.idle { // HTTP/2 ends a stream at its deadline whether or not something waits to be written
		_ = p.rc.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// broken ends an answer that cannot go on: as a refusal while nothing of it was
// sent, else with the connection.
func (p *parts) broken(err error) error {
	if !p.sent {
		for _, name := range []string{"Content-Disposition", "Content-Type"} {
			p.w.Header().Del(name)
		}
		return err
	}
	p.report(p.r, err)
	panic(http.ErrAbortHandler) //contacts:panics the way of net/http to cut a connection: it is recovered and not logged
}
