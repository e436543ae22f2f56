package main

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is a kind of queries that somebody types.
type class struct {
	name, title string
	kind        kind
	hits        expectation
	texts       func(s *stock) []string
}

// expectation says what a side has to find that answers a query.
type expectation uint8

const (
	anything expectation = iota
	something
	nothing
)

// classes in the order of the table.
var classes = []class{
	{"letter", "one letter", kindWords, anything, func(s *stock) []string { return s.alphabet }},
	{"two", "two letters", kindWords, something, func(s *stock) []string { return s.prefixes(2) }},
	{"three", "three letters", kindWords, something, func(s *stock) []string { return s.prefixes(3) }},
	{"first", "a first name", kindWords, something, func(s *stock) []string {
		return s.draw(func(c *contact) string { return strings.ToLower(c.First) })
	}},
	{"names", "first and last name begun", kindWords, something, func(s *stock) []string {
		return s.draw(func(c *contact) string {
			return strings.ToLower(runes(c.First, 2+s.r.IntN(2)) + " " + runes(c.Last, 1+s.r.IntN(3)))
		})
	}},
	{"initials", "two single letters", kindWords, something, func(s *stock) []string {
		return s.draw(func(c *contact) string { return strings.ToLower(runes(c.First, 1) + " " + runes(c.Last, 1)) })
	}},
	{"apart", "two beginnings, common, never together", kindWords, nothing, (*stock).apart},
	{"nothing", "nothing found", kindWords, nothing, (*stock).unknown},
	{"typo", "an error in a long word", kindTypo, something, (*stock).mistyped},
	{"front", "first 2-6 digits", kindFront, something, (*stock).fronts},
	{"last", "last 4 digits", kindLast, something, func(s *stock) []string {
		return s.draw(func(c *contact) string { return c.National[len(c.National)-4:] })
	}},
	{"t9", "3-5 keys of a dial pad", kindDial, something, (*stock).dialled},
	{"named", "a name and digits", kindNamed, something, func(s *stock) []string {
		return s.draw(func(c *contact) string {
			digits := c.National[len(c.National)-4:]
			if c.Code == "91" && s.r.IntN(4) > 0 { // as people dial at the site
				digits = c.National[:3+s.r.IntN(3)]
			}
			return strings.ToLower(runes(c.First, 3+s.r.IntN(3))) + " " + digits
		})
	}},
	{"common", "a very common word", kindWords, something, func(s *stock) []string { return s.common[:min(len(s.common), s.most, 40)] }},
	{"commons", "three common words", kindWords, anything, (*stock).commons},
	{"single", "a word that one contact has", kindWords, something, func(s *stock) []string {
		return s.draw(func(*contact) string { return pick(s.r, s.single) })
	}},
}

// classNames in order.
func classNames() []string {
	var list []string
	for _, c := range classes {
		list = append(list, c.name)
	}
	return list
}

// prefixes draws the first n letters of words.
func (s *stock) prefixes(n int) []string {
	return s.draw(func(c *contact) string {
		if w := s.word(c); utf8.RuneCountInString(w) >= n {
			return runes(w, n)
		}
		return ""
	})
}

// apart returns pairs of which very many contacts have a word for the one, and
// very many for the other, but nobody has both: all such letters, and
// beginnings of the words in X and in Q.
func (s *stock) apart() []string {
	var list []string
	for _, a := range s.folded {
		for _, b := range s.folded {
			if len(list) < s.most/2 && min(s.began[a], s.began[b]) >= len(s.list)/200 && s.sharing[[2]string{a, b}] == 0 {
				list = append(list, a+" "+b)
			}
		}
	}
	rest := s.draw(func(*contact) string {
		x, q := strings.ToLower(runes(pick(s.r, lastX), 1+s.r.IntN(4))), strings.ToLower(runes(pick(s.r, lastQ), 1+s.r.IntN(4)))
		if s.r.IntN(2) == 0 {
			x, q = q, x
		}
		return x + " " + q
	})
	return append(list, rest[:min(len(rest), s.most-len(list))]...)
}

