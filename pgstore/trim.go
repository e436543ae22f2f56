package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// trimRows bounds the events, and the answers to ops, of one transaction of Trim,
// and the rows that one statement names: for many more the database reads all of a
// table.
const trimRows = 2000

// Trim implements contacts.Trimmer. It commits a part at a time, so that other
// writes go on in between. From the first of these commits on, the events up to
// that revision are gone for all who ask; a Trim that was cut off is finished by
// another one.
func (s *Store) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	if err := s.enterWrite(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	t := trimmer{s: s, most: trimRows}
	if err := s.try(ctx, func() error { return t.begin(ctx, scope, upTo) }); err != nil || t.scope == 0 {
		return err
	}
	for _, step := range []func(context.Context) error{t.events, t.ops} {
		for t.done = false; !t.done; {
			if s.calls.Shutting() {
				return fmt.Errorf("%s: %w", name, contacts.ErrClosed)
			}
			if err := s.try(ctx, func() error { return step(ctx) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// trimmer walks over the feed of a scope, then over its ops.
type trimmer struct {
	s     *Store
	most  int
	scope int64
	upTo  int64
	rev   int64  // events up to it were dropped
	op    []byte // ops up to it were looked at
	done  bool
}

const sqlTrim = `UPDATE {scopes} SET first_rev = greatest(first_rev, least($2, last_rev)) WHERE scope = $1 RETURNING least($2, last_rev)`

// begin has the feed begin later. A scope that does not exist leaves t.scope 0.
func (t *trimmer) begin(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	info, err := t.s.find(ctx, scope)
	if err != nil || info == nil {
		return err
	}
	t.scope = info.id
	return t.s.pool.QueryRow(ctx, t.s.sql(sqlTrim), t.scope, int64(min(upTo, math.MaxInt64))).Scan(&t.upTo)
}

const (
	sqlTrimEvents  = `SELECT rev, seq FROM {feed} WHERE scope = $1 AND rev > $2 AND rev <= $3 ORDER BY rev LIMIT $4`
	sqlTrimHistory = `DELETE FROM {history} h USING unnest($2::bigint[], $3::bigint[]) e (seq, rev)
	WHERE h.scope = $1 AND h.seq = e.seq AND h.rev = e.rev RETURNING h.rev, h.record`
	sqlTrimPresent = `SELECT rev, record FROM {contacts} WHERE scope = $1 AND rev = ANY($2::bigint[])`
	sqlTrimTurns   = `DELETE FROM {turns} t USING unnest($2::text[], $3::bigint[]) e (line, rev)
	WHERE t.scope = $1 AND t.line = e.line AND t.rev = e.rev`
	sqlTrimFeed = `DELETE FROM {feed} WHERE scope = $1 AND rev > $2 AND rev <= $3`
)

// events drops some events: what came of them, unless it is a contact's present
// state, and which lines began or ceased to be held, which the records say.
func (t *trimmer) events(ctx context.Context) error {
	return pgx.BeginFunc(ctx, t.s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, t.s.sql(sqlLockScope), t.scope).Scan(new(int64)); err != nil {
			return err
		}
		revs, seqs, err := t.next(ctx, tx)
		if err != nil {
			return err
		}
		if t.done = len(revs) < t.most; len(revs) == 0 {
			return nil
		}
		var g turnsGone
		rows, err := tx.Query(ctx, t.s.sql(sqlTrimHistory), t.scope, seqs, revs)
		if err == nil {
			err = g.take(rows, t.scope)
		}
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, t.s.sql(sqlTrimPresent), t.scope, revs)
		if err == nil {
			err = g.take(rows, t.scope)
		}
		if err != nil {
			return err
		}
		for i := 0; i < len(g.lines); i += trimRows {
			j := min(i+trimRows, len(g.lines))
			if _, err := tx.Exec(ctx, t.s.sql(sqlTrimTurns), t.scope, g.lines[i:j], g.revs[i:j]); err != nil {
				return err
			}
		}
		last := revs[len(revs)-1]
		if _, err := tx.Exec(ctx, t.s.sql(sqlTrimFeed), t.scope, t.rev, last); err != nil {
			return err
		}
		t.rev = last
		return nil
	})
}

// next returns the next events.
func (t *trimmer) next(ctx context.Context, tx pgx.Tx) (revs, seqs []int64, err error) {
	rows, err := tx.Query(ctx, t.s.sql(sqlTrimEvents), t.scope, t.rev, t.upTo, t.most)
	if err != nil {
		return nil, nil, err
	}
	var rev, seq int64
	_, err = pgx.ForEachRow(rows, []any{&rev, &seq}, func() error {
		revs, seqs = append(revs, rev), append(seqs, seq)
		return nil
	})
	return revs, seqs, err
}

// turnsGone are the rows of turns that go with events.
type turnsGone struct {
	lines []string
	revs  []int64
}

// take reads revisions and their records.
func (g *turnsGone) take(rows pgx.Rows, scope int64) error {
	var rev int64
	var body []byte
	_, err := pgx.ForEachRow(rows, []any{&rev, (*pgtype.DriverBytes)(&body)}, func() error {
		var h record.Held
		if !record.DecodeHeld(body, &h) {
			return fmt.Errorf("scope %d: the record at revision %d cannot be read: %w", scope, rev, contacts.ErrDamaged)
		}
		for _, lines := range [3][]phone.Line{h.Claims, h.Shared, h.Ended} {
			for _, l := range lines {
				g.lines, g.revs = append(g.lines, digitsOf(l)), append(g.revs, rev)
			}
		}
		return nil
	})
	return err
}

const sqlTrimOps = `WITH page AS (SELECT op, last_rev FROM {ops} WHERE scope = $1 AND op > $2 ORDER BY op LIMIT $4),
	gone AS (DELETE FROM {ops} o USING page p WHERE o.scope = $1 AND o.op = p.op AND p.last_rev <= $3)
	SELECT op FROM page ORDER BY op DESC LIMIT 1`

// ops drops some answers to ops.
func (t *trimmer) ops(ctx context.Context) error {
	if t.op == nil {
		t.op = []byte{} // the first op is not empty
	}
	err := t.s.pool.QueryRow(ctx, t.s.sql(sqlTrimOps), t.scope, t.op, t.upTo, t.most).Scan(&t.op)
	if errors.Is(err, pgx.ErrNoRows) {
		t.done = true
		return nil
	}
	return err
}
