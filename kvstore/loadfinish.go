package kvstore

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// loadClaim is a line that a record claims.
type loadClaim struct {
	line  phone.Line
	index uint32 // of the record
	nth   uint16 // in the record's order
	keep  bool
}

// finish judges the records, writes their index entries and, with the last
// commit, makes the scope. It has the queue's turn.
func (l *loader) finish() error {
	var old *constants
	var a *account
	var h header
	err := l.s.snapshot(func(v view) (err error) {
		sn := v.Snapshot
		if old, a, err = l.judgeScope(sn); err != nil {
			return err
		}
		h, err = l.s.readHeader(sn)
		return err
	})
	if err != nil {
		return err
	}
	newAccount := a == nil
	if newAccount {
		acc := h.newAccount(l.head.UniqueBy)
		a = &acc
	}
	l.info.uniqueBy = a.uniqueBy
	if a.domain != 0 {
		l.info.domain = a.domain
	}
	if err := l.judge(); err != nil {
		return err
	}
	if err := l.checkUnique(); err != nil {
		return err
	}
	if err := l.writeMark(&h, newAccount, a); err != nil {
		return err
	}
	l.claims, l.seqs, l.revisions = nil, seqSet{}, nil
	if err := l.writeTables(); err != nil {
		return err
	}
	return l.writeScope(old, h)
}

// judge refuses the lines that an earlier record, or a contact of another
// stream, claims, or keeps them, and counts the claimers of each.
func (l *loader) judge() error {
	slices.SortFunc(l.claims, func(a, b loadClaim) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.index, b.index))
	})
	type placed struct {
		contacts.Refusal
		nth uint16
	}
	var refused, kept []placed
	report := func(c loadClaim, earlier int) {
		r := placed{contacts.Refusal{Index: int(c.index), Line: c.line, Earlier: earlier}, c.nth}
		if c.keep {
			kept = append(kept, r)
		} else {
			refused = append(refused, r)
		}
	}
	err := l.s.snapshot(func(v view) error {
		sn := v.Snapshot
		for i := 0; i < len(l.claims); {
			n := i + 1
			for n < len(l.claims) && l.claims[n].line == l.claims[i].line {
				n++
			}
			other, err := l.elsewhere(sn, l.claims[i].line)
			if err != nil {
				return err
			}
			if other {
				report(l.claims[i], -1)
			}
			for _, c := range l.claims[i+1 : n] {
				report(c, int(l.claims[i].index))
			}
			if n-i > 1 {
				l.key = appendDupKey(l.key[:0], l.mark.id, l.claims[i].line)
				l.insert(l.key, appendOrd(nil, uint64(n-i)))
				l.st.duplicates++
			}
			i = n
		}
		return nil
	})
	if err != nil {
		return err
	}
	list := func(from []placed) []contacts.Refusal {
		slices.SortFunc(from, func(a, b placed) int { return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.nth, b.nth)) })
		var out []contacts.Refusal
		for _, p := range from {
			out = append(out, p.Refusal)
		}
		return out
	}
	l.kept = list(kept)
	return refusal(list(refused), nil)
}

// elsewhere reports whether a contact of another stream claims a line.
func (l *loader) elsewhere(sn Snapshot, line phone.Line) (bool, error) {
	if l.info.domain == l.mark.id {
		return false, nil
	}
	found := false
	from := appendHoldersKey(nil, l.info.domain, line, kindClaim)
	err := sn.Scan(from, prefixEnd(nil, from), false, func(_, _ []byte) bool {
		found = true
		return false
	})
	return found, err
}

// checkUnique reports ids and revisions that came twice.
func (l *loader) checkUnique() error {
	twice := func(what string) error {
		return fmt.Errorf("%s: %s %w: %w", l.s.name, what, errUsedTwice, contacts.ErrInvalid)
	}
	ids := &l.b.tables[tableID-'a']
	ids.sort()
	for i := 1; i < len(ids.entries); i++ {
		a, b := ids.entries[i-1], ids.entries[i]
		if a.prefix == b.prefix && bytes.Equal(ids.key(a), ids.key(b)) {
			return twice("an id")
		}
	}
	slices.Sort(l.revisions)
	for i, r := range l.revisions {
		if i > 0 && l.revisions[i-1] == r || l.seqs.has(r) {
			return twice("a revision")
		}
	}
	return nil
}

