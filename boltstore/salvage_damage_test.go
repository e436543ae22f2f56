package boltstore

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
)

// A lostClass is a way to damage a book, in up to four pages.
type lostClass struct {
	name string
	harm func(r *rand.Rand, l *lostBook, b []byte) []byte
}

// onPages harms one to four pages of which pick says that they will do, or of
// all where it is nil.
func onPages(pick func(pageUse) bool, harm func(r *rand.Rand, l *lostBook, b []byte, page uint64)) func(*rand.Rand, *lostBook, []byte) []byte {
	return func(r *rand.Rand, l *lostBook, b []byte) []byte {
		var will []uint64
		for i, p := range l.page {
			if i >= 2 && (pick == nil && !p.free || pick != nil && pick(p)) {
				will = append(will, uint64(i))
			}
		}
		for range 1 + r.IntN(4) {
			if len(will) > 0 {
				harm(r, l, b, will[r.IntN(len(will))])
			}
		}
		return b
	}
}

func ofTable(tables string) func(pageUse) bool {
	return func(p pageUse) bool { return p.leaf && p.table != 0 && bytes.IndexByte([]byte(tables), p.table) >= 0 }
}

func at(b []byte, page uint64) []byte { return b[page*pageSize : (page+1)*pageSize] }

func zeroPage(_ *rand.Rand, _ *lostBook, b []byte, page uint64) { clear(at(b, page)) }

func noisePage(r *rand.Rand, _ *lostBook, b []byte, page uint64) {
	for i := range at(b, page) {
		at(b, page)[i] = byte(r.Uint32())
	}
}

func flipBit(r *rand.Rand, _ *lostBook, b []byte, page uint64) {
	at(b, page)[r.IntN(pageSize)] ^= 1 << r.IntN(8)
}

func flipHead(r *rand.Rand, _ *lostBook, b []byte, page uint64) {
	at(b, page)[r.IntN(200)] ^= 1 << r.IntN(8)
}

func swapPages(r *rand.Rand, l *lostBook, b []byte, page uint64) {
	other := 2 + r.Uint64N(uint64(len(l.page))-2)
	p := bytes.Clone(at(b, page))
	copy(at(b, page), at(b, other))
	copy(at(b, other), p)
}

func misplaced(numbered bool) func(*rand.Rand, *lostBook, []byte, uint64) {
	return func(r *rand.Rand, l *lostBook, b []byte, page uint64) {
		copy(at(b, page), bytes.Clone(at(b, 2+r.Uint64N(uint64(len(l.page))-2))))
		if numbered {
			binary.NativeEndian.PutUint64(at(b, page), page)
		}
	}
}

// olderPage writes back what the page once was.
func olderPage(r *rand.Rand, l *lostBook, b []byte, page uint64) {
	for range 8 {
		older := l.older[r.IntN(len(l.older))]
		if (page+1)*pageSize <= uint64(len(older)) && !bytes.Equal(at(older, page), at(b, page)) {
			copy(at(b, page), at(older, page))
			return
		}
	}
}

func tornPage(old bool) func(*rand.Rand, *lostBook, []byte, uint64) {
	return func(r *rand.Rand, l *lostBook, b []byte, page uint64) {
		from := bytes.Clone(at(b, page))
		if old {
			olderPage(r, l, from, 0)
			from = bytes.Clone(b)
			olderPage(r, l, from, page)
			from = at(from, page)
		} else {
			clear(from)
		}
		for range 1 + r.IntN(4) {
			n := 512 * r.IntN(8)
			copy(at(b, page)[n:n+512], from[n:])
		}
	}
}

// also does one thing, and another in up to n pages more.
func also(first func(r *rand.Rand, l *lostBook, b []byte), n int) func(*rand.Rand, *lostBook, []byte) []byte {
	return func(r *rand.Rand, l *lostBook, b []byte) []byte {
		first(r, l, b)
		for range r.IntN(n + 1) {
			page := 2 + r.Uint64N(uint64(len(l.page))-2)
			if !l.page[page].free {
				zeroPage(r, l, b, page)
			}
		}
		return b
	}
}

// list and root are the pages of that use.
func (l *lostBook) list() (page uint64) { return l.metaField(32) }
func (l *lostBook) root() (page uint64) { return l.metaField(16) }

