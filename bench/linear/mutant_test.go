package linear

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// mutants are stores that each break what Store promises in one way.
var mutants = []struct {
	flaw string
	open func(contacts.Store) contacts.Store
}{
	{"answers look-ups from before", func(s contacts.Store) contacts.Store { return &staleFind{Store: s} }},
	{"counts from before", func(s contacts.Store) contacts.Store { return &staleStat{Store: s} }},
	{"lets duplicates in", func(s contacts.Store) contacts.Store { return keepsAll{s} }},
	{"looks for duplicates before it writes", func(s contacts.Store) contacts.Store { return checkThenAct{s} }},
	{"writes over what changed", func(s contacts.Store) contacts.Store { return lastWins{s} }},
	{"acknowledges what it does not write", func(s contacts.Store) contacts.Store { return &forgets{Store: s} }},
	{"names another holder", func(s contacts.Store) contacts.Store { return slanders{s} }},
	{"applies a batch in parts", func(s contacts.Store) contacts.Store { return piecemeal{s} }},
	{"applies and says cancelled", func(s contacts.Store) contacts.Store { return saysCancelled{s} }},
}

// The checker finds every one of them out within 500 histories; most of them
// within a few.
func TestMutantsAreFound(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.flaw, func(t *testing.T) {
			for i := range 500 {
				h, err := play(t, m.open(memstore.New()), 1, i, 2*time.Second)
				if err != nil {
					continue // a call tries again for ever where a store contradicts itself
				}
				result, text := h.check()
				switch result {
				case porcupine.Illegal:
					t.Logf("history %d", i)
					if !strings.Contains(text, "these do not follow") {
						t.Error(text)
					}
					return
				case porcupine.Unknown:
					t.Fatal(text)
				}
			}
			t.Error("500 histories and nothing found")
		})
	}
}

// staleFind gives each answer twice.
type staleFind struct {
	contacts.Store
	last sync.Map
}

func (s *staleFind) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	key := fmt.Sprintf("%+v", q)
	if p, ok := s.last.LoadAndDelete(key); ok {
		return p.(contacts.Page), nil
	}
	p, err := s.Store.Find(ctx, scope, q)
	if err == nil {
		kept := p
		kept.Hits = slices.Clone(p.Hits) // the Book fills in what it is given
		s.last.Store(key, kept)
	}
	return p, err
}

// staleStat counts what there was when it was last asked.
type staleStat struct {
	contacts.Store
	last atomic.Value
}

func (s *staleStat) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	st, err := s.Store.Stat(ctx, scope)
	if before := s.last.Swap(st); before != nil && err == nil {
		return before.(contacts.Stat), nil
	}
	return st, err
}

// keepsAll judges no number. (The Book looks by itself before it creates a
// contact with one number.)
type keepsAll struct{ contacts.Store }

func (s keepsAll) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i := range b.Writes {
		b.Writes[i].KeepDuplicates = true
	}
	return s.Store.Apply(ctx, scope, b)
}

// checkThenAct judges numbers by a read before the write.
type checkThenAct struct{ contacts.Store }

func (s checkThenAct) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	inBatch := func(h contacts.Hit) bool {
		return slices.ContainsFunc(b.Writes, func(w contacts.Write) bool { return w.Contact.ID == h.Contact.ID })
	}
	var refused []contacts.Refusal
	for i, w := range b.Writes {
		for _, l := range w.Keys.Claims {
			p, err := s.Find(ctx, scope, contacts.Query{Lines: []phone.Line{l}})
			if err != nil {
				return contacts.Applied{}, err
			}
			if len(p.Hits) > 0 && !slices.ContainsFunc(p.Hits, inBatch) {
				refused = append(refused, contacts.Refusal{Index: i, Line: l, HolderID: p.Hits[0].Contact.ID, Earlier: -1})
			}
		}
	}
	if refused != nil {
		return contacts.Applied{}, &contacts.DuplicateNumberError{Refusals: refused}
	}
	return keepsAll(s).Apply(ctx, scope, b)
}

// lastWins writes whatever the revision is.
type lastWins struct{ contacts.Store }

func (s lastWins) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	b.Writes = slices.Clone(b.Writes)
	for i, w := range b.Writes {
		if c, err := s.Get(ctx, scope, w.Contact.ID); err == nil && w.Revision != 0 {
			b.Writes[i].Revision = c.Revision
		}
	}
	return s.Store.Apply(ctx, scope, b)
}

// forgets does not do every tenth write, and answers as if it had.
type forgets struct {
	contacts.Store
	calls atomic.Int64
}

func (s *forgets) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if s.calls.Add(1)%10 != 0 {
		return s.Store.Apply(ctx, scope, b)
	}
	st, err := s.Stat(ctx, scope)
	a := contacts.Applied{Last: st.Last, Epoch: st.Epoch}
	for _, w := range b.Writes {
		a.Last++
		a.Revisions, a.IDs = append(a.Revisions, a.Last), append(a.IDs, w.Contact.ID)
	}
	return a, err
}

// slanders says of each number that it belongs to the contact which was created
// last.
type slanders struct{ contacts.Store }

