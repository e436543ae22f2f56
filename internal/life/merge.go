package life

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// This file forecasts merges and what undoes them.

// laterOf returns the time of a call that changes c.
func laterOf(now time.Time, c *contacts.Contact) time.Time {
	if c != nil && c.UpdatedAt.After(now) {
		return c.UpdatedAt
	}
	return now
}

// lifeValue is a field that a contact has one of, as text.
type lifeValue struct {
	text string
	has  bool
}

// valueOf returns the value of a field by its JSON key.
func valueOf(c *contacts.Contact, field string) lifeValue {
	if key, ok := strings.CutPrefix(field, "custom."); ok {
		v, has := c.Custom[key]
		return lifeValue{v, has}
	}
	for _, s := range singles() {
		if s.name == field {
			return lifeValue{s.get(c), s.get(c) != ""}
		}
	}
	switch field {
	case "address":
		return opaqueText(c.Address)
	case "twitterDetails":
		return opaqueText(c.Twitter)
	case "cellPhone.extension":
		return lifeValue{c.CellPhone.Extension, c.CellPhone.Extension != ""}
	}
	return lifeValue{c.CellPhone.Number, c.CellPhone.Number != ""}
}

func opaqueText(list []json.RawMessage) lifeValue {
	if len(list) == 0 {
		return lifeValue{}
	}
	var texts []string
	for _, m := range list {
		texts = append(texts, string(m))
	}
	return lifeValue{"[" + strings.Join(texts, ",") + "]", true}
}

// setValue gives a field a value: any field but the cell phone.
func setValue(c *contacts.Contact, field string, v lifeValue) {
	if key, ok := strings.CutPrefix(field, "custom."); ok {
		delete(c.Custom, key)
		if v.has {
			if c.Custom == nil {
				c.Custom = map[string]string{}
			}
			c.Custom[key] = v.text
		}
		return
	}
	for _, s := range singles() {
		if s.name == field {
			s.set(c, v.text)
			return
		}
	}
	if field == "cellPhone.extension" {
		c.CellPhone.Extension = v.text
		return
	}
	var list []json.RawMessage
	if v.has {
		if err := json.Unmarshal([]byte(v.text), &list); err != nil {
			panic(err)
		}
	}
	if field == "address" {
		c.Address = list
	} else {
		c.Twitter = list
	}
}

// mergeFields returns the fields of which a merge keeps one value.
func mergeFields() []string {
	list := []string{"address", "twitterDetails", "cellPhone"}
	for _, s := range singles() {
		list = append(list, s.name)
	}
	for _, k := range lifeKeys {
		list = append(list, "custom."+k)
	}
	return list
}

// merge forecasts others becoming part of a contact.
func (l *ledger) merge(id string, others []string, take map[string]string, revision uint64, p pen) (f forecast) {
	mergeable := func(id string) *contacts.Contact {
		c := l.find(&f, id)
		switch {
		case c == nil:
		case c.Status == contacts.Merged:
			f.fail(isMerged(c))
		case c.Status == contacts.Inactive:
			f.fail(isInvalid("deleted"))
		}
		return c
	}
	for i, other := range others {
		if other == id || slices.Contains(others[:i], other) {
			f.fail(isInvalid("twice"))
		}
	}
	for _, from := range take {
		if from != id && !slices.Contains(others, from) {
			f.fail(isInvalid("taken from a stranger"))
		}
	}
	keep := mergeable(id)
	var list []*contacts.Contact
	for _, other := range others {
		if c := l.people[other]; c != nil && c.Status == contacts.Merged && c.MergedInto == id {
			continue
		}
		if c := mergeable(other); c != nil {
			list = append(list, c)
		}
	}
	if keep == nil || f.wrong != nil {
		return f
	}
	f.out = []*contacts.Contact{keep}
	if len(list) == 0 {
		return f
	}
	f.at(keep, revision)
	for _, c := range append(list, keep) {
		p.now = laterOf(p.now, c)
	}
	l.takeIn(keep, list, take, p.now)
	for _, c := range list {
		c.Status, c.MergedInto = contacts.Merged, id
		f.change(c, p)
		f.call(c.ID, contacts.ChangeMerged, id)
	}
	f.change(keep, p)
	f.call(id, contacts.ChangeAbsorbed, modelIDs(list)...)
	f.judge(l, nil, false, true)
	return f
}

