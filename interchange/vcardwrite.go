package interchange

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// vCardWriter writes cards that hold all there is in a contact. What vCard has a
// property for is there, for any program to read; beside it are X-CONTACTS
// properties, which a cardMapper reads.
type vCardWriter struct {
	version string
	w       *bufio.Writer
	group   int        // the last one that was given out
	check   cardMapper // reads what is to be written
}

// newVCardWriter writes version "3.0" or "4.0".
func newVCardWriter(version string) rowWriter {
	v := &vCardWriter{version: version}
	v.check.ours = true
	return v
}

func (v *vCardWriter) begin(*bufio.Writer) error { return nil }
func (v *vCardWriter) end(*bufio.Writer) error   { return nil }

func (v *vCardWriter) write(w *bufio.Writer, c *contacts.Contact, leftOut func(field string)) error {
	v.w = w
	v.group = lastGroup(c.Custom)
	v.put(cardBegin)
	v.put("VERSION:" + v.version)
	v.put("PRODID:" + ourProduct)
	taken := v.names(c)
	v.cellPhone(c, taken)
	for i := range c.Phones {
		v.phone(&c.Phones[i], c.Phones[i].Label)
	}
	for i := range c.Emails {
		e := &c.Emails[i]
		v.labelled("EMAIL", e.Label, escape(e.Address, asText))
	}
	v.org(c, taken)
	v.text("TITLE", c.Title)
	v.notes(c.Notes)
	if len(c.Tags) > 0 {
		tags := make([]string, len(c.Tags))
		for i, t := range c.Tags {
			tags[i] = escape(t, asText)
		}
		v.put("CATEGORIES:" + strings.Join(tags, ","))
	}
	v.text("UID", c.ClientRef)
	v.custom(c, taken)
	v.own(c)
	v.put(cardEnd)
	_, err := w.Write(nil) // what went wrong before
	return err
}

// text writes a property of one text, where there is one.
func (v *vCardWriter) text(name, s string) {
	if s != "" {
		v.put(name + ":" + escape(s, asText))
	}
}

// notes writes the notes: with LF as its newlines, and once more for us where
// others are in them.
func (v *vCardWriter) notes(s string) {
	v.text("NOTE", noCR(s))
	if strings.IndexByte(s, '\r') >= 0 {
		v.put("X-CONTACTS-NOTE:" + escape(s, asOurs))
	}
}

// names writes FN and N, and returns which keys of Custom they have taken.
func (v *vCardWriter) names(c *contacts.Contact) map[string]bool {
	taken := map[string]bool{}
	number, address := c.CellPhone.Number, ""
	if number == "" && len(c.Phones) > 0 {
		number = c.Phones[0].Number
	}
	if len(c.Emails) > 0 {
		address = c.Emails[0].Address
	}
	shown := displayName(c, number, address)
	take := func(key string) string {
		s := c.Custom[key]
		if s == "" || strings.IndexByte(s, '\r') >= 0 {
			return ""
		}
		taken[key] = true
		return s
	}
	if s := c.Custom[keyFN]; s != shown {
		if s = take(keyFN); s != "" {
			shown = s
		}
	}
	prefix := c.Salutation
	if prefix == "" && len(c.Custom[keyPrefix]) > contacts.MaxSalutation {
		prefix = take(keyPrefix)
	}
	v.put("FN:" + escape(shown, asText))
	parts := [...]string{c.LastName, c.FirstName, take(keyMiddleName), prefix, take(keySuffix)}
	line := "N:"
	for i, s := range parts {
		if i > 0 {
			line += ";"
		}
		line += escape(s, asPart)
	}
	v.put(line)
	return taken
}

// org writes the organization, with the department where it can be read again.
func (v *vCardWriter) org(c *contacts.Contact, taken map[string]bool) {
	line := "ORG:" + escape(c.Organization, asPart)
	department := c.Custom[keyDepartment]
	if parts := cutParts(department); department != "" && joinParts(parts) == department && parts[len(parts)-1] != "" && strings.IndexByte(department, '\r') < 0 {
		taken[keyDepartment] = true
		for _, s := range parts {
			line += ";" + escape(s, asPart)
		}
	} else if c.Organization == "" {
		return
	}
	v.put(line)
}

