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
	if typed, ok := parsePartial(text, site); ok {
		s.planNumber(text, typed, terms, &site)
		return
	}
	if len(terms) > 1 { // the beginnings of one word have the word itself in front
		s.steps = append(s.steps, wholeStep(terms))
	}
	if len(terms) > 0 {
		s.steps = append(s.steps, prefixStep(terms))
	}
	if joined := joinedTerms(text); joined != nil {
		s.steps = append(s.steps, prefixStep(joined))
	}
	s.mistyped = func(typos []bool) []searchStep { return []searchStep{typoStep(terms, typos)} }
	s.terms = terms

	// A name and a number: "ann 98765".
	var names, digits []string
	for _, token := range strings.Fields(text) {
		if _, ok := parsePartial(token, site); ok {
			digits = append(digits, token)
		} else {
			names = append(names, token)
		}
	}
	named := searchTerms(strings.Join(names, " "))
	if typed, ok := parsePartial(strings.Join(digits, " "), site); ok && len(named) > 0 {
		numbers := s.b.frontStep(slices.Concat(typed.Home, typed.International, typed.Abroad), typed.Digits)
		numbers = append(numbers, s.b.lastStep(typed)...)
		for _, n := range numbers {
			s.steps = append(s.steps, both(prefixStep(named), n))
		}
		s.mistyped = func(typos []bool) []searchStep {
			steps := []searchStep{typoStep(terms, typos)}
			if typos = typosOf(named, terms, typos); slices.Contains(typos, true) {
				// The same names are mistyped in every step: what tells the
				// hits of an earlier one are the digits.
				earlier := []searchStep{prefixStep(searchTerms(strings.Join(digits, " ")))}
				for _, n := range numbers {
					steps = append(steps, without(both(typoStep(named, typos), n), earlier))
					earlier = append(earlier[:len(earlier):len(earlier)], n)
				}
			}
			return steps
		}
	}
	s.steps = append(s.steps, s.b.numberStep(text, &site)...) // a SIP header, "Tel: .."
}

// parsePartial reads a number being typed. Beginnings under the package's rules
// count beside those of a host: while the book is re-indexed for new rules, some
// contacts still have the keys of the old ones.
func parsePartial(text string, site phone.Site) (phone.Partial, bool) {
	p, ok := phone.ParsePartial(text, &site)
	if !ok || site.Rules == nil {
		return p, ok
	}
	site.Rules = nil
	more, _ := phone.ParsePartial(text, &site)
	merge := func(list, more []string) []string {
		for _, d := range more {
			if !slices.Contains(list, d) {
				list = append(list, d)
			}
		}
		return list
	}
	p.Home, p.International = merge(p.Home, more.Home), merge(p.International, more.International)
	return p, true
}

// planNumber makes the steps for digits alone.
func (s *search) planNumber(text string, typed phone.Partial, terms []string, site *phone.Site) {
	s.steps = append(s.steps, s.b.numberStep(text, site)...)
	if len(terms) > 0 {
		s.steps = append(s.steps, wholeStep(terms))
	}
	if s.o.T9 && !typed.Plus {
		var groups []string
		for _, token := range strings.Fields(text) {
			if group, ok := phone.ParsePartial(token, site); ok {
				groups = append(groups, group.Digits)
			}
		}
		s.steps = append(s.steps, dialSteps(groups)...)
	}
	s.steps = append(s.steps, s.b.frontStep(typed.Home, typed.Digits)...)
	s.steps = append(s.steps, s.b.frontStep(typed.International, typed.Digits)...)
	s.steps = append(s.steps, s.b.lastStep(typed)...)
	if len(terms) > 0 {
		s.steps = append(s.steps, prefixStep(terms))
	}
	s.steps = append(s.steps, s.b.frontStep(typed.Abroad, typed.Digits)...)
}

// searchTerms returns the words that a text is searched by: those that the
// index would have of it, but for joined forms.
func searchTerms(text string) []string {
	var terms []string
	for _, w := range splitWords(Fold(text)) {
		terms = addTerm(terms, w)
	}
	return terms
}

// joinedTerms returns the words of a text with those joined that no space
// parts, nil where there are none such.
func joinedTerms(text string) []string {
	var terms []string
	joined := false
	for _, chunk := range strings.Fields(Fold(text)) {
		if parts := splitWords(chunk); len(parts) > 0 {
			joined = joined || len(parts) > 1
			terms = addTerm(terms, strings.Join(parts, ""))
		}
	}
	if !joined {
		return nil
	}
	return terms
}

