package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
)

const file = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nTEL;CELL:+1 650 253 0000\r\nitem1.tel;X-A=\"b:c\":(650) 253-\r\n 0001\r\n" +
	"TEL;HOME;ENCODING=QUOTED-PRINTABLE:=2B1 650 253=\r\n 0002\r\nTEL;FAX:\r\nEND:VCARD\r\n" +
	"BEGIN:VCARD\r\nN:Other\r\nTEL:12\r\nTEL:+1 650 253 0003\r\nEND:VCARD\r\nTEL:5\r\n"

func TestNumbers(t *testing.T) {
	got := fmt.Sprint(numbers(file))
	want := "[{4 +1 650 253 0000} {5 (650) 253-0001} {7 +1 650 253 0002} {13 12} {14 +1 650 253 0003} {16 5}]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.vcf": file, "b.VCARD": "TEL:1\n", "c.csv": "name,phone\nJane,+1 650 253 0009\n", "d.txt": "TEL:1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run(context.Background(), []string{dir}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" | 3 | 4 | 7 | 0 | 7 | 3 | 4 | 3 |\n", "no region: beside: no-country 2,", ", no vCard file 1", "in, US"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

// TestLook: a number that a row has and its contact has not is found out.
func TestLook(t *testing.T) {
	rows := []interchange.Row{{Line: 3, Outcome: contacts.ImportFailed, Problems: []interchange.Problem{{Reason: "short", Value: "12"}}}, {Line: 9, Outcome: contacts.ImportFailed}}
	for _, c := range []struct {
		n    number
		want string
	}{{number{1, "12"}, ""}, {number{4, "1-2"}, "short"}, {number{4, "34"}, "beside: short"}, {number{9, "12"}, ""}} {
		why, in, err := look(context.Background(), nil, rows, c.n)
		if why != c.want || in || err != nil {
			t.Errorf("%v: %q, %v, %v; want %q", c.n, why, in, err, c.want)
		}
	}
}
