package life

import (
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// lifeLost is a number that did not come back: of which of the contacts, and who
// has it.
type lifeLost struct {
	index        int
	line, holder string
}

// unmerge forecasts the end of merges: out has the survivor, then the others.
func (l *ledger) unmerge(id string, others []string, revision uint64, p pen) (f forecast, gone map[lifeLost]bool) {
	s := l.find(&f, id)
	if s == nil {
		return f, nil
	}
	f.at(s, revision)
	if s.Status == contacts.Merged {
		f.fail(isMerged(s))
		return f, nil
	}
	if len(others) == 0 {
		for _, o := range s.MergedFrom {
			others = append(others, o.ID)
		}
	}
	p.now = laterOf(p.now, s)
	f.out = []*contacts.Contact{s}
	for i, other := range others {
		if slices.Contains(others[:i], other) || !slices.ContainsFunc(s.MergedFrom, func(o contacts.Origin) bool { return o.ID == other }) {
			f.fail(isInvalid("not merged into it, or twice"))
			return f, nil
		}
		c := copyLife(l.people[other])
		p.now = laterOf(p.now, c)
		l.giveBack(s, c)
		c.Status, c.MergedInto = contacts.Active, ""
		f.out = append(f.out, c)
	}
	if len(others) == 0 {
		return f, nil
	}
	for _, c := range f.out {
		f.change(c, p)
		f.call(c.ID, contacts.ChangeUnmerged, id)
	}
	f.call(id, contacts.ChangeGaveBack, others...)
	gone = map[lifeLost]bool{}
	for list := l.judge(f.out, nil, false); list != nil; list = l.judge(f.out, nil, false) {
		for _, r := range list {
			if r.index == 0 {
				f.fail(l.isDuplicate(list, true))
				return f, nil
			}
			if r.earlier >= 0 {
				r.holder = f.out[r.earlier].ID
			}
			gone[lifeLost{r.index - 1, r.line, r.holder}] = true
			is := func(q contacts.Phone) bool { return q.Number == r.number && !q.Shared }
			c := f.out[r.index]
			if is(c.CellPhone) {
				c.CellPhone = contacts.Phone{}
			}
			c.Phones = slices.DeleteFunc(c.Phones, is)
			tidyLife(c)
		}
	}
	return f, gone
}

// giveBack takes out of s what came with the merge of another contact.
func (l *ledger) giveBack(s, other *contacts.Contact) {
	at := slices.IndexFunc(s.MergedFrom, func(o contacts.Origin) bool { return o.ID == other.ID })
	o := s.MergedFrom[at]
	for _, t := range o.Fields {
		l.giveField(s, t, valueOf(other, t.Field), s.MergedFrom[at+1:])
	}
	s.FullName = strings.TrimSpace(s.FirstName + " " + s.LastName)
	s.MergedFrom = slices.Delete(s.MergedFrom, at, at+1)

	// stays reports whether another merged contact has a thing, too.
	stays := func(list func(contacts.Origin) []string, key func(string) string, v string) bool {
		for _, o := range s.MergedFrom {
			if slices.ContainsFunc(list(o), func(w string) bool { return key(w) == key(v) }) {
				return true
			}
		}
		return false
	}
	for _, n := range o.Numbers {
		is := func(q contacts.Phone) bool { return q.Number != "" && l.line(q.Number) == l.line(n) }
		if stays(originNumbers, l.line, n) {
			continue
		}
		if is(s.CellPhone) {
			s.CellPhone = contacts.Phone{}
		}
		s.Phones = slices.DeleteFunc(s.Phones, is)
	}
	for _, n := range o.Claimed {
		for i := range s.Phones {
			if !stays(originClaimed, l.line, n) && l.line(s.Phones[i].Number) == l.line(n) {
				s.Phones[i].Shared = true
			}
		}
	}
	for _, a := range o.Emails {
		if !stays(originEmails, strings.ToLower, a) {
			s.Emails = slices.DeleteFunc(s.Emails, func(e contacts.Email) bool { return strings.EqualFold(e.Address, a) })
		}
	}
	for _, t := range o.Tags {
		if !stays(originTags, strings.Clone, t) {
			s.Tags = slices.DeleteFunc(s.Tags, func(u string) bool { return u == t })
		}
	}
}

// giveField puts a field back that came with a merge, while it has the value
// that came. Where a later merge took it over, it is that one's Was.
func (l *ledger) giveField(s *contacts.Contact, t contacts.Taken, came lifeValue, later []contacts.Origin) {
	for i := range later {
		for k := range later[i].Fields {
			if u := &later[i].Fields[k]; u.Field == t.Field {
				if u.Was == came.text {
					u.Was = t.Was
				}
				return
			}
		}
	}
	if valueOf(s, t.Field).text != came.text {
		return // edited since
	}
	if t.Field != "cellPhone" {
		setValue(s, t.Field, lifeValue{t.Was, t.Was != ""})
		return
	}
	now := s.CellPhone
	s.CellPhone = contacts.Phone{}
	if at := slices.IndexFunc(s.Phones, func(q contacts.Phone) bool { return q.Number == t.Was && !q.Shared }); at >= 0 {
		s.CellPhone = s.Phones[at]
		s.CellPhone.Label = ""
		s.Phones = slices.Delete(s.Phones, at, at+1)
	}
	if now.Number == "" {
		return
	}
	at := slices.IndexFunc(s.Phones, func(q contacts.Phone) bool { return l.line(q.Number) == l.line(now.Number) })
	if at < 0 {
		s.Phones = append([]contacts.Phone{now}, s.Phones...)
		return
	}
	s.Phones[at].Shared = false
}
