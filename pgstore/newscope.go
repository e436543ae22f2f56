package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
)

// newScopeID returns an id for a scope. They are random, so that no sequence is
// shared.
func newScopeID() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:])>>1 | 1)
}

// newEpoch returns an epoch and what seals the cursors of a scope.
func newEpoch() (epoch string, secret []byte) {
	secret = make([]byte, 32)
	rand.Read(secret)
	var b [10]byte
	rand.Read(b[:])
	return strings.ToLower(base32.HexEncoding.EncodeToString(b[:])), secret
}

// accountInfo is how the numbers of an account are unique.
type accountInfo struct {
	uniqueBy contacts.UniqueBy
	domain   int64 // the row of scopes of the account, 0 where they are unique by stream
}

// account returns what is fixed for an account, which it makes if it is not
// there. Another measure than the account's is contacts.ErrUniqueBy.
func (s *Store) account(ctx context.Context, tx pgx.Tx, account string, by contacts.UniqueBy) (accountInfo, error) {
	a, err := s.findAccount(ctx, tx, account)
	if errors.Is(err, pgx.ErrNoRows) {
		if err = s.insertAccount(ctx, tx, account, by); err == nil {
			a, err = s.findAccount(ctx, tx, account) // somebody may have been faster
		}
	}
	if err != nil {
		return a, err
	}
	return a, a.judge(by)
}

// judge refuses another measure than the account's.
func (a accountInfo) judge(by contacts.UniqueBy) error {
	if by != contacts.UniqueByDefault && by != a.uniqueBy {
		return fmt.Errorf("%s: %w", name, contacts.ErrUniqueBy)
	}
	return nil
}

// querier is a transaction, or the pool.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const sqlAccount = `SELECT unique_by, domain FROM {accounts} WHERE account = $1`

// findAccount returns what is fixed for an account, or pgx.ErrNoRows.
func (s *Store) findAccount(ctx context.Context, q querier, account string) (accountInfo, error) {
	var a accountInfo
	var by string
	err := q.QueryRow(ctx, s.sql(sqlAccount), account).Scan(&by, &a.domain)
	a.uniqueBy = uniqueByOf(by)
	return a, err
}

// uniqueByOf reads what a column unique_by says.
func uniqueByOf(text string) contacts.UniqueBy {
	if text == contacts.UniqueByAccount.String() {
		return contacts.UniqueByAccount
	}
	return contacts.UniqueByStream
}

const sqlInsertAccount = `INSERT INTO {accounts} (account, unique_by, domain) VALUES ($1, $2, $3) ON CONFLICT (account) DO NOTHING`

func (s *Store) insertAccount(ctx context.Context, tx pgx.Tx, account string, by contacts.UniqueBy) error {
	a := accountInfo{uniqueBy: by}
	if by == contacts.UniqueByDefault {
		a.uniqueBy = contacts.UniqueByStream
	}
	if a.uniqueBy == contacts.UniqueByAccount {
		a.domain = newScopeID()
	}
	tag, err := tx.Exec(ctx, s.sql(sqlInsertAccount), account, a.uniqueBy.String(), a.domain)
	if err != nil || tag.RowsAffected() == 0 || a.domain == 0 {
		return err
	}
	n := newScope{id: a.domain, domain: a.domain, account: account, uniqueBy: a.uniqueBy}
	return s.insertRow(ctx, tx, &n)
}

const sqlLockScope = `SELECT scope FROM {scopes} WHERE scope = $1 FOR UPDATE`

// lockAccount has all other writers to an account wait until the transaction
// ends, where numbers are unique within it. It comes before the lock of a scope.
func (s *Store) lockAccount(ctx context.Context, tx pgx.Tx, a accountInfo) error {
	if a.domain == 0 {
		return nil
	}
	var id int64
	return tx.QueryRow(ctx, s.sql(sqlLockScope), a.domain).Scan(&id)
}

// newScope is a scope that comes into being: its row, with no contacts yet.
type newScope struct {
	id, domain int64
	account    string
	stream     *string // nil for the row of an account
	uniqueBy   contacts.UniqueBy
	epoch      string // set by insertRow
	index      contacts.IndexVersion
	settings   []byte
}

const sqlInsertDirectory = `INSERT INTO {directory} (account, stream, scope) VALUES ($1, $2, $3)`

// insertScope makes a scope of an account, under a new id. Where somebody was
// faster the error is a unique_violation, which passes.
func (s *Store) insertScope(ctx context.Context, tx pgx.Tx, scope contacts.Scope, a accountInfo, index contacts.IndexVersion, settings []byte) (*newScope, error) {
	n := &newScope{id: newScopeID(), domain: a.domain, account: scope.Account, stream: &scope.Stream,
		uniqueBy: a.uniqueBy, index: index, settings: settings}
	if n.domain == 0 {
		n.domain = n.id
	}
	if _, err := tx.Exec(ctx, s.sql(sqlInsertDirectory), scope.Account, scope.Stream, n.id); err != nil {
		return nil, err
	}
	return n, s.insertRow(ctx, tx, n)
}

const sqlInsertScope = `INSERT INTO {scopes} (scope, domain, account, stream, unique_by, epoch, secret, first_rev, last_rev,
	active, inactive, merged, duplicates, index_generation, index_fingerprint, reindexing, letters, settings)
	VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, $8, $9, false, '', $10)`

func (s *Store) insertRow(ctx context.Context, tx pgx.Tx, n *newScope) error {
	var secret []byte
	n.epoch, secret = newEpoch()
	_, err := tx.Exec(ctx, s.sql(sqlInsertScope), n.id, n.domain, n.account, n.stream, n.uniqueBy.String(), n.epoch, secret,
		int64(n.index.Generation), int64(n.index.Fingerprint), n.settings)
	return err
}
