package interchange

import (
	"bytes"
	"io"
	"strings"
)

// csvScanner takes records out of a text, in time linear in its length and in
// memory of some times Limits.Row.
//
// Lines end with LF, CR or CRLF. A cell that begins with a quotation mark, with
// blanks before it or not, ends with the next one that is not doubled, behind
// which only blanks may follow; in other cells quotation marks mean nothing. A
// record whose quotation marks do not fit (never closed, or text behind the
// closing one, which is what an unclosed one looks like where others follow) is
// its first line only: scanning goes on with the next line, so that nothing is
// swallowed. A byte order mark before a record, as files that were put together
// have them, is no part of its cells.
type csvScanner struct {
	r         io.Reader
	delimiter byte
	maxRow    int
	maxCells  int

	buf        []byte
	start, end int // of what was read and not yet handed out
	err        error
	skip       bool // the rest of a line that is too long comes next
	line       int  // of the next record

	lf, cr, quote mark
	rec           csvRecord
	cells         []csvSpan
}

// csvSpan is where a cell stands in a record.
type csvSpan struct {
	from, to int
	doubled  bool // it has doubled quotation marks
}

// csvFault says what is wrong with a record.
type csvFault uint8

const (
	csvSound    csvFault = iota
	csvUnclosed          // a quotation mark is not closed within maxRow bytes, or text follows one
	csvTooLong           // the line has more than maxRow bytes; raw is their beginning
	csvTooWide           // it has more than maxCells cells; cells has one more than that
)

// csvRecord is one record, valid until the next call of next.
type csvRecord struct {
	line  int
	raw   []byte // with what ends it
	body  []byte // without
	cells []csvSpan
	fault csvFault
}

// text returns the cells as strings that share one allocation, where none has
// doubled quotation marks.
func (r *csvRecord) text(into []string) []string {
	all := string(r.body)
	into = into[:0]
	for _, c := range r.cells {
		s := all[c.from:c.to]
		if c.doubled {
			s = strings.ReplaceAll(s, `""`, `"`)
		}
		into = append(into, s)
	}
	return into
}

// blank reports whether all cells are.
func (r *csvRecord) blank() bool {
	if r.fault != csvSound {
		return false
	}
	for _, c := range r.cells {
		if len(bytes.TrimSpace(r.body[c.from:c.to])) > 0 {
			return false
		}
	}
	return true
}

// csvChunk is how much is read at least before a record is looked for.
const csvChunk = 128 << 10

func newCSVScanner(r io.Reader, delimiter byte, maxRow, maxCells int) *csvScanner {
	return &csvScanner{r: r, delimiter: delimiter, maxRow: maxRow, maxCells: maxCells, line: 1,
		lf: mark{char: '\n', at: -1}, cr: mark{char: '\r', at: -1}, quote: mark{char: '"', at: -1}}
}

// mark knows where a character stands next, so that no byte is looked at twice
// for it.
type mark struct {
	char    byte
	at      int // -1: nowhere up to scanned
	scanned int
}

// next returns where the character stands at or behind from, -1 for nowhere.
// From never goes back.
func (m *mark) next(b []byte, from int) int {
	if m.at >= from {
		return m.at
	}
	m.scanned = max(m.scanned, from)
	m.at = bytes.IndexByte(b[m.scanned:], m.char)
	if m.at < 0 {
		m.scanned = len(b)
		return -1
	}
	m.at += m.scanned
	m.scanned = m.at + 1
	return m.at
}

func (m *mark) shift(n int) {
	m.scanned = max(m.scanned-n, 0)
	if m.at >= 0 {
		m.at = max(m.at-n, -1)
	}
}

