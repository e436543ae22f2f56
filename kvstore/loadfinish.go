package kvstore

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/extsort"
)

// finish judges the records, and writes all that is not yet written: at once or,
// where the engine does not do that, the entries of each table and, with the
// last commit, what makes the scope. It has the queue's turn.
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
	if a == nil {
		acc := h.newAccount(l.head.UniqueBy)
		a = &acc
		key := accountKey(nil, l.scope.Account)
		l.b.put(key, seal(key, a.encode()))
	}
	l.info.uniqueBy = a.uniqueBy
	if a.domain != 0 {
		l.info.domain = a.domain
	}
	if err := l.judge(); err != nil {
		return err
	}
	err = l.numbers.Check()
	if errors.Is(err, extsort.ErrTwice) {
		err = fmt.Errorf("a position or a revision is used twice: %w", contacts.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", l.s.name, err)
	}
	l.st.last = l.loading.Last
	before := h
	if err := l.makeScope(old, &h); err != nil {
		return err
	}
	err = errCommits
	if m, ok := l.s.engine.(Merger); ok {
		err = m.Merge(l.ctx, l.pile.size(), l.changes())
	}
	if errors.Is(err, contacts.ErrUnsupported) {
		err = l.commitAll(&before)
	}
	// The scope may have had another id, and after an error have one.
	l.s.scopes.drop()
	if err != nil {
		return err
	}
	l.done = true
	l.s.news.Wake(l.scope)
	return nil
}

var errCommits = fmt.Errorf("no merger: %w", contacts.ErrUnsupported)

// makeScope has b make the scope. An empty one of that name gives up its place,
// but keeps its epoch and, unless there are new ones, its settings.
func (l *loader) makeScope(old *constants, h *header) error {
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

// changes yields all that is to be written, in order of key.
func (l *loader) changes() iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		for i := range l.b.tables {
			r := &l.b.tables[i]
			r.sort()
			for _, e := range r.entries { // of tables that have nothing in the pile
				if !yield(r.op(e), nil) {
					return
				}
			}
			for op, err := range l.entries('a' + byte(i)) {
				if !yield(op, err) {
					return
				}
			}
		}
	}
}

// entries yields what the pile has of a table, in order of key.
func (l *loader) entries(table byte) iter.Seq2[Op, error] {
	return func(yield func(Op, error) bool) {
		id := l.mark.id
		if table == tableLine {
			id = l.info.domain
		}
		key := appendTable(nil, table, id)
		prefix, n := len(key), 0
		for e, err := range l.pile.sorted(table) {
			if err == nil && table == tableID && bytes.Equal(key[prefix:], e.Key) {
				err = fmt.Errorf("an id is used twice: %w", contacts.ErrInvalid)
			}
			if n++; err == nil && n%4096 == 0 {
				err = l.goOn()
			}
			if err != nil {
				yield(Op{}, fmt.Errorf("%s: %w", l.s.name, err))
				return
			}
			value := e.Value
			if table == tableLine {
				value = loadedSince(value)
			}
			key = append(key[:prefix], e.Key...)
			if !yield(Op{Key: key, Value: value}, nil) {
				return
			}
		}
	}
}

// commitAll writes in commits what is to be written.
func (l *loader) commitAll(h *header) error {
	if err := l.markDomain(h); err != nil {
		return err
	}
	for i := range scopeTables {
		if err := l.commitTable(scopeTables[i]); err != nil {
			return err
		}
	}
	return l.s.commit(&Batch{Ops: l.b.ops()})
}

// markDomain makes known in which domain there will be lines, where that is not
// the scope's own. An account that comes into being has its domain reserved here,
// so that the marker cannot name one that is given to somebody else.
func (l *loader) markDomain(h *header) error {
	if l.info.domain == l.mark.id {
		return nil
	}
	var b builder
	key := headerKey(nil)
	b.put(key, seal(key, h.encode()))
	l.mark.domain = l.info.domain
	key = scopeMetaKey(nil, metaLoad, l.mark.id)
	b.put(key, seal(key, l.mark.encode()))
	return l.s.commit(&Batch{Ops: b.ops()})
}

// commitTable commits what the pile has of a table, which has nothing of it
// afterwards.
func (l *loader) commitTable(table byte) error {
	var b builder
	most := loadBytes
	if l.pile.create != nil {
		most = spillBytes
	}
	for op, err := range l.entries(table) {
		if err != nil {
			return err
		}
		b.put(op.Key, op.Value)
		if b.size() < most {
			continue
		}
		if err := l.commit(&b); err != nil {
			return err
		}
	}
	l.pile.drop(table)
	return l.commit(&b)
}

// commit commits entries of one table.
func (l *loader) commit(b *builder) error {
	ops := b.ops()
	if err := l.ctx.Err(); err != nil || len(ops) == 0 {
		return err
	}
	table := ops[0].Key[0]
	last := &l.last[table-'a']
	err := l.s.commit(&Batch{Ops: ops, Append: bytes.Compare(ops[0].Key, *last) > 0})
	if end := ops[len(ops)-1].Key; bytes.Compare(end, *last) > 0 {
		*last = append((*last)[:0], end...)
	}
	*b = builder{}
	return err
}

// goOn returns an error when the load is to end.
func (l *loader) goOn() error {
	if l.s.calls.Shutting() {
		return contacts.ErrClosed
	}
	return l.ctx.Err()
}
