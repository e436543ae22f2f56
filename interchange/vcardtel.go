package interchange

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// tel is a number of a card.
type tel struct {
	contacts.Phone
	rank   int  // how fit it is to be the cell phone; 0: not at all
	cell   bool // we wrote it: it is, or is not
	column string
}

// How fit numbers are to be the cell phone: a mobile one before one that is
// preferred, that before one of which nothing is said, and this before others, but
// for a fax and a pager. Among equals it is the first.
const (
	rankOther = 1 + iota
	rankPlain
	rankFirst
	rankCell
	rankCellFirst
)

// keyCellLabel is where in Custom the label of a cell phone is that is none.
const keyCellLabel = "tel"

// tel takes a number. A card may have one twice: the first label it has
// stands, but that of a cell phone.
func (m *cardMapper) tel(p *prop) {
	text := m.text(p)
	if strings.TrimSpace(text) == "" {
		return
	}
	var t tel
	t.Number = text
	g := m.group(p)
	label, cell, first := telLabel(p, m.label(p, g), m.ours)
	if g.phone != nil && m.phoneDetails(g.phone, &t) {
		t.Label = m.fit(label, p)
	} else {
		t.Label = m.fit(label, p)
		t.rank = rankOf(label, cell, first)
		if i := m.same(text); i >= 0 {
			m.tels[i].join(&t)
			return
		}
	}
	if len(m.tels) > contacts.MaxItems {
		m.leave(p.name, len(text), fmt.Sprintf("a contact has at most %d numbers", contacts.MaxItems+1))
		return
	}
	t.column = m.header(p)
	m.tels = append(m.tels, t)
}

func rankOf(label string, cell, first bool) int {
	switch {
	case cell && first:
		return rankCellFirst
	case cell:
		return rankCell
	case isDevice(label):
		return 0
	case first:
		return rankFirst
	case label == "":
		return rankPlain
	}
	return rankOther
}

// isDevice reports whether nobody can be spoken to at a number with a label.
func isDevice(label string) bool {
	label = strings.ToLower(label)
	return strings.HasPrefix(label, "fax") || strings.HasSuffix(label, "fax") || strings.HasSuffix(label, "pager")
}

// join takes what the same number is said to be once more.
func (t *tel) join(again *tel) {
	switch {
	case again.rank >= rankCell && t.rank < rankCell:
		t.Label = again.Label
	case t.Label == "" && t.rank < rankCell:
		t.Label = again.Label
		if again.rank == 0 {
			t.rank = 0
		}
	}
	if t.rank > 0 {
		t.rank = max(t.rank, again.rank)
	}
}

// label returns the label that a property has from its group.
func (m *cardMapper) label(p *prop, g grouped) string {
	if g.label == nil {
		return ""
	}
	s := m.text(g.label)
	g.label.used = true
	if !m.ours {
		s = unwrapLabel(s)
	}
	return s
}

// unwrapLabel takes off what Apple puts around labels of its own.
func unwrapLabel(s string) string {
	inner, ok := strings.CutPrefix(s, "_$!<")
	if !ok {
		return s
	}
	if inner, ok = strings.CutSuffix(inner, ">!$_"); !ok {
		return s
	}
	switch inner {
	case "HomeFAX":
		return "home fax"
	case "WorkFAX":
		return "work fax"
	case "OtherFAX":
		return "fax"
	}
	return strings.ToLower(inner)
}

// telLabel returns what a number is called: the label of its group, or what the
// types say; whether it is a cell phone's; and whether it is preferred.
func telLabel(p *prop, given string, ours bool) (label string, cell, first bool) {
	var home, work, fax bool
	other := ""
	if given == "" {
		given = typedLabel(p)
	}
	p.types(func(t string) {
		switch t {
		case "voice", "msg", "text", "x-voice", "internet", "":
		case "pref":
			first = true
		case "home":
			home = true
		case "work":
			work = true
		case "fax":
			fax = true
		case "cell", "mobile", "mobil", "x-mobile", "x-mobil", "iphone", "x-iphone", "handy":
			cell = true
		default:
			if other == "" || other == "video" || other == "other" {
				other = t
			}
		}
	})
	if s := p.param("PREF"); s != "" {
		n, err := strconv.Atoi(s)
		first = first || err == nil && n == 1
	}
	switch {
	case given != "":
		g := strings.ToLower(given)
		if (g == "cell" || g == "mobile") && !ours {
			given = "mobile"
		}
		cell = (cell || g == "mobile" || g == "iphone" || g == "cell") && !strings.Contains(g, "fax")
		return given, cell, first
	case fax:
		cell = false
		switch {
		case work:
			return "work fax", cell, first
		case home:
			return "home fax", cell, first
		}
		return "fax", cell, first
	case cell:
		return "mobile", true, first
	case other != "" && other != "video" && other != "other":
		return strings.TrimPrefix(other, "x-"), false, first
	case work:
		return "work", false, first
	case home:
		return "home", false, first
	}
	return other, false, first
}

// typedLabel returns the label that some telephones write as a type:
// X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=C3=84), X-CUSTOM(Desk).
func typedLabel(p *prop) string {
	const begin = "X-CUSTOM("
	for i := range p.params {
		a := &p.params[i]
		head := a.name
		if len(head) == 0 {
			head = a.value
		}
		if len(head) <= len(begin) || !isFold(head[:len(begin)], begin) {
			continue
		}
		text := head[len(begin):]
		if len(a.name) > 0 {
			text = append(append(bytes.Clone(text), '='), a.value...)
		}
		q := prop{value: bytes.TrimSuffix(text, []byte(")"))}
		for {
			before, after, ok := bytes.Cut(q.value, []byte(","))
			name, value, named := bytes.Cut(before, []byte("="))
			if !ok || !named {
				break
			}
			q.encoding(&param{name, value})
			q.value = after
		}
		if v, _, ok := q.bare(nil); ok {
			return oneLine(string(v))
		}
	}
	return ""
}

