package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Builder writes a bbolt file with one level of buckets in a single pass:
// buckets in ascending order of name, and in each the keys in ascending order.
// Every page is written once, so the file has no free pages and its leaves lie
// in key order. The file is of use only after Finish has returned nil.
type Builder struct {
	w        io.WriterAt
	pageSize int
	out      []byte // pages that are not written yet
	outAt    int64  // the offset in the file of out[0]
	next     uint64 // id of the next page

	name    []byte // of the open bucket; nil: none
	fill    int    // bytes a page of the open bucket is filled with
	leaf    leaf
	levels  []level
	last    []byte // last key of the open bucket
	buckets leaf   // of the root
	err     error
}

// leaf gathers the elements of one leaf page.
type leaf struct {
	sizes []elementSizes
	data  []byte // key, value, key, value, ..
	first int    // bytes of the first key
}

type elementSizes struct{ key, value int }

func (l *leaf) add(key, value []byte) {
	if len(l.sizes) == 0 {
		l.first = len(key)
	}
	l.sizes = append(l.sizes, elementSizes{len(key), len(value)})
	l.data = append(append(l.data, key...), value...)
}

func (l *leaf) reset() { l.sizes, l.data = l.sizes[:0], l.data[:0] }

func (l *leaf) size() int { return headerSize + elementSize*len(l.sizes) + len(l.data) }

// level gathers the elements of one branch page: one level of the tree.
type level struct {
	children []child
	size     int
	flushed  bool // a page of this level was written
}

type child struct {
	key  []byte
	page uint64
}

// outBuffer is how much a Builder writes at once.
const outBuffer = 1 << 20

// NewBuilder returns a builder that writes to w, which holds nothing yet.
func NewBuilder(w io.WriterAt, pageSize int) *Builder {
	return &Builder{
		w: w, pageSize: pageSize, next: 2, outAt: int64(2 * pageSize),
		out: make([]byte, 0, outBuffer),
	}
}

// Bucket ends the open bucket and starts the one of that name, whose pages are
// filled to the share fill (0.1 to 1).
func (b *Builder) Bucket(name []byte, fill float64) error {
	if b.err != nil {
		return b.err
	}
	if len(name) == 0 || b.name != nil && bytes.Compare(name, b.name) <= 0 {
		return b.fail(errors.New("boltfile: buckets out of order"))
	}
	b.endBucket()
	b.name = bytes.Clone(name)
	b.fill = int(min(max(fill, 0.1), 1) * float64(b.pageSize))
	b.last = b.last[:0]
	return b.err
}

// Add appends a key to the open bucket.
func (b *Builder) Add(key, value []byte) error {
	if b.err != nil {
		return b.err
	}
	if b.name == nil || len(key) == 0 || bytes.Compare(key, b.last) <= 0 {
		return b.fail(errors.New("boltfile: keys out of order"))
	}
	b.last = append(b.last[:0], key...)
	size := b.leaf.size()
	after := size + elementSize + len(key) + len(value)
	if len(b.leaf.sizes) > 0 && after > b.fill && (after > b.pageSize || size >= b.fill/2) {
		b.flushLeaf()
	}
	b.leaf.add(key, value)
	return b.err
}

// Finish ends the last bucket and writes what makes the pages a file: the root,
// an empty list of free pages and the meta pages, as the state of transaction
// txid. It returns the size of the file. It does not sync.
func (b *Builder) Finish(txid uint64) (int64, error) {
	if txid == 0 {
		txid = 1
	}
	b.endBucket()
	root := b.writeLeaf(&b.buckets)
	freelist, page := b.alloc(b.pageSize)
	header{id: freelist, flags: flagFreelist}.put(page)
	b.flush()

	m := Meta{PageSize: b.pageSize, Root: root, Freelist: freelist, Pages: b.next, Txid: txid}
	if b.err == nil {
		b.err = WriteMetas(b.w, m)
	}
	if b.err != nil {
		return 0, b.err
	}
	b.err = errors.New("boltfile: builder is finished")
	return int64(b.next) * int64(b.pageSize), nil
}

func (b *Builder) fail(err error) error {
	if b.err == nil {
		b.err = err
	}
	return b.err
}

