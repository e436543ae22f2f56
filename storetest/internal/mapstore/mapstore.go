// Package mapstore is a contacts.Store in the plainest form that is right: one
// mutex, maps, and answers that are collected whole and sorted anew for every
// page. It is the yardstick of package storetest, which runs the same random
// operations on it and on the store under test. It shares no code with a store
// for users.
package mapstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Store is a handle on contacts in memory.
type Store struct {
	*data
	closed bool // guarded by data.mu
}

// data outlives the handle, as a file would.
type data struct {
	mu       sync.Mutex
	books    map[contacts.Scope]*book
	uniqueBy map[string]contacts.UniqueBy // by account
	cursors  map[string]cursor            // by token: a token says nothing by itself
	news     chan struct{}                // closed and replaced at every change
}

// book is one scope.
type book struct {
	epoch       string
	first, last uint64
	index       contacts.IndexVersion
	reindexing  bool
	settings    []byte

	records map[string]*record
	purged  map[string]contacts.PurgedError
	claims  map[phone.Line][]*record // who claims a line
	feed    []entry                  // ascending by revision, none missing after first
	ops     map[string]op
}

type record struct {
	contact contacts.Contact
	keys    contacts.Keys
	created uint64
}

// entry is an event, and the lines that its contact took or gave up at it.
type entry struct {
	contacts.Event
	moved []phone.Line
}

type op struct {
	digest []byte
	writes []contacts.Write // when there is no digest
	answer contacts.Applied
}

var (
	_ contacts.Store     = (*Store)(nil)
	_ contacts.Waiter    = (*Store)(nil)
	_ contacts.Trimmer   = (*Store)(nil)
	_ contacts.Loader    = (*Store)(nil)
	_ contacts.Backuper  = (*Store)(nil)
	_ contacts.Checker   = (*Store)(nil)
	_ contacts.Compacter = (*Store)(nil)
	_ contacts.Forker    = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{data: &data{
		books:    map[contacts.Scope]*book{},
		uniqueBy: map[string]contacts.UniqueBy{},
		cursors:  map[string]cursor{},
		news:     make(chan struct{}),
	}}
}

// Reopen returns a new handle on the contacts of s.
func (s *Store) Reopen() *Store { return &Store{data: s.data} }

func newBook() *book {
	return &book{
		epoch:   rand.Text(),
		records: map[string]*record{},
		purged:  map[string]contacts.PurgedError{},
		claims:  map[phone.Line][]*record{},
		ops:     map[string]op{},
	}
}

// enter locks s for a call, unless the call is not to be served.
func (s *Store) enter(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return fmt.Errorf("mapstore: %w", contacts.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		s.mu.Unlock()
		return fmt.Errorf("mapstore: %w", err)
	}
	return nil
}

// announce wakes those who Wait.
func (d *data) announce() {
	close(d.news)
	d.news = make(chan struct{})
}

// Close implements contacts.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.announce()
	return nil
}

// Get implements contacts.Store.
func (s *Store) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Contact{}, err
	}
	defer s.mu.Unlock()
	if b := s.books[scope]; b != nil {
		if r := b.records[id]; r != nil {
			return finished(r.contact), nil
		}
		if p, ok := b.purged[id]; ok {
			return contacts.Contact{}, fmt.Errorf("mapstore: %w", &p)
		}
	}
	return contacts.Contact{}, fmt.Errorf("mapstore: contact %q: %w", id, contacts.ErrNotFound)
}

// Stat implements contacts.Store.
func (s *Store) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	if err := s.enter(ctx); err != nil {
		return contacts.Stat{}, err
	}
	defer s.mu.Unlock()
	b := s.books[scope]
	if b == nil {
		return contacts.Stat{}, nil
	}
	st := contacts.Stat{
		Epoch: b.epoch, First: b.first, Last: b.last,
		Index: b.index, Reindexing: b.reindexing,
		UniqueBy: s.uniqueBy[scope.Account], Settings: bytes.Clone(b.settings),
	}
	for _, r := range b.records {
		switch r.contact.Status {
		case contacts.Active:
			st.Active++
		case contacts.Inactive:
			st.Inactive++
		case contacts.Merged:
			st.Merged++
		}
	}
	for _, holders := range b.claims {
		if len(holders) > 1 {
			st.Duplicates++
		}
	}
	return st, nil
}

// Scopes implements contacts.Store.
func (s *Store) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []contacts.Scope
	for scope := range s.books {
		if compareScopes(scope, from) >= 0 {
			out = append(out, scope)
		}
	}
	slices.SortFunc(out, compareScopes)
	return out[:min(len(out), bounded(limit))], nil
}

func compareScopes(a, b contacts.Scope) int {
	if c := strings.Compare(a.Account, b.Account); c != 0 {
		return c
	}
	return strings.Compare(a.Stream, b.Stream)
}

func bounded(limit int) int {
	if limit <= 0 {
		return contacts.DefaultLimit
	}
	return min(limit, contacts.MaxLimit)
}

// Backup implements contacts.Backuper with a listing for people: a store in
// memory has no file to copy.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	var buf bytes.Buffer
	for scope, b := range s.books {
		fmt.Fprintf(&buf, "%q %d contacts, last revision %d\n", scope, len(b.records), b.last)
	}
	s.mu.Unlock()
	_, err := w.Write(buf.Bytes())
	return err
}

// Check implements contacts.Checker.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, b := range s.books {
		for i, e := range b.feed {
			if e.Revision != b.first+1+uint64(i) {
				return errors.New("mapstore: a revision is missing in the feed")
			}
		}
	}
	return nil
}

// Compact implements contacts.Compacter.
func (s *Store) Compact(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}
