package interchange

import (
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// The encodings of text that are read.
const (
	encUTF8    = "utf-8"
	encUTF16LE = "utf-16le"
	encUTF16BE = "utf-16be"
	enc1252    = "windows-1252"
)

// byteOrderMark8 is the byte order mark of UTF-8.
var byteOrderMark8 = []byte("\ufeff")

// headBytes is how much of a file its encoding and its delimiter are found out
// from.
const headBytes = 64 << 10

// decoder reads text of some encoding as UTF-8, without a byte order mark.
//
// What is no text in the encoding (bytes that are not UTF-8, half of a UTF-16
// pair, a last odd byte) comes out as bytes that are not valid UTF-8, so that who
// reads a row can see that it is damaged: nothing is replaced.
type decoder struct {
	encoding string // one of the constants
	r        io.Reader
	in       []byte // what was read and not yet decoded
	buf      []byte // of in
	out      []byte // what was decoded and not yet handed out
	outBuf   []byte
	decode   func(dst, src []byte, last bool) (out []byte, used int)
	err      error
}

// newDecoder finds out the encoding of a text. A byte order mark stands before
// given, which is one of the constants or "": then text that is UTF-16 by its
// zeros is that, what is UTF-8 for the most part is UTF-8, and the rest is
// windows-1252. The error is a *FileError or the reader's.
func newDecoder(r io.Reader, given string) (*decoder, error) {
	switch given {
	case "", encUTF8, encUTF16LE, encUTF16BE, enc1252:
	default:
		return nil, &FileError{Reason: contacts.ReasonChoice, Detail: "the encoding must be utf-8, utf-16le, utf-16be or windows-1252"}
	}
	buf := make([]byte, headBytes)
	n, err := io.ReadFull(r, buf)
	head := buf[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	d := &decoder{r: r, buf: buf}
	mark := 0
	if d.encoding, mark = byteOrderMark(head); mark == 0 {
		if d.encoding = given; given == "" {
			d.encoding = sniffEncoding(head)
		}
	}
	if bytes.HasPrefix(head, []byte{0xff, 0xfe, 0, 0}) || bytes.HasPrefix(head, []byte{0, 0, 0xfe, 0xff}) {
		return nil, &FileError{Reason: ReasonMalformed, Detail: "the file is UTF-32: save it as UTF-8"}
	}
	d.in = head[mark:]
	switch d.encoding {
	case encUTF16LE:
		d.decode = func(dst, src []byte, last bool) ([]byte, int) {
			return decodeUTF16(dst, src, last, binary.LittleEndian)
		}
	case encUTF16BE:
		d.decode = func(dst, src []byte, last bool) ([]byte, int) { return decodeUTF16(dst, src, last, binary.BigEndian) }
	case enc1252:
		d.decode = decode1252
	}
	return d, nil
}

// byteOrderMark returns the encoding that a byte order mark tells, and its
// length; 0 where there is none.
func byteOrderMark(head []byte) (string, int) {
	switch {
	case bytes.HasPrefix(head, byteOrderMark8):
		return encUTF8, len(byteOrderMark8)
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return encUTF16LE, 2
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return encUTF16BE, 2
	}
	return "", 0
}

// sniffEncoding tells the encoding of a text without a byte order mark from how
// it begins.
func sniffEncoding(head []byte) string {
	start := head[:min(len(head), 512)]
	var zeros [2]int
	for i, c := range start {
		if c == 0 {
			zeros[i&1]++
		}
	}
	few, some := len(start)/32, len(start)/8
	switch {
	case len(start) >= 4 && start[0] != 0 && start[1] == 0 && zeros[1] > some && zeros[0] <= few:
		return encUTF16LE
	case len(start) >= 4 && start[0] == 0 && start[1] != 0 && zeros[0] > some && zeros[1] <= few:
		return encUTF16BE
	}
	if utf8.Valid(head) {
		return encUTF8
	}
	if good, bad := countUTF8(head); bad > good { // a damaged row does not make the others windows-1252
		return enc1252
	}
	return encUTF8
}

// countUTF8 counts what is valid UTF-8 beyond ASCII, and what is not. In
// windows-1252 a letter with an accent is hardly ever followed by what makes it
// valid UTF-8.
func countUTF8(text []byte) (good, bad int) {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case n > 1:
			good++
		case r == utf8.RuneError && utf8.FullRune(text[i:]):
			bad++
		}
		i += max(n, 1)
	}
	return good, bad
}

// Read returns UTF-8.
func (d *decoder) Read(p []byte) (int, error) {
	if d.decode == nil {
		if len(d.in) > 0 {
			n := copy(p, d.in)
			if d.in = d.in[n:]; len(d.in) == 0 {
				d.buf = nil
			}
			return n, nil
		}
		return d.r.Read(p)
	}
	for len(d.out) == 0 && len(p) > 0 {
		var used int
		d.out, used = d.decode(d.outBuf[:0], d.in, d.err == io.EOF)
		d.outBuf = d.out
		d.in = d.in[used:]
		if len(d.out) > 0 {
			break
		}
		if d.err != nil {
			return 0, d.err
		}
		n := copy(d.buf, d.in) // less than a pair
		var more int
		more, d.err = d.r.Read(d.buf[n:])
		d.in = d.buf[:n+more]
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// decodeUTF16 appends text as UTF-8, and returns how much of it that was: not
// the first half of a pair whose second one may still come.
func decodeUTF16(dst, src []byte, last bool, order binary.ByteOrder) ([]byte, int) {
	i := 0
	for i+2 <= len(src) {
		r := rune(order.Uint16(src[i:]))
		if !utf16.IsSurrogate(r) {
			dst = utf8.AppendRune(dst, r)
			i += 2
			continue
		}
		if i+4 > len(src) && r < 0xdc00 && !last {
			return dst, i
		}
		if i+4 <= len(src) {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(src[i+2:]))); pair != utf8.RuneError {
				dst = utf8.AppendRune(dst, pair)
				i += 4
				continue
			}
		}
		dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f) // half a pair: not valid UTF-8
		i += 2
	}
	if last && i < len(src) {
		dst = append(dst, 0xff)
		i++
	}
	return dst, i
}

// high1252 has the characters of windows-1252 from 0x80 to 0x9f. Five are not in
// use and come out as control characters, as in browsers.
var high1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

func decode1252(dst, src []byte, _ bool) ([]byte, int) {
	for _, c := range src {
		switch {
		case c < 0x80:
			dst = append(dst, c)
		case c < 0xa0:
			dst = utf8.AppendRune(dst, high1252[c-0x80])
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return dst, len(src)
}
