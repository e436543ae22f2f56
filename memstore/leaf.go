package memstore

import (
	"bytes"

	"github.com/callerbook/contacts/kvstore"
)

// mostChanges bounds the ops that are located in a page before it is patched.
// With more, it is likely to be split.
const mostChanges = 64

// A change is an op that has an effect on a page.
type change struct {
	op    *kvstore.Op
	at    int  // the entry it replaces or deletes, or comes before
	found bool // whether it replaces or deletes
}

// same reports whether p and q are one and the same page.
func (p page) same(q page) bool { return len(p) > 0 && len(q) > 0 && &p[0] == &q[0] }

// leaf applies ops to p. The outcome is one page (p itself when nothing
// changes), or nil with the pages, none or several, that take its place.
func (w *writer) leaf(p page, ops []kvstore.Op) (page, []child) {
	if len(ops) <= mostChanges {
		w.changes = locate(w.changes[:0], p, ops)
		if len(w.changes) == 0 {
			return p, nil
		}
		if q := w.patch(p); q != nil {
			return q, nil
		}
	}
	many := w.repack(p, ops)
	if len(many) == 1 {
		return many[0].leaf, nil
	}
	return nil, many
}

// locate appends to cs what ops change in p.
func locate(cs []change, p page, ops []kvstore.Op) []change {
	for i := range ops {
		op := &ops[i]
		at, found := p.search(op.Key)
		if !found && op.Delete {
			continue
		}
		if found && !op.Delete {
			if _, value := p.entry(at); bytes.Equal(value, op.Value) {
				continue
			}
		}
		cs = append(cs, change{op, at, found})
	}
	return cs
}

// patch returns p with the located changes made, copying the entries between
// them in blocks. It returns nil if the result would have another prefix, not
// fit a page, or hold a big entry or an only one.
func (w *writer) patch(p page) page {
	n := p.count()
	if n == 1 {
		return nil
	}
	prefix := p.prefix()
	_, offsets := p.parts()
	count, size := n, len(p)
	for i := range w.changes {
		c := &w.changes[i]
		if c.found {
			count--
			size -= perEntry + get(offsets, c.at+1) - get(offsets, c.at)
		}
		if c.op.Delete {
			if c.at == 0 || c.at == n-1 {
				return nil // the prefix may grow
			}
			continue
		}
		if len(c.op.Key)+len(c.op.Value) > w.shape.big() || !bytes.HasPrefix(c.op.Key, prefix) {
			return nil
		}
		count++
		size += perEntry + restSize(len(c.op.Key)-len(prefix)) + len(c.op.Value)
	}
	if size > w.shape.page || count < 2 {
		return nil
	}
	f := w.newPage(count, prefix, size)
	from := 0 // the next entry of p
	for i := range w.changes {
		c := &w.changes[i]
		f.copy(p, from, c.at)
		from = c.at
		if c.found {
			from++
		}
		if !c.op.Delete {
			f.put(c.op.Key[len(prefix):], c.op.Value)
		}
	}
	f.copy(p, from, n)
	return f.finish()
}

// repack applies ops to p, which may be nil, entry by entry and returns the
// pages that take its place.
func (w *writer) repack(p page, ops []kvstore.Op) []child {
	n := 0
	if p != nil {
		n = p.count()
	}
	packed := w.packed
	defer func() { w.packed = packed }()
	w.packed = packed || p.endsBefore(n, ops)
	w.entries = w.entries[:0]
	var out []child
	from := 0
	for i := range ops {
		op := &ops[i]
		at, found := n, false
		if from < n {
			at, found = p.search(op.Key)
		}
		w.entries = appendEntries(w.entries, p, from, at)
		from = at
		if found {
			from++
		}
		if !op.Delete {
			w.entries = append(w.entries, entry{rest: op.Key, value: op.Value})
		}
		// So many do not fit a page, so each call makes some.
		if len(w.entries) > w.shape.page {
			out = w.pack(out, false)
		}
	}
	w.entries = appendEntries(w.entries, p, from, n)
	return w.pack(out, true)
}

// endsBefore reports whether all ops come after the n entries of p and in the
// same table, as they do where a table is filled in key order.
func (p page) endsBefore(n int, ops []kvstore.Op) bool {
	return n > 0 && !p.isLess(ops[0].Key, n-1) && ops[0].Key[0] == p.table()
}
