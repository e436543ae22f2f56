package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
)

// Wait implements contacts.Waiter. News of this Store end it at once, those of
// others when they are announced or, failing that, when they are found (see
// Options.Poll).
func (s *Store) Wait(ctx context.Context, scope contacts.Scope, after uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	for {
		w := s.news.Subscribe(scope) // before the look, so that no news is missed
		seen, err := s.look(ctx, scope)
		if err != nil || seen.last > after {
			s.news.Leave(scope, w)
			return err
		}
		s.post.watch(scope, seen)
		select {
		case <-w.Woken:
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.news.Closing:
			err = fmt.Errorf("%s: %w", name, contacts.ErrClosed)
		}
		s.post.unwatch(scope)
		s.news.Leave(scope, w)
		if err != nil {
			return err
		}
	}
}

// progress is how far a scope has come: zero where it does not exist.
type progress struct {
	id   int64
	last uint64
}

const sqlLook = `SELECT s.scope, s.last_rev FROM {directory} d JOIN {scopes} s ON s.scope = d.scope
	WHERE d.account = $1 AND d.stream = $2`

// look returns how far a scope has come.
func (s *Store) look(ctx context.Context, scope contacts.Scope) (progress, error) {
	var p progress
	if prepare.Scope(scope) != nil || !storable(scope.Account) || !storable(scope.Stream) {
		return p, nil // none has such a name
	}
	err := s.try(ctx, func() error {
		var last int64
		err := s.pool.QueryRow(ctx, s.sql(sqlLook), scope.Account, scope.Stream).Scan(&p.id, &last)
		p.last = uint64(last)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return p, err
}
