package interchange

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// columns says which properties the fields of a contact are from.
type columns struct {
	name, cell     string
	phones, emails []string
}

// of returns the property of a field, "" where it is not known.
func (c *columns) of(field string) string {
	head, _, _ := strings.Cut(field, ".")
	at := 0
	if i := strings.IndexByte(head, '['); i >= 0 {
		at, _ = strconv.Atoi(strings.TrimSuffix(head[i+1:], "]"))
		head = head[:i]
	}
	switch head {
	case "firstName", "lastName", "salutation":
		return c.name
	case "cellPhone":
		return c.cell
	case "phones":
		return item(c.phones, at)
	case "emails":
		return item(c.emails, at)
	case "organization":
		return "ORG"
	case "title":
		return "TITLE"
	case "notes":
		return "NOTE"
	case "tags":
		return "CATEGORIES"
	case "clientRef":
		return "UID"
	case "custom":
		return propertyOf(strings.TrimPrefix(field, "custom."))
	}
	return ""
}

// propertyOf returns the property that a key in Custom is of.
func propertyOf(key string) string {
	if name, ok := strings.CutPrefix(key, keyVCard); ok {
		return name
	}
	switch key {
	case keyMiddleName, keySuffix:
		return "N"
	case keyDepartment:
		return "ORG"
	case keyCellLabel:
		return "TEL"
	}
	head, _, _ := strings.Cut(key, ".")
	if i := slices.IndexFunc(shared[:], func(s sharedProperty) bool { return s.key == head }); i >= 0 {
		return shared[i].name
	}
	return ""
}

func item(list []string, i int) string {
	if i < 0 || i >= len(list) {
		return ""
	}
	return list[i]
}

// header returns the name and the parameters of a property, for a report.
func (m *cardMapper) header(p *prop) string {
	h := p.header
	if len(p.group) > 0 && bytes.HasPrefix(bytes.TrimSpace(h), p.group) {
		h = bytes.TrimSpace(h)[len(p.group)+1:]
	}
	h = h[:min(len(h), 64)]
	if s, ok := m.headers[string(h)]; ok {
		return s
	}
	s := strings.ToValidUTF8(string(h), "?")
	if m.headers == nil {
		m.headers = map[string]string{}
	}
	if len(m.headers) < maxInterned {
		m.headers[s] = s
	}
	return s
}
