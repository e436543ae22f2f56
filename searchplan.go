package contacts

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callerbook/contacts/phone"
)

// Digits that a number being typed has before it counts as more than chance.
const (
	minLast   = 2 // last digits of a number
	minNumber = 7 // a whole number
)

// plan makes the steps by which text is searched for.
func (s *search) plan(text string) {
	site := s.b.opt.Site
	if s.o.Site != nil {
		site.Region = s.o.Site.Region
	}
	site.OutsideLine = ""
	terms := searchTerms(text)
	whole, prefix := wordSteps(terms)

	typed, isNumber := phone.ParsePartial(text, &site)
	if isNumber {
		s.steps = append(s.steps, s.b.numberStep(text, &site)...)
		s.steps = append(s.steps, whole...)
		if s.o.T9 && !strings.Contains(text, "+") {
			s.steps = append(s.steps, dialSteps(terms)...)
		}
		s.steps = append(s.steps, s.b.frontStep(typed.Begins, typed.Digits)...)
		s.steps = append(s.steps, s.b.lastStep(typed.Digits)...)
		s.steps = append(s.steps, prefix...)
		s.steps = append(s.steps, s.b.frontStep(typed.Abroad, typed.Digits)...)
		return
	}
	s.steps = append(append(s.steps, whole...), prefix...)
	s.typo = func() (searchStep, bool, error) { return s.typoStep(terms) }

	// A name and a number: "ann 98765".
	var names, digits []string
	for _, token := range strings.Fields(text) {
		if _, ok := phone.ParsePartial(token, &site); ok {
			digits = append(digits, token)
		} else {
			names = append(names, token)
		}
	}
	if typed, ok := phone.ParsePartial(strings.Join(digits, " "), &site); ok && len(names) > 0 {
		_, named := wordSteps(searchTerms(strings.Join(names, " ")))
		front := s.b.frontStep(slices.Concat(typed.Begins, typed.Abroad), typed.Digits)
		for _, n := range append(front, s.b.lastStep(typed.Digits)...) {
			for _, w := range named {
				s.steps = append(s.steps, both(w, n))
			}
		}
	}
	s.steps = append(s.steps, s.b.numberStep(text, &site)...) // a SIP header, "Tel: .."
}

// searchTerms returns the words that a text is searched by: those that the
// index would have of it, but for joined forms.
func searchTerms(text string) []string {
	var terms []string
	for _, w := range splitWords(Fold(text)) {
		if w = cut(w, MaxKeyLen); len(terms) < maxTerms && !slices.Contains(terms, w) {
			terms = append(terms, w)
		}
	}
	return terms
}

// wordSteps returns the steps that want all terms as whole words, and as
// beginnings of words; none of them where there are no terms.
func wordSteps(terms []string) (whole, prefix []searchStep) {
	if len(terms) == 0 {
		return nil, nil
	}
	var asWords, asPrefixes Query
	for _, t := range terms {
		asWords.Words = append(asWords.Words, Term{Text: t, Whole: true})
		asPrefixes.Words = append(asPrefixes.Words, Term{Text: t})
	}
	isWhole := func(t, word string) (int, bool) { return len(t), word == t }
	begins := func(t, word string) (int, bool) { return len(t), strings.HasPrefix(word, t) }
	return []searchStep{{query: asWords, plain: true, has: func(h *hit) (match, bool) { return h.match(terms, isWhole) }}},
		[]searchStep{{query: asPrefixes, plain: true, has: func(h *hit) (match, bool) { return h.match(terms, begins) }}}
}

// match wants a word for each term. Fits returns how much of the word a term
// matches.
func (h *hit) match(terms []string, fits func(term, word string) (n int, ok bool)) (m match, ok bool) {
	m.marks = make([]Highlight, 0, len(terms))
	for i, t := range terms {
		var list []Word
		if h.matched != nil {
			list = h.matched[i : i+1]
		} else {
			list = h.allWords()
		}
		at := slices.IndexFunc(list, func(w Word) bool { _, ok := fits(t, w.Text); return ok })
		if at < 0 {
			return match{}, false
		}
		n, _ := fits(t, list[at].Text)
		kind := HighlightPrefix
		if list[at].Text == t {
			kind = HighlightWord
		} else if n < 0 {
			kind, n = HighlightTypo, len(list[at].Text)
		}
		m.marks = append(m.marks, h.mark(kind, list[at], n))
	}
	return m, true
}

