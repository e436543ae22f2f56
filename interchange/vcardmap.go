package interchange

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// cardMapper makes contacts of cards.
//
// The first N and FN, TEL, EMAIL, ORG, TITLE, NOTE, CATEGORIES and UID go to the
// fields of a contact, the X-CONTACTS properties that a vCardWriter writes to
// those that nothing else is for. All else goes to Custom: see customOf. What has
// no room there is left out.
type cardMapper struct {
	parser
	props  []prop
	groups map[string]*grouped
	ours   bool // we wrote it: nothing is trimmed or guessed
	latin  bool // some property is windows-1252 without saying so
	buf    []byte
	parts  [][]byte

	keys, headers map[string]string // by what stands before the colon

	c       contacts.Contact
	leftOut []LeftOut
	tels    []tel
	emails  []email
	notes   []byte
	fn      string
	hasN    bool
	columns *columns
	row     row
}

// grouped is what properties say about others of their group.
type grouped struct {
	label, phone *prop // X-ABLABEL, X-CONTACTS-PHONE
}

// ourProduct is the PRODID of cards that we wrote.
const ourProduct = "-//callerbook//contacts//EN"

// contact maps the card that was found, which is one.
func (m *cardMapper) contact(s *cardScanner) *row {
	m.reset(s.old, s.indent)
	m.props = m.props[:0]
	m.c, m.leftOut = contacts.Contact{}, s.leftOut
	m.tels, m.emails, m.notes = m.tels[:0], m.emails[:0], m.notes[:0]
	m.fn, m.hasN, m.ours = "", false, false
	m.columns = &columns{name: "N"}
	clear(m.groups)
	for _, at := range s.spans {
		m.props = append(m.props, prop{})
		p := &m.props[len(m.props)-1]
		text := s.raw[at.from:at.to]
		switch why := m.parse(text, at.soft, p); why {
		case "":
		case noColon:
			m.stray(text)
		default:
			m.leave(p.name, len(text), why)
			m.props = m.props[:len(m.props)-1]
		}
	}
	for i := range m.props {
		switch p := &m.props[i]; p.name {
		case "PRODID":
			m.ours = m.ours || string(p.value) == ourProduct
		case "X-ABLABEL", "X-CONTACTS-PHONE":
			if len(p.group) > 0 {
				m.join(p)
			}
		}
	}
	for i := range m.props {
		if p := &m.props[i]; p.name != "X-ABLABEL" {
			m.property(p)
		}
	}
	m.c.Notes = string(m.notes)
	m.names()
	m.numbers()
	m.addresses()
	for i := range m.props {
		if p := &m.props[i]; p.name == "X-ABLABEL" && !p.used {
			m.custom(p)
		}
	}
	m.row = row{contact: m.c, leftOut: m.leftOut, column: m.columns.of}
	return &m.row
}

func (m *cardMapper) join(p *prop) {
	if m.groups == nil {
		m.groups = map[string]*grouped{}
	}
	key := strings.ToLower(string(p.group))
	g := m.groups[key]
	if g == nil {
		g = &grouped{}
		m.groups[key] = g
	}
	if p.name == "X-ABLABEL" {
		if g.label == nil {
			g.label = p
		}
	} else if g.phone == nil {
		g.phone = p
	}
}

// group returns what is said about a property by others of its group.
func (m *cardMapper) group(p *prop) grouped {
	if len(m.groups) == 0 || len(p.group) == 0 {
		return grouped{}
	}
	g := m.groups[strings.ToLower(string(p.group))]
	if g == nil {
		return grouped{}
	}
	return *g
}

// stray takes the line before, which the parser made nothing of, off: one
// below a note is part of it.
func (m *cardMapper) stray(text []byte) {
	n := len(m.props) - 1
	p := &m.props[n]
	text = bytes.TrimSpace(text)
	tel := len(text) >= 3 && (isFold(text[:3], "TEL") || containsFold(text[:min(len(text), 40)], ".TEL"))
	if n > 0 && m.props[n-1].name == "NOTE" && !m.props[n-1].base64 && !tel {
		*p = prop{name: "NOTE", value: text}
		return
	}
	m.props = m.props[:n]
	name := "?"
	switch {
	case tel:
		name = "TEL"
	case n > 0 && m.props[n-1].base64:
		name = m.props[n-1].name
	}
	m.leave(name, len(text), noColon)
}

// leave reports that something is left out.
func (m *cardMapper) leave(name string, bytes int, detail string) {
	name = clip(name)
	if n := len(m.leftOut); n > 0 && m.leftOut[n-1].Name == name && m.leftOut[n-1].Detail == detail {
		m.leftOut[n-1].Bytes += bytes
		return
	}
	m.leftOut = append(m.leftOut, LeftOut{Name: name, Bytes: bytes, Detail: detail})
}

