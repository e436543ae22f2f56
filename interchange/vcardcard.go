package interchange

import (
	"bytes"
	"fmt"
	"io"
)

// cardScanner finds the cards of a file and the properties in them. Of a card it
// holds at most Limits.Row bytes and one property more.
type cardScanner struct {
	src    *lineSource
	limits Limits

	// The card that was found last, or what stands between two.
	line    int    // where it begins
	raw     []byte // what it has, without what was left out
	spans   []span // where its properties are in raw
	card    bool
	old     bool // version 2.1
	leftOut []LeftOut
	tooMuch string // it goes beyond a bound: which
	indent  int    // blanks before each line of it
	open    property
	nested  int  // cards within the open property that have begun and not ended
	deeper  bool // the last line of them is an AGENT, whose card is below
}

// span is where a property stands: all of its lines.
type span struct {
	from, to int
	line     int
	soft     bool // quoted-printable, and lines of it end in "="
}

// property is one that is being read line by line.
type property struct {
	span
	open  bool
	bytes int  // its length in the file
	over  bool // it is more than may be held: raw has none of it
	goes  bool // the last line ended in "=", so that the next one belongs to it
	qp    int8 // whether it is quoted-printable: 1 yes, -1 no, 0 not known
	seen  int  // so far there is no colon
	agent bool
	name  string // of one that is left out
}

const (
	cardBegin = "BEGIN:VCARD"
	cardEnd   = "END:VCARD"

	rejectedName = "X-CONTACTS-REJECTED"
	leftOutName  = "X-CONTACTS-LEFT-OUT"
)

// next finds the next card, or what stands between two and is none. At the end
// it returns io.EOF.
func (s *cardScanner) next() error {
	s.raw, s.spans, s.leftOut = s.raw[:0], s.spans[:0], nil
	s.tooMuch, s.indent, s.nested, s.deeper, s.old = "", 0, 0, false, false
	s.open = property{}
	s.card = false
	for {
		text, whole, err := s.src.next()
		switch {
		case err != nil:
			return err
		case whole && isLine(text, cardBegin):
			s.line, s.card = s.src.line, true
			s.indent = blanks(text)
			s.raw = append(s.raw, text...)
			return s.inCard()
		case whole && passedOver(text):
		default:
			s.line = s.src.line
			s.keep(text)
			return s.between(whole)
		}
	}
}

// passedOver reports whether a line between cards says nothing.
func passedOver(text []byte) bool {
	return isBlank(text) || isLine(text, cardEnd) || isNote(text)
}

// isNote reports whether a line was written by an import, for people to read.
func isNote(text []byte) bool {
	return len(text) > 0 && text[0] == 'X' && (bytes.HasPrefix(text, []byte(rejectedName+":")) || bytes.HasPrefix(text, []byte(leftOutName+":")))
}

// between reads what stands between two cards.
func (s *cardScanner) between(whole bool) error {
	for {
		wasWhole := whole
		text, w, err := s.src.next()
		if whole = w; err != nil {
			return ended(err)
		}
		if whole && wasWhole && isLine(text, cardBegin) {
			s.src.unread(text)
			return nil
		}
		if !wasWhole || !whole || !passedOver(text) {
			s.keep(text)
		}
	}
}

func ended(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// inCard reads a card behind its first line. One that does not end is ended by
// the next one, and by the end of the file.
func (s *cardScanner) inCard() error {
	part := false // the line began before
	for {
		text, whole, err := s.src.next()
		if err != nil {
			s.close()
			return ended(err)
		}
		wasPart := part
		part = !whole
		// A line that is further in goes on with the property above.
		folded := s.open.open && blanks(text) > s.indent
		switch {
		case wasPart:
			s.more(text, whole)
		case isBlank(text):
			if s.open.goes = false; !s.open.over && s.nested == 0 {
				s.keep(text)
			}
		case whole && (!folded || s.deeper) && isLine(text, cardBegin):
			if !s.deeper && !s.isAgent() {
				s.close()
				s.src.unread(text)
				return nil
			}
			s.nest(text)
		case whole && (!folded || s.nested > 0) && isLine(text, cardEnd):
			if s.nested == 0 {
				s.close()
				s.end(text)
				return nil
			}
			s.more(text, whole)
			if s.nested--; s.nested == 0 {
				s.close()
			}
		case s.nested > 0:
			s.more(text, whole)
			s.deeper = isAgentLine(text)
		case folded || s.open.open && s.open.goes:
			s.more(text, whole)
		case s.isAgent() && s.agentBegun():
			s.nest(text)
		default:
			s.close()
			if isNote(text) && whole {
				s.keep(text)
			} else if s.tooMuch == "" {
				s.begin(text, whole)
			}
		}
	}
}

// nest begins a card within the card.
func (s *cardScanner) nest(text []byte) {
	s.nested++
	s.deeper = false
	s.more(text, true)
}

// end takes the last line of the card.
func (s *cardScanner) end(text []byte) {
	if n := len(s.raw); s.raw[n-1] != '\n' && s.raw[n-1] != '\r' {
		s.raw = append(s.raw, '\n')
	}
	s.raw = append(s.raw, text...)
}

// blanks returns how many blanks a line begins with.
func blanks(text []byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t') {
		n++
	}
	return n
}

