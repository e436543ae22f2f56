package boltfile

import (
	"bytes"
	"io"
)

// lookupPages bounds the overflow pages of a page that Lookup reads.
const lookupPages = 1 << 10

// Lookup returns the value of key in a bucket of state m's root. It judges
// every page it reads as Walk does, and returns a *Problem for one that is
// not sound; found is false where there is no such bucket or key.
func Lookup(r io.ReaderAt, m Meta, bucket, key []byte) (value []byte, found bool, err error) {
	value, isBucket, found, err := search(r, m, m.Root, bucket)
	if err != nil || !found || !isBucket {
		return nil, false, err
	}
	if len(value) < bucketSize {
		return nil, false, problemf(m.Root, "a bucket is cut short")
	}
	if root := order.Uint64(value); root != 0 {
		value, isBucket, found, err = search(r, m, root, key)
		return value, found && !isBucket, err
	}
	page := value[bucketSize:]
	if err := inline(m.Root, page); err != nil {
		return nil, false, err
	}
	value, _, found = find(readHeader(page), page, key)
	return value, found, nil
}

// search descends from page id to the leaf element of that key.
func search(r io.ReaderAt, m Meta, id uint64, key []byte) (value []byte, isBucket, found bool, err error) {
	for range maxDepth {
		h, page, err := readPage(r, m, id)
		if err != nil {
			return nil, false, false, err
		}
		switch {
		case h.flags == flagLeaf:
			if _, _, err := packed(id, h.count, page, span{}); err != nil {
				return nil, false, false, err
			}
			value, isBucket, found = find(h, page, key)
			return value, isBucket, found, nil
		case h.flags != flagBranch:
			return nil, false, false, problemf(id, "neither branch nor leaf (%#x)", h.flags)
		}
		if _, err := packedBranch(id, h.count, page, span{}); err != nil {
			return nil, false, false, err
		}
		next := 0
		for i := range h.count {
			if bytes.Compare(branchKey(page, i), key) <= 0 {
				next = i
			}
		}
		id = branchChild(page, next)
	}
	return nil, false, false, problemf(id, "deeper than %d pages", maxDepth)
}

// find returns the value of key in a leaf page that was judged.
func find(h header, page, key []byte) (value []byte, isBucket, found bool) {
	for i := range h.count {
		if k, v, flags := leafElement(page, i); bytes.Equal(k, key) {
			return v, flags == elementBucket, true
		}
	}
	return nil, false, false
}

// readPage reads page id with its overflow pages.
func readPage(r io.ReaderAt, m Meta, id uint64) (header, []byte, error) {
	if id < 2 || id >= m.Pages {
		return header{}, nil, problemf(id, "outside of the file")
	}
	page := make([]byte, m.PageSize)
	if err := readFull(r, m, page, id); err != nil {
		return header{}, nil, err
	}
	h := readHeader(page)
	if h.id != id || h.overflow > lookupPages || h.overflow >= m.Pages-id {
		return header{}, nil, problemf(id, "the head of another page")
	}
	if h.overflow > 0 {
		page = make([]byte, (int(h.overflow)+1)*m.PageSize)
		if err := readFull(r, m, page, id); err != nil {
			return header{}, nil, err
		}
	}
	return h, page, nil
}
