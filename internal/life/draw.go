package life

import (
	"maps"
	"slices"

	"github.com/callerbook/contacts"
)

// This file draws what operations are about.

// pen draws who writes.
func (x *life) pen() pen { return pen{lifePick(x.r, lifeActors), x.now} }

// as returns a book as which p writes.
func (x *life) as(b *lifeBook, p pen, revision uint64) *contacts.Book {
	return b.opened.As(p.actor).At(revision)
}

// id draws the id of a contact, mostly of one in these states, now and then of
// one that is not there.
func (x *life) id(b *lifeBook, status ...contacts.Status) string {
	switch n := x.r.IntN(60); {
	case n == 0:
		return "nobody"
	case n == 1 && len(b.gone) > 0:
		return lifePick(x.r, slices.Sorted(maps.Keys(b.gone)))
	case n == 2 && len(x.other(b).order) > 0:
		return lifePick(x.r, x.other(b).order)
	case n < 8:
		status = nil
	}
	list := b.all(status...)
	if len(list) == 0 {
		list = b.all()
	}
	if len(list) == 0 {
		return "nobody"
	}
	return lifePick(x.r, list).ID
}

// at draws the revision that a call is for: mostly any.
func (x *life) at(b *lifeBook, id string) uint64 {
	c := b.people[id]
	if c == nil {
		return 0
	}
	switch x.r.IntN(12) {
	case 0:
		return c.Revision
	case 1:
		return c.Revision + 1
	case 2:
		return max(1, c.Revision-1)
	}
	return 0
}

// number draws a number, more often than not one that is free.
func (x *life) number(b *lifeBook) string {
	number := lifePick(x.r, lifeNumbers).number
	for range 8 {
		if claim, _ := b.claimers(b.line(number)); claim == nil || x.r.IntN(8) == 0 {
			break
		}
		number = lifePick(x.r, lifeNumbers).number
	}
	return number
}

func (x *life) phone(b *lifeBook) contacts.Phone {
	return contacts.Phone{Number: x.number(b), Label: lifePick(x.r, lifeLabels), Shared: x.r.IntN(3) == 0, Extension: lifePick(x.r, lifeExtensions)}
}

func (x *life) cell(b *lifeBook) contacts.Phone {
	if x.r.IntN(6) == 0 {
		return contacts.Phone{}
	}
	return contacts.Phone{Number: x.number(b), Extension: lifePick(x.r, lifeExtensions)}
}

func (x *life) phones(b *lifeBook) (list []contacts.Phone) {
	for range lifePick(x.r, []int{0, 0, 0, 1, 1, 2}) {
		q := x.phone(b)
		if !slices.ContainsFunc(list, func(r contacts.Phone) bool { return r.Number == q.Number }) {
			list = append(list, q)
		}
	}
	return list
}

func (x *life) emails() (list []contacts.Email) {
	for range lifePick(x.r, []int{0, 0, 1, 2}) {
		if a := lifePick(x.r, lifeMails); !slices.ContainsFunc(list, func(e contacts.Email) bool { return e.Address == a }) {
			list = append(list, contacts.Email{Address: a, Label: lifePick(x.r, lifeLabels)})
		}
	}
	return list
}

func (x *life) tags() (list []string) {
	for range lifePick(x.r, []int{0, 0, 1, 2}) {
		if t := lifePick(x.r, lifeTags); !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

func (x *life) custom() map[string]string {
	m := map[string]string{}
	for range x.r.IntN(3) {
		m[lifePick(x.r, lifeKeys)] = lifePick(x.r, lifeValues)
	}
	return m
}

// given draws a contact as a caller gives it.
func (x *life) given(b *lifeBook) contacts.Contact {
	c := contacts.Contact{
		FirstName: lifePick(x.r, lifeFirst), LastName: lifePick(x.r, lifeLast), Salutation: lifePick(x.r, lifeSalutations),
		CellPhone: x.cell(b), Phones: x.phones(b), Emails: x.emails(), Tags: x.tags(), Custom: x.custom(),
		Organization: lifePick(x.r, lifeOrgs), Title: lifePick(x.r, lifeTitles), Notes: lifePick(x.r, lifeNotes), ClientRef: lifePick(x.r, lifeRefs),
		Address: lifePick(x.r, lifeOpaque), Twitter: lifePick(x.r, lifeOpaque),
	}
	if x.r.IntN(100) == 0 {
		c = contacts.Contact{Notes: c.Notes}
	}
	return c
}

// edited draws a changed version of a contact.
func (x *life) edited(b *lifeBook, id string) contacts.Contact {
	old := b.people[id]
	if old == nil {
		c := x.given(b)
		c.ID = id
		return c
	}
	c, g := *copyLife(old), x.given(b)
	c.Revision = 0
	for range x.r.IntN(4) {
		switch x.r.IntN(12) {
		case 0:
			c.FirstName, c.LastName = g.FirstName, g.LastName
		case 1, 2:
			c.CellPhone = g.CellPhone
		case 3:
			c.Phones = g.Phones
		case 4:
			c.Phones = append(c.Phones, x.phone(b))
		case 5:
			for i := range c.Phones {
				if x.r.IntN(2) == 0 {
					c.Phones[i].Shared = !c.Phones[i].Shared
				}
			}
		case 6:
			c.Emails = g.Emails
		case 7:
			c.Tags = g.Tags
		case 8:
			c.Custom = g.Custom
		case 9:
			c.Title, c.Notes, c.ClientRef = g.Title, g.Notes, g.ClientRef
		case 10:
			c.Organization, c.Salutation = g.Organization, g.Salutation
		case 11:
			c.Address, c.Twitter = g.Address, g.Twitter
		}
	}
	if len(c.Phones) > 4 {
		c.Phones = c.Phones[:2]
	}
	switch x.r.IntN(8) {
	case 0:
		c.Revision = max(1, old.Revision-1)
	case 1, 2:
		c.Revision = old.Revision
	}
	return c
}

// full reports whether a book has so many contacts that new ones have to wait.
func (x *life) full(b *lifeBook) bool { return len(b.people) > 30+x.r.IntN(10) }

// keep draws whether a call may make duplicates, and returns the book for it.
func (x *life) keep(book *contacts.Book) *contacts.Book {
	if x.keeps = x.r.IntN(25) == 0; x.keeps {
		rules := contacts.RelaxedRules()
		rules.KeepDuplicates = true
		book = book.With(rules)
	}
	return book
}
