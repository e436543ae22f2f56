package interchange

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"
)

// Any file at all is read without a panic, to its end, and what stands in its
// rows and around them is all of its text.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"", "name,phone\nAnn,1\n", "sep=;\r\nname;phone\r\n\"a\r\nb\";2", "\xff\xfen\x00a\x00m\x00e\x00", "name\n\"open\nAnn\n\"x\"y\n",
		"+16502530000\n9.9E+9\n", "Phone 1 - Value,Phone 1 - Label,Labels\n1 ::: 2,x,* a ::: b\n", "name,\"pho\nne\"\rAnn,=\"01\"\rBob,'=1\n", "\x00", `"`, "name,phone,rejected\n,,,\n",
		"Jos\xe9;Telefon\nx;1\n", "firstName,cellPhoneNumber,cellPhoneInput,twitterDetails,phones,custom\na,1,2,[],x: y; ext=1 ::: z,a: b\n"} {
		f.Add([]byte(s), "", false)
	}
	f.Add([]byte("a,b\n1,2\n"), "1=firstName", true)
	f.Add([]byte("0,phone\nphone\n0"), "", false)
	f.Fuzz(func(t *testing.T, in []byte, mapping string, bare bool) {
		o := &CSVOptions{NoHeader: bare}
		if column, field, ok := strings.Cut(mapping, "="); ok {
			o.Columns = map[string]string{column: field}
		}
		l := &Limits{Row: 200, Columns: 20}
		rows, _, err := readCSV(t, in, o, l)
		if err != nil {
			return
		}
		d, err := newDecoder(bytes.NewReader(in), "")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(d)
		reader, err := newCSVReader(bytes.NewReader(in), o, l)
		if err != nil {
			t.Fatal(err)
		}
		head := reader.(*csvReader)
		at, line := len(head.told), 0
		if i := bytes.Index(text[at:], head.header); i >= 0 {
			at += i + len(head.header) // what a row says may stand in the header, too
		}
		for _, r := range rows {
			i := bytes.Index(text[at:], []byte(r.text))
			if i < 0 || r.line <= line {
				t.Fatalf("row of line %d, %q, is not in %q", r.line, r.text, text[at:])
			}
			end := i + len(r.text)
			if r.text == "" { // it is too long
				i, end = longLine(text[at:], l.Row)
				if i < 0 || len(r.problems) != 1 || r.problems[0].Reason != ReasonTooLarge {
					t.Fatalf("row of line %d is not in %q: %v", r.line, text[at:], r.problems)
				}
			}
			if between := string(text[at : at+i]); line > 0 && strings.Trim(between, " \t\r\n,;|\u00a0\u0085") != "" && !blankText(between) {
				t.Fatalf("%q between rows is lost", between)
			}
			at, line = at+end, r.line
			if r.column != nil {
				_ = r.column("phones[0].phoneNumber")
			}
		}
	})
}

// longLine returns where the first line of more than so many bytes begins and ends,
// -1 for none.
func longLine(text []byte, most int) (from, to int) {
	for from = 0; from < len(text); from = to + 1 {
		if to = bytes.IndexAny(text[from:], "\r\n"); to < 0 {
			to = len(text) - from
		}
		if to += from; to-from > most {
			return from, to
		}
	}
	return -1, -1
}

// blankText reports whether nothing is in a text but what is in blank rows.
func blankText(s string) bool {
	return strings.TrimSpace(strings.NewReplacer("\ufeff", "", ",", "", ";", "", "|", "", `"`, "", "\t", "").Replace(s)) == ""
}

// The records are those of encoding/csv, where that reads a text at all.
func FuzzCSVScan(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "\"a\nb\",\"c\"\"d\"\n", "a\r\nb\n", "\"a\n", `"a"b`, "\n\n", `a"b,c`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		list, raw := scanned(t, bytes.NewReader(in), ',', 1<<20, 1000)
		if !bytes.Equal(raw, in) {
			t.Fatalf("%q came out as %q", in, raw)
		}
		if again, _ := scanned(t, &chunks{in, 1}, ',', 1<<20, 1000); strings.Join(again, "\n") != strings.Join(list, "\n") {
			t.Fatalf("in parts: %s\nwant %s", again, list)
		}
		if bytes.ContainsAny(in, "\r\ufeff") || bytes.Contains(in, []byte(` "`)) || bytes.Contains(in, []byte("\t\"")) || bytes.Contains(in, []byte(`" `)) || bytes.Contains(in, []byte("\"\t")) {
			return // read otherwise, on purpose
		}
		r := csv.NewReader(bytes.NewReader(in))
		r.FieldsPerRecord = -1
		records, err := r.ReadAll()
		if err != nil {
			return
		}
		var want []string
		for _, rec := range records {
			want = append(want, fmt.Sprintf("%q", rec))
		}
		var got []string
		for _, s := range list {
			if _, cells, _ := strings.Cut(s, " "); cells != `[""]` || strings.Contains(string(in), `"`) {
				got = append(got, cells)
			}
		}
		if strings.Contains(string(in), `"`) { // encoding/csv passes over lines with nothing, but not over ""
			return
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q:\n%s\nwant\n%s", in, got, want)
		}
	})
}

// plainCSV is a file of plain rows.
func plainCSV(rows int) []byte {
	var b bytes.Buffer
	b.WriteString("firstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension\n")
	for i := range rows {
		fmt.Fprintf(&b, "Firstname%d,Lastname%d,Mrs,98%08d,+91,%d\n", i%997, i%8191, i, i%10)
	}
	return b.Bytes()
}

// BenchmarkCSVRead reads plain rows into contacts, and, to compare, into records
// with encoding/csv alone.
func BenchmarkCSVRead(b *testing.B) {
	file := plainCSV(100_000)
	b.Run("interchange", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for range b.N {
			r, err := newCSVReader(bytes.NewReader(file), nil, nil)
			if err != nil {
				b.Fatal(err)
			}
			for {
				if _, err := r.read(); err != nil {
					break
				}
			}
		}
	})
	b.Run("encoding/csv", func(b *testing.B) {
		b.SetBytes(int64(len(file)))
		b.ReportAllocs()
		for range b.N {
			r := csv.NewReader(bytes.NewReader(file))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); err != nil {
					break
				}
			}
		}
	})
}