// fill reads on until twice as much is there as before, so that what looks at
// all of it again does so a few times only.
func (s *csvScanner) fill() {
	have := s.end - s.start
	want := max(csvChunk, 2*have)
	if len(s.buf) < want {
		grown := make([]byte, want)
		copy(grown, s.buf[s.start:s.end])
		s.buf = grown
	} else {
		copy(s.buf, s.buf[s.start:s.end])
	}
	for _, m := range []*mark{&s.lf, &s.cr, &s.quote} {
		m.shift(s.start)
	}
	s.start, s.end = 0, have
	for empty := 0; s.end < want && s.err == nil; {
		var n int
		n, s.err = s.r.Read(s.buf[s.end:want])
		s.end += n
		if empty++; n > 0 {
			empty = 0
		} else if empty == 100 && s.err == nil {
			s.err = io.ErrNoProgress
		}
	}
}

// head returns what the text begins with, and whether that is all of it.
func (s *csvScanner) head() (text []byte, all bool, err error) {
	if s.end == 0 {
		s.fill()
	}
	if s.err != nil && s.err != io.EOF {
		return nil, false, s.err
	}
	return s.buf[s.start:s.end], s.err == io.EOF, nil
}

// next returns the next record, blank or not, and io.EOF behind the last.
func (s *csvScanner) next() (*csvRecord, error) {
	for s.skip {
		if _, next, ok := s.lineEnd(); ok {
			s.skip, s.start = false, next
			s.line++
		} else if s.err != nil {
			s.skip, s.start = false, s.end
		} else {
			s.start = s.end
			if s.end > 0 && s.buf[s.end-1] == '\r' {
				s.start-- // a line feed may follow
			}
			s.fill()
		}
	}
	for {
		if s.try() {
			return &s.rec, nil
		}
		if s.err != nil && s.err != io.EOF {
			return nil, s.err
		}
		if s.err == io.EOF && s.start == s.end {
			return nil, io.EOF
		}
		s.fill()
	}
}

// lineEnd returns where the line at start ends, and where the next one begins;
// false where that is not known yet.
func (s *csvScanner) lineEnd() (end, next int, ok bool) {
	text := s.buf[:s.end]
	lf, cr := s.lf.next(text, s.start), s.cr.next(text, s.start)
	switch {
	case cr >= 0 && (lf < 0 || cr < lf):
		if cr+1 == s.end && s.err == nil {
			return 0, 0, false
		}
		if lf == cr+1 {
			return cr, cr + 2, true
		}
		return cr, cr + 1, true
	case lf >= 0:
		return lf, lf + 1, true
	case s.err == io.EOF && s.start < s.end:
		return s.end, s.end, true
	}
	return 0, 0, false
}

// try takes rec from what was read; false where more is to be read.
func (s *csvScanner) try() bool {
	rec := &s.rec
	end, next, ok := s.lineEnd()
	if ok && end-s.start > s.maxRow || !ok && s.end-s.start > s.maxRow+1 {
		raw := s.buf[s.start : s.start+s.maxRow]
		*rec = csvRecord{line: s.line, fault: csvTooLong, raw: raw, body: raw}
		s.start += s.maxRow
		s.skip = true
		return true
	}
	if !ok {
		return false
	}
	from := s.start
	if bytes.HasPrefix(s.buf[from:end], byteOrderMark8) {
		s.start += len(byteOrderMark8)
	}
	rec.line, rec.raw, rec.body, rec.cells, rec.fault = s.line, s.buf[from:next], s.buf[s.start:end], nil, csvSound
	lines := 1
	if q := s.quote.next(s.buf[:s.end], s.start); q < 0 || q >= end {
		rec.cells, rec.fault = s.split(rec.body)
	} else {
		last, state := s.quoted()
		switch state {
		case quotedMore:
			s.start = from
			return false
		case quotedBad:
			rec.fault = csvUnclosed
		default:
			if last+1 == s.end && s.buf[last] == '\r' && s.err == nil {
				s.start = from
				return false // a line feed may follow
			}
			if last != end {
				rec.body = s.buf[s.start:last]
				lines += lineBreaks(rec.body)
				next = min(last+1, s.end)
				if next < s.end && s.buf[last] == '\r' && s.buf[next] == '\n' {
					next++
				}
				rec.raw = s.buf[from:next]
			}
			if rec.cells = s.cells; len(rec.cells) > s.maxCells {
				rec.fault = csvTooWide
			}
		}
	}
	s.start = next
	s.line += lines
	return true
}