// writeMark makes known in which domain there will be lines, where that is not
// the scope's own.
func (l *loader) writeMark(h *header, newAccount bool, a *account) error {
	if newAccount {
		key := accountKey(nil, l.scope.Account)
		l.b.put(key, seal(key, a.encode()))
	}
	if l.info.domain == l.mark.id {
		return nil
	}
	// An account that comes into being has its domain reserved here, so
	// that the marker cannot name one that is given to somebody else.
	var b builder
	key := headerKey(nil)
	b.put(key, seal(key, h.encode()))
	l.mark.domain = l.info.domain
	key = scopeMetaKey(nil, metaLoad, l.mark.id)
	b.put(key, seal(key, l.mark.encode()))
	return l.s.commit(&Batch{Ops: b.ops()})
}

// writeTables commits all index entries, table by table, and leaves in l.b
// what comes with the last commit.
func (l *loader) writeTables() error {
	slices.SortFunc(l.lines, func(a, b loadLine) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.kind, b.kind), cmp.Compare(a.seq, b.seq))
	})
	for _, e := range l.lines {
		l.key = appendLineKey(l.key[:0], &l.info, e.line, e.kind, e.seq)
		l.value = appendSince(l.value[:0], e.since, e.seq)
		l.insert(l.key, l.value)
		l.key = appendDigitsKey(l.key[:0], l.mark.id, e.line, e.seq)
		l.insert(l.key, nil)
	}
	l.lines = nil
	for i := range scopeTables {
		r := &l.b.tables[scopeTables[i]-'a']
		r.sort()
		var batch []Op
		size := 0
		for _, e := range r.entries {
			op := r.op(e)
			batch = append(batch, op)
			if size += len(op.Key) + len(op.Value); size < loadBytes {
				continue
			}
			if err := l.commit(batch); err != nil {
				return err
			}
			batch, size = batch[:0], 0
		}
		if err := l.commit(batch); err != nil {
			return err
		}
		*r = run{}
	}
	return nil
}

func (l *loader) commit(ops []Op) error {
	if err := l.ctx.Err(); err != nil || len(ops) == 0 {
		return err
	}
	return l.s.commit(&Batch{Ops: ops, Append: true})
}

// writeScope makes the scope. An empty one of that name gives up its place, but
// keeps its epoch and, unless there are new ones, its settings.
func (l *loader) writeScope(old *constants, h header) error {
	c := constants{scope: l.scope, settings: l.head.Settings}
	registry := registryKey(nil, l.scope)
	if old != nil {
		l.info.epoch, l.info.secret = old.info.epoch, old.info.secret
		if c.settings == nil {
			c.settings = old.settings
		}
		if err := l.removeScope(old.info.id); err != nil {
			return err
		}
		h.scopes.sub(entryCRC(registry, appendOrd(nil, old.info.id)))
	}
	c.info = l.info
	b := l.b
	value := appendOrd(nil, l.mark.id)
	b.put(registry, value)
	h.scopes.add(entryCRC(registry, value))

	key := scopeMetaKey(nil, metaConst, l.mark.id)
	v := seal(key, c.encode())
	l.st.constCRC = sealedCRC(v)
	b.put(key, v)
	key = scopeMetaKey(nil, metaState, l.mark.id)
	b.put(key, seal(key, l.st.encode(nil)))
	key = headerKey(nil)
	b.put(key, seal(key, h.encode()))
	b.del(scopeMetaKey(nil, metaLoad, l.mark.id))
	if err := l.s.commit(&Batch{Ops: b.ops()}); err != nil {
		l.s.scopes.drop()
		return err
	}
	l.done = true
	l.s.scopes.drop() // the scope may have had another id
	l.s.news.wake(l.scope)
	return nil
}

// removeScope removes what there is of a scope without events.
func (l *loader) removeScope(id uint64) error {
	l.b.del(scopeMetaKey(nil, metaConst, id))
	l.b.del(scopeMetaKey(nil, metaState, id))
	prefix := appendTable(nil, tableOp, id)
	return l.s.snapshot(func(v view) error {
		sn := v.Snapshot
		return sn.Scan(prefix, prefixEnd(nil, prefix), false, func(key, _ []byte) bool {
			l.b.del(key)
			return true
		})
	})
}
