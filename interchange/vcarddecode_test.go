package interchange

import "testing"

// TestCharset reads a letter in each character set that cards come in, by the
// names that programs write.
func TestCharset(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"ISO-8859-1", "\xe9\x80", "é€"}, // as browsers take it: windows-1252
		{"latin1", "\xe9", "é"},
		{"us-ascii", "\x93", "“"},
		{"iso-8859-2", "\xb9", "š"},
		{"ISO-8859-15", "\xa4", "€"},
		{"windows-1250", "\x9a", "š"},
		{"CP1251", "\xc6", "Ж"},
		{"Windows-1256", "\xc8", "ب"},
		{"KOI8-R", "\xf6", "Ж"},
		{"Shift_JIS", "\x93\xfa", "日"},
		{"SJIS", "\x93\xfa", "日"},
		{"Windows-31J", "\x93\xfa", "日"},
		{"EUC-JP", "\xc6\xfc", "日"},
		{"ISO-2022-JP", "\x1b$BF|\x1b(B", "日"},
		{"GB2312", "\xc8\xd5", "日"},
		{"GBK", "\xc8\xd5", "日"},
		{"GB18030", "\xc8\xd5", "日"},
		{"Big5", "\xa4\xe9", "日"},
		{"KS_C_5601-1987", "\xc0\xcf", "일"},
		{"EUC-KR", "\xc0\xcf", "일"},
	}
	for _, tt := range tests {
		e := charset([]byte(tt.name))
		if e == nil {
			t.Errorf("%s is not known", tt.name)
			continue
		}
		if got, err := e.NewDecoder().String(tt.in); got != tt.want || err != nil {
			t.Errorf("%s: %q %v, want %q", tt.name, got, err, tt.want)
		}
	}
	for _, name := range []string{"", "x-foo", "UTF-7", "cp125", "windows-12599"} {
		if e := charset([]byte(name)); e != nil {
			t.Errorf("%q is %v", name, e)
		}
	}
}
