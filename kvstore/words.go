package kvstore

import (
	"bytes"
	"slices"

	"github.com/callerbook/contacts"
)

// A query of several terms is driven by the first one, unless that has many
// entries and another one few: then the contacts of the latter are looked at
// instead, all of them, and put in order.
const (
	fewEntries = 1000
	reseekLag  = 8 // entries to read on before a jump
)

// wordEntry is what a key of tableWord says behind its scope.
type wordEntry struct {
	text   []byte
	fields byte
	seq    uint64
}

func parseWord(tail, value []byte) (e wordEntry, ok bool) {
	end := bytes.IndexByte(tail, 0)
	if end < 0 || len(value) != 1 {
		return e, false
	}
	e.text, e.fields = tail[:end], value[0]
	e.seq, ok = takeLastOrd(tail[end+1:])
	return e, ok
}

// byWords finds the contacts that all terms match. A position is what in a
// key of tableWord follows the scope.
func (f *finder) byWords() error {
	if len(f.q.Words) == 0 {
		return nil
	}
	terms := make([]*matcher, len(f.q.Words))
	for i := range f.q.Words {
		if terms[i] = newMatcher(&f.q.Words[i]); terms[i].none() {
			return nil
		}
	}
	if len(terms) > 1 {
		seqs, ok, err := f.fewOf(terms)
		if err != nil {
			return err
		}
		if ok {
			return f.wordsOf(seqs, terms)
		}
	}
	var h held
	var matched [][]byte
	return f.walk(terms[0], f.at, func(tail, value []byte) (bool, error) {
		f.moveTo(tail)
		e, ok := parseWord(tail, value)
		if !ok {
			return false, f.s.damaged(tableWord, f.info.id, 0, "an entry that cannot be read")
		}
		if !terms[0].fits(e.fields) {
			return true, nil
		}
		body, err := f.record(e.seq)
		if err != nil {
			return false, err
		}
		h = held{words: h.words[:0]}
		if !decodeHeld(body, &h) {
			return false, f.s.damaged(tableRecord, f.info.id, e.seq, "a record that cannot be read")
		}
		i, found := slices.BinarySearchFunc(h.words, e.text, func(w, text []byte) int { return bytes.Compare(wordText(w), text) })
		if !found || h.words[i][0] != e.fields {
			return false, f.astray(tableWord, e.seq)
		}
		if matched, ok = matchAll(matched, terms, h.words); !ok || !bytes.Equal(wordText(matched[0]), e.text) {
			return true, nil // not all terms, or it came with an earlier word
		}
		return f.offer(e.seq, body, fillWords(matched))
	})
}

// matchAll returns the first word that each term matches, in memory of out.
func matchAll(out [][]byte, terms []*matcher, words [][]byte) ([][]byte, bool) {
	out = out[:0]
	for _, m := range terms {
		w := m.first(words)
		if w == nil {
			return out, false
		}
		out = append(out, w)
	}
	return out, true
}

func fillWords(matched [][]byte) func(*contacts.Hit) {
	return func(h *contacts.Hit) {
		h.Words = make([]contacts.Word, len(matched))
		for i, w := range matched {
			h.Words[i] = contacts.Word{Text: string(wordText(w)), Fields: contacts.Fields(w[0])}
		}
	}
}

// fewOf returns the contacts of a term that has few entries, if the first one
// has many.
func (f *finder) fewOf(terms []*matcher) (best []uint64, ok bool, err error) {
	for i, m := range terms {
		room := fewEntries
		if ok {
			room = len(best)
		}
		seqs, all, err := f.collect(m, room)
		if err != nil || i == 0 && all {
			return nil, false, err
		}
		if all && (!ok || len(seqs) < len(best)) {
			best, ok = seqs, true
		}
	}
	return best, ok, nil
}

// collect returns the contacts of a term's entries, if there are at most so
// many entries.
func (f *finder) collect(m *matcher, room int) (seqs []uint64, all bool, err error) {
	c := finder{s: f.s, sn: f.sn, info: f.info, q: f.q, limit: room, bound: min(2*fewEntries, f.bound)}
	n := 0
	err = c.walk(m, nil, func(tail, value []byte) (bool, error) {
		c.moveTo(tail)
		e, ok := parseWord(tail, value)
		if !ok {
			return false, f.s.damaged(tableWord, f.info.id, 0, "an entry that cannot be read")
		}
		if n++; n > room {
			return false, nil
		}
		if m.fits(e.fields) {
			seqs = append(seqs, e.seq)
		}
		return true, nil
	})
	f.work += c.work
	return seqs, n <= room && !c.more, err
}

