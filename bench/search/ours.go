package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// ours is the library: Book.Search as it is.
type ours struct {
	durable bool // on boltstore, else on memstore

	store contacts.Store
	book  *contacts.Book
}

func (s *ours) name() string {
	if s.durable {
		return oursBolt
	}
	return oursMem
}

func (s *ours) can(kind) bool { return true }

func (s *ours) open(dir string) (err error) {
	if !s.durable {
		s.store = memstore.New()
	} else if err = os.MkdirAll(dir, 0o700); err != nil {
		return err
	} else if s.store, err = boltstore.Open(filepath.Join(dir, "book.db"), nil); err != nil {
		return err
	}
	s.book, err = contacts.Open(context.Background(), s.store, contacts.Scope{Account: "acme", Stream: "main"}, &contacts.Options{
		Actor: contacts.Actor{ID: people.Author},
		Rules: contacts.RelaxedRules(),
		Site:  phone.Site{Region: "IN"},
	})
	return err
}

func (s *ours) close() error { return s.store.Close() }

func (s *ours) load(list []contact) error {
	given := make([]contacts.Contact, len(list))
	for i := range list {
		c := &list[i]
		given[i] = contacts.Contact{
			FirstName: c.First, LastName: c.Last, Salutation: c.Salutation, Organization: c.org,
			CellPhone: contacts.Phone{Number: c.National, CountryCode: c.Code, Extension: "+"},
		}
		if c.email != "" {
			given[i].Emails = []contacts.Email{{Address: c.email}}
		}
	}
	results, err := s.book.CreateEach(context.Background(), given)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err != nil {
			return fmt.Errorf("contact %d: %w", i, r.Err)
		}
	}
	return nil
}

func (s *ours) ask(q *query) (answer, error) {
	r, err := s.book.Search(context.Background(), q.text, &contacts.SearchOptions{Limit: limit, T9: q.kind == kindDial})
	if err != nil {
		return answer{}, err
	}
	a := answer{numbers: make([]string, len(r.Hits)), partial: r.Partial}
	for i := range r.Hits {
		a.numbers[i] = r.Hits[i].Contact.CellPhone.Number
	}
	return a, nil
}
