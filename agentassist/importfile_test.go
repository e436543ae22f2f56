package agentassist

import (
	"bytes"
	"fmt"
	"iter"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
)

// form returns a form with a file, and its Content-Type.
func form(t testing.TB, field, file string) (body, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	part, err := w.CreateFormFile(field, "file.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(file))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String(), w.FormDataContentType()
}

func (f *fixed) importCSV(t testing.TB, file string) answered {
	t.Helper()
	body, contentType := form(t, "result_file", file)
	return f.do(t, "POST", "/contacts/import-contacts", body, "Content-Type", contentType)
}

const csvHead = importColumns + "\n"

func TestImportFiles(t *testing.T) {
	row := func(n int) string { return fmt.Sprintf("A,B,Mr,98%08d,+91,+", n) }
	tests := []struct {
		name, file string
		status     int
		rows       int      // created
		says       []string // in the answer
	}{
		{"CRLF", strings.ReplaceAll(csvHead+row(1)+"\n"+row(2)+"\n", "\n", "\r\n"), 200, 2, nil},
		{"byte order mark", "\ufeff" + csvHead + row(1), 200, 1, nil},
		{"byte order mark before a quote", "\ufeff\"firstName\"" + strings.TrimPrefix(csvHead, "firstName") + row(1), 200, 1, nil},
		{"quotes", csvHead + "\"A, \"\"B\"\"\",\"x\ny\",Mr,9812345678,+91,+", 412, 0, []string{`line 2: lastName has a control character`}},
		{"quoted comma", csvHead + "\"A, \"\"B\"\"\",x,Mr,9812345678,+91,+", 200, 1, []string{`"firstName":"A, \"B\""`}},
		{"formula cells as an export writes them", csvHead + "'=A,'@B,Mr,9812345678,+91,'+-", 200, 1, []string{`"firstName":"=A"`, `"lastName":"@B"`, `"extension":"+-"`}},
		{"without the plus", csvHead + "A,B,Mr,9812345678,91,+", 200, 1, []string{`"countryCode":"+91"`}},
		{"lines count with those that have nothing, and within quotes", csvHead + "\n,,,,,\n" + "\"A\nA\",B,Mr,1,+91,+\n" + "A,B,Dr,9812345678,+91,+", 412, 0,
			[]string{`"line 4: firstName has a control`, `"index":0`, `"line 6: salutation must be`, `"index":1`}},
		{"short row", csvHead + "A,B", 412, 0, []string{`"field":"salutation"`, `"field":"cellPhoneNumber"`, `"field":"cellPhoneCountryCode"`, `"field":"cellPhoneExtension"`, "line 2: cellPhoneExtension is missing"}},
		{"as a spreadsheet spoils numbers", csvHead + "A,B,Mr,9.81235E+09,+91,+", 412, 0, []string{`line 2: cellPhoneNumber must be digits only, but has '.'`}},
		{"not UTF-8", csvHead + "J\xf6rg,B,Mr,9812345678,+91,+", 412, 0, []string{"line 2: firstName is not valid UTF-8"}},
		{"UTF-16", "\xff\xfef\x00i\x00", 400, 0, []string{"UTF-16"}},
		{"UTF-16, the other way", "\xfe\xff\x00f\x00i", 400, 0, []string{"UTF-16"}},
		{"two bytes", "ab", 412, 0, []string{`"field":"firstName"`}},
		{"as many commas, but in lines", csvHead + strings.Repeat(",,,,,\n", maxCommas/5+1) + row(1), 200, 1, nil},
		{"more columns, with nothing in them", csvHead + row(1) + ",, ,", 200, 1, nil},
		{"more columns, with something", csvHead + row(1) + ",,x", 400, 0, []string{"line 2 has more columns"}},
		{"semicolons", strings.ReplaceAll(csvHead, ",", ";") + "x", 412, 0, []string{`does not name the column firstName`, `does not name the column cellPhoneExtension`}},
		{"bare quote", csvHead + `A"B,C`, 400, 0, []string{`line 2 is not CSV`}},
		{"many columns", csvHead + strings.Repeat(",", maxCommas+1), 413, 0, []string{"columns"}},
		{"many columns in the first line", strings.Repeat(",", maxCommas+1), 413, 0, []string{"columns"}},
		{"commas in quotes are none", csvHead + `"` + strings.Repeat(",", maxCommas+1) + `",B,Mr,9812345678,+91,+`, 412, 0, []string{"line 2: firstName has 10001 bytes"}},
		{"twice in the file", csvHead + row(1) + "\n\n" + row(1), 409, 0, []string{"line 4: number ****0001 is claimed by line 2", `"index":1`, `"earlier":0`}},
	}
	for _, test := range tests {
		f := newFixed(t, &Options{})
		a := f.importCSV(t, test.file)
		created := 0
		if a.StatusCode == 200 {
			created = strings.Count(a.body, `"status":"ACTIVE"`)
		}
		counts, err := f.book(t).Count(t.Context())
		if err != nil || a.StatusCode != test.status || created != test.rows || int(counts.Active) != test.rows {
			t.Errorf("%s: %v; %d in the book, %v", test.name, a, counts.Active, err)
		}
		for _, s := range test.says {
			if !strings.Contains(a.body, s) {
				t.Errorf("%s: %s is not in %s", test.name, s, a.body)
			}
		}
	}
}

// book returns the book of the fixed tenant.
func (f *fixed) book(t testing.TB) *contacts.Book {
	t.Helper()
	b, err := f.bookOf(t.Context(), contacts.Scope{Account: fixedAccount, Stream: fixedStream})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The file is the first part of that name, among others; what comes behind it is
// not waited for.
func TestImportForm(t *testing.T) {
	const file = csvHead + "A,B,Mr,9812345678,+91,+"
	part := func(name, text string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n"
	}
	for name, test := range map[string]struct {
		body, contentType string
		status            int
	}{
		"others before it":      {part("a", "x") + part("result_file", file) + "--b--\r\n", "multipart/form-data; boundary=b", 200},
		"no file name":          {part("result_file", file) + "--b--", "multipart/form-data; boundary=b", 200},
		"a preamble":            {"hello\r\n" + part("result_file", file) + "--b--", "multipart/form-data; boundary=b", 200},
		"two of the name":       {part("result_file", file) + part("result_file", "x") + "--b--", "text/plain; boundary=b", 412},
		"another type":          {part("result_file", file) + "--b--", "text/plain; boundary=b", 200},
		"quoted boundary":       {part("result_file", file) + "--b--", `multipart/form-data; boundary="b"`, 200},
		"the documented header": {part("result_file", file) + "--b--", "application/json;charset=UTF-8; boundary=b", 200},
		"too many parts":        {strings.Repeat(part("a", ""), maxParts) + part("result_file", file) + "--b--", "multipart/form-data; boundary=b", 413},
		"two, and one between":  {part("result_file", file) + part("a", "") + part("result_file", file) + "--b--", "multipart/form-data; boundary=b", 412},
		"other field behind":    {part("result_file", file) + part("a", "") + "--b--", "multipart/form-data; boundary=b", 200},
		"no Content-Type":       {part("result_file", file) + "--b--", "", 415},
		"two boundaries":        {part("result_file", file) + "--b--", "multipart/form-data; boundary=b; boundary=c", 415},
		"a boundary too long":   {part("result_file", file) + "--b--", "multipart/form-data; boundary=" + strings.Repeat("b", 10_000), 412},
		"headers that are none": {"--b\r\nhello\r\n\r\n--b--", "multipart/form-data; boundary=b", 400},
		"nothing":               {"", "multipart/form-data; boundary=b", 412},
	} {
		f := newFixed(t, &Options{})
		a := f.do(t, "POST", "/contacts/import-contacts", test.body, "Content-Type", test.contentType)
		if a.StatusCode != test.status {
			t.Errorf("%s: %v", name, a)
		}
	}
}

// What one tenant exports another can import, whatever the names look like.
func TestImportOfExport(t *testing.T) {
	f := newFixed(t, &Options{})
	names := []string{"=SUM(A1)", "'quoted", "'=both", "+1 x", "a,b", `"q"`, "Zoë", " space "}
	for i, name := range names {
		a := f.do(t, "POST", "/contacts", fmt.Sprintf(`[{"firstName":%q,"lastName":"X","salutation":"Mr","cellPhone":{"phoneNumber":"98%08d","countryCode":"+91","extension":"+"}}]`, name, i))
		if a.StatusCode != 200 {
			t.Fatal(a)
		}
	}
	file := f.do(t, "GET", "/contacts/export?format=csv", "")
	other := newFixed(t, &Options{})
	if a := other.importCSV(t, file.body); a.StatusCode != 200 {
		t.Fatal(a)
	}
	again := other.do(t, "GET", "/contacts/export?format=csv", "")
	if again.body != file.body || strings.Count(file.body, "\n") != len(names)+1 {
		t.Errorf("exported\n%s\nand again\n%s", file.body, again.body)
	}
	for _, name := range names {
		if a := other.do(t, "GET", "/contacts", ""); !strings.Contains(a.body, fmt.Sprintf(`"firstName":%q`, name)) {
			t.Errorf("%q is not in %s", name, a.body)
		}
	}
}

// FuzzImport: no file is the server's mistake, and what is refused leaves nothing.
func FuzzImport(f *testing.F) {
	body, contentType := form(f, "result_file", csvHead+"A,B,Mr,9812345678,+91,+\n")
	f.Add([]byte(body), contentType)
	f.Add([]byte(body), "application/json;charset=UTF-8; boundary=x")
	for _, file := range []string{"", "\ufeff\"", csvHead + "\"", csvHead + "A,B,Mr,98x,+91,+\n,,,,,\nA,B,C,D,E,F,G", "firstname;lastname"} {
		body, contentType := form(f, "result_file", file)
		f.Add([]byte(body), contentType)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		if strings.ContainsAny(contentType, "\r\n\x00") {
			return // no header
		}
		h := newFixed(t, &Options{MaxRows: 20, MaxBody: 64 << 10})
		a := h.do(t, "POST", "/contacts/import-contacts", string(body), "Content-Type", contentType)
		counts, err := h.book(t).Count(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch a.StatusCode {
		case http.StatusOK:
			if n := strings.Count(a.body, `"status":"ACTIVE"`); n == 0 || n != int(counts.Active) {
				t.Fatalf("%d answered, %d in the book", n, counts.Active)
			}
		case 400, 409, 412, 413, 415:
			if a.problem.Msg == "" || counts.Active != 0 {
				t.Fatalf("%v, %d in the book", a, counts.Active)
			}
		default:
			t.Fatalf("%q: %v", body, a)
		}
	})
}

// A file of package interchange with its own columns is one of these, too.
func TestImportFileOfInterchange(t *testing.T) {
	f := newFixed(t, &Options{})
	c := contacts.Contact{FirstName: "=Asha", LastName: "Rao", Salutation: "Mrs", Notes: "x,\ny",
		CellPhone: contacts.Phone{Number: "+919876543210", CountryCode: "+91", Extension: "9"},
		Phones:    []contacts.Phone{{Number: "+442079460018", CountryCode: "+44", Label: "work"}}}
	var file bytes.Buffer
	list := iter.Seq2[contacts.Contact, error](func(yield func(contacts.Contact, error) bool) { yield(c, nil) })
	if _, err := interchange.Write(&file, interchange.FormatCSV, list); err != nil {
		t.Fatal(err)
	}
	got := f.importCSV(t, file.String())
	if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"firstName":"=Asha"`) || !strings.Contains(got.body, `+919876543210`) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}
