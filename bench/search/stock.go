package main

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// stock knows what is in the books, for queries to be drawn from it.
type stock struct {
	list []contact
	most int // queries of a class
	r    *rand.Rand

	common   []string // words that many contacts have, the most frequent first
	single   []string // words that one contact has
	sorted   []string // all words folded, and e-mail addresses as one word, in order
	alphabet []string // first letters of words, as they are typed
	folded   []string // the same folded, the most frequent first

	began   map[string]int    // contacts by the folded first letter of a word
	sharing map[[2]string]int // contacts that have words with two such letters
}

// newStock looks at every word of list.
func newStock(list []contact, most int) *stock {
	s := &stock{
		list: list, most: most,
		began: make(map[string]int), sharing: make(map[[2]string]int),
	}
	count := make(map[string]int)
	alphabet := make(map[string]bool)
	var letters []string
	fold := make(map[string]bool)
	for i := range list {
		letters = letters[:0]
		fold[list[i].joined()] = true
		for _, w := range list[i].words() {
			count[w]++
			letter := runes(w, 1)
			alphabet[letter] = true
			if letter = contacts.Fold(letter); !slices.Contains(letters, letter) {
				letters = append(letters, letter)
			}
		}
		for _, a := range letters {
			s.began[a]++
			for _, b := range letters {
				s.sharing[[2]string{a, b}]++
			}
		}
	}
	for w, n := range count {
		fold[contacts.Fold(w)] = true
		if n == 1 {
			s.single = append(s.single, w)
		}
		if n >= len(list)/100 {
			s.common = append(s.common, w)
		}
	}
	slices.Sort(s.single)
	byCount := func(count map[string]int) func(a, b string) int {
		return func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) }
	}
	slices.SortFunc(s.common, byCount(count))
	s.sorted = slices.Sorted(maps.Keys(fold))
	s.alphabet = slices.Sorted(maps.Keys(alphabet))
	s.folded = slices.SortedFunc(maps.Keys(s.began), byCount(s.began))
	return s
}

// seed lets what is drawn begin anew.
func (s *stock) seed(n uint64) { s.r = rand.New(rand.NewPCG(24, n)) }

// runes returns the first n letters of w, or w.
func runes(w string, n int) string {
	at := 0
	for ; n > 0 && at < len(w); n-- {
		_, size := utf8.DecodeRuneInString(w[at:])
		at += size
	}
	return w[:at]
}

// someone picks a contact.
func (s *stock) someone() *contact { return &s.list[s.r.IntN(len(s.list))] }

// begins reports whether a word of somebody begins with text.
func (s *stock) begins(text string) bool {
	text = contacts.Fold(text)
	i, _ := slices.BinarySearch(s.sorted, text)
	return i < len(s.sorted) && strings.HasPrefix(s.sorted[i], text)
}

// draw collects different texts that from makes of people picked at random, as
// many as a class has at most. An empty text does not count.
func (s *stock) draw(from func(c *contact) string) []string {
	const draws = 50 // a text
	var list []string
	seen := map[string]bool{"": true}
	for try := 0; try < s.most*draws && len(list) < s.most; try++ {
		if text := from(s.someone()); !seen[text] {
			seen[text] = true
			list = append(list, text)
		}
	}
	return list
}

// word picks a word of c.
func (s *stock) word(c *contact) string { return pick(s.r, c.words()) }
