package kvstore

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// scopeCache remembers what of scopes never changes, and the version of their
// indexes: the cache is emptied when one changes. It holds only what is
// committed.
type scopeCache struct {
	mu    sync.RWMutex
	infos map[contacts.Scope]*scopeInfo
	index map[contacts.Scope]indexState
	doubt bool   // the version of an index is about to change: nothing is known of them
	age   uint64 // grows whenever the cache is emptied
}

// maxCached bounds the scopes that a cache remembers.
const maxCached = 1 << 14

func (c *scopeCache) get(scope contacts.Scope) (info *scopeInfo, age uint64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.infos[scope], c.age
}

// now returns the age of the cache.
func (c *scopeCache) now() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.age
}

// put remembers info, unless the cache was emptied since that age.
func (c *scopeCache) put(scope contacts.Scope, info *scopeInfo, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age {
		return
	}
	if c.infos == nil || len(c.infos) >= maxCached {
		c.infos = make(map[contacts.Scope]*scopeInfo)
	}
	c.infos[scope] = info
}

// getIndex returns what a scope was indexed by at that age.
func (c *scopeCache) getIndex(scope contacts.Scope, age uint64) (v indexState, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.age != age || c.doubt {
		return v, false
	}
	v, ok = c.index[scope]
	return v, ok
}

// putIndex remembers v, unless the cache was emptied since that age.
func (c *scopeCache) putIndex(scope contacts.Scope, v indexState, age uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.age != age || c.doubt {
		return
	}
	if c.index == nil || len(c.index) >= maxCached {
		c.index = make(map[contacts.Scope]indexState)
	}
	c.index[scope] = v
}

// doubtIndex has nothing known of versions until drop.
func (c *scopeCache) doubtIndex() {
	c.mu.Lock()
	c.doubt = true
	c.mu.Unlock()
}

// drop empties the cache.
func (c *scopeCache) drop() {
	c.mu.Lock()
	c.infos, c.index, c.doubt = nil, nil, false
	c.age++
	c.mu.Unlock()
}

// find returns what is known of a scope, nil where it does not exist.
func (s *Store) find(v view, scope contacts.Scope) (*scopeInfo, error) {
	info, age := s.scopes.get(scope)
	if info != nil && age == v.age {
		return info, nil
	}
	sn := v.Snapshot
	id, ok, err := s.scopeID(sn, scope)
	if err != nil || !ok {
		return nil, err
	}
	c, _, err := s.readConstants(sn, id)
	if err != nil {
		return nil, err
	}
	if c.scope != scope {
		return nil, s.damaged(tableMeta, id, 0, "a scope of another name")
	}
	s.scopes.put(scope, &c.info, v.age)
	return &c.info, nil
}

// indexState is what a scope is indexed by.
type indexState struct {
	version    contacts.IndexVersion
	reindexing bool
}

// indexState returns what a scope that exists is indexed by.
func (s *Store) indexState(v view, scope contacts.Scope, id uint64) (indexState, error) {
	if index, ok := s.scopes.getIndex(scope, v.age); ok {
		return index, nil
	}
	body, ok, err := s.getMeta(v.Snapshot, scopeMetaKey(nil, metaState, id), id)
	if err != nil || !ok {
		return indexState{}, err
	}
	index, ok := indexOf(body)
	if !ok {
		return index, s.damaged(tableMeta, id, 0, "the state of the scope")
	}
	s.scopes.putIndex(scope, index, v.age)
	return index, nil
}

// scopeID looks a scope up in the registry.
func (s *Store) scopeID(sn Snapshot, scope contacts.Scope) (id uint64, ok bool, err error) {
	if prepare.Scope(scope) != nil {
		return 0, false, nil // nothing could have been stored there
	}
	v, ok, err := sn.Get(registryKey(nil, scope))
	if err != nil || !ok {
		return 0, false, err
	}
	if id, ok = takeLastOrd(v); !ok {
		return 0, false, s.damaged(tableScope, 0, 0, "no short id")
	}
	return id, true, nil
}

// readHeader reads the header. Where there is nothing at all, it is that of a
// new store.
func (s *Store) readHeader(sn Snapshot) (header, error) {
	h := header{version: formatVersion, next: 1}
	body, ok, err := s.getMeta(sn, headerKey(nil), 0)
	if err != nil {
		return h, err
	}
	if !ok {
		empty := true
		if err := sn.Scan(nil, nil, false, func(_, _ []byte) bool { empty = false; return false }); err != nil {
			return h, err
		}
		if !empty {
			return h, s.damaged(tableMeta, 0, 0, "the header is missing")
		}
		return h, nil
	}
	h = header{}
	if err := h.judge(body); err != nil {
		return h, fmt.Errorf("%s: %w", s.name, err)
	}
	return h, nil
}

