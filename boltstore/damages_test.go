package boltstore

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// harming is an image that is to be harmed.
type harming struct {
	*rand.Rand
	*pages             // of the sound book
	b      []byte      // a copy of it
	im     *richImages // b and what was before
	other  []byte      // another book
}

func (h *harming) page(id uint64) []byte { return h.b[id*pageSize : (id+1)*pageSize] }
func (h *harming) any() []byte           { return h.page(h.Uint64N(uint64(len(h.b) / pageSize))) }
func (h *harming) older() []byte         { return pick(h.Rand, h.im.older[:len(h.im.older)-1]) }
func (h *harming) meta() []byte          { return h.page(uint64(h.place)) }

func put64(b []byte, v uint64) { binary.NativeEndian.PutUint64(b, v) }
func put32(b []byte, v uint32) { binary.NativeEndian.PutUint32(b, v) }
func put16(b []byte, v uint16) { binary.NativeEndian.PutUint16(b, v) }
func get64(b []byte) uint64    { return binary.NativeEndian.Uint64(b) }

// absurd returns a number that is no offset or size, or barely one.
func (h *harming) absurd() uint32 {
	return pick(h.Rand, []uint32{0, 1, 15, 16, pageSize - 1, pageSize, 65535, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1, h.Uint32(), h.Uint32N(pageSize)})
}

// replacePage puts an older state of page id in its place, with its number.
func (h *harming) replacePage(id uint64, from []byte) {
	if end := int(id+1) * pageSize; end <= len(from) {
		copy(h.page(id), from[id*pageSize:end])
		put64(h.page(id), id)
	}
}

// aBranch returns a branch page and the offset of the page number of one of its
// elements.
func (h *harming) aBranch() (id uint64, page []byte, child []byte) {
	id = pick(h.Rand, h.branches)
	page = h.page(id)
	return id, page, page[pageHead+16*h.IntN(max(1, countOf(page)))+8:][:8]
}

// aLeaf returns a leaf page and one of its elements.
func (h *harming) aLeaf() ([]byte, elem) {
	for {
		page := h.b[pick(h.Rand, h.leaves)*pageSize:]
		if n := countOf(page); n > 0 {
			return page, element(page, h.IntN(n))
		}
	}
}

// aTable returns two different leaves of one table.
func (h *harming) aTable() (uint64, uint64) {
	for {
		list := h.of[h.table[pick(h.Rand, h.leaves)]]
		if len(list) < 2 {
			continue
		}
		i, j := h.IntN(len(list)), h.IntN(len(list)-1)
		if j >= i {
			j++
		}
		return list[i], list[j]
	}
}

