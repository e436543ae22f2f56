package kvstore

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/callerbook/contacts/internal/record"
	"google.golang.org/protobuf/encoding/protowire"
)

// A load writes under a short id that no scope has until its last commit. A
// marker in tableMeta, written before all else, says that the id is not in use:
// so what a load left that did not end is found, and removed under the same
// marker.

// loadMark is a marker. The domain is 0 as long as there are no lines.
type loadMark struct{ id, domain uint64 }

func (m loadMark) encode() []byte {
	b := make([]byte, crcLen, 16)
	return record.AppendVarint(b, 1, m.domain)
}

func (m *loadMark) decode(body []byte) bool {
	f := record.FieldsOf(body)
	for f.Next() {
		if f.Num == 1 && f.Typ == protowire.VarintType {
			m.domain = f.N
		}
	}
	return !f.Bad
}

// rubbish has the markers of loads that did not end and are not under way.
type rubbish struct {
	some  atomic.Bool
	mu    sync.Mutex
	marks []loadMark
}

func (r *rubbish) add(m loadMark) {
	r.mu.Lock()
	r.marks = append(r.marks, m)
	r.mu.Unlock()
	r.some.Store(true)
}

// first returns a marker, or ok false.
func (r *rubbish) first() (m loadMark, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.marks) == 0 {
		r.some.Store(false)
		return m, false
	}
	return r.marks[0], true
}

func (r *rubbish) drop(m loadMark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, x := range r.marks {
		if x.id == m.id {
			r.marks = append(r.marks[:i:i], r.marks[i+1:]...)
			return
		}
	}
}

// marks returns all markers in the store.
func (s *Store) marks(sn Snapshot) ([]loadMark, error) {
	var list []loadMark
	sound := true
	prefix := []byte{tableMeta, metaLoad}
	err := sn.Scan(prefix, prefixEnd(nil, prefix), false, func(key, value []byte) bool {
		var m loadMark
		var ok bool
		m.id, ok = takeLastOrd(key[len(prefix):])
		body, good := unseal(key, value)
		sound = ok && good && m.decode(body)
		list = append(list, m)
		return sound
	})
	if err == nil && !sound {
		err = s.damaged(tableMeta, 0, 0, "a marker of a load")
	}
	return list, err
}

// findRubbish looks for loads that were cut off with an earlier process.
func (s *Store) findRubbish(sn Snapshot) error {
	list, err := s.marks(sn)
	for _, m := range list {
		s.rubbish.add(m)
	}
	return err
}

// removeRubbish removes what loads left that did not end. Where there is
// nothing of the kind it returns at once.
func (s *Store) removeRubbish(ctx context.Context) error {
	if !s.rubbish.some.Load() {
		return nil
	}
	for {
		m, ok := s.rubbish.first()
		if !ok {
			return nil
		}
		if err := s.removeLoad(ctx, m); err != nil {
			return err
		}
		s.rubbish.drop(m)
	}
}

// removeLoad removes all entries of a load, a part at a time, and its marker
// in the end. It may be called twice at once.
func (s *Store) removeLoad(ctx context.Context, m loadMark) error {
	for done := false; !done; {
		err := s.exclusive(ctx, func() (err error) {
			done, err = s.removePart(m)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removePart makes one commit of removeLoad.
func (s *Store) removePart(m loadMark) (done bool, err error) {
	var b builder
	n := 0
	err = s.snapshot(func(v view) error {
		sn := v.Snapshot
		marker := scopeMetaKey(nil, metaLoad, m.id)
		if _, ok, err := sn.Get(marker); err != nil || !ok {
			done = true // somebody else was faster
			return err
		}
		for i := range scopeTables {
			domain := m.id
			if scopeTables[i] == tableLine && m.domain != 0 {
				domain = m.domain
			}
			prefix := appendTable(nil, scopeTables[i], domain)
			err := sn.Scan(prefix, prefixEnd(nil, prefix), false, func(key, _ []byte) bool {
				if domain != m.id && !lineOfScope(key[len(prefix):], m.id) {
					return true
				}
				b.del(key)
				n++
				return n < trimEntries
			})
			if err != nil || n >= trimEntries {
				return err
			}
		}
		b.del(marker)
		done = true
		return nil
	})
	if err != nil {
		return false, err
	}
	if ops := b.ops(); len(ops) > 0 {
		err = s.commit(&Batch{Ops: ops})
	}
	return done && err == nil, err
}

// lineOfScope reports whether a key of tableLine, behind its domain, is of a
// scope.
func lineOfScope(tail []byte, scope uint64) bool {
	_, rest, ok := takeUint64(tail)
	if !ok {
		return false
	}
	e, ok := parseLineTail(rest)
	return ok && e.scope == scope
}
