package phone

import "bytes"

// source is what a reading works on: the text as it came, where it comes from,
// and the calling code when it was given apart.
type source struct {
	text  string
	site  *Site
	code  int // place in codes of the calling code given apart; -1: none
	trace *Explanation
}

// parseText reads a text that is more than plain digits.
func (s *source) parseText() (Reading, error) {
	w := unwrap(s.text)
	if w.none {
		return Reading{}, refuse(ReasonInvalid, s.text)
	}
	var c cleaned
	if !c.clean(w.text, w.uri) {
		return Reading{}, refuse(ReasonInvalid, s.text)
	}
	text := bytes.Trim(c.bytes(), " \n")
	s.trace.cleaned(text)
	if allDigits(text) == 0 {
		return Reading{}, refuse(withoutDigits(text), s.text)
	}
	if w.strict && !isPhoneText(text) {
		if isAnonymous(text) {
			return Reading{}, refuse(ReasonAnonymous, s.text)
		}
		return Reading{}, refuse(ReasonInvalid, s.text)
	}
	switch {
	case isLossy(text):
		return Reading{}, refuse(ReasonLossy, s.text)
	case string(text) == "-1":
		return Reading{}, refuse(ReasonAnonymous, s.text)
	}
	text, rule := quantity(text)
	text = withoutLabel(text)
	if isMultiple(text, false) {
		return s.readRepeated(text, false)
	}
	if w.plus && text[0] != '+' {
		text = prepend(&c, "+", text)
	} else if w.context != "" && text[0] != '+' {
		text = prepend(&c, w.context, text)
	}
	r, err := s.readCleaned(text, w.ext == "")
	if (err != nil || !r.Valid) && (isMultiple(text, true) || isPair(s, text)) {
		return s.readRepeated(text, true)
	}
	if err == nil && !r.Valid && isIPv4(text) {
		return Reading{}, refuse(ReasonInvalid, s.text)
	}
	if err == nil && w.ext != "" {
		r.Extension = extensionDigits(w.ext)
	}
	if err == nil && r.Rule == "" {
		r.Rule = rule
	}
	return r, err
}

// extensionDigits returns the digits of a parameter that is nothing but
// digits, "" for another one.
func extensionDigits(s string) string {
	var c cleaned
	if len(s) > 60 || !c.clean(s, true) || countDigits(c.bytes()) != c.n || c.n > 20 {
		return ""
	}
	if string(c.bytes()) == s {
		return s
	}
	return string(c.bytes())
}

// prepend puts prefix before text, which is part of c.
func prepend(c *cleaned, prefix string, text []byte) []byte {
	var old cleaned
	n := copy(old.b[:], text)
	c.n = 0
	for i := range len(prefix) {
		if b := prefix[i]; isDigit(b) || b == '+' && i == 0 {
			c.put(b)
		}
	}
	for _, b := range old.b[:n] {
		c.put(b)
	}
	return c.bytes()
}

// readCleaned reads cleaned text that holds one number; with extension, it may
// hold one of these too.
func (s *source) readCleaned(text []byte, extension bool) (Reading, error) {
	text = fromStart(text)
	if rest, ok := withoutServiceCode(text); ok {
		if r, err := s.readNumber(fromDigit(rest), extension); err == nil && r.Valid {
			if r.Rule == "" {
				r.Rule = "service-code"
			}
			return r, nil
		}
	}
	text = fromDigit(text)
	if rest, ok := withoutPause(text); ok {
		if r, err := s.readNumber(fromDigit(rest), extension); err == nil && r.Valid {
			if r.Rule == "" {
				r.Rule = "outside-line"
			}
			return r, nil
		}
	}
	i := plusInside(text)
	if i == 0 {
		return s.readNumber(text, extension)
	}
	whole, err := s.readNumber(text, extension)
	if err == nil && whole.Valid && text[0] == '+' {
		return whole, nil
	}
	if r, err := s.readNumber(text[i:], extension); err == nil && r.Valid && r.How.plain() {
		if r.Rule == "" {
			r.Rule = "plus-inside"
		}
		return r, nil
	}
	return whole, err
}

