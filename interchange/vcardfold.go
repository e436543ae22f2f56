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

// escape writes a text as the value of a property, or as a part of one. Ours says
// that a CR is to be read again; only our reader does.
func escape(s string, ours bool) string {
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
		case c == '\r' && ours:
			out = append(out, '\\', 'r')
		case c == '\r':
			out = append(out, ' ') // no field but Notes and Custom may have one
		case c == '\\' || c == ',' || c == ';':
			out = append(out, '\\', c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
