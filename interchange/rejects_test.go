package interchange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/callerbook/contacts/memstore"
)

// Rejects that nobody mended fail again, each for the same reason, and nothing of
// them comes in: neither half of a row that was too long, nor one row as part of
// another.
func TestRejectsNotMended(t *testing.T) {
	const header = "name,phone,notes\n"
	longRow := header + "Ann,1,x\nBob,+16502530000," + strings.Repeat("n", 1<<20) + "\nCyd,2,\n"
	damaged := "name;phone;note\r\nÄnne;1;\"a\r\nb\"\r\nBob;12;\"open\r\n\"C\"yd;123;\r\nDora;1234;;;;x\r\nEve;9,87654E+09;\r\n"
	card := func(lines string) string { return "BEGIN:VCARD\n" + lines + "END:VCARD\n" }
	for _, c := range []struct {
		name string
		file []byte
		rows int
	}{
		{"damaged", []byte(damaged), 5},
		{"UTF-16", utf16Bytes(damaged, binary.LittleEndian, true), 5},
		{"UTF-16, no mark", utf16Bytes(damaged, binary.BigEndian, false), 5},
		{"windows-1252", windows1252(t, damaged), 5},
		{"sep", []byte("sep=|\n" + strings.ReplaceAll(damaged, ";", "|")), 5},
		{"tabs and CR", []byte(strings.NewReplacer(";", "\t", "\r\n", "\r").Replace(damaged)), 5},
		{"not UTF-8", []byte("name,phone\nJ\xf6rg,+16502530000\nÄnne,1\nÖzil,2\n"), 3},
		{"a row that is too long", []byte(longRow), 3},
		{"a quoted row that is too long", []byte(header + "Bob,+16502530000,\"" + strings.Repeat("n", 1<<20) + "\"\n"), 1},
		{"files put together", []byte("\ufeff\"name\",\"phone\"\n\"Ann\",\"1\"\n\ufeff\"Bob\",\"2\"\n"), 2},
		{"a card with too many properties", []byte(card("FN:Bob\nTEL:+16502530000\n" + strings.Repeat("X-A:1\n", defaultProperties) + "TEL:+16502530001\n")), 1},
		{"a card that is too long", []byte(card("FN:Bob\nTEL:+16502530000\n" + strings.Repeat("X-A:"+strings.Repeat("a", defaultRow/100)+"\n", 110))), 1},
		{"a card without an end", []byte("BEGIN:VCARD\nFN:Ann\nTEL:1\nBEGIN:VCARD\nTEL:2\nEND:VCARD\nEGIN:VCARD\nTEL:+16502530000\nEND:VCARD\nBEGIN:VCARD\nTEL:3\nAGENT:\nBEGIN:VCARD\nEND:VCARD\n"), 4},
		{"cards put together", []byte("\ufeff" + card("FN:Ann\nTEL:1\n") + "\ufeffBEGIN:VCARD\nTEL:2\n\ufeff" + card("TEL:3\n")), 3},
		{"cards in UTF-16", utf16Bytes(card("FN:Änne\nTEL:1\n"), binary.LittleEndian, true), 1},
		{"cards in Latin-1", []byte(card("VERSION:2.1\nN;CHARSET=ISO-8859-1:M\xfcller\nTEL:1\n")), 1},
		{"lines of JSON, one too long", []byte("\ufeff{\"firstName\":\"A\",\"cellPhone\":{\"phoneNumber\":\"1\"}}\n\ufeff{\"firstName\":1}\n{\"firstName\":\"x\n{}\n[]\n{\"a\":\"" + strings.Repeat("x", 1<<20) + "\"}\n"), 6},
		{"an array that ends too early", []byte("[{\"firstName\":1},\n{\"firstName\":\"Bob\""), 3},
	} {
		book := newBook(t, memstore.New())
		file, reasons := c.file, ""
		for pass := range 3 {
			var rejects bytes.Buffer
			source := Any(bytes.NewReader(file))
			report, err := Import(t.Context(), book, source, &Options{Rejects: &rejects})
			if err != nil || report.Rows != c.rows || report.Failed != c.rows {
				t.Fatalf("%s, pass %d: %v\n%v%.1000q", c.name, pass, err, report, file)
			}
			if pass > 0 && fmt.Sprint(report.Reasons) != reasons && !strings.Contains(c.name, "too") { // of these the reason alone is left
				t.Errorf("%s, pass %d: %v, not %s\n%.1000q", c.name, pass, report.Reasons, reasons, file)
			}
			reasons = fmt.Sprint(report.Reasons)
			if file = rejects.Bytes(); pass > 0 && len(file) > 2*len(c.file)+2000 {
				t.Errorf("%s: rejects grow: %d bytes of %d", c.name, len(file), len(c.file))
			}
		}
	}
}
