package main

import (
	"slices"
	"strings"
	"unicode"

	"github.com/callerbook/contacts"
)

// reading is how a side reads text: what the answers of a plain scan have to
// agree on with it.
type reading struct {
	fold   func(string) string
	joined bool // an e-mail address is a word, too
	whole  bool // a word with an error is a whole one, not the beginning of one
}

// readings by engine. FTS5 and bleve take accents from Latin letters alone, and
// FTS5 leaves ß as it is.
var readings = map[string]reading{
	"ours":  {fold: contacts.Fold, joined: true},
	"FTS5":  {fold: func(s string) string { return foldLatin(s, "ß") }},
	"bleve": {fold: func(s string) string { return foldLatin(s, "") }, whole: true},
}

func foldLatin(s, but string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if letter := string(r); unicode.Is(unicode.Latin, r) && !strings.Contains(but, letter) {
			b.WriteString(contacts.Fold(letter))
		} else {
			b.WriteString(letter)
		}
	}
	return b.String()
}

// folded returns the words of every contact as the side reads them.
func (r reading) folded(list []contact) [][]string {
	all := make([][]string, len(list))
	for i := range list {
		words := list[i].words()
		if r.joined {
			words = append(words, list[i].joined())
		}
		for k := range words {
			words[k] = r.fold(words[k])
		}
		all[i] = words
	}
	return all
}

// matches reports whether c, who has these words, answers q, which has these
// terms.
func (r reading) matches(c *contact, words []string, q *query, terms []string) bool {
	switch q.kind {
	case kindFront:
		digits, plus := frontDigits(q.text)
		return strings.HasPrefix(c.Digits(), digits) || !plus && strings.HasPrefix(c.National, digits)
	case kindLast:
		return strings.HasSuffix(c.Digits(), q.text)
	}
	for _, term := range terms {
		if !slices.ContainsFunc(words, func(w string) bool {
			return strings.HasPrefix(w, term) || q.kind == kindTypo && r.near(term, w)
		}) {
			return false
		}
	}
	return true
}

// near reports whether term is word, or unless whole the beginning of it, but
// for one error.
func (r reading) near(term, word string) bool {
	a, b := []rune(term), []rune(word)
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	from := func(list []rune, at int) []rune { return list[min(at, len(list)):] }
	same := func(a, b []rune) bool {
		return len(a) <= len(b) && (!r.whole || len(a) == len(b)) && slices.Equal(a, b[:len(a)])
	}
	return same(from(a, i+1), from(b, i+1)) || same(from(a, i+1), from(b, i)) || same(from(a, i), from(b, i+1)) ||
		i+1 < len(a) && i+1 < len(b) && a[i] == b[i+1] && a[i+1] == b[i] && same(a[i+2:], b[i+2:])
}

// scan returns all contacts that answer q, by number.
func (r reading) scan(list []contact, folded [][]string, q *query) map[string]*contact {
	found := make(map[string]*contact)
	terms := strings.Fields(r.fold(q.text))
	for i := range list {
		if r.matches(&list[i], folded[i], q, terms) {
			found[list[i].Number()] = &list[i]
		}
	}
	return found
}

// mayFind reports whether the library may find a number that a scan does not:
// digits typed are the beginning or the end of one, two zeros a plus.
func mayFind(engine, number string, q *query) bool {
	digits := strings.TrimLeft(q.text, "+0")
	return engine == "ours" && (q.kind == kindFront || q.kind == kindLast) && strings.Contains(number, digits)
}

// mustFind reports whether the library has to find a contact of a scan: a trunk
// zero, and two digits, are those of the site's region.
func mustFind(engine string, c *contact, q *query) bool {
	return engine != "ours" || q.kind != kindFront || c.Code == "91" || strings.HasPrefix(c.Number(), "+"+strings.TrimPrefix(q.text, "+"))
}
