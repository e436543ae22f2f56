package interchange

import (
	"bytes"
	"strings"

	"github.com/callerbook/contacts"
)

// keyPrefix is where a prefix of N is that is too long for a salutation, keyFN
// where FN is that does not follow from N.
const (
	keyPrefix = "vcard.N.prefix"
	keyFN     = "vcard.FN"
)

// n takes the parts of N: last, first, middle names, prefix, suffix.
func (m *cardMapper) n(p *prop) {
	v, ok := m.value(p)
	if !ok {
		return
	}
	m.parts = splitValue(m.parts[:0], v, ';')
	part := func(i int) string {
		if i >= len(m.parts) {
			return ""
		}
		return m.namePart(m.parts[i])
	}
	m.c.LastName, m.c.FirstName = part(0), part(1)
	if s := part(2); s != "" {
		m.put(keyMiddleName, s, p)
	}
	switch s := part(3); {
	case len(s) > contacts.MaxSalutation:
		m.put(keyPrefix, s, p)
	default:
		m.c.Salutation = s
	}
	suffix := part(4)
	for i := 5; i < len(m.parts); i++ { // N has five: a semicolon was not escaped
		if s := part(i); s != "" {
			suffix = strings.TrimSpace(suffix + " " + s)
		}
	}
	if suffix != "" {
		m.put(keySuffix, suffix, p)
	}
}

// namePart reads one part of N, which may be a list.
func (m *cardMapper) namePart(v []byte) string {
	if !m.ours && !m.old && bytes.IndexByte(v, ',') >= 0 {
		v = bytes.Clone(v)
		for i := 0; i+1 < len(v); i++ {
			if v[i] == '\\' {
				i++
			} else if v[i] == ',' && v[i+1] > ' ' {
				v[i] = ' '
			}
		}
	}
	return m.line(v)
}

// names settles what the contact is called, once all properties are there.
func (m *cardMapper) names() {
	c := &m.c
	if m.ours {
		if m.fn != m.displayName() && m.fn != "" {
			m.put(keyFN, m.fn, nil)
		}
		return
	}
	if m.fn == "" || isFullName(m.fn, c.FirstName, c.LastName) {
		return
	}
	if c.FirstName == "" && c.LastName == "" {
		if m.fn != c.Organization && !m.isWay(m.fn) {
			m.columns.name = "FN"
			var salutation string
			salutation, c.FirstName, c.LastName = splitName(m.fn)
			if c.Salutation == "" {
				c.Salutation = salutation
			}
		}
		return
	}
	if !follows(c, m.fn) {
		m.put(keyFN, m.fn, nil)
	}
}

// isFullName is contacts.FullName of texts without blanks around them.
func isFullName(full, first, last string) bool {
	if first == "" || last == "" {
		return full == first+last
	}
	return len(full) == len(first)+1+len(last) && full[len(first)] == ' ' && strings.HasPrefix(full, first) && strings.HasSuffix(full, last)
}

// displayName returns the FN that a card of ours has.
func (m *cardMapper) displayName() string {
	number, address := "", ""
	for _, t := range m.tels {
		if t.Number != "" {
			number = t.Number
			break
		}
	}
	if len(m.emails) > 0 {
		address = m.emails[0].Address
	}
	return displayName(&m.c, number, address)
}

// displayName returns a name for a contact: what of it there is.
func displayName(c *contacts.Contact, number, address string) string {
	if s := contacts.FullName(c.FirstName, c.LastName); s != "" {
		return s
	}
	for _, s := range [...]string{strings.TrimSpace(c.Organization), number, address} {
		if s != "" {
			return s
		}
	}
	return ""
}

// isWay reports whether a text is a number or an address of the card.
func (m *cardMapper) isWay(s string) bool {
	for i := range m.tels {
		if m.tels[i].Number == s {
			return true
		}
	}
	for i := range m.emails {
		if m.emails[i].Address == s {
			return true
		}
	}
	return false
}

// follows reports whether each word of a name is in one of a contact's.
func follows(c *contacts.Contact, fn string) bool {
	words := strings.FieldsFunc(fn, isBetween)
	if len(words) > 20 {
		return false
	}
	for _, w := range words {
		found := false
		for _, part := range [...]string{c.FirstName, c.LastName, c.Salutation, c.Custom[keyMiddleName], c.Custom[keySuffix]} {
			found = found || hasWord(part, w)
		}
		if !found {
			return false
		}
	}
	return true
}

func isBetween(r rune) bool { return r == ' ' || r == ',' || r == '\u00a0' }

// hasWord reports whether a text has a word, in any case.
func hasWord(text, word string) bool {
	for text != "" {
		one := text
		if i := strings.IndexFunc(text, isBetween); i >= 0 {
			one, text = text[:i], strings.TrimLeftFunc(text[i:], isBetween)
		} else {
			text = ""
		}
		if strings.EqualFold(strings.TrimSuffix(one, "."), strings.TrimSuffix(word, ".")) {
			return true
		}
	}
	return false
}

// splitName guesses the parts of a name that came as one: "Dr. Ludwig van
// Beethoven", "Beethoven, Ludwig van". The last word is the last name, with the
// particles before it.
func splitName(s string) (salutation, first, last string) {
	if i := strings.IndexByte(s, ','); i > 0 && strings.IndexByte(s[i+1:], ',') < 0 {
		last, first = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
		return "", first, last
	}
	words := strings.Fields(s)
	if len(words) > 1 && isSalutation(words[0]) {
		salutation, words = words[0], words[1:]
	}
	at := len(words) - 1
	if at <= 0 {
		return salutation, strings.Join(words, " "), ""
	}
	for at > 1 && isParticle(words[at-1]) {
		at--
	}
	return salutation, strings.Join(words[:at], " "), strings.Join(words[at:], " ")
}

func isSalutation(w string) bool {
	switch strings.ToLower(strings.TrimSuffix(w, ".")) {
	case "mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "mlle", "sr", "sra", "shri", "smt":
		return true
	}
	return false
}

func isParticle(w string) bool {
	switch w {
	case "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "ter", "ten", "zu", "bin", "al":
		return true
	}
	return false
}
