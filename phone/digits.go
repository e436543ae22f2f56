package phone

// This file chooses among the ways to read a row of digits.

// The bounds of a number that is stored though it is not valid, in digits of
// calling code and national number together.
const (
	minPossible = 7
	maxPossible = 15
)

// choice collects the readings of one row of digits, best first.
type choice struct {
	rules  *Rules
	trace  *Explanation
	wrap   string // the rule by which the digits were unwrapped, "outside-line"
	given  bool   // the calling code was given: before, apart, or after a prefix
	best   Reading
	found  bool // best is valid
	backup bool // best is only possible
	more   []Alternate
}

// add takes one more reading, and reports whether it is valid. Of the invalid
// ones the first is kept, in case there is no better.
func (c *choice) add(nat national, how How) bool {
	n, ok := nat.number()
	if !ok {
		return false
	}
	present, rule, valid := fold(n, nat, c.rules)
	if rule == "" {
		rule = how.rule()
	}
	if rule == "" {
		rule = c.wrap
	}
	line := Line(present.v)
	c.trace.step(Step{how, n, line, rule, valid})
	if !valid && (c.found || c.backup) {
		return false
	}
	if !c.found {
		c.best.Number, c.best.Line, c.best.How, c.best.Rule = n, line, how, rule
		c.best.CountryGiven = c.given && !how.guessed()
		c.best.Valid = valid
		c.found, c.backup = valid, !valid
		return valid
	}
	if line == c.best.Line {
		return true
	}
	for i := range c.more {
		if c.more[i].Line == line {
			return true
		}
	}
	c.more = append(c.more, Alternate{n, line, how, rule})
	return true
}

// addValid is add for readings that count only when they are valid.
func (c *choice) addValid(nat national, how How) {
	if n, ok := nat.number(); ok {
		if _, _, valid := fold(n, nat, c.rules); valid {
			c.add(nat, how)
		} else {
			c.trace.step(Step{How: how, Number: n})
		}
	}
}

// done returns the best reading of d, or says why there is none.
func (c *choice) done(text string, d []byte) (Reading, error) {
	if c.found {
		c.best.Alternates = c.more
		return c.best, nil
	}
	if !c.backup {
		if len(d) < minPossible {
			return Reading{}, refuse(ReasonShort, text)
		}
		return Reading{}, refuse(ReasonInvalid, text)
	}
	var buf [maxNumberDigits + 1]byte
	nat, _ := c.best.Number.split(&buf)
	total := numDigits(c.best.Number)
	switch {
	case total < minPossible, len(d) < minPossible && !c.best.CountryGiven:
		return Reading{}, refuse(ReasonShort, text)
	case total > maxPossible, allSame(nat.digits):
		return Reading{}, refuse(ReasonInvalid, text)
	}
	return c.best, nil
}

// digitsValue returns d as an integer, when it is short enough and does not
// begin with 0.
func digitsValue(d []byte) (v uint64, ok bool) {
	if len(d) > maxNumberDigits || len(d) > 0 && d[0] == '0' {
		return 0, false
	}
	for _, c := range d {
		v = v*10 + uint64(c-'0')
	}
	return v, true
}

func numDigits(n Number) int {
	k := 0
	for v := n.v; v > 0; v /= 10 {
		k++
	}
	return k
}

func allSame(d []byte) bool {
	for _, c := range d {
		if c != d[0] {
			return false
		}
	}
	return len(d) > 0
}

// readDigits reads d, all the digits of the text, which began with a plus sign
// or not.
func (s *source) readDigits(d []byte, plus bool) (Reading, error) {
	if s.code >= 0 {
		return s.readApart(d, plus)
	}
	if len(d) == 0 {
		return Reading{}, refuse(ReasonBlank, s.text)
	}
	if n, ok := digitsValue(d); ok && isKeypadNumber(n) {
		return Reading{}, refuse(ReasonAnonymous, s.text)
	}
	var buf rewritten
	rules := s.site.rules()
	if plus {
		nat, ok := readInternational(d, &buf)
		c := choice{rules: rules, trace: s.trace, given: true}
		if ok {
			c.add(nat, HowInternational)
		}
		c.plus(d, s.site.plan())
		return c.done(s.text, d)
	}
	if d[0] == '0' && allSame(d) {
		return Reading{}, refuse(ReasonAnonymous, s.text)
	}
	c := choice{rules: rules, trace: s.trace}
	at := s.site.plan()
	if at < 0 {
		return s.readNowhere(&c, d)
	}
	if len(d) <= 4 && plans[at].possible>>8 != 0 {
		// Internal numbers, save where numbers are that short.
		return Reading{}, refuse(ReasonShort, s.text)
	}
	c.local(d, at, s.site.OutsideLine)
	return c.done(s.text, d)
}

// readApart reads d as a national number under a calling code given apart. A
// number that names another calling code after a plus sign keeps it, unless
// all of its digits are a number under the code given.
func (s *source) readApart(d []byte, plus bool) (Reading, error) {
	var buf rewritten
	rules := s.site.rules()
	nat, ok := readNational(s.code, int(codes[s.code].first), d, &buf)
	c := choice{rules: rules, trace: s.trace, given: true}
	if !plus {
		if ok {
			c.add(nat, HowInternational)
		}
		c.underCode(s.code, d)
		return c.done(s.text, d)
	}
	var ownBuf rewritten
	own, isOwn := readInternational(d, &ownBuf)
	if isOwn && own.code == s.code {
		_, n, _ := codeOf(d)
		c.add(own, HowInternational)
		c.underCode(s.code, d[n:])
		return c.done(s.text, d)
	}
	if ok {
		c.addValid(nat, HowPlusNational)
	}
	c.underCode(s.code, d)
	if isOwn {
		c.add(own, HowInternational)
	}
	r, err := c.done(s.text, d)
	r.CountryGiven = err == nil
	return r, err
}

