package interchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// writeCards writes contacts as cards of a version.
func writeCards(t testing.TB, version string, list ...contacts.Contact) string {
	t.Helper()
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	v := newVCardWriter(version)
	for i := range list {
		if err := v.write(w, &list[i], func(field string) { t.Errorf("left out: %s", field) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// readCards reads all rows of a file.
func readCards(t testing.TB, text string, l *Limits) []row {
	t.Helper()
	return readAll(t, strings.NewReader(text), l)
}

func readAll(t testing.TB, r io.Reader, l *Limits) []row {
	t.Helper()
	v, err := newVCardReader(r, l)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for {
		got, err := v.read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		one := *got
		one.raw = bytes.Clone(got.raw)
		rows = append(rows, one)
	}
}

func TestVCardRoundTrip(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 3000 {
		c := anyContact(r)
		for _, version := range []string{"3.0", "4.0"} {
			checkRoundTrip(t, version, c)
		}
	}
}

func checkRoundTrip(t *testing.T, version string, c contacts.Contact) {
	t.Helper()
	text := writeCards(t, version, c)
	for _, line := range strings.SplitAfter(text, "\r\n") {
		if len(line) > foldAt+2 || !utf8.ValidString(line) {
			t.Fatalf("a line of %d bytes: %q", len(line), line)
		}
	}
	rows := readCards(t, text, nil)
	if len(rows) != 1 || len(rows[0].problems) > 0 || len(rows[0].leftOut) > 0 {
		t.Fatalf("%d rows, problems %v, left out %v\n%s", len(rows), rows[0].problems, rows[0].leftOut, text)
	}
	if got := rows[0].contact; !got.Equal(c) || !got.UpdatedAt.Equal(c.UpdatedAt) || got.UpdatedBy != c.UpdatedBy || got.UpdatedByAID != c.UpdatedByAID {
		a, b := fieldsOf(c), fieldsOf(got)
		for key := range a {
			if a[key] == b[key] {
				delete(a, key)
				delete(b, key)
			}
		}
		t.Fatalf("version %s: wrote\n%v\nread\n%v\nfrom\n%s", version, a, b, text)
	}
	if string(rows[0].raw) != text {
		t.Fatal("raw is not the card as it came")
	}
}

// fieldsOf returns the fields of a contact in JSON.
func fieldsOf(c contacts.Contact) map[string]string {
	m, fields := map[string]json.RawMessage{}, map[string]string{}
	b, _ := json.Marshal(c)
	_ = json.Unmarshal(b, &m)
	for key, value := range m {
		fields[key] = string(value)
	}
	for key, value := range c.Custom {
		delete(fields, "custom")
		fields["custom."+key] = fmt.Sprintf("%q", value)
	}
	return fields
}

// bits are what texts are made of.
var bits = []string{
	"a", "B", "Müller", "O'Neil", "देवनागरी", "عربى", "漢字", "カナ", "👩‍👩‍👧", "e\u0301", "Ω", "ß", " ", "  ", ",", ";", ":", `\`, `\\`, `\n`, `\,`, "^", "^n", "^'", `"`, "=", "=\u00a0",
	"#2", "=3D", "TEL:1", "BEGIN:VCARD", "END:VCARD", "\u2028", "\ufeff", "\u200d", "\ufffd", "_$!<Home>!$_", ".", "-", "mailto:", "item1.", "x", "yz", "0123456789", "@",
}

var lineBits = []string{"\n", "\r\n", "\r", "\t", "\n ", " \n", "\n\n", "\nTEL:1\n", "\nEND:VCARD\n"}

// anyText returns a text of at most so many bytes.
func anyText(r *rand.Rand, limit int, lines bool) string {
	var b strings.Builder
	for n := r.IntN(12); n > 0; n-- {
		s := bits[r.IntN(len(bits))]
		if lines && r.IntN(4) == 0 {
			s = lineBits[r.IntN(len(lineBits))]
		}
		if r.IntN(30) == 0 {
			s = strings.Repeat(s, r.IntN(200))
		}
		if b.Len()+len(s) > limit {
			break
		}
		b.WriteString(s)
	}
	return b.String()
}

// maybe returns f's text in half of the cases.
func maybe(r *rand.Rand, f func() string) string {
	if r.IntN(2) == 0 {
		return ""
	}
	return f()
}

var someLabels = []string{"", "work", "home", "mobile", "main", "fax", "work fax", "home fax", "pager", "other", "cell", "pref", "voice", "iPhone", "Büro", " work", "Work", "a;b", "a,b", "_$!<Mobile>!$_", "type=x", "home,work"}

func anyLabel(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return anyText(r, contacts.MaxLabel, false)
	}
	return someLabels[r.IntN(len(someLabels))]
}

func anyPhone(r *rand.Rand) contacts.Phone {
	p := contacts.Phone{Number: fmt.Sprintf("+9198765%05d", r.IntN(100)), CountryCode: "+91"}
	if r.IntN(4) == 0 {
		p.CountryCode = ""
	}
	p.Extension = maybe(r, func() string { return anyText(r, contacts.MaxExtension, false) })
	p.Input = maybe(r, func() string { return anyText(r, contacts.MaxNumber, false) })
	p.Unverified = r.IntN(2) == 0
	return p
}

var someKeys = []string{
	keyMiddleName, keySuffix, keyNickname, keyBirthday, keyGender, keyDepartment, keyRole, keyWebsite, keyWebsite + ".work", keyWebsite + ".home page", keyRelated, keyRelated + ".spouse",
	keyRelated + ".best friend", keyEvent, keyEvent + ".wedding", keyPostal, keyPostal + ".home", keyPostal + ".cottage", keyIM, keyIM + ".work", keyFN, keyPrefix, "vcard.REV", "vcard.PHOTO;ENCODING=b;TYPE=jpeg",
	"vcard.item1.X-FOO", "vcard.item1.X-ABLABEL", "vcard.item3.URL", "vcard.X-A;B=c", `vcard.X-A;B="c;d:e"`, "vcard.X-LONG;*", "vcard.N", "vcard.TITLE", "vcard.ORG", "vcard.UID", "vcard.TEL", "vcard.EMAIL", "vcard.NOTE",
	"vcard.PRODID", "vcard.", "vcard", "vcard.X-CONTACTS-ID", "vcard.X;TYPE=b,a", "vcard.X;TYPE=A", "vcard.x", "vcard.BEGIN", "vcard.END", "vcard.X;A=QUOTED-PRINTABLE", "vcard.AGENT", "vcard.FN;LANGUAGE=de", "", "key", "a b", ";", "#2",
}

func anyKey(r *rand.Rand) string {
	key := someKeys[r.IntN(len(someKeys))]
	switch r.IntN(8) {
	case 0:
		key = anyText(r, contacts.MaxLabel, false)
	case 1:
		key += "#2"
	case 2:
		key += "#3"
	case 3:
		key += "#2#2"
	}
	return key
}

func anyJSON(r *rand.Rand) json.RawMessage {
	b, _ := json.Marshal(map[string]string{"a": anyText(r, 300, true)})
	if r.IntN(2) == 0 {
		b = append([]byte("\r\n\t "), b...)
	}
	return b
}

// anyContact returns a contact that a book may have.
func anyContact(r *rand.Rand) contacts.Contact {
	name := func() string { return anyText(r, contacts.MaxName, false) }
	id := func() string { return anyText(r, contacts.MaxClientRef, false) }
	at := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return time.UnixMilli(r.Int64N(2e12)).UTC()
	}
	c := contacts.Contact{
		FirstName: maybe(r, name), LastName: maybe(r, name), Organization: maybe(r, name), Title: maybe(r, name),
		Salutation: maybe(r, func() string { return anyText(r, contacts.MaxSalutation, false) }),
		Notes:      maybe(r, func() string { return anyText(r, contacts.MaxNotes, true) }),
		ClientRef:  maybe(r, id),
		ID:         maybe(r, func() string { return "id-1_A" }), Status: []contacts.Status{"", contacts.Active, contacts.Inactive}[r.IntN(3)],
		CreatedBy: maybe(r, id), CreatedByAID: maybe(r, id), UpdatedBy: maybe(r, id), UpdatedByAID: maybe(r, id),
		CreatedAt: at(), UpdatedAt: at(), DeletedAt: at(), MergedInto: maybe(r, func() string { return "other" }),
	}
	if r.IntN(3) > 0 {
		c.CellPhone = anyPhone(r)
		if r.IntN(10) == 0 {
			c.CellPhone.Number = ""
		}
	}
	for range r.IntN(4) {
		p := anyPhone(r)
		p.Label, p.Shared = anyLabel(r), r.IntN(2) == 0
		c.Phones = append(c.Phones, p)
	}
	for range r.IntN(3) {
		c.Emails = append(c.Emails, contacts.Email{Address: fmt.Sprintf("%d%s@example.org", r.IntN(9), []string{"", ",", `;\`, "é"}[r.IntN(4)]), Label: anyLabel(r)})
	}
	for range r.IntN(4) {
		if s := anyText(r, contacts.MaxLabel, false); strings.TrimSpace(s) != "" && !strings.Contains(strings.Join(c.Tags, "\n")+"\n", s+"\n") {
			c.Tags = append(c.Tags, s)
		}
	}
	for range r.IntN(8) {
		if c.Custom == nil {
			c.Custom = map[string]string{}
		}
		if key := anyKey(r); len(key) <= contacts.MaxLabel {
			c.Custom[key] = anyText(r, contacts.MaxValue, true)
		}
	}
	for range r.IntN(3) {
		c.Address = append(c.Address, anyJSON(r))
		c.Twitter = append(c.Twitter, anyJSON(r))
	}
	if r.IntN(5) == 0 {
		c.MergedFrom = []contacts.Origin{{ID: "x", At: at(), Tags: []string{"a;b"}, Fields: []contacts.Taken{{Field: "notes", Was: "a\r\nb"}}}}
	}
	return c
}
