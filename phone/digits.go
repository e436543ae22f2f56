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
	wrap   string // the rule by which the digits were unwrapped, "outside-line"
	apart  bool   // the calling code was given apart
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
	_, typ := classify(nat.code, nat.digits)
	present, rule, valid := fold(n, nat, typ != Unknown, c.rules)
	if !valid && (c.found || c.backup) {
		return false
	}
	if rule == "" {
		rule = how.rule()
	}
	if rule == "" {
		rule = c.wrap
	}
	line := Line(present.v)
	switch {
	case !c.found:
		c.best.Number, c.best.Line, c.best.How, c.best.Rule = n, line, how, rule
		c.best.CountryGiven = how.given() || c.apart
		c.best.Valid = valid
		c.found, c.backup = valid, !valid
	case line != c.best.Line:
		for i := range c.more {
			if c.more[i].Line == line {
				return true
			}
		}
		c.more = append(c.more, Alternate{n, line, how, rule})
	}
	return valid
}

// done returns the best reading, or says why there is none.
func (c *choice) done(text string, d []byte) (Reading, error) {
	if c.found {
		c.best.Alternates = c.more
		return c.best, nil
	}
	if len(d) < 4 {
		return Reading{}, refuse(ReasonShort, text)
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

// readDigits reads d, all the digits of text, which began with a plus sign or
// not.
func readDigits(text string, d []byte, plus bool, site *Site) (Reading, error) {
	if len(d) == 0 {
		return Reading{}, refuse(ReasonBlank, text)
	}
	if isKeypadWord(d) || !plus && len(d) > 1 && d[0] == '0' && allSame(d) || len(d) == 1 && d[0] <= '1' {
		return Reading{}, refuse(ReasonAnonymous, text)
	}
	c := choice{rules: site.rules()}
	var buf buffer
	if plus {
		if nat, ok := readInternational(d, &buf); ok {
			if c.add(nat, HowInternational) && !repeats(nat) {
				return c.best, nil
			}
		}
		c.plus(d, site.plan())
		return c.done(text, d)
	}
	at := site.plan()
	if len(d) <= 4 && (at < 0 || plans[at].possible>>8 != 0) {
		return Reading{}, refuse(ReasonShort, text)
	}
	if at < 0 {
		c.foreign(d, -1)
		if c.found {
			return c.done(text, d)
		}
		if nat, ok := readInternational(d, &buf); ok {
			c.add(nat, HowNoPlus)
		}
		if c.found {
			c.more = append(c.more, Alternate{c.best.Number, c.best.Line, c.best.How, c.best.Rule})
		}
		return Reading{Alternates: c.more}, refuse(ReasonNoCountry, text)
	}
	c.local(d, at, site.OutsideLine)
	return c.done(text, d)
}

// repeats reports whether a national number begins with its calling code
// again, with or without zeros in front.
func repeats(nat national) bool {
	_, ok := withoutRepeat(nat)
	return ok
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
	c.foreign(d, at)
	if at >= 0 && !c.found {
		if nat, _, ok := readPlain(d, false, at, &buf); ok {
			c.add(nat, HowPlusNational)
		}
	}
}

// underCode adds the readings of d as a national number under a calling code
// beyond the plain one: the code twice, a zero too many.
func (c *choice) underCode(codeAt int, d []byte) {
	var buf buffer
	main := int(codes[codeAt].first)
	if rest, ok := withoutRepeat(national{codeAt, d}); ok {
		if nat, ok := readNational(codeAt, main, rest, &buf); ok {
			c.add(nat, HowRepeatedCode)
		}
	}
	if rest, ok := plans[main].afterIDD(d); ok {
		if i, n, ok := codeOf(rest); ok && i == codeAt {
			if nat, ok := readNational(codeAt, main, rest[n:], &buf); ok {
				c.add(nat, HowRepeatedCode)
			}
		}
	}
	if !c.found && len(d) > 1 && d[0] == '0' {
		if nat, ok := readNational(codeAt, main, d[1:], &buf); ok {
			c.add(nat, HowTrunkZero)
		}
	}
}

// local adds the readings of d, written without a plus sign in the region at.
func (c *choice) local(d []byte, at int, outside string) {
	var buf buffer
	nat, how, ok := readPlain(d, false, at, &buf)
	if ok && how == HowPrefix && c.add(nat, how) {
		if rest, ok := plans[at].afterIDD(d); ok {
			if i, n, ok := codeOf(rest); ok && repeats(nat) {
				c.underCode(i, rest[n:])
			}
		}
	}
	if n := len(outside); n > 0 && len(d) > n && string(d[:n]) == outside {
		var inner buffer
		if nat, how, ok := readPlain(d[n:], false, at, &inner); ok {
			_, typ := classify(nat.code, nat.digits)
			if typ != Unknown {
				c.wrap = "outside-line"
				c.add(nat, how)
				c.wrap = ""
			}
		}
	}
	if ok && how != HowPrefix {
		c.add(nat, how)
		if i, n, ok := codeOf(d); ok && i == plans[at].codeAt() && !c.found {
			c.underCode(i, d[n:])
		}
	} else if ok && !c.found {
		c.add(nat, how)
		if rest, ok := plans[at].afterIDD(d); ok {
			if i, n, ok := codeOf(rest); ok {
				c.underCode(i, rest[n:])
			}
		}
	}
	c.foreign(d, at)
	if nat, ok := readInternational(d, &buf); ok {
		if _, typ := classify(nat.code, nat.digits); typ != Unknown {
			c.add(nat, HowNoPlus)
		}
	}
}

// foreign adds the readings of d after an international prefix of other
// countries than the site's.
func (c *choice) foreign(d []byte, at int) {
	if len(d) < minPossible || d[0] != '0' {
		return
	}
	for _, p := range [...]string{"00", "011", "0011", "010", "001"} {
		if len(d) <= len(p) || string(d[:len(p)]) != p || d[len(p)] == '0' {
			continue
		}
		var buf buffer
		if nat, ok := readInternational(d[len(p):], &buf); ok {
			if _, typ := classify(nat.code, nat.digits); typ != Unknown {
				c.add(nat, HowForeignPrefix)
			}
		}
	}
}

// isKeypadWord reports whether d is what networks send for a caller that is
// not to be shown: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on the
// letters of a keypad.
func isKeypadWord(d []byte) bool {
	switch len(d) {
	case 7:
		return string(d) == "2562533" || string(d) == "8656696"
	case 9:
		return string(d) == "266696687"
	case 10:
		return string(d) == "7378742833"
	case 11:
		return string(d) == "86282452253"
	}
	return false
}