// plusInside returns where the last plus sign stands that has digits before
// it, but too few for a number: "line 1 +44 ..", "+91 +91 98 ..".
func plusInside(text []byte) int {
	i := bytes.LastIndexByte(text, '+')
	if n := allDigits(text[:max(i, 0)]); n == 0 || n >= minPart {
		return 0
	}
	return i
}

// readNumber reads text that begins with a digit or a plus sign: a number with
// or without extension, words, letters in place of digits.
func (s *source) readNumber(text []byte, extension bool) (Reading, error) {
	if i := secondExtension(text); i > 0 {
		text = text[:i]
	}
	text = trimEnd(text)
	if !extension {
		return s.readLetters(text)
	}
	number, ext, own := splitExtension(text, minBeforeWords)
	first, err := s.readLetters(number)
	if err == nil && ext != nil {
		first.extended(ext, own)
	}
	if err == nil && first.Valid && (!own || first.How.plain()) {
		return first, nil
	}
	if isDoubtfulLabel(text[len(number):]) {
		if whole, err := s.readLetters(text); err == nil && whole.Valid {
			if whole.Rule == "" {
				whole.Rule = "separator"
			}
			return whole, nil
		}
	}
	if ext == nil {
		if number, ext, _ := splitExtension(text, minBeforeTail); ext != nil {
			if r, err := s.readLetters(number); err == nil && r.Valid && r.How.plain() {
				r.extended(ext, true)
				return r, nil
			}
		}
	}
	return first, err
}

// extended adds an extension; own says that its label is one that phonenumbers
// does not know.
func (r *Reading) extended(ext []byte, own bool) {
	r.Extension = string(ext)
	if own && r.Rule == "" {
		r.Rule = "extension"
	}
}

// readLetters reads a number without extension. Letters stand for digits of
// the keypad when there are three or more of them, unless what precedes them
// is a number without them: then they are words. Where there is no number with
// all of the digits, words may begin earlier, and the few digits behind a
// slash, a dash or a bracket or on a second line are left out.
func (s *source) readLetters(text []byte) (Reading, error) {
	digits, letters, words, tail := 0, 0, -1, -1
	for i, b := range text {
		if isDigit(b) {
			digits++
			continue
		}
		if b >= 'a' && b <= 'z' {
			letters++
		}
		if isLetter(b) && b != 'x' && digits < minBeforeLabel {
			return Reading{}, refuse(ReasonInvalid, s.text) // a name with digits in it
		}
		if words < 0 && digits >= minBeforeWords && isLetter(b) {
			words = i
		}
		if tail < 0 && digits >= minBeforeTail && (isLetter(b) || digits >= minBeforeWords && bytes.IndexByte([]byte("/\n|-(["), b) >= 0) &&
			allDigits(text[i:]) <= 4 {
			tail = i
		}
	}
	if words >= 0 {
		r, ok := s.readBefore(text, words)
		if ok && allDigits(text[words:]) >= minPart {
			return Reading{}, refuse(ReasonMultiple, s.text)
		}
		if ok {
			return r, nil
		}
	}
	keypad := letters >= 3 && digits >= minBeforeLabel
	if keypad && bytes.Contains(text, []byte("xxx")) {
		return Reading{}, refuse(ReasonInvalid, s.text) // 98765xxxxx: digits left out, not an X on the keypad
	}
	whole, err := s.readAll(text, keypad)
	if keypad && err == nil && !whole.Valid {
		whole, err = Reading{}, refuse(ReasonInvalid, s.text) // a word that happens to be in the text
	}
	if tail < 0 || err == nil && whole.Valid {
		return whole, err
	}
	if r, ok := s.readBefore(text, tail); ok {
		if ext := text[tail+1:]; text[tail] == '-' && countDigits(ext) == len(ext) {
			r.Extension = string(ext)
		}
		return r, nil
	}
	return whole, err
}

