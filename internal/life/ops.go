package life

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// This file draws the operations.

// lifeOperation is something that may happen. It reports false where there was
// nothing to do.
type lifeOperation struct {
	name   string
	weight int
	do     func(*life, *lifeBook) bool
}

var lifeOperations = []lifeOperation{
	{"create", 120, (*life).create},
	{"createAll", 30, (*life).createAll},
	{"update", 200, (*life).update},
	{"updateAll", 80, (*life).updateAll},
	{"swap", 80, (*life).swap},
	{"upsert", 110, (*life).upsert},
	{"merge", 90, (*life).mergeSome},
	{"unmerge", 80, (*life).unmergeSome},
	{"delete", 70, (*life).deleteOne},
	{"undelete", 80, (*life).undeleteOne},
	{"purge", 50, (*life).purgeOne},
	{"reassign", 80, (*life).reassignOne},
	{"resolve", 40, (*life).resolveDuplicate},
	{"trim", 5, (*life).trim},
	{"reopen", 3, (*life).reopen},
	{"reindex", 5, (*life).reindex},
}

// one carries out one operation and checks the books.
func (x *life) one() {
	x.now = x.now.Add(time.Duration(x.r.IntN(3)) * time.Millisecond)
	b := x.books[x.r.IntN(2)]
	x.keeps = false
	total := 0
	for _, o := range lifeOperations {
		total += o.weight
	}
	for done := false; !done; {
		n := x.r.IntN(total)
		for _, o := range lifeOperations {
			if n -= o.weight; n < 0 {
				if done = o.do(x, b); done {
					x.done[o.name]++
				}
				break
			}
		}
	}
	x.resolve(b)
	if x.r.IntN(10) == 0 {
		x.catchUp(b)
	}
	switch {
	case x.step%50 == 0:
		x.checkAll()
	case x.step%25 == 0, x.kind.Often && x.step%5 == 0:
		x.checkStore()
	}
	if x.r.IntN(6) == 0 {
		x.checkLists(b, lifePick(x.r, lifeStatuses))
	}
}

func (x *life) create(b *lifeBook) bool {
	if x.full(b) {
		return false
	}
	p, given := x.pen(), x.given(b)
	book := x.keep(x.as(b, p, 0))
	x.say(b, "Create %s keep=%t", inShort(&given), x.keeps)
	f := b.ledger.create([]contacts.Contact{given}, x.keeps, p)
	got, err := book.Create(x.ctx, given)
	if err == nil && f.wrong == nil {
		f.changed[0].ID = x.fresh(b, got.ID)
	}
	if x.settle(b, &f, err) {
		x.same(b, "Create", got)
	}
	return true
}

// fresh checks that nobody has an id yet.
func (x *life) fresh(b *lifeBook, id string) string {
	for _, o := range x.books {
		_, gone := o.gone[id]
		if o.people[id] != nil || gone {
			x.fail("the id %s again", id)
		}
	}
	return id
}

func (x *life) createAll(b *lifeBook) bool {
	if x.full(b) {
		return false
	}
	p := x.pen()
	book := x.keep(x.as(b, p, 0))
	var given []contacts.Contact
	text := ""
	for range 1 + x.r.IntN(3) {
		c := x.given(b)
		given, text = append(given, c), text+"\n\t"+inShort(&c)
	}
	x.say(b, "CreateAll keep=%t%s", x.keeps, text)
	f := b.ledger.create(given, x.keeps, p)
	got, err := book.CreateAll(x.ctx, given)
	if err == nil && f.wrong == nil {
		for i := range f.changed {
			f.changed[i].ID = x.fresh(b, got[i].ID)
		}
	}
	if x.settle(b, &f, err) {
		for i := range got {
			x.same(b, "CreateAll", got[i])
		}
	}
	return true
}

func (x *life) update(b *lifeBook) bool {
	p := x.pen()
	book := x.keep(x.as(b, p, 0))
	c := x.edited(b, x.id(b, contacts.Active, contacts.Active, contacts.Inactive))
	x.say(b, "Update rev %d keep=%t %s", c.Revision, x.keeps, inShort(&c))
	f := b.ledger.update([]contacts.Contact{c}, x.keeps, p)
	got, err := book.Update(x.ctx, c)
	if x.settle(b, &f, err) {
		x.same(b, "Update", got)
	}
	return true
}

