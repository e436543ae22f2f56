package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/pgstore"
)

// hand is the book by hand: the library's SQL, sent by plain pgx, prepared, in as
// few round trips. It takes numbers as they come, folds names by strings.ToLower,
// and has no rules, no idempotency, no retries and nobody who looks at what became
// of a commit whose outcome is unknown.
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

// One create is two round trips, as it is for the library and for whoever wants to
// know the revision, name the holder of a number without a transaction that failed,
// and refuse what was made under other rules: one locks the row of the scope and
// reads, the other writes and commits.
const (
	sqlState = `SELECT last_rev, active, epoch, index_generation, index_fingerprint, letters, set_config('idle_in_transaction_session_timeout', '30000', true)
		FROM bench_plain.scopes WHERE scope = $1 FOR UPDATE`
	sqlSameID  = `SELECT rev FROM bench_plain.contacts WHERE scope = $1 AND id = $2`
	sqlHolders = `SELECT c.id, c.first_name, c.last_name FROM bench_plain.claims k JOIN bench_plain.contacts c ON c.scope = k.scope AND c.seq = k.seq
		WHERE k.domain = $1 AND k.line = $2`
	sqlContact = `INSERT INTO bench_plain.contacts (scope, seq, rev, id, status, sort, first_name, last_name, cell_phone,
			created_at, created_by, updated_at, updated_by, record)
		VALUES ($1, $2, $2, $3, 'active', $4, $5, $6, $7, $8, $9, $8, $9, $10)`
	sqlClaim = `INSERT INTO bench_plain.claims (domain, line, slot, scope, seq) VALUES ($1, $2, 0, $1, $3)`
	sqlWords = `INSERT INTO bench_plain.words (scope, word, seq, fields) SELECT $1, w, $3, 1 FROM unnest($2::text[]) w`
	sqlTurn  = `INSERT INTO bench_plain.turns (scope, line, rev, seq) VALUES ($1, $2, $3, $3)`
	sqlFeed  = `INSERT INTO bench_plain.feed (scope, rev, seq, batch_end, purged, token) VALUES ($1, $2, $2, $2, false, $3)`
	sqlCount = `UPDATE bench_plain.scopes SET last_rev = $2, active = $3 WHERE scope = $1`
)

func (h *hand) create(ctx context.Context, scope int, p *people.Person) error {
	conn, err := h.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	err = h.createOn(ctx, conn, theScope+int64(scope), p)
	if conn.Conn().PgConn().TxStatus() != 'I' {
		_, back := conn.Exec(ctx, "ROLLBACK")
		err = errors.Join(err, back)
	}
	return err
}

func (h *hand) createOn(ctx context.Context, conn *pgxpool.Conn, scope int64, p *people.Person) error {
	var last, active, generation, fingerprint int64
	var epoch, letters, holder string
	id := newID()
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue(sqlState, scope).QueryRow(func(row pgx.Row) error {
		return row.Scan(&last, &active, &epoch, &generation, &fingerprint, &letters, nil)
	})
	b.Queue(sqlSameID, scope, id).Query(func(rows pgx.Rows) error {
		if rows.Next() {
			return errors.New("the id is taken")
		}
		return rows.Err()
	})
	b.Queue(sqlHolders, scope, p.Digits()).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var first, last *string
			if err := rows.Scan(&id, &first, &last); err != nil {
				return err
			}
			holder = id
		}
		return rows.Err()
	})
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	switch {
	case holder != "":
		return fmt.Errorf("the number belongs to %s", holder)
	case generation != 1 || fingerprint != 1:
		return errors.New("the book is of other rules")
	}
	token := make([]byte, 16) // finds the commit again
	rand.Read(token)
	now := time.Now().UTC().Truncate(time.Millisecond)
	last++
	b = pgx.Batch{}
	b.Queue(sqlContact, scope, last, id, sortName(p), p.First, p.Last, p.Number(), now, people.Author, record(p, now))
	b.Queue(sqlClaim, scope, p.Digits(), last)
	b.Queue(sqlWords, scope, searchWords(p), last)
	b.Queue(sqlTurn, scope, p.Digits(), last)
	b.Queue(sqlFeed, scope, last, token)
	b.Queue(sqlCount, scope, last, active+1)
	b.Queue("COMMIT")
	return conn.SendBatch(ctx, &b).Close()
}

// blind is hand, but that it creates in one round trip: nothing is read, the
// revision is not known, and a number that is taken is an error of the
// database. The library has no such way.
type blind struct{ *hand }

const (
	blindRevision = `UPDATE bench_plain.scopes SET last_rev = last_rev + 1, active = active + 1 WHERE scope = $1`
	blindClaim    = `INSERT INTO bench_plain.claims (domain, line, slot, scope, seq)
		SELECT scope, $2, 0, scope, last_rev FROM bench_plain.scopes WHERE scope = $1`
	blindContact = `INSERT INTO bench_plain.contacts (scope, seq, rev, id, status, sort, first_name, last_name, cell_phone,
			created_at, created_by, updated_at, updated_by, record)
		SELECT scope, last_rev, last_rev, $2, 'active', $3, $4, $5, $6, $7, $8, $7, $8, $9 FROM bench_plain.scopes WHERE scope = $1`
	blindWords = `INSERT INTO bench_plain.words (scope, word, seq, fields)
		SELECT scope, w, last_rev, 1 FROM bench_plain.scopes, unnest($2::text[]) w WHERE scope = $1`
	blindFeed = `INSERT INTO bench_plain.feed (scope, rev, seq, batch_end, purged)
		SELECT scope, last_rev, last_rev, last_rev, false FROM bench_plain.scopes WHERE scope = $1`
	blindTurn = `INSERT INTO bench_plain.turns (scope, line, rev, seq)
		SELECT scope, $2, last_rev, last_rev FROM bench_plain.scopes WHERE scope = $1`
)

func (h blind) create(ctx context.Context, scope int, p *people.Person) error {
	var b pgx.Batch
	id := theScope + int64(scope)
	now := time.Now().UTC().Truncate(time.Millisecond)
	b.Queue(blindRevision, id)
	b.Queue(blindClaim, id, p.Digits())
	b.Queue(blindContact, id, newID(), sortName(p), p.First, p.Last, p.Number(), now, people.Author, record(p, now))
	b.Queue(blindWords, id, searchWords(p))
	b.Queue(blindFeed, id)
	b.Queue(blindTurn, id, p.Digits())
	return h.pool.SendBatch(ctx, &b).Close()
}

// load copies the rows into one table after the other, in one transaction, and has
// the database count them, as the library does.
func (h *hand) load(ctx context.Context, list []people.Person) error {
	now := time.Now().UTC().Truncate(time.Millisecond)
	err := pgx.BeginFunc(ctx, h.pool, func(tx pgx.Tx) error {
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
	if err != nil {
		return err
	}
	_, err = h.pool.Exec(ctx, `ANALYZE bench_plain.contacts, bench_plain.claims, bench_plain.feed, bench_plain.turns, bench_plain.words`)
	return err
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
