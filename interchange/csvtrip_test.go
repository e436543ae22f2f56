package interchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// drawer makes contacts of the worst texts that a book takes.
type drawer struct{ *rand.Rand }

func (d drawer) pick(list ...string) string { return list[d.IntN(len(list))] }

// text is a text of some bytes at most. Lines allows line breaks, edges blanks at
// its ends and what is read as something else by formats that trim.
func (d drawer) text(limit int, lines, edges bool) string {
	var b strings.Builder
	for range d.IntN(6) {
		b.WriteString(d.pick("a", "Ann", " ", ",", ";", ":", " ::: ", ":::", `"`, `""`, "'", "=", "+1", "-", "@", "＝", `\`, "|", "#", "* ", "[", "]", "=1+1", "+91",
			"नमस्ते", "क्षत्रिय", "السلام", "王小明", "😀", "👩‍👩‍👧", "e\u0301", "Ångström", "O'Neil", "ß", "\u00a0", "\u2028", "0/0/00", "x=y", "sep=;", "="+`"0"`))
		if lines {
			b.WriteString(d.pick("", "", "\n", "\r\n", "\r", "\t"))
		}
	}
	s := b.String()
	for len(s) > limit {
		s = s[:strings.LastIndexFunc(s, func(rune) bool { return true })]
	}
	if !edges {
		s = strings.TrimSpace(s)
	}
	return s
}

func (d drawer) number() contacts.Phone {
	for {
		r, err := phone.Parse(d.pick(
			fmt.Sprintf("+9198%08d", d.IntN(1e8)), fmt.Sprintf("+1650253%04d", d.IntN(1e4)), fmt.Sprintf("+4420794600%02d", d.IntN(100)),
			fmt.Sprintf("+39066982%04d", d.IntN(1e4)), fmt.Sprintf("+4930%07d", d.IntN(1e7)), fmt.Sprintf("+5215512345%03d", d.IntN(1e3)),
			fmt.Sprintf("+91%d", 1e6+d.IntN(1e7)), fmt.Sprintf("+9191%08d", d.IntN(1e8)), fmt.Sprintf("+882%08d", d.IntN(1e8))), nil)
		if err != nil {
			continue
		}
		p := contacts.Phone{Number: r.Number.String(), CountryCode: fmt.Sprintf("+%d", r.Number.CallingCode()), Unverified: !r.Valid}
		if d.IntN(3) == 0 {
			p.Input = d.pick("(022) 1234", "x", "+91-98", " 0", "a; b", "a ::: b", `"`)
		}
		if d.IntN(4) == 0 {
			p.Extension = d.pick("9", "0,", "+1", "*67", "=", " 1 ", `\;`)
		}
		return p
	}
}

func (d drawer) contact(edges bool) contacts.Contact {
	c := contacts.Contact{ID: fmt.Sprintf("id-%d", d.IntN(1e9)), Status: contacts.Active,
		FirstName: d.text(contacts.MaxName, false, edges), LastName: d.text(contacts.MaxName, false, edges), Salutation: d.text(contacts.MaxSalutation, false, edges),
		Organization: d.text(contacts.MaxName, false, edges), Title: d.text(contacts.MaxName, false, edges), Notes: d.text(400, true, edges),
		ClientRef: d.text(contacts.MaxClientRef, false, edges), CreatedBy: d.pick("", "me", "'"), CreatedByAID: d.pick("", "a"), UpdatedBy: d.pick("", "=u"), UpdatedByAID: d.pick("", "@"),
		CreatedAt: time.UnixMilli(d.Int64N(2e12)).UTC(), UpdatedAt: time.UnixMilli(d.Int64N(2e12)).UTC()}
	if d.IntN(5) == 0 {
		c.Status, c.DeletedAt = contacts.Inactive, time.UnixMilli(d.Int64N(2e12)).UTC()
	}
	c.CellPhone = d.number()
	for range d.IntN(4) {
		p := d.number()
		p.Label, p.Shared = d.text(contacts.MaxLabel, false, edges), d.IntN(3) == 0
		c.Phones = append(c.Phones, p)
	}
	for range d.IntN(3) {
		c.Emails = append(c.Emails, contacts.Email{Address: d.pick("a@x.com", "b@y", `"a,b"@z.com`, "a;b@x", "a:b@x", "=a@b", "a:::b@x", "@a@b"), Label: d.text(contacts.MaxLabel, false, edges)})
	}
	for range d.IntN(4) {
		if t := d.text(contacts.MaxLabel, false, edges); strings.TrimSpace(t) != "" && !slices.Contains(c.Tags, t) {
			c.Tags = append(c.Tags, t)
		}
	}
	for range d.IntN(4) {
		if c.Custom == nil {
			c.Custom = map[string]string{}
		}
		key := d.pick("adr.home", "adr", "url", "url.work", "bday", "related.spouse", "event.x", "nickname", "", "Badge", "a: b", d.text(contacts.MaxLabel, false, edges))
		c.Custom[key] = d.text(400, true, edges)
	}
	if d.IntN(3) == 0 {
		c.Address = []json.RawMessage{json.RawMessage(`{"a":"b, \"c\""}`), json.RawMessage(`null`), json.RawMessage(`[1,"=2"]`)}
		c.Twitter = []json.RawMessage{json.RawMessage(`"@x"`)}
	}
	if d.IntN(6) == 0 {
		c.MergedFrom = []contacts.Origin{{ID: "o", At: time.UnixMilli(d.Int64N(2e12)).UTC(), Numbers: []string{"+1"}, Fields: []contacts.Taken{{Field: "firstName", Was: d.text(20, false, true)}}}}
	}
	return c
}

// written returns contacts as a file, and the fields of each that are left out.
func written(t testing.TB, w rowWriter, list ...contacts.Contact) ([]byte, []map[string]int) {
	t.Helper()
	var buf bytes.Buffer
	out := bufio.NewWriter(&buf)
	left := make([]map[string]int, len(list))
	if err := w.begin(out); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		left[i] = map[string]int{}
		if err := w.write(out, &list[i], func(f string) { left[i][f]++ }); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(out); err != nil {
		t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), left
}

// What is written with our own columns is read back equal, in all that Equal
// looks at and in what it does not.
func TestCSVRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	d := drawer{rand.New(rand.NewPCG(seed, 1))}
	var list []contacts.Contact
	for range 3000 {
		list = append(list, d.contact(true))
	}
	file, left := written(t, newCSVWriter(), list...)
	rows, report, err := readCSV(t, file, nil, nil)
	if err != nil || len(rows) != len(list) || report.Layout != layoutOurs {
		t.Fatalf("seed %d: %d rows, layout %s, %v", seed, len(rows), report.Layout, err)
	}
	for i, r := range rows {
		if len(left[i]) > 0 {
			t.Fatalf("contact %d: left out: %v", i, left[i])
		}
		if len(r.problems) > 0 || !r.contact.Equal(list[i]) || r.contact.UpdatedBy != list[i].UpdatedBy || !r.contact.UpdatedAt.Equal(list[i].UpdatedAt) || r.contact.UpdatedByAID != list[i].UpdatedByAID {
			t.Fatalf("seed %d, contact %d: %v\n%s\nwant\n%s\n%s", seed, i, r.problems, flatContact(&r.contact), flatContact(&list[i]), r.text)
		}
	}
	assertHarmless(t, file)
}

