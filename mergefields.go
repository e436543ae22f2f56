package contacts

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/callerbook/contacts/phone"
)

// A merger takes contacts into another one and notes what comes from whom.
type merger struct {
	b    *Book
	c    *Contact          // the one that is kept
	take map[string]string // MergeOptions.Take
}

const (
	fieldCell      = "cellPhone"
	fieldExtension = "cellPhone.extension"
	fieldAddress   = "address"
	fieldTwitter   = "twitterDetails"
	fieldCustom    = "custom." // and the key
)

// textFields are the fields that hold one text each.
func textFields() []string {
	return []string{"firstName", "lastName", "salutation", "organization", "title", "notes", "clientRef"}
}

// text returns a field that holds one text; nil where it is none.
func (c *Contact) text(field string) *string {
	switch field {
	case "firstName":
		return &c.FirstName
	case "lastName":
		return &c.LastName
	case "salutation":
		return &c.Salutation
	case "organization":
		return &c.Organization
	case "title":
		return &c.Title
	case "notes":
		return &c.Notes
	case "clientRef":
		return &c.ClientRef
	}
	return nil
}

// raw returns a field of JSON values; nil where it is none.
func (c *Contact) raw(field string) *[]json.RawMessage {
	switch field {
	case fieldAddress:
		return &c.Address
	case fieldTwitter:
		return &c.Twitter
	}
	return nil
}

// takeable reports whether a field has one value that a merge may take from
// any of the contacts.
func takeable(field string) bool {
	return field == fieldCell || strings.HasPrefix(field, fieldCustom) ||
		new(Contact).text(field) != nil || new(Contact).raw(field) != nil
}

// single returns the value of a field as Taken.Was has it, and whether there is
// one.
func (c *Contact) single(field string) (string, bool) {
	if key, ok := strings.CutPrefix(field, fieldCustom); ok {
		v, has := c.Custom[key]
		return v, has
	}
	switch {
	case field == fieldCell:
		return c.CellPhone.Number, c.CellPhone.Number != ""
	case field == fieldExtension:
		return c.CellPhone.Extension, c.CellPhone.Extension != ""
	}
	if t := c.text(field); t != nil {
		return *t, *t != ""
	}
	if r := c.raw(field); r != nil && len(*r) > 0 {
		return string(appendRaw(nil, *r)), true
	}
	return "", false
}

// setSingle is the reverse of single, for all fields but the cell phone.
func (c *Contact) setSingle(field, value string, has bool) {
	if key, ok := strings.CutPrefix(field, fieldCustom); ok {
		if !has {
			delete(c.Custom, key)
			return
		}
		if c.Custom == nil {
			c.Custom = make(map[string]string)
		}
		c.Custom[key] = value
		return
	}
	if field == fieldExtension {
		c.CellPhone.Extension = value
	}
	if t := c.text(field); t != nil {
		*t = value
	}
	if r := c.raw(field); r != nil {
		*r = nil
		if has {
			_ = json.Unmarshal([]byte(value), r) // single wrote it
		}
	}
}

// takeIn merges others into the contact.
func (m merger) takeIn(others []Contact) {
	own := m.ownThings()
	origins := make([]Origin, len(others))
	for i := range others {
		origins[i] = Origin{ID: others[i].ID, At: m.c.UpdatedAt}
	}
	for _, field := range m.fields(others) {
		if i := m.source(field, others); i >= 0 {
			was, _ := m.c.single(field)
			if field == fieldCell {
				m.takeCell(others[i].CellPhone)
			} else {
				value, has := others[i].single(field)
				m.c.setSingle(field, value, has)
			}
			origins[i].Fields = append(origins[i].Fields, Taken{Field: field, Was: was})
		}
	}
	for i := range others {
		m.takeNumbers(&others[i], &origins[i], own)
		m.takeLists(&others[i], &origins[i], own)
	}
	m.c.MergedFrom = append(m.c.MergedFrom, origins...)
	normalise(m.c)
}

// fields returns all fields with one value that any of the contacts has, in a
// stable order.
func (m merger) fields(others []Contact) []string {
	list := append(textFields(), fieldAddress, fieldTwitter, fieldCell)
	keys := make(map[string]string)
	for i := range others {
		for k := range others[i].Custom {
			keys[fieldCustom+k] = ""
		}
	}
	for field := range m.take { // taken from one that has it not
		if strings.HasPrefix(field, fieldCustom) {
			keys[field] = ""
		}
	}
	return append(list, sortedKeys(keys)...)
}

// source returns the index of the contact from which a field comes, -1 where it
// stays what it is.
func (m merger) source(field string, others []Contact) int {
	value, has := m.c.single(field)
	i := -1
	if id, chosen := m.take[field]; chosen {
		i = slices.IndexFunc(others, func(c Contact) bool { return c.ID == id })
	} else if !has {
		i = slices.IndexFunc(others, func(c Contact) bool { _, has := c.single(field); return has })
	}
	if i >= 0 {
		if v, ok := others[i].single(field); v == value && ok == has {
			return -1
		}
	}
	return i
}

// takeCell makes p the cell phone; the one that is there becomes the first of
// Phones. What Phones has of p's line already goes, but not what is more than p:
// a label, another spelling.
func (m merger) takeCell(p Phone) {
	c, was := m.c, m.c.CellPhone
	if p.Number != "" {
		c.Phones = slices.DeleteFunc(c.Phones, func(q Phone) bool {
			return q.Number == p.Number && q.Extension == p.Extension && q.Label == ""
		})
	}
	c.CellPhone = p
	c.CellPhone.Label, c.CellPhone.Shared = "", false
	if was.Number != "" && m.b.lineOf(was) != m.b.lineOf(p) {
		c.Phones = append([]Phone{was}, c.Phones...)
	}
}