func (x *life) updateAll(b *lifeBook) bool {
	p := x.pen()
	book := x.keep(x.as(b, p, 0))
	var list []contacts.Contact
	text := ""
	for range 2 + x.r.IntN(2) {
		c := x.edited(b, x.id(b, contacts.Active))
		if !slices.ContainsFunc(list, func(d contacts.Contact) bool { return d.ID == c.ID }) {
			list, text = append(list, c), text+fmt.Sprintf("\n\trev %d %s", c.Revision, inShort(&c))
		}
	}
	return x.updateThese(b, book, p, list, text)
}

func (x *life) updateThese(b *lifeBook, book *contacts.Book, p pen, list []contacts.Contact, text string) bool {
	x.say(b, "UpdateAll keep=%t%s", x.keeps, text)
	f := b.ledger.update(list, x.keeps, p)
	got, err := book.UpdateAll(x.ctx, list)
	if x.settle(b, &f, err) {
		for i := range got {
			x.same(b, "UpdateAll", got[i])
		}
	}
	return true
}

// swap has contacts pass on their cell phones in a ring.
func (x *life) swap(b *lifeBook) bool {
	list := b.all(contacts.Active)
	if len(list) < 3 {
		return false
	}
	x.r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
	list = list[:2+x.r.IntN(2)]
	p := x.pen()
	var ring []contacts.Contact
	text := ""
	for i, c := range list {
		d := *copyLife(c)
		d.CellPhone = list[(i+1)%len(list)].CellPhone
		if x.r.IntN(4) == 0 { // of another spelling
			d.CellPhone.Number = x.spelling(b, d.CellPhone.Number)
		}
		ring, text = append(ring, d), text+"\n\t"+inShort(&d)
	}
	return x.updateThese(b, x.as(b, p, 0), p, ring, text)
}

// spelling draws another spelling of a number.
func (x *life) spelling(b *lifeBook, number string) string {
	for _, n := range lifeNumbers {
		if number != "" && n.number != number && b.line(n.number) == b.line(number) {
			return n.number
		}
	}
	return number
}

func (x *life) upsert(b *lifeBook) bool {
	p, given := x.pen(), x.given(b)
	if list := b.all(contacts.Active); len(list) > 0 && x.r.IntN(2) == 0 {
		given.CellPhone.Number = x.spelling(b, lifePick(x.r, list).CellPhone.Number)
	}
	policy := lifePick(x.r, []contacts.UpsertPolicy{contacts.FillEmpty, contacts.PreferGiven, contacts.PreferExisting})
	if given.CellPhone.Number == "" {
		given.CellPhone = contacts.Phone{}
	}
	f, created := b.ledger.upsert(given, policy, p)
	if created && x.full(b) {
		return false
	}
	x.say(b, "Upsert policy %d %s", policy, inShort(&given))
	u, err := x.as(b, p, 0).Upsert(x.ctx, given, &contacts.UpsertOptions{Policy: policy})
	if err == nil && f.wrong == nil {
		if created {
			f.changed[0].ID = x.fresh(b, u.Contact.ID)
		}
		if u.Created != created || u.Changed != (len(f.changed) > 0) {
			x.fail("Upsert: %+v, want created %t, %d changes", u, created, len(f.changed))
		}
	}
	if x.settle(b, &f, err) {
		x.same(b, "Upsert", u.Contact)
		if u.Contact.ID != f.out[0].ID {
			x.fail("Upsert: contact %s, want %s", u.Contact.ID, f.out[0].ID)
		}
	}
	return true
}

// resolve compares where an id leads.
func (x *life) resolve(b *lifeBook) {
	id := x.id(b, contacts.Merged)
	at, via := id, []string(nil)
	for {
		next := ""
		if c := b.people[at]; c != nil {
			next = c.MergedInto
		} else {
			next = b.gone[at].into
		}
		if next == "" {
			break
		}
		via, at = append(via, at), next
	}
	got, err := b.opened.Resolve(x.ctx, id)
	if got.ID != at || !slices.Equal(got.Via, via) {
		x.fail("Resolve %s: %s via %v, %v; want %s via %v", id, got.ID, got.Via, err, at, via)
	}
	if b.people[at] == nil {
		if _, purged := b.gone[at]; !errors.Is(err, contacts.ErrNotFound) || errors.As(err, new(*contacts.PurgedError)) != purged {
			x.fail("Resolve %s: %v", id, inFull(err))
		}
		return
	}
	if err != nil {
		x.fail("Resolve %s: %v", id, err)
	}
	x.same(b, "Resolve "+id, got.Contact)
}
