package contacts

import (
	"strings"
	"unicode/utf8"
)

// maskNumber keeps the last four digits of a number: "****3210".
// A number of fewer than eight digits keeps none.
func maskNumber(s string) string {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits == 0 {
		return ""
	}
	if digits < 8 {
		return "****"
	}
	tail := make([]byte, 0, 4)
	for i := len(s) - 1; i >= 0 && len(tail) < 4; i-- {
		if s[i] >= '0' && s[i] <= '9' {
			tail = append(tail, s[i])
		}
	}
	for i, j := 0, len(tail)-1; i < j; i, j = i+1, j-1 {
		tail[i], tail[j] = tail[j], tail[i]
	}
	return "****" + string(tail)
}

// maskName keeps the first letter of each word: "J*** D***".
func maskName(s string) string {
	var b strings.Builder
	for i, w := range strings.Fields(s) {
		if i > 0 {
			b.WriteByte(' ')
		}
		r, _ := utf8.DecodeRuneInString(w)
		b.WriteRune(r)
		b.WriteString("***")
	}
	return b.String()
}

// maskID shows an id, but nothing that cannot be one: hosts mix up ids and
// numbers.
func maskID(s string) string {
	if !validID(s) || strings.Trim(s, "0123456789") == "" {
		return "of that id"
	}
	return s
}

// maskCustom shows the path of a field; of Custom not the key in it, which is
// the caller's and may be a name, and of a list an index but no number, address
// or tag.
func maskCustom(path string) string {
	if strings.HasPrefix(path, fieldCustom) {
		return "a value of custom"
	}
	list, rest, _ := strings.Cut(path, "[")
	if item, _, ok := strings.Cut(rest, "]"); ok && (len(item) > 3 || strings.Trim(item, "0123456789") != "") {
		return list
	}
	return path
}

// maskField is maskCustom for what a caller gave as a path.
func maskField(s string) string {
	if !strings.HasPrefix(s, fieldCustom) && (len(s) > 40 || strings.ContainsAny(s, "@+0123456789 ")) {
		return "field"
	}
	return maskCustom(s)
}
