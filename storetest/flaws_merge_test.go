package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// These get wrong what merges and purges leave behind, and lines that are now
// claimed, now shared.

type noOrigins struct{ *mapstore.Store }

func (s *noOrigins) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i := range b.Writes {
		b.Writes[i].Contact.MergedFrom = nil
	}
	return s.Store.Apply(ctx, scope, b)
}

type originsLost struct{ *mapstore.Store }

func (s *originsLost) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	c.MergedFrom = nil
	return c, err
}

type originsReindexed struct {
	*mapstore.Store
	lost map[string]bool
}

func (s *originsReindexed) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if s.lost == nil {
		s.lost = map[string]bool{}
	}
	for _, w := range b.Writes {
		s.lost[w.Contact.ID] = w.Kind == contacts.Reindex
	}
	return s.Store.Apply(ctx, scope, b)
}

func (s *originsReindexed) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if s.lost[id] {
		c.MergedFrom = nil
	}
	return c, err
}

// originsIn keeps the slices of Origins that it was given.
type originsIn struct {
	*mapstore.Store
	mu    sync.Mutex
	given map[string][]contacts.Origin
}

func (s *originsIn) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range b.Writes {
		if err == nil && w.Kind == contacts.Put {
			s.given = map[string][]contacts.Origin{w.Contact.ID: slices.Clone(w.Contact.MergedFrom)}
		}
	}
	return a, err
}

func (s *originsIn) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if given, ok := s.given[id]; ok && err == nil {
		c.MergedFrom = given
	}
	return c, err
}

// originsOut hands out the same slices of Origins again and again.
type originsOut struct {
	*mapstore.Store
	mu   sync.Mutex
	kept map[string][]contacts.Origin
}

func (s *originsOut) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(scope, id, c.Revision)
	if s.kept[key] == nil {
		s.kept = map[string][]contacts.Origin{key: c.MergedFrom}
	}
	c.MergedFrom = slices.Clone(s.kept[key])
	return c, err
}

type originsNoChange struct{ *mapstore.Store }

func (s *originsNoChange) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i, w := range b.Writes {
		c, err := s.Get(ctx, scope, w.Contact.ID)
		if again := w.Contact; err == nil && w.Kind == contacts.Put {
			if again.MergedFrom = c.MergedFrom; again.Equal(c) {
				b.Writes[i].Contact = again
			}
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

type notFound struct{ *mapstore.Store }

func (s *notFound) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if errors.Is(err, contacts.ErrNotFound) {
		err = contacts.ErrNotFound
	}
	return c, err
}

type everPurged struct{ *mapstore.Store }

func (s *everPurged) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if errors.Is(err, contacts.ErrNotFound) {
		for other := range contacts.Scopes(ctx, s.Store) {
			if _, err := s.Store.Get(ctx, other, id); errors.As(err, new(*contacts.PurgedError)) {
				return c, err
			}
		}
	}
	return c, err
}

type onePurgedError struct {
	*mapstore.Store
	told sync.Map
}

func (s *onePurgedError) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if errors.As(err, new(*contacts.PurgedError)) {
		told, _ := s.told.LoadOrStore(fmt.Sprint(scope, id), err)
		err = told.(error)
	}
	return c, err
}

type tellsID struct{ *mapstore.Store }

func (s *tellsID) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if err != nil {
		err = fmt.Errorf("contact %s: %w", id, err)
	}
	return c, err
}

type trimsPurges struct {
	*mapstore.Store
	upTo uint64
}

func (s *trimsPurges) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	s.upTo = upTo
	return s.Store.Trim(ctx, scope, upTo)
}

func (s *trimsPurges) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if es, herr := s.History(ctx, scope, contacts.HistoryQuery{ID: id}); err != nil && herr == nil && len(es) == 0 && s.upTo > 0 {
		return c, contacts.ErrNotFound
	}
	return c, err
}

type purgesAll struct{ *mapstore.Store }

func (s *purgesAll) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i, w := range b.Writes {
		if w.Kind == contacts.Purge {
			b.Writes[i].Contact.MergedInto = ""
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

// pastMerged has what a purged contact was merged into in all its events.
type pastMerged struct{ *mapstore.Store }

func (s *pastMerged) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	es, err := s.Store.Events(ctx, scope, after, limit)
	for i, e := range es {
		var p *contacts.PurgedError
		if _, gerr := s.Get(ctx, scope, e.ID); errors.As(gerr, &p) {
			es[i].Contact.MergedInto = p.MergedInto
		}
	}
	return es, err
}

type loadsPurges struct{ *mapstore.Store }

func (s *loadsPurges) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return s.Store.Load(ctx, scope, head, func(yield func(contacts.LoadRecord, error) bool) {
		for r, err := range records {
			if r.Purged {
				r.Contact.MergedInto = ""
			}
			if !yield(r, err) {
				return
			}
		}
	})
}

