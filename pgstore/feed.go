package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

const readFeed = `SELECT s.first_rev, e.rev, e.seq, e.batch_end, e.purged, e.record
	FROM {scopes} s LEFT JOIN LATERAL (
		SELECT r.*, sum(octet_length(r.record)) OVER (ORDER BY r.rev ROWS UNBOUNDED PRECEDING) - octet_length(r.record) AS before
		FROM (
			SELECT f.rev, f.seq, f.batch_end, f.purged, coalesce(c.record, h.record) AS record
			FROM (SELECT * FROM {feed} WHERE scope = $1 AND rev > $2 ORDER BY rev LIMIT 1000) f
			LEFT JOIN {contacts} c ON c.scope = $1 AND c.seq = f.seq AND c.rev = f.rev
			LEFT JOIN {history} h ON h.scope = $1 AND h.seq = f.seq AND h.rev = f.rev
			ORDER BY f.rev LIMIT $3
		) r
	) e ON e.before IS NULL OR e.before < 4194304
	WHERE s.scope = $1 ORDER BY e.rev`

// Events implements contacts.Store.
func (s *Store) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Leave()
	var out []contacts.Event
	err := s.try(ctx, func() error {
		out = nil
		info, err := s.find(ctx, scope)
		if err != nil || info == nil {
			return err
		}
		var first int64
		var e eventRow
		args := []any{info.id, signed(after), int64(prepare.Limit(limit))}
		there := false
		err = s.each(ctx, s.sql(readFeed), args, e.columns(&first), func() error {
			there = true
			if after < uint64(first) {
				return &contacts.TrimmedError{After: after, First: uint64(first)}
			}
			return e.add(&out)
		})
		if err == nil && !there {
			return s.vanished(scope, info)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// eventRow is an event as the statements return it; without a revision where
// there is none.
type eventRow struct {
	rev, seq, end *int64
	purged        *bool
	record        pgtype.DriverBytes
	held          record.Held
}

// columns are those of a statement, behind some others.
func (e *eventRow) columns(others ...any) []any {
	return append(others, &e.rev, &e.seq, &e.end, &e.purged, &e.record)
}

// add appends the event, if there is one.
func (e *eventRow) add(to *[]contacts.Event) error {
	if e.rev == nil {
		return nil
	}
	*to = append(*to, contacts.Event{Revision: uint64(*e.rev), Created: uint64(*e.seq), BatchEnd: uint64(*e.end), Purged: *e.purged})
	event := &(*to)[len(*to)-1]
	h := &e.held
	*h = record.Held{Claims: h.Claims[:0], Shared: h.Shared[:0], Ended: h.Ended[:0], Words: h.Words[:0]}
	if !record.Decode(e.record, &event.Contact) || !record.DecodeHeld(e.record, h) || event.Contact.Revision != event.Revision {
		return damaged(*e.seq, "the record of an event is missing or cannot be read")
	}
	event.ID = event.Contact.ID
	event.Blank = event.Contact.Status == ""
	event.Lines = h.Lines()
	return nil
}
