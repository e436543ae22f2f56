package life

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/callerbook/contacts"
)

// This file compares histories, of contacts and of numbers, with the model.

// history returns what is left of the life of a contact.
func (l *ledger) history(id string) []lifeEvent {
	var list []lifeEvent
	for _, e := range l.log {
		if e.id == id {
			list = append(list, e)
		}
	}
	c, gone := l.people[id], l.gone[id]
	switch {
	case c == nil && len(list) == 0:
		return []lifeEvent{{id: id, at: gone.at, how: lifeKind{kind: contacts.ChangePurged}}}
	case c != nil && len(list) == 0: // the present state stays
		list = []lifeEvent{{c.Revision, id, c, c.UpdatedAt, c.UpdatedBy, lifeKind{kind: contacts.ChangeUnknown}}}
	case c != nil && list[0].revision != l.born[id]: // what was before is gone
		list[0].how = lifeKind{kind: contacts.ChangeUnknown}
	}
	return list
}

// checkHistory compares the history of one contact.
func (x *life) checkHistory(b *lifeBook, id string) {
	x.t.Helper()
	var got []contacts.Change
	for c, err := range b.opened.History(x.ctx, id, nil) {
		if err != nil {
			if _, purged := b.gone[id]; b.people[id] != nil || purged || !errors.Is(err, contacts.ErrNotFound) {
				x.fail("History of %s: %v", id, err)
			}
			return
		}
		got = append(got, c)
	}
	want := b.history(id)
	if len(got) != len(want) {
		x.fail("History of %s: %d changes, want %d: %+v", id, len(got), len(want), got)
	}
	for i, c := range got {
		w := want[i]
		if c.Revision != w.revision || c.Kind != w.how.kind || !sameIDs(c.With, w.how.with) {
			x.fail("History of %s: revision %d, %v with %v; want %d, %v with %v", id, c.Revision, c.Kind, c.With, w.revision, w.how.kind, w.how.with)
		}
		if c.Kind == contacts.ChangeBlank {
			continue
		}
		by := w.by
		switch {
		case w.contact == nil || by != "":
		case w.revision == b.born[id], c.Kind == contacts.ChangeUnknown && w.at.Equal(w.contact.CreatedAt):
			by = w.contact.CreatedBy
		}
		if !c.At.Equal(w.at) || c.By != by {
			x.fail("History of %s: revision %d, %v, at %v by %q, want %v by %q", id, c.Revision, c.Kind, c.At, c.By, w.at, by)
		}
		if c.Kind == contacts.ChangePurged {
			continue
		}
		if d := diffLife(&c.Contact, w.contact); d != "" {
			x.fail("History of %s: revision %d differs from the model:%s", id, c.Revision, d)
		}
		if changed := i == 0 || given(want[i-1].contact, w.contact); c.Kind != contacts.ChangeUnknown && changed != (len(c.Fields) > 0) {
			x.fail("History of %s: revision %d has the changes %v", id, c.Revision, c.Fields)
		}
	}
}

// given reports whether two states of a contact differ in what callers give.
func given(a, b *contacts.Contact) bool {
	c := *b
	c.Status, c.DeletedAt, c.MergedInto, c.MergedFrom = a.Status, a.DeletedAt, a.MergedInto, a.MergedFrom
	return !sameLife(a, &c)
}

func sameIDs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// checkTenures compares who has a number and, where nothing was trimmed, who had
// it when. Of books that saw other rules a history by number is not complete.
func (x *life) checkTenures(b *lifeBook, number string) {
	x.t.Helper()
	if b.moved {
		return
	}
	read := func(o *contacts.NumberHistoryOptions) (list []string) {
		for t, err := range b.opened.NumberHistory(x.ctx, number, o) {
			if err != nil {
				x.fail("NumberHistory: %v", err)
			}
			if t.To.IsZero() {
				x.same(b, "NumberHistory", t.Contact)
			}
			from := fmt.Sprint("from ", t.FromRevision)
			if o != nil {
				from = ""
			}
			list = append(list, fmt.Sprint(t.Contact.ID, t.Shared, from, "to", t.ToRevision))
		}
		slices.Sort(list)
		return list
	}
	line, want := b.line(number), []string(nil)
	claim, list := b.claimers(line)
	for _, c := range claim {
		want = append(want, fmt.Sprint(c.ID, false, "", "to", 0))
	}
	for _, c := range list {
		want = append(want, fmt.Sprint(c.ID, true, "", "to", 0))
	}
	slices.Sort(want)
	if got := read(&contacts.NumberHistoryOptions{At: x.now.Add(time.Hour)}); !slices.Equal(got, want) {
		x.fail("NumberHistory of %s now: %v, want %v", number, got, want)
	}
	if b.first > 0 {
		return
	}
	want = nil
	for _, id := range b.order {
		from, shared := uint64(0), false // the tenure that runs
		end := func(to uint64) {
			if from > 0 {
				want = append(want, fmt.Sprint(id, shared, "from ", from, "to", to))
			}
			from = 0
		}
		for _, e := range b.history(id) {
			claims, has := slices.Contains(b.claims(e.contact), line), slices.Contains(b.lists(e.contact), line)
			if from > 0 && (!has || shared == claims) {
				end(e.revision)
			}
			if has && from == 0 {
				from, shared = e.revision, !claims
			}
		}
		end(0)
	}
	slices.Sort(want)
	if got := read(nil); !slices.Equal(got, want) {
		x.fail("NumberHistory of %s: %v, want %v", number, got, want)
	}
}
