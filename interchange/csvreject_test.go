package interchange

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
)

// rejected writes the rows that fail, as an import does.
func rejected(t *testing.T, in []byte, o *CSVOptions, fails func(i int) string) string {
	t.Helper()
	r, err := newCSVReader(bytes.NewReader(in), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	type raw struct {
		text   []byte
		reason string
	}
	var list []raw
	for i := 0; ; i++ {
		one, err := r.read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if reason := fails(i); reason != "" {
			list = append(list, raw{bytes.Clone(one.raw), reason})
		}
	}
	if err := r.rejectHead(w); err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if err := r.reject(w, one.text, one.reason); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCSVRejects(t *testing.T) {
	all := func(int) string { return `no "number", sir` }
	for _, c := range []struct {
		name string
		in   []byte
		o    *CSVOptions
		want string
	}{
		{"plain", []byte("name,phone\nAnn,1\nBob\n"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\nBob,,\"no 'number', sir\"\n"},
		{"sep, CRLF", []byte("sep=;\r\nname;phone\r\n\"A\r\nB\";1\r\n"), nil, "sep=;\r\nname;phone;rejected\r\n\"A\r\nB\";1;no 'number', sir\r\n"},
		{"rejected before", []byte("name,phone,rejected\nAnn,1,\"old, reason\"\nBob,2,\n"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\nBob,2,\"no 'number', sir\"\n"},
		{"last line without an end", []byte("name,phone\nAnn,1"), nil, "name,phone,rejected\nAnn,1,\"no 'number', sir\"\n"},
		{"UTF-16", utf16Bytes("name\tphone\nÄnne\t1\n", binary.LittleEndian, true), nil, "name\tphone\trejected\nÄnne\t1\tno 'number', sir\n"},
		{"windows-1252", windows1252(t, "name;phone\nÄnne;1\n"), nil, "name;phone;rejected\nÄnne;1;no 'number', sir\n"},
		{"windows-1252 given", windows1252(t, "name;phone\nÄnne;1\n"), &CSVOptions{Encoding: "windows-1252"}, "name;phone;rejected\nÄnne;1;no 'number', sir\n"},
		{"no header found", []byte("Ann,+16502530000\n"), nil, "fullName,phones,rejected\nAnn,+16502530000,\"no 'number', sir\"\n"},
		{"no header given", []byte("Ann,+16502530000"), &CSVOptions{NoHeader: true}, "Ann,+16502530000\n"},
	} {
		got := rejected(t, c.in, c.o, all)
		if got != "\ufeff"+c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		was, _, err := readCSV(t, c.in, c.o, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := readCSV(t, []byte(got), c.o, nil)
		if err != nil || len(again) != len(was) {
			t.Fatalf("%s: read again: %d rows, %v", c.name, len(again), err)
		}
		for i := range was {
			if a, b := flatContact(&was[i].contact), flatContact(&again[i].contact); a != b || again[i].problems != nil {
				t.Errorf("%s: read again: %s\nwant %s\n%v", c.name, b, a, again[i].problems)
			}
		}
		if twice := rejected(t, []byte(got), c.o, all); twice != got {
			t.Errorf("%s: rejected again: %q", c.name, twice)
		}
	}
}

// A malformed row among rejects does not take others with it, and comes in once
// it is mended.
func TestCSVRejectsMalformed(t *testing.T) {
	in := "name,phone\n\"Ann,1\nBob,2,x,y\n\"Cy\"z,3\nDan,4\n"
	got := rejected(t, []byte(in), nil, func(i int) string { return "why, oh why" })
	rows, _, err := readCSV(t, []byte(got), nil, nil)
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v of %q", len(rows), err, got)
	}
	for i, bad := range []bool{true, true, true, false} {
		if (rows[i].problems != nil) != bad {
			t.Errorf("row %d: %v", i, rows[i].problems)
		}
	}
	if again := rejected(t, []byte(got), nil, func(int) string { return "" }); again != "\ufeffname,phone,rejected\n" {
		t.Errorf("nothing rejected again: %q", again)
	}
	if again := rejected(t, []byte(got), nil, func(int) string { return "so" }); !strings.Contains(again, "\nBob,2,x,y,\"why, oh why\",so\n") || !strings.Contains(again, "\nDan,4,so\n") {
		t.Errorf("rejected again: %q", again)
	}
	mended := strings.NewReplacer(`"Ann`, `"Ann"`, `,x,y`, ``, `"Cy"z`, `"Cy""z"`).Replace(got)
	rows, _, err = readCSV(t, []byte(mended), nil, nil)
	if err != nil || len(rows) != 4 {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows {
		if r.problems != nil || r.contact.CellPhone.Number != fmt.Sprint(i+1) {
			t.Errorf("mended row %d: %v, %v", i, r.contact.CellPhone, r.problems)
		}
	}
}
