package boltfile

import (
	"fmt"
	"io"
)

// Meta is the content of a meta page: one committed state of a file.
type Meta struct {
	PageSize int
	Root     uint64 // page of the root bucket
	Freelist uint64 // page of the list of free pages
	Pages    uint64 // the high-water mark: pages below it are in use or free
	Txid     uint64
	Place    uint64 // the meta page that holds it, 0 or 1
}

// smallestPage and largestPage bound the page sizes that are looked for.
const (
	smallestPage = 1 << 10
	largestPage  = 1 << 16
)

// Metas are the two meta pages of a file. A file always keeps the state before
// the last one, in case the last one was torn.
type Metas struct {
	Meta [2]Meta
	Err  [2]error // why the meta page is not valid, or nil
}

// Current returns the state that bbolt would open: the valid meta page with
// the higher transaction id.
func (m *Metas) Current() (Meta, bool) {
	switch {
	case m.Err[0] != nil && m.Err[1] != nil:
		return Meta{}, false
	case m.Err[0] != nil:
		return m.Meta[1], true
	case m.Err[1] != nil:
		return m.Meta[0], true
	case m.Meta[1].Txid > m.Meta[0].Txid:
		return m.Meta[1], true
	}
	return m.Meta[0], true
}

// At returns the state of transaction txid, if the file still has its meta
// page.
func (m *Metas) At(txid uint64) (Meta, bool) {
	for i := range m.Meta {
		if m.Err[i] == nil && m.Meta[i].Txid == txid {
			return m.Meta[i], true
		}
	}
	return Meta{}, false
}

// Adjacent reports whether the two states follow one another, as they do in
// every file that nobody is writing to. A state that is not valid follows any.
func (m *Metas) Adjacent() error {
	a, b := m.Meta[0].Txid, m.Meta[1].Txid
	if m.Err[0] == nil && m.Err[1] == nil && a != b+1 && b != a+1 {
		return problemf(0, "the meta pages are of transactions %d and %d", a, b)
	}
	return nil
}

// ReadMetas reads both meta pages of r. It returns an error when r cannot be
// read or holds no valid meta page: ErrForeign where nothing looks like
// bbolt's, a *Problem where it does. A file with one valid meta page is no
// error: a crash leaves such a file. A meta page whose checksum is right and
// whose content is not is an error, as bbolt would believe it.
func ReadMetas(r io.ReaderAt, size int64) (Metas, error) {
	var ms Metas
	first := make([]byte, headerSize+metaSize)
	if n, err := r.ReadAt(first, 0); err != nil && err != io.EOF {
		return ms, fmt.Errorf("reading page 0: %w", err)
	} else if n < len(first) {
		return ms, ErrForeign
	}
	looksRight := order.Uint32(first[headerSize:]) == magic
	ms.Meta[0], ms.Err[0] = decodeMeta(first, 0)
	if ms.Err[0] == nil {
		if err := ms.Meta[0].plausible(first, 0); err != nil {
			return ms, err
		}
	}

	// The place of the second page follows from the first; when the first is
	// bad, every page size is tried.
	sizes := []int{ms.Meta[0].PageSize}
	if ms.Err[0] != nil {
		sizes = sizes[:0]
		for s := smallestPage; s <= largestPage; s *= 2 {
			sizes = append(sizes, s)
		}
	}
	ms.Err[1] = problemf(1, "no valid meta page")
	second := make([]byte, headerSize+metaSize)
	for _, s := range sizes {
		if int64(s)+int64(len(second)) > size {
			continue
		}
		n, err := r.ReadAt(second, int64(s))
		if err != nil && err != io.EOF {
			return ms, fmt.Errorf("reading page 1: %w", err)
		}
		if n < len(second) {
			continue
		}
		m, err := decodeMeta(second, 1)
		if order.Uint32(second[headerSize:]) == magic {
			looksRight = true
		}
		if err == nil && m.PageSize != s {
			return ms, problemf(1, "page size %d in a file of %d", m.PageSize, s)
		}
		if err == nil {
			if err := m.plausible(second, 1); err != nil {
				return ms, err
			}
		}
		if err == nil || ms.Err[0] == nil {
			ms.Meta[1], ms.Err[1] = m, err
			break
		}
	}
	if _, ok := ms.Current(); ok {
		return ms, nil
	}
	if !looksRight {
		return ms, ErrForeign
	}
	return ms, problemf(0, "neither meta page is valid (%v; %v)", ms.Err[0].(*Problem).Text, ms.Err[1].(*Problem).Text)
}