// things are what a contact lists: lines, folded addresses, tags.
type things struct {
	lines        map[phone.Line]bool // and whether claimed
	emails, tags map[string]bool
}

// ownThings returns what the contact has that came from no merge.
func (m merger) ownThings() things {
	t := things{map[phone.Line]bool{}, map[string]bool{}, map[string]bool{}}
	for _, p := range m.c.allPhones() {
		if l := m.b.lineOf(p); l != 0 {
			t.lines[l] = t.lines[l] || !p.Shared
		}
	}
	for _, e := range m.c.Emails {
		t.emails[Fold(e.Address)] = true
	}
	for _, s := range m.c.Tags {
		t.tags[s] = true
	}
	for _, o := range m.c.MergedFrom {
		for _, n := range o.Claimed {
			if l := m.b.lineOf(Phone{Number: n}); t.lines[l] {
				t.lines[l] = false
			}
		}
		for _, n := range o.Numbers {
			delete(t.lines, m.b.lineOf(Phone{Number: n}))
		}
		for _, e := range o.Emails {
			delete(t.emails, Fold(e))
		}
		for _, s := range o.Tags {
			delete(t.tags, s)
		}
	}
	return t
}

// takeNumbers adds the numbers of another contact. What is listed as shared and
// claimed by the other is claimed from now on.
func (m merger) takeNumbers(other *Contact, o *Origin, own things) {
	c := m.c
	if m.b.lineOf(other.CellPhone) == m.b.lineOf(c.CellPhone) && c.CellPhone.Extension == "" && other.CellPhone.Extension != "" {
		c.CellPhone.Extension = other.CellPhone.Extension
		o.Fields = append(o.Fields, Taken{Field: fieldExtension})
	}
	seen, claims := map[phone.Line]bool{}, map[phone.Line]bool{}
	for _, p := range other.allPhones() {
		line := m.b.lineOf(p)
		if line == 0 {
			continue
		}
		claimed, isOwn := own.lines[line]
		if !seen[line] && !isOwn {
			o.Numbers = append(o.Numbers, p.Number)
		}
		if !claimed && !p.Shared && !claims[line] {
			o.Claimed = append(o.Claimed, p.Number)
			claims[line] = true
		}
		seen[line] = true
		at := slices.IndexFunc(c.Phones, func(q Phone) bool { return m.b.lineOf(q) == line })
		switch {
		case m.b.lineOf(c.CellPhone) == line:
		case at < 0:
			c.Phones = append(c.Phones, p)
		case !p.Shared && !slices.ContainsFunc(c.Phones, func(q Phone) bool { return m.b.lineOf(q) == line && !q.Shared }):
			c.Phones[at].Shared = false
		}
	}
}

// takeLists adds the e-mails and tags of another contact.
func (m merger) takeLists(other *Contact, o *Origin, own things) {
	c := m.c
	for _, e := range other.Emails {
		key := Fold(e.Address)
		if !own.emails[key] {
			o.Emails = append(o.Emails, e.Address)
		}
		if !slices.ContainsFunc(c.Emails, func(f Email) bool { return Fold(f.Address) == key }) {
			c.Emails = append(c.Emails, e)
		}
	}
	for _, s := range other.Tags {
		if !own.tags[s] {
			o.Tags = append(o.Tags, s)
		}
		if !slices.Contains(c.Tags, s) {
			c.Tags = append(c.Tags, s)
		}
	}
}

// allPhones returns the cell phone, if there is one, and the further numbers.
func (c *Contact) allPhones() []Phone {
	list := make([]Phone, 0, 1+len(c.Phones))
	if c.CellPhone.Number != "" {
		list = append(list, c.CellPhone)
	}
	return append(list, c.Phones...)
}

// lineOf returns the line of a finished phone, 0 where it has none.
func (b *Book) lineOf(p Phone) phone.Line {
	_, l, _ := b.line(p)
	return l
}

// pruneOrigins takes out of MergedFrom what the contact lists or claims no more:
// should it get that again, it is its own.
func (b *Book) pruneOrigins(c *Contact) {
	if len(c.MergedFrom) == 0 {
		return
	}
	has := merger{b: b, c: &Contact{CellPhone: c.CellPhone, Phones: c.Phones, Emails: c.Emails, Tags: c.Tags}}.ownThings()
	line := func(n string) phone.Line { return b.lineOf(Phone{Number: n}) }
	for i := range c.MergedFrom {
		o := &c.MergedFrom[i]
		o.Numbers = keepIf(o.Numbers, func(n string) bool { _, ok := has.lines[line(n)]; return ok })
		o.Claimed = keepIf(o.Claimed, func(n string) bool { return has.lines[line(n)] })
		o.Emails = keepIf(o.Emails, func(e string) bool { return has.emails[Fold(e)] })
		o.Tags = keepIf(o.Tags, func(t string) bool { return has.tags[t] })
	}
}

// keepIf returns what of a list is to be kept, nil if nothing.
func keepIf(list []string, keep func(string) bool) []string {
	if list = slices.DeleteFunc(list, func(s string) bool { return !keep(s) }); len(list) == 0 {
		return nil
	}
	return list
}
