package phone

// Parse reads a telephone number in any notation that people and telephone
// systems use. The site says what is known about where the text comes from;
// nil: nothing.
//
// The error is an *Error whose Reason says why nothing could be read; with
// ErrNoCountry the Reading still carries Alternates. Parse is safe for
// concurrent use. Reading plain digits with a plus sign allocates nothing.
func Parse(text string, site *Site) (Reading, error) {
	var buf [maxDigits]byte
	if d, plus, ok := plainDigits(text, &buf); ok {
		return readDigits(text, d, plus, site)
	}
	return parseText(text, site)
}

// ParseNational reads a number whose calling code is given apart ("+91" or
// "91"), as the contacts API does. The digits are the national number; a
// trunk zero or a repetition of the calling code in front of them does no
// harm. Digits that begin with a plus sign, or are no plain digits, are read
// as Parse reads them at a site of the calling code's main region.
//
// A calling code that is not assigned is refused as ErrNoCountry. The site
// gives the rules; its region is not asked.
func ParseNational(callingCode, digits string, site *Site) (Reading, error) {
	code, ok := CallingCode(callingCode)
	if !ok {
		return Reading{}, refuse(ReasonNoCountry, digits)
	}
	at := int(codeIndex[code]) - 1
	var buf [maxDigits]byte
	if d, plus, ok := plainDigits(digits, &buf); ok && !plus {
		return readApart(digits, at, d, site)
	}
	own := Site{Region: plans[codes[at].first].region, Rules: site.rules()}
	r, err := Parse(digits, &own)
	if err == nil && r.Number.CallingCode() == code {
		r.CountryGiven = true
	}
	return r, err
}

// readApart reads d as a national number under a calling code given apart.
func readApart(text string, codeAt int, d []byte, site *Site) (Reading, error) {
	c := choice{rules: site.rules(), apart: true}
	var buf buffer
	if nat, ok := readNational(codeAt, int(codes[codeAt].first), d, &buf); ok {
		if c.add(nat, HowInternational) && !repeats(nat) {
			return c.best, nil
		}
	}
	c.underCode(codeAt, d)
	return c.done(text, d)
}

// plainDigits copies a text that is nothing but digits, with or without a plus
// sign in front, and reports whether it is one.
func plainDigits(text string, buf *[maxDigits]byte) (d []byte, plus, ok bool) {
	if len(text) > 0 && text[0] == '+' {
		plus = true
		text = text[1:]
	}
	if len(text) == 0 || len(text) > len(buf) {
		return nil, false, false
	}
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' {
			return nil, false, false
		}
		buf[i] = c
	}
	return buf[:len(text)], plus, true
}
