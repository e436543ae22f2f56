package memstore

import (
	"bytes"
	"encoding/binary"
)

// An entry is a key and a value to be written to a page. Its parts are slices
// of an older page or of the batch.
type entry struct {
	prefix, rest []byte // the key, in two parts
	value        []byte
	whole        page // the page that holds this entry and no other, if any
}

func (e *entry) keyLen() int { return len(e.prefix) + len(e.rest) }

func (e *entry) appendKey(dst []byte) []byte {
	return append(append(dst, e.prefix...), e.rest...)
}

// table returns the first byte of the key.
func (e *entry) table() byte {
	if len(e.prefix) > 0 {
		return e.prefix[0]
	}
	return e.rest[0]
}

// cost returns the bytes e takes in a page of several entries and no prefix,
// or a byte more than it will take there.
func (e *entry) cost() int { return perEntry + restSize(e.keyLen()) + len(e.value) }

// common returns the length of the longest prefix of both key and the key of e.
func (e *entry) common(key []byte) int {
	n := common(key, e.prefix)
	if n == len(e.prefix) {
		n += common(key[n:], e.rest)
	}
	return n
}

// appendEntries appends the entries lo to before hi of p to es.
func appendEntries(es []entry, p page, lo, hi int) []entry {
	if lo >= hi {
		return es
	}
	prefix := p.prefix()
	if p.count() == 1 {
		_, value := p.entry(0)
		return append(es, entry{prefix: prefix, value: value, whole: p})
	}
	_, offsets := p.parts()
	for i := lo; i < hi; i++ {
		rest, value := p.entryAt(offsets, i)
		es = append(es, entry{prefix: prefix, rest: rest, value: value})
	}
	return es
}

// pack writes the entries the writer has gathered, which come in order, to
// pages and appends those to out. No page has entries of two tables, and a big
// entry has a page of its own. Unless end is set, the entries that would make
// the last page stay gathered, for more to come.
func (w *writer) pack(out []child, end bool) []child {
	es := w.entries
	for len(es) > 0 {
		n := w.run(es)
		last := n == len(es)
		switch {
		case n == 0:
			n, last = 1, false
			out = w.add(out, es[:1])
		case w.packed:
			out, n = w.packFull(out, es[:n], end || !last)
		default:
			out, n = w.packEven(out, es[:n], end || !last)
		}
		es = es[n:]
		if last {
			break
		}
	}
	w.entries = w.entries[:copy(w.entries, es)]
	return out
}

// run returns how many of es may share a page if there were no bound on its
// size, none if the first is big.
func (w *writer) run(es []entry) int {
	table := es[0].table()
	n := 0
	for n < len(es) && es[n].table() == table && es[n].keyLen()+len(es[n].value) <= w.shape.big() {
		n++
	}
	return n
}

// packFull writes each page as full as it gets. Unless end is set it leaves
// the last page out; it returns how many entries it wrote.
func (w *writer) packFull(out []child, es []entry, end bool) ([]child, int) {
	at := 0
	for at < len(es) {
		w.first = es[at].appendKey(w.first[:0])
		prefix, cost, n := len(w.first), 0, 0
		for at+n < len(es) {
			e := &es[at+n]
			prefix = min(prefix, e.common(w.first))
			cost += e.cost()
			n++
			if n > 1 && pageHeader+lastOffset+prefix+cost-n*prefix > w.shape.page {
				n--
				break
			}
		}
		if !end && at+n == len(es) {
			break
		}
		out = w.add(out, es[at:at+n])
		at += n
	}
	return out, at
}

// packEven writes one page if it is large enough, else pages of one size with
// room to grow. Unless end is set it leaves the last page out; it returns how
// many entries it wrote.
func (w *writer) packEven(out []child, es []entry, end bool) ([]child, int) {
	w.first = es[0].appendKey(w.first[:0])
	prefix := es[len(es)-1].common(w.first)
	fixed := pageHeader + lastOffset + prefix
	total := 0
	for i := range es {
		total += es[i].cost() - prefix
	}
	pages := 1
	if fixed+total > w.shape.page {
		room := w.shape.aim() - fixed
		pages = (total + room - 1) / room
	}
	at, cost := 0, 0
	for i := 1; i <= pages; i++ {
		n := at
		for n < len(es) && (cost < total*i/pages || i == pages) {
			cost += es[n].cost() - prefix
			n++
		}
		if !end && n == len(es) {
			break
		}
		if n > at {
			out = w.add(out, es[at:n])
			at = n
		}
	}
	return out, at
}

// add appends the page of es to out, with the shortest separator there is
// between it and the page before.
func (w *writer) add(out []child, es []entry) []child {
	var c child
	if len(out) > 0 {
		before := out[len(out)-1].leaf
		w.last = before.appendKey(w.last[:0], before.count()-1)
		w.first = es[0].appendKey(w.first[:0])
		c.low = bytes.Clone(w.first[:common(w.first, w.last)+1])
	}
	if len(es) == 1 && es[0].whole != nil {
		c.leaf = es[0].whole
	} else {
		c.leaf = w.write(es)
	}
	return append(out, c)
}

// write returns the page of es, in one allocation of its size.
func (w *writer) write(es []entry) page {
	n := len(es)
	if n == 1 {
		e := &es[0]
		p := make(page, 0, pageHeader+e.keyLen()+len(e.value))
		p = binary.LittleEndian.AppendUint16(p, 1)
		p = binary.LittleEndian.AppendUint16(p, uint16(e.keyLen()))
		return append(e.appendKey(p), e.value...)
	}
	w.first = es[0].appendKey(w.first[:0])
	prefix := es[n-1].common(w.first)
	size := pageHeader + lastOffset + prefix
	for i := range es {
		size += perEntry + restSize(es[i].keyLen()-prefix) + len(es[i].value)
	}
	f := w.newPage(n, w.first[:prefix], size)
	for i := range es {
		e := &es[i]
		if prefix >= len(e.prefix) {
			f.put(e.rest[prefix-len(e.prefix):], e.value)
		} else {
			w.last = append(append(w.last[:0], e.prefix[prefix:]...), e.rest...)
			f.put(w.last, e.value)
		}
	}
	return f.finish()
}
