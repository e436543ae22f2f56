package life

import (
	"errors"
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// This file compares feeds, and what is read from one, with the model.

// checkFeed compares all events that are there.
func (x *life) checkFeed(b *lifeBook) {
	x.t.Helper()
	token := contacts.Token{Epoch: b.token.Epoch, Revision: b.first}
	var got []contacts.Event
	for {
		list, err := b.opened.Events(x.ctx, token, 1+x.r.IntN(contacts.MaxLimit))
		if err != nil {
			x.fail("Events after %v: %v", token, err)
		}
		if len(list) == 0 {
			break
		}
		got = append(got, list...)
		token = list[len(list)-1].Token()
	}
	if len(got) != len(b.log) {
		x.fail("the feed has %d events after %d, the model %d", len(got), b.first, len(b.log))
	}
	for i, e := range got {
		want := b.log[i]
		if e.Revision != want.revision || e.ID != want.id || e.Blank != (want.contact == nil) || e.Purged != (want.how.kind == contacts.ChangePurged) {
			x.fail("event %d: %d of %s, blank %t, purged %t; want %+v", i, e.Revision, e.ID, e.Blank, e.Purged, want)
		}
		switch {
		case e.Purged:
			if e.Contact.UpdatedBy != want.by {
				x.fail("event %d: purged by %q, want %q", e.Revision, e.Contact.UpdatedBy, want.by)
			}
		case !e.Blank:
			if d := diffLife(&e.Contact, want.contact); d != "" {
				x.fail("event %d differs from the model:%s", e.Revision, d)
			}
		}
	}
	if b.first > 0 {
		old := contacts.Token{Epoch: b.token.Epoch, Revision: uint64(x.r.Int64N(int64(b.first)))}
		var e *contacts.TrimmedError
		if _, err := b.opened.Events(x.ctx, old, 0); !errors.Is(err, contacts.ErrTrimmed) || !errors.As(err, &e) || e.OtherFeed || e.First != b.first {
			x.fail("Events after %d, trimmed up to %d: %v", old.Revision, b.first, err)
		}
	}
}

// lifeMirror is a copy of a book that is kept by its feed, by somebody slow.
type lifeMirror struct {
	token contacts.Token
	have  map[string]contacts.Contact
}

// catchUp reads some of the feed into the mirror, and where that is gone, all
// contacts.
func (x *life) catchUp(b *lifeBook) {
	x.t.Helper()
	m := &b.slow
	list, err := b.opened.Events(x.ctx, m.token, 1+x.r.IntN(100))
	var trimmed *contacts.TrimmedError
	if errors.As(err, &trimmed) {
		if m.token.Revision >= b.first {
			x.fail("Events after %v, trimmed up to %d: %v", m.token, b.first, err)
		}
		if m.token, err = b.opened.Token(x.ctx); err != nil || m.token.Revision != b.last {
			x.fail("Token: %v, %v; want %d", m.token, err, b.last)
		}
		m.have = map[string]contacts.Contact{}
		for c, err := range b.opened.All(x.ctx, &contacts.ListOptions{Status: lifeStatuses[3]}) {
			if err != nil {
				x.fail("All: %v", err)
			}
			m.have[c.ID] = c
		}
	} else if err != nil || m.token.Revision < b.first {
		x.fail("Events after %v, trimmed up to %d: %v", m.token, b.first, err)
	}
	for _, e := range list {
		if e.Revision <= m.token.Revision {
			x.fail("revision %d after %d", e.Revision, m.token.Revision)
		}
		if m.have == nil {
			m.have = map[string]contacts.Contact{}
		}
		if m.token = e.Token(); e.Blank {
			delete(m.have, e.ID)
		} else {
			m.have[e.ID] = e.Contact
		}
	}
	if m.token.Revision == b.last {
		var have []contacts.Contact
		for _, c := range m.have {
			have = append(have, c)
		}
		x.sameSet(b, "mirror", have, b.all())
	}
}

// trim drops some of the past.
func (x *life) trim(b *lifeBook) bool {
	if b.last == 0 {
		return false
	}
	upTo := b.first + uint64(x.r.Int64N(int64(b.last-b.first)+1))
	if i := slices.IndexFunc(b.log, func(e lifeEvent) bool { return e.revision == upTo }); i >= 0 && x.r.IntN(2) == 0 {
		upTo = x.trimTo(b, b.log[i].at)
	} else {
		x.say(b, "Trim %d of %d", upTo, b.last)
		if err := contacts.Trim(x.ctx, x.store, b.scope, upTo); err != nil {
			x.fail("Trim: %v", err)
		}
	}
	b.ledger.trim(upTo)
	x.follow(b, &forecast{})
	x.checkAll()
	return true
}

// trimTo drops what is older than an instant, and returns up to where that is.
// The time of what was purged since is gone.
func (x *life) trimTo(b *lifeBook, before time.Time) uint64 {
	x.say(b, "Trim what is before %v", before)
	upTo, err := b.opened.Trim(x.ctx, before)
	if err != nil || upTo < b.first || upTo > b.last {
		x.fail("Trim: up to %d of %d, %v", upTo, b.last, err)
	}
	for _, e := range b.log {
		older := e.at.Before(before)
		if e.revision <= upTo && !older && e.how.kind != contacts.ChangeBlank {
			x.fail("Trim took event %d of %v", e.revision, e.at)
		}
		if e.revision == upTo+1 && older && e.how.kind != contacts.ChangeBlank {
			x.fail("Trim left event %d of %v", e.revision, e.at)
		}
	}
	return upTo
}

// reopen closes the store, if that has a file, and opens it and its books anew.
func (x *life) reopen(*lifeBook) bool {
	x.say(nil, "reopen")
	if x.kind.Reopen != nil {
		if err := x.store.Close(); err != nil {
			x.fail("Close: %v", err)
		}
		s, err := x.kind.Reopen()
		if err != nil {
			x.fail("open the store again: %v", err)
		}
		x.store = s
	}
	x.openBooks()
	x.follow(x.books[0], &forecast{})
	x.checkAll()
	return true
}

// reindex opens a book under other rules. Nothing changes but which numbers are
// the same.
func (x *life) reindex(b *lifeBook) bool {
	was := map[string][]string{} // what each contact claims by the old rules
	for id, c := range b.people {
		was[id] = b.claims(c)
	}
	b.rules = (b.rules + 1 + x.r.IntN(len(lifeRules)-1)) % len(lifeRules)
	x.say(b, "open with rules %d", b.rules)
	o := x.options(b)
	o.DeferReindex = true
	book, err := contacts.Open(x.ctx, x.store, b.scope, o)
	if err != nil {
		x.fail("Open: %v", err)
	}
	if b.last > 0 {
		if _, err := book.Lookup(x.ctx, lifeNumbers[0].number, nil); !errors.Is(err, contacts.ErrStaleIndex) {
			x.fail("Lookup before Reindex: %v", err)
		}
		if _, err := book.Create(x.ctx, contacts.Contact{FirstName: "Ann"}); !errors.Is(err, contacts.ErrStaleIndex) {
			x.fail("Create before Reindex: %v", err)
		}
	}
	done, err := book.Reindex(x.ctx, nil)
	if err != nil || done.Contacts != uint64(len(b.people)) {
		x.fail("Reindex: %d of %d contacts, %v", done.Contacts, len(b.people), err)
	}
	old := b.opened
	b.opened, b.moved = book, true
	var got, want []string
	for _, c := range done.Collisions {
		line := c.Line.String()
		ids := b.ledger.duplicates()[line]
		if !slices.Contains(ids, c.ID) || !slices.Contains(ids, c.HolderID) || c.ID == c.HolderID || b.line(c.Number) != line ||
			c.Name != b.people[c.ID].FullName || c.HolderName != b.people[c.HolderID].FullName {
			x.fail("Reindex: collision %+v, claimers %v", c, ids)
		}
		got = append(got, line)
	}
	for line, ids := range b.ledger.duplicates() {
		if slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(was[id], line) }) {
			want = append(want, line)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		x.fail("Reindex: collisions on %v, want %v", got, want)
	}
	if b.last > 0 {
		if _, err := old.Create(x.ctx, contacts.Contact{FirstName: "Ann"}); !errors.Is(err, contacts.ErrStaleIndex) {
			x.fail("Create through a book of the old rules: %v", err)
		}
	}
	x.follow(b, &forecast{})
	x.checkAll()
	return true
}
