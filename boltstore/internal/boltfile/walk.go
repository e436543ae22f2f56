package boltfile

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// maxDepth bounds the pages between the root of a file and a leaf, buckets
// within buckets included.
const maxDepth = 64

// largestNode bounds the bytes of a page of a tree with its overflow pages, and
// so the memory that a damaged file can ask for.
const largestNode = 64 << 20

// Walk reads state m of a file of size bytes and returns the first thing that
// is wrong with it as a *Problem, or nil. Where it returns nil, bbolt can read
// and write every page of that state:
//
//   - the list of free pages fits its page and is in ascending order;
//   - every page below the high-water mark is used once: by a bucket, by the
//     list of free pages, or as a free page;
//   - every page bears its own number and the kind that its place calls for,
//     its elements are packed as bbolt packs them, and their keys ascend;
//   - the first key of a page is the key that its parent has for it, and its
//     last key is below the parent's next;
//   - all leaves of a bucket are equally deep.
//
// A file in which bbolt lost pages is not sound by that: it does so when a
// bucket is changed and deleted in one transaction.
//
// It takes memory for one page a level, of 64 MiB at most, and one bit a page,
// and reads no page twice, whatever the file says. The bytes of values are not judged: bbolt
// keeps no checksum of them.
//
// The file may be written to during the walk, as long as a read transaction
// keeps the pages of state m from being reused.
func Walk(ctx context.Context, r io.ReaderAt, size int64, m Meta) error {
	if err := m.Fits(size); err != nil {
		return err
	}
	w := &walker{ctx: ctx, r: r, m: m, seen: make([]uint64, (m.Pages+63)/64)}
	w.mark(0, 2)
	if err := w.freelist(); err != nil {
		return err
	}
	if err := w.tree(m.Root, 0); err != nil {
		return err
	}
	for id := range m.Pages {
		if w.seen[id/64]&(1<<(id%64)) == 0 {
			return problemf(id, "neither in use nor free")
		}
	}
	return nil
}

// ReadAhead reads the whole file once, in order, and forgets what it read. It
// makes a Walk that follows several times faster where the file is not in the
// system's cache, as a walk visits the pages of an old file in no order; and
// costs little where it is.
func ReadAhead(ctx context.Context, r io.ReaderAt, size int64) {
	buf := make([]byte, min(size, 1<<20))
	for at := int64(0); at < size && ctx.Err() == nil; at += int64(len(buf)) {
		if n, err := r.ReadAt(buf, at); n == 0 && err != nil {
			return // Walk will say it
		}
	}
}

// walker is one Walk.
type walker struct {
	ctx   context.Context
	r     io.ReaderAt
	m     Meta
	seen  []uint64 // a bit a page
	pages [][]byte // buffers for read, one a level
	n     int      // pages read
}

// mark notes that n pages from id on are used, and reports whether they exist
// and none of them was used before.
func (w *walker) mark(id, n uint64) bool {
	if id >= w.m.Pages || n > w.m.Pages-id {
		return false
	}
	for ; n > 0; id, n = id+1, n-1 {
		if w.seen[id/64]&(1<<(id%64)) != 0 {
			return false
		}
		w.seen[id/64] |= 1 << (id % 64)
	}
	return true
}

// read returns page id with its overflow pages, in a buffer that belongs to
// depth, and marks them. It refuses one of more than most bytes.
func (w *walker) read(id uint64, depth int, most uint64) (header, []byte, error) {
	if w.n++; w.n%256 == 0 {
		if err := w.ctx.Err(); err != nil {
			return header{}, nil, err
		}
	}
	if !w.mark(id, 1) {
		return header{}, nil, problemf(id, "used twice, free, or outside of the file")
	}
	for len(w.pages) <= depth {
		w.pages = append(w.pages, make([]byte, w.m.PageSize))
	}
	buf := w.pages[depth][:w.m.PageSize]
	if err := readFull(w.r, w.m, buf, id); err != nil {
		return header{}, nil, err
	}
	h := readHeader(buf)
	if h.id != id {
		return header{}, nil, problemf(id, "bears the number %d", h.id)
	}
	if h.overflow > 0 {
		if (h.overflow+1)*uint64(w.m.PageSize) > most || !w.mark(id+1, h.overflow) {
			return header{}, nil, problemf(id, "runs on for %d pages that it cannot have", h.overflow)
		}
		long := make([]byte, (h.overflow+1)*uint64(w.m.PageSize))
		if err := readFull(w.r, w.m, long, id); err != nil {
			return header{}, nil, err
		}
		buf = long
	}
	return h, buf, nil
}

