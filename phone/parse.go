package phone

// Parse reads a telephone number in any notation that people and telephone
// systems use. The site says what is known about where the text comes from;
// nil: nothing.
//
// The error is an *Error whose Reason says why nothing could be read; with
// ErrNoCountry the Reading still carries Alternates. Parse is safe for
// concurrent use. Reading plain digits with a plus sign allocates nothing.
func Parse(text string, site *Site) (Reading, error) {
	if len(text) > 1 && text[0] == '+' {
		var r Reading
		if at, n, ok := codeOf(text[1:]); ok && r.quick(at, text[1+n:], site.rules()) {
			return r, nil
		}
	}
	s := source{text: text, site: site, code: -1}
	return s.parse()
}

func (s *source) parse() (Reading, error) {
	var buf [maxDigits]byte
	if d, plus, ok := plainDigits(s.text, &buf); ok {
		return s.readDigits(d, plus)
	}
	return s.parseText()
}

// ParseNational reads a number whose calling code is given apart ("+91" or
// "91"), as the contacts API does. The digits are the national number; a
// trunk zero or a repetition of the calling code in front of them does no
// harm. Anything that Parse reads may stand for the digits; a number that has
// a plus sign and another calling code keeps that one.
//
// A calling code that is not assigned is refused as ErrNoCountry. Of the site
// only the rules count.
func ParseNational(callingCode, digits string, site *Site) (Reading, error) {
	code, ok := CallingCode(callingCode)
	if !ok {
		return Reading{}, refuse(ReasonNoCountry, digits)
	}
	at := int(codeIndex[code]) - 1
	var r Reading
	if r.quick(at, digits, site.rules()) {
		return r, nil
	}
	s := source{text: digits, site: site, code: at}
	return s.parse()
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
