package kvstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// A run collects changes to one table in any order and gives them out by key.
// An entry costs 16 bytes beside its key and value.
type run struct {
	chunks  [][]byte
	entries []entry
	bytes   int
}

// entry is one change: where it stands, and the first bytes of its key, by
// which most comparisons are decided.
type entry struct {
	prefix     uint64
	chunk, pos uint32
}

const (
	minChunk = 1 << 10
	maxChunk = 1 << 20
	opHead   = 6 // lengths of key and value
	opDelete = 1 << 31
)

// add appends a change. Key and value are copied.
func (r *run) add(key, value []byte, del bool) {
	need := opHead + len(key) + len(value)
	last := len(r.chunks) - 1
	if last < 0 || cap(r.chunks[last])-len(r.chunks[last]) < need {
		size := minChunk
		if last >= 0 {
			size = min(2*cap(r.chunks[last]), maxChunk)
		}
		r.chunks = append(r.chunks, make([]byte, 0, max(size, need)))
		last++
	}
	c := r.chunks[last]
	r.entries = append(r.entries, entry{prefixOf(key), uint32(last), uint32(len(c))})
	c = binary.LittleEndian.AppendUint16(c, uint16(len(key)))
	n := uint32(len(value))
	if del {
		n |= opDelete
	}
	c = binary.LittleEndian.AppendUint32(c, n)
	r.chunks[last] = append(append(c, key...), value...)
	r.bytes += len(key) + len(value)
}

// prefixOf is the 8 bytes behind the table of a key, in an order that keys
// have too.
func prefixOf(key []byte) uint64 {
	if len(key) >= 9 {
		return binary.BigEndian.Uint64(key[1:])
	}
	var b [8]byte
	copy(b[:], key[1:])
	return binary.BigEndian.Uint64(b[:])
}

func (r *run) key(e entry) []byte {
	c := r.chunks[e.chunk][e.pos:]
	n := binary.LittleEndian.Uint16(c)
	return c[opHead : opHead+int(n) : opHead+int(n)]
}

func (r *run) op(e entry) Op {
	c := r.chunks[e.chunk][e.pos:]
	k := opHead + int(binary.LittleEndian.Uint16(c))
	v := binary.LittleEndian.Uint32(c[2:])
	op := Op{Key: c[opHead:k:k], Delete: v&opDelete != 0}
	n := k + int(v&^opDelete)
	op.Value = c[k:n:n]
	return op
}

// sort brings the changes into the order of their keys.
func (r *run) sort() {
	compare := func(a, b entry) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		return bytes.Compare(r.key(a), r.key(b))
	}
	if !slices.IsSortedFunc(r.entries, compare) {
		slices.SortFunc(r.entries, compare)
	}
}

// reset empties r and keeps a little of its memory.
func (r *run) reset() {
	if len(r.chunks) == 1 && cap(r.entries) <= 1<<10 {
		r.chunks[0] = r.chunks[0][:0]
		r.entries = r.entries[:0]
		r.bytes = 0
		return
	}
	*r = run{}
}

// builder collects the changes of one commit. Each key is changed at most once.
type builder struct {
	tables ['z' + 1 - 'a']run
	out    []Op
}

func (b *builder) put(key, value []byte) { b.tables[key[0]-'a'].add(key, value, false) }
func (b *builder) del(key []byte)        { b.tables[key[0]-'a'].add(key, nil, true) }

// size returns the bytes of the keys and values collected.
func (b *builder) size() int {
	n := 0
	for i := range b.tables {
		n += b.tables[i].bytes
	}
	return n
}

// ops returns all changes in order of key. They are valid until reset.
func (b *builder) ops() []Op {
	n := 0
	for i := range b.tables {
		n += len(b.tables[i].entries)
	}
	if cap(b.out) < n {
		b.out = make([]Op, 0, n)
	}
	out := b.out[:0]
	for i := range b.tables {
		r := &b.tables[i]
		r.sort()
		for _, e := range r.entries {
			out = append(out, r.op(e))
		}
	}
	b.out = out
	return out
}

func (b *builder) reset() {
	for i := range b.tables {
		if r := &b.tables[i]; len(r.chunks) > 0 {
			r.reset()
		}
	}
	if cap(b.out) > 1<<12 {
		b.out = nil
	}
}
