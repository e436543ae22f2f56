package interchange

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/callerbook/contacts"
)

// rowsOf reads a file to its end.
func rowsOf(t testing.TB, r rowReader) (rows []row) {
	t.Helper()
	for {
		got, err := r.read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		kept := *got
		kept.raw = bytes.Clone(got.raw)
		rows = append(rows, kept)
	}
}

func readJSON(t testing.TB, text string, l *Limits) []row {
	t.Helper()
	r, err := newJSONReader(strings.NewReader(text), l)
	if err != nil {
		t.Fatal(err)
	}
	return rowsOf(t, r)
}

func TestJSONRows(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for name, c := range map[string]struct {
		text string
		want string // names and what is wrong, by line
	}{
		"plain":            {"{\"firstName\":\"Ann\"}\n{\"firstName\":\"Bob\"}\n", "1:Ann 2:Bob"},
		"no end of line":   {`{"firstName":"Ann"}`, "1:Ann"},
		"CRLF, mark":       {"\ufeff{\"firstName\":\"Ann\"}\r\n\r\n{\"firstName\":\"Bob\"}\r\n", "1:Ann 3:Bob"},
		"blank lines":      {"\n \t\n{\"firstName\":\"Ann\"}\n\n", "3:Ann"},
		"empty":            {"", ""},
		"UTF-16":           {"\xff\xfe{\x00\"\x00f\x00i\x00r\x00s\x00t\x00N\x00a\x00m\x00e\x00\"\x00:\x00\"\x00\xe9\x00\"\x00}\x00\n\x00", "1:é"},
		"array":            {"[\n{\"firstName\":\"Ann\"},\n{\"firstName\":\"Bob\"}\n]\n", "2:Ann 3:Bob"},
		"array, one line":  {`[{"firstName":"Ann"},{"firstName":"Bob"}]`, "1:Ann 1:Bob"},
		"array, laid out":  {"[ {\n \"firstName\" :\n \"A}],n\"\n} , {\"firstName\":\"B\\\"ob\"} ]", "1:A}],n 4:B\"ob"},
		"two arrays":       {"[{\"firstName\":\"Ann\"}]\n[{\"firstName\":\"Bob\"}]", "1:Ann 2:Bob"},
		"empty array":      {"[]", ""},
		"array cut off":    {"[{\"firstName\":\"Ann\"},\n{\"firstName\":", "1:Ann 2!malformed 2!malformed"},
		"array not closed": {"[{\"firstName\":\"Ann\"},\n", "1:Ann 2!malformed"},
		"bad string":       {"[{\"firstName\":\"Ann},\n{\"firstName\":\"Bob\"}]", "1!malformed 2:Bob"},
		"brace missing":    {"[{\"firstName\":\"Ann\"\n{\"firstName\":\"Bob\"},\n{\"firstName\":\"Cy\",\n{\"firstName\":\"Di\"}]", "1!malformed 2:Bob 3!malformed 4:Di"},
		"bracket missing":  {"[{\"phones\":[{\"label\":\"a\"}},\n{\"firstName\":\"Bob\"}]", "1!malformed 2:Bob"},
		"objects within":   {"[{\"custom\": {\"a\":\"b\"},\"x\":[{},{\"y\":{}}],\"firstName\":\"Ann\"}]", "1:Ann"},
		"array of others":  {"[{}, 17, \"{\", [{}], true\n]", "1: 1!malformed 1!malformed 1!malformed 1!malformed"},
		"array in lines":   {"{}\n[1]\n{\"firstName\":\"Ann\"}", "1: 2!malformed 3:Ann"},
		"no JSON":          {"{\"firstName\":\"Ann\"\n{\"firstName\":\"Bob\"}\n", "1!malformed 2:Bob"},
		"two in a line":    {"{} {}\n{},\n{\"firstName\":\"Ann\"}", "1!malformed 2!malformed 3:Ann"},
		"no object":        {"17\nnull\n\"x\"\n{\"firstName\":\"Ann\"}", "1!malformed 2!malformed 3!malformed 4:Ann"},
		"no UTF-8":         {"{\"firstName\":\"\xff\"}\n{\"firstName\":\"Ann\"}", "1!character 2:Ann"},
		"half an escape":   {`{"firstName":"\ud800"}`, "1!character firstName"},
		"whole escapes":    {`{"firstName":"\ud83d\ude00\\u\""}`, "1:😀\\u\""},
		"key twice":        {`{"firstName":"Ann","first\u004eame":"Bob"}`, "1!repeated firstName"},
		"key twice within": {`{"phones":[{"phoneNumber":"1"},{"phoneNumber":"2","phoneNumber":"3"}]}`, "1!repeated phones[1].phoneNumber"},
		"deep":             {`{"address":[` + deep + `]}`, "1!too_large address" + strings.Repeat("[0]", 31)},
		"long number":      {`{"x":` + strings.Repeat("1", 65) + `}`, "1!too_large x"},
		"many values":      {`{"x":[` + strings.Repeat("{},", 10_000) + `{}]}`, "1!too_large x[]"},
		"many keys":        {"{" + manyKeys(10_001) + "}\n{}", "1!too_large k10000 2:"},
		"id of a type":     {`{"id":17}`, "1!wrong_type id"},
		"no time":          {`{"createdAt":"yesterday"}`, "1!time createdAt"},
		"null":             {`{"id":null,"createdAt":null,"mergedFrom":null,"firstName":"Ann"}`, "1:Ann"},
		"merges":           {`{"mergedFrom":[1]}`, "1!wrong_type mergedFrom"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range readJSON(t, c.text, nil) {
				s := jsonNumber(r.line)
				if len(r.problems) == 0 {
					s += ":" + r.contact.FirstName
				} else {
					s += "!" + string(r.problems[0].Reason)
					if f := r.problems[0].Field; f != "" {
						s += " " + f
					}
				}
				got = append(got, s)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got  %s\nwant %s", s, c.want)
			}
		})
	}
}

