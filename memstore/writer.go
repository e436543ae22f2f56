package memstore

import (
	"slices"

	"github.com/callerbook/contacts/kvstore"
)

// A shape is the sizes of the parts of a tree.
type shape struct {
	page   int // most bytes of a leaf page, unless it holds one big entry
	leaves int // most leaves under a node of the lowest level
	kids   int // most nodes under a node above it
}

// defaultShape makes leaves of about 50 entries of a contact. Larger pages
// copy more in every commit; smaller ones take more memory for headers,
// separators and pointers. BenchmarkCommit and BenchmarkMemory show both.
var defaultShape = shape{page: 2048, leaves: mostLeaves, kids: mostKids}

// aim is the size of the pages that a full one is split into when later
// inserts may go anywhere: room for an entry that is not big stays below page.
func (s shape) aim() int { return s.page * 2 / 3 }

// small is the size below which a page is merged with a neighbour if it can be.
func (s shape) small() int { return s.page / 4 }

// big is the size of key and value above which an entry has a page of its own.
func (s shape) big() int { return s.page / 4 }

// A child is a leaf or a node on its way to a new parent.
type child struct {
	low   []byte // the separator before it; of no meaning in the first child
	leaf  page
	kid   *node
	dirty bool // a node that may have too few children
}

// A writer makes the next tree. It is used by one commit at a time and keeps
// its buffers from one to the next.
type writer struct {
	shape  shape
	packed bool // fill pages to the brim: inserts come in order

	buf     []byte   // the page being written
	first   []byte   // the first key of a page
	last    []byte   // the last key of a page
	entries []entry  // entries to pack
	changes []change // what the ops do to a page
}

// apply returns the root of the tree that b makes of the one under root, which
// is root itself when b changes nothing. Of b, nothing is kept.
func (w *writer) apply(root *node, b *kvstore.Batch) *node {
	ops := b.Ops
	if len(ops) == 0 {
		return root
	}
	w.packed = b.Append
	defer w.forget()
	var many []child
	if root == nil {
		many = w.split(w.merge(w.repack(nil, ops)))
	} else {
		root, many = w.node(root, ops)
	}
	if len(many) > 0 {
		root = w.grow(many)
	}
	for root != nil && len(root.kids) == 1 {
		root = root.kids[0]
	}
	return root
}

// grow puts levels on top of cs until one node is left.
func (w *writer) grow(cs []child) *node {
	for len(cs) > 1 {
		cs = w.split(cs)
	}
	return cs[0].kid
}

// forget drops what the buffers refer to, and a buffer that a large commit
// made large.
func (w *writer) forget() {
	const most = 256
	if cap(w.entries) > most {
		w.entries = nil
	}
	clear(w.entries[:cap(w.entries)])
	clear(w.changes[:cap(w.changes)])
	w.entries, w.changes = w.entries[:0], w.changes[:0]
}

// node applies ops, which all belong under n. The outcome is one node (n
// itself when nothing changes), several as children, or, with nil and none, no
// node because no entry is left.
func (w *writer) node(n *node, ops []kvstore.Op) (*node, []child) {
	if len(n.kids) == 0 {
		return w.lowest(n, ops)
	}
	var next *node // a copy of n, once there is a change
	var parts []part
	fits := true
	for len(ops) > 0 {
		i := n.find(ops[0].Key)
		mine := n.reach(i, ops)
		kid, many := w.node(n.kids[i], ops[:mine])
		ops = ops[mine:]
		if kid == n.kids[i] {
			continue
		}
		if next == nil {
			next = &node{seps: n.seps, kids: slices.Clone(n.kids)}
		}
		next.kids[i] = kid
		if kid == nil {
			parts = append(parts, part{i, many})
		} else if kid.size() < w.least(kid) {
			fits = false
		}
	}
	switch {
	case next == nil:
		return n, nil
	case fits && len(parts) == 0:
		return next, nil
	}
	cs := next.children()
	for i := range cs {
		cs[i].dirty = next.kids[i] != n.kids[i]
	}
	return single(w.split(w.join(replace(cs, parts))))
}

// lowest is node for a node whose children are leaves.
func (w *writer) lowest(n *node, ops []kvstore.Op) (*node, []child) {
	var next *node // a copy of n, once there is a change
	var parts []part
	for len(ops) > 0 {
		i := n.find(ops[0].Key)
		mine := n.reach(i, ops)
		leaf, many := w.leaf(n.leaves[i], ops[:mine])
		ops = ops[mine:]
		if leaf.same(n.leaves[i]) {
			continue
		}
		if next == nil {
			next = &node{seps: n.seps, leaves: slices.Clone(n.leaves)}
		}
		next.leaves[i] = leaf
		if leaf == nil {
			parts = append(parts, part{i, many})
		}
	}
	switch {
	case next == nil:
		return n, nil
	case len(parts) == 0 && !w.canMergeAny(next.leaves):
		return next, nil
	}
	return single(w.split(w.merge(replace(next.children(), parts))))
}

// reach returns how many of ops, of which the first belongs to child i of n,
// belong to that child.
func (n *node) reach(i int, ops []kvstore.Op) int {
	if i == n.size()-1 {
		return len(ops)
	}
	// Ends a few ops on in all but the largest commits.
	for k := 1; k < len(ops); k++ {
		if !n.seps.isLess(ops[k].Key, i) {
			return k
		}
	}
	return len(ops)
}

// A part is what became of a child that is no longer one child.
type part struct {
	at   int
	many []child
}

// replace puts parts, in ascending order of their places, in place of the
// children of old they were made from.
func replace(old []child, parts []part) []child {
	if len(parts) == 0 {
		return old
	}
	n := len(old)
	for _, p := range parts {
		n += len(p.many) - 1
	}
	out := make([]child, 0, n)
	for i := range old {
		if len(parts) == 0 || parts[0].at != i {
			out = append(out, old[i])
			continue
		}
		if many := parts[0].many; len(many) > 0 {
			many[0].low = old[i].low
			out = append(out, many...)
		}
		parts = parts[1:]
	}
	return out
}

// single returns the only child of cs as a node, or cs.
func single(cs []child) (*node, []child) {
	if len(cs) == 1 {
		return cs[0].kid, nil
	}
	return nil, cs
}

// children returns the children of n with the separators before them.
func (n *node) children() []child {
	cs := make([]child, n.size())
	var keys []byte
	for i := range cs {
		if i > 0 {
			at := len(keys)
			keys = n.seps.appendKey(keys, i-1)
			cs[i].low = keys[at:len(keys):len(keys)]
		}
		if len(n.kids) > 0 {
			cs[i].kid = n.kids[i]
		} else {
			cs[i].leaf = n.leaves[i]
		}
	}
	return cs
}
