package memstore

import "slices"

// most returns how many children a node like n may have.
func (w *writer) most(n *node) int {
	if len(n.kids) > 0 {
		return w.shape.kids
	}
	return w.shape.leaves
}

// least returns how many children a node like n must have unless it is the
// root.
func (w *writer) least(n *node) int { return w.most(n) / 4 }

// split makes cs the children of as few nodes as are needed, none if cs is
// empty, and returns those. Nodes of a commit in key order come out full,
// others about three quarters full.
func (w *writer) split(cs []child) []child {
	if len(cs) == 0 {
		return nil
	}
	most := w.shape.leaves
	if cs[0].kid != nil {
		most = w.shape.kids
	}
	fill := most
	if !w.packed {
		fill = most * 3 / 4
	}
	parts := 1
	if len(cs) > most {
		parts = (len(cs) + fill - 1) / fill
	}
	out := make([]child, parts)
	for i := range out {
		lo, hi := len(cs)*i/parts, len(cs)*(i+1)/parts
		out[i] = child{low: cs[lo].low, kid: w.newNode(cs[lo:hi])}
	}
	return out
}

// newNode returns a node with the children cs.
func (w *writer) newNode(cs []child) *node {
	n := &node{}
	if cs[0].kid != nil {
		n.kids = make([]*node, len(cs))
		for i := range cs {
			n.kids[i] = cs[i].kid
		}
	} else {
		n.leaves = make([]page, len(cs))
		for i := range cs {
			n.leaves[i] = cs[i].leaf
		}
	}
	if len(cs) > 1 {
		seps := make([]entry, len(cs)-1)
		for i := range seps {
			seps[i].rest = cs[i+1].low
		}
		n.seps = w.write(seps)
	}
	return n
}

// join gives each dirty node of cs that has too few children those of a
// neighbour, in one node or shared evenly between two. It reuses cs.
func (w *writer) join(cs []child) []child {
	for i := 0; i < len(cs) && len(cs) > 1; {
		if !cs[i].dirty || cs[i].kid.size() >= w.least(cs[i].kid) {
			i++
			continue
		}
		i = max(i-1, 0)
		a, b := cs[i], cs[i+1]
		left, right := a.kid.children(), b.kid.children()
		right[0].low = b.low
		// An only child may have been left with too few children of its own.
		left[0].dirty = len(left) == 1
		right[0].dirty = len(right) == 1
		both := append(left, right...)
		if len(a.kid.kids) > 0 {
			both = w.join(both)
		} else {
			both = w.merge(both)
		}
		joined := w.split(both)
		joined[0].low = a.low
		for k := range joined {
			joined[k].dirty = true
		}
		cs = slices.Replace(cs, i, i+2, joined...)
	}
	return cs
}

// merge makes one of neighbouring leaves in cs where canMerge says so, until
// there are none such. It reuses cs.
func (w *writer) merge(cs []child) []child {
	out := cs[:0]
	for _, c := range cs {
		for len(out) > 0 && w.canMerge(out[len(out)-1].leaf, c.leaf) {
			before := out[len(out)-1]
			out = out[:len(out)-1]
			w.entries = appendEntries(w.entries[:0], before.leaf, 0, before.leaf.count())
			w.entries = appendEntries(w.entries, c.leaf, 0, c.leaf.count())
			c = child{low: before.low, leaf: w.write(w.entries)}
		}
		out = append(out, c)
	}
	return out
}

// canMergeAny reports whether canMerge holds for two neighbours in leaves.
func (w *writer) canMergeAny(leaves []page) bool {
	for i := 1; i < len(leaves); i++ {
		if w.canMerge(leaves[i-1], leaves[i]) {
			return true
		}
	}
	return false
}

// canMerge reports whether a page and the next one are to be one: one of them
// is small, they are of one table, neither is of one big entry, and together
// they leave room for inserts.
func (w *writer) canMerge(a, b page) bool {
	small, aim := w.shape.small(), w.shape.aim()
	if len(a)+len(b) > aim || len(a) >= small && len(b) >= small {
		return false
	}
	if w.isBig(a) || w.isBig(b) || a.table() != b.table() {
		return false
	}
	w.first = a.appendKey(w.first[:0], 0)
	w.last = b.appendKey(w.last[:0], b.count()-1)
	prefix := common(w.first, w.last)
	return len(a)+len(b)+a.regrowth(prefix)+b.regrowth(prefix) <= aim
}

// isBig reports whether p is the page of one big entry.
func (w *writer) isBig(p page) bool {
	return p.count() == 1 && len(p)-pageHeader > w.shape.big()
}

// regrowth returns at most how many bytes the entries of p take more with a
// prefix of n bytes only: the rests get longer, and so may their lengths; an
// only entry gets a head, an offset and a length.
func (p page) regrowth(n int) int {
	each := p.prefixLen() - n + 1
	if p.count() == 1 {
		each += perEntry + 1
	}
	return p.count() * each
}
