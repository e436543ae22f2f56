package pgstore

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
)

// The events of a contact, or of a line, between two revisions. Those that Trim
// passed are left out, also where something of them is still there.
const (
	historyEnd reversible = ` ORDER BY r.rev {asc} LIMIT $5) r
		) e ON e.before IS NULL OR e.before < 4194304 WHERE s.scope = $1 ORDER BY e.rev {asc}`

	historyHead reversible = `SELECT e.rev, e.seq, e.batch_end, e.purged, e.record FROM {scopes} s LEFT JOIN LATERAL (
			SELECT r.*, sum(octet_length(r.record)) OVER (ORDER BY r.rev {asc} ROWS UNBOUNDED PRECEDING) - octet_length(r.record) AS before
			FROM (`

	contactHistory reversible = historyHead + `
			SELECT r.rev, r.seq, f.batch_end, f.purged, r.record FROM (
				SELECT c.rev, c.seq, c.record FROM {contacts} c
				WHERE c.scope = $1 AND c.id = $2 AND c.rev > greatest($3, s.first_rev) AND c.rev < $4
				UNION ALL
				SELECT h.rev, h.seq, h.record FROM {contacts} c, LATERAL (
					SELECT * FROM {history} h WHERE h.scope = $1 AND h.seq = c.seq
					AND h.rev > greatest($3, s.first_rev) AND h.rev < $4 ORDER BY h.rev {asc} LIMIT $5
				) h WHERE c.scope = $1 AND c.id = $2
			) r JOIN {feed} f ON f.scope = $1 AND f.rev = r.rev` + historyEnd

	lineHistory reversible = historyHead + `
			SELECT r.rev, r.seq, f.batch_end, f.purged, coalesce(c.record, h.record) AS record
			FROM (
				SELECT * FROM {turns} t WHERE t.scope = $1 AND t.line = $2 AND NOT t.silent AND t.rev > greatest($3, s.first_rev) AND t.rev < $4
				ORDER BY t.rev {asc} LIMIT $5
			) r JOIN {feed} f ON f.scope = $1 AND f.rev = r.rev
			LEFT JOIN {contacts} c ON c.scope = $1 AND c.seq = r.seq AND c.rev = r.rev
			LEFT JOIN {history} h ON h.scope = $1 AND h.seq = r.seq AND h.rev = r.rev` + historyEnd
)

// History implements contacts.Store.
func (s *Store) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	if (q.ID == "") == (q.Line == 0) {
		return nil, fmt.Errorf("%s: history of an id or of a line: %w", name, contacts.ErrInvalid)
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.calls.Leave()
	template, of := contactHistory, q.ID
	if q.Line != 0 {
		template, of = lineHistory, strconv.FormatUint(uint64(q.Line), 10)
	} else if len(q.ID) > contacts.MaxIDLen || !prepare.ValidID(q.ID) {
		return nil, nil // no contact has such an id
	}
	before := int64(math.MaxInt64)
	if q.Before != 0 {
		before = signed(q.Before)
	}
	var out []contacts.Event
	err := s.try(ctx, func() error {
		out = nil
		info, err := s.find(ctx, scope)
		if err != nil || info == nil {
			return err
		}
		var e eventRow
		args := []any{info.id, of, signed(q.After), before, int64(prepare.Limit(q.Limit))}
		there := false
		err = s.each(ctx, s.ordered(template, q.Reverse), args, e.columns(), func() error {
			there = true
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