// damages are the ways in which TestDamage harms a book. Lost says that a whole
// earlier state may be what is left, without a trace of the last commits: as if the
// file had been copied back, or the disk had lost what it said it had, or somebody
// had forged a meta page with its checksum.
var damages = []struct {
	name string
	harm func(h *harming)
	lost bool
}{
	{name: "bit", harm: func(h *harming) { h.b[h.IntN(len(h.b))] ^= 1 << h.IntN(8) }},
	{name: "byte", harm: func(h *harming) { h.b[h.IntN(len(h.b))] = byte(h.Uint32()) }},
	{name: "sixteen bits", harm: func(h *harming) {
		for range 16 {
			h.b[h.IntN(len(h.b))] ^= 1 << h.IntN(8)
		}
	}},
	{name: "byte of a page's head", harm: func(h *harming) { h.page(pick(h.Rand, h.used))[h.IntN(16)] = byte(h.Uint32()) }},
	{name: "byte of the elements", harm: func(h *harming) { h.page(pick(h.Rand, h.used))[16+h.IntN(200)] = byte(h.Uint32()) }},
	{name: "word of a page", harm: func(h *harming) {
		put64(h.any()[8*h.IntN(pageSize/8):], h.Uint64N(uint64(len(h.b)/pageSize)))
	}},
	{name: "zero page", harm: func(h *harming) { clear(h.page(pick(h.Rand, h.used))) }},
	{name: "zero sector", harm: func(h *harming) { clear(h.page(pick(h.Rand, h.used))[512*h.IntN(8):][:512]) }},
	{name: "erased page", harm: func(h *harming) {
		p := h.page(pick(h.Rand, h.used))
		copy(p, bytes.Repeat([]byte{0xFF}, len(p)))
	}},
	{name: "noise page", harm: func(h *harming) {
		p := h.any()
		for i := range p {
			p[i] = byte(h.Uint32())
		}
	}},
	{name: "page over another", harm: func(h *harming) { copy(h.any(), bytes.Clone(h.any())) }},
	{name: "page over another, numbered", harm: func(h *harming) {
		id := pick(h.Rand, h.used)
		copy(h.page(id), bytes.Clone(h.page(pick(h.Rand, h.used))))
		put64(h.page(id), id)
	}},
	{name: "page of another book", harm: func(h *harming) { h.replacePage(pick(h.Rand, h.used), h.other) }},
	{name: "truncated", harm: func(h *harming) { h.b = h.b[:h.IntN(len(h.b))] }},
	{name: "truncated at a page", harm: func(h *harming) { h.b = h.b[:pageSize*h.IntN(len(h.b)/pageSize)] }},
	{name: "end not written", harm: func(h *harming) { clear(h.b[h.IntN(len(h.b)):]) }},
	{name: "longer", harm: func(h *harming) { h.b = append(h.b, make([]byte, h.IntN(5*pageSize))...) }},
	{name: "tail of another file", harm: func(h *harming) { h.b = append(h.b, h.other[h.IntN(len(h.other)):]...) }},
	{name: "shifted", harm: func(h *harming) {
		at := h.IntN(len(h.b))
		copy(h.b[at+1:], bytes.Clone(h.b[at:]))
	}},
	{name: "a block shifted", harm: func(h *harming) {
		from, to := 512*h.IntN(len(h.b)/512), 512*h.IntN(len(h.b)/512)
		copy(h.b[to:], bytes.Clone(h.b[from:min(from+65536, len(h.b))]))
	}},
	{name: "zero block of 64 KiB", harm: func(h *harming) {
		at := 65536 * h.IntN((len(h.b)+65535)/65536)
		clear(h.b[at:min(at+65536, len(h.b))])
	}},
	{name: "hole", harm: func(h *harming) {
		at := h.IntN(len(h.b))
		clear(h.b[at:min(at+1+h.IntN(30_000), len(h.b))])
	}},
	{name: "sent as text, CRLF", harm: func(h *harming) { h.b = bytes.ReplaceAll(h.b, []byte("\n"), []byte("\r\n")) }},
	{name: "sent as text, UTF-8", harm: func(h *harming) {
		at := h.IntN(len(h.b))
		h.b = append(h.b[:at:at], bytes.ToValidUTF8(h.b[at:], []byte("\uFFFD"))...)
	}},

	{name: "branch to itself", harm: func(h *harming) {
		id, _, child := h.aBranch()
		put64(child, id)
	}},
	{name: "branch to another branch", harm: func(h *harming) {
		_, _, child := h.aBranch()
		put64(child, pick(h.Rand, h.branches))
	}},
	{name: "branch to the root", harm: func(h *harming) {
		_, _, child := h.aBranch()
		put64(child, h.root)
	}},
	{name: "branch to any page", harm: func(h *harming) {
		_, _, child := h.aBranch()
		put64(child, h.Uint64N(h.mark+2))
	}},
	{name: "branch to a free page", harm: func(h *harming) {
		_, _, child := h.aBranch()
		put64(child, pick(h.Rand, h.free))
	}},
	{name: "branch with children swapped", harm: func(h *harming) {
		_, page, child := h.aBranch()
		other := page[pageHead+16*h.IntN(countOf(page))+8:][:8]
		a, b := get64(child), get64(other)
		put64(child, b)
		put64(other, a)
	}},
	{name: "branch to a leaf of another table", harm: func(h *harming) {
		_, _, child := h.aBranch()
		put64(child, pick(h.Rand, h.leaves))
	}},
	{name: "leaf made a branch", harm: func(h *harming) {
		p := h.page(pick(h.Rand, h.leaves))
		put16(p[8:], 1)
	}},
	{name: "another kind of page", harm: func(h *harming) {
		p := h.page(pick(h.Rand, h.used))
		put16(p[8:], pick(h.Rand, []uint16{0, 1, 2, 3, 4, 8, 16, 18, 0xFFFF}))
	}},
	{name: "count of a page", harm: func(h *harming) {
		p := h.page(pick(h.Rand, h.used))
		put16(p[10:], pick(h.Rand, []uint16{0, 1, uint16(countOf(p)) - 1, uint16(countOf(p)) + 1, 0xFFFF, uint16(h.Uint32())}))
	}},
	{name: "overflow of a page", harm: func(h *harming) {
		ids := h.used
		if h.IntN(2) == 0 {
			ids = h.long
		}
		p := h.page(pick(h.Rand, ids))
		put32(p[12:], pick(h.Rand, []uint32{0, 1, 2, 5, h.absurd(), uint32(h.mark)}))
	}},

	{name: "free list with a used page", harm: func(h *harming) {
		p := h.page(h.freelist)
		put64(p[pageHead+8*h.IntN(countOf(p)):], pick(h.Rand, h.used))
	}},
	{name: "free list without a page", harm: func(h *harming) {
		p := h.page(h.freelist)
		n := countOf(p)
		i := pageHead + 8*h.IntN(n)
		copy(p[i:], bytes.Clone(p[i+8:pageHead+8*n]))
		put16(p[10:], uint16(n-1))
	}},
	{name: "free list beyond the mark", harm: func(h *harming) {
		p := h.page(h.freelist)
		n := countOf(p)
		put64(p[pageHead+8*(n-1):], pick(h.Rand, []uint64{h.mark, h.mark + 1, 1 << 40, 1<<64 - 1}))
	}},
	{name: "free list with a page twice", harm: func(h *harming) {
		p := h.page(h.freelist)
		i := pageHead + 8*h.IntN(countOf(p)-1)
		copy(p[i:], p[i+8:i+16])
	}},
	{name: "free list out of order", harm: func(h *harming) {
		p := h.page(h.freelist)
		n := countOf(p)
		i, j := pageHead+8*h.IntN(n), pageHead+8*h.IntN(n)
		a, b := get64(p[i:]), get64(p[j:])
		put64(p[i:], b)
		put64(p[j:], a)
	}},
	{name: "free list with its count in the list", harm: func(h *harming) {
		p := h.page(h.freelist)
		n := countOf(p)
		put16(p[10:], 0xFFFF)
		copy(p[pageHead+8:], bytes.Clone(p[pageHead:pageHead+8*n]))
		put64(p[pageHead:], pick(h.Rand, []uint64{uint64(n), 0, 1 << 20, 1 << 61, 1<<64 - 1}))
	}},
	{name: "free list of an older state", harm: func(h *harming) {
		from := h.older()
		copy(h.page(h.freelist), from[parsePages(from).freelist*pageSize:][:pageSize])
		put64(h.page(h.freelist), h.freelist)
	}},

	{name: "position of an element", harm: func(h *harming) { p, e := h.aLeaf(); put32(p[e.head+4:], h.absurd()) }},
	{name: "size of a key", harm: func(h *harming) { p, e := h.aLeaf(); put32(p[e.head+8:], h.absurd()) }},
	{name: "size of a value", harm: func(h *harming) { p, e := h.aLeaf(); put32(p[e.head+12:], h.absurd()) }},
	{name: "key longer, value shorter", harm: func(h *harming) {
		p, e := h.aLeaf()
		put32(p[e.head+8:], uint32(e.value-e.key+1))
		put32(p[e.head+12:], uint32(max(0, e.end-e.value-1)))
	}},
	{name: "flag of an element", harm: func(h *harming) { p, e := h.aLeaf(); put32(p[e.head:], pick(h.Rand, []uint32{0, 1, 2, 1 << 31})) }},
	{name: "byte of a key", harm: func(h *harming) {
		p, e := h.aLeaf()
		p[e.key+h.IntN(e.value-e.key)] ^= byte(1 + h.IntN(255))
	}},
	{name: "byte of a value", harm: func(h *harming) {
		for range 20 {
			if p, e := h.aLeaf(); e.end > e.value {
				p[e.value+h.IntN(e.end-e.value)] ^= byte(1 + h.IntN(255))
				return
			}
		}
	}},
	{name: "two keys swapped", harm: func(h *harming) {
		p, a := h.aLeaf()
		b := element(p, h.IntN(countOf(p)))
		if a.value-a.key == b.value-b.key {
			ka, kb := bytes.Clone(p[a.key:a.value]), bytes.Clone(p[b.key:b.value])
			copy(p[a.key:], kb)
			copy(p[b.key:], ka)
			return
		}
		put64(p[a.head:], get64(p[b.head:]))
	}},
	{name: "two values swapped", harm: func(h *harming) {
		p, a := h.aLeaf()
		b := element(p, h.IntN(countOf(p)))
		if a.end-a.value == b.end-b.value {
			va, vb := bytes.Clone(p[a.value:a.end]), bytes.Clone(p[b.value:b.end])
			copy(p[a.value:], vb)
			copy(p[b.value:], va)
		}
	}},
	{name: "entry lost from a sound page", harm: func(h *harming) { h.dropElement() }},
	{name: "value of an older state", harm: func(h *harming) {
		// The same key in an older state, where its value is as long.
		older := h.older()
		for range 30 {
			page, e := h.aLeaf()
			at := bytes.Index(older, page[e.key:e.value])
			if e.end-e.value > 4 && at > 0 && !bytes.HasPrefix(older[at:], page[e.key:e.end]) {
				copy(page[e.value:e.end], older[at+e.value-e.key:])
				return
			}
		}
	}},
	{name: "two leaves of a table swapped", harm: func(h *harming) {
		a, b := h.aTable()
		pa := bytes.Clone(h.page(a))
		copy(h.page(a), h.page(b))
		copy(h.page(b), pa)
		put64(h.page(a), a)
		put64(h.page(b), b)
	}},
	{name: "leaf twice in a table", harm: func(h *harming) {
		a, b := h.aTable()
		copy(h.page(a), h.page(b))
		put64(h.page(a), a)
	}},
	{name: "leaf of another table", harm: func(h *harming) {
		a, b := pick(h.Rand, h.leaves), pick(h.Rand, h.leaves)
		copy(h.page(a), bytes.Clone(h.page(b)))
		put64(h.page(a), a)
	}},

	{name: "older leaf", harm: func(h *harming) { h.replacePage(pick(h.Rand, h.leaves), h.older()) }},
	{name: "older branch", harm: func(h *harming) { h.replacePage(pick(h.Rand, h.branches), h.older()) }},
	{name: "older page", harm: func(h *harming) { h.replacePage(pick(h.Rand, h.used), pick(h.Rand, h.im.older)) }},
	{name: "older range", harm: func(h *harming) {
		from := h.older()
		at := pageSize * (2 + h.IntN(len(h.b)/pageSize-2))
		end := min(at+pageSize*(1+h.IntN(32)), len(from), len(h.b))
		if at < end {
			copy(h.b[at:end], from[at:end])
		}
	}},
	{name: "older first half", lost: true, harm: func(h *harming) {
		from := h.older()
		copy(h.b, from[:pageSize*h.IntN(min(len(from), len(h.b))/pageSize)])
	}},
	{name: "older second half", harm: func(h *harming) {
		from := h.older()
		if at := pageSize * (2 + h.IntN(min(len(from), len(h.b))/pageSize-2)); at < len(from) {
			copy(h.b[at:], from[at:])
		}
	}},
	{name: "table of an older state", harm: func(h *harming) {
		// The number of its root page, in a file whose pages were not reused.
		from := h.older()
		p := parsePages(from)
		root := get64(from[pick(h.Rand, p.buckets):])
		put64(h.b[pick(h.Rand, h.buckets):], root)
	}},
	{name: "root page of a table", harm: func(h *harming) {
		put64(h.b[pick(h.Rand, h.buckets):], pick(h.Rand, []uint64{0, 1, h.root, pick(h.Rand, h.used), pick(h.Rand, h.free), h.mark, 1 << 50}))
	}},
	{name: "root pages of two tables swapped", harm: func(h *harming) {
		a, b := pick(h.Rand, h.buckets), pick(h.Rand, h.buckets)
		ra, rb := get64(h.b[a:]), get64(h.b[b:])
		put64(h.b[a:], rb)
		put64(h.b[b:], ra)
	}},
	{name: "small bucket", harm: func(h *harming) {
		h.b[pick(h.Rand, h.inline)+h.IntN(64)] = byte(h.Uint32())
	}},
	{name: "small bucket, its elements", harm: func(h *harming) {
		at := pick(h.Rand, h.inline) + 16 + pageHead // the first element's flags, pos, ksize, vsize
		put32(h.b[at+4*h.IntN(4):], h.absurd())
	}},
	{name: "format record", harm: func(h *harming) {
		at := bytes.Index(h.b[h.root*pageSize:], []byte(formatKey)) + int(h.root)*pageSize + len(formatKey)
		h.b[at] = pick(h.Rand, []byte("02379x\x00\xff"))
	}},

	{name: "meta field with its checksum", lost: true, harm: func(h *harming) { h.metaField(h.meta()) }},
	{name: "field of both metas, with checksums", lost: true, harm: func(h *harming) {
		h.metaField(h.page(0))
		h.metaField(h.page(1))
	}},
	{name: "meta of another page size", harm: func(h *harming) {
		for _, m := range [][]byte{h.page(0), h.page(1)} {
			put32(m[24:], pick(h.Rand, []uint32{0, 512, 1024, 8192, 16384, 65536, 1 << 30}))
			sealMeta(m)
		}
	}},
	{name: "metas swapped", harm: func(h *harming) {
		m := bytes.Clone(h.page(0))
		copy(h.page(0), h.page(1))
		copy(h.page(1), m)
		if h.IntN(2) == 0 {
			put64(h.page(0), 0)
			put64(h.page(1), 1)
		}
	}},
	{name: "one meta twice", harm: func(h *harming) {
		i := uint64(h.IntN(2))
		copy(h.page(i), h.page(1-i))
		put64(h.page(i), i)
	}},
	{name: "torn meta", harm: func(h *harming) {
		at := 16 + 8*h.IntN(8)
		copy(h.meta()[at:80], h.page(uint64(1 - h.place))[at:80])
	}},
	{name: "zero meta", harm: func(h *harming) { clear(h.meta()[:pick(h.Rand, []int{512, pageSize})]) }},
	{name: "other meta harmed", harm: func(h *harming) { h.page(uint64(1 - h.place))[16+h.IntN(64)] ^= 0x55 }},
	{name: "both metas harmed", harm: func(h *harming) {
		h.page(0)[16+h.IntN(64)] ^= 0x55
		h.page(1)[16+h.IntN(64)] ^= 0x55
	}},
	{name: "older meta", lost: true, harm: func(h *harming) { copy(h.meta(), h.older()[h.place*pageSize:][:pageSize]) }},
	{name: "older metas", lost: true, harm: func(h *harming) { copy(h.b, h.older()[:2*pageSize]) }},
	{name: "last meta lost", lost: true, harm: func(h *harming) {
		m := h.meta()
		copy(m, h.page(uint64(1-h.place)))
		put64(m, uint64(h.place))
		// As it was before: that page of two commits ago, of which the
		// library needs no more than its number.
		put64(m[16+48:], h.txid-2)
		sealMeta(m)
	}},
	{name: "page at random, numbered", harm: func(h *harming) {
		p := h.page(pick(h.Rand, h.used))
		for range 1 + h.IntN(40) {
			p[16+h.IntN(pageSize-16)] = byte(h.Uint32())
		}
	}},
	{name: "text in the middle", harm: func(h *harming) {
		copy(h.b[h.IntN(len(h.b)):], "Traceback (most recent call last):\n  File \"sync.py\"\n")
	}},
}

