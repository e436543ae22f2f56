package memstore

import "bytes"

// Scan implements kvstore.Snapshot. The key that yield gets is in a buffer
// that the next step overwrites; the value is a part of its page, valid after
// Release too. A scan allocates that buffer and nothing else.
func (t *tree) Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error {
	if t.root == nil || len(to) > 0 && bytes.Compare(from, to) >= 0 {
		return nil
	}
	s := scan{yield: yield, key: make([]byte, 0, 64)}
	if reverse {
		s.descend(t.root, from, to)
	} else {
		s.ascend(t.root, from, to)
	}
	return nil
}

// A scan is one call of Scan. Its methods return false when yield has.
//
// Bounds are passed down to the children they fall into and to no other, so
// that no step between the ends compares keys.
type scan struct {
	yield func(key, value []byte) bool
	key   []byte // the buffer of the keys handed out
}

// bounds returns the first and the last child with keys from <= key < to.
func (n *node) bounds(from, to []byte) (lo, hi int) {
	hi = n.size() - 1
	if len(from) > 0 {
		lo = n.find(from)
	}
	switch {
	case len(to) == 0 || lo == hi:
	case !n.seps.isGreater(to, lo): // most scans are short: both bounds are in one child
		hi = lo
	default:
		hi = n.findBefore(to)
	}
	return lo, hi
}

// narrow returns the bounds for child i, when from falls into child lo and to
// into child hi.
func narrow(from, to []byte, i, lo, hi int) ([]byte, []byte) {
	if i != lo {
		from = nil
	}
	if i != hi {
		to = nil
	}
	return from, to
}

func (s *scan) ascend(n *node, from, to []byte) bool {
	lo, hi := n.bounds(from, to)
	for i := lo; i <= hi; i++ {
		f, t := narrow(from, to, i, lo, hi)
		if len(n.kids) > 0 {
			if !s.ascend(n.kids[i], f, t) {
				return false
			}
		} else if !s.ascendLeaf(n.leaves[i], f, t) {
			return false
		}
	}
	return true
}

func (s *scan) descend(n *node, from, to []byte) bool {
	lo, hi := n.bounds(from, to)
	for i := hi; i >= lo; i-- {
		f, t := narrow(from, to, i, lo, hi)
		if len(n.kids) > 0 {
			if !s.descend(n.kids[i], f, t) {
				return false
			}
		} else if !s.descendLeaf(n.leaves[i], f, t) {
			return false
		}
	}
	return true
}

// enter puts the prefix of p into the key buffer and returns the entries from
// lo to before hi that lie within the bounds.
func (s *scan) enter(p page, from, to []byte) (lo, hi int) {
	hi = p.count()
	if len(from) > 0 {
		lo, _ = p.search(from)
	}
	if len(to) > 0 {
		end := lo // most scans are short: look at two entries before the rest
		for end < hi && end < lo+2 && p.isGreater(to, end) {
			end++
		}
		if end == lo+2 {
			end, _ = p.search(to)
		}
		hi = end
	}
	s.key = append(s.key[:0], p.prefix()...)
	return lo, hi
}

// step yields an entry of the page entered, whose prefix has n bytes.
func (s *scan) step(n int, rest, value []byte) bool {
	s.key = append(s.key[:n], rest...)
	return s.yield(s.key[:len(s.key):len(s.key)], value)
}

func (s *scan) ascendLeaf(p page, from, to []byte) bool {
	lo, hi := s.enter(p, from, to)
	n := len(s.key)
	if p.count() == 1 {
		_, value := p.entry(0)
		return lo == hi || s.step(n, nil, value)
	}
	_, offsets := p.parts()
	for i := lo; i < hi; i++ {
		rest, value := p.entryAt(offsets, i)
		if !s.step(n, rest, value) {
			return false
		}
	}
	return true
}

func (s *scan) descendLeaf(p page, from, to []byte) bool {
	lo, hi := s.enter(p, from, to)
	n := len(s.key)
	if p.count() == 1 {
		_, value := p.entry(0)
		return lo == hi || s.step(n, nil, value)
	}
	_, offsets := p.parts()
	for i := hi - 1; i >= lo; i-- {
		rest, value := p.entryAt(offsets, i)
		if !s.step(n, rest, value) {
			return false
		}
	}
	return true
}