// readFull reads the pages of state m from id on into p.
func readFull(r io.ReaderAt, m Meta, p []byte, id uint64) error {
	n, err := r.ReadAt(p, int64(id)*int64(m.PageSize))
	if n == len(p) {
		return nil
	}
	if err == io.EOF {
		return problemf(id, "the file ends in it")
	}
	return fmt.Errorf("reading page %d: %w", id, err)
}

// freelist judges the list of free pages and marks every page in it.
func (w *walker) freelist() error {
	id := w.m.Freelist
	// bbolt reserves room for the pages that wait to be free, too.
	h, page, err := w.read(id, 0, 8*w.m.Pages+2*uint64(w.m.PageSize))
	if err != nil {
		return err
	}
	if h.flags != flagFreelist {
		return problemf(id, "not a list of free pages")
	}
	ids := page[headerSize:]
	count := uint64(h.count)
	if h.count == countInList {
		count = order.Uint64(ids)
		ids = ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return problemf(id, "a list of %d free pages that does not fit", count)
	}
	last := uint64(1)
	for i := range count {
		free := order.Uint64(ids[i*8:])
		if free <= last || !w.mark(free, 1) {
			return problemf(id, "lists page %d as free, which it cannot be", free)
		}
		last = free
	}
	return nil
}

// span is what a page's parent says of its keys.
type span struct {
	first []byte // the first key; nil: any
	end   []byte // all keys are below it; nil: any
}

// tree judges the tree whose root is page root, at depth pages below the root
// of the file.
func (w *walker) tree(root uint64, depth int) error {
	leaves := -1
	return w.node(root, depth, span{}, true, &leaves)
}

// node judges page id and all below it. leaves is the depth of the tree's
// leaves, -1 before the first is seen.
func (w *walker) node(id uint64, depth int, keys span, root bool, leaves *int) error {
	if depth > maxDepth {
		return problemf(id, "deeper than %d pages", maxDepth)
	}
	h, page, err := w.read(id, depth, largestNode)
	if err != nil {
		return err
	}
	switch h.flags {
	case flagLeaf:
		if *leaves == -1 {
			*leaves = depth
		}
		if *leaves != depth {
			return problemf(id, "a leaf at depth %d, the others at %d", depth, *leaves)
		}
		if h.count == 0 && !root {
			return problemf(id, "an empty leaf")
		}
		buckets, err := w.elements(id, h, page, keys)
		if err != nil || !buckets {
			return err
		}
		return w.buckets(id, h, page, depth)
	case flagBranch:
		return w.branch(id, h, page, depth, keys, leaves)
	}
	return problemf(id, "neither branch nor leaf (%#x)", h.flags)
}

// branch judges a branch page and all below it.
func (w *walker) branch(id uint64, h header, page []byte, depth int, keys span, leaves *int) error {
	end, err := packedBranch(id, h.count, page, keys)
	if err != nil {
		return err
	}
	if w.pagesOf(end) != h.overflow+1 {
		return problemf(id, "runs on for %d pages that it does not need", h.overflow)
	}
	for i := range h.count {
		sub := span{first: branchKey(page, i), end: keys.end}
		if i+1 < h.count {
			sub.end = branchKey(page, i+1)
		}
		if err := w.node(branchChild(page, i), depth+1, sub, false, leaves); err != nil {
			return err
		}
	}
	return nil
}

// packedBranch judges count branch elements on a page and returns where the
// last one ends.
func packedBranch(id uint64, count int, page []byte, keys span) (end int, err error) {
	if count < 2 {
		return 0, problemf(id, "a branch of %d", count)
	}
	at := headerSize + elementSize*count
	if at > len(page) {
		return 0, problemf(id, "%d elements that do not fit", count)
	}
	for i := range count {
		e := headerSize + elementSize*i
		pos, size := uint64(order.Uint32(page[e:])), uint64(order.Uint32(page[e+4:]))
		if uint64(e)+pos != uint64(at) || size == 0 || size > uint64(len(page)-at) {
			return 0, problemf(id, "element %d is out of place", i)
		}
		at += int(size)
		key := branchKey(page, i)
		switch {
		case i == 0 && keys.first != nil && !bytes.Equal(key, keys.first):
			return 0, problemf(id, "first key is not its parent's")
		case i > 0 && bytes.Compare(branchKey(page, i-1), key) >= 0:
			return 0, problemf(id, "key %d out of order", i)
		}
	}
	if keys.end != nil && bytes.Compare(branchKey(page, count-1), keys.end) >= 0 {
		return 0, problemf(id, "last key is beyond its parent's next")
	}
	return at, nil
}

