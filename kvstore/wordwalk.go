package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts/internal/match"
)

// reseekLag is how many entries that cannot match are read before a jump over
// the rest of them.
const reseekLag = 8

// wordEntry is an entry of tableWord.
type wordEntry struct {
	text      []byte
	fields    byte
	signature signature
	seq       uint64
}

func parseWord(tail, value []byte) (e wordEntry, ok bool) {
	end := bytes.IndexByte(tail, 0)
	if end < 0 || len(value) != 1+signatureLen {
		return e, false
	}
	e.text, e.fields, e.signature = tail[:end], wordFields(value), wordSignature(value)
	e.seq, ok = takeLastOrd(tail[end+1:])
	return e, ok
}

// walker visits the entries of the words that one term matches, in order, but
// for those whose contacts cannot match the other terms. It jumps over words
// that cannot match.
type walker struct {
	f    *finder
	m    *match.Matcher
	need need // of the other terms

	prefix, from, to []byte

	last []byte // the entry read last, when reading paused
	over bool   // nothing that matches is left
	cut  bool   // the page's work is done
	bad  bool   // an entry that cannot be read
}

func (f *finder) walker(terms []*match.Matcher, driver int) *walker {
	w := &walker{f: f, m: terms[driver]}
	for i, m := range terms {
		if i != driver {
			w.need.add(m)
		}
	}
	w.prefix = appendTable(nil, tableWord, f.info.id)
	w.from, w.to = bytes.Clone(w.prefix), prefixEnd(nil, w.prefix)
	if !w.m.Auto {
		w.from = append(w.from, w.m.Term.Text...)
		w.to = prefixEnd(nil, w.from)
		if w.m.Term.Whole {
			w.from = append(w.from, 0)
			w.to = append(bytes.Clone(w.from[:len(w.from)-1]), 1)
		}
	}
	return w
}

// run visits what comes behind a position. Visit is free to use the snapshot.
func (w *walker) run(behind []byte, visit func(e wordEntry) (bool, error)) error {
	if len(behind) > 0 {
		w.from = append(append(bytes.Clone(w.prefix), behind...), 0)
	}
	c := w.f.chunk
	w.f.chunk = nil
	if c == nil {
		c = newChunk()
	}
	defer func() { w.f.chunk = c }()
	c.skip, c.room = len(w.prefix), max(w.f.limit-len(w.f.page.Hits)+1, 2)
	for !w.over {
		c.reset()
		if err := w.read(c); err != nil {
			return err
		}
		c.room = min(2*c.room, 512)
		for i := range c.len() {
			// What was read before the cut is looked at, up to a point: the
			// next page would have to read it again.
			if (!w.cut || w.f.work >= w.f.bound+w.f.bound/4) && w.f.exhausted() {
				return nil
			}
			tail, value := c.entry(i)
			w.f.moveTo(tail)
			e, ok := parseWord(tail, value)
			if !ok {
				return w.f.s.damaged(tableWord, w.f.info.id, 0, "an entry that cannot be read")
			}
			if goOn, err := visit(e); err != nil || !goOn {
				return err
			}
		}
		if w.bad {
			return w.f.s.damaged(tableWord, w.f.info.id, 0, "an entry that cannot be read")
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

// read collects entries to visit until c is full, and leaves w.from behind
// the last one read.
func (w *walker) read(c *chunk) error {
	var skip, word []byte // nothing matches before skip; the word judged last
	matches := !w.m.Auto
	for {
		lag := 0
		var jump []byte
		full := false
		err := w.f.sn.Scan(w.from, w.to, false, func(key, value []byte) bool {
			w.f.work++
			tail := key[len(w.prefix):]
			goOn := true
			switch {
			case len(value) != 1+signatureLen:
				w.bad, goOn = true, false
			case bytes.Compare(tail, skip) < 0:
				if lag++; lag > reseekLag {
					jump, goOn = skip, false
				}
			default:
				lag = 0
				if w.m.Auto {
					if matches, word, skip, goOn = w.judge(tail, word, skip, matches); !goOn {
						return false
					}
				}
				if matches && w.m.Fits(wordFields(value)) {
					if sign := wordSignature(value); w.f.want[sign.status()] && w.need.metBy(sign) {
						full = !c.put(key, value)
					}
				}
			}
			if goOn && w.f.work >= w.f.bound && w.f.skip == 0 {
				w.cut = true
			}
			if full || w.cut {
				w.last = append(w.last[:0], tail...)
				return false
			}
			return goOn
		})
		switch {
		case err != nil || w.bad || w.cut || w.over:
			return err
		case full:
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

// judge tells whether the word of an entry matches, and before which key
// nothing else does. It returns false where nothing that matches is left.
func (w *walker) judge(tail, word, skip []byte, matches bool) (bool, []byte, []byte, bool) {
	end := bytes.IndexByte(tail, 0)
	if end < 0 {
		w.bad = true
		return false, word, skip, false
	}
	if word != nil && bytes.Equal(tail[:end], word) {
		return matches, word, skip, true
	}
	word = append(word[:0], tail[:end]...)
	matches, next, last := w.m.Run(word)
	if last {
		w.over = true
		return false, word, skip, false
	}
	if !matches {
		if skip = next; skip == nil { // longer words may match: jump over the contacts of this one
			skip = append(bytes.Clone(word), 1)
		}
	}
	return matches, word, skip, true
}