func (s slanders) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(ctx, scope, b)
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		p, ferr := s.Find(ctx, scope, contacts.Query{Order: contacts.ByCreation, Reverse: true, Limit: 1})
		for i := range dup.Refusals {
			if ferr == nil && len(p.Hits) > 0 {
				dup.Refusals[i].HolderID = p.Hits[0].Contact.ID
			}
		}
	}
	return a, err
}

// piecemeal applies a batch write by write.
type piecemeal struct{ contacts.Store }

func (s piecemeal) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if len(b.Writes) < 2 {
		return s.Store.Apply(ctx, scope, b)
	}
	whole := contacts.Applied{Revisions: make([]uint64, len(b.Writes)), IDs: make([]string, len(b.Writes))}
	for i, w := range b.Writes {
		part := b
		part.Writes = []contacts.Write{w}
		a, err := s.Store.Apply(ctx, scope, part)
		if err != nil {
			return contacts.Applied{}, err
		}
		whole.Revisions[i], whole.IDs[i] = a.Revisions[0], a.IDs[0]
		whole.Last, whole.Epoch = a.Last, a.Epoch
	}
	return whole, nil
}

// saysCancelled applies a batch whose context is cancelled, and denies it.
type saysCancelled struct{ contacts.Store }

func (s saysCancelled) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := s.Store.Apply(context.WithoutCancel(ctx), scope, b)
	if ctx.Err() != nil {
		return contacts.Applied{}, ctx.Err()
	}
	return a, err
}

// The model by itself: histories as they may be, and as they may not.
func TestModel(t *testing.T) {
	create := func(id, numbers string, from, to, rev int) porcupine.Operation {
		return op(from, to, call{name: "Create", want: []want{{name: "A", numbers: numbers}}},
			answer{found: []record{{id, "A", numbers, contacts.Active, uint64(rev)}}})
	}
	refused := func(numbers, holder string, from, to int) porcupine.Operation {
		return op(from, to, call{name: "Create", want: []want{{name: "A", numbers: numbers}}}, answer{refused: []holding{{0, numbers[0], holder}}})
	}
	lookup := func(n byte, from, to int, found ...record) porcupine.Operation {
		return op(from, to, call{name: "Lookup", n: n}, answer{found: found})
	}
	remove := func(id string, from, to int, r record) porcupine.Operation {
		return op(from, to, call{name: "Delete", id: id}, answer{found: []record{r}})
	}
	c1 := record{"c1", "A", "a", contacts.Active, 1}
	gone := record{"c1", "A", "a", contacts.Inactive, 2}
	tests := []struct {
		name string
		ops  []porcupine.Operation
		want porcupine.CheckResult
	}{
		{"one after the other", []porcupine.Operation{create("c1", "a", 1, 2, 1), create("c2", "b", 3, 4, 2), lookup('a', 5, 6, c1)}, porcupine.Ok},
		{"at once, one wins", []porcupine.Operation{create("c1", "a", 1, 4, 1), refused("a", "c1", 2, 3)}, porcupine.Ok},
		{"at once, both win", []porcupine.Operation{create("c1", "a", 1, 4, 1), create("c2", "a", 2, 3, 2)}, porcupine.Illegal},
		{"several numbers at once, both win", []porcupine.Operation{create("c1", "ab", 1, 4, 1), create("c2", "cb", 2, 3, 2)}, porcupine.Illegal},
		{"refused for one who comes later", []porcupine.Operation{refused("a", "c1", 1, 2), create("c1", "a", 3, 4, 1)}, porcupine.Illegal},
		{"refused for one who is gone", []porcupine.Operation{create("c1", "a", 1, 2, 1), remove("c1", 3, 4, gone), refused("a", "c1", 5, 6)}, porcupine.Illegal},
		{"refused for one who is going", []porcupine.Operation{create("c1", "a", 1, 2, 1), remove("c1", 3, 6, gone), refused("a", "c1", 4, 5)}, porcupine.Ok},
		{"refused for another", []porcupine.Operation{create("c1", "a", 1, 2, 1), create("c2", "b", 3, 4, 2), refused("a", "c2", 5, 6)}, porcupine.Illegal},
		{"found while it comes", []porcupine.Operation{create("c1", "a", 1, 4, 1), lookup('a', 2, 3, c1)}, porcupine.Ok},
		{"found and then not", []porcupine.Operation{create("c1", "a", 1, 6, 1), lookup('a', 2, 3, c1), lookup('a', 4, 5)}, porcupine.Illegal},
		{"not found after the create", []porcupine.Operation{create("c1", "a", 1, 2, 1), lookup('a', 3, 4)}, porcupine.Illegal},
		{"a revision left out", []porcupine.Operation{create("c1", "a", 1, 2, 1), create("c2", "b", 3, 4, 3)}, porcupine.Illegal},
		{"given up and found", []porcupine.Operation{op(1, 2, call{name: "Create", want: []want{{name: "A", numbers: "a"}}},
			answer{other: gaveUp}), lookup('a', 3, 4, c1)}, porcupine.Illegal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := history{ops: tt.ops}
			if got, text := h.check(); got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, text)
			}
		})
	}
}

func op(from, to int, c call, a answer) porcupine.Operation {
	return porcupine.Operation{ClientId: from, Input: c, Call: int64(from), Output: a, Return: int64(to)}
}
