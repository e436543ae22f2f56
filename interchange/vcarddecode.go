package interchange

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// bare returns the value of a property without quoted-printable, BASE64 and
// character set: UTF-8, escapes as they are. What is not UTF-8 and does not say
// what it is, is windows-1252, unless most of it is UTF-8. False where the
// character set is not known.
func (p *prop) bare(buf []byte) (value []byte, latin, ok bool) {
	v := p.value
	switch {
	case p.qp:
		v = decodeQP(buf[:0], v)
	case p.base64:
		if d, ok := decodeBase64(v); ok {
			v = d
		}
	}
	if len(p.set) > 0 && !isFold(p.set, "UTF-8") {
		e := charset(p.set)
		if e == nil {
			return v, false, isASCII(v)
		}
		if d, err := e.NewDecoder().Bytes(v); err == nil {
			v = d
		}
	}
	if utf8.Valid(v) {
		return v, false, true
	}
	if good, bad := countUTF8(v); good > 0 && good >= bad { // cut off within a letter, mostly
		p.damaged = true
		return bytes.ToValidUTF8(v, []byte("\ufffd")), false, true
	}
	d, _ := charmap.Windows1252.NewDecoder().Bytes(v) // knows each byte
	return d, true, true
}

// charset returns the character set of a name, nil where that is not known. Names
// stand for what browsers take them for (https://encoding.spec.whatwg.org), which is
// a superset of what they say, and else for what IANA has.
func charset(name []byte) encoding.Encoding {
	if len(name) > 40 {
		return nil
	}
	switch lower := strings.ToLower(string(name)); lower {
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "us-ascii", "ascii":
		return charmap.Windows1252
	case "iso-8859-9", "iso8859-9", "latin5":
		return charmap.Windows1254
	case "sjis", "x-sjis", "shift-jis", "cp932", "windows-31j":
		return japanese.ShiftJIS
	case "gb2312", "gb_2312-80", "x-gbk", "cp936":
		return simplifiedchinese.GBK
	case "ks_c_5601-1987", "ksc5601", "cp949":
		return korean.EUCKR
	default:
		if n, ok := strings.CutPrefix(lower, "cp125"); ok {
			lower = "windows-125" + n
		}
		e, err := ianaindex.IANA.Encoding(lower)
		if err != nil {
			return nil
		}
		return e
	}
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func decodeBase64(v []byte) ([]byte, bool) {
	clean := make([]byte, 0, len(v))
	for _, c := range v {
		if c > ' ' {
			clean = append(clean, c)
		}
	}
	clean = bytes.TrimRight(clean, "=")
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	return out[:n], err == nil
}

// decodeQP appends what a quoted-printable text says. An "=" that no code stands
// behind is one.
func decodeQP(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c != '=' {
			dst = append(dst, c)
			continue
		}
		if i+1 < len(v) && v[i+1] == '\n' { // the line goes on below
			i++
			// A blank in front of a code that goes on with a letter is a fold.
			if i+2 < len(v) && (v[i+1] == ' ' || v[i+1] == '\t') && v[i+2] == '=' && len(dst) > 0 && dst[len(dst)-1] >= utf8.RuneSelf {
				i++
			}
			continue
		}
		if i+1 == len(v) {
			break
		}
		if i+2 < len(v) {
			hi, lo := unhex(v[i+1]), unhex(v[i+2])
			if hi >= 0 && lo >= 0 {
				dst = append(dst, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		dst = append(dst, c)
	}
	return dst
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// valueSize returns about how many bytes the value of a property has when it is
// decoded: never more than it has, but for folds.
func valueSize(text []byte, qp bool) int {
	colon := bytes.IndexByte(text, ':')
	if colon < 0 {
		return len(text)
	}
	b64 := containsFold(text[:colon], "BASE64") || containsFold(text[:colon], "ENCODING=B")
	n := 0
	for i := colon + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\r' || c == '\n':
		case qp && c == '=':
			if i+2 < len(text) && text[i+1] > ' ' {
				n++
				i += 2
			}
		default:
			n++
		}
	}
	if b64 {
		n = n / 4 * 3
	}
	return max(n, colon)
}

// unescape undoes backslashes. Version 2.1 has no newlines that way; ours says
// that \r is one too.
func unescape(v []byte, old, ours bool) string {
	i := bytes.IndexByte(v, '\\')
	if i < 0 {
		return string(v)
	}
	out := make([]byte, 0, len(v))
	for from := 0; ; {
		out = append(out, v[from:i]...)
		if i+1 == len(v) {
			return string(append(out, '\\'))
		}
		from = i + 2
		switch c := v[i+1]; {
		case (c == 'n' || c == 'N') && !old:
			out = append(out, '\n')
		case c == 'r' && ours:
			out = append(out, '\r')
		case c == '\\' || c == ',' || c == ';' || c == ':':
			out = append(out, c)
		default:
			out = append(out, '\\')
			from = i + 1
		}
		n := bytes.IndexByte(v[from:], '\\')
		if n < 0 {
			return string(append(out, v[from:]...))
		}
		i = from + n
	}
}

// splitValue cuts a value at a separator that no backslash stands before.
func splitValue(dst [][]byte, v []byte, sep byte) [][]byte {
	from := 0
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			i++
		case sep:
			dst = append(dst, v[from:i])
			from = i + 1
		}
	}
	return append(dst, v[from:])
}

// oneLine returns a text without control characters and without blanks around it.
func oneLine(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return strings.TrimSpace(strings.Map(blankControl, s))
		}
	}
	return strings.TrimSpace(s)
}

func blankControl(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 {
		return ' '
	}
	return r
}

// lines returns a text with LF as its newlines and without other control
// characters, which no field may have.
func lines(s string) string {
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r\n", "\n")
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return blankControl(r)
	}, s))
}
