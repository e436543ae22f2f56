package interchange

import (
	"strings"
	"unicode/utf8"
)

// foldAt is how many bytes a line of a card has at most, without its end.
const foldAt = 75

// put writes a property, folded where it is long: never within a character, nor
// beside a blank, which some programs would lose.
func (v *vCardWriter) put(line string) {
	width := foldAt
	for len(line) > width {
		n := width
		for n > width/2 && (!utf8.RuneStart(line[n]) || isBlankByte(line[n]) || isBlankByte(line[n-1])) {
			n--
		}
		if n == width/2 {
			for n = width; n > 1 && !utf8.RuneStart(line[n]); n-- {
			}
		}
		_, _ = v.w.WriteString(line[:n]) // write tells what goes wrong
		_, _ = v.w.WriteString("\r\n ")
		line = line[n:]
		width = foldAt - 1
	}
	_, _ = v.w.WriteString(line)
	_, _ = v.w.WriteString("\r\n")
}

func isBlankByte(c byte) bool { return c == ' ' || c == '\t' }

// escaping says how a text is written.
type escaping int8

const (
	asText escaping = iota // the value of a property. A semicolon means nothing there, and some programs do not undo its escape
	asPart                 // a part of a value: semicolons stand between them
	asOurs                 // for our reader alone: a CR is to be read again
)

// escape writes a text.
func escape(s string, as escaping) string {
	i := strings.IndexAny(s, "\\,;\n\r")
	if i < 0 {
		return s
	}
	out := make([]byte, i, len(s)+8)
	copy(out, s)
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r' && as == asOurs:
			out = append(out, '\\', 'r')
		case c == '\r':
			out = append(out, ' ') // no field but Notes and Custom may have one
		case c == '\\' || c == ',' || c == ';' && as != asText:
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
