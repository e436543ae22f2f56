package interchange

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

// keyVCard begins the keys in Custom of properties that no other format has:
// "vcard.GROUP.NAME;PARAMETERS", without what says how the value is written.
// The value has its escapes, but for newlines. Where a key would be too long,
// it ends in keyLong and the parameters stand before the value.
const (
	keyVCard = "vcard."
	keyLong  = ";*"
)

// sharedKind says what a property has for which there is a key that formats
// share.
type sharedKind int8

const (
	notShared    sharedKind = iota
	sharedText              // a text
	sharedRaw               // a text with its escapes
	sharedLabel             // a text, and a label
	sharedPostal            // an address, and a label
)

type sharedProperty struct {
	name, key string
	kind      sharedKind
	plain     string // the VALUE that goes without saying
}

// shared has the properties for which there is such a key. Where two have one,
// the first is what is written.
var shared = [...]sharedProperty{
	{"NICKNAME", keyNickname, sharedText, ""},
	{"BDAY", keyBirthday, sharedText, "date"},
	{"ANNIVERSARY", keyAnniversary, sharedText, "date"},
	{"GENDER", keyGender, sharedRaw, ""},
	{"ROLE", keyRole, sharedText, ""},
	{"URL", keyWebsite, sharedLabel, "uri"},
	{"ADR", keyPostal, sharedPostal, ""},
	{"IMPP", keyIM, sharedLabel, "uri"},
	{"RELATED", keyRelated, sharedLabel, "text"},
	{"X-ABRELATEDNAMES", keyRelated, sharedLabel, ""},
	{"X-ABDATE", keyEvent, sharedLabel, "date-and-or-time"},
}

// custom puts a property that has no field into Custom.
func (m *cardMapper) custom(p *prop) {
	g := m.group(p)
	label := ""
	if g.label != nil {
		used := g.label.used
		label = m.label(p, g)
		g.label.used = used
	}
	v, ok := m.customValue(p)
	if !ok || isBlank(v) {
		return
	}
	key, value := m.customOf(p, v, label)
	if label != "" && !strings.HasPrefix(key, keyVCard) {
		g.label.used = true
	}
	m.put(key, value, p)
}

// customValue returns the value of a property as it is kept: BASE64 stays.
func (m *cardMapper) customValue(p *prop) ([]byte, bool) {
	if p.base64 {
		return bytes.Join(bytes.Fields(p.value), nil), true
	}
	return m.value(p)
}

// customOf returns where in Custom a property is, and as what. Label is that of
// its group.
func (m *cardMapper) customOf(p *prop, v []byte, label string) (key, value string) {
	if !p.base64 {
		for i := range shared {
			if s := &shared[i]; s.name == p.name {
				if label, ok := sharedLabelOf(p, s.kind, s.plain, label); ok {
					if label != "" {
						return s.key + "." + label, m.sharedValue(v, s.kind)
					}
					return s.key, m.sharedValue(v, s.kind)
				}
			}
		}
	}
	value = m.rawText(v)
	if key, ok := m.keys[string(p.header)]; ok {
		return key, value
	}
	head := keyVCard
	if len(p.group) > 0 {
		head += string(p.group) + "."
	}
	params := p.keyParams()
	key = strings.ToValidUTF8(head+p.name+params, "?")
	if len(key) > contacts.MaxLabel || strings.IndexFunc(key, isControl) >= 0 {
		key = strings.ToValidUTF8(head+p.name+keyLong, "?")
		return key, m.clean(strings.ToValidUTF8(strings.TrimPrefix(params, ";"), "?")) + ":" + value
	}
	if m.keys == nil {
		m.keys = map[string]string{}
	}
	if len(m.keys) < maxInterned && len(p.header) <= 2*contacts.MaxLabel {
		m.keys[string(p.header)] = key
	}
	return key, value
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }

func (m *cardMapper) clean(s string) string {
	if m.ours {
		return s
	}
	return lines(s)
}

// sharedLabelOf returns the label of a property for which there is a shared key;
// false where it has parameters that would be lost.
func sharedLabelOf(p *prop, kind sharedKind, plain, given string) (string, bool) {
	n, label := 0, ""
	for i := range p.params {
		a := &p.params[i]
		switch {
		case len(a.name) == 0, isFold(a.name, "TYPE"), isFold(a.name, "CHARSET"), isFold(a.name, "ENCODING"):
		case plain != "" && isFold(a.name, "VALUE") && isFold(a.value, plain):
		default:
			return "", false
		}
	}
	p.types(func(t string) {
		if t != "pref" && t != "internet" && t != "voice" {
			n++
			label = t
		}
	})
	if given != "" {
		label = given
	} else if n > 1 {
		return "", false
	}
	switch {
	case kind < sharedLabel && (n > 0 || len(p.group) > 0 && given != ""):
		return "", false
	case len(label) > contacts.MaxLabel-len(keyAnniversary)-1 || strings.IndexFunc(label, isControl) >= 0:
		return "", false
	}
	return label, true
}

