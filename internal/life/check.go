package life

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// This file compares a book with its model.

// follow reads what a call added to the feeds: it is what the model expects in
// the book that the call was for, and nothing in the other one. The model is
// brought up to date with it.
func (x *life) follow(b *lifeBook, f *forecast) {
	x.t.Helper()
	changed := f.changed
	for _, other := range x.books {
		if other != b {
			if list, err := other.opened.Events(x.ctx, other.token, 0); err != nil || len(list) > 0 {
				x.fail("the feed of %v, where nothing happened: %d events, %v", other.scope, len(list), err)
			}
		}
	}
	before := b.ledger.duplicates()
	list, err := b.opened.Events(x.ctx, b.token, contacts.MaxLimit)
	if err != nil {
		x.fail("Events: %v", err)
	}
	var ids []string
	for i, e := range list {
		ids = append(ids, e.ID)
		if want := b.last + uint64(i) + 1; e.Revision != want || e.BatchEnd != b.last+uint64(len(list)) {
			x.fail("event %d of %s: revision %d, batch end %d; want %d, %d", i, e.ID, e.Revision, e.BatchEnd, want, b.last+uint64(len(list)))
		}
		at := slices.IndexFunc(changed, func(c *contacts.Contact) bool { return c.ID == e.ID })
		if at < 0 {
			x.fail("an event of %s, which the model leaves as it is", e.ID)
		}
		c := changed[at]
		c.Revision = e.Revision
		b.token = e.Token()
		x.event(b, e, c)
	}
	if len(list) != len(changed) {
		for _, c := range changed {
			if !slices.Contains(ids, c.ID) {
				x.fail("no event of %s, which the model changes: %s", c.ID, inShort(c))
			}
		}
		x.fail("%d events for %d changes: %v", len(list), len(changed), ids)
	}
	touched := map[string]bool{}
	for _, c := range changed {
		if was := b.people[c.ID]; was != nil {
			touch(touched, was)
		}
		touch(touched, c)
	}
	b.commit(f)
	for line, now := range b.ledger.duplicates() {
		if was := before[line]; !x.keeps && slices.ContainsFunc(now, func(id string) bool { return !slices.Contains(was, id) }) {
			x.fail("%s is claimed by %v, before by %v", line, now, was)
		}
	}
	for _, c := range changed {
		x.get(b, c)
	}
	for _, number := range slices.Sorted(maps.Keys(touched)) {
		x.lookup(b, number)
	}
	x.checkCounts(b)
}

// event compares an event with the contact that it is about, new to the model.
func (x *life) event(b *lifeBook, e contacts.Event, c *contacts.Contact) {
	x.t.Helper()
	if e.Purged != (c.Status == "") || e.Blank != e.Purged {
		x.fail("event %d of %s: purged %t, blank %t", e.Revision, e.ID, e.Purged, e.Blank)
	}
	if e.Purged {
		if got := e.Contact; got.ID != c.ID || !got.UpdatedAt.Equal(c.UpdatedAt) || got.UpdatedBy != c.UpdatedBy || got.UpdatedByAID != c.UpdatedByAID ||
			got.MergedInto != c.MergedInto || got.FirstName+got.LastName+got.CellPhone.Number != "" || len(e.Lines) > 0 {
			x.fail("event of the purge of %s: %+v, want %+v", e.ID, got, *c)
		}
		return
	}
	if d := diffLife(&e.Contact, c); d != "" {
		x.fail("event %d: contact %s differs from the model:%s", e.Revision, e.ID, d)
	}
	if got, want := lineSet(e.Lines), slices.Sorted(slices.Values(b.lists(c))); !slices.Equal(got, want) {
		x.fail("event %d of %s: lines %v, want %v", e.Revision, e.ID, got, want)
	}
	if born := b.born[e.ID]; born != 0 && e.Created != born || born == 0 && e.Created != e.Revision {
		x.fail("event %d of %s: created at %d, want %d", e.Revision, e.ID, e.Created, born)
	}
}

func lineSet(lines []phone.Line) []string {
	var list []string
	for _, l := range lines {
		list = append(list, l.String())
	}
	slices.Sort(list)
	return list
}

func touch(numbers map[string]bool, c *contacts.Contact) {
	for _, q := range numbersOf(c) {
		numbers[q.Number] = true
	}
}

// get compares what can be read about one contact.
func (x *life) get(b *lifeBook, c *contacts.Contact) {
	x.t.Helper()
	got, err := b.opened.Get(x.ctx, c.ID)
	if c.Status == "" {
		var e *contacts.PurgedError
		if !errors.As(err, &e) || !errors.Is(err, contacts.ErrNotFound) || e.ID != c.ID || !e.At.Equal(c.UpdatedAt) || e.MergedInto != c.MergedInto {
			x.fail("Get of %s, which was purged: %v", c.ID, inFull(err))
		}
	} else if err != nil {
		x.fail("Get %s: %v", c.ID, err)
	} else {
		x.same(b, "Get", got)
	}
	if _, err := x.other(b).opened.Get(x.ctx, c.ID); !errors.Is(err, contacts.ErrNotFound) || errors.As(err, new(*contacts.PurgedError)) {
		x.fail("Get of %s in the other scope: %v", c.ID, err)
	}
}

func (x *life) other(b *lifeBook) *lifeBook {
	if b == x.books[0] {
		return x.books[1]
	}
	return x.books[0]
}