// assertHarmless fails where a cell is one that a spreadsheet runs.
func assertHarmless(t *testing.T, file []byte) {
	t.Helper()
	s := newCSVScanner(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff"))), ',', 1<<20, 1000)
	for {
		rec, err := s.next()
		if err == io.EOF {
			return
		}
		for _, c := range rec.text(nil) {
			digits := strings.HasPrefix(c, "+") && strings.Trim(c[1:], "0123456789") == ""
			if strings.ContainsAny(c[:min(len(c), 1)], "=+-@\t\r\n") && !digits {
				t.Errorf("a cell is %q", c)
			}
		}
	}
}

// What Google and Outlook keep is read back as it was.
func TestCSVOthersRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	for name, c := range map[string]struct {
		w      func() rowWriter
		layout string
	}{"google": {newGoogleWriter, layoutGoogle2024}, "outlook": {newOutlookWriter, layoutOutlook}} {
		d := drawer{rand.New(rand.NewPCG(seed, 2))}
		var list []contacts.Contact
		for range 1500 {
			list = append(list, d.contact(false))
		}
		file, lefts := written(t, c.w(), list...)
		assertHarmless(t, file)
		rows, report, err := readCSV(t, file, nil, nil)
		if err != nil || len(rows) != len(list) || report.Layout != c.layout {
			t.Fatalf("%s, seed %d: %d rows, %s, %v", name, seed, len(rows), report.Layout, err)
		}
		for i, want := range list {
			got, left := rows[i].contact, lefts[i]
			if len(rows[i].problems) > 0 {
				t.Fatalf("%s, seed %d, contact %d: %v", name, seed, i, rows[i].problems)
			}
			for field, same := range map[string]bool{
				"firstName": got.FirstName == want.FirstName, "lastName": got.LastName == want.LastName, "salutation": got.Salutation == want.Salutation,
				"organization": got.Organization == want.Organization, "title": got.Title == want.Title, "notes": got.Notes == want.Notes,
				"cellPhone": got.CellPhone.Number == want.CellPhone.Number,
				"phones":    left["phones"] > 0 || sameNumbers(got.Phones, want, left["phones.label"] > 0),
				"emails":    left["emails"] > 0 || sameEmails(got.Emails, want.Emails, left["emails.label"] > 0),
				"tags":      left["tags"] > 0 || slices.Equal(got.Tags, want.Tags),
				"custom":    left["custom"] > 0 || sameCustom(got.Custom, want.Custom),
			} {
				if !same {
					t.Fatalf("%s, seed %d, contact %d: %s\n%s\nwant\n%s\n%s", name, seed, i, field, flatContact(&got), flatContact(&want), rows[i].text)
				}
			}
		}
	}
}

