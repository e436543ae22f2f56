package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/pgstore"
	"github.com/callerbook/contacts/phone"
)

// book is the library: a Book under the API's rules, which checks every field,
// reads the number and names the holder in a refusal.
type book struct {
	pool  *pgxpool.Pool
	store *pgstore.Store
	book  *contacts.Book
	all   []*contacts.Book // of all scopes, beginning with book
}

// scope is a scope as a host has it.
var scope = contacts.Scope{Account: "acme", Stream: "main"}

func newOurs(ctx context.Context, pool *pgxpool.Pool, store *pgstore.Store) (side, error) {
	b := &book{pool: pool, store: store}
	for i := range 1 + creators {
		sc := scope
		if i > 0 {
			sc.Stream = fmt.Sprint("stream ", i)
		}
		one, err := contacts.Open(ctx, store, sc, &contacts.Options{Actor: contacts.Actor{ID: people.Author}})
		if err != nil {
			return nil, err
		}
		b.all = append(b.all, one)
	}
	b.book = b.all[0]
	return b, nil
}

func (b *book) name() string { return ours }

func (b *book) close() {
	_ = b.store.Close() // nothing waits for it
	b.pool.Close()
}

// contact returns p as a caller of the library would give it.
func contact(p *people.Person) contacts.Contact {
	return contacts.Contact{
		FirstName: p.First, LastName: p.Last, Salutation: p.Salutation,
		CellPhone: contacts.Phone{Number: p.National, CountryCode: p.Code, Extension: "+"},
	}
}

// load is one call of CreateEach, which loads where a scope is empty.
func (b *book) load(ctx context.Context, list []people.Person) error {
	given := make([]contacts.Contact, len(list))
	for i := range list {
		given[i] = contact(&list[i])
	}
	results, err := b.book.CreateEach(ctx, given)
	for i := range results {
		err = errors.Join(err, results[i].Err)
	}
	return err
}

func (b *book) create(ctx context.Context, scope int, p *people.Person) error {
	_, err := b.all[scope].Create(ctx, contact(p))
	return err
}

func (b *book) lookup(ctx context.Context, number string) (found, error) {
	m, err := b.book.Lookup(ctx, number, nil)
	if err == nil && !m.Found() {
		err = fmt.Errorf("nobody has %s", number)
	}
	return foundContact(&m.Contact), err
}

func (b *book) lookupAll(ctx context.Context, digits []string) ([]found, error) {
	q := contacts.Query{Lines: make([]phone.Line, len(digits)), Limit: contacts.MaxLimit}
	for i, d := range digits {
		n, err := phone.Parse("+"+d, nil)
		if err != nil {
			return nil, err
		}
		q.Lines[i] = n.Line
	}
	return b.find(ctx, q)
}

// search asks the store for beginnings of words alone, as that is what the other
// side does.
func (b *book) search(ctx context.Context, texts []string, n int) ([]found, error) {
	q := contacts.Query{Limit: n}
	for _, text := range texts {
		q.Words = append(q.Words, contacts.Term{Text: contacts.Fold(text)})
	}
	return b.find(ctx, q)
}

// find goes on where a page ended before it was full.
func (b *book) find(ctx context.Context, q contacts.Query) (list []found, err error) {
	for {
		page, err := b.store.Find(ctx, scope, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Hits {
			list = append(list, foundContact(&page.Hits[i].Contact))
		}
		q.Cursor, q.Limit = page.Next, q.Limit-len(page.Hits)
		if !page.Partial || q.Cursor == "" || q.Limit == 0 {
			return list, nil
		}
	}
}

func (b *book) page(ctx context.Context, from string, n int) (list []found, err error) {
	page, err := b.book.List(ctx, &contacts.ListOptions{From: from, Limit: n})
	for i := range page.Contacts {
		list = append(list, foundContact(&page.Contacts[i]))
	}
	return list, err
}

func foundContact(c *contacts.Contact) found { return found{c.CellPhone.Number, c.FullName} }
