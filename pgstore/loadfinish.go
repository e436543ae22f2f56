package pgstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
)

// finish judges the records and copies all rows. Where the outcome of a commit is
// not known the next try finds out: it waits for the locks of the one before, and
// then finds its events or not.
func (l *loader) finish(ctx context.Context) error {
	err := l.s.try(ctx, func() error {
		tx, err := l.s.pool.Begin(ctx)
		if err != nil {
			return err
		}
		defer func() { // what fails ends the connection, and with it the transaction
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
			defer cancel()
			_ = tx.Rollback(ending)
		}()
		if done, err := l.write(ctx, tx); err != nil || done {
			return err
		}
		// Once it has begun it is carried out, whatever the caller's context does.
		committing, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadCommitTime)
		defer cancel()
		err = tx.Commit(committing)
		l.doubt = err != nil && (lost(err) || committing.Err() != nil)
		return err
	})
	if err != nil && l.doubt {
		return fmt.Errorf("%w: %w", err, contacts.ErrCommitUnknown)
	}
	return err
}

// loadCommitTime is how long a load waits for its commit.
const loadCommitTime = time.Minute

// write does all but the commit. Done says that an earlier try was committed.
func (l *loader) write(ctx context.Context, tx pgx.Tx) (done bool, err error) {
	a, err := l.s.account(ctx, tx, l.scope.Account, l.loading.Head.UniqueBy)
	if err != nil {
		return false, err
	}
	if err := l.s.lockAccount(ctx, tx, a); err != nil {
		return false, err
	}
	if done, err = l.lockScope(ctx, tx, a); err != nil || done {
		return done, err
	}
	l.doubt = false
	taken, err := l.judge(ctx, tx)
	if err != nil {
		return false, err
	}
	defer func() { _ = taken.Close() }()
	for _, table := range l.tables(taken) {
		if err := copyRows(ctx, tx, l.s.sql(table.sql), l.watched(ctx, table.rows)); err != nil {
			return false, l.s.usedTwice(err)
		}
	}
	return false, l.updateScope(ctx, tx)
}

// usedTwice is the error where two records have one id. Positions and revisions
// were looked at before. (Citus says which shard of the index it was, in its name.)
func (s *Store) usedTwice(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == stateUnique && strings.HasPrefix(pg.ConstraintName, s.o.Prefix+"contacts_id") {
		return fmt.Errorf("an id is used twice: %w", contacts.ErrInvalid)
	}
	return err
}

// Two statements, as Citus locks rows only by their distribution column.
const (
	sqlLoadID    = `SELECT scope FROM {directory} WHERE account = $1 AND stream = $2`
	sqlLoadScope = `SELECT domain, epoch, last_rev FROM {scopes} WHERE scope = $1 FOR UPDATE`
)

// lockScope locks the row of the scope, which it makes if it is not there.
func (l *loader) lockScope(ctx context.Context, tx pgx.Tx, a accountInfo) (done bool, err error) {
	var last int64
	if err = tx.QueryRow(ctx, l.s.sql(sqlLoadID), l.scope.Account, l.scope.Stream).Scan(&l.info.id); err == nil {
		err = tx.QueryRow(ctx, l.s.sql(sqlLoadScope), l.info.id).Scan(&l.info.domain, &l.epoch, &last)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		n, err := l.s.insertScope(ctx, tx, l.scope, a, l.loading.Head.Index, l.loading.Head.Settings)
		if err != nil {
			return false, err
		}
		l.info, l.epoch = scopeInfo{id: n.id, domain: n.domain}, n.epoch
		return false, nil
	case err != nil || last == 0:
		return false, err
	case l.doubt:
		if done, err = l.committed(ctx, tx, last); err != nil || done {
			return done, err
		}
	}
	return false, contacts.ErrNotEmpty
}

const sqlCommitted = `SELECT count(*) FROM {feed} WHERE scope = $1 AND rev = $2 AND token = $3`

// committed reports whether the events of a scope are those of this load.
func (l *loader) committed(ctx context.Context, tx pgx.Tx, last int64) (bool, error) {
	if l.first == 0 {
		return uint64(last) == l.loading.Last, nil
	}
	var n int64
	err := tx.QueryRow(ctx, l.s.sql(sqlCommitted), l.info.id, int64(l.first), l.token).Scan(&n)
	return n > 0, err
}

