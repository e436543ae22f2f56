package mapstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Events implements contacts.Store.
func (s *Store) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	b := s.books[scope]
	if b == nil {
		return nil, nil
	}
	if after < b.first {
		return nil, &contacts.TrimmedError{After: after, First: b.first}
	}
	return b.events(contacts.HistoryQuery{After: after, Limit: limit}, func(entry) bool { return true }), nil
}

// History implements contacts.Store.
func (s *Store) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if (q.ID == "") == (q.Line == 0) {
		return nil, fmt.Errorf("mapstore: history: %w", contacts.ErrInvalid)
	}
	b := s.books[scope]
	if b == nil {
		return nil, nil
	}
	return b.events(q, func(e entry) bool {
		return q.ID != "" && e.ID == q.ID || q.Line != 0 && slices.Contains(e.moved, q.Line)
	}), nil
}

func (b *book) events(q contacts.HistoryQuery, want func(entry) bool) []contacts.Event {
	var out []contacts.Event
	for _, e := range b.feed {
		if e.Revision > q.After && (q.Before == 0 || e.Revision < q.Before) && want(e) {
			if out = append(out, e.Event); len(out) == bounded(q.Limit) && !q.Reverse {
				break
			}
		}
	}
	if q.Reverse {
		slices.Reverse(out)
		out = out[:min(len(out), bounded(q.Limit))]
	}
	for i := range out {
		out[i] = cloneEvent(out[i])
	}
	return out
}

// Wait implements contacts.Waiter.
func (s *Store) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	for {
		if err := s.enter(ctx); err != nil {
			return err
		}
		b, news := s.books[scope], s.news
		s.mu.Unlock()
		if b != nil && s.lastOf(b) > after {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-news:
		}
	}
}

func (s *Store) lastOf(b *book) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return b.last
}

// Trim implements contacts.Trimmer.
func (s *Store) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if b := s.books[scope]; b != nil {
		b.first = max(b.first, min(upTo, b.last))
		b.feed = slices.DeleteFunc(b.feed, func(e entry) bool { return e.Revision <= b.first })
		for key, op := range b.ops {
			if op.answer.Last <= b.first {
				delete(b.ops, key)
			}
		}
	}
	return nil
}

// Load implements contacts.Loader.
func (s *Store) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	b := newBook()
	b.first, b.last, b.index, b.settings = head.First, head.Last, head.Index, slices.Clone(head.Settings)
	var loaded []contacts.LoadRecord
	for r, err := range records { // before the lock: a sequence may read this store
		if err != nil {
			return contacts.Applied{}, err
		}
		r.Contact, r.Keys, r.Past = finished(r.Contact), cloneKeys(r.Keys), slices.Clone(r.Past)
		for i := range r.Past {
			r.Past[i] = cloneEvent(r.Past[i])
		}
		loaded = append(loaded, r)
	}
	if err := s.enter(ctx); err != nil {
		return contacts.Applied{}, err
	}
	defer s.mu.Unlock()
	if old := s.books[scope]; old != nil && old.last > 0 {
		return contacts.Applied{}, fmt.Errorf("mapstore: %w", contacts.ErrNotEmpty)
	}
	by, err := s.agree(scope, head.UniqueBy)
	if err != nil {
		return contacts.Applied{}, err
	}
	writes := make([]contacts.Write, len(loaded))
	for i, r := range loaded {
		writes[i] = contacts.Write{Contact: contacts.Contact{ID: r.Contact.ID}, Keys: r.Keys, KeepDuplicates: r.KeepDuplicates}
		if r.Purged {
			writes[i].Keys = contacts.Keys{}
		}
	}
	kept, err := s.judge(scope, newBook(), by, writes)
	if err != nil {
		return contacts.Applied{}, err
	}
	for _, r := range loaded {
		b.load(r)
	}
	slices.SortFunc(b.feed, func(x, y entry) int { return cmp.Compare(x.Revision, y.Revision) })
	b.feed = slices.DeleteFunc(b.feed, func(e entry) bool { return e.Revision <= b.first })
	s.books[scope], s.uniqueBy[scope.Account] = b, by
	s.announce()
	return contacts.Applied{Kept: kept, Last: b.last, Epoch: b.epoch}, nil
}

func (b *book) load(r contacts.LoadRecord) {
	created := cmp.Or(r.Created, r.Contact.Revision)
	present := contacts.Event{Revision: r.Contact.Revision, ID: r.Contact.ID, Contact: r.Contact, Lines: held(r.Keys), Purged: r.Purged}
	var before []phone.Line
	for _, e := range append(r.Past, present) {
		e.ID, e.Created = r.Contact.ID, created
		loaded := entry{Event: e, moved: difference(before, e.Lines)}
		if r.Purged {
			loaded.blank(r.Contact)
		}
		b.feed = append(b.feed, loaded)
		before = e.Lines
	}
	if r.Purged {
		b.purged[r.Contact.ID] = contacts.PurgedError{ID: r.Contact.ID, At: r.Contact.UpdatedAt, MergedInto: r.Contact.MergedInto}
		return
	}
	rec := &record{contact: r.Contact, created: created}
	b.records[r.Contact.ID] = rec
	b.change(rec, func() { rec.keys = r.Keys })
}
