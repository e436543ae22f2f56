package phone

import "strings"

// anonymousWords are what telephone systems show instead of a number, as
// cleaning leaves them. A text without digits that holds one of them is an
// anonymous caller.
var anonymousWords = [...]string{
	"anonym", "anónim", "anonim", "anônim", "anoniem", "unknown", "priv", "withheld", "restricted",
	"restringid", "restreint", "unavail", "not available", "indisponib", "no disponible", "blocked",
	"bloqué", "blockiert", "bloquead", "hidden", "masqué", "masque", "oculto", "nascosto", "unbekannt",
	"unterdrückt", "inconnu", "desconocid", "desconhecid", "sconosciut", "onbekend", "afgeschermd", "ukjent",
	"okänt", "hemlig", "ukendt", "skjult", "tuntematon", "salainen", "nieznany", "zastrzeżon", "neznám", "skryt",
	"tajn", "ismeretlen", "rejtett", "necunoscut", "bilinmeyen", "gizli", "özel", "pribadi", "riêng", "неизвест",
	"скрыт", "аноним", "не определ", "невідом", "прихован", "άγνωστ", "απόκρυψ", "απόρρητ", "מספר חסוי", "חסום",
	"مجهول", "غير معروف", "خاص", "ناشناس", "अजञ त", "不明", "匿名", "未知", "隐藏", "隱藏", "非通知", "通知不可", "公衆電話",
	"발신번호", "no caller id", "no number", "no id", "caller id", "out of area", "identif", "payphone",
	"pay phone", "coinline",
}

// anonymousTexts are the same as whole texts: what the caller ID of North
// America sends, and the name that a telephone system gives itself.
var anonymousTexts = [...]string{"p", "o", "asterisk"}

// blankWords are what programs write where there is nothing.
var blankWords = [...]string{"none", "null", "nil", "na", "n/a", "nan", "undefined", "empty", "no", "-", "kein", "keine", "tbd", "#n/a"}

// isAnonymousText reports whether s names an anonymous caller.
func isAnonymousText(s string) bool {
	var c cleaned
	return c.clean(s, true) && isAnonymous(c.bytes())
}

// isAnonymous reports whether cleaned text without digits does.
func isAnonymous(text []byte) bool {
	s := strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c == '\n' {
			return ' '
		}
		return c
	}, string(text))
	for _, w := range anonymousWords {
		if strings.Contains(s, w) {
			return true
		}
	}
	for _, w := range anonymousTexts {
		if s == w {
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
