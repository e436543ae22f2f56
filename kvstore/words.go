package kvstore

import (
	"bytes"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// A query of several terms is driven by the first one, in whose order the hits
// come. Where another one has few entries, or few whose signature lets the
// contact match, these contacts are looked at instead, all of them, and put in
// order. Whether that is so is tried at little cost first, then at a greater one
// if the first entries of the first term do not fill the page.
const (
	fewSeqs  = 400    // contacts that are looked at and put in order
	fewQuick = 256    // work of finding out about a term, first
	fewWork  = 8_000  // and then
	fewAuto  = 45_000 // and then, for a term that jumps through the index
	headWork = 4_000  // work on the first term, in between
)

// byWords finds the contacts that all terms match. A position is what in a
// key of tableWord follows the scope.
func (f *finder) byWords() error {
	if len(f.q.Words) == 0 {
		return nil
	}
	terms := make([]*match.Matcher, len(f.q.Words))
	for i := range f.q.Words {
		if terms[i] = match.New(&f.q.Words[i]); terms[i].None() {
			return nil
		}
	}
	wq := wordQuery{terms: terms, digits: match.NewDigits(f.q)}
	several := len(terms) > 1 || wq.digits != nil
	if several {
		if done, err := f.byFew(&wq, fewQuick, fewQuick); done || err != nil {
			return err
		}
	}
	w := f.walker(terms, 0)
	visit := func(e wordEntry) (bool, error) {
		body, matched, err := f.judge(&e, terms)
		if err != nil || matched == nil || !bytes.Equal(record.WordText(matched[0]), e.text) || !wq.digits.Fit(&f.held) {
			return err == nil, err // not all that is wanted, or it came with an earlier word
		}
		return f.offer(e.seq, body, fillWords(matched))
	}
	if several && f.bound > f.work+headWork {
		bound := f.bound
		f.bound = f.work + headWork
		err := w.run(f.at, visit)
		f.bound = bound
		if err != nil || f.full || !f.more {
			return err
		}
		f.more, f.page.Partial = false, false
		if done, err := f.byFew(&wq, fewWork, fewAuto); done || err != nil {
			return err
		}
		w = f.walker(terms, 0)
	}
	return w.run(f.at, visit)
}

// wordQuery is what a query by words wants.
type wordQuery struct {
	terms  []*match.Matcher
	digits *match.Digits
}

// byFew answers the query by the contacts of a term, or of numbers, that are
// few, behind f.at. It returns false where there is no such term.
func (f *finder) byFew(wq *wordQuery, work, auto int) (done bool, err error) {
	for i, m := range wq.terms {
		bound := work
		if m.Auto {
			bound = auto
		}
		if i == 0 && bound <= headWork {
			continue // the walk over it will show
		}
		seqs, few, err := f.collect(bound, func(c *finder, add func(uint64) bool) error {
			return c.walker(wq.terms, i).run(nil, func(e wordEntry) (bool, error) { return add(e.seq), nil })
		})
		if err != nil {
			return false, err
		}
		if few {
			return true, f.wordsOf(seqs, wq)
		}
	}
	if wq.digits == nil {
		return false, nil
	}
	seqs, few, err := f.collect(auto, func(c *finder, add func(uint64) bool) error {
		visit := func(seq uint64, _ phone.Line, _ byte) (bool, error) { return add(seq), nil }
		if f.q.Prefixes != nil {
			return c.prefixes(visit)
		}
		return c.suffixes(visit)
	})
	if err != nil || !few {
		return false, err
	}
	return true, f.wordsOf(seqs, wq)
}

// collect returns the contacts that a walk over an index finds, if it is short.
func (f *finder) collect(bound int, walk func(c *finder, add func(seq uint64) bool) error) (seqs []uint64, few bool, err error) {
	c := finder{s: f.s, sn: f.sn, info: f.info, q: f.q, want: f.want, limit: 64, bound: max(min(bound, f.bound-f.work), 1)}
	few = true
	err = walk(&c, func(seq uint64) bool {
		seqs = append(seqs, seq)
		few = len(seqs) <= fewSeqs
		return few
	})
	f.work += c.work
	return seqs, few && !c.more, err
}

// judge reads the record of an entry and returns the words that the terms
// match, nil unless all do.
//
//contacts:borrows until the finder's snapshot is released
func (f *finder) judge(e *wordEntry, terms []*match.Matcher) (body []byte, matched [][]byte, err error) {
	if body, err = f.record(e.seq); err != nil {
		return nil, nil, err
	}
	if !f.readWords(body) {
		return nil, nil, f.s.damaged(tableRecord, f.info.id, e.seq, "a record that cannot be read")
	}
	if e.text != nil {
		i, found := slices.BinarySearchFunc(f.held.Words, e.text, func(w, text []byte) int { return bytes.Compare(record.WordText(w), text) })
		_, status, _ := record.Peek(body)
		if !found || f.held.Words[i][0] != e.fields || signatureOf(status, f.held.Words) != e.signature {
			return nil, nil, f.astray(tableWord, e.seq)
		}
	}
	f.matched = f.matched[:0]
	for _, m := range terms {
		w := m.First(f.held.Words)
		if w == nil {
			return body, nil, nil
		}
		f.matched = append(f.matched, w)
	}
	return body, f.matched, nil
}

// readWords reads the words of a record.
//
//contacts:borrows until the finder's snapshot is released
func (f *finder) readWords(body []byte) bool {
	f.held = record.Held{Words: f.held.Words[:0], Claims: f.held.Claims[:0], Shared: f.held.Shared[:0], Ended: f.held.Ended[:0]}
	return record.DecodeHeld(body, &f.held)
}

func fillWords(matched [][]byte) func(*contacts.Hit) {
	return func(h *contacts.Hit) {
		h.Words = make([]contacts.Word, len(matched))
		for i, w := range matched {
			h.Words[i] = contacts.Word{Text: string(record.WordText(w)), Fields: contacts.Fields(w[0])}
		}
	}
}

// wordsOf finds those of some contacts that match, behind f.at.
func (f *finder) wordsOf(seqs []uint64, wq *wordQuery) error {
	slices.Sort(seqs)
	type found struct {
		pos []byte
		seq uint64
	}
	var list []found
	for _, seq := range slices.Compact(seqs) {
		_, matched, err := f.judge(&wordEntry{seq: seq}, wq.terms)
		if err != nil {
			return err
		}
		if matched == nil || !wq.digits.Fit(&f.held) {
			continue
		}
		pos := appendOrd(append(bytes.Clone(record.WordText(matched[0])), 0), seq)
		if bytes.Compare(pos, f.at) > 0 {
			list = append(list, found{pos, seq})
		}
	}
	slices.SortFunc(list, func(a, b found) int { return bytes.Compare(a.pos, b.pos) })
	for _, m := range list {
		f.moveTo(m.pos)
		body, matched, err := f.judge(&wordEntry{seq: m.seq}, wq.terms)
		if err != nil {
			return err
		}
		if goOn, err := f.offer(m.seq, body, fillWords(matched)); err != nil || !goOn {
			return err
		}
	}
	return nil
}
