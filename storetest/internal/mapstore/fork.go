package mapstore

import (
	"context"
	"maps"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Fork implements contacts.Forker.
func (s *Store) Fork(ctx context.Context) (contacts.Store, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	f := New()
	maps.Copy(f.uniqueBy, s.uniqueBy)
	maps.Copy(f.cursors, s.cursors)
	for scope, b := range s.books {
		f.books[scope] = b.fork()
	}
	return f, nil
}

// fork copies what changes. Contacts and their parts do not: they are replaced.
func (b *book) fork() *book {
	f := *b
	f.purged, f.ops, f.feed = maps.Clone(b.purged), maps.Clone(b.ops), slices.Clone(b.feed)
	f.records, f.claims = map[string]*record{}, map[phone.Line][]*record{}
	for id, r := range b.records {
		twin := *r
		f.records[id] = &twin
	}
	for line, rs := range b.claims {
		for _, r := range rs {
			f.claims[line] = append(f.claims[line], f.records[r.contact.ID])
		}
	}
	return &f
}