// sharedValue reads the value of a property for which there is a shared key.
func (m *cardMapper) sharedValue(v []byte, kind sharedKind) string {
	switch kind {
	case sharedRaw:
		return m.rawText(v)
	case sharedPostal:
		if bytes.IndexByte(v, '\\') < 0 && bytes.Count(v, []byte(";")) < 7 {
			return strings.TrimRight(m.clean(string(v)), ";") // as a postal says it
		}
		m.parts = splitValue(m.parts[:0], v, ';')
		var a postal
		for i, part := range a.parts() {
			if i < len(m.parts) {
				*part = m.clean(unescape(m.parts[i], m.old, false))
			}
		}
		for _, more := range m.parts[min(len(m.parts), 7):] {
			a.country += ";" + m.clean(unescape(more, m.old, false))
		}
		return a.String()
	}
	return m.clean(unescape(v, m.old, false))
}

// rawText returns a value with its escapes, in the way of version 4.0, but with
// its newlines.
func (m *cardMapper) rawText(v []byte) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return m.clean(string(v))
	}
	out := make([]byte, 0, len(v)+8)
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] != '\\':
			out = append(out, v[i])
		case i+1 == len(v):
			out = append(out, '\\')
		case (v[i+1] == 'n' || v[i+1] == 'N') && !m.old:
			out = append(out, '\n')
			i++
		case m.old && bytes.IndexByte([]byte(`\,;:`), v[i+1]) < 0:
			out = append(out, '\\', '\\')
		default:
			out = append(out, '\\', v[i+1])
			i++
		}
	}
	return m.clean(string(out))
}

// keyParams returns the parameters of a property as they are in a key: each with
// a semicolon before it, names in capital letters, all types as one, and none that
// says how the value is written, but for BASE64.
func (p *prop) keyParams() string {
	var b strings.Builder
	typed := false
	for i := range p.params {
		a := &p.params[i]
		switch {
		case isFold(a.name, "CHARSET"):
		case isFold(a.name, "ENCODING") && (isEncoding(a.value) || p.base64 || p.qp), len(a.name) == 0 && isEncoding(a.value):
			if p.base64 {
				b.WriteString(";ENCODING=b")
			}
		case len(a.name) == 0, isFold(a.name, "TYPE"):
			if typed {
				continue
			}
			typed = true
			sep := ";TYPE="
			p.types(func(t string) {
				b.WriteString(sep)
				b.WriteString(strings.Map(plainType, t))
				sep = ","
			})
		default:
			b.WriteByte(';')
			b.WriteString(strings.ToUpper(string(a.name)))
			b.WriteByte('=')
			b.Write(a.value)
		}
	}
	return b.String()
}

// plainType replaces what would end a type.
func plainType(r rune) rune {
	if strings.ContainsRune(`",;:^=`, r) || isControl(r) {
		return '-'
	}
	return r
}

// put puts a value into Custom, behind those that are there under the same key.
func (m *cardMapper) put(key, value string, p *prop) {
	name := propertyOf(key)
	if p != nil {
		name = p.name
	}
	switch {
	case len(m.c.Custom) == contacts.MaxItems:
		m.leave(name, len(value), fmt.Sprintf("a contact has at most %d values in custom", contacts.MaxItems))
		return
	case len(value) > contacts.MaxValue:
		m.leave(name, len(value), fmt.Sprintf("a value in custom has at most %d bytes", contacts.MaxValue))
		return
	}
	if m.c.Custom == nil {
		m.c.Custom = map[string]string{}
	}
	at := key
	for n := 2; ; n++ {
		if _, ok := m.c.Custom[at]; !ok {
			break
		}
		at = key + "#" + strconv.Itoa(n)
	}
	if len(at) > contacts.MaxLabel {
		m.leave(name, len(value), fmt.Sprintf("a key in custom has at most %d bytes", contacts.MaxLabel))
		return
	}
	m.c.Custom[at] = value
}

// joinParts writes parts of a value as one text, with semicolons between them; a
// backslash stands before a backslash and a semicolon of a part.
func joinParts(parts []string) string {
	if len(parts) == 1 && !strings.ContainsAny(parts[0], `\;`) {
		return parts[0]
	}
	escape := strings.NewReplacer(`\`, `\\`, ";", `\;`)
	out := make([]string, len(parts))
	for i, s := range parts {
		out[i] = escape.Replace(s)
	}
	return strings.Join(out, ";")
}

// cutParts undoes joinParts.
func cutParts(s string) []string {
	var parts []string
	for _, part := range splitValue(nil, []byte(s), ';') {
		var b []byte
		for i := 0; i < len(part); i++ {
			if part[i] == '\\' && i+1 < len(part) {
				i++
			}
			b = append(b, part[i])
		}
		parts = append(parts, string(b))
	}
	return parts
}
