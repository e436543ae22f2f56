package interchange

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// telLine finds lines that are a number beyond doubt.
var telLine = regexp.MustCompile(`(?i)^(?:[a-z0-9]+\.)?TEL(?:;(?:type=)?[a-z,]+)*:(\+?[0-9][0-9 -]*[0-9])$`)

var lineEnds = regexp.MustCompile("\r\n|\r|\n")

// unaccounted returns a number of a row that is neither in its contact nor said
// to be left out; "" where there is none. It looks at the text by itself.
func unaccounted(r *row) string {
	if len(r.problems) > 0 {
		return ""
	}
	for _, l := range r.leftOut {
		if l.Name == "TEL" {
			return ""
		}
	}
	list := lineEnds.Split(string(r.raw), -1)
	for i, line := range list {
		found := telLine.FindStringSubmatch(line)
		if found == nil || folded(list[i+1:]) || i > 0 && strings.HasSuffix(list[i-1], "=") {
			continue
		}
		in := false
		for _, p := range append(r.contact.Phones[:len(r.contact.Phones):len(r.contact.Phones)], r.contact.CellPhone) {
			in = in || sameDigits(p.Number, found[1]) || p.Number == found[1]
		}
		if !in {
			return found[1]
		}
	}
	return ""
}

// folded reports whether lines go on with the one above.
func folded(list []string) bool {
	for _, line := range list {
		if !isBlank([]byte(line)) {
			return line[0] == ' ' || line[0] == '\t'
		}
		if line != "" {
			return true
		}
	}
	return false
}

func vCardSeeds(f *testing.F) {
	for _, c := range cards {
		f.Add([]byte("BEGIN:VCARD\n" + c.text + "\nEND:VCARD\n"))
	}
	f.Add(someCards(4))
	f.Add([]byte("TEL:123\nBEGIN:VCARD\nTEL:123\nBEGIN:VCARD\n  TEL:123\n  PRODID:" + ourProduct + "\n  X-CONTACTS-ID:1\nEND:VCARD"))
	f.Add([]byte("BEGIN:VCARD\nPRODID:" + ourProduct + "\nitem1.TEL:123\nitem1.X-CONTACTS-PHONE:123;+91;9;1 2 3;cell\nX-CONTACTS-CUSTOM:a;b\\r\nX-CONTACTS-CREATED-AT:2020-01-01T00:00:00Z\nX-CONTACTS-ADDRESS:{}\nEND:VCARD"))
}

func FuzzVCard(f *testing.F) {
	vCardSeeds(f)
	limits := &Limits{Row: 2000, Properties: 40, Value: 300}
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := newVCardReader(bytes.NewReader(file), limits)
		if err != nil {
			return
		}
		total := 0
		for {
			r, err := v.read()
			if err == io.EOF {
				break
			}
			if err != nil {
				var bad *FileError
				if !errors.As(err, &bad) {
					t.Fatal(err)
				}
				return
			}
			total += len(r.raw)
			if len(r.raw) > 2*limits.Row+limits.Properties*100 {
				t.Fatalf("%d bytes of a row", len(r.raw))
			}
			if number := unaccounted(r); number != "" {
				t.Fatalf("%q is gone without a word: %s", number, said(r.contact))
			}
			checkReject(t, v, r, limits)
		}
		if total > 2*len(file)+100 {
			t.Fatalf("%d bytes became %d", len(file), total)
		}
	})
}

// checkReject: a row that is written to a file of rejects says the same when it is
// read from there.
func checkReject(t *testing.T, v rowReader, r *row, l *Limits) {
	t.Helper()
	if len(r.problems) > 0 || len(r.raw) > l.Row-100 {
		return
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := v.reject(w, r.raw, "why"); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	again, err := newVCardReader(&b, l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.read()
	if err != nil {
		t.Fatal(err)
	}
	if want := r.contact; !got.contact.Equal(want) {
		t.Fatalf("read again:\n%swas\n%s", said(got.contact), said(want))
	}
	if _, err := again.read(); err != io.EOF {
		t.Fatalf("more than a row: %v", err)
	}
}

func FuzzVCardRoundTrip(f *testing.F) {
	vCardSeeds(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := newVCardReader(bytes.NewReader(file), nil)
		if err != nil {
			return
		}
		for {
			r, err := v.read()
			if err != nil {
				return
			}
			if len(r.problems) > 0 {
				continue
			}
			for _, version := range []string{"3.0", "4.0"} {
				text := writeCards(t, version, r.contact)
				rows := readCards(t, text, nil)
				if len(rows) != 1 || len(rows[0].problems) > 0 || !rows[0].contact.Equal(r.contact) {
					t.Fatalf("%d rows: read\n%swrote\n%sas\n%s", len(rows), said(rows[0].contact), said(r.contact), text)
				}
			}
		}
	})
}
