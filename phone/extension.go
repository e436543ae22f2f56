package phone

import (
	"bytes"
	"unicode/utf8"
)

// This file finds what is dialled after the call is connected.

// ownLabels announce an extension, beyond the labels that phonenumbers knows.
// They count only behind at least eight digits.
var ownLabels = [...]string{
	"extension", "extensión", "extensions", "exten", "ext", "ekst", "poste", "post", "ramal", "rm", "interno", "interne",
	"intern", "int", "durchwahl", "dw", "nebenstelle", "nst", "apparat", "app", "toestel", "tst", "anexo", "dahili",
	"wewn", "wew", "linka", "kl", "klapka", "mellék", "anknytning", "lokal", "lok", "pbx", "внутр", "вн", "доп",
	"добавочный", "доб", "дод", "內線", "内線", "分机", "分機", "转", "轉", "내선", "ต่อ", "máy lẻ", "may le",
	"pp", "ww", "p", "w", "e", "r",
}

// minBeforeWords is how many digits must stand before a label of our own, or
// before words, so that they do not belong to the number.
const minBeforeWords = 8

// minBeforeTail is how many digits must stand before them where the number
// with all that follows is none.
const minBeforeTail = 5

// minBeforeLabel is how many digits must stand before a label that
// phonenumbers knows; two will do when nothing is between them.
const minBeforeLabel = 3

// splitExtension returns the number in text and its extension, both as slices
// of text; ext is nil when there is none. own says that the label was one that
// phonenumbers does not know; before such a one, there are least digits.
func splitExtension(text []byte, least int) (number, ext []byte, own bool) {
	if !mayHaveExtension(text) {
		return text, nil, false
	}
	before := 0
	for i := range text {
		if isDigit(text[i]) {
			before++
			continue
		}
		if before < minBeforeLabel && (before != 2 || i != 2) {
			continue
		}
		if from, to := knownExtension(text[i:]); to > 0 {
			return text[:i], text[i+from : i+to], false
		}
		if before >= least {
			if from, to := ownExtension(text[i:]); to > 0 {
				return text[:i], text[i+from : i+to], true
			}
		}
	}
	return text, nil, false
}

// isDoubtfulLabel reports whether what follows a number may belong to it after
// all: a tilde (74012~3456), or one or two letters, which phonenumbers leaves
// out or takes for digits of the keypad.
func isDoubtfulLabel(text []byte) bool {
	i := skip(text, 0, " ,.-(/[")
	if i == len(text) || text[i] == 'x' {
		return false
	}
	letters := 0
	for letters < len(text)-i && isLetter(text[i+letters]) {
		letters++
	}
	return text[i] == '~' || letters == 1 || letters == 2 && text[i] < utf8.RuneSelf
}

// mayHaveExtension reports whether a label may stand before the last digits of
// text. It spares the search for the texts that have none, which are most.
func mayHaveExtension(text []byte) bool {
	n := len(text)
	for n > 0 && bytes.IndexByte([]byte("#)]"), text[n-1]) >= 0 {
		if text[n-1] == '#' {
			return true
		}
		n--
	}
	end := n
	for n > 0 && isDigit(text[n-1]) {
		n--
	}
	if n == end {
		return false
	}
	for ; n > 0; n-- {
		switch b := text[n-1]; b {
		case ' ', '-', '.', ':':
		default:
			return isLetter(b) || bytes.IndexByte([]byte("#~,;="), b) >= 0
		}
	}
	return false
}

