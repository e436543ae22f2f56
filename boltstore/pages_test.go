package boltstore

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"slices"
)

// pages is what tests know of a sound bbolt file, to harm it where it hurts.
type pages struct {
	root, freelist, mark uint64
	txid                 uint64
	place                int // of the present meta page

	used     []uint64          // every page of the present state, without metas and overflow
	branches []uint64          // branch pages
	leaves   []uint64          // leaf pages
	long     []uint64          // pages that run on
	inline   []int             // offsets of buckets within a value
	buckets  []int             // offsets of the root page numbers of buckets
	table    map[uint64]byte   // of leaves: the first letter of their bucket
	of       map[byte][]uint64 // the leaves of a bucket
	free     []uint64
	depth    int
}

const pageHead = 16

func parsePages(b []byte) *pages {
	u64 := binary.NativeEndian.Uint64
	p := &pages{table: map[uint64]byte{}, of: map[byte][]uint64{}}
	if u64(b[pageSize+16+48:]) > u64(b[16+48:]) {
		p.place = 1
	}
	m := b[p.place*pageSize+16:]
	p.root, p.freelist, p.mark, p.txid = u64(m[16:]), u64(m[32:]), u64(m[40:]), u64(m[48:])
	p.tree(b, p.root, 0, 0)
	list := b[p.freelist*pageSize:]
	for i := range int(binary.NativeEndian.Uint16(list[10:])) {
		p.free = append(p.free, u64(list[pageHead+8*i:]))
	}
	p.used = append(p.used, p.freelist)
	slices.Sort(p.used)
	return p
}

func (p *pages) tree(b []byte, id uint64, table byte, depth int) {
	p.depth = max(p.depth, depth)
	at := int(id) * pageSize
	page := b[at:]
	p.used = append(p.used, id)
	if binary.NativeEndian.Uint32(page[12:]) > 0 {
		p.long = append(p.long, id)
	}
	count := int(binary.NativeEndian.Uint16(page[10:]))
	if page[8] == 1 {
		p.branches = append(p.branches, id)
		for i := range count {
			p.tree(b, binary.NativeEndian.Uint64(page[pageHead+16*i+8:]), table, depth+1)
		}
		return
	}
	p.leaves = append(p.leaves, id)
	p.table[id] = table
	p.of[table] = append(p.of[table], id)
	for i := range count {
		e := element(page, i)
		if e.flags != 1 {
			continue
		}
		value := at + e.value
		if root := binary.NativeEndian.Uint64(b[value:]); root == 0 {
			p.inline = append(p.inline, value)
		} else {
			p.buckets = append(p.buckets, value)
			p.tree(b, root, page[e.key], depth+1)
		}
	}
}

// elem is an element of a leaf page: where it is in the page.
type elem struct {
	head, key, value, end int
	flags                 uint32
}

func element(page []byte, i int) elem {
	u := binary.NativeEndian.Uint32
	h := pageHead + 16*i
	key := h + int(u(page[h+4:]))
	value := key + int(u(page[h+8:]))
	return elem{h, key, value, value + int(u(page[h+12:])), u(page[h:])}
}

func countOf(page []byte) int { return int(binary.NativeEndian.Uint16(page[10:])) }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// sealMeta gives the meta page that begins at b its checksum.
func sealMeta(b []byte) {
	h := fnv.New64a()
	_, _ = h.Write(b[16:72])
	binary.NativeEndian.PutUint64(b[72:], h.Sum64())
}