// createdAt changes what events say of their contacts' creation.
type createdAt struct {
	*mapstore.Store
	change func([]contacts.Event)
}

func (s *createdAt) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	es, err := s.Store.Events(ctx, scope, after, limit)
	s.change(es)
	return es, err
}

func (s *createdAt) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	es, err := s.Store.History(ctx, scope, q)
	s.change(es)
	return es, err
}

func revisionIsCreated(es []contacts.Event) {
	for i := range es {
		es[i].Created = es[i].Revision
	}
}

func blankIsNever(es []contacts.Event) {
	for i := range es {
		if es[i].Blank {
			es[i].Created = 0
		}
	}
}

func pageIsAll(es []contacts.Event) {
	first := map[string]uint64{}
	for i, e := range es {
		if _, ok := first[e.ID]; !ok {
			first[e.ID] = e.Revision
		}
		es[i].Created = first[e.ID]
	}
}

// forgetsHolder looks up who a remembered refusal speaks of, and fails.
type forgetsHolder struct{ *mapstore.Store }

func (s *forgetsHolder) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	for _, r := range a.Refused {
		var dup *contacts.DuplicateNumberError
		if a.Repeated && errors.As(r.Err, &dup) {
			if _, err := s.Get(ctx, scope, dup.Refusals[0].HolderID); err != nil {
				return contacts.Applied{}, err
			}
		}
	}
	return a, err
}

// before returns which lines a contact claims and which it shares.
func before(ctx context.Context, s *mapstore.Store, scope contacts.Scope, id string) (claims, shared []phone.Line) {
	es, err := s.History(ctx, scope, contacts.HistoryQuery{ID: id})
	if err != nil || len(es) == 0 {
		return nil, nil
	}
	for _, line := range es[len(es)-1].Lines {
		p, err := s.Find(ctx, scope, contacts.Query{Lines: []phone.Line{line}, Status: anyStatus, Limit: contacts.MaxLimit})
		for _, h := range p.Hits {
			switch {
			case err != nil || h.Contact.ID != id:
			case h.Shared:
				shared = append(shared, line)
			default:
				claims = append(claims, line)
			}
		}
	}
	return claims, shared
}

type shareIsClaim struct{ *mapstore.Store }

func (s *shareIsClaim) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i, w := range b.Writes {
		_, shared := before(ctx, s.Store, scope, w.Contact.ID)
		for _, line := range w.Keys.Claims {
			if slices.Contains(shared, line) { // it holds the line already
				b.Writes[i].KeepDuplicates = true
			}
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

type claimStays struct{ *mapstore.Store }

func (s *claimStays) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i, w := range b.Writes {
		claims, _ := before(ctx, s.Store, scope, w.Contact.ID)
		for _, line := range w.Keys.Shared {
			if slices.Contains(claims, line) { // it held the line before and after
				b.Writes[i].Keys.Claims = append(slices.Clone(b.Writes[i].Keys.Claims), line)
			}
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

// kindsMove has an event in the history of a line where a contact went over
// from a claim to a share, or back.
type kindsMove struct{ *mapstore.Store }

func (s *kindsMove) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	es, err := s.Store.History(ctx, scope, q)
	all, ferr := s.Store.Events(ctx, scope, 0, contacts.MaxLimit)
	if q.Line == 0 || err != nil || ferr != nil {
		return es, errors.Join(err, ferr)
	}
	shares := map[string]bool{}
	for _, e := range all {
		for _, p := range append(e.Contact.Phones, e.Contact.CellPhone) {
			if p.Number != number(q.Line) {
				continue
			}
			if was, held := shares[e.ID]; held && was != p.Shared && e.Revision > q.After {
				es = append(es, e)
			}
			shares[e.ID] = p.Shared
		}
	}
	slices.SortFunc(es, func(a, b contacts.Event) int { return int(a.Revision) - int(b.Revision) })
	return slices.CompactFunc(es, func(a, b contacts.Event) bool { return a.Revision == b.Revision }), nil
}

// perPage begins to count the hits of a line anew on each page.
type perPage struct{ *mapstore.Store }

func (s *perPage) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	n := q.PerLine
	q.PerLine = 0
	p, err := s.Store.Find(ctx, scope, q)
	count := map[phone.Line]int{}
	p.Hits = slices.DeleteFunc(p.Hits, func(h contacts.Hit) bool {
		count[h.Line]++
		return n > 0 && count[h.Line] > n
	})
	return p, err
}
