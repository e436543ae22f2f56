package pgstore

import (
	"context"

	"github.com/callerbook/contacts"
)

// Wait implements contacts.Waiter.
func (s *Store) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	return contacts.ErrUnsupported
}

// post announces the commits of this Store to those of other processes, and
// hears of theirs.
type post struct{}

func (p *post) init(s *Store) {}

// close ends what init and the calls since have begun.
func (p *post) close() {}

// announce says that a scope has news: to those who wait in this process, and, a
// little later and not for sure, to other processes.
func (s *Store) announce(scope contacts.Scope) {
	s.news.Wake(scope)
}