// getMeta reads and verifies an entry of tableMeta.
func (s *Store) getMeta(sn Snapshot, key []byte, scope uint64) (body []byte, ok bool, err error) {
	v, ok, err := sn.Get(key)
	if err != nil || !ok {
		return nil, false, err
	}
	if body, ok = unseal(key, v); !ok {
		return nil, false, s.damaged(tableMeta, scope, 0, fmt.Sprintf("checksum of entry %q", key[1]))
	}
	return body, true, nil
}

// readConstants reads the constants of a scope that exists, and returns their
// checksum too.
func (s *Store) readConstants(sn Snapshot, id uint64) (constants, uint32, error) {
	var c constants
	key := scopeMetaKey(nil, metaConst, id)
	v, ok, err := sn.Get(key)
	if err != nil {
		return c, 0, err
	}
	if ok {
		if body, sound := unseal(key, v); sound && c.decode(id, body) {
			return c, sealedCRC(v), nil
		}
	}
	return c, 0, s.damaged(tableMeta, id, 0, "the constants of the scope")
}

// readState reads the state of a scope. It is not there where a load has put
// another in the place of an empty scope.
func (s *Store) readState(sn Snapshot, id uint64, st *state) (ok bool, err error) {
	body, ok, err := s.getMeta(sn, scopeMetaKey(nil, metaState, id), id)
	if err != nil || !ok {
		return false, err
	}
	if !st.decode(body) {
		return false, s.damaged(tableMeta, id, 0, "the state of the scope")
	}
	return true, nil
}

// newInfo makes what of a new scope never changes.
func newInfo(id, domain uint64, by contacts.UniqueBy) scopeInfo {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	var epoch [10]byte
	rand.Read(epoch[:])
	return scopeInfo{
		id: id, domain: domain, uniqueBy: by, secret: secret,
		epoch: strings.ToLower(base32.HexEncoding.EncodeToString(epoch[:])),
	}
}

// Stat implements contacts.Store.
func (s *Store) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	var out contacts.Stat
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		id, ok, err := s.scopeID(sn, scope)
		if err != nil || !ok {
			return err
		}
		c, crc, err := s.readConstants(sn, id)
		if err != nil {
			return err
		}
		var st state
		if ok, err = s.readState(sn, id, &st); err != nil {
			return err
		}
		if !ok || st.constCRC != crc || c.scope != scope {
			return s.damaged(tableMeta, id, 0, "state and constants of the scope")
		}
		out = contacts.Stat{
			Epoch: c.info.epoch, First: st.first, Last: st.last,
			Active: st.contacts[record.StatusActive], Inactive: st.contacts[record.StatusInactive], Merged: st.contacts[record.StatusMerged],
			Duplicates: st.duplicates,
			Index:      st.index, Reindexing: st.reindexing,
			UniqueBy: c.info.uniqueBy, Settings: c.settings,
		}
		return nil
	})
	return out, err
}

// Superseded returns how many superseded states of contacts a scope has, for
// their history.
func (s *Store) Superseded(ctx context.Context, scope contacts.Scope) (n uint64, err error) {
	err = s.view(ctx, func(v view) error {
		id, ok, err := s.scopeID(v.Snapshot, scope)
		if err != nil || !ok {
			return err
		}
		var st state
		_, err = s.readState(v.Snapshot, id, &st)
		n = st.tally(tablePast).count
		return err
	})
	return n, err
}

// Scopes implements contacts.Store.
func (s *Store) Scopes(ctx context.Context, from contacts.Scope, limit int) ([]contacts.Scope, error) {
	limit = prepare.Limit(limit)
	var out []contacts.Scope
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		ok := true
		err := sn.Scan(registryKey(nil, from), []byte{tableScope + 1}, false, func(key, _ []byte) bool {
			var scope contacts.Scope
			if scope, ok = parseRegistryKey(key); ok {
				out = append(out, scope)
			}
			return ok && len(out) < limit
		})
		if err == nil && !ok {
			err = s.damaged(tableScope, 0, 0, "a name that cannot be read")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
