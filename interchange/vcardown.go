package interchange

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// own takes a property that only we write; false where it is none.
func (m *cardMapper) own(p *prop) bool {
	v, ok := m.value(p)
	if !ok {
		return true
	}
	s := unescape(v, false, true)
	c := &m.c
	switch p.name[len("X-CONTACTS-"):] {
	case "ID":
		c.ID = s
	case "STATUS":
		c.Status = contacts.Status(s)
	case "CREATED-BY":
		c.CreatedBy = s
	case "CREATED-BY-AID":
		c.CreatedByAID = s
	case "UPDATED-BY":
		c.UpdatedBy = s
	case "UPDATED-BY-AID":
		c.UpdatedByAID = s
	case "CREATED-AT":
		return m.time(&c.CreatedAt, s)
	case "UPDATED-AT":
		return m.time(&c.UpdatedAt, s)
	case "DELETED-AT":
		return m.time(&c.DeletedAt, s)
	case "MERGED-INTO":
		c.MergedInto = s
	case "MERGED-FROM":
		var o contacts.Origin
		if json.Unmarshal([]byte(s), &o) != nil {
			return false
		}
		c.MergedFrom = append(c.MergedFrom, o)
	case "ADDRESS":
		return addJSON(&c.Address, s)
	case "TWITTER":
		return addJSON(&c.Twitter, s)
	case "NOTE":
		if string(m.notes) == noCR(s) { // nobody changed the note
			m.notes = append(m.notes[:0], s...)
		}
	case "PHONE":
		if len(p.group) == 0 {
			m.phoneAlone(p)
		}
	case "CUSTOM":
		m.parts = splitValue(m.parts[:0], v, ';')
		if len(m.parts) != 2 {
			return false
		}
		m.put(unescape(m.parts[0], false, true), unescape(m.parts[1], false, true), p)
	default:
		return false
	}
	return true
}

func (m *cardMapper) time(to *time.Time, s string) bool {
	t, err := time.Parse(time.RFC3339Nano, s)
	if y := t.UTC().Year(); err != nil || y < 1 || y > 9999 {
		return false
	}
	*to = t
	return true
}

// addJSON adds what is valid, within the bounds of a contact.
func addJSON(to *[]json.RawMessage, s string) bool {
	if len(s) > contacts.MaxOpaque || !json.Valid([]byte(s)) {
		return false
	}
	*to = append(*to, json.RawMessage(s))
	return true
}

// noCR returns a text with LF alone as its newlines.
func noCR(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
