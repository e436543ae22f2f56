package interchange

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// vCardReader reads cards of versions 2.1, 3.0 and 4.0. A row is a card, or what
// stands between two cards and is none.
type vCardReader struct {
	scan     cardScanner
	mapper   cardMapper
	encoding string
	cards    int
	ended    error
}

// The default Limits of a card.
const (
	defaultRow        = 1 << 20
	defaultProperties = 1000
	defaultValue      = 64 << 10
)

func newVCardReader(r io.Reader, l *Limits) (rowReader, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	// Bytes that are no UTF-8 are for each property to tell.
	given := encUTF8
	if e := sniffEncoding(head); e == encUTF16LE || e == encUTF16BE {
		given = e
	}
	d, err := newDecoder(io.MultiReader(bytes.NewReader(head), r), given)
	if err != nil {
		return nil, err
	}
	v := &vCardReader{encoding: d.encoding}
	v.scan.src = newLineSource(d)
	if l != nil {
		v.scan.limits = *l
	}
	for _, f := range []struct {
		limit *int
		value int
	}{{&v.scan.limits.Row, defaultRow}, {&v.scan.limits.Properties, defaultProperties}, {&v.scan.limits.Value, defaultValue}} {
		if *f.limit <= 0 {
			*f.limit = f.value
		}
	}
	return v, nil
}

func (v *vCardReader) read() (*row, error) {
	if v.ended != nil {
		return nil, v.ended
	}
	s := &v.scan
	if err := s.next(); err != nil {
		v.ended = err
		return nil, err
	}
	if !s.card && v.cards == 0 && s.src.end == s.src.pos && s.src.err == io.EOF {
		v.ended = &FileError{Line: s.line, Reason: ReasonMalformed, Detail: "this is no vCard file: there is no " + cardBegin + " in it"}
		return nil, v.ended
	}
	var out *row
	if s.card {
		v.cards++
		out = v.mapper.contact(s)
	} else {
		out = &row{}
	}
	if p, ok := s.problem(); ok {
		out.problems = []Problem{p}
	}
	out.line, out.raw = s.line, s.raw
	if s.card && s.tooMuch != "" {
		out.raw = s.raw[:firstEnd(s.raw)] // what is cut off must not come in from the rejects
	}
	return out, nil
}

func (v *vCardReader) found(r *Report) {
	r.Format, r.Encoding = FormatVCard, v.encoding
	if v.mapper.latin && v.encoding == encUTF8 {
		r.Encoding = enc1252
	}
}

func (v *vCardReader) rejectHead(*bufio.Writer) error { return nil }

// reject writes a card with the reason in a line behind its first; one that an
// earlier import wrote there goes. A card without an end gets one, as another row
// may follow here than did in the file.
func (v *vCardReader) reject(w *bufio.Writer, raw []byte, reason string) error {
	end := "\n"
	if n := firstEnd(raw); n < len(raw) {
		end = string(raw[n:min(n+2, len(raw))])
		if end != "\r\n" {
			end = end[:1]
		}
	}
	reason = strings.ReplaceAll(oneLine(strings.ToValidUTF8(reason, "?")), `\`, `\\`)
	note := fmt.Sprintf("%s:%s%s", rejectedName, reason, end)
	last := ""
	if n := firstEnd(raw); isLine(raw[:n], cardBegin) {
		if !isLine(raw[lastLine(raw):], cardEnd) {
			last = cardEnd + end
		}
		_, _ = w.Write(raw[:n])
		_, _ = w.WriteString(end)
		raw = raw[min(n+len(end), len(raw)):]
	}
	_, _ = w.WriteString(note)
	for bytes.HasPrefix(raw, []byte(rejectedName+":")) {
		n := firstEnd(raw)
		raw = raw[min(n+len(end), len(raw)):]
	}
	_, _ = w.Write(raw)
	if n := len(raw); n > 0 && raw[n-1] != '\n' && raw[n-1] != '\r' {
		_, _ = w.WriteString(end)
	}
	_, err := w.WriteString(last) // the buffer remembers its errors
	return err
}

// lastLine returns where the last line of a text begins that is not blank.
func lastLine(text []byte) int {
	text = bytes.TrimRight(text, " \t\r\n")
	return bytes.LastIndexAny(text, "\r\n") + 1
}
