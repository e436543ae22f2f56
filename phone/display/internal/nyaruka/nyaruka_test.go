package nyaruka

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

// Zeros in front belong to the national number, however many.
func TestNumber(t *testing.T) {
	for _, row := range []struct {
		e164  string
		value uint64
		zeros int32
	}{
		{"+919876543210", 9876543210, 0},
		{"+390612345678", 612345678, 1},
		{"+390012345", 12345, 2},
		{"+39000", 0, 2}, // the last one is the value
		{"+3830", 0, 0},
		{"+1000000000000000000", 0, 17},
		{"+1999999999999999999", 999999999999999999, 0},
		{"+7000000000000000001", 1, 17},
	} {
		n, err := phone.ParseE164(row.e164)
		if err != nil {
			t.Fatal(err)
		}
		p := Number(n)
		zeros := p.GetNumberOfLeadingZeros() // 1 by default
		if !p.GetItalianLeadingZero() {
			zeros = 0
		}
		if int(p.GetCountryCode()) != n.CallingCode() || p.GetNationalNumber() != row.value || zeros != row.zeros {
			t.Errorf("%s: %v", row.e164, p)
		}
		if got := phonenumbers.Format(p, phonenumbers.E164); got != row.e164 {
			t.Errorf("%s: E.164 %s", row.e164, got)
		}
	}
}

func TestLanguages(t *testing.T) {
	for _, row := range []struct {
		tag     string
		tables  string
		english bool
	}{
		{"", "en", true},
		{"-", "en", true},
		{"en", "en", true},
		{"en-GB", "en", true},
		{"EN_us", "en", true},
		{"de-AT", "de", true},
		{"pt-BR", "pt", true},
		{"he", "iw", true},
		{"iw-IL", "iw", true},
		{"in", "id", true},
		{"hi", "", true},
		{"und", "", true},
		{"../../en", "", true},
		{"\xff\xfe", "", true},
		{strings.Repeat("a", 1<<20), "", true},
		{"ja-JP", "ja", false},
		{"ko", "ko", false},
		{"zh", "zh", false},
		{"zh-CN", "zh", false},
		{"zh-Hans-HK", "zh", false},
		{"zh-TW", "zh_Hant zh", false},
		{"zh_Hant", "zh_Hant zh", false},
		{"zh-hant-hk", "zh_Hant zh", false},
	} {
		tables, english := Languages(row.tag)
		if got := strings.Join(tables, " "); got != row.tables || english != row.english {
			t.Errorf("%.20q: %q %v, want %q %v", row.tag, got, english, row.tables, row.english)
		}
	}
}

// The list of languages is that of the tables.
func TestKnown(t *testing.T) {
	if testing.Short() {
		t.Skip("needs the go command; not in -short")
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/nyaruka/phonenumbers/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, of := range []string{"carrier", "geocoding"} {
		files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), of, "data", "*.txt.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", of, len(files), err)
		}
		for _, f := range files {
			want = append(want, strings.TrimSuffix(filepath.Base(f), ".txt.gz"))
		}
	}
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(known[:], want) {
		t.Errorf("known %q\nwant %q", known, want)
	}
}