// wordsOf finds those of some contacts that all terms match.
func (f *finder) wordsOf(seqs []uint64, terms []*matcher) error {
	slices.Sort(seqs)
	type match struct {
		pos []byte
		seq uint64
	}
	var list []match
	var h held
	var matched [][]byte
	for _, seq := range slices.Compact(seqs) {
		body, err := f.record(seq)
		if err != nil {
			return err
		}
		h = held{words: h.words[:0]}
		if !decodeHeld(body, &h) {
			return f.s.damaged(tableRecord, f.info.id, seq, "a record that cannot be read")
		}
		var ok bool
		if matched, ok = matchAll(matched, terms, h.words); !ok {
			continue
		}
		pos := appendOrd(append(bytes.Clone(wordText(matched[0])), 0), seq)
		if bytes.Compare(pos, f.at) > 0 {
			list = append(list, match{pos, seq})
		}
	}
	slices.SortFunc(list, func(a, b match) int { return bytes.Compare(a.pos, b.pos) })
	for _, m := range list {
		f.moveTo(m.pos)
		body, err := f.record(m.seq)
		if err != nil {
			return err
		}
		h = held{words: h.words[:0]}
		decodeHeld(body, &h)
		matched, _ = matchAll(matched, terms, h.words)
		if goOn, err := f.offer(m.seq, body, fillWords(matched)); err != nil || !goOn {
			return err
		}
	}
	return nil
}

// walk visits the entries of the words that a term matches, in order, that
// come behind a position. Visit sets f.at before anything else.
func (f *finder) walk(m *matcher, behind []byte, visit func(tail, value []byte) (bool, error)) error {
	prefix := appendTable(nil, tableWord, f.info.id)
	from, to := bytes.Clone(prefix), prefixEnd(nil, prefix)
	if !m.auto {
		from = append(from, m.term.Text...)
		to = prefixEnd(nil, from)
		if m.term.Whole {
			from = append(from, 0)
			to = append(bytes.Clone(from[:len(from)-1]), 1)
		}
	}
	if len(behind) > 0 {
		from = append(append(bytes.Clone(prefix), behind...), 0)
	}
	if !m.auto {
		return f.scan(prefix, from, to, false, visit)
	}
	w := walker{f: f, m: m, prefix: prefix, from: from, to: to}
	return w.run(visit)
}

// walker reads the words table with an automaton and jumps over words that
// cannot match.
type walker struct {
	f                *finder
	m                *matcher
	prefix, from, to []byte

	buf  []byte // entries to visit
	ends []int
	last []byte // the entry read last
	over bool   // nothing that matches is left
	cut  bool   // the page's work is done
}

func (w *walker) run(visit func(tail, value []byte) (bool, error)) error {
	for !w.over {
		w.buf, w.ends = w.buf[:0], w.ends[:0]
		if err := w.read(max(w.f.limit-len(w.f.page.Hits)+1, 2)); err != nil {
			return err
		}
		start := 0
		for i := 0; i < len(w.ends); i += 2 {
			tail, value := w.buf[start:w.ends[i]:w.ends[i]], w.buf[w.ends[i]:w.ends[i+1]]
			start = w.ends[i+1]
			if goOn, err := visit(tail, value); err != nil || !goOn {
				return err
			}
		}
		if w.cut {
			w.f.moveTo(w.last)
			w.f.more = true
			w.f.page.Partial = len(w.f.page.Hits) < w.f.limit
			return nil
		}
	}
	return nil
}

// read collects entries that match until there are room of them, and leaves
// w.from behind the last one read.
func (w *walker) read(room int) error {
	var skip, word []byte // nothing matches before skip; the word judged last
	matches := false
	for {
		lag, more := 0, false
		var jump []byte
		err := w.f.sn.Scan(w.from, w.to, false, func(key, value []byte) bool {
			if w.f.work >= w.f.bound && w.last != nil {
				w.cut = true
				return false
			}
			w.f.work++
			tail := key[len(w.prefix):]
			w.last = append(w.last[:0], tail...)
			if bytes.Compare(tail, skip) < 0 {
				if lag++; lag > reseekLag {
					jump = skip
				}
				return jump == nil
			}
			lag = 0
			end := bytes.IndexByte(tail, 0)
			if end < 0 {
				w.over = true
				return false
			}
			if word == nil || !bytes.Equal(tail[:end], word) {
				word = append(word[:0], tail[:end]...)
				var next []byte
				var last bool
				matches, next, last = w.m.run(word)
				if last {
					w.over = true
					return false
				}
				if !matches {
					skip = next
				}
			}
			if !matches {
				return true
			}
			w.buf = append(w.buf, tail...)
			w.ends = append(w.ends, len(w.buf))
			w.buf = append(w.buf, value...)
			w.ends = append(w.ends, len(w.buf))
			more = len(w.ends) >= 2*room
			return !more
		})
		switch {
		case err != nil || w.cut || w.over:
			return err
		case more:
			w.from = append(append(append(w.from[:0], w.prefix...), w.last...), 0)
			return nil
		case jump != nil:
			w.f.work += seekCost
			w.from = append(append(w.from[:0], w.prefix...), jump...)
		default:
			w.over = true
			return nil
		}
	}
}
