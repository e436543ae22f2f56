package memstore

import (
	"bytes"
	"fmt"
	"slices"
)

// shapeStats is what checkTree counted.
type shapeStats struct {
	height, nodes, leaves, entries int
	leafBytes, sepBytes            int
}

// checkTree returns the first broken invariant of the tree under root.
func checkTree(s shape, root *node) (shapeStats, error) {
	c := &checker{w: writer{shape: s}, leafDepth: -1}
	if root == nil {
		return c.stats, nil
	}
	if len(root.kids) == 1 {
		return c.stats, fmt.Errorf("root has a single kid")
	}
	err := c.node(root, nil, nil, 0)
	c.stats.height = c.leafDepth + 1
	return c.stats, err
}

type checker struct {
	w         writer
	leafDepth int
	last      []byte // the key before, over all leaves
	stats     shapeStats
}

// node checks n, whose keys must be from low to before high (nil: no bound).
func (c *checker) node(n *node, low, high []byte, depth int) error {
	c.stats.nodes++
	c.stats.sepBytes += len(n.seps)
	where := fmt.Sprintf("node at depth %d before %.20q", depth, high)
	switch {
	case n.size() == 0:
		return fmt.Errorf("%s: no children", where)
	case len(n.kids) > 0 && len(n.leaves) > 0:
		return fmt.Errorf("%s: both kinds of children", where)
	case n.size() > c.w.most(n):
		return fmt.Errorf("%s: %d children", where, n.size())
	case depth > 0 && n.size() < c.w.least(n):
		return fmt.Errorf("%s: only %d children", where, n.size())
	case n.size() == 1 && n.seps != nil:
		return fmt.Errorf("%s: separators for an only child", where)
	}
	bounds := [][]byte{low}
	if n.size() > 1 {
		if err := checkPage(n.seps); err != nil {
			return fmt.Errorf("%s: separators: %w", where, err)
		}
		if n.seps.count() != n.size()-1 {
			return fmt.Errorf("%s: %d separators for %d children", where, n.seps.count(), n.size())
		}
		for i := range n.size() - 1 {
			bounds = append(bounds, n.seps.appendKey(nil, i))
		}
	}
	bounds = append(bounds, high)
	for i := range n.size() {
		lo, hi := bounds[i], bounds[i+1]
		if lo != nil && hi != nil && bytes.Compare(lo, hi) >= 0 {
			return fmt.Errorf("%s: separators %q, %q", where, lo, hi)
		}
		var err error
		if len(n.kids) > 0 {
			err = c.node(n.kids[i], lo, hi, depth+1)
		} else {
			err = c.leaf(n.leaves[i], lo, hi, depth)
		}
		if err != nil {
			return err
		}
		if i > 0 && len(n.leaves) > 0 && c.w.canMerge(n.leaves[i-1], n.leaves[i]) {
			return fmt.Errorf("%s: leaves %d and %d could be one", where, i-1, i)
		}
	}
	return nil
}

func (c *checker) leaf(p page, low, high []byte, depth int) error {
	where := fmt.Sprintf("leaf from %q", low)
	if c.leafDepth == -1 {
		c.leafDepth = depth
	}
	if depth != c.leafDepth {
		return fmt.Errorf("%s: depth %d, others %d", where, depth, c.leafDepth)
	}
	if err := checkPage(p); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	n := p.count()
	if n > 1 && len(p) > c.w.shape.page {
		return fmt.Errorf("%s: %d bytes", where, len(p))
	}
	c.stats.leaves++
	c.stats.entries += n
	c.stats.leafBytes += len(p)
	for i := range n {
		key := p.appendKey(nil, i)
		_, value := p.entry(i)
		switch {
		case c.last != nil && bytes.Compare(c.last, key) >= 0:
			return fmt.Errorf("%s: %q after %q", where, key, c.last)
		case low != nil && bytes.Compare(key, low) < 0, high != nil && bytes.Compare(key, high) >= 0:
			return fmt.Errorf("%s: %q is outside %q to %q", where, key, low, high)
		case key[0] != p.table():
			return fmt.Errorf("%s: entries of two tables", where)
		case n > 1 && len(key)+len(value) > c.w.shape.big():
			return fmt.Errorf("%s: a big entry among others", where)
		}
		c.last = key
	}
	return nil
}

// checkPage decodes p by its description and reports what differs.
func checkPage(p page) error {
	if len(p) < pageHeader || p.count() == 0 {
		return fmt.Errorf("page without entries")
	}
	n, prefix := p.count(), p.prefixLen()
	if n == 1 {
		if pageHeader+prefix > len(p) {
			return fmt.Errorf("key of %d bytes in a page of %d", prefix, len(p))
		}
		return nil
	}
	at := pageHeader + prefix + 4*n + 2
	heads, offsets := p.parts()
	var keys [][]byte
	for i := range n {
		start, end := get(offsets, i), get(offsets, i+1)
		if start != at || end <= start || end > len(p) {
			return fmt.Errorf("entry %d of %d spans %d to %d, want from %d of %d", i, n, start, end, at, len(p))
		}
		rest, value := p.entry(i)
		if value == nil || cap(value) != len(value) || cap(rest) != len(rest) {
			return fmt.Errorf("entry %d can be appended to, or is nil", i)
		}
		if restSize(len(rest))+len(value) != end-start {
			return fmt.Errorf("entry %d: length is not in its shortest form", i)
		}
		if padded := append(bytes.Clone(rest), 0, 0); get(heads, i) != int(padded[0])<<8|int(padded[1]) {
			return fmt.Errorf("entry %d: head %x of %q", i, get(heads, i), rest)
		}
		keys = append(keys, p.appendKey(nil, i))
		at = end
	}
	if at != len(p) {
		return fmt.Errorf("%d bytes after the last entry", len(p)-at)
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) {
		return fmt.Errorf("keys are not in order")
	}
	for i := range n - 1 {
		if bytes.Equal(keys[i], keys[i+1]) {
			return fmt.Errorf("key %q twice", keys[i])
		}
	}
	if want := common(keys[0], keys[n-1]); prefix != want {
		return fmt.Errorf("prefix of %d bytes, want %d", prefix, want)
	}
	return nil
}
