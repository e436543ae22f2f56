package cell

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

func TestCell(t *testing.T) {
	for text, want := range map[string]string{
		"":             "",
		"John":         "John",
		"'t Hooft":     "'t Hooft",
		"+":            "+",
		"+91":          "+91",
		"+1+1":         "'+1+1",
		"+91 22":       "'+91 22",
		"=1+1":         "'=1+1",
		"-1":           "'-1",
		"@SUM(A1)":     "'@SUM(A1)",
		"\tx":          "'\tx",
		"\rx":          "'\rx",
		"'=1+1":        "''=1+1",
		"''+91":        "'''+91",
		"＝1+1":         "'＝1+1",
		"a=b":          "a=b",
		"9876543210":   "9876543210",
		"'9876543210'": "'9876543210'",
	} {
		quoted := Quote(text)
		if quoted != want {
			t.Errorf("Quote(%q) = %q, want %q", text, quoted, want)
		}
		if back := Unquote(quoted); back != text {
			t.Errorf("Unquote(%q) = %q, want %q", quoted, back, text)
		}
	}
}

// Whatever a contact is called, its cell runs nowhere and is read back as it was.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"", "=", "'=", "''", "+", "+91", "+a", "-", "@", "\t", "\r\n", "＝", "'＋1", "\xff", "a,b", `"`, " =1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := Quote(s)
		if strings.HasPrefix(quoted, "+") && strings.Trim(quoted[1:], "0123456789") != "" || strings.IndexAny(quoted, "=-@\t\r\n") == 0 {
			t.Errorf("%q stays %q", s, quoted)
		}
		if back := Unquote(quoted); back != s {
			t.Errorf("%q -> %q -> %q", s, quoted, back)
		}
		if strings.ContainsAny(s, "\r") {
			return // encoding/csv reads \r\n as \n; no field of a contact has line breaks
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		if err := w.Write([]string{"x", quoted}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		record, err := csv.NewReader(&buf).Read()
		if err != nil || len(record) != 2 || Unquote(record[1]) != s {
			t.Errorf("%q is read back as %q, %v", s, record, err)
		}
	})
}