// keep adds to raw a line that is part of no property.
func (s *cardScanner) keep(text []byte) {
	if s.tooMuch != "" {
		return
	}
	if len(s.raw)+len(text) > s.limits.Row {
		s.beyondRow()
		return
	}
	s.raw = append(s.raw, text...)
}

func (s *cardScanner) beyondRow() {
	s.tooMuch = fmt.Sprintf("has more than %d bytes", s.limits.Row)
}

// begin begins a property.
func (s *cardScanner) begin(text []byte, whole bool) {
	if len(s.spans) == 0 {
		s.indent = blanks(text)
	}
	s.open = property{span: span{from: len(s.raw), line: s.src.line}, open: true}
	s.open.agent = isAgentLine(text)
	s.more(text, whole)
	if len(text) > 8 && text[7] == ':' && bytes.EqualFold(text[:7], []byte("VERSION")) {
		s.old = isLine(text[8:], "2.1")
	}
}

// more adds a line, or a piece of one, to the property that is open.
func (s *cardScanner) more(text []byte, whole bool) {
	p := &s.open
	if !p.open {
		return
	}
	p.bytes += len(text)
	if !p.over {
		s.raw = append(s.raw, text...)
	}
	// What is held is more than may be held of its value decoded: at most three
	// bytes stand for one.
	if !p.over && (p.bytes > 4*s.limits.Value+4096 || s.nested > 0) {
		p.qpKnown(s.raw[p.from:])
		p.name = nameOf(s.raw[p.from:])
		s.raw = s.raw[:p.from]
		p.over = true
	}
	p.goes = false
	if whole {
		if t := trimEnd(text); len(t) > 0 && t[len(t)-1] == '=' {
			if !p.over {
				p.qpKnown(s.raw[p.from:])
			}
			p.goes = p.qp > 0
			p.soft = p.soft || p.goes
		}
	}
}

// qpKnown finds out whether a property is quoted-printable.
func (p *property) qpKnown(text []byte) {
	if p.qp != 0 {
		return
	}
	i := bytes.IndexByte(text[p.seen:], ':')
	if i < 0 {
		p.seen = len(text)
		return
	}
	p.qp = -1
	if containsFold(text[:p.seen+i], "QUOTED-PRINTABLE") {
		p.qp = 1
	}
}

func containsFold(text []byte, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0]|0x20 && bytes.EqualFold(text[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// isAgentLine reports whether a property begins that may be a card.
func isAgentLine(text []byte) bool {
	text = text[blanks(text):]
	if len(text) < 6 || text[0]|0x20 != 'a' || !bytes.EqualFold(text[:5], []byte("AGENT")) {
		return false
	}
	return text[5] == ':' || text[5] == ';'
}

// isAgent reports whether the open property is an AGENT that has no value, or
// only the beginning of a card: that card is below.
func (s *cardScanner) isAgent() bool {
	if !s.open.open || !s.open.agent || s.open.over || s.nested > 0 {
		return false
	}
	i := bytes.IndexByte(s.raw[s.open.from:], ':')
	if i < 0 {
		return false
	}
	value := s.raw[s.open.from+i+1:]
	return isBlank(value) || isLine(value, cardBegin)
}

// agentBegun reports whether the open AGENT has begun a card on its line.
func (s *cardScanner) agentBegun() bool {
	i := bytes.IndexByte(s.raw[s.open.from:], ':')
	return !isBlank(s.raw[s.open.from+i+1:])
}

// close ends the property that is open, and leaves it out where it is more than
// the bounds allow.
func (s *cardScanner) close() {
	p := &s.open
	if !p.open {
		return
	}
	p.open, s.nested, s.deeper = false, 0, false
	p.to = len(s.raw)
	if !p.over && p.bytes > s.limits.Value {
		p.qpKnown(s.raw[p.from:])
	}
	if !p.over && p.bytes > s.limits.Value && valueSize(s.raw[p.from:], p.qp > 0) > s.limits.Value {
		p.name = nameOf(s.raw[p.from:])
		s.raw = s.raw[:p.from]
		p.over = true
	}
	switch {
	case len(s.spans)+len(s.leftOut) >= s.limits.Properties:
		s.raw = s.raw[:p.from]
		s.tooMuch = fmt.Sprintf("has more than %d properties", s.limits.Properties)
	case p.over:
		detail := fmt.Sprintf("has more than %d bytes", s.limits.Value)
		if p.agent {
			detail = "is a card within the card"
		}
		s.leftOut = append(s.leftOut, LeftOut{Name: p.name, Bytes: p.bytes, Detail: detail})
		s.raw = fmt.Appendf(s.raw, "%s:%s\\, %d bytes\n", leftOutName, p.name, p.bytes)
	case len(s.raw) > s.limits.Row:
		s.raw = s.raw[:p.from]
		s.beyondRow()
	default:
		s.spans = append(s.spans, p.span)
	}
}

// problem says what is wrong with what was found, as a whole.
func (s *cardScanner) problem() (Problem, bool) {
	switch {
	case s.tooMuch != "":
		return Problem{Reason: ReasonTooLarge, Detail: s.tooMuch + ": import it with a greater limit, or in parts"}, true
	case !s.card:
		return Problem{Reason: ReasonMalformed, Detail: "is no card: one begins with " + cardBegin + " and ends with " + cardEnd}, true
	}
	return Problem{}, false
}