// readNowhere reads d, written without a plus sign, where no region is known.
// What reads like an international number without a plus is an alternate: for
// look-up, not for keeping.
func (s *source) readNowhere(c *choice, d []byte) (Reading, error) {
	if len(d) < minPossible {
		return Reading{}, refuse(ReasonShort, s.text)
	}
	c.foreign(d)
	if c.found {
		return c.done(s.text, d)
	}
	var buf rewritten
	if nat, ok := readInternational(d, &buf); ok {
		c.addValid(nat, HowNoPlus)
	}
	if c.found {
		b := &c.best
		return Reading{Alternates: []Alternate{{b.Number, b.Line, b.How, b.Rule}}}, refuse(ReasonNoCountry, s.text)
	}
	if allSame(d) || len(d) > maxNational+1 {
		return Reading{}, refuse(ReasonInvalid, s.text)
	}
	return Reading{}, refuse(ReasonNoCountry, s.text)
}

// withoutRepeat returns a national number without the calling code that
// stands in front of it a second time.
func withoutRepeat(nat national) ([]byte, bool) {
	rest := nat.digits
	for len(rest) > 0 && rest[0] == '0' {
		rest = rest[1:]
	}
	at, n, ok := codeOf(rest)
	if !ok || at != nat.code {
		return nil, false
	}
	return rest[n:], true
}

// plus adds the readings of d after a plus sign, beyond the plain one.
func (c *choice) plus(d []byte, at int) {
	var buf buffer
	if i, n, ok := codeOf(d); ok {
		c.underCode(i, d[n:])
	} else if nat, how, ok := readPlain(d, true, at, &buf); ok {
		c.add(nat, how)
	}
	if c.found {
		return
	}
	c.foreign(d)
	if at >= 0 && !c.found {
		if nat, _, ok := readPlain(d, false, at, &buf); ok {
			c.addValid(nat, HowPlusNational)
		}
	}
}

// underCode adds the readings of d as a national number under a calling code
// beyond the plain one: the code twice, a zero or a former trunk prefix too
// many.
func (c *choice) underCode(codeAt int, d []byte) {
	var buf rewritten
	main := int(codes[codeAt].first)
	if rest, ok := withoutRepeat(national{codeAt, d}); ok {
		if nat, ok := readNational(codeAt, main, rest, &buf); ok {
			c.addValid(nat, HowRepeatedCode)
		}
	}
	if c.found {
		return
	}
	if rest, ok := plans[main].afterIDD(d); ok {
		if i, n, ok := codeOf(rest); ok && i == codeAt {
			if nat, ok := readNational(codeAt, main, rest[n:], &buf); ok {
				c.addValid(nat, HowRepeatedCode)
			}
		}
	}
	c.trunk(codeAt, main, d)
}

// trunk adds the readings of d without a trunk prefix that the plan does not
// have, where there is no other.
func (c *choice) trunk(codeAt, planAt int, d []byte) {
	var buf rewritten
	if rest, ok := withoutFormerTrunk(codeAt, d); ok && !c.found {
		c.addValid(national{codeAt, rest}, HowTrunkZero)
	}
	if !c.found && len(d) > 1 && d[0] == '0' {
		if nat, ok := readNational(codeAt, planAt, d[1:], &buf); ok {
			c.addValid(nat, HowTrunkZero)
		}
	}
}

// local adds the readings of d, written without a plus sign in the region at,
// best first: after the site's international prefix, behind the digits of the
// outside line, as a national number, after another international prefix, as
// an international number whose plus is missing.
func (c *choice) local(d []byte, at int, outside string) {
	var buf buffer
	nat, how, ok := readPlain(d, false, at, &buf)
	if ok && how == HowPrefix {
		c.given = true
		c.add(nat, how)
		if rest, ok := plans[at].afterIDD(d); ok {
			if i, n, ok := codeOf(rest); ok {
				c.underCode(i, rest[n:])
			}
		}
		c.given = false
	}
	if n := len(outside); n > 0 && len(d) > n && string(d[:n]) == outside {
		c.behind("outside-line", d[n:], at)
	}
	if ok && how != HowPrefix {
		c.add(nat, how)
		if i, n, ok := codeOf(d); ok && i == plans[at].codeAt() && !c.found {
			c.underCode(i, d[n:])
		}
	}
	if rest, ok := withoutWithholding(at, d); ok && !c.found {
		c.behind("service-code", rest, at)
	}
	c.foreign(d)
	c.trunk(plans[at].codeAt(), at, d)
	if nat, ok := readInternational(d, &buf.rewritten); ok {
		c.addValid(nat, HowNoPlus)
	}
}

// behind adds the plain reading of d, what is left after digits that rule took
// off.
func (c *choice) behind(rule string, d []byte, at int) {
	var buf buffer
	if nat, how, ok := readPlain(d, false, at, &buf); ok {
		c.wrap, c.given = rule, how == HowPrefix
		c.addValid(nat, how)
		c.wrap, c.given = "", false
	}
}

// foreign adds the readings of d after an international prefix of other
// countries than the site's.
func (c *choice) foreign(d []byte) {
	if len(d) < minPossible || d[0] != '0' {
		return
	}
	for _, p := range [...]string{"00", "011", "0011", "010", "001"} {
		if len(d) <= len(p) || string(d[:len(p)]) != p || d[len(p)] == '0' {
			continue
		}
		var buf rewritten
		if nat, ok := readInternational(d[len(p):], &buf); ok {
			c.addValid(nat, HowForeignPrefix)
		}
	}
}
