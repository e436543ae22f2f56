package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// The broken stores are the plain one with one method or two replaced.

type aliasIn struct {
	*mapstore.Store
	mu    sync.Mutex
	given map[string]contacts.Contact
}

func (s *aliasIn) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range b.Writes {
		if err == nil && w.Kind == contacts.Put {
			s.given = map[string]contacts.Contact{w.Contact.ID: w.Contact}
		}
	}
	return a, err
}

func (s *aliasIn) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	c, err := s.Store.Get(ctx, scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if given, ok := s.given[id]; ok && err == nil {
		c.Tags = given.Tags
	}
	return c, err
}

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

// refusals returns who holds the lines that b claims, before b.
func refusals(ctx context.Context, s contacts.Store, scope contacts.Scope, b contacts.Batch) error {
	var dup contacts.DuplicateNumberError
	for i, w := range b.Writes {
		for _, line := range w.Keys.Claims {
			p, err := s.Find(ctx, scope, contacts.Query{Lines: []phone.Line{line}})
			for _, h := range p.Hits {
				if err == nil && h.Contact.ID != w.Contact.ID && !h.Shared && !w.KeepDuplicates {
					dup.Refusals = append(dup.Refusals, heldBy(i, line, h.Contact.ID, h.Contact.FullName))
				}
			}
		}
	}
	if len(dup.Refusals) > 0 {
		return &dup
	}
	return nil
}

type checkThenAct struct{ *mapstore.Store }

func (s *checkThenAct) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	streams, err := s.Store.Scopes(ctx, contacts.Scope{Account: scope.Account}, 0)
	for _, other := range streams {
		if rerr := refusals(ctx, s.Store, other, b); other.Account == scope.Account && rerr != nil {
			err = rerr
		}
	}
	if err != nil {
		return contacts.Applied{}, err
	}
	time.Sleep(time.Millisecond)
	b.Writes = slices.Clone(b.Writes)
	for i := range b.Writes {
		b.Writes[i].KeepDuplicates = true
	}
	return s.Store.Apply(ctx, scope, b)
}

type lastWins struct{ *mapstore.Store }

func (s *lastWins) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	for {
		for i, w := range b.Writes {
			if c, err := s.Get(ctx, scope, w.Contact.ID); err == nil && w.Revision > 0 {
				b.Writes[i].Revision = c.Revision
			}
		}
		runtime.Gosched()
		a, err := s.Store.Apply(ctx, scope, b)
		if !errors.Is(err, contacts.ErrConflict) {
			return a, err
		}
		if errors.Is(err, contacts.ErrNotFound) || errors.Is(err, contacts.ErrExists) {
			return a, err
		}
	}
}

type claimsFirst struct{ *mapstore.Store }

func (s *claimsFirst) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if err := refusals(ctx, s.Store, scope, b); err != nil {
		return contacts.Applied{}, err
	}
	return s.Store.Apply(ctx, scope, b)
}

type piecemeal struct{ *mapstore.Store }

func (s *piecemeal) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if len(b.Writes) < 2 {
		return s.Store.Apply(ctx, scope, b)
	}
	var all contacts.Applied
	for _, w := range b.Writes {
		one := b
		one.Writes, one.Op = []contacts.Write{w}, ""
		a, err := s.Store.Apply(ctx, scope, one)
		if err != nil {
			return a, err
		}
		all.Revisions, all.IDs = append(all.Revisions, a.Revisions...), append(all.IDs, a.IDs...)
		all.Last, all.Epoch = a.Last, a.Epoch
		runtime.Gosched()
	}
	return all, nil
}

type firstRefusal struct{ *mapstore.Store }

func (s *firstRefusal) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		dup.Refusals = dup.Refusals[:1]
	}
	var rev *contacts.RevisionError
	if errors.As(err, &rev) {
		rev.Conflicts = rev.Conflicts[:1]
	}
	return a, err
}

type byID struct{ *mapstore.Store }