// decodeMeta decodes the meta page id that starts at b and validates it as
// bbolt does.
func decodeMeta(b []byte, id uint64) (Meta, error) {
	b = b[headerSize : headerSize+metaSize]
	switch {
	case order.Uint32(b) != magic:
		return Meta{}, problemf(id, "no meta page")
	case order.Uint32(b[4:]) != version:
		return Meta{}, problemf(id, "format version %d of bbolt, not %d", order.Uint32(b[4:]), version)
	case order.Uint64(b[56:]) != checksum(b[:56]):
		return Meta{}, problemf(id, "wrong checksum of a meta page")
	}
	return Meta{
		PageSize: int(order.Uint32(b[8:])),
		Root:     order.Uint64(b[16:]),
		Freelist: order.Uint64(b[32:]),
		Pages:    order.Uint64(b[40:]),
		Txid:     order.Uint64(b[48:]),
		Place:    id,
	}, nil
}

// plausible judges what bbolt takes on trust in meta page id, m decoded from b.
func (m Meta) plausible(b []byte, id uint64) error {
	h := readHeader(b)
	if h.flags != flagMeta || h.id != id {
		return problemf(id, "a meta page with the head of another")
	}
	if s := m.PageSize; s < smallestPage || s > largestPage || s&(s-1) != 0 {
		return problemf(id, "page size of %d", s)
	}
	return nil
}

// encode writes the meta page id to b, a page of zeros.
func (m Meta) encode(b []byte, id uint64) {
	header{id: id, flags: flagMeta}.put(b)
	b = b[headerSize : headerSize+metaSize]
	order.PutUint32(b, magic)
	order.PutUint32(b[4:], version)
	order.PutUint32(b[8:], uint32(m.PageSize))
	order.PutUint64(b[16:], m.Root)
	order.PutUint64(b[32:], m.Freelist)
	order.PutUint64(b[40:], m.Pages)
	order.PutUint64(b[48:], m.Txid)
	order.PutUint64(b[56:], checksum(b[:56]))
}

// WriteMetas writes both meta pages of a file that is to have no state but m,
// in the places where bbolt's next commits look for them: m.Place does not
// matter. Nothing else is left in these pages. It does not sync.
func WriteMetas(w io.WriterAt, m Meta) error {
	txid := m.Txid
	for id := range uint64(2) {
		m.Txid = txid
		if txid%2 != id {
			m.Txid = txid - 1
		}
		page := make([]byte, m.PageSize)
		m.encode(page, id)
		if _, err := w.WriteAt(page, int64(id)*int64(m.PageSize)); err != nil {
			return fmt.Errorf("writing page %d: %w", id, err)
		}
	}
	return nil
}

// Fits reports whether what m refers to lies within a file of size bytes.
func (m Meta) Fits(size int64) error {
	switch {
	case m.Pages < 4:
		return problemf(0, "a file of %d pages", m.Pages)
	case m.Pages > uint64(size)/uint64(m.PageSize):
		return problemf(m.Pages-1, "cut off: the file has %d bytes and should have %d", size, m.Pages*uint64(m.PageSize))
	case m.Root < 2 || m.Root >= m.Pages:
		return problemf(m.Root, "root page outside of the file")
	case m.Freelist == noFreelist:
		return problemf(0, "the list of free pages was not saved")
	case m.Freelist < 2 || m.Freelist >= m.Pages:
		return problemf(m.Freelist, "list of free pages outside of the file")
	}
	return nil
}

// checksum is FNV-1a, 64 bits.
func checksum(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// FreePages returns how many pages the list of free pages of state m names,
// read from the head of the list alone.
func FreePages(r io.ReaderAt, m Meta) (uint64, error) {
	var b [headerSize + 8]byte
	if _, err := r.ReadAt(b[:], int64(m.Freelist)*int64(m.PageSize)); err != nil {
		return 0, fmt.Errorf("reading page %d: %w", m.Freelist, err)
	}
	h := readHeader(b[:])
	if h.flags != flagFreelist || h.id != m.Freelist {
		return 0, problemf(m.Freelist, "not a list of free pages")
	}
	if h.count == countInList {
		return order.Uint64(b[headerSize:]), nil
	}
	return uint64(h.count), nil
}

// Rewrite writes the meta page of m, which was read from f, once more, with
// zeros behind the meta, also in place of a Trailer unless that is to be kept.
// Whoever syncs f then has state m on disk, also where an earlier sync failed
// and the system takes the page for written.
func Rewrite(f interface {
	io.ReaderAt
	io.WriterAt
}, m Meta, keepTrailer bool) error {
	at := int64(m.Place) * int64(m.PageSize)
	page := make([]byte, m.PageSize)
	if n, err := f.ReadAt(page, at); n < len(page) {
		return fmt.Errorf("reading page %d: %w", m.Place, err)
	}
	if now, err := decodeMeta(page, m.Place); err != nil || now != m {
		return problemf(m.Place, "the meta page changed")
	}
	if !keepTrailer {
		clear(page[headerSize+metaSize:])
	}
	_, err := f.WriteAt(page, at)
	return err
}
