package pgstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

var trafficScope = contacts.Scope{Account: "acme", Stream: "traffic"}

// openBook opens the book of a scope whose contacts need no more than a name.
func openBook(ctx context.Context, s contacts.Store, scope contacts.Scope) (*contacts.Book, error) {
	return contacts.Open(ctx, s, scope, &contacts.Options{Rules: contacts.RelaxedRules()})
}

// traffic is what writers were told.
type traffic struct {
	Acked map[uint64]string // contacts as they were returned, in JSON, by revision
	Won   map[int]string    // the id that got a number that all writers want, by number
	Lost  map[int]string    // who has it, as the others were told

	acked atomic.Int64
	ended atomic.Bool // the writers are to end
	group sync.WaitGroup
	mu    sync.Mutex
	errs  []error
}

func newTraffic() *traffic {
	return &traffic{Acked: map[uint64]string{}, Won: map[int]string{}, Lost: map[int]string{}}
}

// start starts writers, who go on until stop, each with so many numbers at most.
func (f *traffic) start(ctx context.Context, book *contacts.Book, who string, writers, numbers int) {
	for w := range writers {
		f.group.Go(func() {
			for n := 0; n < numbers && !f.ended.Load(); n++ {
				if err := f.one(ctx, book, fmt.Sprint(who, w), n); err != nil {
					f.mu.Lock()
					f.errs = append(f.errs, fmt.Errorf("writer %s%d, number %d: %w", who, w, n, err))
					f.mu.Unlock()
					return
				}
			}
		})
	}
}

// stop ends the writers, and returns what went wrong.
func (f *traffic) stop() error {
	f.ended.Store(true)
	f.group.Wait()
	return errors.Join(f.errs...)
}

// await waits until so many more writes are acknowledged.
func (f *traffic) await(t *testing.T, more int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for target := f.acked.Load() + int64(more); f.acked.Load() < target; {
		f.mu.Lock()
		err := errors.Join(f.errs...)
		f.mu.Unlock()
		if err == nil && time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			err = fmt.Errorf("they hang\n%s", stacks[:runtime.Stack(stacks, true)])
		}
		if err != nil {
			f.ended.Store(true)
			t.Fatalf("the writers do not go on: %v", err)
		}
		time.Sleep(time.Millisecond)
	}
}

// wanted is the number that all writers want at that turn.
func wanted(n int) string { return fmt.Sprintf("+91987%07d", n) }

// one has a writer create a contact with a number that all want, or, where
// another has it, without, and change it then. Every other writer's calls have a
// key of their own.
func (f *traffic) one(ctx context.Context, book *contacts.Book, who string, n int) error {
	once := func(what string) *contacts.Book {
		if n%2 == 0 {
			return book
		}
		return book.Once(fmt.Sprint(who, "-", n, "-", what))
	}
	given := contacts.Contact{FirstName: who, LastName: fmt.Sprint(n), CellPhone: contacts.Phone{Number: wanted(n)}}
	c, err := once("create").Create(ctx, given)
	var dup *contacts.DuplicateNumberError
	switch {
	case err == nil:
		f.note(c)
		f.mu.Lock()
		f.Won[n] = c.ID
		f.mu.Unlock()
	case errors.As(err, &dup) && len(dup.Refusals) == 1:
		f.mu.Lock()
		was := f.Lost[n]
		f.Lost[n] = dup.Refusals[0].HolderID
		f.mu.Unlock()
		if now := dup.Refusals[0].HolderID; was != "" && was != now {
			return fmt.Errorf("number %d belongs to %s, and later to %s", n, was, now)
		}
		given.CellPhone = contacts.Phone{}
		if c, err = once("without").Create(ctx, given); err != nil {
			return fmt.Errorf("create without a number: %w", err)
		}
		f.note(c)
	default:
		return fmt.Errorf("create: %w", err)
	}
	c.Notes = "seen"
	if c, err = once("update").Update(ctx, c); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	f.note(c)
	return nil
}