// branchKey returns the key of element i, which was judged.
func branchKey(page []byte, i int) []byte {
	e := headerSize + elementSize*i
	at := e + int(order.Uint32(page[e:]))
	return page[at : at+int(order.Uint32(page[e+4:]))]
}

// branchChild returns the page of element i.
func branchChild(page []byte, i int) uint64 {
	return order.Uint64(page[headerSize+elementSize*i+8:])
}

// elements judges the elements of a leaf page and reports whether any of them
// is a bucket.
func (w *walker) elements(id uint64, h header, page []byte, keys span) (buckets bool, err error) {
	end, buckets, err := packed(id, h.count, page, keys)
	if err == nil && w.pagesOf(end) != h.overflow+1 {
		err = problemf(id, "runs on for %d pages that it does not need", h.overflow)
	}
	return buckets, err
}

// packed judges count leaf elements on a page, which may be one inside of a
// value, and returns where the last one ends.
func packed(id uint64, count int, page []byte, keys span) (end int, buckets bool, err error) {
	at := headerSize + elementSize*count
	if at > len(page) {
		return 0, false, problemf(id, "%d elements that do not fit", count)
	}
	var last []byte
	for i := range count {
		e := headerSize + elementSize*i
		head := page[e : e+elementSize]
		flags, pos := order.Uint32(head), uint64(order.Uint32(head[4:]))
		ksize, vsize := uint64(order.Uint32(head[8:])), uint64(order.Uint32(head[12:]))
		if uint64(e)+pos != uint64(at) || flags > elementBucket || ksize == 0 || ksize+vsize > uint64(len(page)-at) {
			return 0, false, problemf(id, "element %d is out of place", i)
		}
		key := page[at : at+int(ksize)]
		at += int(ksize + vsize)
		switch {
		case i == 0 && keys.first != nil && !bytes.Equal(key, keys.first):
			return 0, false, problemf(id, "first key is not its parent's")
		case i > 0 && bytes.Compare(last, key) >= 0:
			return 0, false, problemf(id, "key %d out of order", i)
		}
		last = key
		buckets = buckets || flags == elementBucket
	}
	if count > 0 && keys.end != nil && bytes.Compare(last, keys.end) >= 0 {
		return 0, false, problemf(id, "last key is beyond its parent's next")
	}
	return at, buckets, nil
}

// buckets judges the buckets in a leaf page whose elements were judged.
func (w *walker) buckets(id uint64, h header, page []byte, depth int) error {
	for i := range h.count {
		e := headerSize + elementSize*i
		if order.Uint32(page[e:]) != elementBucket {
			continue
		}
		at := e + int(order.Uint32(page[e+4:])) + int(order.Uint32(page[e+8:]))
		value := page[at : at+int(order.Uint32(page[e+12:]))]
		if len(value) < bucketSize {
			return problemf(id, "bucket %d is cut short", i)
		}
		if root := order.Uint64(value); root != 0 {
			if len(value) != bucketSize {
				return problemf(id, "bucket %d is too long", i)
			}
			if err := w.tree(root, depth+1); err != nil {
				return err
			}
			continue
		}
		if err := inline(id, value[bucketSize:]); err != nil {
			return err
		}
	}
	return nil
}

// inline judges a bucket whose only page lies in a value of page id.
func inline(id uint64, page []byte) error {
	if len(page) < headerSize {
		return problemf(id, "a small bucket is cut short")
	}
	h := readHeader(page)
	if h.id != 0 || h.flags != flagLeaf || h.overflow != 0 {
		return problemf(id, "a small bucket with a foreign head")
	}
	end, buckets, err := packed(id, h.count, page, span{})
	switch {
	case err != nil:
		return err
	case buckets:
		return problemf(id, "a bucket within a small bucket")
	case end != len(page):
		return problemf(id, "a small bucket of the wrong size")
	}
	return nil
}

// pagesOf returns how many pages size bytes take.
func (w *walker) pagesOf(size int) uint64 {
	return uint64((size + w.m.PageSize - 1) / w.m.PageSize)
}
