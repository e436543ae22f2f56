package boltfile

import (
	"context"
	"io"
)

// An Element is one entry that Scan finds in a leaf page, or in a bucket within
// one. Its slices are valid until visit returns.
type Element struct {
	Bucket     []byte // the bucket of the root that it is in; nil where that is not known, or it is in one of that
	Key, Value []byte

	// Whole says that the page is packed as bbolt packs it; else the element
	// is but one whose place lies within the page.
	Whole bool

	// Used says that the page is in use by the state that was scanned: the
	// tree leads to it and the list of free pages does not have it, or neither
	// does, and some page of the tree is lost.
	Used bool
}

// Scanned says what Scan saw.
type Scanned struct {
	PageSize int

	// Doubt says that the state may not be the last one: a meta page is bad, the
	// two are not of states that follow one another, or the tree and the list
	// of free pages are not of one state.
	Doubt bool

	Reached uint64 // sound pages that the tree leads to
	Bad     uint64 // pages that it leads to and that are not
	Lost    uint64 // leaf pages in use that it does not lead to any more
	Others  uint64 // leaf pages of earlier states, and such of which that is not known
}

// Scan calls visit for every element that can still be read in a damaged file of
// size bytes, whatever the damage: those of the last state that a meta page
// shows, by its tree, as far as that is sound, and then those of all other pages.
// It does not say that a file is sound, nor which of several elements of a key is
// the last one.
//
// Pages that cannot be read are taken for lost. An error is visit's or ctx's, or
// ErrForeign where there is neither a meta page nor a page that bears its number.
//
// It reads a page once, but for overflow pages that another one only claims, and
// takes memory for one page a level of the tree, of 64 MiB at most, and two bits
// a page.
func Scan(ctx context.Context, r io.ReaderAt, size int64, visit func(Element) error) (Scanned, error) {
	s := &scanner{ctx: ctx, r: r, visit: visit, budget: 4 * size}
	m, ok := s.state(size)
	if s.done.PageSize == 0 {
		return s.done, ErrForeign
	}
	s.m, s.pages = m, uint64(size)/uint64(s.done.PageSize)
	if ok {
		// A file may have been cut off, and a number be any.
		s.m.Pages = min(m.Pages, 2*s.pages+1024)
	} else {
		s.m = Meta{PageSize: s.done.PageSize}
	}
	s.seen = make([]uint64, (max(s.m.Pages, s.pages)+63)/64)
	if ok {
		if err := s.tree(); err != nil {
			return s.done, err
		}
	}
	return s.done, s.rest()
}

// scanner is one Scan.
type scanner struct {
	ctx   context.Context
	r     io.ReaderAt
	visit func(Element) error

	m      Meta     // of the state; with no more than the page size where there is none
	pages  uint64   // that the file has
	seen   []uint64 // a bit a page: it was visited
	free   []uint64 // a bit a page: it is free; nil: the list is bad
	levels [][]byte // buffers, one a level
	budget int64    // bytes of overflow pages that may still be read
	n      int
	done   Scanned
}

// state finds the page size, and the last state that a meta page shows.
func (s *scanner) state(size int64) (best Meta, ok bool) {
	s.done.PageSize = guessPageSize(s.r, size)
	var valid [2]bool
	var txids [2]uint64
	for pageSize := smallestPage; pageSize <= largestPage; pageSize *= 2 {
		if s.done.PageSize != 0 && s.done.PageSize != pageSize {
			continue
		}
		for place := range uint64(2) {
			b := make([]byte, headerSize+metaSize)
			if n, _ := s.r.ReadAt(b, int64(place)*int64(pageSize)); n < len(b) {
				continue
			}
			m, err := decodeMeta(b, place)
			if err != nil || m.plausible(b, place) != nil || m.PageSize != pageSize {
				continue
			}
			valid[place], txids[place] = true, m.Txid
			if !ok || m.Txid > best.Txid {
				best, ok = m, true
			}
		}
	}
	if ok {
		s.done.PageSize = best.PageSize
	}
	s.done.Doubt = !valid[0] || !valid[1] || txids[0] != txids[1]+1 && txids[1] != txids[0]+1
	return best, ok
}

