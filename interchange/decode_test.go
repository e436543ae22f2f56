package interchange

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/callerbook/contacts"
)

// utf16Bytes returns text in UTF-16.
func utf16Bytes(s string, order binary.AppendByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func windows1252(t testing.TB, s string) []byte {
	t.Helper()
	b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecoder(t *testing.T) {
	text := "name,phone\nJosé Müller €,+4930123456\n"
	wide := "name,phone\nनमस्ते 😀 王,+919876543210\n"
	long := text + strings.Repeat("Ann,+16502530000\n", 10_000)
	for _, c := range []struct {
		name     string
		in       []byte
		given    string
		want     string
		encoding string
	}{
		{"empty", nil, "", "", "utf-8"},
		{"ascii", []byte("a,b\n"), "", "a,b\n", "utf-8"},
		{"utf-8", []byte(wide), "", wide, "utf-8"},
		{"utf-8 with mark", []byte("\ufeff" + wide), "", wide, "utf-8"},
		{"only a mark", []byte("\ufeff"), "", "", "utf-8"},
		{"mark before what is given", []byte("\ufeff" + wide), "windows-1252", wide, "utf-8"},
		{"utf-16le with mark", utf16Bytes(wide, binary.LittleEndian, true), "", wide, "utf-16le"},
		{"utf-16be with mark", utf16Bytes(wide, binary.BigEndian, true), "", wide, "utf-16be"},
		{"utf-16le", utf16Bytes(wide, binary.LittleEndian, false), "", wide, "utf-16le"},
		{"utf-16be", utf16Bytes(wide, binary.BigEndian, false), "", wide, "utf-16be"},
		{"utf-16le given", utf16Bytes("王,氏", binary.LittleEndian, false), "utf-16le", "王,氏", "utf-16le"},
		{"long utf-16", utf16Bytes(long, binary.LittleEndian, true), "", long, "utf-16le"},
		{"windows-1252", windows1252(t, text), "", text, "windows-1252"},
		{"windows-1252 given", []byte("abc"), "windows-1252", "abc", "windows-1252"},
		{"long windows-1252", windows1252(t, long), "", long, "windows-1252"},
		{"utf-8 given for windows-1252", []byte("Jos\xe9"), "utf-8", "Jos\xe9", "utf-8"},
		{"one bad byte among utf-8", []byte(wide + "Jos\xe9\n"), "", wide + "Jos\xe9\n", "utf-8"},
		{"windows-1252 behind the head", []byte(strings.Repeat("Ann,+16502530000\n", 5000) + "Jos\xe9\n"), "", strings.Repeat("Ann,+16502530000\n", 5000) + "Jos\xe9\n", "utf-8"},
		{"a character across the head", []byte(strings.Repeat("a", headBytes-1) + "é"), "", strings.Repeat("a", headBytes-1) + "é", "utf-8"},
		{"zeros in utf-8", []byte("name,phone\nA\x00nn,1\n"), "", "name,phone\nA\x00nn,1\n", "utf-8"},
	} {
		for _, one := range []bool{false, true} {
			var r io.Reader = bytes.NewReader(c.in)
			if one {
				r = iotest.OneByteReader(r)
			}
			d, err := newDecoder(r, c.given)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			got, err := io.ReadAll(d)
			if err != nil || string(got) != c.want || d.encoding != c.encoding {
				t.Errorf("%s: %.80q, %s, %v; want %.80q, %s", c.name, got, d.encoding, err, c.want, c.encoding)
			}
		}
	}
}

// What is no text in its encoding is not replaced by anything valid.
func TestDecoderDamage(t *testing.T) {
	for name, in := range map[string][]byte{
		"first half":          append(utf16Bytes("a", binary.LittleEndian, true), 0x00, 0xd8, 'b', 0),
		"second half":         append(utf16Bytes("a", binary.LittleEndian, true), 0x00, 0xdc, 'b', 0),
		"first half at end":   append(utf16Bytes("a", binary.LittleEndian, true), 0x00, 0xd8),
		"odd byte":            append(utf16Bytes("ab", binary.LittleEndian, true), 'c'),
		"utf-8 cut at end":    []byte("\ufeffab\xe2\x82"),
		"first half, twofold": append(utf16Bytes("a", binary.BigEndian, true), 0xd8, 0, 0xd8, 0, 0xdc, 0),
	} {
		d, err := newDecoder(iotest.OneByteReader(bytes.NewReader(in)), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(d)
		if err != nil || utf8.Valid(got) {
			t.Errorf("%s: %q, %v: want text that is not valid", name, got, err)
		}
	}
}

func TestDecoderErrors(t *testing.T) {
	var file *FileError
	if _, err := newDecoder(strings.NewReader("a"), "latin-1"); !errors.As(err, &file) || !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("an encoding that is none: %v", err)
	}
	if _, err := newDecoder(bytes.NewReader([]byte{0xff, 0xfe, 0, 0, 'a', 0, 0, 0}), ""); !errors.As(err, &file) {
		t.Errorf("UTF-32: %v", err)
	}
	broken := errors.New("broken")
	if _, err := newDecoder(iotest.ErrReader(broken), ""); err != broken {
		t.Errorf("a reader that fails at once: %v", err)
	}
	for _, in := range [][]byte{[]byte("abc"), utf16Bytes("abc", binary.LittleEndian, true), []byte("Jos\xe9")} {
		long := append(bytes.Clone(in), bytes.Repeat(in[len(in)-2:], headBytes)...)
		d, err := newDecoder(io.MultiReader(bytes.NewReader(long), iotest.ErrReader(broken)), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, d); err != broken {
			t.Errorf("a reader that fails later: %v", err)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("name,phone\n"), "")
	f.Add([]byte("\xff\xfea\x00\x00\xd8"), "")
	f.Add([]byte("Jos\xe9"), "windows-1252")
	f.Fuzz(func(t *testing.T, in []byte, given string) {
		read := func(r io.Reader) (string, string, error) {
			d, err := newDecoder(r, given)
			if err != nil {
				return "", "", err
			}
			b, err := io.ReadAll(d)
			return string(b), d.encoding, err
		}
		a, encoding, err := read(bytes.NewReader(in))
		if err != nil {
			return
		}
		b, again, err := read(iotest.HalfReader(bytes.NewReader(in)))
		if a != b || encoding != again || err != nil {
			t.Fatalf("%q in parts: %q, want %q", in, b, a)
		}
		if len(a) > 3*len(in) {
			t.Fatalf("%d bytes of %d", len(a), len(in))
		}
		if encoding == encUTF8 && !strings.HasSuffix(string(in), a) {
			t.Fatalf("%q read as UTF-8 gives %q", in, a)
		}
	})
}

func TestDecoderShort(t *testing.T) {
	for _, in := range []string{"", "a", "ab", "abc"} {
		d, err := newDecoder(strings.NewReader(in), "utf-16le")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(d); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}
