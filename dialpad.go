package contacts

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// dialPad has what each key of a telephone stands for, after Fold: its digit,
// the Latin letters of ITU-T E.161, and the Cyrillic ones that telephones in
// Russia, Ukraine, Belarus, Bulgaria and Serbia carry.
var dialPad = [10]string{
	"0", "1", "2abcабвгґ", "3defдежзђє", "4ghiийклі", "5jklмнопјљњ", "6mnoрстућ", "7pqrsфхцчџ", "8tuvшщъыў", "9wxyzьэюя",
}

// dialSets returns what each digit stands for.
func dialSets(digits string) []string {
	sets := make([]string, len(digits))
	for i := range digits {
		sets[i] = dialPad[digits[i]-'0']
	}
	return sets
}

// dialled returns how many bytes of a folded word have the keys of all
// digits; false where it begins otherwise.
func dialled(word, digits string) (n int, ok bool) {
	for i := range len(digits) {
		r, size := utf8.DecodeRuneInString(word[n:])
		if size == 0 || !strings.ContainsRune(dialPad[digits[i]-'0'], r) {
			return 0, false
		}
		n += size
	}
	return n, true
}

// Fields in which digits are keys of a dial pad.
const dialFields = InName | InOrganization

// dialSteps returns the steps for digits on a dial pad: groups of them are
// the beginnings of words, one group also the initials of two names, or an
// initial and the beginning of another name.
func dialSteps(groups []string) []searchStep {
	if len(groups) == 0 || len(groups) > maxTerms {
		return nil
	}
	steps := []searchStep{dialStep(groups, dialFields)}
	if digits := groups[0]; len(groups) == 1 && len(digits) > 1 {
		two := dialStep([]string{digits[:1], digits[1:]}, InName)
		slices.Reverse(two.query.Words) // the initial has more words
		steps = append(steps, two)
	}
	return steps
}

// dialStep wants a word of its own for each group, in any order.
func dialStep(groups []string, in Fields) searchStep {
	var step searchStep
	for _, g := range groups {
		step.query.Words = append(step.query.Words, Term{Sets: dialSets(g), Fields: in})
	}
	step.has = func(h *hit) (match, bool) {
		var list []Word
		for _, w := range h.allWords() {
			if w.Fields &= in; w.Fields != 0 {
				list = append(list, w)
			}
		}
		taken := make([]int, len(list)) // by which group, from 1
		for i := range groups {
			if !assign(groups, i, list, taken, make([]bool, len(list))) {
				return match{}, false
			}
		}
		marks := make([]Highlight, len(groups))
		for i, g := range taken {
			if g > 0 {
				n, _ := dialled(list[i].Text, groups[g-1])
				marks[g-1] = h.mark(HighlightDialPad, list[i], n)
			}
		}
		return match{marks: marks}, true
	}
	return step
}

// assign finds a word for group i, and another one for a group that has to
// give way: an augmenting path of a bipartite matching.
func assign(groups []string, i int, list []Word, taken []int, tried []bool) bool {
	for k := range list {
		if tried[k] {
			continue
		}
		if _, ok := dialled(list[k].Text, groups[i]); !ok {
			continue
		}
		tried[k] = true
		if taken[k] == 0 || assign(groups, taken[k]-1, list, taken, tried) {
			taken[k] = i + 1
			return true
		}
	}
	return false
}
