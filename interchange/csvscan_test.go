package interchange

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// scanned writes what a scanner finds in a way to compare: a record a line, with
// the line that it begins at.
func scanned(t testing.TB, r io.Reader, delimiter byte, maxRow, maxCells int) (list []string, raw []byte) {
	t.Helper()
	s := newCSVScanner(r, delimiter, maxRow, maxCells)
	var cells []string
	for {
		rec, err := s.next()
		if err == io.EOF {
			return list, raw
		}
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, rec.raw...)
		cells = rec.text(cells)
		switch rec.fault {
		case csvSound:
			list = append(list, fmt.Sprintf("%d %q", rec.line, cells))
		case csvUnclosed:
			list = append(list, fmt.Sprintf("%d unclosed %q", rec.line, rec.raw))
		case csvTooLong:
			list = append(list, fmt.Sprintf("%d too long %d", rec.line, len(rec.raw)))
		case csvTooWide:
			list = append(list, fmt.Sprintf("%d too wide %d", rec.line, len(rec.cells)))
		}
	}
}

func TestCSVScan(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"empty", "", nil},
		{"line ends", "a,b\nc,d\r\ne,f\rg,h", []string{`1 ["a" "b"]`, `2 ["c" "d"]`, `3 ["e" "f"]`, `4 ["g" "h"]`}},
		{"blank lines", "\n\r\n\ra\n\n", []string{`1 [""]`, `2 [""]`, `3 [""]`, `4 ["a"]`, `5 [""]`}},
		{"quoted", `"a,b","c""d",""` + "\n", []string{`1 ["a,b" "c\"d" ""]`}},
		{"line breaks in quotes", "\"a\nb\r\nc\rd\",e\r\nf,g\n", []string{`1 ["a\nb\r\nc\rd" "e"]`, `5 ["f" "g"]`}},
		{"stray quotes", `5" disk,John "Bob" Smith,a"` + "\nb\n", []string{`1 ["5\" disk" "John \"Bob\" Smith" "a\""]`, `2 ["b"]`}},
		{"blanks around quotes", ` "a, b" , "c" ` + "\n", []string{`1 ["a, b" "c"]`}},
		{"blanks before what is no quote", ` "Bob" Smith, "x` + "\n" + `y"` + "\n", []string{`1 [" \"Bob\" Smith" " \"x"]`, `2 ["y\""]`}},
		{"blank, quote, end", ` "a" "`, []string{`1 [" \"a\" \""]`}},
		{"ends in quotes", `a,"b"`, []string{`1 ["a" "b"]`}},
		{"never closed", "a,b\nc,\"d\ne,f\n", []string{`1 ["a" "b"]`, `2 unclosed "c,\"d\n"`, `3 ["e" "f"]`}},
		{"never closed, others quoted", "\"a,b\n\"c\",\"d\"\n", []string{`1 unclosed "\"a,b\n"`, `2 ["c" "d"]`}},
		{"never closed at the end", `"`, []string{`1 unclosed "\""`}},
		{"text behind quotes", "\"a\"b,c\nd\n", []string{`1 unclosed "\"a\"b,c\n"`, `2 ["d"]`}},
		{"zeros", "a\x00,\x00\n", []string{`1 ["a\x00" "\x00"]`}},
		{"too long", "a\n" + strings.Repeat("x", 41) + "\r\nb\n", []string{`1 ["a"]`, `2 too long 40`, `3 ["b"]`}},
		{"just not too long", strings.Repeat("x", 40) + "\r\nb\n", []string{fmt.Sprintf(`1 [%q]`, strings.Repeat("x", 40)), `2 ["b"]`}},
		{"too long at the end", strings.Repeat("x", 99), []string{`1 too long 40`}},
		{"quotes too far apart", "\"" + strings.Repeat("x\n", 25) + "\"\n", append([]string{`1 unclosed "\"x\n"`},
			func() (l []string) {
				for i := range 24 {
					l = append(l, fmt.Sprintf(`%d ["x"]`, i+2))
				}
				return append(l, `26 unclosed "\"\n"`)
			}()...)},
		{"too wide", "a,b,c,d,e,f\na,b,c,\"d\",e,f\na,b,c,d\n", []string{`1 too wide 5`, `2 too wide 5`, `3 ["a" "b" "c" "d"]`}},
	} {
		for name, r := range map[string]io.Reader{
			"whole":       strings.NewReader(c.in),
			"in bytes":    iotest.OneByteReader(strings.NewReader(c.in)),
			"end at once": iotest.DataErrReader(strings.NewReader(c.in)),
		} {
			if got, _ := scanned(t, r, ',', 40, 4); !slices.Equal(got, c.want) {
				t.Errorf("%s, %s:\n%s\nwant\n%s", c.name, name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	}
}

// chunks reads a text in parts of a size, so that records lie across reads.
type chunks struct {
	text []byte
	size int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.text[:min(c.size, len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

// Records that lie across the buffer's end are the same as within.
func TestCSVScanLong(t *testing.T) {
	var in bytes.Buffer
	var want []string
	line := 1
	for i := 0; in.Len() < 3*csvChunk; i++ {
		cell := strings.Repeat("ab\r\n", i%97)
		end := []string{"\n", "\r\n", "\r"}[i%3]
		fmt.Fprintf(&in, "%d,\"%s\",x\"y%s", i, cell, end)
		want = append(want, fmt.Sprintf("%d %q", line, []string{fmt.Sprint(i), cell, `x"y`}))
		line += 1 + i%97
	}
	for _, size := range []int{1 << 20, 4096, 61, 1} {
		got, raw := scanned(t, &chunks{in.Bytes(), size}, ',', 1<<20, 1000)
		if !slices.Equal(got, want) {
			t.Fatalf("in parts of %d bytes records differ", size)
		}
		if !bytes.Equal(raw, in.Bytes()) {
			t.Fatalf("in parts of %d bytes the text is not that of the records", size)
		}
	}
}

// What is hostile costs no more than a look or two at each byte, and a buffer of
// some times the longest record: a scan that went back would not end.
func TestCSVScanHostile(t *testing.T) {
	for name, pattern := range map[string]string{
		"one quote":          `"`,
		"quotes":             `""`,
		"quote and line":     "\"\n",
		"open line":          "\"a\n",
		"open cells":         `,"`,
		"doubled cells":      `"a""` + "\n",
		"blank quotes":       `, "x""`,
		"endless line":       "abcdefgh",
		"delimiters":         ",",
		"zeros":              "\x00",
		"carriage returns":   "\r",
		"quote, then plain":  "a,b\n",
		"four quotes, line":  "\"\"\"\"\n",
		"three quotes, line": "\"\"\"\n",
	} {
		size := 4 << 20
		if !strings.Contains(pattern, "\n") && pattern != "\r" {
			size = 100 << 20
		}
		in := &repeated{pattern: []byte(pattern), left: size}
		if name == "quote, then plain" {
			in.first = []byte(`"`)
		}
		s := newCSVScanner(in, ',', 1<<16, 1000)
		total := 0
		for {
			rec, err := s.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			total += len(rec.raw)
		}
		if in.left > 0 || len(s.buf) > 1<<19 || total > size+1 {
			t.Errorf("%s: %d bytes not read, a buffer of %d, %d bytes of records", name, in.left, len(s.buf), total)
		}
	}
}

// repeated is a text of one pattern, of any length.
type repeated struct {
	first   []byte
	pattern []byte
	at      int
	left    int
	block   []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		r.first = r.first[n:]
		return n, nil
	}
	if r.left <= 0 {
		return 0, io.EOF
	}
	if r.block == nil {
		r.block = bytes.Repeat(r.pattern, 1<<16/len(r.pattern)+1)
	}
	n := copy(p[:min(len(p), r.left)], r.block[r.at:])
	r.at = (r.at + n) % len(r.pattern)
	r.left -= n
	return n, nil
}
