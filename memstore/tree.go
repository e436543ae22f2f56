package memstore

import "github.com/callerbook/contacts/kvstore"

// A tree is one committed state: an ordered map that is never changed. The
// next state shares with it all pages and nodes that the commit did not touch.
//
// A tree is its own snapshot: any number of goroutines may read it, for as
// long as they like, and the garbage collector takes back what no tree in use
// refers to.
type tree struct {
	root *node // nil when the tree is empty
}

var _ kvstore.Snapshot = (*tree)(nil)

// A node is an inner node of the tree. Its children are leaves at the lowest
// level and nodes above it, one or more of them; the other slice is nil.
//
// Child i holds the keys from separator i-1 (inclusive) to separator i
// (exclusive); the first and the last child are bounded by the parent.
type node struct {
	seps   page // the separators, one fewer than children, or nil; values are empty
	leaves []page
	kids   []*node
}

// The most children of a node. With at most 60, the separators fit a page
// even if each is as long as a key can be.
const (
	mostLeaves = 32
	mostKids   = 60
)

func (n *node) size() int { return len(n.leaves) + len(n.kids) }

// find returns which child holds key.
func (n *node) find(key []byte) int {
	if len(n.seps) == 0 {
		return 0
	}
	i, found := n.seps.search(key)
	if found {
		i++
	}
	return i
}

// findBefore returns which child holds the keys directly before key.
func (n *node) findBefore(key []byte) int {
	if len(n.seps) == 0 {
		return 0
	}
	i, _ := n.seps.search(key)
	return i
}

// Get returns the value of key, a part of its page: it is valid after Release
// too, and keeps that page in memory for as long as it is held.
func (t *tree) Get(key []byte) (value []byte, ok bool, err error) {
	n := t.root
	if n == nil {
		return nil, false, nil
	}
	for len(n.kids) > 0 {
		n = n.kids[n.find(key)]
	}
	leaf := n.leaves[n.find(key)]
	i, found := leaf.search(key)
	if !found {
		return nil, false, nil
	}
	_, value = leaf.entry(i)
	return value, true, nil
}

// Release does nothing: a tree holds nothing but memory.
func (t *tree) Release() {}
