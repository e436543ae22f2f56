package interchange

import (
	"slices"
	"strings"

	"github.com/callerbook/contacts"
)

// maySplit reports whether a text has a character of what may stand between
// numbers, or of what is taken off a number.
func maySplit(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case ':', '\n', '\r', ';', ',', '/', '|', '\'':
			return true
		}
	}
	return false
}

// isDigits reports whether a text is ASCII digits, and some.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// splitNumbers returns the numbers of a cell: with " ::: " between them, as Google
// has them, or with a line break, a semicolon, a comma or a slash, where each of
// the parts has enough digits to be a number by itself and nothing else in it.
func splitNumbers(cell string) []string {
	if strings.Contains(cell, ":::") {
		return parts(cell, ":::")
	}
	for _, separator := range []string{"\n", "\r", ";", ",", " / ", "|"} {
		if !strings.Contains(cell, separator) {
			continue
		}
		list := parts(cell, separator)
		numbers := len(list) > 0
		for _, s := range list {
			numbers = numbers && (plainNumber(s) || separator == "\n" || separator == "\r")
		}
		if numbers {
			return list
		}
	}
	return []string{strings.TrimLeft(cell, "'")}
}

// parts splits a text and leaves out what is blank.
func parts(s, separator string) []string {
	var list []string
	for part := range strings.SplitSeq(s, separator) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// plainNumber reports whether a text is a whole number, and nothing but that.
func plainNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '+' && i > 0 || strings.IndexByte(" +-().", c) < 0:
			return false
		}
	}
	return digits >= 7
}

// splitAddresses returns the e-mail addresses of a cell, without names and angle
// brackets around them.
func splitAddresses(cell string) []string {
	list := []string{cell}
	for _, separator := range []string{":::", "\n", ";", ","} {
		if !strings.Contains(cell, separator) {
			continue
		}
		each := parts(cell, separator)
		all := len(each) > 0
		for _, s := range each {
			all = all && strings.Count(s, "@") == 1
		}
		if all {
			list = each
			break
		}
	}
	for i, s := range list {
		if open, end := strings.LastIndexByte(s, '<'), strings.LastIndexByte(s, '>'); open >= 0 && end > open && strings.Contains(s[open:end], "@") {
			s = s[open+1 : end]
		}
		if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
			s = s[7:]
		}
		list[i] = strings.TrimSpace(s)
	}
	return list
}

// canonicalLabel returns a label as contacts have it: "mobile" for "* Mobile".
func canonicalLabel(s string) string {
	if s == "*" {
		return "" // Google's default, without a name
	}
	s = strings.TrimSpace(strings.TrimPrefix(s, "* "))
	for _, label := range [...]string{"mobile", "work", "home", "main", "other", "fax", "pager", "work fax", "home fax", "other fax"} {
		if strings.EqualFold(s, label) {
			return label
		}
	}
	switch {
	case strings.EqualFold(s, "cell"):
		return "mobile"
	case strings.EqualFold(s, "homefax"):
		return "home fax"
	case strings.EqualFold(s, "workfax"):
		return "work fax"
	}
	return s
}

// number takes a number, if the row has not had its digits before. Of numbers and
// addresses it takes one more than a contact may have, which the book refuses.
func (b *csvRow) number(number, label string, first bool, column int) {
	same := func(p contacts.Phone) bool { return p.Number == number || sameDigits(p.Number, number) }
	if len(b.c.Phones) > contacts.MaxItems || same(b.c.CellPhone) || slices.ContainsFunc(b.c.Phones, same) {
		return
	}
	if first && b.c.CellPhone.Number == "" {
		b.c.CellPhone.Number, b.cellPhone = number, column
		return
	}
	b.c.Phones = append(b.c.Phones, contacts.Phone{Number: number, Label: label})
	b.phones = append(b.phones, column)
}

// promote makes the first number with the label mobile the cell phone, else the
// first that is no fax and no pager. Its label is then in Custom.
func (b *csvRow) promote() {
	at := slices.IndexFunc(b.c.Phones, func(p contacts.Phone) bool { return hasWord(p.Label, "mobile") && !isDevice(p.Label) })
	if at < 0 {
		at = slices.IndexFunc(b.c.Phones, func(p contacts.Phone) bool { return !isDevice(p.Label) })
	}
	if at < 0 {
		return
	}
	b.c.CellPhone.Number, b.cellPhone = b.c.Phones[at].Number, b.phones[at]
	if label := b.c.Phones[at].Label; label != "mobile" {
		b.custom(keyCellLabel, label, b.cellPhone)
	}
	if len(b.c.Phones) == 1 {
		b.c.Phones, b.phones = nil, nil
		return
	}
	b.c.Phones, b.phones = slices.Delete(b.c.Phones, at, at+1), slices.Delete(b.phones, at, at+1)
}

// codes gives the numbers without a calling code the row's.
func (b *csvRow) codes() {
	if b.code == "" {
		return
	}
	if b.c.CellPhone.Number != "" {
		b.c.CellPhone.CountryCode = b.code
	}
	for i := range b.c.Phones {
		if p := &b.c.Phones[i]; !strings.HasPrefix(p.Number, "+") && !strings.HasPrefix(p.Number, "00") {
			p.CountryCode = b.code
		}
	}
}
