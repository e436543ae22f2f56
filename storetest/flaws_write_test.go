package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

// Broken stores are the plain one with one method or two replaced. These write
// wrongly.

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

type noWarning struct{ *mapstore.Store }

func (s *noWarning) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Reindexing = true
	return s.Store.Apply(ctx, scope, b)
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
