package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// person is a contact as the book by hand reads it: column by column, and the rest
// from its record.
type person struct {
	seq, rev             int64
	id, status           string
	first, last, phone   *string
	organization, emails *string
	createdBy, updatedBy *string
	created, updated     time.Time
	record               []byte
}

const columns = `c.seq, c.rev, c.id, c.status, c.first_name, c.last_name, c.cell_phone, c.organization, c.emails,
	c.created_at, c.created_by, c.updated_at, c.updated_by, c.record`

// query returns what a statement finds, at most n.
func (h *hand) query(ctx context.Context, n int, sql string, args ...any) ([]found, error) {
	rows, err := h.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	list := make([]found, 0, n)
	var p person
	_, err = pgx.ForEachRow(rows, []any{&p.seq, &p.rev, &p.id, &p.status, &p.first, &p.last, &p.phone, &p.organization, &p.emails,
		&p.created, &p.createdBy, &p.updated, &p.updatedBy, &p.record}, func() error {
		list = append(list, found{*p.phone, *p.first + " " + *p.last})
		return nil
	})
	return list, err
}

// A look-up finds who claims a number and, behind them, who only lists it, as what
// is shown of a caller depends on both.
const (
	sqlLookup = `SELECT ` + columns + ` FROM (
			SELECT seq, 0 AS shared FROM bench_plain.claims WHERE domain = $1 AND line = $2
			UNION ALL SELECT seq, 1 FROM bench_plain.shared WHERE scope = $1 AND line = $2
		) k JOIN bench_plain.contacts c ON c.scope = $1 AND c.seq = k.seq WHERE c.status = 'active' ORDER BY k.shared, k.seq`
	sqlLookupAll = `SELECT ` + columns + ` FROM (
			SELECT seq FROM bench_plain.claims WHERE domain = $1 AND line = ANY($2)
			UNION ALL SELECT seq FROM bench_plain.shared WHERE scope = $1 AND line = ANY($2)
		) k JOIN bench_plain.contacts c ON c.scope = $1 AND c.seq = k.seq WHERE c.status = 'active'`
)

func (h *hand) lookup(ctx context.Context, number string) (found, error) {
	list, err := h.query(ctx, 1, sqlLookup, theScope, strings.TrimPrefix(number, "+"))
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("nobody has %s", number)
	}
	if err != nil {
		return found{}, err
	}
	return list[0], nil
}

func (h *hand) lookupAll(ctx context.Context, digits []string) ([]found, error) {
	return h.query(ctx, len(digits), sqlLookupAll, theScope, digits)
}

func (h *hand) search(ctx context.Context, texts []string, n int) ([]found, error) {
	sql := `SELECT ` + columns + ` FROM bench_plain.words w JOIN bench_plain.contacts c ON c.scope = w.scope AND c.seq = w.seq
		WHERE w.scope = $1 AND w.word >= $3 AND w.word < $4 AND c.status = 'active'`
	first := strings.ToLower(texts[0])
	args := []any{theScope, n, first, after(first)}
	if len(texts) == 2 {
		sql += ` AND EXISTS (SELECT FROM bench_plain.words v WHERE v.scope = w.scope AND v.seq = w.seq AND v.word >= $5 AND v.word < $6)`
		second := strings.ToLower(texts[1])
		args = append(args, second, after(second))
	}
	return h.query(ctx, n, sql+` ORDER BY w.word, w.seq LIMIT $2`, args...)
}

// after returns the least text that sorts after all that begin with text.
func after(text string) string { return text + "\U0010FFFF" }

func (h *hand) page(ctx context.Context, from string, n int) ([]found, error) {
	return h.query(ctx, n, `SELECT `+columns+` FROM bench_plain.contacts c WHERE c.scope = $1 AND c.status = 'active' AND c.sort >= $2
		ORDER BY c.sort, c.seq LIMIT $3`, theScope, []byte(strings.ToLower(from)), n)
}
