package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// These read, wait or close wrongly.

type aliasOut struct {
	*mapstore.Store
	mu   sync.Mutex
	kept map[string]contacts.Contact
}

func (s *aliasOut) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	if err != nil {
		return c, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(scope, id, c.Revision)
	if _, ok := s.kept[key]; !ok {
		s.kept = map[string]contacts.Contact{key: c}
	}
	return s.kept[key], nil
}

type byID struct{ *mapstore.Store }

func (s *byID) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	if q.Order != contacts.ByChange {
		slices.SortStableFunc(p.Hits, func(a, b contacts.Hit) int { return strings.Compare(a.Contact.ID, b.Contact.ID) })
	}
	return p, err
}

type quietIndex struct{ *mapstore.Store }

func (s *quietIndex) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	p.Reindexing = false
	return p, err
}

type feedGap struct{ *mapstore.Store }

func (s *feedGap) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	es, err := s.Store.Events(ctx, scope, after, limit)
	return slices.DeleteFunc(es, func(e contacts.Event) bool { return e.Revision%7 == 3 }), err
}

type feedRepeat struct{ *mapstore.Store }

func (s *feedRepeat) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	if st, err := s.Store.Stat(ctx, scope); err == nil && after > st.First && after < st.Last {
		after--
	}
	return s.Store.Events(ctx, scope, after, limit)
}

// oneName keeps a scope under the name "account/stream".
type oneName struct{ *mapstore.Store }

func (s *oneName) name(scope contacts.Scope) contacts.Scope {
	return contacts.Scope{Account: scope.Account + "/" + scope.Stream}
}

func (s *oneName) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	return s.Store.Apply(ctx, s.name(scope), b)
}

func (s *oneName) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	return s.Store.Stat(ctx, s.name(scope))
}

func (s *oneName) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	all, err := s.Store.Scopes(ctx, from, limit)
	for i := range all {
		all[i].Account, all[i].Stream, _ = strings.Cut(all[i].Account, "/")
	}
	return all, err
}

type offsets struct{ *mapstore.Store }

func (s *offsets) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	skip, _ := strconv.Atoi(q.Cursor)
	limit := q.Limit
	if limit == 0 {
		limit = contacts.DefaultLimit
	}
	q.Cursor, q.Limit = "", contacts.MaxLimit
	p, err := s.Store.Find(ctx, scope, q)
	hits := p.Hits
	p.Hits, p.Next = hits[min(skip, len(hits)):min(skip+limit, len(hits))], ""
	if skip+limit < len(hits) {
		p.Next = strconv.Itoa(skip + limit)
	}
	return p, err
}

type plainCursor struct{ *mapstore.Store }

func (s *plainCursor) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if b, err := base64.RawURLEncoding.DecodeString(q.Cursor); err == nil {
		q.Cursor, _, _ = strings.Cut(string(b), " ")
	}
	p, err := s.Store.Find(ctx, scope, q)
	if p.Next != "" {
		p.Next = base64.RawURLEncoding.EncodeToString([]byte(p.Next + " " + p.Hits[len(p.Hits)-1].Contact.FullName))
	}
	return p, err
}

type wordsStay struct {
	*mapstore.Store
	purged []contacts.Hit
}

func (s *wordsStay) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	for _, w := range b.Writes {
		if c, err := s.Get(ctx, scope, w.Contact.ID); w.Kind == contacts.Purge && err == nil {
			s.purged = append(s.purged, contacts.Hit{Contact: c, Words: words(c.FullName)})
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

func (s *wordsStay) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	if len(q.Words) == 1 {
		for _, h := range s.purged {
			if slices.ContainsFunc(h.Words, func(w contacts.Word) bool { return mapstore.Match(q.Words[0], w.Text) }) {
				p.Hits = append(p.Hits, h)
			}
		}
	}
	return p, err
}

type pastStays struct {
	*mapstore.Store
	past []contacts.Event
}

func (s *pastStays) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if es, err := s.Events(ctx, scope, 0, contacts.MaxLimit); err == nil && len(es) > len(s.past) {
		s.past = es
	}
	return s.Store.Apply(ctx, scope, b)
}