const (
	sqlUpdateLoaded = `UPDATE {scopes} SET first_rev = $2, last_rev = $3, active = $4, inactive = $5, merged = $6, duplicates = $7,
	index_generation = $8, index_fingerprint = $9, reindexing = false, letters = $10, settings = coalesce($11, settings) WHERE scope = $1`
	sqlForgetOps = `DELETE FROM {ops} WHERE scope = $1`
)

// updateScope writes the state of the scope. Answers to ops that wrote nothing,
// from before, go.
func (l *loader) updateScope(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, l.s.sql(sqlForgetOps), l.info.id); err != nil {
		return err
	}
	letters := make([]rune, 0, len(l.letters))
	for c := range l.letters {
		letters = append(letters, c)
	}
	slices.Sort(letters)
	h := &l.loading.Head
	_, err := tx.Exec(ctx, l.s.sql(sqlUpdateLoaded), l.info.id, int64(h.First), int64(l.loading.Last),
		l.contacts[0], l.contacts[1], l.contacts[2], l.duplicates,
		int64(h.Index.Generation), int64(h.Index.Fingerprint), string(letters), h.Settings)
	return err
}

// loadTable is a table and the rows that it gets.
type loadTable struct {
	sql  string
	rows iter.Seq2[tuple, error]
}

func (l *loader) tables(taken *extsort.Sorter) []loadTable {
	return []loadTable{
		{`COPY {contacts} (scope, seq, rev, id, status, sort, first_name, last_name, organization, cell_phone, emails,
			created_at, created_by, updated_at, updated_by, record) FROM STDIN BINARY`,
			l.rows(pileContacts, 16, func(t *tuple, e extsort.Entry) { *t = append(*t, e.Value...) })},
		{`COPY {claims} (domain, line, slot, scope, seq) FROM STDIN BINARY`, l.claimRows(taken)},
		{`COPY {shared} (scope, line, seq) FROM STDIN BINARY`, l.rows(pileShared, 3, func(t *tuple, e extsort.Entry) {
			line, seq := cutKey(e.Key)
			t.bytes(line)
			t.bigint(int64(seq))
		})},
		{`COPY {words} (scope, word, seq, fields) FROM STDIN BINARY`, l.rows(pileWords, 4, func(t *tuple, e extsort.Entry) {
			word, seq := cutKey(e.Key)
			t.bytes(word)
			t.bigint(int64(seq))
			t.smallint(int16(e.Value[0]))
		})},
		{`COPY {feed} (scope, rev, seq, batch_end, purged, token) FROM STDIN BINARY`, l.rows(pileFeed, 6, l.feedRow)},
		{`COPY {history} (scope, seq, rev, record) FROM STDIN BINARY`, l.rows(pileHistory, 4, func(t *tuple, e extsort.Entry) {
			t.bytes(e.Key[:8])
			t.bytes(e.Key[8:])
			t.bytes(e.Value)
		})},
		{`COPY {turns} (scope, line, rev, seq) FROM STDIN BINARY`, l.rows(pileTurns, 4, func(t *tuple, e extsort.Entry) {
			line, rev := cutKey(e.Key)
			seq, _ := binary.Uvarint(e.Value)
			t.bytes(line)
			t.bigint(int64(rev))
			t.bigint(int64(seq))
		})},
	}
}

// rows yields the rows of a pile: the scope, and what rest appends.
func (l *loader) rows(pile, columns int, rest func(*tuple, extsort.Entry)) iter.Seq2[tuple, error] {
	return func(yield func(tuple, error) bool) {
		t := &l.row
		for e, err := range l.piles[pile].Sorted() {
			if err == nil {
				t.row(columns)
				t.bigint(l.info.id)
				rest(t, e)
			}
			if !yield(*t, err) {
				return
			}
		}
	}
}

func (l *loader) feedRow(t *tuple, e extsort.Entry) {
	rev := binary.BigEndian.Uint64(e.Key)
	seq, n := binary.Uvarint(e.Value)
	more, m := binary.Uvarint(e.Value[n:])
	t.bytes(e.Key)
	t.bigint(int64(seq))
	t.bigint(int64(rev + more))
	t.boolean(len(e.Value) > n+m)
	if rev == l.first {
		t.bytes(l.token)
	} else {
		t.null()
	}
}

// watched is rows, until the load is to end.
func (l *loader) watched(ctx context.Context, rows iter.Seq2[tuple, error]) iter.Seq2[tuple, error] {
	return func(yield func(tuple, error) bool) {
		n := 0
		for t, err := range rows {
			if n++; err == nil && n%4096 == 0 {
				err = l.goOn(ctx)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