// lookup compares who is found by a number.
func (x *life) lookup(b *lifeBook, number string) {
	x.t.Helper()
	m, err := b.opened.Lookup(x.ctx, number, &contacts.LookupOptions{Limit: 100})
	if err != nil {
		x.fail("Lookup: %v", err)
	}
	claim, list := b.claimers(b.line(number))
	all := append(slices.Clone(claim), list...)
	want, who := contacts.MatchAmbiguous, []*contacts.Contact(nil)
	switch {
	case len(all) == 0:
		want = contacts.MatchNone
	case len(claim) == 1:
		want = contacts.MatchFolded
		if slices.ContainsFunc(numbersOf(claim[0]), func(q contacts.Phone) bool { return q.Number == number }) {
			want = contacts.MatchExact
		}
		who = all[:1]
	case len(all) == 1:
		want, who = contacts.MatchShared, all
	}
	if m.Kind != want {
		x.fail("Lookup %s: %v, want %v", number, m.Kind, want)
	}
	if who != nil {
		x.same(b, "Lookup "+number, m.Contact)
		if m.Contact.ID != who[0].ID {
			x.fail("Lookup %s: %s, want %s", number, m.Contact.ID, who[0].ID)
		}
		all = all[1:]
	}
	x.sameSet(b, "candidates of Lookup "+number, m.Candidates, all)
}

// sameSet compares contacts with those of the model, in any order.
func (x *life) sameSet(b *lifeBook, call string, got []contacts.Contact, want []*contacts.Contact) {
	x.t.Helper()
	if g, w := contactIDs(got), modelIDs(want); !slices.Equal(slices.Sorted(slices.Values(g)), slices.Sorted(slices.Values(w))) {
		x.fail("%s: got %v, want %v", call, g, w)
	}
	for i := range got {
		x.same(b, call, got[i])
	}
}

func contactIDs(list []contacts.Contact) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

func modelIDs(list []*contacts.Contact) (ids []string) {
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func (x *life) checkCounts(b *lifeBook) {
	x.t.Helper()
	got, err := b.opened.Count(x.ctx)
	want := contacts.Counts{Duplicates: uint64(len(b.ledger.duplicates()))}
	for _, c := range b.people {
		switch c.Status {
		case contacts.Active:
			want.Active++
		case contacts.Inactive:
			want.Inactive++
		default:
			want.Merged++
		}
	}
	if err != nil || got != want {
		x.fail("Count: %+v, %v; want %+v", got, err, want)
	}
}

var lifeStatuses = [][]contacts.Status{
	nil, {contacts.Inactive}, {contacts.Merged}, {contacts.Active, contacts.Inactive, contacts.Merged},
}

// checkLists compares listings in all orders, and a search.
func (x *life) checkLists(b *lifeBook, status []contacts.Status) {
	x.t.Helper()
	states := status
	if status == nil {
		states = []contacts.Status{contacts.Active}
	}
	want := b.all(states...)
	for _, o := range []contacts.ListOptions{{Order: contacts.ByName}, {Order: contacts.ByCreation}, {Order: contacts.ByChange}} {
		o.Status, o.Limit = status, contacts.MaxLimit
		list, err := b.opened.List(x.ctx, &o)
		if err != nil {
			x.fail("List: %v", err)
		}
		x.sameSet(b, fmt.Sprintf("List %+v", o), list.Contacts, want)
		got := contactIDs(list.Contacts)
		switch o.Order {
		case contacts.ByCreation:
			if !slices.Equal(got, modelIDs(want)) {
				x.fail("List by creation: %v, want %v", got, modelIDs(want))
			}
		case contacts.ByChange:
			if !slices.IsSortedFunc(list.Contacts, func(c, d contacts.Contact) int { return int(c.Revision) - int(d.Revision) }) {
				x.fail("List by change: %v", got)
			}
		}
	}
	word := lifePick(x.r, lifeWords)
	var found []*contacts.Contact
	for _, c := range want {
		if slices.ContainsFunc(wordsIn(c), func(w string) bool { return strings.HasPrefix(w, word) }) {
			found = append(found, c)
		}
	}
	res, err := b.opened.Search(x.ctx, word, &contacts.SearchOptions{Status: status, Limit: contacts.MaxLimit})
	if err != nil {
		x.fail("Search: %v", err)
	}
	var hits []contacts.Contact
	for _, h := range res.Hits {
		hits = append(hits, h.Contact)
	}
	x.sameSet(b, fmt.Sprintf("Search %q among %v", word, states), hits, found)
}

// checkDuplicates compares the numbers that several contacts claim.
func (x *life) checkDuplicates(b *lifeBook) {
	x.t.Helper()
	got := map[string][]string{}
	for d, err := range b.opened.Duplicates(x.ctx) {
		if err != nil {
			x.fail("Duplicates: %v", err)
		}
		got[d.Line.String()] = contactIDs(d.Contacts)
	}
	if want := b.ledger.duplicates(); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		x.fail("Duplicates: %v, want %v", got, want)
	}
}

// checkStore has the store compare its records and its indexes.
func (x *life) checkStore() {
	x.t.Helper()
	if err := contacts.Check(x.ctx, x.store); err != nil {
		x.fail("Check: %v", err)
	}
}

// checkAll compares everything.
func (x *life) checkAll() {
	x.t.Helper()
	x.checkStore()
	var scopes []contacts.Scope
	for sc, err := range contacts.Scopes(x.ctx, x.store) {
		if err != nil {
			x.fail("Scopes: %v", err)
		}
		scopes = append(scopes, sc)
	}
	for _, b := range x.books {
		if slices.Contains(scopes, b.scope) != (b.last > 0) {
			x.fail("Scopes: %v", scopes)
		}
		for _, status := range lifeStatuses {
			x.checkLists(b, status)
		}
		for _, n := range lifeNumbers {
			x.lookup(b, n.number)
		}
		x.checkDuplicates(b)
		x.checkCounts(b)
		x.checkFeed(b)
		for range 3 {
			x.checkHistory(b, x.id(b, contacts.Active))
			x.checkTenures(b, lifePick(x.r, lifeNumbers).number)
		}
	}
}
