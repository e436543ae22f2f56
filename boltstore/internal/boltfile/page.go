package boltfile

import "bytes"

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

// packed judges count leaf elements on a page, which may be one inside of a
// value, and returns where the last one ends, and whether any is a bucket.
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

// leafElement returns element i of a leaf page that was judged.
func leafElement(page []byte, i int) (key, value []byte, flags uint32) {
	e := headerSize + elementSize*i
	at := e + int(order.Uint32(page[e+4:]))
	mid := at + int(order.Uint32(page[e+8:]))
	end := mid + int(order.Uint32(page[e+12:]))
	return page[at:mid:mid], page[mid:end:end], order.Uint32(page[e:])
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
