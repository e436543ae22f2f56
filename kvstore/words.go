package kvstore

import (
	"bytes"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// A query of several terms is driven by the first one, unless that has many
// entries and another one few: then the contacts of the latter are looked at
// instead, all of them, and put in order. Either way an entry whose signature
// rules the contact out costs no more than a look at it.
const fewEntries = 1000

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
	digits := newDigits(f.q)
	if len(terms) > 1 || digits != nil {
		seqs, ok, err := f.fewOf(terms)
		if err != nil {
			return err
		}
		if ok {
			return f.wordsOf(seqs, terms, digits)
		}
	}
	w := f.walker(terms, 0)
	return w.run(f.at, func(e wordEntry) (bool, error) {
		body, matched, err := f.judge(&e, terms)
		if err != nil || matched == nil || !bytes.Equal(wordText(matched[0]), e.text) || !digits.fit(&f.held) {
			return err == nil, err // not all terms, or it came with an earlier word
		}
		return f.offer(e.seq, body, fillWords(matched))
	})
}

// judge reads the record of an entry and returns the words that the terms
// match, nil unless all do.
func (f *finder) judge(e *wordEntry, terms []*matcher) (body []byte, matched [][]byte, err error) {
	if body, err = f.record(e.seq); err != nil {
		return nil, nil, err
	}
	if !f.readWords(body) {
		return nil, nil, f.s.damaged(tableRecord, f.info.id, e.seq, "a record that cannot be read")
	}
	if e.text != nil {
		i, found := slices.BinarySearchFunc(f.held.words, e.text, func(w, text []byte) int { return bytes.Compare(wordText(w), text) })
		if !found || f.held.words[i][0] != e.fields || signatureOf(f.held.words) != e.signature {
			return nil, nil, f.astray(tableWord, e.seq)
		}
	}
	f.matched = f.matched[:0]
	for _, m := range terms {
		w := m.first(f.held.words)
		if w == nil {
			return body, nil, nil
		}
		f.matched = append(f.matched, w)
	}
	return body, f.matched, nil
}

// readWords reads the words of a record.
func (f *finder) readWords(body []byte) bool {
	f.held = held{words: f.held.words[:0], claims: f.held.claims[:0], shared: f.held.shared[:0], ended: f.held.ended[:0]}
	return decodeHeld(body, &f.held)
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
	for i := range terms {
		seqs, all, err := f.collect(terms, i)
		if err != nil || i == 0 && all {
			return nil, false, err // the first one is as good as any
		}
		if all && (!ok || len(seqs) < len(best)) {
			best, ok = seqs, true
		}
	}
	if f.q.Prefixes == nil && f.q.Suffix == "" {
		return best, ok, nil
	}
	seqs, all, err := f.collectHolders()
	if err == nil && all && (!ok || len(seqs) < len(best)) {
		best, ok = seqs, true
	}
	return best, ok, err
}

// collectHolders returns the contacts that hold a line that the query asks for
// beside words, if they are few.
func (f *finder) collectHolders() (seqs []uint64, all bool, err error) {
	c := finder{s: f.s, sn: f.sn, info: f.info, q: f.q, limit: fewEntries, bound: min(fewEntries, f.bound)}
	walk := c.suffixes
	if f.q.Prefixes != nil {
		walk = c.prefixes
	}
	err = walk(func(seq uint64, _ phone.Line, _ byte) (bool, error) {
		seqs = append(seqs, seq)
		return true, nil
	})
	f.work += c.work
	return seqs, !c.more, err
}

// collect returns the contacts of a term's entries that may match the others
// too, if the term has few entries.
func (f *finder) collect(terms []*matcher, driver int) (seqs []uint64, all bool, err error) {
	c := finder{s: f.s, sn: f.sn, info: f.info, q: f.q, limit: fewEntries, bound: min(fewEntries, f.bound)}
	w := c.walker(terms, driver)
	err = w.run(nil, func(e wordEntry) (bool, error) {
		seqs = append(seqs, e.seq)
		return true, nil
	})
	f.work += c.work
	return seqs, !c.more, err
}

// wordsOf finds those of some contacts that all terms match.
func (f *finder) wordsOf(seqs []uint64, terms []*matcher, digits *digitMatcher) error {
	slices.Sort(seqs)
	type match struct {
		pos []byte
		seq uint64
	}
	var list []match
	for _, seq := range slices.Compact(seqs) {
		_, matched, err := f.judge(&wordEntry{seq: seq}, terms)
		if err != nil {
			return err
		}
		if matched == nil || !digits.fit(&f.held) {
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
		body, matched, err := f.judge(&wordEntry{seq: m.seq}, terms)
		if err != nil {
			return err
		}
		if goOn, err := f.offer(m.seq, body, fillWords(matched)); err != nil || !goOn {
			return err
		}
	}
	return nil
}
