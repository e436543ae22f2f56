package extsort

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// arena holds entries one after the other in a few large pieces of memory, and
// of each a ref. What is in it costs the garbage collector nothing.
type arena struct {
	refs   []ref
	spare  []ref    // room to sort in
	chunks [][]byte // filled up to cur
	cur    int
	bytes  int // of all chunks up to cur
	large  int // greatest size of a chunk
	asc    bool
}

// ref is where an entry is, and the first eight bytes of its key, which mostly
// decide a comparison.
type ref struct {
	prefix uint64
	pos    uint64 // chunk<<32 | offset: ascends in the order of Add
}

const (
	refSize    = 2 * 16 // with the spare one
	smallChunk = 4 << 10
	largeChunk = 1 << 20
)

func (a *arena) init(memory int) {
	a.large, a.asc = largeChunk, true
	if memory >= 0 {
		a.large = min(max(memory/16, smallChunk), largeChunk)
	}
}

// reset empties the arena and keeps its memory, but for what an entry larger
// than a chunk took.
func (a *arena) reset() {
	a.refs, a.asc = a.refs[:0], true
	a.chunks = slices.DeleteFunc(a.chunks, func(c []byte) bool { return cap(c) > a.large })
	for i := range a.chunks {
		a.chunks[i] = a.chunks[i][:0]
	}
	a.cur, a.bytes = 0, 0
	if len(a.chunks) > 0 {
		a.bytes = cap(a.chunks[0])
	}
}

// entrySize bounds what an entry takes of a chunk.
func entrySize(key, value int) int { return 2*binary.MaxVarintLen32 + key + value }

// next is the size of the chunk that follows the present one.
func (a *arena) next(need int) int {
	if a.cur+1 < len(a.chunks) && cap(a.chunks[a.cur+1]) >= need {
		return cap(a.chunks[a.cur+1])
	}
	return max(need, min(max(a.bytes, smallChunk), a.large))
}

// fits reports whether an entry of these sizes keeps the arena within memory. It
// always fits into an empty one.
func (a *arena) fits(key, value, memory int) bool {
	if len(a.refs) == 0 {
		return true
	}
	need, total := entrySize(key, value), a.bytes+cap(a.refs)*refSize
	if len(a.refs) == cap(a.refs) {
		total += cap(a.refs) * refSize / 4 // what append adds at least
	}
	if c := a.chunks[a.cur]; cap(c)-len(c) < need {
		total += a.next(need)
	}
	return total <= memory
}

func (a *arena) add(key, value []byte) {
	need := entrySize(len(key), len(value))
	switch {
	case len(a.chunks) == 0:
		n := a.next(need)
		a.chunks, a.bytes = append(a.chunks, make([]byte, 0, n)), n
	case cap(a.chunks[a.cur])-len(a.chunks[a.cur]) < need:
		n := a.next(need)
		if a.cur+1 == len(a.chunks) || cap(a.chunks[a.cur+1]) != n {
			a.chunks = append(a.chunks[:a.cur+1], make([]byte, 0, n))
		}
		a.cur, a.bytes = a.cur+1, a.bytes+n
	}
	c := a.chunks[a.cur]
	r := ref{prefix(key), uint64(a.cur)<<32 | uint64(len(c))}
	a.chunks[a.cur] = appendEntry(c, key, value)
	if n := len(a.refs); a.asc && n > 0 && a.less(r, a.refs[n-1]) {
		a.asc = false
	}
	a.refs = append(a.refs, r)
}

// sort brings the refs in order: by their prefixes with all bytes of these, from
// the last to the first, and then each part that has one prefix by whole keys.
// It never swaps two refs with equal keys.
func (a *arena) sort() {
	if a.asc {
		return
	}
	a.asc = true
	if len(a.refs) < fewRefs {
		slices.SortFunc(a.refs, a.compare)
		return
	}
	a.radix()
	for i := 0; i < len(a.refs); {
		n, sorted := i+1, true
		for ; n < len(a.refs) && a.refs[n].prefix == a.refs[i].prefix; n++ {
			sorted = sorted && a.compare(a.refs[n-1], a.refs[n]) < 0
		}
		if !sorted {
			slices.SortFunc(a.refs[i:n], a.compare)
		}
		i = n
	}
}

// fewRefs are sorted faster by comparing.
const fewRefs = 1 << 9

// radix orders the refs by their prefixes.
func (a *arena) radix() {
	var counts [8][256]int
	for _, r := range a.refs {
		for i := range counts {
			counts[i][byte(r.prefix>>(8*i))]++
		}
	}
	if cap(a.spare) < len(a.refs) {
		a.spare = make([]ref, cap(a.refs))
	}
	from, to := a.refs, a.spare[:len(a.refs)]
	for i := range counts {
		c, shift := &counts[i], 8*i
		if c[byte(from[0].prefix>>shift)] == len(from) {
			continue // all have the same byte
		}
		at := 0
		for b, n := range c {
			c[b], at = at, at+n
		}
		for _, r := range from {
			b := byte(r.prefix >> shift)
			to[c[b]] = r
			c[b]++
		}
		from, to = to, from
	}
	a.refs, a.spare = from, to
}

func (a *arena) compare(x, y ref) int {
	if x.prefix != y.prefix {
		return cmp.Compare(x.prefix, y.prefix)
	}
	return cmp.Or(bytes.Compare(a.key(x), a.key(y)), cmp.Compare(x.pos, y.pos))
}

func (a *arena) less(x, y ref) bool {
	if x.prefix != y.prefix {
		return x.prefix < y.prefix
	}
	return bytes.Compare(a.key(x), a.key(y)) < 0
}

func (a *arena) key(r ref) []byte {
	k, _ := a.entry(r)
	return k
}

// entry returns the slices of an entry, capped at their lengths.
func (a *arena) entry(r ref) (key, value []byte) {
	b := a.chunks[r.pos>>32][uint32(r.pos):]
	kn, n := binary.Uvarint(b)
	vn, m := binary.Uvarint(b[n:])
	b = b[n+m:]
	return b[:kn:kn], b[kn : kn+vn : kn+vn]
}

// raw returns an entry as it is written.
func (a *arena) raw(r ref) []byte {
	b := a.chunks[r.pos>>32][uint32(r.pos):]
	kn, n := binary.Uvarint(b)
	vn, m := binary.Uvarint(b[n:])
	return b[:n+m+int(kn)+int(vn)]
}

// appendEntry appends an entry as arenas and runs have it.
func appendEntry(b, key, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = binary.AppendUvarint(b, uint64(len(value)))
	b = append(b, key...)
	return append(b, value...)
}

// prefix is the first eight bytes of a key as a number: where two of them
// differ, the keys differ in the same way.
func prefix(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var p [8]byte
	copy(p[:], key)
	return binary.BigEndian.Uint64(p[:])
}
