package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/pgstore"
)

// hand is the book by hand: SQL that is sent by plain pgx, prepared, and as few
// round trips as can be. It takes numbers as they come, folds names by
// strings.ToLower, and has no rules, no idempotency, no retries and no answer for a
// commit whose outcome is unknown.
type hand struct{ pool *pgxpool.Pool }

// theScope is the key of the scope that is loaded; the others follow.
const theScope = int64(1)

// newPlain takes the tables as the store made them and writes the scopes into them.
func newPlain(ctx context.Context, pool *pgxpool.Pool, store *pgstore.Store) (side, error) {
	if err := store.Close(); err != nil {
		return nil, err
	}
	_, err := pool.Exec(ctx, `INSERT INTO bench_plain.scopes (scope, domain, account, stream, unique_by, epoch, secret, first_rev, last_rev,
		active, inactive, merged, duplicates, index_generation, index_fingerprint, reindexing, letters)
		SELECT n, n, 'acme', n::text, 'stream', 'e', '', 0, 0, 0, 0, 0, 0, 1, 1, false, ''
		FROM generate_series($1::bigint, $1::bigint + $2) n`, theScope, creators)
	return &hand{pool}, err
}

func (h *hand) name() string { return plain }
func (h *hand) close()       { h.pool.Close() }

// One create is one pipeline, so one round trip and one transaction: the row of
// the scope is locked first, and the rest takes its position from there.
const (
	sqlRevision = `UPDATE bench_plain.scopes SET last_rev = last_rev + 1, active = active + 1 WHERE scope = $1`
	sqlClaim    = `INSERT INTO bench_plain.claims (domain, line, slot, scope, seq)
		SELECT scope, $2, 0, scope, last_rev FROM bench_plain.scopes WHERE scope = $1`
	sqlContact = `INSERT INTO bench_plain.contacts (scope, seq, rev, id, status, sort, first_name, last_name, cell_phone,
			created_at, created_by, updated_at, updated_by, record)
		SELECT scope, last_rev, last_rev, $2, 'active', $3, $4, $5, $6, $7, $8, $7, $8, $9 FROM bench_plain.scopes WHERE scope = $1`
	sqlWords = `INSERT INTO bench_plain.words (scope, word, seq, fields)
		SELECT scope, w, last_rev, 1 FROM bench_plain.scopes, unnest($2::text[]) w WHERE scope = $1`
	sqlFeed = `INSERT INTO bench_plain.feed (scope, rev, seq, batch_end, purged)
		SELECT scope, last_rev, last_rev, last_rev, false FROM bench_plain.scopes WHERE scope = $1`
	sqlTurn = `INSERT INTO bench_plain.turns (scope, line, rev, seq)
		SELECT scope, $2, last_rev, last_rev FROM bench_plain.scopes WHERE scope = $1`
)

func (h *hand) create(ctx context.Context, scope int, p *people.Person) error {
	var b pgx.Batch
	id := theScope + int64(scope)
	now := time.Now().UTC().Truncate(time.Millisecond)
	b.Queue(sqlRevision, id)
	b.Queue(sqlClaim, id, p.Digits())
	b.Queue(sqlContact, id, newID(), sortName(p), p.First, p.Last, p.Number(), now, people.Author, record(p, now))
	b.Queue(sqlWords, id, searchWords(p))
	b.Queue(sqlFeed, id)
	b.Queue(sqlTurn, id, p.Digits())
	err := h.pool.SendBatch(ctx, &b).Close()
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" && strings.HasPrefix(pg.ConstraintName, "claims") {
		holder, lookErr := h.lookup(ctx, p.Number())
		return errors.Join(fmt.Errorf("the number belongs to %s", holder.name), lookErr)
	}
	return err
}

// load copies the rows into one table after the other, in one transaction.
func (h *hand) load(ctx context.Context, list []people.Person) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE bench_plain.scopes SET last_rev = $2, active = $2 WHERE scope = $1`, theScope, len(list)); err != nil {
			return err
		}
		for _, t := range []struct {
			table   string
			columns []string
			row     func(seq int64, p *people.Person) []any
		}{
			{"contacts", []string{"scope", "seq", "rev", "id", "status", "sort", "first_name", "last_name", "cell_phone",
				"created_at", "created_by", "updated_at", "updated_by", "record"}, func(seq int64, p *people.Person) []any {
				return []any{theScope, seq, seq, newID(), "active", sortName(p), p.First, p.Last, p.Number(), now, people.Author, now, people.Author, record(p, now)}
			}},
			{"claims", []string{"domain", "line", "slot", "scope", "seq"}, func(seq int64, p *people.Person) []any {
				return []any{theScope, p.Digits(), int32(0), theScope, seq}
			}},
			{"feed", []string{"scope", "rev", "seq", "batch_end", "purged"}, func(seq int64, p *people.Person) []any {
				return []any{theScope, seq, seq, seq, false}
			}},
			{"turns", []string{"scope", "line", "rev", "seq"}, func(seq int64, p *people.Person) []any {
				return []any{theScope, p.Digits(), seq, seq}
			}},
		} {
			i := 0
			rows := pgx.CopyFromFunc(func() ([]any, error) {
				if i == len(list) {
					return nil, nil
				}
				i++
				return t.row(int64(i), &list[i-1]), nil
			})
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{"bench_plain", t.table}, t.columns, rows); err != nil {
				return err
			}
		}
		return copyWords(ctx, tx, list)
	})
}

// copyWords copies the rows of table words, several a person.
func copyWords(ctx context.Context, tx pgx.Tx, list []people.Person) error {
	i, words := 0, []string(nil)
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		for len(words) == 0 {
			if i == len(list) {
				return nil, nil
			}
			words = searchWords(&list[i])
			i++
		}
		word := words[0]
		words = words[1:]
		return []any{theScope, word, int64(i), int16(1)}, nil
	})
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"bench_plain", "words"}, []string{"scope", "word", "seq", "fields"}, rows)
	return err
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// searchWords returns the words by which the book by hand finds a person, each
// once.
func searchWords(p *people.Person) []string {
	words := strings.Fields(strings.ToLower(p.Full()))
	if len(words) == 2 && words[0] == words[1] {
		words = words[:1]
	}
	return words
}

// sortName returns what the book by hand orders people by.
func sortName(p *people.Person) []byte { return []byte(strings.ToLower(p.Full())) }

// record is what has no column: a compact binary record of the whole contact.
func record(p *people.Person, now time.Time) []byte {
	b := binary.AppendVarint(nil, now.UnixMilli())
	for _, s := range []string{p.First, p.Last, p.Salutation, p.Code, p.National, "+", people.Author} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}