// note takes in an acknowledged write.
func (f *traffic) note(c contacts.Contact) {
	text, err := json.Marshal(c)
	f.mu.Lock()
	if err == nil && f.Acked[c.Revision] != "" {
		err = fmt.Errorf("revision %d was given to two writes", c.Revision)
	}
	if err != nil {
		f.errs = append(f.errs, err)
	}
	f.Acked[c.Revision] = string(text)
	f.mu.Unlock()
	f.acked.Add(1)
}

// add takes in what the writers of another process were told.
func (f *traffic) add(t *testing.T, o *traffic) {
	t.Helper()
	for rev, text := range o.Acked {
		if f.Acked[rev] != "" {
			t.Errorf("revision %d was given to a write in each process", rev)
		}
		f.Acked[rev] = text
	}
	for n, id := range o.Won {
		if f.Won[n] != "" {
			t.Errorf("number %d was given to a contact in each process", n)
		}
		f.Won[n] = id
	}
	for n, id := range o.Lost {
		if f.Lost[n] != "" && f.Lost[n] != id {
			t.Errorf("number %d belongs to %s in one process, to %s in another", n, f.Lost[n], id)
		}
		f.Lost[n] = id
	}
}

// audit compares all that is in the scope with what the writers were told. They
// have ended, and none of their calls failed: what is there, they were told of.
func (f *traffic) audit(t *testing.T, s contacts.Store) {
	t.Helper()
	ctx := t.Context()
	book, err := openBook(ctx, s, trafficScope)
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.Stat(ctx, trafficScope)
	if err != nil {
		t.Fatal(err)
	}
	if int(st.Last) != len(f.Acked) {
		t.Errorf("%d events, %d acknowledged writes", st.Last, len(f.Acked))
	}
	latest := map[string]uint64{} // revision, by id
	for token := (contacts.Token{}); token.Revision < st.Last; {
		events, err := book.Events(ctx, token, contacts.MaxLimit)
		if err != nil || len(events) == 0 {
			t.Fatalf("%d events after %v, %v", len(events), token, err)
		}
		for _, e := range events {
			if e.Revision != token.Revision+1 {
				t.Fatalf("after revision %d the feed has %d", token.Revision, e.Revision)
			}
			if text, _ := json.Marshal(e.Contact); string(text) != f.Acked[e.Revision] {
				t.Fatalf("revision %d is\n%s\nand was acknowledged as\n%s", e.Revision, text, f.Acked[e.Revision])
			}
			latest[e.ID], token = e.Revision, e.Token()
		}
	}
	for id, rev := range latest {
		c, err := book.Get(ctx, id)
		if err != nil || c.Revision != rev {
			t.Fatalf("contact %s has revision %d, in the feed %d, %v", id, c.Revision, rev, err)
		}
		if text, _ := json.Marshal(c); string(text) != f.Acked[rev] {
			t.Fatalf("contact %s is\n%s\nand was acknowledged as\n%s", id, text, f.Acked[rev])
		}
	}
	for n, id := range f.Lost {
		if f.Won[n] != id {
			t.Errorf("number %d was refused on account of %s, and given to %q", n, id, f.Won[n])
		}
	}
	for _, n := range slices.Sorted(maps.Keys(f.Won)) {
		m, err := book.Lookup(ctx, wanted(n), nil)
		if err != nil || m.Kind != contacts.MatchExact || m.Contact.ID != f.Won[n] || len(m.Candidates) > 0 {
			t.Errorf("number %d: %v %s and %d others, %v, want %s", n, m.Kind, m.Contact.ID, len(m.Candidates), err, f.Won[n])
		}
	}
	for d, err := range book.Duplicates(ctx) {
		t.Errorf("%d contacts claim one number, %v", len(d.Contacts), err)
	}
	if st.Active != uint64(len(latest)) || st.Inactive != 0 || st.Merged != 0 || st.Duplicates != 0 {
		t.Errorf("%d contacts are there, counted are %+v", len(latest), st)
	}
	if err := contacts.Check(ctx, s); err != nil {
		t.Error(err)
	}
}
