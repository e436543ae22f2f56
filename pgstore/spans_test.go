package pgstore

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/match"
)

// TestSpans compares the ranges of terms with what matches: they have all of it,
// and nothing else unless a pattern sorts it out.
func TestSpans(t *testing.T) {
	const seed = 31
	r := rand.New(rand.NewPCG(seed, seed))
	letters := []rune("abé\U0010FFFF")
	word := func(n int) string {
		var b strings.Builder
		for range 1 + r.IntN(n) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	for range 3000 {
		term := contacts.Term{Whole: r.IntN(2) == 0}
		switch r.IntN(4) {
		case 0:
			for range 1 + r.IntN(9) {
				term.Sets = append(term.Sets, []string{"a", "bé", "éa", "x.", "aab", "zbx(", "ab\U0010FFFFcdefghijkl"}[r.IntN(7)])
			}
		case 1:
			term.Text = word(4)
		default:
			term.Text, term.Typo = word(4), true
		}
		m := match.New(&term)
		s := spansOf(m, string(letters))
		for i := range s.low {
			if s.low[i] >= s.high[i] || i > 0 && s.high[i-1] > s.low[i] {
				t.Fatalf("seed %d: %+v: ranges %q to %q", seed, term, s.low, s.high)
			}
		}
		like := regexp.MustCompile("")
		if s.loose {
			like = regexp.MustCompile(pattern(m))
		}
		for range 50 {
			w := word(6)
			i, found := slices.BinarySearch(s.low, w)
			in := found || i > 0 && w < s.high[i-1]
			in = in && like.MatchString(w)
			if want := m.Match([]byte(w)); in != want {
				t.Fatalf("seed %d: %+v matches %q: got %v, want %v; ranges %q to %q", seed, term, w, in, want, s.low, s.high)
			}
			behind := s.behind(w)
			for range 5 {
				v := word(6)
				if v < w {
					continue
				}
				i, found = slices.BinarySearch(behind.low, v)
				if got, want := found || i > 0 && v < behind.high[i-1], inSpans(s, v); got != want {
					t.Fatalf("seed %d: %+v behind %q has %q: got %v, want %v", seed, term, w, v, got, want)
				}
			}
		}
	}
}

func inSpans(s spans, w string) bool {
	for i := range s.low {
		if s.low[i] <= w && w < s.high[i] {
			return true
		}
	}
	return false
}
