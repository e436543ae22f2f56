package phone

import "strings"

// anonymousWords are what telephone systems show instead of a number. A text
// without digits that holds one of them is an anonymous caller.
var anonymousWords = [...]string{
	"anonym", "anónim", "anonim", "anônim", "unknown", "private", "privat", "privé", "withheld", "restricted",
	"restringid", "restreint", "unavailable", "unavail", "not available", "indisponib", "no disponible", "blocked",
	"bloqué", "blockiert", "bloquead", "hidden", "masqué", "oculto", "nascosto", "unbekannt", "unterdrückt",
	"inconnu", "desconocid", "desconhecid", "sconosciut", "onbekend", "ukjent", "okänt", "ukendt", "tuntematon",
	"nieznany", "neznám", "ismeretlen", "necunoscut", "bilinmeyen", "gizli", "неизвест", "скрыт", "аноним",
	"невідом", "άγνωστ", "مجهول", "غير معروف", "خاص", "不明", "匿名", "未知", "隐藏", "非通知", "通知不可", "발신번호", "अज्ञात",
	"no caller id", "no number", "no id", "caller id", "out of area", "unidentified", "payphone", "pay phone",
	"coinline", "id withheld",
}

// blankWords are what programs write where there is nothing.
var blankWords = [...]string{"none", "null", "nil", "na", "n/a", "nan", "undefined", "empty", "no", "-", "kein", "keine", "tbd", "#n/a"}

// isAnonymousText reports whether s names an anonymous caller.
func isAnonymousText(s string) bool {
	var c cleaned
	return c.clean(s, true) && isAnonymous(c.bytes())
}

// isAnonymous reports whether cleaned text without digits does.
func isAnonymous(text []byte) bool {
	for _, w := range anonymousWords {
		if strings.Contains(string(text), w) {
			return true
		}
	}
	return false
}

// withoutDigits says why a text that holds no digit is refused.
func withoutDigits(text []byte) Reason {
	letters := false
	for _, b := range text {
		letters = letters || isLetter(b)
	}
	trimmed := strings.Trim(string(text), " \n.,;:-_()[]<>\"'!?")
	if !letters || trimmed == "" {
		return ReasonBlank
	}
	for _, w := range blankWords {
		if trimmed == w {
			return ReasonBlank
		}
	}
	if isAnonymous(text) {
		return ReasonAnonymous
	}
	return ReasonInvalid
}

// isLossy reports whether a spreadsheet replaced digits by an exponent:
// 9.87654E+09, also with a comma.
func isLossy(text []byte) bool {
	i := 0
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	}
	whole := countDigits(text[i:])
	i += whole
	frac := 0
	if i < len(text) && (text[i] == '.' || text[i] == ',') {
		i++
		frac = countDigits(text[i:])
		i += frac
	}
	if whole == 0 || i >= len(text) || text[i] != 'e' {
		return false
	}
	i++
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		i++
	} else if frac == 0 {
		return false // 1e5 may be anything
	}
	exp := countDigits(text[i:])
	return exp > 0 && exp <= 3 && i+exp == len(text)
}

// countDigits returns how many digits text begins with.
func countDigits(text []byte) int {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

// allDigits returns how many digits text holds.
func allDigits(text []byte) int {
	n := 0
	for _, b := range text {
		if isDigit(b) {
			n++
		}
	}
	return n
}

// withoutDecimals cuts the ".0" off a number that a spreadsheet took for a
// quantity: 9876543210.0.
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

// isIPv4 reports whether text looks like an Internet address: four groups of
// up to three digits with dots between.
func isIPv4(text []byte) bool {
	for i := range 4 {
		n := countDigits(text)
		if n < 1 || n > 3 {
			return false
		}
		text = text[n:]
		if i == 3 {
			break
		}
		if len(text) == 0 || text[0] != '.' {
			return false
		}
		text = text[1:]
	}
	return len(text) == 0
}

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
