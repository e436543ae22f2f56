package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

const mainLine = "+912212345678"

// lister is a contact of a number of its own that lists the main line.
func lister(i int) contacts.Contact {
	c := typed(fmt.Sprint("Clerk ", i), fmt.Sprintf("+91987%07d", i))
	c.Phones = []contacts.Phone{{Number: mainLine, Label: "main", Shared: true}}
	return c
}

// A further phone goes from claimed to shared and back.
func TestSharedAndBack(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		share := func(c contacts.Contact, shared bool) (contacts.Contact, error) {
			c = c.Clone()
			c.Phones[0].Shared = shared
			return b.Update(ctx, c)
		}
		who := func() contacts.Match { return must(b.Lookup(ctx, mainLine, nil))(t) }
		in := lister(1)
		in.Phones[0].Shared = false
		c := must(b.Create(ctx, in))(t)
		if _, err := b.Create(ctx, typed("Other", mainLine)); !errors.Is(err, contacts.ErrDuplicateNumber) {
			t.Errorf("while it is claimed: %v", err)
		}
		c = must(share(c, true))(t)
		if m := who(); m.Kind != contacts.MatchShared || m.Contact.ID != c.ID {
			t.Errorf("shared: %v %s", m.Kind, m.Contact.ID)
		}
		c = must(share(c, false))(t)
		if m := who(); m.Kind != contacts.MatchExact || m.Contact.ID != c.ID {
			t.Errorf("claimed again: %v %s", m.Kind, m.Contact.ID)
		}
		c = must(share(c, true))(t)
		other := must(b.Create(ctx, typed("Other", mainLine)))(t)
		_, err := share(c, false)
		var dup *contacts.DuplicateNumberError
		if !errors.As(err, &dup) || dup.Refusals[0].HolderID != other.ID || dup.Refusals[0].Number != mainLine {
			t.Errorf("back, while another claims it: %v", err)
		}
		if now := must(b.Get(ctx, c.ID))(t); !now.Equal(c) || now.Revision != c.Revision {
			t.Errorf("after a refusal: %+v", now)
		}
		if m := who(); m.Kind != contacts.MatchExact || m.Contact.ID != other.ID || len(m.Candidates) != 1 || m.Candidates[0].ID != c.ID {
			t.Errorf("claimed by one, shared by another: %v %s, beside %d", m.Kind, m.Contact.ID, len(m.Candidates))
		}
		must(b.Delete(ctx, other.ID))(t)
		must(share(c, false))(t)
	})
}

// Of a main line with 10,000 listers a look-up reads as many as it returns.
func TestLookupOfAMainLine(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		const n = 10_000
		mainLineBook(t, s, n)
		counted := &hitCounter{Store: s}
		b := openBook(t, counted, &contacts.Options{Rules: contacts.RelaxedRules()})
		for _, limit := range []int{0, 1, 10, 50} {
			counted.hits = 0
			m := must(b.Lookup(ctx, mainLine, &contacts.LookupOptions{Limit: limit}))(t)
			if limit == 0 {
				limit = 10
			}
			if m.Kind != contacts.MatchAmbiguous || len(m.Candidates) != limit || m.Found() || m.Contact.ID != "" {
				t.Errorf("limit %d: %v with %d candidates", limit, m.Kind, len(m.Candidates))
			}
			if counted.hits > limit+1 {
				t.Errorf("limit %d: read %d contacts", limit, counted.hits)
			}
		}
		for i := range 10 { // each is found by its own number
			number := fmt.Sprintf("+91987%07d", i*n/10)
			if m := must(b.Lookup(ctx, number, nil))(t); m.Kind != contacts.MatchExact || m.Contact.CellPhone.Number != number {
				t.Errorf("%s: %v %+v", number, m.Kind, m.Contact)
			}
		}
		desk := must(b.Create(ctx, typed("Desk", mainLine)))(t)
		m := must(b.Lookup(ctx, mainLine, &contacts.LookupOptions{Limit: 5}))(t)
		if m.Kind != contacts.MatchExact || m.Contact.ID != desk.ID || len(m.Candidates) != 5 {
			t.Errorf("one claims it: %v %+v, beside %d", m.Kind, m.Contact, len(m.Candidates))
		}
		tenures := 0
		for x, err := range b.NumberHistory(ctx, mainLine, nil) {
			if err != nil || x.Shared != (x.Contact.ID != desk.ID) || !x.To.IsZero() {
				t.Fatalf("%+v %v", x, err)
			}
			tenures++
		}
		if tenures != n+1 {
			t.Errorf("%d have the number, want %d", tenures, n+1)
		}
	})
}

// hitCounter counts the hits of Find.
type hitCounter struct {
	contacts.Store
	hits int
}

func (s *hitCounter) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	page, err := s.Store.Find(ctx, scope, q)
	s.hits += len(page.Hits)
	return page, err
}

// mainLineBook is a book with n listers of the main line.
func mainLineBook(t testing.TB, s contacts.Store, n int) *contacts.Book {
	t.Helper()
	b, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "st-1"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]contacts.Contact, n)
	for i := range list {
		list[i] = lister(i)
	}
	results, err := b.CreateEach(ctx, list)
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if results[i].Err != nil {
			t.Fatal(results[i].Err)
		}
	}
	return b
}

// The time of a look-up depends on its limit, not on how many list the number.
func BenchmarkLookupShared(b *testing.B) {
	for _, n := range []int{1, 10, 10_000} {
		b.Run(fmt.Sprint("listers=", n), func(b *testing.B) {
			s := memstore.New()
			defer s.Close()
			book := mainLineBook(b, s, n)
			for b.Loop() {
				m, err := book.Lookup(ctx, mainLine, &contacts.LookupOptions{Limit: 10})
				if err != nil || m.Kind != contacts.MatchAmbiguous && n > 1 {
					b.Fatal(m.Kind, err)
				}
			}
		})
	}
}