// same returns where a number is that has the same digits, -1 where none has.
func (m *cardMapper) same(text string) int {
	for i := range m.tels {
		if n := m.tels[i].Number; n == text || len(n) <= contacts.MaxNumber && len(text) <= contacts.MaxNumber && sameDigits(n, text) {
			return i
		}
	}
	return -1
}

// sameDigits reports whether two texts have the same digits, and some, and
// nothing else that tells numbers apart.
func sameDigits(a, b string) bool {
	i, j, n := 0, 0, 0
	for {
		for i < len(a) && isFiller(a[i]) {
			i++
		}
		for j < len(b) && isFiller(b[j]) {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b) && n > 0
		}
		if a[i] != b[j] {
			return false
		}
		i++
		j++
		n++
	}
}

func isFiller(c byte) bool {
	return c == ' ' || c == '-' || c == '(' || c == ')' || c == '.' || c == '/'
}

// numbers settles which number is the cell phone.
func (m *cardMapper) numbers() {
	best := -1
	for i := range m.tels {
		t := &m.tels[i]
		if t.cell {
			best = i
			break
		}
		if t.rank > 0 && (best < 0 || t.rank > m.tels[best].rank) {
			best = i
		}
	}
	if m.c.CellPhone != (contacts.Phone{}) {
		best = -1 // ours, without a number
	}
	for i := range m.tels {
		t := &m.tels[i]
		switch {
		case i == best:
			if t.Label != "" && t.Label != "mobile" {
				m.put(keyCellLabel, t.Label, nil)
			}
			t.Label = ""
			m.c.CellPhone = t.Phone
			m.columns.cell = t.column
		case len(m.c.Phones) == contacts.MaxItems:
			m.leave("TEL", len(t.Number), fmt.Sprintf("a contact has at most %d numbers", contacts.MaxItems+1))
		default:
			if m.c.Phones == nil {
				m.c.Phones = make([]contacts.Phone, 0, len(m.tels)-i)
			}
			m.c.Phones = append(m.c.Phones, t.Phone)
			m.columns.phones = append(m.columns.phones, t.column)
		}
	}
}

// phoneDetails takes what a card of ours says of a number beside it, as long as
// it is the same.
func (m *cardMapper) phoneDetails(p *prop, t *tel) bool {
	m.parts = splitValue(m.parts[:0], p.value, ';')
	if len(m.parts) != 5 || unescape(m.parts[0], false, true) != t.Number {
		return false
	}
	t.CountryCode = unescape(m.parts[1], false, true)
	t.Extension = unescape(m.parts[2], false, true)
	t.Input = unescape(m.parts[3], false, true)
	for _, f := range strings.Split(string(m.parts[4]), ",") {
		switch f {
		case "cell":
			t.cell = true
		case "shared":
			t.Shared = true
		case "unverified":
			t.Unverified = true
		}
	}
	return true
}

// phoneAlone takes a cell phone of ours that has no number.
func (m *cardMapper) phoneAlone(p *prop) {
	var t tel
	if m.phoneDetails(p, &t) && t.cell {
		m.c.CellPhone = t.Phone
	}
}

// email is an address of a card.
type email struct {
	contacts.Email
	column string
	first  bool
}

// email takes an e-mail address. What is none has no place in a contact but
// Custom.
func (m *cardMapper) email(p *prop) {
	text := m.text(p)
	if text == "" {
		return
	}
	if len(text) > 7 && strings.EqualFold(text[:7], "mailto:") && !m.ours {
		text, _, _ = strings.Cut(text[7:], "?")
		if s, err := url.PathUnescape(text); err == nil {
			text = oneLine(s)
		}
	}
	if !isAddress(text) {
		m.custom(p)
		return
	}
	var e email
	e.Address = text
	e.Label, _, e.first = telLabel(p, m.label(p, m.group(p)), m.ours)
	e.Label = m.fit(e.Label, p)
	if len(m.emails) == contacts.MaxItems {
		m.leave(p.name, len(text), fmt.Sprintf("a contact has at most %d e-mail addresses", contacts.MaxItems))
		return
	}
	e.column = m.header(p)
	m.emails = append(m.emails, e)
}

// isAddress reports whether a contact may have an e-mail address.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return at > 0 && at < len(s)-1 && len(s) <= contacts.MaxEmail && !strings.ContainsAny(s, " \t<>")
}

// addresses puts the e-mail addresses in order: those that are preferred first.
func (m *cardMapper) addresses() {
	if len(m.emails) == 0 {
		return
	}
	m.c.Emails = make([]contacts.Email, 0, len(m.emails))
	for _, first := range [...]bool{true, false} {
		for i := range m.emails {
			if e := &m.emails[i]; e.first == first {
				m.c.Emails = append(m.c.Emails, e.Email)
				m.columns.emails = append(m.columns.emails, e.column)
			}
		}
	}
}

// fit makes a label one that a contact may have: shorter where it is too long.
func (m *cardMapper) fit(label string, p *prop) string {
	if !m.ours {
		label = oneLine(label)
	}
	if len(label) <= contacts.MaxLabel {
		return label
	}
	m.leave("X-ABLABEL", len(label)-contacts.MaxLabel, fmt.Sprintf("a label has at most %d bytes", contacts.MaxLabel))
	return strings.ToValidUTF8(label[:contacts.MaxLabel], "")
}