func (s *byID) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.Store.Find(ctx, scope, q)
	if q.Order != contacts.ByChange {
		slices.SortStableFunc(p.Hits, func(a, b contacts.Hit) int { return strings.Compare(a.Contact.ID, b.Contact.ID) })
	}
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

type tellsAll struct{ *mapstore.Store }

func (s *tellsAll) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	if err != nil {
		for other, serr := range contacts.Scopes(ctx, s.Store) {
			if p, ferr := s.Find(ctx, other, contacts.Query{}); serr == nil && ferr == nil {
				for _, h := range p.Hits {
					err = fmt.Errorf("%w (not %s)", err, h.Contact.FullName)
				}
			}
		}
	}
	return a, err
}

type namesStranger struct{ *mapstore.Store }

func (s *namesStranger) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		for i := range dup.Refusals {
			for other := range contacts.Scopes(ctx, s.Store) {
				p, _ := s.Find(ctx, other, contacts.Query{Lines: []phone.Line{dup.Refusals[i].Line}})
				for _, h := range p.Hits {
					dup.Refusals[i].HolderID, dup.Refusals[i].HolderName = h.Contact.ID, h.Contact.FullName
				}
			}
		}
	}
	return a, err
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

type noOps struct{ *mapstore.Store }

func (s *noOps) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Op = ""
	return s.Store.Apply(ctx, scope, b)
}

type anyPayload struct {
	*mapstore.Store
	answers sync.Map
}

func (s *anyPayload) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	key := fmt.Sprint(scope, b.Op)
	if a, ok := s.answers.Load(key); ok && b.Op != "" {
		again := a.(contacts.Applied)
		again.Repeated = true
		return again, nil
	}
	a, err := s.Store.Apply(ctx, scope, b)
	if err == nil {
		s.answers.Store(key, a)
	}
	return a, err
}

type alwaysWrites struct {
	*mapstore.Store
	mu sync.Mutex
	n  int
}

func (s *alwaysWrites) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range b.Writes {
		s.n++
		b.Writes[i].Contact.CreatedByAID = strconv.Itoa(s.n)
	}
	return s.Store.Apply(ctx, scope, b)
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

type firstFrees struct {
	*mapstore.Store
	freed map[phone.Line]bool
}

func (s *firstFrees) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if s.freed == nil {
		s.freed = map[phone.Line]bool{}
	}
	for i, w := range b.Writes {
		es, err := s.History(ctx, scope, contacts.HistoryQuery{ID: w.Contact.ID})
		if err == nil && len(es) > 0 {
			for _, line := range es[len(es)-1].Lines {
				if !slices.Contains(w.Keys.Claims, line) {
					s.freed[line] = true
				}
			}
		}
		for _, line := range w.Keys.Claims {
			if s.freed[line] {
				b.Writes[i].KeepDuplicates = true
			}
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

type claimsAll struct{ *mapstore.Store }

func (s *claimsAll) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	for i, w := range b.Writes {
		b.Writes[i].Keys.Claims = slices.Concat(w.Keys.Claims, w.Keys.Shared)
		b.Writes[i].Keys.Shared = nil
	}
	return s.Store.Apply(ctx, scope, b)
}

type noFence struct{ *mapstore.Store }

func (s *noFence) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if st, err := s.Stat(ctx, scope); err == nil && st.Epoch != "" && b.Phase != contacts.IndexBegin {
		b.Index = st.Index
	}
	return s.Store.Apply(ctx, scope, b)
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

type saysCancelled struct{ *mapstore.Store }

func (s *saysCancelled) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	for range 20 {
		runtime.Gosched()
	}
	if err == nil {
		err = ctx.Err()
	}
	return a, err
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

type loadsAnew struct{ *mapstore.Store }

func (s *loadsAnew) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return s.Store.Load(ctx, scope, head, func(yield func(contacts.LoadRecord, error) bool) {
		for r, err := range records {
			r.Created = 0
			if !yield(r, err) {
				return
			}
		}
	})
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
