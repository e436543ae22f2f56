package phone

import (
	"unicode"
	"unicode/utf8"
)

// maxText is the longest text that is looked at, in bytes after unwrapping, as
// in phonenumbers.
const maxText = 250

// cleaned is a text reduced to what matters for reading a number: ASCII digits
// and lower-case letters, + * # and separators, each kind of separator as one
// ASCII character, a line break as \n. Letters of other scripts stay, in lower
// case, in UTF-8.
type cleaned struct {
	b [maxText + 6]byte
	n int
}

func (c *cleaned) bytes() []byte { return c.b[:c.n] }

func (c *cleaned) put(b byte) {
	if c.n < maxText {
		c.b[c.n] = b
		c.n++
	}
}

// clean reduces text. With escapes, %XX stands for a byte, as in a URI. It
// reports false for a text that is too long or not valid UTF-8.
func (c *cleaned) clean(text string, escapes bool) bool {
	if len(text) > maxText {
		return false
	}
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			if b == '%' && escapes && i+2 < len(text) {
				if hi, lo := hexValue(text[i+1]), hexValue(text[i+2]); hi >= 0 && lo >= 0 && hi < 8 {
					b = byte(hi<<4 | lo)
					i += 2
				}
			}
			if b = ascii[b]; b != 0 {
				c.put(b)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			// Not UTF-8: most often Windows-1252, where A0 is a space and
			// 96, 97 are dashes.
			switch b {
			case 0xA0:
				c.put(' ')
			case 0x96, 0x97, 0xAD:
				c.put('-')
			}
			i++
			continue
		}
		c.rune(r)
		i += size
	}
	return true
}

// rune takes one character beyond ASCII.
func (c *cleaned) rune(r rune) {
	if d, ok := digitValue(r); ok {
		c.put('0' + d)
		return
	}
	switch {
	case r >= 0xFF01 && r <= 0xFF5E: // full-width forms of ASCII
		if b := ascii[r-0xFEE0]; b != 0 {
			c.put(b)
		}
		return
	case r == 0x2028 || r == 0x2029 || r == 0x85:
		c.put('\n')
		return
	}
	switch r {
	case 0xFE62, 0x207A, 0x208A, 0x2795, 0xFB29: // plus signs
		c.put('+')
	case 0x2212, 0x30FC, 0x2043, 0x207B, 0x2796: // minus, prolonged sound mark
		c.put('-')
	case 0x2053, 0x223C, 0x301C:
		c.put('~')
	case 0x00B7, 0x2022, 0x2027, 0x2219, 0x22C5, 0x30FB, 0x3002, 0xFF65, 0x2024: // dots
		c.put('.')
	case 0x2044, 0x2215:
		c.put('/')
	case 0x060C, 0x3001, 0xFE50, 0xFE51:
		c.put(',')
	case 0x061B, 0xFE54:
		c.put(';')
	case 0x2217, 0x066D, 0xFE61, 0x22C6:
		c.put('*')
	case 0xFE5F, 0x266F:
		c.put('#')
	default:
		switch {
		case unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Cc):
			// Invisible: no trace, also between two digits.
		case unicode.Is(unicode.Pd, r):
			c.put('-')
		case unicode.IsLetter(r):
			var u [utf8.UTFMax]byte
			n := utf8.EncodeRune(u[:], unicode.ToLower(r))
			if c.n+n <= maxText {
				c.n += copy(c.b[c.n:], u[:n])
			}
		default: // spaces and symbols
			c.put(' ')
		}
	}
}

// digitValue returns the value of a decimal digit of any script. The ranges of
// unicode.Nd are runs of ten, each beginning with zero.
func digitValue(r rune) (byte, bool) {
	if r <= 0xFFFF {
		for i := range unicode.Nd.R16 {
			g := &unicode.Nd.R16[i]
			if r < rune(g.Lo) {
				return 0, false
			}
			if r <= rune(g.Hi) {
				return byte((r - rune(g.Lo)) % 10), true
			}
		}
		return 0, false
	}
	for i := range unicode.Nd.R32 {
		g := &unicode.Nd.R32[i]
		if r < rune(g.Lo) {
			return 0, false
		}
		if r <= rune(g.Hi) {
			return byte((r - rune(g.Lo)) % 10), true
		}
	}
	return 0, false
}

func hexValue(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10
	}
	return -1
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isLetter reports whether b belongs to a letter of cleaned text.
func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= utf8.RuneSelf }

// ascii says what becomes of each ASCII character: 0 drops it.
const ascii = "" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00 \n\n\n\n\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	" !\"#$ &'()*+,-./" +
	"0123456789:;<=>?" +
	"@abcdefghijklmno" +
	"pqrstuvwxyz[\\]^_" +
	"`abcdefghijklmno" +
	"pqrstuvwxyz{|}~\x00"
