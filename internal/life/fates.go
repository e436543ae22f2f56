package life

import (
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// This file forecasts what becomes of contacts as wholes: delete, undelete,
// purge, and a number that passes from one to another.

// at notes that a contact is not at the revision that a call is for.
func (f *forecast) at(c *contacts.Contact, revision uint64) {
	if revision != 0 && revision != c.Revision {
		f.fail(isConflict(c.ID, revision, c.Revision))
	}
}

// setStatus forecasts Delete and Undelete.
func (l *ledger) setStatus(id string, status contacts.Status, revision uint64, p pen) (f forecast) {
	c := l.find(&f, id)
	if c == nil {
		return f
	}
	f.at(c, revision)
	if c.Status == contacts.Merged {
		f.fail(isMerged(c))
		return f
	}
	f.out = []*contacts.Contact{c}
	if c.Status == status {
		return f
	}
	c.Status = status
	if status == contacts.Inactive {
		c.DeletedAt = p.now
		f.call(id, contacts.ChangeDeleted)
	} else {
		c.DeletedAt = time.Time{}
		f.call(id, contacts.ChangeUndeleted)
	}
	f.change(c, p)
	f.judge(l, nil, false, false)
	return f
}

// forget forecasts Purge: the contact goes and all that were merged into it,
// and theirs; the one that it was merged into has it no more.
func (l *ledger) forget(id string, revision uint64, p pen) (f forecast) {
	c := l.find(&f, id)
	if c == nil {
		return f
	}
	f.at(c, revision)
	var ids []string
	var person func(c *contacts.Contact)
	person = func(c *contacts.Contact) {
		ids = append(ids, c.ID)
		for _, o := range c.MergedFrom {
			if from := l.people[o.ID]; from != nil {
				person(from)
			}
		}
	}
	person(c)
	into := l.people[c.MergedInto]
	for _, id := range ids {
		p.now = laterOf(p.now, l.people[id])
	}
	if into != nil {
		into = copyLife(into)
		into.MergedFrom = slices.DeleteFunc(into.MergedFrom, func(o contacts.Origin) bool { return o.ID == id })
		f.change(into, p)
		f.call(into.ID, contacts.ChangeGaveBack, id)
	}
	f.judge(l, ids, false, true)
	for _, id := range ids {
		blank := &contacts.Contact{ID: id, MergedInto: l.people[id].MergedInto}
		p.touch(blank)
		f.changed = append(f.changed, blank)
	}
	return f
}

// reassign forecasts a number that becomes that of one contact.
func (l *ledger) reassign(number, id string, p pen) (f forecast) {
	to := l.find(&f, id)
	if to == nil {
		return f
	}
	f.out = []*contacts.Contact{to}
	switch to.Status {
	case contacts.Merged:
		f.fail(isMerged(to))
		return f
	case contacts.Inactive:
		f.fail(isInvalid("not active"))
		return f
	}
	line := l.line(number)
	is := func(q contacts.Phone) bool { return q.Number != "" && l.line(q.Number) == line }
	moved := contacts.Phone{Number: number, CountryCode: lifeCode(number)}
	claim, _ := l.claimers(line)
	for _, holder := range claim {
		if holder.ID == id {
			continue
		}
		c := copyLife(holder)
		moved = numbersOf(c)[slices.IndexFunc(numbersOf(c), is)]
		if is(c.CellPhone) {
			c.CellPhone = contacts.Phone{}
		}
		c.Phones = slices.DeleteFunc(c.Phones, is)
		f.change(c, p)
	}
	moved.Shared = false
	if !slices.Contains(l.claims(to), line) {
		at := slices.IndexFunc(to.Phones, is)
		switch {
		case at >= 0:
			to.Phones[at].Shared = false
		case to.CellPhone.Number == "":
			moved.Label = ""
			to.CellPhone = moved
		default:
			to.Phones = append(to.Phones, moved)
		}
		f.change(to, p)
	}
	f.judge(l, nil, false, true)
	return f
}