// alloc returns the next free page with room for size bytes.
func (b *Builder) alloc(size int) (uint64, []byte) {
	n := (size + b.pageSize - 1) / b.pageSize
	if len(b.out)+n*b.pageSize > cap(b.out) {
		b.flush()
	}
	at := len(b.out)
	if n*b.pageSize > cap(b.out) {
		b.out = make([]byte, n*b.pageSize)
	} else {
		b.out = b.out[:at+n*b.pageSize]
		clear(b.out[at:])
	}
	id := b.next
	b.next += uint64(n)
	return id, b.out[at:]
}

func (b *Builder) flush() {
	b.write(b.out, b.outAt)
	b.outAt += int64(len(b.out))
	b.out = b.out[:0]
}

func (b *Builder) write(p []byte, off int64) {
	if b.err != nil || len(p) == 0 {
		return
	}
	if _, err := b.w.WriteAt(p, off); err != nil {
		b.fail(fmt.Errorf("writing: %w", err))
	}
}

// writeLeaf writes l as a page, empties it and returns the page's id.
func (b *Builder) writeLeaf(l *leaf) uint64 {
	size := l.size()
	id, page := b.alloc(size)
	header{id: id, flags: flagLeaf, count: len(l.sizes), overflow: uint64(len(page)/b.pageSize - 1)}.put(page)
	at := headerSize + elementSize*len(l.sizes)
	for i, s := range l.sizes {
		e := page[headerSize+i*elementSize:]
		if l == &b.buckets {
			order.PutUint32(e, elementBucket)
		}
		order.PutUint32(e[4:], uint32(at-headerSize-i*elementSize))
		order.PutUint32(e[8:], uint32(s.key))
		order.PutUint32(e[12:], uint32(s.value))
		at += s.key + s.value
	}
	copy(page[size-len(l.data):], l.data)
	l.reset()
	return id
}

func (b *Builder) flushLeaf() {
	first := bytes.Clone(b.leaf.data[:b.leaf.first])
	b.push(0, child{first, b.writeLeaf(&b.leaf)})
}

// push adds a page to level n of the branches. A full level is written, except
// for its last two children: bbolt wants at least two in every branch.
func (b *Builder) push(n int, c child) {
	if n == len(b.levels) {
		b.levels = append(b.levels, level{})
	}
	l := &b.levels[n]
	l.children = append(l.children, c)
	l.size += elementSize + len(c.key)
	if len(l.children) >= 4 && headerSize+l.size > b.fill {
		b.flushLevel(n, len(l.children)-2)
	}
}

// flushLevel writes the first count children of level n as a branch page.
func (b *Builder) flushLevel(n, count int) {
	l := &b.levels[n]
	children := l.children[:count]
	size := headerSize
	for _, c := range children {
		size += elementSize + len(c.key)
	}
	id, page := b.alloc(size)
	header{id: id, flags: flagBranch, count: count, overflow: uint64(len(page)/b.pageSize - 1)}.put(page)
	at := headerSize + elementSize*count
	for i, c := range children {
		e := page[headerSize+i*elementSize:]
		order.PutUint32(e, uint32(at-headerSize-i*elementSize))
		order.PutUint32(e[4:], uint32(len(c.key)))
		order.PutUint64(e[8:], c.page)
		at += copy(page[at:], c.key)
	}
	first := children[0].key
	l.children = append(l.children[:0], l.children[count:]...)
	l.size -= size - headerSize
	l.flushed = true
	b.push(n+1, child{first, id}) // may move b.levels
}

// endBucket writes what the open bucket still holds and adds it to the root.
func (b *Builder) endBucket() {
	if b.name == nil {
		return
	}
	var root uint64
	if len(b.levels) == 0 {
		root = b.writeLeaf(&b.leaf)
	} else {
		if len(b.leaf.sizes) > 0 {
			b.flushLeaf()
		}
		for n := 0; ; n++ {
			l := &b.levels[n]
			if len(l.children) == 1 && !l.flushed {
				root = l.children[0].page
				break
			}
			b.flushLevel(n, len(l.children))
		}
	}
	b.levels = b.levels[:0]
	value := make([]byte, bucketSize)
	order.PutUint64(value, root)
	b.buckets.add(b.name, value)
}