// guessPageSize returns the page size with which most pages bear their own
// number, 0 where none does.
func guessPageSize(r io.ReaderAt, size int64) int {
	chunk := make([]byte, min(size, 4<<20))
	for at := int64(0); at < size; at += int64(len(chunk)) {
		n, _ := r.ReadAt(chunk, at)
		best, most := 0, 0
		for pageSize := smallestPage; pageSize <= largestPage; pageSize *= 2 {
			count := 0
			for i := 0; i+headerSize <= n; i += pageSize {
				id := uint64(at+int64(i)) / uint64(pageSize)
				if h := readHeader(chunk[i:]); id >= 2 && h.id == id && (h.flags == flagLeaf || h.flags == flagBranch || h.flags == flagFreelist) {
					count++
				}
			}
			if count > most {
				best, most = pageSize, count
			}
		}
		if best != 0 {
			return best
		}
	}
	return 0
}

// goOn returns an error now and then when the scan is to end.
func (s *scanner) goOn() error {
	if s.n++; s.n%256 == 0 {
		return s.ctx.Err()
	}
	return nil
}

func (s *scanner) isSeen(id uint64) bool { return s.seen[id/64]&(1<<(id%64)) != 0 }

// mark notes that n pages from id on were visited. It reports whether they are
// pages of the file, none of them visited before, and else changes nothing.
func (s *scanner) mark(id, n uint64) bool {
	if id < 2 || id >= s.pages || n > s.pages-id {
		return false
	}
	for i := id; i < id+n; i++ {
		if s.isSeen(i) {
			return false
		}
	}
	for i := id; i < id+n; i++ {
		s.seen[i/64] |= 1 << (i % 64)
	}
	return true
}

// read reads page id, with its overflow pages where it can have them, into the
// buffer of a level.
func (s *scanner) read(id uint64, level int) (h header, page []byte, ok bool) {
	for len(s.levels) <= level {
		s.levels = append(s.levels, make([]byte, s.m.PageSize))
	}
	page = s.levels[level]
	if readFull(s.r, s.m, page, id) != nil {
		return h, nil, false
	}
	h = readHeader(page)
	long := int64(h.overflow+1) * int64(s.m.PageSize)
	if h.overflow == 0 || h.id != id || long > largestNode || h.overflow >= s.pages-id || long > s.budget {
		return h, page, true
	}
	s.budget -= long
	both := make([]byte, long)
	if readFull(s.r, s.m, both, id) != nil {
		return h, page, true
	}
	return h, both, true
}

// tree reads the list of free pages, and visits the tree.
func (s *scanner) tree() error {
	w := &walker{ctx: s.ctx, r: s.r, m: s.m, seen: make([]uint64, (s.m.Pages+63)/64)}
	if w.mark(0, 2) && w.freelist() == nil {
		s.free = w.seen
	}
	if err := s.node(s.m.Root, 0, span{}, place{}); err != nil {
		return err
	}
	for i := range min(len(s.free), len(s.seen)) {
		if s.free[i]&s.seen[i] != 0 {
			s.free = nil // it is an older one, or the tree is
			break
		}
	}
	s.done.Doubt = s.done.Doubt || s.free == nil
	return s.ctx.Err()
}

// isFree reports whether the list of free pages has a page.
func (s *scanner) isFree(id uint64) bool {
	return s.free != nil && id < s.m.Pages && s.free[id/64]&(1<<(id%64)) != 0
}

// place says where in the file a tree is.
type place struct {
	level  int    // 0: the root bucket; 1: a bucket in it; and so on
	bucket []byte // its name, at level 1
}

// node visits page id and all below it. What is bad is passed over.
func (s *scanner) node(id uint64, depth int, keys span, p place) error {
	if err := s.goOn(); err != nil {
		return err
	}
	if depth > maxDepth || !s.mark(id, 1) {
		s.done.Bad++
		return nil
	}
	h, page, ok := s.read(id, depth)
	if !ok {
		s.done.Bad++
		return nil
	}
	if h.id == id && h.flags == flagBranch {
		if _, err := packedBranch(id, h.count, page, keys); err != nil {
			s.done.Bad++
			return nil
		}
		s.done.Reached++
		for i := range h.count {
			sub := span{first: branchKey(page, i), end: keys.end}
			if i+1 < h.count {
				sub.end = branchKey(page, i+1)
			}
			if err := s.node(branchChild(page, i), depth+1, sub, p); err != nil {
				return err
			}
		}
		return nil
	}
	if !s.whole(id, h, page) {
		s.done.Bad++
		return s.loose(h, page)
	}
	_, _, err := packed(id, h.count, page, keys)
	if err != nil || h.overflow > 0 && !s.mark(id+1, h.overflow) {
		s.done.Bad++
		return s.elements(h, page, Element{Whole: true}, p.level == 0, nil)
	}
	s.done.Reached++
	e := Element{Bucket: p.bucket, Whole: true, Used: !s.isFree(id)}
	return s.elements(h, page, e, p.level == 0, func(name []byte, root uint64) error {
		if p.level > 0 {
			name = nil
		}
		return s.node(root, depth+1, span{}, place{p.level + 1, name})
	})
}