func manyKeys(n int) string {
	var list []string
	for i := range n {
		list = append(list, `"k`+jsonNumber(i)+`":1`)
	}
	return strings.Join(list, ",")
}

func jsonNumber(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestJSONLongRow(t *testing.T) {
	long := `{"firstName":"` + strings.Repeat("x", 300_000) + `"}`
	for _, text := range []string{
		`{"firstName":"Ann"}` + "\n" + long + "\n" + `{"firstName":"Bob"}`,
		"[" + `{"firstName":"Ann"}` + ",\n" + long + ",\n" + `{"firstName":"Bob"}]`,
	} {
		rows := readJSON(t, text, &Limits{Row: 1000})
		if len(rows) != 3 || len(rows[1].problems) != 1 || rows[1].problems[0].Reason != ReasonTooLarge || rows[1].line != 2 || rows[2].contact.FirstName != "Bob" {
			t.Errorf("%d rows: %+v", len(rows), rows)
		}
	}
}

func TestJSONLeftOut(t *testing.T) {
	rows := readJSON(t, `{"firstName":"Ann","FirstName":"Bob","nick":"A","none":null,"empty":[ ],"rejected":"line 3","cellPhone":{"phoneNumber":"1","label":"home","carrier":"x"},"phones":[{"phoneNumber":"2","x":1}],"emails":["a@b.c",{"address":"d@e.f","label":"l","verified":true}],"fullName":"Else","mergedFrom":[{"id":"x","at":"2025-01-02T15:04:05.000Z"}]}`, nil)
	var got []string
	for _, l := range rows[0].leftOut {
		got = append(got, l.Name)
	}
	want := []string{"FirstName", "nick", "cellPhone.label", "cellPhone.carrier", "phones.x", "emails.verified", "fullName", "mergedFrom"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A rejected row says why, and is read as it was; what is no object is copied.
func TestJSONReject(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"{\"firstName\":\"Ann\"}\r\n", `{"firstName":"Ann","rejected":"line 1: \"no\""}`},
		{`{}`, `{"rejected":"line 1: \"no\""}`},
		{`{"rejected":"line 7: old", "firstName" : "Ann","x":[1, 2]}`, `{"firstName":"Ann","x":[1,2],"rejected":"line 1: \"no\""}`},
		{"{\n\"firstName\":\n\"Ann\"}", `{"firstName":"Ann","rejected":"line 1: \"no\""}`},
		{"", `{"rejected":"line 1: \"no\""}`},
		{"{\"firstName\":\n\"Ann\n", "{\"firstName\": \"Ann"},
		{"{\"firstName\":\"A\rnn\"}\n", "{\"firstName\":\"A\rnn\"}"}, // not mended by chance
		{"{\"firstName\":\"Ann\"}\v\n", "{\"firstName\":\"Ann\"}\v"},
		{"\xff", "\xff"},
	} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		r, _ := newJSONReader(strings.NewReader(""), nil)
		if err := r.reject(w, []byte(c.raw), `line 1: "no"`); err != nil {
			t.Fatal(err)
		}
		_ = w.Flush()
		if out.String() != c.want+"\n" {
			t.Errorf("%q: got %q", c.raw, out.String())
		}
	}
}

