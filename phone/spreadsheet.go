package phone

// This file reads what spreadsheets make of a number that they take for a
// quantity.

// quantity returns the digits of a number that was written as a quantity, in
// place: 9876543210.0, 9,876,543,210, and 9.876543210E9, which has all digits.
// rule says by which rule, "" for the first of them and for other text.
func quantity(text []byte) (number []byte, rule string) {
	if whole, frac, exp := scientific(text); exp > 0 && frac == exp {
		return append(text[:whole], text[whole+1:whole+1+frac]...), "exponent"
	}
	if number, ok := withoutGrouping(text); ok {
		return withoutDecimals(number), "grouping"
	}
	return withoutDecimals(text), ""
}

// isLossy reports whether an exponent stands for digits that are not there:
// 9.87654E+09, also with a comma.
func isLossy(text []byte) bool {
	whole, frac, exp := scientific(text)
	return whole > 0 && (frac != exp || exp == 0)
}

// scientific takes a text in scientific notation apart: how many bytes stand
// before the point and how many digits behind it, and the exponent, 0 for a
// negative one. whole is 0 for all other text.
func scientific(text []byte) (whole, frac, exp int) {
	i := 0
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	n := countDigits(text[i:])
	i += n
	whole = i
	if i < len(text) && (text[i] == '.' || text[i] == ',') {
		i++
		frac = countDigits(text[i:])
		i += frac
	}
	if n == 0 || i >= len(text) || text[i] != 'e' {
		return 0, 0, 0
	}
	i++
	negative := false
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		negative = text[i] == '-'
		i++
	} else if frac == 0 {
		return 0, 0, 0 // 1e5 may be anything
	}
	digits := text[i:]
	if n := countDigits(digits); n == 0 || n > 3 || n != len(digits) {
		return 0, 0, 0
	}
	for _, b := range digits {
		exp = exp*10 + int(b-'0')
	}
	if negative {
		exp = 0
	}
	return whole, frac, exp
}

// withoutGrouping takes the commas out of a quantity that is grouped by
// thousands, or in the Indian way: 9,87,65,43,210.
func withoutGrouping(text []byte) ([]byte, bool) {
	i := 0
	if i < len(text) && text[i] == '+' {
		i++
	}
	first := countDigits(text[i:])
	i += first
	groups, size := 0, 0 // size of all groups but the first and the last
	for i < len(text) && text[i] == ',' {
		n := countDigits(text[i+1:])
		i += 1 + n
		groups++
		if i == len(text) || text[i] != ',' {
			if n != 3 {
				return nil, false
			}
		} else if n != 2 && n != 3 || size != 0 && n != size {
			return nil, false
		} else {
			size = n
		}
	}
	if first == 0 || first > 3 || size == 2 && first == 3 || groups < 2 || i < len(text) && text[i] != '.' {
		return nil, false
	}
	n := 0
	for _, b := range text[:i] {
		if b != ',' {
			text[n] = b
			n++
		}
	}
	n += copy(text[n:], text[i:])
	return text[:n], true
}

// withoutDecimals cuts the ".0" off a number: 9876543210.0.
func withoutDecimals(text []byte) []byte {
	i := 0
	if i < len(text) && text[i] == '+' {
		i++
	}
	n := countDigits(text[i:])
	i += n
	if n < minPossible || i+2 > len(text) || text[i] != '.' && text[i] != ',' || len(text)-i > 3 {
		return text
	}
	for _, b := range text[i+1:] {
		if b != '0' {
			return text
		}
	}
	return text[:i]
}
