package match

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// near reports in the plainest way whether two words differ by at most one
// change of a letter.
func near(a, b []rune) bool {
	if slices.Equal(a, b) {
		return true
	}
	for i := range len(a) + 1 {
		for j := range b { // another letter, or one more
			if i < len(a) && slices.Equal(slices.Concat(a[:i], b[j:j+1], a[i+1:]), b) ||
				slices.Equal(slices.Concat(a[:i], b[j:j+1], a[i:]), b) {
				return true
			}
		}
		if i < len(a) && slices.Equal(slices.Concat(a[:i], a[i+1:]), b) {
			return true
		}
		if i+1 < len(a) && slices.Equal(slices.Concat(a[:i], []rune{a[i+1], a[i]}, a[i+2:]), b) {
			return true
		}
	}
	return false
}

func plainMatch(t *contacts.Term, word string) bool {
	w := []rune(word)
	for n := range len(w) + 1 {
		if t.Whole && n < len(w) {
			continue
		}
		begin := w[:n]
		switch {
		case len(t.Sets) > 0:
			ok := n == len(t.Sets)
			for i := 0; ok && i < n; i++ {
				ok = strings.ContainsRune(t.Sets[i], begin[i])
			}
			if ok {
				return true
			}
		case t.Typo:
			if near([]rune(t.Text), begin) {
				return true
			}
		case t.Text == string(begin):
			return true
		}
	}
	return false
}

// allWords returns all words of up to n letters, in order.
func allWords(letters string, n int) []string {
	words := []string{""}
	for i := 0; i < len(words); i++ {
		if len([]rune(words[i])) < n {
			for _, c := range letters {
				words = append(words, words[i]+string(c))
			}
		}
	}
	words = words[1:]
	slices.Sort(words)
	return words
}

func TestMatcher(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	words := allWords("abé", 5)
	texts := append(allWords("abé", 3), "abab", "aabbé", "xaéb")
	var terms []contacts.Term
	for _, text := range texts {
		for _, whole := range []bool{false, true} {
			terms = append(terms, contacts.Term{Text: text, Whole: whole, Typo: true}, contacts.Term{Text: text, Whole: whole})
		}
	}
	for range 30 {
		var sets []string
		for range 1 + r.IntN(4) {
			sets = append(sets, []string{"a", "bé", "éa", "x", "aab", "zb"}[r.IntN(6)])
		}
		terms = append(terms, contacts.Term{Sets: sets}, contacts.Term{Sets: sets, Whole: true})
	}
	for _, term := range terms {
		m := New(&term)
		matching := words[:0:0]
		for _, w := range words {
			want := plainMatch(&term, w)
			if got := m.Match([]byte(w)); got != want {
				t.Fatalf("%+v matches %q: got %v, want %v", term, w, got, want)
			}
			if want {
				matching = append(matching, w)
			}
		}
		if !m.Auto {
			continue
		}
		for _, w := range words { // a jump passes over nothing that matches
			ok, skip, end := m.Run([]byte(w))
			if ok {
				continue
			}
			i, _ := slices.BinarySearch(matching, w)
			if end && i < len(matching) || len(skip) > 0 && i < len(matching) && matching[i] < string(skip) {
				t.Fatalf("%+v jumps from %q to %q, end %v: over %q", term, w, skip, end, matching[i])
			}
			if len(skip) > 0 && bytes.Compare(skip, []byte(w)) <= 0 {
				t.Fatalf("%+v jumps from %q back to %q", term, w, skip)
			}
		}
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add("meier", "meyer", false)
	f.Add("a\xff", "a\xfe", true)
	f.Fuzz(func(t *testing.T, text, word string, whole bool) {
		if len(text) > 20 || len(word) > 20 || text == "" {
			return
		}
		term := contacts.Term{Text: text, Whole: whole, Typo: true}
		if got, want := New(&term).Match([]byte(word)), plainMatch(&term, word); got != want {
			t.Errorf("%+v matches %q: got %v, want %v", term, word, got, want)
		}
	})
}

// TestDigits compares the matcher of digits with the text of lines.
func TestDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	run := func(most int) string {
		d := strconv.FormatUint(r.Uint64()>>r.IntN(64), 10)
		return d[:min(len(d), 1+r.IntN(most))]
	}
	for range 2000 {
		var q contacts.Query
		if r.IntN(3) == 0 {
			q.Suffix = run(19)
			if r.IntN(3) == 0 {
				q.Suffix = "0" + q.Suffix[1:]
			}
		} else {
			for range 1 + r.IntN(5) {
				q.Prefixes = append(q.Prefixes, run(1+r.IntN(19)))
			}
		}
		m := NewDigits(&q)
		for i := 1; i < len(m.ranges); i++ {
			if m.ranges[i-1].Hi >= m.ranges[i].Lo {
				t.Fatalf("%q: ranges %v overlap", q.Prefixes, m.ranges)
			}
		}
		for range 20 {
			line := r.Uint64() >> r.IntN(64)
			if q.Prefixes != nil && r.IntN(2) == 0 {
				text := q.Prefixes[0] + run(19)
				line, _ = strconv.ParseUint(text[:min(19, len(text))], 10, 64)
			}
			d := strconv.FormatUint(line, 10)
			want := slices.ContainsFunc(q.Prefixes, func(p string) bool { return strings.HasPrefix(d, p) }) ||
				q.Suffix != "" && strings.HasSuffix(d, q.Suffix)
			if line != 0 && m.Match(phone.Line(line)) != want {
				t.Fatalf("line %s, prefixes %q, suffix %q: got %v", d, q.Prefixes, q.Suffix, !want)
			}
		}
	}
}
