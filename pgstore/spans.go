package pgstore

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
)

// spans are ranges of words, in order and apart from each other: from low on and
// before high.
type spans struct {
	low, high []string
	loose     bool // other words are in them too
}

// maxSpans bounds the ranges that one statement reads.
const maxSpans = 2000

// spansOf returns ranges that have all words that a term matches. They have no
// others, unless the term has more Sets than can be spelled out.
func spansOf(m *match.Matcher, letters string) spans {
	t := m.Term
	end := afterPrefix
	if t.Whole {
		end = afterWord
	}
	switch {
	case m.None():
		return spans{}
	case len(t.Sets) > 0:
		return spansOfSets(m, end)
	case t.Typo:
		return spansOfList(oneChange([]rune(t.Text), []rune(letters)), end)
	}
	text := t.Text
	for !utf8.ValidString(text) { // a letter cut in two
		text, end = text[:len(text)-1], afterPrefix
	}
	return spans{low: []string{text}, high: []string{end(text)}}
}

// afterWord returns the text behind a word: there is none between them, as none
// has a NUL.
func afterWord(word string) string { return word + "\x01" }

// afterPrefix returns the text behind all words that begin with one.
func afterPrefix(prefix string) string {
	for prefix != "" {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if r++; r == 0xD800 {
			r = 0xE000
		}
		if r <= utf8.MaxRune {
			return prefix + string(r)
		}
	}
	return strings.Repeat(string(utf8.MaxRune), contacts.MaxKeyLen/utf8.UTFMax+1)
}

// spansOfList returns the ranges of words, or beginnings of words, in any order.
func spansOfList(list []string, end func(string) string) spans {
	slices.Sort(list)
	var s spans
	for _, text := range list {
		n := len(s.low)
		switch high := end(text); {
		case n == 0 || s.high[n-1] < text:
			s.low, s.high = append(s.low, text), append(s.high, high)
		case s.high[n-1] < high:
			s.high[n-1] = high
		}
	}
	return s
}

// oneChange returns a text and those that differ from it in one letter: another
// one, one more, one less, or two neighbours swapped.
func oneChange(text, letters []rune) []string {
	n := len(text)
	list := make([]string, 0, 1+2*n+(2*n+1)*len(letters))
	list = append(list, string(text))
	room := make([]rune, 0, n+1)
	add := func(before []rune, c rune, after []rune) {
		list = append(list, string(append(append(append(room, before...), c), after...)))
	}
	for i := range n + 1 {
		for _, c := range letters {
			add(text[:i], c, text[i:])
			if i < n {
				add(text[:i], c, text[i+1:])
			}
		}
		if i < n {
			list = append(list, string(append(append(room, text[:i]...), text[i+1:]...)))
		}
		if i+1 < n {
			add(append(append(room, text[:i]...), text[i+1])[:i+1], text[i], text[i+2:])
		}
	}
	return list
}

// spansOfSets spells out as many of the first sets as there is room for.
func spansOfSets(m *match.Matcher, end func(string) string) spans {
	list := []string{""}
	loose := false
	for i, set := range m.Sets {
		if len(set) == 0 {
			return spans{} // no letter is one of none
		}
		set = slices.Compact(slices.Clone(set))
		if loose = loose || len(set)*len(list) > maxSpans/2 && i > 0; loose {
			end = afterPrefix
			continue
		}
		longer := make([]string, 0, len(set)*len(list))
		for _, text := range list {
			for _, c := range set {
				longer = append(longer, text+string(c))
			}
		}
		list = longer
	}
	s := spansOfList(list, end)
	s.loose = loose
	return s
}

// behind leaves what comes behind an entry of a word, which is then the low of
// the first range if that has more of the word.
func (s spans) behind(word string) spans {
	n := 0
	for n < len(s.high) && s.high[n] <= word {
		n++
	}
	s.low, s.high = slices.Clone(s.low[n:]), s.high[n:]
	if len(s.low) > 0 && s.low[0] < word {
		s.low[0] = word
	}
	return s
}

// pattern is a regular expression for the words that Sets match.
func pattern(m *match.Matcher) string {
	var b strings.Builder
	b.WriteByte('^')
	for _, set := range m.Sets {
		sep := byte('(')
		for _, c := range set {
			b.WriteByte(sep)
			if c < utf8.RuneSelf && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
				b.WriteByte('\\')
			}
			b.WriteRune(c)
			sep = '|'
		}
		b.WriteByte(')')
	}
	if m.Term.Whole {
		b.WriteByte('$')
	}
	return b.String()
}
