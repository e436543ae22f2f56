package interchange

import (
	"io"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// manyOf reads head, then n times each, then tail.
func manyOf(head, each string, n int, tail string) io.Reader {
	if len(each) < 64 {
		each, n = strings.Repeat(each, 256), n/256 // faster
	}
	return io.MultiReader(strings.NewReader(head), &many{text: each, n: n}, strings.NewReader(tail))
}

// many reads a text n times.
type many struct {
	text string
	n    int
	at   int
}

func (r *many) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	total := 0
	for len(p) > 0 && r.n > 0 {
		n := copy(p, r.text[r.at:])
		p = p[n:]
		total += n
		if r.at += n; r.at == len(r.text) {
			r.at = 0
			r.n--
		}
	}
	return total, nil
}

// TestVCardHostile reads what would take a careless reader hours, or all memory
// there is.
func TestVCardHostile(t *testing.T) {
	const (
		mega  = 1 << 20
		begin = "BEGIN:VCARD\nVERSION:3.0\nTEL;TYPE=cell:1\n"
		end   = "\nEND:VCARD\n"
		after = "BEGIN:VCARD\nTEL:2\nEND:VCARD\n"
	)
	line := strings.Repeat("A", 74) + "\n "
	for _, c := range []struct {
		name string
		file io.Reader
		rows int
		want string // of the first row: a reason, or what is left out
	}{
		{"a photo of 100 MB, folded", manyOf(begin+"PHOTO;ENCODING=b:", line, 100*mega/len(line), end+after), 2, "PHOTO"},
		{"a photo of 100 MB in one line", manyOf(begin+"item1.PHOTO;ENCODING=b:", "AAAA", 25*mega, end+after), 2, "PHOTO"},
		{"a photo with blank lines", manyOf(begin+"PHOTO;ENCODING=b:\n", " AAAA\n\n", mega, end+after), 2, "PHOTO"},
		{"a property without a colon", manyOf(begin, "A=\n ", mega, end+after), 2, "A"},
		{"a name of 10 MB", manyOf(begin, "A", 10*mega, ":x"+end+after), 2, "A"},
		{"parameters without end", manyOf(begin+"X", ";A=B", mega, ":x"+end+after), 2, "X"},
		{"quoted-printable without end", manyOf(begin+"NOTE;ENCODING=QUOTED-PRINTABLE:", "=41=41=\r\n", mega, ""), 1, "NOTE"},
		{"quoted-printable with nothing in it", manyOf(begin+"NOTE;ENCODING=QUOTED-PRINTABLE:", "=\n", mega, ""), 1, "NOTE"},
		{"a million groups", manyOf(begin, "item1.X-ABLabel:x\n", mega, end+after), 2, string(ReasonTooLarge)},
		{"a card without end", manyOf(begin, "X-A:1\n", mega, ""), 1, string(ReasonTooLarge)},
		{"a card of blank lines", manyOf(begin, "\n", mega, end+after), 2, string(ReasonTooLarge)},
		{"a card of folds", manyOf(begin, " \r", mega, end+after), 2, string(ReasonTooLarge)},
		{"cards in cards in cards", manyOf(begin, "AGENT:\nBEGIN:VCARD\n", mega/4, end), 1, "AGENT"},
		{"cards that only begin", manyOf("", "BEGIN:VCARD\n", mega/4, ""), mega / 4, ""},
		{"no cards in between", manyOf(after, "hello\n", mega, after), 3, ""},
		{"quotation marks", manyOf(begin, `X;A="`+strings.Repeat(`;"`, 500)+"\n", 20000, end+after), 2, string(ReasonTooLarge)},
		{"parameters in all", manyOf(begin, "TEL"+strings.Repeat(";A", 10000)+":1\n", 40, end), 1, "TEL"},
		{"numbers that are alike", manyOf(begin, "TEL:"+strings.Repeat("1", 1000)+"\n", 900, end), 1, ""},
		{"notes", manyOf(begin, "NOTE:a\n", 900, end), 1, ""},
		{"lines that end in CR", manyOf(begin+"X:", "\r 1", mega, end+after), 2, "X"},
		{"no line ends", manyOf("", "A", 50*mega, "\n"+after), 2, string(ReasonTooLarge)},
	} {
		v, err := newVCardReader(c.file, nil)
		if err != nil {
			t.Fatal(err)
		}
		rows, first := 0, ""
		for {
			r, err := v.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if rows++; rows == 1 {
				for _, l := range r.leftOut {
					first += l.Name
				}
				for _, p := range r.problems {
					first += string(p.Reason)
				}
			}
			if held := len(r.raw) + cap(v.(*vCardReader).mapper.flat) + cap(v.(*vCardReader).mapper.params)*48; held > 16*mega {
				t.Fatalf("%s: holds %d bytes", c.name, held)
			}
			if len(r.leftOut) > defaultProperties {
				t.Fatalf("%s: %d left out", c.name, len(r.leftOut))
			}
		}
		if rows != c.rows || !strings.HasSuffix(first, c.want) || len(first) > 40 {
			t.Errorf("%s: %d rows, want %d; the first: %q, want %q", c.name, rows, c.rows, first, c.want)
		}
	}
}

