package kvstore

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
)

// Wait implements contacts.Waiter: it returns when the scope has events after
// that revision, without polling. It keeps no writer waiting.
func (s *Store) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	for {
		w := s.news.Subscribe(scope) // before the look, so that no news is missed
		last, err := s.lastRevision(ctx, scope)
		if err != nil || last > after {
			s.news.Leave(scope, w)
			return err
		}
		select {
		case <-w.Woken:
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.news.Closing:
			err = fmt.Errorf("%s: %w", s.name, contacts.ErrClosed)
		}
		s.news.Leave(scope, w)
		if err != nil {
			return err
		}
	}
}

// lastRevision returns the revision of a scope's last event, 0 where there is
// none.
func (s *Store) lastRevision(ctx context.Context, scope contacts.Scope) (uint64, error) {
	var st state
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		info, err := s.find(v, scope)
		if err != nil || info == nil {
			return err
		}
		_, err = s.readState(sn, info.id, &st)
		return err
	})
	return st.last, err
}
