package phone

// quick reads the plain case, which is by far the most frequent one, and
// leaves all others to the rest of the package: digits that are a valid number
// under a calling code as they stand, or the old form of one, with no national
// prefix to take off and no second reading. It fills r only when it reports
// true.
func (r *Reading) quick(codeAt int, digits string, rules *Rules) bool {
	c := &codes[codeAt]
	p := &plans[c.first]
	if len(digits) < minNational || len(digits) > maxNumberDigits-3 {
		return false
	}
	v := uint64(c.code)
	for i := range len(digits) {
		d := digits[i] - '0'
		if d > 9 {
			return false
		}
		v = v*10 + uint64(d)
	}
	first := digits[0] - '0'
	if isKeypadNumber(v) || p.firstDigits>>first&1 != 0 && p.hasPrefix(digits) {
		return false
	}
	rest := digits
	for len(rest) > 0 && rest[0] == '0' {
		rest = rest[1:]
	}
	if at, _, ok := codeOf(rest); ok && at == codeAt {
		return false // the calling code twice, perhaps
	}
	n, line, rule := Number{v}, Line(v), ""
	if rules == nil && rulesOf(int(c.code)) == nil {
		if walk(c.root, digits) == 0 {
			return false
		}
	} else {
		var buf [maxNumberDigits]byte
		present, by, valid := fold(n, national{codeAt, buf[:copy(buf[:], digits)]}, rules)
		if !valid {
			return false
		}
		line, rule = Line(present.v), by
	}
	r.Number, r.Line, r.Rule = n, line, rule
	r.How, r.CountryGiven, r.Valid = HowInternational, true, true
	return true
}

// hasPrefix reports whether a number may have a national prefix to take off.
func (p *plan) hasPrefix(digits string) bool {
	var buf [maxNumberDigits]byte
	return match(int(p.prefix), buf[:copy(buf[:], digits)], 0, nil) > 0
}

// isKeypadNumber reports whether v is what networks send for a caller that is
// not to be shown: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on the
// letters of a keypad.
func isKeypadNumber(v uint64) bool {
	switch v {
	case 266696687, 7378742833, 2562533, 8656696, 86282452253:
		return true
	}
	return false
}
