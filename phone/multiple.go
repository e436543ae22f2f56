package phone

// This file finds more than one number in a text.

// minPart is how many digits a part of a text needs to be a number of its own.
const minPart = 7

// isMultiple reports whether text holds two numbers: two parts of seven digits
// or more with a separator between them. A slash counts as a separator only
// with slash: numbers have it inside, too.
func isMultiple(text []byte, slash bool) bool {
	left := 0 // digits since the last separator
	for i, b := range text {
		if isDigit(b) {
			left++
			continue
		}
		width := separator(text[i:])
		if width == 0 || left < minPart || !slash && (b == '/' || b == '\\') {
			continue
		}
		part := partDigits(text[i+width:])
		if allDigits(part) < minPart || (b == ',' || b == ';') && isDialled(part) {
			continue
		}
		return true
	}
	return false
}

// nextNumber returns where the first number of a text ends that isMultiple
// holds for more than one, and the width of the separator behind it.
func nextNumber(text []byte, slash bool) (n, width int) {
	digits := 0
	for i, b := range text {
		if isDigit(b) {
			digits++
		} else if digits >= minPart && (slash || b != '/' && b != '\\') {
			switch w := separator(text[i:]); {
			case w == 0:
			case b == '+':
				return i, 0
			case allDigits(text[i+w:]) > 0:
				return i, w
			}
		}
	}
	return len(text), 0
}

// partDigits returns text up to the next separator, or the first letter behind
// a digit.
func partDigits(text []byte) []byte {
	digits := false
	for i, b := range text {
		digits = digits || isDigit(b)
		if digits && isLetter(b) || separator(text[i:]) > 0 && i > 0 {
			return text[:i]
		}
	}
	return text
}

// isDialled reports whether what stands behind a comma is dialled after the
// call is connected: there is a second comma, or it ends with #.
func isDialled(part []byte) bool {
	return len(part) > 0 && (part[0] == ',' || part[len(part)-1] == '#')
}

// separator returns the width of the separator of two numbers that text begins
// with, 0 for none.
func separator(text []byte) int {
	switch text[0] {
	case '\n', '|', '&', '/', '\\', ',', ';', '+':
		if len(text) > 1 && text[0] == ',' && text[1] == ',' {
			return 0
		}
		return 1
	case ':':
		if len(text) > 2 && text[1] == ':' && text[2] == ':' {
			return 3
		}
	case ' ':
		for _, w := range [...]string{" or ", " and ", " oder ", " und ", " ou ", " et ", " y ", " o ", " e ", " of ", " en ", " или ", " и "} {
			if len(text) >= len(w) && string(text[:len(w)]) == w {
				return len(w)
			}
		}
	}
	return 0
}

// isPair reports whether text, which could not be read, is two numbers with
// nothing but a space between them.
func isPair(s *source, text []byte) bool {
	if allDigits(text) < 2*minPart {
		return false
	}
	for i, b := range text {
		if b != ' ' || allDigits(text[:i]) < minPart || allDigits(text[i:]) < minPart {
			continue
		}
		left, err := s.readAll(fromStart(text[:i]), false)
		if err != nil || !left.Valid {
			continue
		}
		if right, err := s.readAll(fromStart(text[i:]), false); err == nil && right.Valid {
			return true
		}
	}
	return false
}

// readRepeated reads a text that holds more than one number, which is refused
// unless it is the same line each time: "020 7946 0018, +44 20 7946 0018".
func (s *source) readRepeated(text []byte, slash bool) (Reading, error) {
	var first Reading
	steps := s.trace.count()
	for len(text) > 0 {
		n, width := nextNumber(text, slash)
		r, err := s.readCleaned(text[:n], true)
		if err != nil || !r.Valid || len(r.Alternates) > 0 || first.Line != 0 && r.Line != first.Line {
			s.trace.forget(steps)
			return Reading{}, refuse(ReasonMultiple, s.text)
		}
		if first.Line == 0 {
			first = r
		}
		text = text[n+width:]
	}
	if first.Rule == "" {
		first.Rule = "repeated"
	}
	return first, nil
}
