// Package match decides which words and lines a query matches.
package match

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// A Matcher decides which words a term matches. A term that is more than a
// beginning is an automaton over letters: after each letter of a word it is in
// a step, and a step that leads nowhere ends all words that begin so.
type Matcher struct {
	Term *contacts.Term
	Auto bool     // Typo or Sets
	text []rune   // of a term with Typo
	Sets [][]rune // each in order, for a term with Sets
	path []step   // scratch of Run
}

// New returns the Matcher of a term, which it keeps.
func New(t *contacts.Term) *Matcher {
	m := &Matcher{Term: t}
	switch {
	case len(t.Sets) > 0:
		m.Auto = true
		for _, s := range t.Sets {
			set := []rune(strings.ReplaceAll(s, "\x00", "")) // which no word has
			slices.Sort(set)
			m.Sets = append(m.Sets, set)
		}
	case t.Typo:
		m.Auto = true
		m.text = []rune(t.Text)
	}
	return m
}

// None reports that no word can match.
func (m *Matcher) None() bool {
	return strings.IndexByte(m.Term.Text, 0) >= 0 || len(m.Term.Text) > 4*contacts.MaxKeyLen ||
		len(m.Sets) > contacts.MaxKeyLen
}

// Fits reports whether a word stands in a field that the term asks for.
func (m *Matcher) Fits(fields byte) bool {
	return m.Term.Fields == 0 || m.Term.Fields&contacts.Fields(fields) != 0
}

// Match reports whether the term matches a word, whatever its fields.
func (m *Matcher) Match(word []byte) bool {
	switch {
	case m.Auto:
		ok, _, _ := m.Run(word)
		return ok
	case m.Term.Whole:
		return string(word) == m.Term.Text
	}
	return len(word) >= len(m.Term.Text) && string(word[:len(m.Term.Text)]) == m.Term.Text
}

// First returns the first of a record's words that the term matches, nil if
// None does.
func (m *Matcher) First(words [][]byte) []byte {
	for _, w := range words {
		if m.Fits(w[0]) && m.Match(record.WordText(w)) {
			return w
		}
	}
	return nil
}

// step is where the automaton is after n letters: for Typo, whether they are
// those of the text, and which single changes explain them otherwise.
type step struct {
	n        int
	pos      int  // where in the word letter n+1 begins
	letter   rune // the letter that led here
	exact    bool
	extra    bool // one letter too many: the text is at n-1
	other    bool // one letter differs, or two are swapped: the text is at n
	missing  bool // one letter is not there: the text is at n+1
	swapping bool // the first of two swapped letters
}

// Run tells whether the term matches a word. If not, then nothing does between
// the word and skip, and where end is set nothing at all behind the word.
// A nil skip is the word itself.
func (m *Matcher) Run(word []byte) (ok bool, skip []byte, end bool) {
	m.path = append(m.path[:0], step{exact: true})
	for {
		s := m.path[len(m.path)-1]
		if !m.Term.Whole && m.accepts(s) {
			return true, nil, false
		}
		if s.pos == len(word) {
			return m.Term.Whole && m.accepts(s), nil, false
		}
		c, size := utf8.DecodeRune(word[s.pos:])
		next, alive := m.advance(s, c)
		if !alive {
			return m.seek(word, c)
		}
		next.pos = s.pos + size
		m.path = append(m.path, next)
	}
}

// seek finds the next word that might match when no word does that goes on
// from the last step with c.
func (m *Matcher) seek(word []byte, c rune) (ok bool, skip []byte, end bool) {
	for i := len(m.path) - 1; i >= 0; i-- {
		s := m.path[i]
		if r := m.following(s, c); r >= 0 {
			return false, utf8.AppendRune(bytes.Clone(word[:s.pos]), r), false
		}
		c = s.letter
	}
	return false, nil, true
}

// accepts reports whether the letters up to s are all that the term asks for.
func (m *Matcher) accepts(s step) bool {
	if m.Sets != nil {
		return s.n == len(m.Sets)
	}
	n := len(m.text)
	return s.exact && (s.n == n || s.n+1 == n) || s.extra && s.n-1 == n || s.other && s.n == n || s.missing && s.n+1 == n
}

// advance takes one letter. It returns false where nothing matches that begins
// so.
func (m *Matcher) advance(s step, c rune) (step, bool) {
	next := step{n: s.n + 1, letter: c}
	if m.Sets != nil {
		if s.n < len(m.Sets) {
			_, next.exact = slices.BinarySearch(m.Sets[s.n], c)
		}
		return next, next.exact
	}
	is := func(i int) bool { return i >= 0 && i < len(m.text) && m.text[i] == c }
	if s.exact {
		next.exact = is(s.n)
		next.extra = true
		next.other = s.n < len(m.text)
		next.missing = is(s.n + 1)
		next.swapping = is(s.n + 1)
	}
	next.extra = next.extra || s.extra && is(s.n-1)
	next.other = next.other || s.other && is(s.n) || s.swapping && is(s.n-1)
	next.missing = next.missing || s.missing && is(s.n+1)
	return next, next.exact || next.extra || next.other || next.missing || next.swapping
}

// following returns the smallest letter greater than c that some match has
// behind s, or -1.
func (m *Matcher) following(s step, c rune) rune {
	if m.Sets != nil {
		if s.n < len(m.Sets) {
			i, found := slices.BinarySearch(m.Sets[s.n], c)
			for found && i < len(m.Sets[s.n]) && m.Sets[s.n][i] == c {
				i++
			}
			if i < len(m.Sets[s.n]) {
				return m.Sets[s.n][i]
			}
		}
		return -1
	}
	if s.exact { // any letter may be the one too many
		switch c++; {
		case c > utf8.MaxRune:
			return -1
		case c >= 0xD800 && c < 0xE000:
			return 0xE000
		}
		return c
	}
	best := rune(-1)
	try := func(is bool, i int) {
		if is && i >= 0 && i < len(m.text) && m.text[i] > c && (best < 0 || m.text[i] < best) {
			best = m.text[i]
		}
	}
	try(s.extra, s.n-1)
	try(s.other, s.n)
	try(s.missing, s.n+1)
	try(s.swapping, s.n-1)
	return best
}
