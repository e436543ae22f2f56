package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
)

// RenewEpochs gives the feed of every scope a new epoch, so that those who follow
// one list the contacts anew (contacts.TrimmedError): for after the database was
// set back in time, by a restored backup or by a standby that had not
// everything. Cursors end too.
//
// It commits some scopes at a time. After an error some may be renewed; it may be
// called again.
func (s *Store) RenewEpochs(ctx context.Context) error {
	if err := s.enterWrite(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	var after int64 // ids are positive
	for {
		var n int
		err := s.try(ctx, func() (err error) {
			n, after, err = s.renew(ctx, after)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		if s.calls.Shutting() {
			return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
		}
	}
}

// renewScopes bounds the scopes of one transaction of RenewEpochs.
const renewScopes = 500

const (
	sqlScopesAfter = `SELECT scope FROM {scopes} WHERE scope > $1 ORDER BY scope LIMIT $2`
	sqlRenew       = `UPDATE {scopes} s SET epoch = n.epoch, secret = n.secret
	FROM unnest($1::bigint[], $2::text[], $3::bytea[]) n (scope, epoch, secret) WHERE s.scope = n.scope`
)

// renew renews some scopes behind one, and returns how many and the last.
func (s *Store) renew(ctx context.Context, after int64) (n int, last int64, err error) {
	rows, err := s.pool.Query(ctx, s.sql(sqlScopesAfter), after, renewScopes)
	if err != nil {
		return 0, after, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return 0, after, err
	}
	epochs, secrets := make([]string, len(ids)), make([][]byte, len(ids))
	for i := range ids {
		epochs[i], secrets[i] = newEpoch()
	}
	if _, err := s.pool.Exec(ctx, s.sql(sqlRenew), ids, epochs, secrets); err != nil {
		return 0, after, err
	}
	return len(ids), ids[len(ids)-1], nil
}
