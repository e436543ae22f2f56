package record

import (
	"strings"
	"unicode/utf8"
)

// Ids and actors are stored packed: a tag, then what it says. Text that has
// no shorter form follows tagText as it is. UUIDs count only in the canonical
// lower-case form, so that every text comes back as it was.
const (
	tagText  = iota
	tagUUID  // 16 bytes
	tagHex   // 12 bytes, for 24 lower-case hexadecimal digits
	tagUser  // "u-" and a UUID
	tagOrg   // "o-" and a UUID
	uuidLen  = 36
	hexIDLen = 24
)

// AppendIdent appends the packed form of s.
func AppendIdent(b []byte, s string) []byte {
	start := len(b)
	switch {
	case len(s) == uuidLen:
		b = append(b, tagUUID)
		if b, ok := appendUUID(b, s); ok {
			return b
		}
	case len(s) == hexIDLen:
		b = append(b, tagHex)
		if b, ok := appendHex(b, s); ok {
			return b
		}
	case len(s) == uuidLen+2 && (strings.HasPrefix(s, "u-") || strings.HasPrefix(s, "o-")):
		tag := byte(tagUser)
		if s[0] == 'o' {
			tag = tagOrg
		}
		b = append(b, tag)
		if b, ok := appendUUID(b, s[2:]); ok {
			return b
		}
	}
	return append(append(b[:start], tagText), s...)
}

// TextOfIdent returns the text of a packed form. Where the form holds the
// text as it is, the result is the end of packed itself; else it is written
// to out.
func TextOfIdent(out *strings.Builder, packed string) (string, bool) {
	if packed == "" {
		return "", false
	}
	tag, packed := packed[0], packed[1:]
	start := out.Len()
	switch {
	case tag == tagText:
		return packed, true
	case tag == tagUUID && len(packed) == 16:
		writeUUID(out, packed)
	case tag == tagHex && len(packed) == 12:
		var room [hexIDLen]byte
		out.Write(putHex(room[:0], packed))
	case tag == tagUser && len(packed) == 16:
		out.WriteString("u-")
		writeUUID(out, packed)
	case tag == tagOrg && len(packed) == 16:
		out.WriteString("o-")
		writeUUID(out, packed)
	default:
		return "", false
	}
	return out.String()[start:], true
}

// WholeIdent reports whether packed may be a packed id. It is none where bytes of
// a long number are behind it.
func WholeIdent(packed []byte) bool {
	if len(packed) < 2 {
		return false
	}
	switch packed[0] {
	case tagText:
		for _, c := range packed[1:] {
			if c >= utf8.RuneSelf { // as the first byte of a long number is
				return false
			}
		}
		return true
	case tagHex:
		return len(packed) == 1+hexIDLen/2
	}
	return len(packed) == 1+16 && packed[0] <= tagOrg
}

func appendUUID(b []byte, s string) ([]byte, bool) {
	if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return b, false
	}
	for _, part := range [5][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, 36}} {
		var ok bool
		if b, ok = appendHex(b, s[part[0]:part[1]]); !ok {
			return b, false
		}
	}
	return b, true
}

func writeUUID(out *strings.Builder, b string) {
	var room [uuidLen]byte
	t := putHex(room[:0], b[:4])
	t = putHex(append(t, '-'), b[4:6])
	t = putHex(append(t, '-'), b[6:8])
	t = putHex(append(t, '-'), b[8:10])
	out.Write(putHex(append(t, '-'), b[10:]))
}

// appendHex appends the bytes that lower-case hexadecimal digits stand for.
func appendHex(b []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i += 2 {
		hi, lo := hexValue(s[i]), hexValue(s[i+1])
		if hi > 15 || lo > 15 {
			return b, false
		}
		b = append(b, hi<<4|lo)
	}
	return b, true
}

func hexValue(c byte) byte {
	if d := c - '0'; d <= 9 {
		return d
	}
	if d := c - 'a'; d <= 5 {
		return d + 10
	}
	return 255
}

// putHex appends the hexadecimal digits of b.
func putHex(to []byte, b string) []byte {
	const digits = "0123456789abcdef"
	for i := 0; i < len(b); i++ {
		to = append(to, digits[b[i]>>4], digits[b[i]&15])
	}
	return to
}

// IdentText returns the text of a packed form by itself.
func IdentText(packed []byte) (string, bool) {
	var out strings.Builder
	return TextOfIdent(&out, string(packed))
}