// whole reports whether a page, read with its overflow pages, is a leaf that is
// packed as bbolt packs it.
func (s *scanner) whole(id uint64, h header, page []byte) bool {
	if h.id != id || h.flags != flagLeaf || int64(len(page)) != int64(h.overflow+1)*int64(s.m.PageSize) {
		return false
	}
	end, _, err := packed(id, h.count, page, span{})
	return err == nil && uint64((end+s.m.PageSize-1)/s.m.PageSize) == h.overflow+1
}

// elements visits the elements of a leaf page that is whole: as e says, those of
// a small bucket in it under that bucket's name, if the page may be the root's. It
// calls sub for other buckets.
func (s *scanner) elements(h header, page []byte, e Element, root bool, sub func(name []byte, root uint64) error) error {
	for i := range h.count {
		key, value, bucket := element(page, i)
		e.Key, e.Value = key, value
		switch {
		case !bucket:
			if err := s.visit(e); err != nil {
				return err
			}
		case len(value) < bucketSize:
		case order.Uint64(value) != 0:
			if sub == nil {
				continue
			}
			if err := sub(key, order.Uint64(value)); err != nil {
				return err
			}
		case inline(0, value[bucketSize:]) == nil:
			inner := Element{Whole: true, Used: e.Used}
			if root {
				inner.Bucket = key
			}
			page := value[bucketSize:]
			if err := s.elements(readHeader(page), page, inner, false, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// element returns element i of a page that was judged.
func element(page []byte, i int) (key, value []byte, bucket bool) {
	e := headerSize + elementSize*i
	at := e + int(order.Uint32(page[e+4:]))
	end := at + int(order.Uint32(page[e+8:]))
	return page[at:end], page[end : end+int(order.Uint32(page[e+12:]))], order.Uint32(page[e:]) == elementBucket
}

// loose visits what could be elements on a page that is not whole, as long as
// they need not overlap.
func (s *scanner) loose(h header, page []byte) error {
	room := uint64(len(page))
	for i := range h.count {
		e := headerSize + elementSize*i
		if e+elementSize > len(page) {
			break
		}
		at := uint64(e) + uint64(order.Uint32(page[e+4:]))
		end := at + uint64(order.Uint32(page[e+8:]))
		last := end + uint64(order.Uint32(page[e+12:]))
		if last > uint64(len(page)) || at == end {
			continue
		}
		if last-at > room {
			break
		}
		room -= last - at
		if err := s.visit(Element{Key: page[at:end], Value: page[end:last]}); err != nil {
			return err
		}
	}
	return nil
}

// other reports whether a page is sound and no leaf.
func (s *scanner) other(id uint64, h header, page []byte) bool {
	if h.flags == flagBranch {
		_, err := packedBranch(id, h.count, page, span{})
		return h.id == id && err == nil
	}
	return h.id == id && h.flags == flagFreelist
}

// rest visits the pages that the tree does not lead to.
func (s *scanner) rest() error {
	for id := uint64(2); id < s.pages; id++ {
		if err := s.goOn(); err != nil {
			return err
		}
		if !s.mark(id, 1) {
			continue
		}
		h, page, ok := s.read(id, 0)
		if !ok {
			continue
		}
		var err error
		if s.whole(id, h, page) {
			// What it claims as overflow pages may be others in truth.
			used := s.free != nil && id < s.m.Pages && !s.isFree(id)
			if used && s.done.Bad == 0 {
				used, s.done.Doubt = false, true // nothing is lost that it could be of
			}
			if used {
				s.done.Lost++
			} else {
				s.done.Others++
			}
			err = s.elements(h, page, Element{Whole: true, Used: used}, true, nil)
		} else if !s.other(id, h, page) {
			err = s.loose(h, page)
		}
		if err != nil {
			return err
		}
	}
	return s.ctx.Err()
}