// metaField changes a field of a meta page and gives it its checksum.
func (h *harming) metaField(m []byte) {
	if field := h.IntN(7); field == 0 {
		put32(m[16+8:], 1<<h.IntN(20))
	} else {
		v := h.Uint64N(uint64(len(h.b)/pageSize) + 3)
		if h.IntN(4) == 0 {
			v = h.Uint64()
		}
		put64(m[16+8*field:], v)
	}
	sealMeta(m)
}

// dropElement takes an entry out of a leaf, as a program does: the page is sound
// without it.
func (h *harming) dropElement() {
	for range 50 {
		id := pick(h.Rand, h.leaves)
		if slices.Contains(h.long, id) || id == h.root {
			continue
		}
		p := h.page(id)
		n := countOf(p)
		if n < 3 {
			continue
		}
		drop := 1 + h.IntN(n-1) // the first key is in the parent
		type entry struct {
			flags      uint32
			key, value []byte
		}
		var keep []entry
		for i := range n {
			if e := element(p, i); i != drop {
				keep = append(keep, entry{e.flags, bytes.Clone(p[e.key:e.value]), bytes.Clone(p[e.value:e.end])})
			}
		}
		clear(p[pageHead:])
		put16(p[10:], uint16(n-1))
		at := pageHead + 16*(n-1)
		for i, e := range keep {
			head := pageHead + 16*i
			put32(p[head:], e.flags)
			put32(p[head+4:], uint32(at-head))
			put32(p[head+8:], uint32(len(e.key)))
			put32(p[head+12:], uint32(len(e.value)))
			at += copy(p[at:], e.key)
			at += copy(p[at:], e.value)
		}
		return
	}
}