// knownExtension reads an extension as phonenumbers does: text must be one to
// its end. It returns where the digits are, 0, 0 when it is none.
func knownExtension(text []byte) (from, to int) {
	if bytes.HasPrefix(text, []byte(";ext=")) {
		if n := countDigits(text[5:]); n > 0 && n <= 20 && 5+n == len(text) {
			return 5, 5 + n
		}
	}
	i := skip(text, 0, " ,")
	if n := explicitLabel(text[i:]); n > 0 {
		if from, to := labelled(text, i+n, 20, " ,-"); to > 0 {
			return from, to
		}
	}
	if n := ambiguousLabel(text[i:]); n > 0 {
		if from, to := labelled(text, i+n, 9, " ,-"); to > 0 {
			return from, to
		}
	}
	// "- 503#"
	if i := skip(text, 0, "- "); i > 0 {
		if n := countDigits(text[i:]); n > 0 && n <= 6 && i+n+1 == len(text) && text[i+n] == '#' {
			return i, i + n
		}
	}
	// Pauses: ",," or ";", then ",".
	i = skip(text, 0, " ")
	switch {
	case bytes.HasPrefix(text[i:], []byte(",,")):
		if from, to := labelled(text, i+2, 15, " ,-"); to > 0 {
			return from, to
		}
	case i < len(text) && text[i] == ';':
		if from, to := labelled(text, i+1, 15, " ,-"); to > 0 {
			return from, to
		}
	}
	if n := skip(text, i, ","); n > i {
		return labelled(text, n, 9, " ,-")
	}
	return 0, 0
}

// labelled reads what follows a label at i: ":" or ".", separators, up to most
// digits, "#", and the end of the text.
func labelled(text []byte, i, most int, separators string) (from, to int) {
	if i < len(text) && (text[i] == ':' || text[i] == '.') {
		i++
	}
	i = skip(text, i, separators)
	n := countDigits(text[i:])
	end := i + n
	if end < len(text) && text[end] == '#' {
		end++
	}
	if n == 0 || n > most || end != len(text) {
		return 0, 0
	}
	return i, i + n
}

func skip(text []byte, i int, set string) int {
	for i < len(text) && bytes.IndexByte([]byte(set), text[i]) >= 0 {
		i++
	}
	return i
}

// explicitLabel returns the length of "ext" and its longer and shorter forms,
// "доб", "anexo".
func explicitLabel(text []byte) int {
	for _, w := range [...]string{"доб", "anexo"} {
		if bytes.HasPrefix(text, []byte(w)) {
			return len(w)
		}
	}
	i := 0
	if len(text) > 0 && text[0] == 'e' {
		i++
	}
	if !bytes.HasPrefix(text[i:], []byte("xt")) {
		return 0
	}
	i += 2
	if bytes.HasPrefix(text[i:], []byte("ensi")) {
		i += 4
		for _, o := range [...]string{"o", "ó"} {
			if bytes.HasPrefix(text[i:], []byte(o)) {
				i += len(o)
			}
		}
	}
	if i < len(text) && text[i] == 'n' {
		i++
	}
	return i
}

// ambiguousLabel returns the length of "x", "#", "~" or "int".
func ambiguousLabel(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case 'x', '#', '~':
		return 1
	}
	if bytes.HasPrefix(text, []byte("int")) {
		return 3
	}
	return 0
}

// ownExtension reads an extension behind a label of our own, as knownExtension
// does. It may stand in brackets.
func ownExtension(text []byte) (from, to int) {
	i := skip(text, 0, " ,.-(/[")
	rest := text[i:]
	if n := len(rest); n > 0 && (rest[n-1] == ')' || rest[n-1] == ']') {
		rest = rest[:n-1]
	}
	for _, w := range ownLabels {
		if !bytes.HasPrefix(rest, []byte(w)) {
			continue
		}
		j := len(w)
		if j < len(rest) && (rest[j] == ':' || rest[j] == '.' || rest[j] == '=' || rest[j] == '#') {
			j++
		}
		j = skip(rest, j, " ,-.:#")
		n := countDigits(rest[j:])
		end := j + n
		if end < len(rest) && rest[end] == '#' {
			end++
		}
		if n > 0 && n <= 20 && end == len(rest) {
			return i + j, i + j + n
		}
	}
	return 0, 0
}