// TestVCardBounds: what is beyond a bound of a contact is left out, and said.
func TestVCardBounds(t *testing.T) {
	var b strings.Builder
	b.WriteString("BEGIN:VCARD\nFN:A B\nTEL;TYPE=cell:1\n")
	for i := range 80 {
		b.WriteString("TEL;TYPE=work:1" + strings.Repeat("0", i) + "2\nEMAIL:" + strings.Repeat("a", i+1) + "@b\nCATEGORIES:" + strings.Repeat("c", i+1) + "\nX-A:v\n")
	}
	b.WriteString("NOTE:" + strings.Repeat("n", contacts.MaxNotes+1) + "\nURL:" + strings.Repeat("u", contacts.MaxValue+1) + "\nitem1.EMAIL:\nEND:VCARD\n")
	row := readCards(t, b.String(), nil)[0]
	c := row.contact
	if len(c.Phones) != contacts.MaxItems || len(c.Emails) != contacts.MaxItems || len(c.Tags) != contacts.MaxItems || len(c.Custom) != contacts.MaxItems || c.Notes != "" {
		t.Errorf("%d phones, %d addresses, %d tags, %d values", len(c.Phones), len(c.Emails), len(c.Tags), len(c.Custom))
	}
	left := map[string]bool{}
	for _, l := range row.leftOut {
		left[l.Name] = l.Bytes > 0 && l.Detail != ""
	}
	for _, name := range []string{"TEL", "EMAIL", "CATEGORIES", "X-A", "NOTE", "URL"} {
		if !left[name] {
			t.Errorf("%s is not said to be left out: %v", name, row.leftOut)
		}
	}
	if row.problems != nil {
		t.Errorf("problems: %v", row.problems)
	}
}

// TestVCardValueLimit: a value is measured as it is decoded.
func TestVCardValueLimit(t *testing.T) {
	l := &Limits{Value: 100}
	for _, c := range []struct {
		text string
		left bool
	}{
		{"NOTE:" + strings.Repeat("a", 100), false},
		{"NOTE:" + strings.Repeat("a", 101), true},
		{"NOTE;ENCODING=QUOTED-PRINTABLE:" + strings.Repeat("=41", 100), false},
		{"NOTE;ENCODING=QUOTED-PRINTABLE:" + strings.Repeat("=41", 50) + "=\n" + strings.Repeat("=41", 51), true},
		{"NOTE;ENCODING=BASE64:\n " + strings.Repeat("QUFB", 33), false},
		{"NOTE;ENCODING=BASE64:\n " + strings.Repeat("QUFB", 34), true},
		{"PHOTO:" + strings.Repeat("a\n ", 2000), true},
	} {
		text := "BEGIN:VCARD\n" + c.text + "\nTEL:1\nEND:VCARD\n"
		row := readCards(t, text, l)[0]
		if len(row.leftOut) > 0 != c.left || row.contact.CellPhone.Number != "1" {
			t.Errorf("%.60s: left out %v, want %v", c.text, row.leftOut, c.left)
		}
		want := text
		if c.left {
			name, _, _ := strings.Cut(strings.ReplaceAll(c.text, ";", ":"), ":")
			want = "BEGIN:VCARD\nX-CONTACTS-LEFT-OUT:" + name
			if !strings.HasPrefix(string(row.raw), want) || !strings.HasSuffix(string(row.raw), " bytes\nTEL:1\nEND:VCARD\n") {
				t.Errorf("%.60s: raw is %q", c.text, row.raw)
			}
		} else if string(row.raw) != want {
			t.Errorf("%.60s: raw is %q", c.text, row.raw)
		}
	}
}
