package kvstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// Bounds of one commit of Trim, and of the removal of what a load left.
const (
	trimEntries = 20_000
	trimBytes   = 8 << 20
)

// Trim implements contacts.Trimmer. It commits a part at a time, so that other
// writes go on in between. From the first of these commits on, the events up
// to that revision are gone for all who ask; a Trim that was cut off is finished
// by another one.
//
// What is dropped takes no room any more but for the position of the event
// that each contact is at, which listings by change need.
func (s *Store) Trim(ctx context.Context, scope contacts.Scope, upTo uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.calls.Leave()
	if s.readOnly {
		return s.readOnlyError()
	}
	t := trimmer{s: s, scope: scope, upTo: upTo}
	for !t.done {
		if err := s.exclusive(ctx, t.step); err != nil {
			return err
		}
	}
	return nil
}

// trimmer walks over the past of a scope, then over its ops.
type trimmer struct {
	s     *Store
	scope contacts.Scope
	upTo  uint64
	from  []byte // where the next step goes on
	ops   bool   // it walks over the ops
	done  bool
}

// step is one commit. The snapshot is released before it.
func (t *trimmer) step() error {
	g := &t.s.group
	g.reset()
	g.s = t.s
	err := t.s.snapshot(func(v view) error {
		g.sn, g.age = v.Snapshot, v.age
		defer func() { g.sn = nil }()
		sc, err := g.scope(t.scope)
		if err != nil || sc == nil {
			t.done = true
			return err
		}
		t.upTo = min(t.upTo, sc.last)
		if t.upTo > sc.first {
			sc.first, sc.changed = t.upTo, true
		}
		if !t.ops {
			if err := t.past(g, sc); err != nil {
				return err
			}
		}
		if t.ops {
			if err := t.answers(g, sc); err != nil {
				return err
			}
		}
		g.built = sc.changed
		g.finishScopes()
		return nil
	})
	if err != nil || !g.built {
		return err
	}
	if err := t.s.commit(&Batch{Ops: g.b.ops()}); err != nil {
		t.s.scopes.drop()
		return err
	}
	return nil
}

// full reports whether a commit has become large enough.
func (t *trimmer) full(g *group, n int) bool { return n >= trimEntries || g.b.size() >= trimBytes }

// past drops superseded records, their events, and the entries in the history
// of lines that came with them.
func (t *trimmer) past(g *group, sc *scopeState) error {
	id, st := sc.info.id, &sc.state
	prefix := appendTable(nil, tablePast, id)
	from := t.from
	if from == nil {
		from = prefix
	}
	type dropped struct {
		seq, revision uint64
		ended         []phone.Line
	}
	var list []dropped
	var fail error
	n := 0
	err := g.sn.Scan(from, prefixEnd(nil, prefix), false, func(key, value []byte) bool {
		n++
		if t.full(g, n) {
			t.from = bytes.Clone(key)
			return false
		}
		seq, rest, ok := takeOrd(key[len(prefix):])
		revision, ok2 := takeLastOrd(rest)
		body, sound := unseal(key, value)
		var h record.Held
		if !ok || !ok2 || !sound || !record.DecodeHeld(body, &h) {
			fail = t.s.damaged(tablePast, id, seq, fmt.Sprintf("the record at revision %d", revision))
			return false
		}
		if revision <= t.upTo {
			list = append(list, dropped{seq, revision, h.Ended})
			g.remove(st, key, sealedCRC(value))
		}
		t.from = append(bytes.Clone(key), 0)
		return true
	})
	if err == nil {
		err = fail
	}
	if err != nil {
		return err
	}
	t.ops = !t.full(g, n)
	for _, d := range list {
		sc.changed = true
		if err := t.removeStored(g, st, appendFeedKey(nil, id, d.revision), d.revision, d.revision == d.seq); err != nil {
			return err
		}
		for _, l := range d.ended {
			if err := t.removeStored(g, st, appendEndedKey(nil, id, l, d.revision, d.seq), d.revision, false); err != nil {
				return err
			}
		}
	}
	if t.ops {
		t.from = nil
	}
	return nil
}

// removeStored removes an entry that has to be there, unless it may be implied.
func (t *trimmer) removeStored(g *group, st *state, key []byte, revision uint64, implied bool) error {
	v, ok, err := g.sn.Get(key)
	if err != nil {
		return err
	}
	if !ok && implied {
		return nil
	}
	if !ok {
		return t.s.damaged(key[0], 0, revision, "an entry is missing")
	}
	g.remove(st, key, entryCRC(key, v))
	return nil
}

// answers drops the answers to ops up to the revision.
func (t *trimmer) answers(g *group, sc *scopeState) error {
	prefix := appendTable(nil, tableOp, sc.info.id)
	from := t.from
	if from == nil {
		from = prefix
	}
	var fail error
	var dropping []byte // the beginning of the keys of an answer that goes
	n, cut := 0, false
	err := g.sn.Scan(from, prefixEnd(nil, prefix), false, func(key, value []byte) bool {
		n++
		op, chunk, ok := takeEscaped(key[len(prefix):])
		i, ok2 := takeLastOrd(chunk)
		body, sound := unseal(key, value)
		if !ok || !ok2 || !sound {
			fail = t.s.damaged(tableOp, sc.info.id, 0, "checksum of an answer")
			return false
		}
		if i == 0 {
			if t.full(g, n) {
				t.from, cut = bytes.Clone(key), true
				return false
			}
			dropping = nil
			if lastOf(body) <= t.upTo {
				dropping = appendOpKey(nil, sc.info.id, op)
			}
		}
		if dropping != nil {
			g.remove(&sc.state, key, sealedCRC(value))
			sc.changed = true
		}
		return true
	})
	if err == nil {
		err = fail
	}
	t.done = !cut
	return err
}

// lastOf returns the revision that a scope had after a batch, from the first
// chunk of its answer.
func lastOf(m []byte) uint64 {
	f := record.FieldsOf(m)
	for f.Next() && f.Num <= 2 {
		if f.Num == 2 {
			return f.N
		}
	}
	return 0
}