// value returns the value of a property with its escapes, but nothing else; false
// where it cannot be read, and is left out.
func (m *cardMapper) value(p *prop) ([]byte, bool) {
	v, latin, ok := p.bare(m.buf)
	if p.qp {
		m.buf = v[:0]
	}
	m.latin = m.latin || latin
	if p.damaged {
		m.leave(p.name, 0, "some of its bytes are no text in UTF-8")
	}
	if !ok {
		m.leave(p.name, len(p.value), "its character set is not known")
	}
	return v, ok
}

// text returns the value of a property as a text in one line.
func (m *cardMapper) text(p *prop) string {
	v, ok := m.value(p)
	if !ok {
		return ""
	}
	return m.line(v)
}

func (m *cardMapper) line(v []byte) string {
	s := unescape(v, m.old, false)
	if !m.ours {
		s = oneLine(s)
	}
	return s
}

// property maps one.
func (m *cardMapper) property(p *prop) {
	switch p.name {
	case "VERSION", "PRODID", "BEGIN", "END", rejectedName, leftOutName: // of the card, not of who it is of
	case "N":
		if m.hasN {
			m.custom(p)
			return
		}
		m.hasN = true
		m.n(p)
	case "FN":
		if m.fn != "" {
			m.custom(p)
			return
		}
		m.fn = m.text(p)
	case "TEL":
		m.tel(p)
	case "EMAIL":
		m.email(p)
	case "ORG":
		m.org(p)
	case "TITLE":
		if m.c.Title != "" {
			m.custom(p)
			return
		}
		m.c.Title = m.text(p)
	case "NOTE":
		m.note(p)
	case "CATEGORIES":
		m.tags(p)
	case "UID":
		m.uid(p)
	case "AGENT":
		if isCard(p.value) {
			m.leave("AGENT", len(p.value), "is a card within the card")
			return
		}
		m.custom(p)
	default:
		if strings.HasPrefix(p.name, "X-CONTACTS-") && m.own(p) {
			return
		}
		m.custom(p)
	}
}

// isCard reports whether the value of an AGENT is a card.
func isCard(v []byte) bool { return containsFold(v[:min(len(v), 40)], cardBegin) }

func (m *cardMapper) org(p *prop) {
	v, ok := m.value(p)
	if !ok {
		return
	}
	if m.c.Organization != "" || m.c.Custom[keyDepartment] != "" {
		m.custom(p)
		return
	}
	m.parts = splitValue(m.parts[:0], v, ';')
	m.c.Organization = m.line(m.parts[0])
	var rest []string
	for _, part := range m.parts[1:] {
		rest = append(rest, m.line(part))
	}
	for len(rest) > 0 && rest[len(rest)-1] == "" {
		rest = rest[:len(rest)-1]
	}
	if len(rest) > 0 {
		m.put(keyDepartment, joinParts(rest), p)
	}
}

func (m *cardMapper) note(p *prop) {
	v, ok := m.value(p)
	if !ok {
		return
	}
	text := unescape(v, m.old, false)
	if !m.ours {
		text = lines(text)
	}
	switch n := len(m.notes) + len(text) + 1; {
	case text == "":
	case n > contacts.MaxNotes+1:
		m.leave(p.name, len(text), fmt.Sprintf("notes have at most %d bytes", contacts.MaxNotes))
	case len(m.notes) > 0:
		m.notes = append(append(m.notes, '\n'), text...)
	default:
		m.notes = append(m.notes, text...)
	}
}

func (m *cardMapper) tags(p *prop) {
	v, ok := m.value(p)
	if !ok {
		return
	}
	m.parts = splitValue(m.parts[:0], v, ',')
	for _, part := range m.parts {
		t := m.line(part)
		switch {
		case strings.TrimSpace(t) == "" || slices.Contains(m.c.Tags, t):
		case len(t) > contacts.MaxLabel:
			m.leave(p.name, len(t), fmt.Sprintf("a tag has at most %d bytes", contacts.MaxLabel))
		case len(m.c.Tags) == contacts.MaxItems:
			m.leave(p.name, len(t), fmt.Sprintf("a contact has at most %d tags", contacts.MaxItems))
		default:
			m.c.Tags = append(m.c.Tags, t)
		}
	}
}

func (m *cardMapper) uid(p *prop) {
	v, ok := m.value(p)
	if !ok {
		return
	}
	s := m.line(v)
	if s == "" {
		return
	}
	if m.c.ClientRef != "" || len(s) > contacts.MaxClientRef {
		m.custom(p)
		return
	}
	m.c.ClientRef = s
}
