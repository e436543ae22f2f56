package phone

import "strings"

func parseText(text string, site *Site) (Reading, error) {
	if strings.TrimSpace(text) == "" {
		return Reading{}, refuse(ReasonBlank, text)
	}
	var buf [maxDigits]byte
	d := buf[:0]
	plus := false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			if len(d) == len(buf) {
				return Reading{}, refuse(ReasonInvalid, text)
			}
			d = append(d, c)
		case c == '+' && len(d) == 0:
			plus = true
		}
	}
	if len(d) == 0 {
		return Reading{}, refuse(ReasonInvalid, text)
	}
	return readDigits(text, d, plus, site)
}