// typoStep allows an error in each long word that no contact has; false where
// there is none.
func (s *search) typoStep(terms []string) (searchStep, bool, error) {
	var q Query
	any := false
	for _, t := range terms {
		term := Term{Text: t}
		if isLongWord(t) {
			page, err := s.find(Query{Words: []Term{term}, Status: s.o.Status, Limit: 1})
			if err != nil {
				return searchStep{}, false, err
			}
			term.Typo = len(page.Hits) == 0 && !page.Partial
		}
		any = any || term.Typo
		q.Words = append(q.Words, term)
	}
	step := searchStep{query: q, plain: true, has: func(h *hit) (match, bool) {
		return h.match(terms, func(t, word string) (int, bool) {
			if strings.HasPrefix(word, t) {
				return len(t), true
			}
			return -1, true // the store has judged it
		})
	}}
	return step, any, nil
}

// isLongWord reports whether a word is long enough for an error in it.
func isLongWord(word string) bool {
	return utf8.RuneCountInString(word) >= 5 && strings.IndexFunc(word, unicode.IsDigit) < 0
}

// numberStep finds a number that was typed whole, or pasted.
func (b *Book) numberStep(text string, site *phone.Site) []searchStep {
	digits := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits < minNumber {
		return nil
	}
	r, err := phone.Parse(text, site)
	var lines []phone.Line
	if err == nil {
		lines = append(lines, r.Line)
	}
	for _, a := range r.Alternates {
		lines = append(lines, a.Line)
	}
	if len(lines) == 0 {
		return nil
	}
	return []searchStep{{query: Query{Lines: lines}, has: func(h *hit) (match, bool) {
		return b.holding(h, func(p Phone, line phone.Line, _ string) (int, int, bool) {
			return 0, len(p.Number), slices.Contains(lines, line)
		})
	}}}
}

// frontStep finds numbers whose lines begin with one of the beginnings.
func (b *Book) frontStep(begins []string, typed string) []searchStep {
	if len(begins) == 0 {
		return nil
	}
	has := func(h *hit) (match, bool) {
		return b.holding(h, func(p Phone, _ phone.Line, digits string) (start, end int, ok bool) {
			for _, d := range begins {
				if !strings.HasPrefix(digits, d) {
					continue
				}
				if !strings.HasPrefix(p.Number, "+"+d) {
					return 0, len(p.Number), true
				}
				end = 1 + len(d)
				return end - len(commonSuffix(d, typed)), end, true
			}
			return 0, 0, false
		})
	}
	return []searchStep{{query: Query{Prefixes: begins}, has: has}}
}

// lastStep finds numbers that end with the digits typed.
func (b *Book) lastStep(typed string) []searchStep {
	if len(typed) < minLast {
		return nil
	}
	has := func(h *hit) (match, bool) {
		return b.holding(h, func(p Phone, _ phone.Line, digits string) (start, end int, ok bool) {
			if strings.HasSuffix(p.Number, typed) {
				start = len(p.Number) - len(typed)
			}
			return start, len(p.Number), strings.HasSuffix(digits, typed)
		})
	}
	return []searchStep{{query: Query{Suffix: typed}, has: has}}
}

// holding wants a number of the contact that fits; digits are those of its
// line.
func (b *Book) holding(h *hit, fits func(p Phone, line phone.Line, digits string) (start, end int, ok bool)) (match, bool) {
	if h.Status != Active {
		return match{}, false // its numbers are not in the index
	}
	for i := range len(h.Phones) + 1 {
		p := h.CellPhone
		if i > 0 {
			p = h.Phones[i-1]
		}
		_, line, ok := b.line(p)
		if !ok {
			continue
		}
		if start, end, ok := fits(p, line, strconv.FormatUint(uint64(line), 10)); ok {
			field := "cellPhone.phoneNumber"
			if i > 0 {
				field = indexed("phones", i-1) + ".phoneNumber"
			}
			return match{[]Highlight{{HighlightNumber, field, p.Number, start, end}}, line}, true
		}
	}
	return match{}, false
}

// both wants what two steps want, words and a number.
func both(words, number searchStep) searchStep {
	step := searchStep{query: words.query}
	step.query.Prefixes, step.query.Suffix = number.query.Prefixes, number.query.Suffix
	step.has = func(h *hit) (match, bool) {
		n, ok := number.has(h)
		if !ok {
			return match{}, false
		}
		w, ok := words.has(&hit{Contact: h.Contact, words: h.words})
		return match{marks: append(w.marks, n.marks...)}, ok
	}
	return step
}

// commonSuffix returns what both a and b end with.
func commonSuffix(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return a[len(a)-n:]
}