func (l *lostBook) metaField(at int) uint64 {
	return binary.NativeEndian.Uint64(l.image[l.newest()*pageSize+16+uint64(at):])
}

// newest returns which meta page is of the last state.
func (l *lostBook) newest() uint64 {
	if binary.NativeEndian.Uint64(l.image[16+48:]) > binary.NativeEndian.Uint64(l.image[pageSize+16+48:]) {
		return 0
	}
	return 1
}

func (l *lostBook) olderMeta(r *rand.Rand, b []byte, page uint64) {
	copy(at(b, page), at(l.older[r.IntN(len(l.older))], page))
}

var lostClasses = []lostClass{
	{"no damage", func(_ *rand.Rand, _ *lostBook, b []byte) []byte { return b }},
	{"zero page", onPages(nil, zeroPage)},
	{"noise page", onPages(nil, noisePage)},
	{"flipped bit", onPages(nil, flipBit)},
	{"flipped bit of a head", onPages(nil, flipHead)},
	{"swapped pages", onPages(nil, func(r *rand.Rand, l *lostBook, b []byte, page uint64) {
		swapPages(r, l, b, page)
	})},
	{"page over another", onPages(nil, misplaced(false))},
	{"page over another, numbered", onPages(nil, misplaced(true))},
	{"older page", onPages(nil, olderPage)},
	{"older record page", onPages(ofTable("r"), olderPage)},
	{"older page of records and indexes", onPages(ofTable("rhfnm"), olderPage)},
	{"torn page, zeros", onPages(nil, tornPage(false))},
	{"torn page, older sectors", onPages(nil, tornPage(true))},
	{"record pages", onPages(ofTable("r"), zeroPage)},
	{"history pages", onPages(ofTable("rh"), zeroPage)},
	{"feed pages", onPages(ofTable("rhf"), zeroPage)},
	{"index pages", onPages(ofTable("infr"), zeroPage)},
	{"state of the scopes", onPages(ofTable("msrf"), zeroPage)},
	{"branch pages", onPages(func(p pageUse) bool { return p.branch }, zeroPage)},
	{"branch pages, flipped bit", onPages(func(p pageUse) bool { return p.branch }, flipBit)},
	{"list of free pages", also(func(r *rand.Rand, l *lostBook, b []byte) { noisePage(r, l, b, l.list()) }, 3)},
	{"list of free pages, older", also(func(r *rand.Rand, l *lostBook, b []byte) { olderPage(r, l, b, l.list()) }, 3)},
	{"root page", also(func(r *rand.Rand, l *lostBook, b []byte) { zeroPage(r, l, b, l.root()) }, 3)},
	{"root page, older", also(func(r *rand.Rand, l *lostBook, b []byte) { olderPage(r, l, b, l.root()) }, 3)},
	{"root page and list of free pages", also(func(r *rand.Rand, l *lostBook, b []byte) {
		zeroPage(r, l, b, l.root())
		zeroPage(r, l, b, l.list())
	}, 2)},
	{"newest meta page", also(func(r *rand.Rand, l *lostBook, b []byte) { zeroPage(r, l, b, l.newest()) }, 3)},
	{"other meta page", also(func(r *rand.Rand, l *lostBook, b []byte) { zeroPage(r, l, b, 1-l.newest()) }, 3)},
	{"both meta pages", also(func(r *rand.Rand, l *lostBook, b []byte) {
		zeroPage(r, l, b, 0)
		noisePage(r, l, b, 1)
	}, 2)},
	{"newest meta page, older", also(func(r *rand.Rand, l *lostBook, b []byte) { l.olderMeta(r, b, l.newest()) }, 3)},
	{"both meta pages, older", also(func(r *rand.Rand, l *lostBook, b []byte) {
		older := l.older[r.IntN(len(l.older))]
		copy(b, older[:2*pageSize])
	}, 2)},
	{"truncated", func(r *rand.Rand, l *lostBook, b []byte) []byte {
		used := len(l.page)
		for l.page[used-1].free {
			used--
		}
		return b[:used*pageSize-1-r.IntN(4*pageSize-1)]
	}},
}