// cellPhone writes the cell phone, which may be called something else.
func (v *vCardWriter) cellPhone(c *contacts.Contact, taken map[string]bool) {
	if c.CellPhone == (contacts.Phone{}) {
		return
	}
	label := c.Custom[keyCellLabel]
	if label == "" || label == "mobile" || c.CellPhone.Number == "" || len(label) > contacts.MaxLabel || strings.IndexFunc(label, isControl) >= 0 {
		label = "mobile"
	} else {
		taken[keyCellLabel] = true
	}
	v.phone(&c.CellPhone, label, "cell")
}

// phone writes a number, and beside it what TEL has no place for.
func (v *vCardWriter) phone(p *contacts.Phone, label string, flags ...string) {
	if p.Shared {
		flags = append(flags, "shared")
	}
	if p.Unverified {
		flags = append(flags, "unverified")
	}
	group := ""
	if p.Number != "" {
		group = v.labelledIn(v.newGroup(), "TEL", label, escape(p.Number, asText)) + "."
	}
	v.put(fmt.Sprintf("%sX-CONTACTS-PHONE:%s;%s;%s;%s;%s", group, escape(p.Number, asOurs), escape(p.CountryCode, asOurs),
		escape(p.Extension, asOurs), escape(p.Input, asOurs), strings.Join(flags, ",")))
}

// typeOf has the types of labels; telLabel undoes it. Other labels are
// X-ABLabel's.
func typeOf(label string) string {
	switch label {
	case "home", "work", "fax", "pager", "main", "other":
		return label
	case "mobile":
		return "cell"
	case "home fax":
		return "home,fax"
	case "work fax":
		return "work,fax"
	}
	return ""
}

// labelled writes a property with a label.
func (v *vCardWriter) labelled(name, label, value string) {
	if label == "" {
		v.put(name + ":" + value)
	} else if t := typeOf(label); t != "" {
		v.put(name + ";TYPE=" + t + ":" + value)
	} else {
		v.labelledIn(v.newGroup(), name, label, value)
	}
}

// labelledIn writes a property with a label into a group, which it returns.
func (v *vCardWriter) labelledIn(group, name, label, value string) string {
	t := typeOf(label)
	if t != "" {
		t = ";TYPE=" + t
	}
	v.put(group + "." + name + t + ":" + value)
	if t == "" && label != "" {
		v.put(group + ".X-ABLabel:" + escape(label, asText))
	}
	return group
}

func (v *vCardWriter) newGroup() string {
	v.group++
	return "item" + strconv.Itoa(v.group)
}

// lastGroup returns the greatest number of a group "item1", "item2", .. that a
// property in Custom has.
func lastGroup(custom map[string]string) int {
	last := 0
	for key := range custom {
		rest, ok := strings.CutPrefix(key, keyVCard)
		group, _, dot := strings.Cut(rest, ".")
		if !ok || !dot || len(group) < 5 || !strings.EqualFold(group[:4], "item") {
			continue
		}
		if n, err := strconv.Atoi(group[4:]); err == nil && n > last && n < 1e6 {
			last = n
		}
	}
	return last
}

// own writes what only we read.
func (v *vCardWriter) own(c *contacts.Contact) {
	for _, f := range [...]struct{ name, value string }{
		{"ID", c.ID}, {"STATUS", string(c.Status)},
		{"CREATED-AT", stamp(c.CreatedAt)}, {"CREATED-BY", c.CreatedBy}, {"CREATED-BY-AID", c.CreatedByAID},
		{"UPDATED-AT", stamp(c.UpdatedAt)}, {"UPDATED-BY", c.UpdatedBy}, {"UPDATED-BY-AID", c.UpdatedByAID},
		{"DELETED-AT", stamp(c.DeletedAt)}, {"MERGED-INTO", c.MergedInto},
	} {
		if f.value != "" {
			v.put("X-CONTACTS-" + f.name + ":" + escape(f.value, asOurs))
		}
	}
	for _, o := range c.MergedFrom {
		b, _ := o.MarshalJSON() // never fails
		v.put("X-CONTACTS-MERGED-FROM:" + escape(string(b), asOurs))
	}
	for _, list := range [...]struct {
		name  string
		items []json.RawMessage
	}{{"ADDRESS", c.Address}, {"TWITTER", c.Twitter}} {
		for _, raw := range list.items {
			v.put("X-CONTACTS-" + list.name + ":" + escape(string(raw), asOurs))
		}
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