// takeIn gives keep what the others have, and notes what comes from whom.
func (l *ledger) takeIn(keep *contacts.Contact, others []*contacts.Contact, take map[string]string, now time.Time) {
	// What keep has of its own: what stands in no Origin.
	var lines, claims, emails, tags []string
	from := func(list func(contacts.Origin) []string, key func(string) string) (all []string) {
		for _, o := range keep.MergedFrom {
			for _, v := range list(o) {
				all = append(all, key(v))
			}
		}
		return all
	}
	cameLines, cameClaims := from(originNumbers, l.line), from(originClaimed, l.line)
	cameEmails, cameTags := from(originEmails, strings.ToLower), from(originTags, strings.Clone)
	for _, q := range numbersOf(keep) {
		if line := l.line(q.Number); !slices.Contains(cameLines, line) {
			lines = append(lines, line)
			if !q.Shared && !slices.Contains(cameClaims, line) {
				claims = append(claims, line)
			}
		}
	}
	for _, e := range keep.Emails {
		if a := strings.ToLower(e.Address); !slices.Contains(cameEmails, a) {
			emails = append(emails, a)
		}
	}
	for _, t := range keep.Tags {
		if !slices.Contains(cameTags, t) {
			tags = append(tags, t)
		}
	}

	origins := make([]contacts.Origin, len(others))
	for i, c := range others {
		origins[i].ID, origins[i].At = c.ID, now
	}
	for _, field := range mergeFields() {
		is, source := valueOf(keep, field), -1
		if id, chosen := take[field]; chosen {
			source = slices.IndexFunc(others, func(c *contacts.Contact) bool { return c.ID == id })
		} else if !is.has {
			source = slices.IndexFunc(others, func(c *contacts.Contact) bool { return valueOf(c, field).has })
		}
		if source < 0 || valueOf(others[source], field) == is {
			continue
		}
		if field == "cellPhone" {
			l.newCell(keep, others[source].CellPhone)
		} else {
			setValue(keep, field, valueOf(others[source], field))
		}
		origins[source].Fields = append(origins[source].Fields, contacts.Taken{Field: field, Was: is.text})
	}
	keep.FullName = strings.TrimSpace(keep.FirstName + " " + keep.LastName)
	for i, c := range others {
		o := &origins[i]
		if q, r := c.CellPhone, &keep.CellPhone; q.Number != "" && r.Number != "" && l.line(q.Number) == l.line(r.Number) && r.Extension == "" && q.Extension != "" {
			r.Extension = q.Extension
			o.Fields = append(o.Fields, contacts.Taken{Field: "cellPhone.extension"})
		}
		var came, claimed []string
		for _, q := range numbersOf(c) {
			line := l.line(q.Number)
			if !slices.Contains(lines, line) && !slices.Contains(came, line) {
				o.Numbers, came = append(o.Numbers, q.Number), append(came, line)
			}
			if !q.Shared && !slices.Contains(claims, line) && !slices.Contains(claimed, line) {
				o.Claimed, claimed = append(o.Claimed, q.Number), append(claimed, line)
			}
			at := slices.IndexFunc(keep.Phones, func(r contacts.Phone) bool { return l.line(r.Number) == line })
			switch {
			case keep.CellPhone.Number != "" && l.line(keep.CellPhone.Number) == line:
			case at < 0:
				keep.Phones = append(keep.Phones, q)
			case !q.Shared && !slices.ContainsFunc(keep.Phones, func(r contacts.Phone) bool { return l.line(r.Number) == line && !r.Shared }):
				keep.Phones[at].Shared = false
			}
		}
		for _, e := range c.Emails {
			a := strings.ToLower(e.Address)
			if !slices.Contains(emails, a) {
				o.Emails = append(o.Emails, e.Address)
			}
			if !slices.ContainsFunc(keep.Emails, func(m contacts.Email) bool { return strings.EqualFold(m.Address, a) }) {
				keep.Emails = append(keep.Emails, e)
			}
		}
		for _, t := range c.Tags {
			if !slices.Contains(tags, t) {
				o.Tags = append(o.Tags, t)
			}
			if !slices.Contains(keep.Tags, t) {
				keep.Tags = append(keep.Tags, t)
			}
		}
	}
	keep.MergedFrom = append(keep.MergedFrom, origins...)
}

func originNumbers(o contacts.Origin) []string { return o.Numbers }
func originClaimed(o contacts.Origin) []string { return o.Claimed }
func originEmails(o contacts.Origin) []string  { return o.Emails }
func originTags(o contacts.Origin) []string    { return o.Tags }

// newCell makes q the cell phone and what that was one of Phones.
func (l *ledger) newCell(c *contacts.Contact, q contacts.Phone) {
	was := c.CellPhone
	if q.Number != "" {
		c.Phones = slices.DeleteFunc(c.Phones, func(r contacts.Phone) bool {
			return r.Number == q.Number && r.Extension == q.Extension && r.Label == ""
		})
	}
	c.CellPhone = q
	c.CellPhone.Label, c.CellPhone.Shared = "", false
	if was.Number != "" && (q.Number == "" || l.line(was.Number) != l.line(q.Number)) {
		c.Phones = append([]contacts.Phone{was}, c.Phones...)
	}
}
