package kvstore

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// matcher decides which words a term matches. A term that is more than a
// beginning is an automaton over letters: after each letter of a word it is in
// a step, and a step that leads nowhere ends all words that begin so.
type matcher struct {
	term *contacts.Term
	auto bool     // Typo or Sets
	text []rune   // of a term with Typo
	sets [][]rune // each in order, for a term with Sets
	path []step   // scratch of run
}

func newMatcher(t *contacts.Term) *matcher {
	m := &matcher{term: t}
	switch {
	case len(t.Sets) > 0:
		m.auto = true
		for _, s := range t.Sets {
			set := []rune(s)
			slices.Sort(set)
			m.sets = append(m.sets, set)
		}
	case t.Typo:
		m.auto = true
		m.text = []rune(t.Text)
	}
	return m
}

// none reports that no word can match.
func (m *matcher) none() bool {
	return strings.IndexByte(m.term.Text, 0) >= 0 || len(m.term.Text) > 4*contacts.MaxKeyLen ||
		len(m.sets) > contacts.MaxKeyLen
}

// fits reports whether a word stands in a field that the term asks for.
func (m *matcher) fits(fields byte) bool {
	return m.term.Fields == 0 || m.term.Fields&contacts.Fields(fields) != 0
}

// match reports whether the term matches a word, whatever its fields.
func (m *matcher) match(word []byte) bool {
	switch {
	case m.auto:
		ok, _, _ := m.run(word)
		return ok
	case m.term.Whole:
		return string(word) == m.term.Text
	}
	return len(word) >= len(m.term.Text) && string(word[:len(m.term.Text)]) == m.term.Text
}

// first returns the first of a record's words that the term matches, nil if
// none does.
func (m *matcher) first(words [][]byte) []byte {
	for _, w := range words {
		if m.fits(w[0]) && m.match(record.WordText(w)) {
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

// run tells whether the term matches a word. If not, then nothing does between
// the word and skip, and where end is set nothing at all behind the word.
// A nil skip is the word itself.
func (m *matcher) run(word []byte) (ok bool, skip []byte, end bool) {
	m.path = append(m.path[:0], step{exact: true})
	for {
		s := m.path[len(m.path)-1]
		if !m.term.Whole && m.accepts(s) {
			return true, nil, false
		}
		if s.pos == len(word) {
			return m.term.Whole && m.accepts(s), nil, false
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
func (m *matcher) seek(word []byte, c rune) (ok bool, skip []byte, end bool) {
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
func (m *matcher) accepts(s step) bool {
	if m.sets != nil {
		return s.n == len(m.sets)
	}
	n := len(m.text)
	return s.exact && (s.n == n || s.n+1 == n) || s.extra && s.n-1 == n || s.other && s.n == n || s.missing && s.n+1 == n
}

// advance takes one letter. It returns false where nothing matches that begins
// so.
func (m *matcher) advance(s step, c rune) (step, bool) {
	next := step{n: s.n + 1, letter: c}
	if m.sets != nil {
		if s.n < len(m.sets) {
			_, next.exact = slices.BinarySearch(m.sets[s.n], c)
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
func (m *matcher) following(s step, c rune) rune {
	if m.sets != nil {
		if s.n < len(m.sets) {
			i, found := slices.BinarySearch(m.sets[s.n], c)
			for found && i < len(m.sets[s.n]) && m.sets[s.n][i] == c {
				i++
			}
			if i < len(m.sets[s.n]) {
				return m.sets[s.n][i]
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

// digitMatcher decides which lines the digits of a query match: those it
// begins with or those it ends with. A nil one is content with any contact.
type digitMatcher struct {
	ranges []digitRange
	suffix uint64
	unit   uint64 // 10 to the power of the length of the suffix; 0: no suffix
}

func newDigits(q *contacts.Query) *digitMatcher {
	if q.Prefixes != nil {
		return &digitMatcher{ranges: rangesOf(q.Prefixes)}
	}
	if q.Suffix == "" {
		return nil
	}
	m := &digitMatcher{unit: 1}
	for _, c := range []byte(q.Suffix) {
		m.suffix = m.suffix*10 + uint64(c-'0')
		m.unit *= 10
	}
	return m
}

// fit reports whether one of the lines of a record matches.
func (m *digitMatcher) fit(h *record.Held) bool {
	return m == nil || slices.ContainsFunc(h.Claims, m.match) || slices.ContainsFunc(h.Shared, m.match)
}

func (m *digitMatcher) match(line phone.Line) bool {
	if m.unit == 0 {
		i, found := slices.BinarySearchFunc(m.ranges, uint64(line), func(r digitRange, v uint64) int { return cmp.Compare(r.lo, v) })
		return found || i > 0 && uint64(line) <= m.ranges[i-1].hi
	}
	return uint64(line)%m.unit == m.suffix && uint64(line) >= m.unit/10
}