func sameNumbers(got []contacts.Phone, c contacts.Contact, labels bool) bool {
	key := func(p contacts.Phone) string {
		if labels {
			return p.Number
		}
		return p.Number + " " + p.Label
	}
	var a, b []string
	seen := []string{c.CellPhone.Number}
	for _, p := range got {
		a = append(a, key(p))
	}
	for _, p := range c.Phones {
		if !slices.Contains(seen, p.Number) {
			b, seen = append(b, key(p)), append(seen, p.Number)
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func sameEmails(got, want []contacts.Email, labels bool) bool {
	var a, b, seen []string
	for _, e := range got {
		a = append(a, e.Address+" "+map[bool]string{false: e.Label}[labels])
	}
	for _, e := range want {
		if !slices.Contains(seen, e.Address) {
			seen = append(seen, e.Address)
			b = append(b, e.Address+" "+map[bool]string{false: e.Label}[labels])
		}
	}
	return slices.Equal(a, b)
}

func sameCustom(got, want map[string]string) bool {
	n := 0
	for k, v := range want {
		if v == "" || v == "0/0/00" && k == keyBirthday && got[k] == "" {
			continue // Outlook's for "not known"
		}
		if n++; got[k] != v {
			return false
		}
	}
	return n == len(got)
}

// The six columns of an Agent Assist import are national digits.
func TestCSVOursForAgentAssist(t *testing.T) {
	c := contacts.Contact{FirstName: "Asha", CellPhone: contacts.Phone{Number: "+919876543210", CountryCode: "+91", Extension: "9"}}
	file, _ := written(t, newCSVWriter(), c)
	lines := strings.Split(string(file), "\n")
	if !strings.HasPrefix(lines[0], "\ufefffirstName,lastName,salutation,cellPhoneNumber,cellPhoneCountryCode,cellPhoneExtension,") || !strings.HasPrefix(lines[1], "Asha,,,9876543210,+91,9,") {
		t.Errorf("%s", file)
	}
}

// Lists are read as a person types them.
func TestCSVListsTyped(t *testing.T) {
	got := readPhones(" work : +44 20 7946 0018 ;ext=12 ::: +442079460019;shared:::home: 1;2 ::: ")
	want := []contacts.Phone{{Label: "work", Number: "+44 20 7946 0018", Extension: "12"}, {Number: "+442079460019", CountryCode: "+44", Shared: true}, {Label: "home", Number: "1;2"}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got := readEmails("work: a@x.com ::: b@x.com"); !slices.Equal(got, []contacts.Email{{Label: "work", Address: "a@x.com"}, {Address: "b@x.com"}}) {
		t.Errorf("%+v", got)
	}
	if got := readTexts("a b ::: c"); !slices.Equal(got, []string{"a b", "c"}) {
		t.Errorf("%q", got)
	}
}

func FuzzCSVRoundTrip(f *testing.F) {
	f.Add("Ann", "work", "a ::: b", "k", `v\`)
	f.Add("=1+1", ":", ";", "", "")
	f.Add(" '", `\`, `\\ `, " :::", "x;y=z")
	f.Fuzz(func(t *testing.T, name, label, tag, key, value string) {
		for _, s := range []string{name, label, tag, key, value} {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsFunc(s, unicode.IsControl) {
				return
			}
		}
		want := contacts.Contact{ID: "x", Status: contacts.Active, FirstName: name, Notes: name + "\r\n" + value,
			Phones: []contacts.Phone{{Number: "+919876543210", CountryCode: "+91", Label: label, Input: value, Extension: key}},
			Emails: []contacts.Email{{Address: value + "@" + key, Label: label}}, Custom: map[string]string{key: value + "\n"}}
		if strings.TrimSpace(tag) != "" {
			want.Tags = []string{tag}
		}
		file, _ := written(t, newCSVWriter(), want)
		rows, _, err := readCSV(t, file, nil, nil)
		if err != nil || len(rows) != 1 || len(rows[0].problems) > 0 || !rows[0].contact.Equal(want) {
			t.Fatalf("%d rows, %v: %s", len(rows), err, file)
		}
		for _, w := range []rowWriter{newGoogleWriter(), newOutlookWriter()} {
			file, _ := written(t, w, want)
			if rows, _, err := readCSV(t, file, nil, nil); err != nil || len(rows) != 1 || len(rows[0].problems) > 0 || rows[0].contact.FirstName != strings.TrimSpace(name) {
				t.Fatalf("%d rows, %v: %s", len(rows), err, file)
			}
		}
	})
}