func (s *pastStays) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	es, err := s.Store.History(ctx, scope, q)
	for i, e := range es {
		if e.Blank && int(e.Revision) <= len(s.past) {
			es[i] = s.past[e.Revision-1]
		}
	}
	return es, err
}

type onePrefix struct{ *mapstore.Store }

func (s *onePrefix) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	q.Prefixes = q.Prefixes[:min(len(q.Prefixes), 1)]
	return s.Store.Find(ctx, scope, q)
}

type lastWord struct{ *mapstore.Store }

func (s *lastWord) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	for _, h := range p.Hits {
		for i, w := range h.Words {
			if w.Text == "ann" && !q.Words[i].Whole && h.Contact.ID == "c3" {
				h.Words[i].Text = "annas"
			}
		}
	}
	return p, err
}

type emptyIsNone struct{ *mapstore.Store }

func (s *emptyIsNone) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if len(q.Lines) == 0 {
		q.Lines = nil
	}
	return s.Store.Find(ctx, scope, q)
}

type wordsAlone struct{ *mapstore.Store }

func (s *wordsAlone) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if q.Words != nil {
		q.Prefixes, q.Suffix = nil, ""
	}
	return s.Store.Find(ctx, scope, q)
}

type noTypo struct{ *mapstore.Store }

func (s *noTypo) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	q.Words = slices.Clone(q.Words)
	for i := range q.Words {
		q.Words[i].Typo = false
	}
	return s.Store.Find(ctx, scope, q)
}

type stale struct {
	*mapstore.Store
	mu   sync.Mutex
	seen map[string]contacts.Contact
}

func (s *stale) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]contacts.Contact{}
	}
	old, ok := s.seen[id]
	if err == nil {
		s.seen[id] = c
	}
	if ok && err == nil && old.Revision+50 > c.Revision {
		return old, nil
	}
	return c, err
}

func (s *stale) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	for _, w := range b.Writes {
		if err == nil && w.Revision == 0 {
			s.Get(ctx, scope, w.Contact.ID)
		}
	}
	return a, err
}

type neverClosed struct{ *mapstore.Store }

func (s *neverClosed) Close() error { return nil }

type closesOnce struct {
	*mapstore.Store
	mu     sync.Mutex
	closed bool
}

func (s *closesOnce) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return contacts.ErrClosed
	}
	s.closed = true
	return s.Store.Close()
}

type noContext struct{ *mapstore.Store }

func (s *noContext) Events(_ context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	return s.Store.Events(context.Background(), scope, after, limit)
}

type sleeps struct{ *mapstore.Store }

func (s *sleeps) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	return s.Store.Wait(ctx, scope, after+2)
}

type trimsAll struct {
	*mapstore.Store
	upTo uint64
}

func (s *trimsAll) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	s.upTo = upTo
	return s.Store.Trim(ctx, scope, upTo)
}

func (s *trimsAll) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	p.Hits = slices.DeleteFunc(p.Hits, func(h contacts.Hit) bool { return q.Order == contacts.ByChange && h.Contact.Revision <= s.upTo })
	return p, err
}

type freezes struct {
	*mapstore.Store
	mu sync.RWMutex
}

func (s *freezes) Backup(ctx context.Context, w io.Writer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all bytes.Buffer
	if err := s.Store.Backup(ctx, &all); err != nil {
		return err
	}
	_, err := w.Write(all.Bytes())
	return err
}

func (s *freezes) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.Store.Apply(ctx, scope, b)
}

type panics struct{ *mapstore.Store }

func (s *panics) History(context.Context, contacts.Scope, contacts.HistoryQuery) ([]contacts.Event, error) {
	panic("not written yet")
}

type newEpoch struct{ *mapstore.Store }

func (s *newEpoch) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	st, err := s.Store.Stat(ctx, scope)
	if st.Epoch != "" {
		st.Epoch += "'"
	}
	return st, err
}

type noCursors struct{ *mapstore.Store }

func (s *noCursors) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if q.Cursor != "" {
		return contacts.Page{}, contacts.ErrCursor
	}
	return s.Store.Find(ctx, scope, q)
}