// unknown returns letters that begin no word, alone and beside a common word.
func (s *stock) unknown() []string {
	alphabets := []string{"abcdefghijklmnopqrstuvwxyz", "абвгдежзиклмнопрстуфхцчшэюя"}
	return s.draw(func(*contact) string {
		letters := []rune(pick(s.r, alphabets))
		var b strings.Builder
		for range 3 + s.r.IntN(6) {
			b.WriteRune(letters[s.r.IntN(len(letters))])
		}
		text := b.String()
		if s.begins(text) || utf8.RuneCountInString(text) >= 5 && s.near(text) { // shorter words may have no error
			return ""
		}
		switch {
		case s.r.IntN(2) == 0:
			return text
		case s.r.IntN(2) == 0:
			return text + " " + pick(s.r, s.common)
		default:
			return pick(s.r, s.common) + " " + text
		}
	})
}

// mistyped returns long words of people with one error.
func (s *stock) mistyped() []string {
	return s.draw(func(c *contact) string {
		w := []rune(s.word(c))
		if len(w) < 6 || strings.IndexFunc(string(w), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) >= 0 {
			return ""
		}
		text := string(s.mistype(w))
		if s.begins(text) {
			return ""
		}
		return text
	})
}

// mistype makes an error behind the first letter: another letter, one more, one
// less, or two swapped. New letters are of the word, so of its script.
func (s *stock) mistype(w []rune) []rune {
	at := 1 + s.r.IntN(len(w)-1)
	letter := w[s.r.IntN(len(w))]
	out := append([]rune(nil), w...)
	switch s.r.IntN(4) {
	case 0:
		out[at] = letter
	case 1:
		out = append(append(out[:at:at], letter), w[at:]...)
	case 2:
		out = append(out[:at:at], w[at+1:]...)
	case 3:
		out[at-1], out[at] = out[at], out[at-1]
	}
	return out
}

// near reports whether a word begins with text but for one error.
func (s *stock) near(text string) bool {
	w := []rune(text)
	for at := range len(w) + 1 {
		head := string(w[:at])
		if at < len(w) && s.begins(head+string(w[at+1:])) {
			return true
		}
		if at+1 < len(w) && s.begins(head+string(w[at+1])+string(w[at])+string(w[at+2:])) {
			return true
		}
		for _, letter := range s.folded {
			if s.begins(head+letter+string(w[at:])) || at < len(w) && s.begins(head+letter+string(w[at+1:])) {
				return true
			}
		}
	}
	return false
}

// maxFront is how many first digits of a number are typed at most.
const maxFront = 6

// fronts returns the first digits of numbers, as people dial them: with plus
// and calling code, without the plus, with a trunk zero, and with none of it.
func (s *stock) fronts() []string {
	return s.draw(func(c *contact) string {
		n := 2 + s.r.IntN(maxFront-1)
		switch s.r.IntN(4) {
		case 0:
			return "+" + c.Digits()[:n]
		case 1:
			return c.Digits()[:n]
		case 2:
			if c.Code == "91" { // numbers of the site's region
				return "0" + c.National[:n-1]
			}
			return ""
		}
		return c.National[:n]
	})
}

// dialled returns the keys of a name, and of an initial and the name behind it.
func (s *stock) dialled() []string {
	return s.draw(func(c *contact) string {
		name := pick(s.r, []string{c.First, c.Last, runes(c.First, 1) + c.Last})
		return keys(runes(strings.ToLower(name), 3+s.r.IntN(3)))
	})
}

// keys returns the keys of at least three Latin letters, or nothing.
func keys(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range name {
		if r < 'a' || r > 'z' {
			return ""
		}
		out = append(out, "22233344455566677778889999"[r-'a'])
	}
	if len(out) < 3 {
		return ""
	}
	return string(out)
}

// commons returns three very common words, which half of the time somebody has.
func (s *stock) commons() []string {
	top := s.common[:min(len(s.common), 60)]
	return s.draw(func(c *contact) string {
		words := slices.Clone(top)
		if s.r.IntN(2) == 0 {
			words = slices.DeleteFunc(c.words(), func(w string) bool { return !slices.Contains(top, w) })
		}
		if len(words) < 3 {
			return ""
		}
		s.r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		return strings.Join(words[:3], " ")
	})
}
