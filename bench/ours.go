package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
)

// ours is the library: a Book under the API's rules, which checks every
// field, reads the number and names the holder in a refusal.
type ours struct {
	durable bool // on boltstore, else on memstore

	store contacts.Store
	book  *contacts.Book
}

// scope is a scope as a host has it.
var scope = contacts.Scope{Account: "acme", Stream: "main"}

func (s *ours) name() string {
	if s.durable {
		return oursBolt
	}
	return oursMem
}

func (s *ours) open(dir string) error {
	store, err := openStore(dir, s.durable)
	if err != nil {
		return err
	}
	s.store = store
	s.book, err = contacts.Open(context.Background(), store, scope, &contacts.Options{Actor: contacts.Actor{ID: people.Author}})
	return err
}

func (s *ours) close() error { return s.store.Close() }

// contact returns p as a caller of the library would give it.
func contact(p *people.Person) contacts.Contact {
	return contacts.Contact{
		FirstName: p.First, LastName: p.Last, Salutation: p.Salutation,
		CellPhone: contacts.Phone{Number: p.National, CountryCode: p.Code, Extension: "+"},
	}
}

// load is one call of CreateEach.
func (s *ours) load(list []people.Person) error {
	given := make([]contacts.Contact, len(list))
	for i := range list {
		given[i] = contact(&list[i])
	}
	results, err := s.book.CreateEach(context.Background(), given)
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Err != nil {
			return fmt.Errorf("person %d: %w", i, r.Err)
		}
	}
	return nil
}

func (s *ours) create(p *people.Person) (string, error) {
	c, err := s.book.Create(context.Background(), contact(p))
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) && len(dup.Refusals) == 1 {
		return "", &takenError{dup.Refusals[0].HolderID, dup.Refusals[0].HolderName}
	}
	return c.ID, err
}

func (s *ours) get(id string) (found, error) {
	c, err := s.book.Get(context.Background(), id)
	if errors.Is(err, contacts.ErrNotFound) {
		err = errNotFound
	}
	return foundContact(&c), err
}

func foundContact(c *contacts.Contact) found {
	return found{c.ID, c.CellPhone.Number, c.FullName}
}

func (s *ours) lookup(number string) (found, error) {
	m, err := s.book.Lookup(context.Background(), number, nil)
	if err == nil && !m.Found() {
		err = errNotFound
	}
	return foundContact(&m.Contact), err
}

func (s *ours) page(from string, n int) ([]found, error) {
	page, err := s.book.List(context.Background(), &contacts.ListOptions{From: from, Limit: n})
	if err != nil {
		return nil, err
	}
	list := make([]found, len(page.Contacts))
	for i := range page.Contacts {
		list[i] = foundContact(&page.Contacts[i])
	}
	return list, nil
}

// prefix asks the store for beginnings of words alone. What Book.Search makes of
// a text is compared in search.
func (s *ours) prefix(text string, n int) ([]found, error) {
	page, err := s.store.Find(context.Background(), scope, contacts.Query{
		Words: []contacts.Term{{Text: contacts.Fold(text)}},
		Limit: n,
	})
	if err != nil {
		return nil, err
	}
	list := make([]found, len(page.Hits))
	for i := range page.Hits {
		list[i] = foundContact(&page.Hits[i].Contact)
	}
	return list, nil
}