func TestJSONWrite(t *testing.T) {
	var out bytes.Buffer
	list := func(yield func(contacts.Contact, error) bool) {
		yield(contacts.Contact{FirstName: "A\nB", Address: []json.RawMessage{json.RawMessage("{\n}")}}, nil)
	}
	if n, err := Write(&out, FormatJSONLines, list); err != nil || n.Contacts != 1 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%v %v %s", n, err, out.String())
	}
	bad := func(yield func(contacts.Contact, error) bool) {
		yield(contacts.Contact{Address: []json.RawMessage{json.RawMessage("}\n{")}}, nil)
	}
	if _, err := Write(io.Discard, FormatJSONLines, bad); err == nil {
		t.Error("what is no JSON was written")
	}
}

// Whatever comes: every row has a line, a contact or a problem, and is read as
// strictly as encoding/json at least; a reject of a good object is read as it was.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		"{\"firstName\":\"Ann\",\"cellPhone\":{\"phoneNumber\":\"1\"}}\n{\"x\":[{}]}", "[{\"a\":1},\n{\"b\":\"\\ud83d\\ude00\"}]", "[[[[", "{\"a\":{\"a\":1,\"a\":2}}",
		"\xff\xfe{\x00}\x00", "[\"\n{}", "[{},", "{\"rejected\":1}\r\n\r\n{", "[]]}{[", "\ufeff[ {} \n ,,]x", "{}\n\ufeff{}\n\xef", "[{\"a\":[{\n{}}", "\xff\xfe\x00\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := newJSONReader(strings.NewReader(text), &Limits{Row: 200})
		if err != nil {
			return // a file in UTF-32
		}
		line := 0
		for _, r := range rowsOf(t, all) {
			if r.line < line || r.line < 1 {
				t.Fatalf("line %d after %d", r.line, line)
			}
			line = r.line
			if len(r.problems) > 0 {
				continue
			}
			if !utf8.Valid(r.raw) || !json.Valid(r.raw) {
				t.Fatalf("taken: %q", r.raw)
			}
			var out bytes.Buffer
			w := bufio.NewWriter(&out)
			j := &jsonReader{}
			if err := j.reject(w, r.raw, "why"); err != nil {
				t.Fatal(err)
			}
			_ = w.Flush()
			again := readJSON(t, out.String(), nil)
			if len(again) != 1 || len(again[0].problems) > 0 || !again[0].contact.Equal(r.contact) {
				t.Fatalf("%q is rejected as %q", r.raw, out.String())
			}
		}
	})
}
