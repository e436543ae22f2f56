package boltfile

import (
	"bufio"
	"context"
	"fmt"
	"io"
)

// maxDepth bounds the pages between the root of a file and a leaf, buckets
// within buckets included.
const maxDepth = 64

// largestNode bounds the bytes of a page of a tree with its overflow pages, and
// those of all long pages between the root and a leaf; and so the memory that
// a damaged file can ask for.
const largestNode = 64 << 20

// A Visitor is called for every element of a bucket that is no bucket itself,
// and for every bucket before its elements, with a nil key. Path has the names of the bucket and of those that it is in, the outermost
// first; it is empty for elements of the root, of which bbolt makes none. The
// slices are only valid during the call. An error ends the walk.
type Visitor func(path [][]byte, key, value []byte) error

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
// Visit, unless it is nil, gets the elements of every bucket in order of key;
// the page that they are in was judged, those after it were not. bbolt keeps no
// checksum of values, and Walk does not look into them. What visit returns,
// Walk returns.
//
// A file in which bbolt lost pages is not sound by that: it does so when a
// bucket is changed and deleted in one transaction.
//
// Walk takes memory for a few pages a level, of 64 MiB at most besides, and one
// bit a page, and visits no page twice, whatever the file says.
//
// The file may be written to during the walk, as long as a read transaction
// keeps the pages of state m from being reused.
func Walk(ctx context.Context, r io.ReaderAt, size int64, m Meta, visit Visitor) error {
	if err := m.Fits(size); err != nil {
		return err
	}
	w := &walker{ctx: ctx, r: r, m: m, visit: visit, seen: make([]uint64, (m.Pages+63)/64)}
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

// walker is one Walk.
type walker struct {
	ctx     context.Context
	r       io.ReaderAt
	m       Meta
	visit   Visitor
	seen    []uint64  // a bit a page
	windows []*window // on the file, one a level
	long    uint64    // bytes of the long pages between the root and here
	path    [][]byte  // of the bucket that is walked
	n       int       // pages read
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

// head returns page id without its overflow pages, and marks it. The page is
// valid until the next one of that depth is read.
func (w *walker) head(id uint64, depth int) (header, []byte, error) {
	if w.n++; w.n%256 == 0 {
		if err := w.ctx.Err(); err != nil {
			return header{}, nil, err
		}
	}
	if !w.mark(id, 1) {
		return header{}, nil, problemf(id, "used twice, free, or outside of the file")
	}
	for len(w.windows) <= depth {
		w.windows = append(w.windows, &window{r: w.r, m: w.m})
	}
	page, err := w.windows[depth].page(id)
	if err != nil {
		return header{}, nil, err
	}
	h := readHeader(page)
	if h.id != id {
		return header{}, nil, problemf(id, "bears the number %d", h.id)
	}
	return h, page, nil
}

// read is head with the overflow pages, which it marks, too. It refuses a page
// of more than most bytes.
func (w *walker) read(id uint64, depth int, most uint64) (header, []byte, error) {
	h, page, err := w.head(id, depth)
	if err == nil && h.overflow > 0 {
		bytes := (h.overflow + 1) * uint64(w.m.PageSize)
		if bytes > most || !w.mark(id+1, h.overflow) {
			return header{}, nil, problemf(id, "runs on for %d pages that it cannot have", h.overflow)
		}
		page = make([]byte, bytes)
		if err := readFull(w.r, w.m, page, id); err != nil {
			return header{}, nil, err
		}
	}
	return h, page, err
}

// freelist judges the list of free pages and marks every page in it. The list of
// a large file may be long, and is never in memory as a whole.
func (w *walker) freelist() error {
	id := w.m.Freelist
	h, _, err := w.head(id, 0)
	if err != nil {
		return err
	}
	if h.flags != flagFreelist {
		return problemf(id, "not a list of free pages")
	}
	// bbolt reserves room for the pages that wait to be free, too.
	size := (h.overflow + 1) * uint64(w.m.PageSize)
	if h.overflow > 0 && (size > 8*w.m.Pages+2*uint64(w.m.PageSize) || !w.mark(id+1, h.overflow)) {
		return problemf(id, "runs on for %d pages that it cannot have", h.overflow)
	}
	size -= headerSize
	list := bufio.NewReaderSize(io.NewSectionReader(w.r, int64(id)*int64(w.m.PageSize)+headerSize, int64(size)), int(min(size, mostAhead)))
	next := func() (uint64, error) {
		var b [8]byte
		if _, err := io.ReadFull(list, b[:]); err == io.EOF || err == io.ErrUnexpectedEOF {
			return 0, problemf(id, "the file ends in it")
		} else if err != nil {
			return 0, fmt.Errorf("reading page %d: %w", id, err)
		}
		return order.Uint64(b[:]), nil
	}
	count, room := uint64(h.count), size/8
	if h.count == countInList {
		if count, err = next(); err != nil {
			return err
		}
		room--
	}
	if count > room {
		return problemf(id, "a list of %d free pages that does not fit", count)
	}
	last := uint64(1)
	for i := range count {
		if i%(1<<16) == 0 && w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		free, err := next()
		if err != nil {
			return err
		}
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
	h, page, err := w.read(id, depth, largestNode-w.long)
	if err != nil {
		return err
	}
	if h.overflow > 0 {
		w.long += uint64(len(page))
		defer func() { w.long -= uint64(len(page)) }()
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
		return w.leaf(id, h, page, depth, keys)
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

// leaf judges a leaf page, and the buckets in it.
func (w *walker) leaf(id uint64, h header, page []byte, depth int, keys span) error {
	end, buckets, err := packed(id, h.count, page, keys)
	switch {
	case err != nil:
		return err
	case w.pagesOf(end) != h.overflow+1:
		return problemf(id, "runs on for %d pages that it does not need", h.overflow)
	case !buckets:
		return w.visitAll(h.count, page)
	}
	for i := range h.count {
		key, value, flags := leafElement(page, i)
		if flags == elementBucket {
			w.path = append(w.path, key)
			if w.visit != nil {
				err = w.visit(w.path, nil, nil)
			}
			if err == nil {
				err = w.bucket(id, i, value, depth)
			}
			w.path = w.path[:len(w.path)-1]
		} else if w.visit != nil {
			err = w.visit(w.path, key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// visitAll shows the elements of a page that was judged, none of which is a
// bucket.
func (w *walker) visitAll(count int, page []byte) error {
	if w.visit == nil || count == 0 {
		return nil
	}
	at := headerSize + elementSize*count
	for e := headerSize; count > 0; e, count = e+elementSize, count-1 {
		mid := at + int(order.Uint32(page[e+8:]))
		end := mid + int(order.Uint32(page[e+12:]))
		if err := w.visit(w.path, page[at:mid:mid], page[mid:end:end]); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// bucket judges the bucket that is value of element i of page id.
func (w *walker) bucket(id uint64, i int, value []byte, depth int) error {
	if len(value) < bucketSize {
		return problemf(id, "bucket %d is cut short", i)
	}
	if root := order.Uint64(value); root != 0 {
		if len(value) != bucketSize {
			return problemf(id, "bucket %d is too long", i)
		}
		return w.tree(root, depth+1)
	}
	page := value[bucketSize:]
	if err := inline(id, page); err != nil {
		return err
	}
	return w.visitAll(readHeader(page).count, page)
}

// pagesOf returns how many pages size bytes take.
func (w *walker) pagesOf(size int) uint64 {
	return uint64((size + w.m.PageSize - 1) / w.m.PageSize)
}
