package phone_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/callerbook/contacts/phone"
	"github.com/nyaruka/phonenumbers/v2"
)

var (
	_ encoding.TextMarshaler   = phone.Number{}
	_ encoding.TextAppender    = phone.Number{}
	_ encoding.TextUnmarshaler = (*phone.Number)(nil)
	_ driver.Valuer            = phone.Number{}
	_ sql.Scanner              = (*phone.Number)(nil)
	_ slog.LogValuer           = phone.Number{}
	_ slog.LogValuer           = phone.Line(0)
)

func mustE164(t testing.TB, s string) phone.Number {
	t.Helper()
	n, err := phone.ParseE164(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNumberParts(t *testing.T) {
	for _, row := range []struct {
		e164     string
		code     int
		national string
		region   string
		typ      phone.Type
	}{
		{"+919876543210", 91, "9876543210", "IN", phone.Mobile},
		{"+16502530000", 1, "6502530000", "US", phone.FixedLineOrMobile},
		{"+12042345678", 1, "2042345678", "CA", phone.FixedLineOrMobile},
		{"+390669812345", 39, "0669812345", "VA", phone.FixedLine},
		{"+77123456789", 7, "7123456789", "KZ", phone.FixedLine},
		{"+80012345678", 800, "12345678", "001", phone.TollFree},
		{"+911234567", 91, "1234567", "IN", phone.Unknown},
		{"+11111111111", 1, "1111111111", "", phone.Unknown},
	} {
		n := mustE164(t, row.e164)
		if n.String() != row.e164 || n.CallingCode() != row.code || n.National() != row.national ||
			n.Region() != row.region || n.Type() != row.typ || n.Valid() != (row.typ != phone.Unknown) || n.IsZero() {
			t.Errorf("%s: %s %d %s %q %v %v", row.e164, n, n.CallingCode(), n.National(), n.Region(), n.Type(), n.Valid())
		}
	}
}

func TestZeroNumber(t *testing.T) {
	var n phone.Number
	v, err := n.Value()
	if !n.IsZero() || n.String() != "" || n.CallingCode() != 0 || n.National() != "" || n.Region() != "" ||
		n.Type() != phone.Unknown || n.Valid() || n.Line(nil) != 0 || phone.Line(0).String() != "" || v != nil || err != nil {
		t.Error("the zero Number is not empty")
	}
}

func TestParseE164(t *testing.T) {
	for _, s := range []string{"", "919876543210", "+", "+91 9876543210", "+919", "+12345678901234567890", "+999123456", "+0123456", "+९१98765"} {
		n, err := phone.ParseE164(s)
		if err == nil || !n.IsZero() {
			t.Errorf("ParseE164(%q) = %v, %v", s, n, err)
		}
		want := phone.ErrInvalid
		if s == "" {
			want = phone.ErrBlank
		}
		if !errors.Is(err, want) {
			t.Errorf("ParseE164(%q): %v, want %v", s, err, want)
		}
	}
	if n := mustE164(t, "+4912345678901234567"); n.String() != "+4912345678901234567" {
		t.Errorf("19 digits: %v", n)
	}
}

func TestMarshal(t *testing.T) {
	type row struct {
		A phone.Number `json:"a"`
		B phone.Number `json:"b,omitzero"`
	}
	in := row{A: mustE164(t, "+919876543210")}
	data, err := json.Marshal(in)
	if err != nil || string(data) != `{"a":"+919876543210"}` {
		t.Fatalf("%s, %v", data, err)
	}
	var out row
	if err := json.Unmarshal(data, &out); err != nil || out != in {
		t.Errorf("%+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"a":""}`), &out); err != nil || !out.A.IsZero() {
		t.Errorf("empty text: %+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"a":"nobody"}`), &out); !errors.Is(err, phone.ErrInvalid) {
		t.Errorf("no number: %v", err)
	}
}

func TestScan(t *testing.T) {
	n := mustE164(t, "+919876543210")
	v, err := n.Value()
	if err != nil || v != "+919876543210" {
		t.Fatalf("Value: %v, %v", v, err)
	}
	for _, src := range []any{"+919876543210", []byte("+919876543210")} {
		var got phone.Number
		if err := got.Scan(src); err != nil || got != n {
			t.Errorf("Scan(%T): %v, %v", src, got, err)
		}
	}
	got := n
	if err := got.Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("Scan(nil): %v, %v", got, err)
	}
	if err := got.Scan(42); err == nil {
		t.Error("Scan of an integer succeeded")
	}
}

func TestLogsAreMasked(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	n := mustE164(t, "+919876543210")
	_, err := phone.Parse("9876543210", nil)
	r, _ := phone.Parse("+91 98765 43210 ext. 5", nil)
	log.Info("call", "number", n, "line", n.Line(nil), "err", err, "reading", r)
	e := phone.Explain("+91 98765 43210", nil)
	p, _ := phone.ParsePartial("98765", nil)
	log = slog.New(slog.NewJSONHandler(&b, nil))
	log.Info("call", "explanation", e, "step", e.Steps[0], "alternate", phone.Alternate{Number: n, Line: n.Line(nil)}, "partial", p)
	log.Info("call", "explanation", phone.Explain("98765 43210", nil))
	if s := b.String(); strings.Contains(s, "8765") || strings.Count(s, "3210") != 8 {
		t.Errorf("log: %s", s)
	}
}

func TestErrorText(t *testing.T) {
	for _, row := range []struct {
		text string
		want error
		says string
	}{
		{"", phone.ErrBlank, "enter"},
		{"Anonymous", phone.ErrAnonymous, "withheld"},
		{"911", phone.ErrShort, "too short"},
		{"+16502530000 / +16502530001", phone.ErrMultiple, "more than one"},
		{"9.87654E+09", phone.ErrLossy, "spreadsheet"},
		{"9876543210", phone.ErrNoCountry, "calling code"},
		{"+9991234567890", phone.ErrInvalid, "check"},
	} {
		_, err := phone.Parse(row.text, nil)
		var e *phone.Error
		if !errors.Is(err, row.want) || !errors.As(err, &e) || e.Text != row.text || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%q: %v", row.text, err)
			continue
		}
		digits := 0
		for _, c := range err.Error() {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if digits > 4 {
			t.Errorf("%q: %v shows %d digits", row.text, err, digits)
		}
	}
	if s := new(phone.Error).Error(); s == "" || !errors.Is(new(phone.Error), phone.ErrInvalid) {
		t.Errorf("zero Error: %q", s)
	}
}

func TestNames(t *testing.T) {
	if s := phone.Mobile.String() + phone.Type(99).String() + phone.HowOwnCode.String() + phone.How(99).String() + phone.ReasonNoCountry.String() + phone.Reason(99).String(); s != "mobileType(99)own-codeHow(99)no-countryunknown" {
		t.Error(s)
	}
	for v, want := range map[encoding.TextMarshaler]string{phone.VoIP: "voip", phone.HowNational: "national", phone.ReasonLossy: "lossy"} {
		if b, err := v.MarshalText(); err != nil || string(b) != want {
			t.Errorf("%s, %v", b, err)
		}
	}
}

// TestNamesAreReadBack: what is stored as JSON is read back.
func TestNamesAreReadBack(t *testing.T) {
	in, err := phone.Parse("+1 650 253 0000 ext. 5", nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out phone.Reading
	if err := json.Unmarshal(data, &out); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%s: %+v, %v", data, out, err)
	}
	for typ := phone.Unknown; typ <= phone.Voicemail; typ++ {
		var got phone.Type
		if err := got.UnmarshalText([]byte(typ.String())); err != nil || got != typ {
			t.Errorf("%v: %v, %v", typ, got, err)
		}
	}
	for reason := phone.ReasonBlank; reason <= phone.ReasonInvalid; reason++ {
		var got phone.Reason
		if err := got.UnmarshalText([]byte(reason.String())); err != nil || got != reason {
			t.Errorf("%v: %v, %v", reason, got, err)
		}
	}
	if new(phone.Type).UnmarshalText([]byte("x")) == nil || new(phone.How).UnmarshalText(nil) == nil || new(phone.Reason).UnmarshalText([]byte("Reason")) == nil {
		t.Error("no name, and no error")
	}
}

// TestLineFitsInt64: no number of the longest kind begins so high.
func TestLineFitsInt64(t *testing.T) {
	coll, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range coll.GetMetadata() {
		code := strconv.Itoa(int(m.GetCountryCode()))
		for _, n := range m.GetGeneralDesc().GetPossibleLength() {
			if size := len(code) + int(n); size > 19 || size == 19 && code > "91" {
				t.Errorf("+%s (%s) has numbers of %d digits", code, m.GetId(), n)
			}
		}
	}
}

func TestCallingCodes(t *testing.T) {
	for s, want := range map[string]int{"+91": 91, "91": 91, " +1 ": 1, "378": 378, "800": 800, "": 0, "+": 0, "0": 0, "091": 0, "999": 0, "9123": 0, "+9a": 0, "++1": 0, "५५": 0} {
		if got, ok := phone.CallingCode(s); got != want || ok != (want != 0) {
			t.Errorf("CallingCode(%q) = %d, %v", s, got, ok)
		}
	}
	for region, want := range map[string]int{"IN": 91, "in": 91, "GG": 44, "001": 0, "": 0, "ZZ": 0, "I1": 0} {
		if got, ok := phone.CallingCodeForRegion(region); got != want || ok != (want != 0) {
			t.Errorf("CallingCodeForRegion(%q) = %d, %v", region, got, ok)
		}
	}
	for code, want := range map[int]string{44: "GB", 1: "US", 800: "001", 999: "", 0: "", -1: "", 10000: ""} {
		if got := phone.RegionForCallingCode(code); got != want {
			t.Errorf("RegionForCallingCode(%d) = %q", code, got)
		}
	}
	if r, c := phone.Regions(), phone.CallingCodes(); len(r) < 240 || len(c) < 200 || c[0] != 1 {
		t.Errorf("%d regions, %d calling codes", len(r), len(c))
	}
}