func addTerm(terms []string, w string) []string {
	if w = cut(w, MaxKeyLen); len(terms) < maxTerms && !slices.Contains(terms, w) {
		terms = append(terms, w)
	}
	return terms
}

// wholeStep wants all terms as whole words.
func wholeStep(terms []string) searchStep {
	var q Query
	for _, t := range terms {
		q.Words = append(q.Words, Term{Text: t, Whole: true})
	}
	return searchStep{query: q, terms: terms, has: func(h *hit) (match, bool) {
		return h.match(terms, func(i int, word string) (int, bool) { return len(word), word == terms[i] })
	}}
}

// prefixStep wants all terms as beginnings of words.
func prefixStep(terms []string) searchStep {
	var q Query
	for _, t := range terms {
		q.Words = append(q.Words, Term{Text: t})
	}
	return searchStep{query: q, terms: terms, has: func(h *hit) (match, bool) {
		return h.match(terms, func(i int, word string) (int, bool) { return len(terms[i]), strings.HasPrefix(word, terms[i]) })
	}}
}

// typoStep allows an error in some of the terms.
func typoStep(terms []string, typos []bool) searchStep {
	var q Query
	for i, t := range terms {
		q.Words = append(q.Words, Term{Text: t, Typo: typos[i]})
	}
	return searchStep{query: q, terms: terms, has: func(h *hit) (match, bool) {
		if h.matched == nil {
			return match{}, false // only the store judges errors
		}
		return h.match(terms, func(i int, word string) (int, bool) {
			if strings.HasPrefix(word, terms[i]) {
				return len(terms[i]), true
			}
			return -1, true
		})
	}}
}

// typosOf returns which of some terms are among the mistyped of all.
func typosOf(some, all []string, typos []bool) []bool {
	out := make([]bool, len(some))
	for i, t := range some {
		at := slices.Index(all, t)
		out[i] = at >= 0 && typos[at]
	}
	return out
}

// match wants a word for each term. Fits returns how much of a word a term
// matches, -1 where only the store knows.
func (h *hit) match(terms []string, fits func(i int, word string) (n int, ok bool)) (m match, ok bool) {
	m.marks = make([]Highlight, 0, len(terms))
	for i, t := range terms {
		list := h.matched
		if list == nil {
			list = h.allWords()
		} else {
			list = list[i : i+1]
		}
		at := slices.IndexFunc(list, func(w Word) bool { _, ok := fits(i, w.Text); return ok })
		if at < 0 {
			return match{}, false
		}
		word := list[at]
		n, _ := fits(i, word.Text)
		kind := HighlightPrefix
		switch {
		case word.Text == t:
			kind = HighlightWord
		case n < 0:
			kind, n = HighlightTypo, len(word.Text)
		case word.Fields&InName == 0: // people look at the name first
			for _, w := range h.allWords() {
				if _, ok := fits(i, w.Text); ok && w.Fields&InName != 0 {
					word = w
					break
				}
			}
		}
		m.marks = append(m.marks, h.mark(kind, word, n))
	}
	return m, true
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
		lines = append(append(lines, r.Line), b.otherLines(r.Number, r.Line)...)
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
func (b *Book) lastStep(p phone.Partial) []searchStep {
	typed := p.Digits
	if p.Plus || len(typed) < minLast {
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
		n, line, ok := b.line(p)
		if !ok {
			continue
		}
		lines := append([]phone.Line{line}, b.otherLines(n, line)...) // while the book is re-indexed
		if slices.Contains(lines, h.line) {
			lines = []phone.Line{h.line}
		}
		for _, line := range lines {
			start, end, ok := fits(p, line, strconv.FormatUint(uint64(line), 10))
			if !ok {
				continue
			}
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
	step := searchStep{query: words.query, terms: words.terms}
	step.query.Prefixes, step.query.Suffix = number.query.Prefixes, number.query.Suffix
	step.has = func(h *hit) (match, bool) {
		n, ok := number.has(h)
		if !ok {
			return match{}, false
		}
		w, ok := words.has(h)
		return match{marks: append(w.marks, n.marks...)}, ok
	}
	return step
}

// without wants no contact that belongs to one of other steps.
func without(step searchStep, others []searchStep) searchStep {
	has := step.has
	step.has = func(h *hit) (match, bool) {
		for _, other := range others {
			if _, ok := other.has(&hit{Contact: h.Contact}); ok {
				return match{}, false
			}
		}
		return has(h)
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
