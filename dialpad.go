package contacts

import (
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
// the beginnings of words, one group also initials, or an initial and the
// beginning of the next word.
func dialSteps(groups []string) []searchStep {
	if len(groups) > maxTerms {
		return nil
	}
	steps := []searchStep{dialWords(groups)}
	if digits := groups[0]; len(groups) == 1 {
		if n := len(digits); n > 2 {
			steps = append(steps, dialNames([]string{digits[:1], digits[1:]}))
		}
		if n := len(digits); n > 1 && n <= maxTerms {
			steps = append(steps, dialNames(strings.Split(digits, "")))
		}
	}
	return steps
}

// dialWords wants a word for each group, in any order.
func dialWords(groups []string) searchStep {
	var step searchStep
	for _, g := range groups {
		step.query.Words = append(step.query.Words, Term{Sets: dialSets(g), Fields: dialFields})
	}
	step.has = func(h *hit) (m match, ok bool) {
		for _, g := range groups {
			found := false
			for _, w := range h.allWords() {
				if w.Fields &= dialFields; w.Fields == 0 {
					continue
				}
				if n, ok := dialled(w.Text, g); ok {
					m.marks = append(m.marks, h.mark(HighlightDialPad, w, n))
					found = true
					break
				}
			}
			if !found {
				return match{}, false
			}
		}
		return m, true
	}
	return step
}

// dialNames wants neighbouring words of the name, one for each group.
func dialNames(groups []string) searchStep {
	step := searchStep{filter: true}
	for _, g := range groups {
		step.query.Words = append(step.query.Words, Term{Sets: dialSets(g), Fields: InName})
	}
	step.has = func(h *hit) (match, bool) {
		names := splitWords(Fold(h.FullName))
		for first := 0; first+len(groups) <= len(names); first++ {
			var m match
			for i, g := range groups {
				name := names[first+i]
				n, ok := dialled(name, g)
				if !ok {
					break
				}
				m.marks = append(m.marks, h.mark(HighlightDialPad, Word{cut(name, MaxKeyLen), InName}, n))
			}
			if len(m.marks) == len(groups) {
				return m, true
			}
		}
		return match{}, false
	}
	return step
}
