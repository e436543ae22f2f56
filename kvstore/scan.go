package kvstore

import "bytes"

// scan visits the entries from <= key < to, whose keys all begin with prefix,
// until visit returns false or the work of this page is done. Visit gets the key
// behind the prefix, and is free to use the snapshot. It sets f.at before
// anything else.
func (f *finder) scan(prefix, from, to []byte, reverse bool, visit func(tail, value []byte) (bool, error)) error {
	c := f.chunk // what visit does may scan too
	f.chunk = nil
	if c == nil {
		c = newChunk()
	}
	defer func() { f.chunk = c }()
	c.skip, c.room = len(prefix), max(f.limit-len(f.page.Hits)+1, 2)
	for {
		c.reset()
		if err := f.sn.Scan(from, to, reverse, c.add); err != nil {
			return err
		}
		for i := range c.len() {
			if f.exhausted() {
				return nil
			}
			f.work++
			if goOn, err := visit(c.entry(i)); err != nil || !goOn {
				return err
			}
		}
		if c.len() < c.room {
			return nil
		}
		last, _ := c.entry(c.len() - 1)
		if reverse {
			to = append(bytes.Clone(prefix), last...)
		} else {
			from = append(append(bytes.Clone(prefix), last...), 0)
		}
		c.room = min(2*c.room, 512)
	}
}

// A chunk holds entries that a scan has read, so that they can be looked at
// outside of it: in between the snapshot is free for other reads.
type chunk struct {
	room int // entries that it takes
	skip int // bytes of each key that are left out
	add  func(key, value []byte) bool

	buf  []byte
	ends []int // of each key and each value in buf
}

func newChunk() *chunk {
	c := &chunk{}
	c.add = c.put // once: a method value is an allocation
	return c
}

func (c *chunk) reset() { c.buf, c.ends = c.buf[:0], c.ends[:0] }

func (c *chunk) len() int { return len(c.ends) / 2 }

// put takes an entry and reports whether there is room for more.
func (c *chunk) put(key, value []byte) bool {
	c.buf = append(c.buf, key[c.skip:]...)
	c.ends = append(c.ends, len(c.buf))
	c.buf = append(c.buf, value...)
	c.ends = append(c.ends, len(c.buf))
	return len(c.ends) < 2*c.room
}

// entry returns the rest of a key, and its value. They are valid until reset.
func (c *chunk) entry(i int) (key, value []byte) {
	start := 0
	if i > 0 {
		start = c.ends[2*i-1]
	}
	mid, end := c.ends[2*i], c.ends[2*i+1]
	return c.buf[start:mid:mid], c.buf[mid:end:end]
}