// readBefore reads text up to i, and reports whether that is a number of a
// plain notation.
func (s *source) readBefore(text []byte, i int) (Reading, bool) {
	r, err := s.readAll(text[:i], false)
	if err != nil || !r.Valid || !r.How.plain() {
		return Reading{}, false
	}
	if r.Rule == "" {
		r.Rule = "words"
	}
	return r, true
}

// readAll reads all the digits of text; with keypad, letters too.
func (s *source) readAll(text []byte, keypad bool) (Reading, error) {
	var buf [maxDigits]byte
	d := buf[:0]
	plus := len(text) > 0 && text[0] == '+'
	for _, b := range text {
		if keypad && b >= 'a' && b <= 'z' {
			b = keypadDigits[b-'a']
		}
		if !isDigit(b) {
			continue
		}
		if len(d) == len(buf) {
			return Reading{}, refuse(ReasonInvalid, s.text)
		}
		d = append(d, b)
	}
	return s.readDigits(d, plus)
}

const keypadDigits = "22233344455566677778889999"

// isPhoneText reports whether cleaned text holds nothing but what a number in
// a URI is made of.
func isPhoneText(text []byte) bool {
	for _, b := range text {
		if !isDigit(b) && bytes.IndexByte([]byte("+-.()*# ,pwx"), b) < 0 {
			return false
		}
	}
	return true
}

// fromStart drops what precedes the first digit, plus sign, star or hash.
func fromStart(text []byte) []byte {
	for i, b := range text {
		if isDigit(b) || b == '+' || b == '*' || b == '#' {
			return text[i:]
		}
	}
	return nil
}

// fromDigit drops what precedes the first digit or plus sign.
func fromDigit(text []byte) []byte {
	for i, b := range text {
		if isDigit(b) || b == '+' {
			return text[i:]
		}
	}
	return nil
}

// trimEnd drops what is neither letter, digit nor hash from the end.
func trimEnd(text []byte) []byte {
	n := len(text)
	for n > 0 && !isDigit(text[n-1]) && !isLetter(text[n-1]) && text[n-1] != '#' {
		n--
	}
	return text[:n]
}

// withoutLabel drops words that end with a colon before a number, "Line 2:".
func withoutLabel(text []byte) []byte {
	i := bytes.IndexByte(text, ':')
	if i <= 0 || bytes.HasPrefix(text[i:], []byte(":::")) || allDigits(text[i+1:]) < minPart || allDigits(text[:i]) >= minPart {
		return text
	}
	for _, b := range text[:i] {
		if isLetter(b) {
			return text[i+1:]
		}
	}
	return text
}

// withoutServiceCode drops a service code that precedes a number: *67, *31#,
// #31#.
func withoutServiceCode(text []byte) ([]byte, bool) {
	i := 0
	for i < len(text) && i < 2 && (text[i] == '*' || text[i] == '#') {
		i++
	}
	if i == 0 {
		return nil, false
	}
	n := countDigits(text[i:])
	if n >= 2 && n <= 3 && i+n < len(text) && (text[i+n] == '#' || text[i+n] == '*') {
		i += n + 1
	} else if n >= 2 {
		i += 2
	} else {
		return nil, false
	}
	return text[i:], allDigits(text[i:]) >= minPart
}

// withoutPause drops an outside-line prefix that is followed by a pause:
// 9,1650...
func withoutPause(text []byte) ([]byte, bool) {
	n := countDigits(text)
	if n < 1 || n > 3 {
		return nil, false
	}
	i := skip(text, n, " ")
	j := skip(text, i, ",wp")
	return text[j:], j > i && allDigits(text[j:]) >= minPart
}

// secondExtension returns where a second extension begins, as in
// "(530) 583-6985 x302/x2303"; 0 for nowhere.
func secondExtension(text []byte) int {
	for i, b := range text {
		if b == '/' || b == '\\' {
			if j := skip(text, i+1, " "); j < len(text) && text[j] == 'x' {
				return i
			}
		}
	}
	return 0
}
