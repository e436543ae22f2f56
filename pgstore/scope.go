package pgstore

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
)

// scopeInfo is what of a scope seldom changes.
type scopeInfo struct {
	id     int64 // column scope of all tables
	domain int64 // column domain of claims: id, or the row of the account

	// What cursors are sealed with; RenewEpochs changes it, and it is missing
	// in a scope that this Store has made.
	epoch  string
	secret []byte

	letters string // column letters as it was; more may have come
}

// scopeCache remembers scopes that are committed.
type scopeCache struct {
	mu    sync.RWMutex
	infos map[contacts.Scope]*scopeInfo
}

// maxCached bounds the scopes that a cache remembers.
const maxCached = 1 << 14

func (c *scopeCache) get(scope contacts.Scope) *scopeInfo {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.infos[scope]
}

func (c *scopeCache) put(scope contacts.Scope, info *scopeInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.infos == nil || len(c.infos) >= maxCached {
		c.infos = make(map[contacts.Scope]*scopeInfo)
	}
	c.infos[scope] = info
}

// drop forgets a scope, unless something newer is known of it.
func (c *scopeCache) drop(scope contacts.Scope, info *scopeInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.infos[scope] == info {
		delete(c.infos, scope)
	}
}

// vanished is the error for a scope that is not where it was known to be: the
// database was set back to before it, and it may have come again. The next try
// looks anew.
func (s *Store) vanished(scope contacts.Scope, info *scopeInfo) error {
	s.scopes.drop(scope, info)
	return errVanished
}

// find returns what is known of a scope, nil where it does not exist.
func (s *Store) find(ctx context.Context, scope contacts.Scope) (*scopeInfo, error) {
	if info := s.scopes.get(scope); info != nil {
		return info, nil
	}
	if prepare.Scope(scope) != nil || !storable(scope.Account) || !storable(scope.Stream) {
		return nil, nil // none has such a name
	}
	var info scopeInfo
	err := s.pool.QueryRow(ctx, s.sql(`SELECT s.scope, s.domain, s.epoch, s.secret, s.letters FROM {directory} d JOIN {scopes} s ON s.scope = d.scope
		WHERE d.account = $1 AND d.stream = $2`), scope.Account, scope.Stream).Scan(
		&info.id, &info.domain, &info.epoch, &info.secret, &info.letters)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.scopes.put(scope, &info)
	return &info, nil
}