// split takes a line without quotation marks apart.
func (s *csvScanner) split(body []byte) ([]csvSpan, csvFault) {
	s.cells = s.cells[:0]
	for from := 0; ; {
		i := bytes.IndexByte(body[from:], s.delimiter)
		if i < 0 {
			s.cells = append(s.cells, csvSpan{from: from, to: len(body)})
			break
		}
		s.cells = append(s.cells, csvSpan{from: from, to: from + i})
		if len(s.cells) > s.maxCells {
			break
		}
		from += i + 1
	}
	if len(s.cells) > s.maxCells {
		return s.cells, csvTooWide
	}
	return s.cells, csvSound
}

type quotedState uint8

const (
	quotedDone quotedState = iota
	quotedMore             // more is to be read
	quotedBad              // the quotation marks do not fit
)

// quoted takes the record at start apart and returns where it ends. It looks at
// maxRow bytes at most.
//
// A record that turns out bad is looked at again, a line at a time. That is
// linear all the same: behind an opening mark all runs of marks up to the one that
// tells are even, so that those which open a cell there close it at once.
func (s *csvScanner) quoted() (end int, state quotedState) {
	limit := min(s.end, s.start+s.maxRow+1)
	whole := limit == s.end && s.err == io.EOF
	short := quotedBad
	if limit == s.end && s.err == nil {
		short = quotedMore
	}
	text := s.buf[:limit]
	s.cells = s.cells[:0]
	for p := s.start; ; p++ {
		open := s.blanks(text, p)
		if open < limit && text[open] == '"' {
			span, behind, ok := s.closeQuote(text, open, whole)
			if open > p { // with blanks before it, it closes in its line or is text
				ended := bytes.ContainsAny(text[open:behind], "\r\n")
				if !ok && behind == limit && !whole && !ended {
					return 0, short
				}
				ok = ok && !ended
			} else if !ok && (behind < limit || whole) {
				return 0, quotedBad
			} else if !ok {
				return 0, short
			}
			if ok {
				s.add(span)
				if behind == limit || text[behind] != s.delimiter {
					return behind, quotedDone
				}
				p = behind
				continue
			}
		}
		from := p
		for p < limit && text[p] != s.delimiter && text[p] != '\n' && text[p] != '\r' {
			p++
		}
		s.add(csvSpan{from: from - s.start, to: p - s.start})
		switch {
		case p == limit && !whole:
			return 0, short
		case p == limit || text[p] != s.delimiter:
			return p, quotedDone
		}
	}
}

// closeQuote finds the quotation mark that closes the one at open, and what
// stands behind it and its blanks: the delimiter or the end of a line, else it
// does not close. Where the text ends before that, behind is its length; whole
// says that nothing more comes.
func (s *csvScanner) closeQuote(text []byte, open int, whole bool) (cell csvSpan, behind int, ok bool) {
	cell.from = open + 1 - s.start
	for i := open + 1; ; i += 2 {
		n := bytes.IndexByte(text[i:], '"')
		if n < 0 {
			return cell, len(text), false
		}
		i += n
		if i+1 < len(text) && text[i+1] == '"' {
			cell.doubled = true
			continue
		}
		cell.to = i - s.start
		behind = s.blanks(text, i+1)
		if behind == len(text) {
			return cell, behind, whole
		}
		c := text[behind]
		return cell, behind, c == s.delimiter || c == '\n' || c == '\r'
	}
}

// blanks returns where the blanks at a place end.
func (s *csvScanner) blanks(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') && text[at] != s.delimiter {
		at++
	}
	return at
}

func (s *csvScanner) add(c csvSpan) {
	if len(s.cells) <= s.maxCells {
		s.cells = append(s.cells, c)
	}
}

// lineBreaks counts the lines that end in a text.
func lineBreaks(text []byte) int {
	return bytes.Count(text, []byte{'\n'}) + bytes.Count(text, []byte{'\r'}) - bytes.Count(text, []byte{'\r', '\n'})
}
