package interchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

const someRows = `{"firstName":"John","lastName":"Doe","cellPhone":{"phoneNumber":"098765 43210"}}

{"firstName":"Jon","cellPhone":{"phoneNumber":"+91 98765 43210"},"nick":"J"}
{"firstName":"Asha","cellPhone":{"phoneNumber":"12"},"tags":[1]}
{"firstName":"Eve"
{"firstName":"Bob","nick":"B"}
`

// What a report says, and what it does not say to a log.
func TestReport(t *testing.T) {
	book := newBook(t, memstore.New())
	if _, err := Import(t.Context(), book, JSONLines(strings.NewReader(someRows)), &Options{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	report, err := Import(t.Context(), book, JSONLines(strings.NewReader(someRows)), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = `JSON Lines, utf-8, numbers without a calling code from IN.
5 rows: 2 created, 0 updated, 0 skipped, 3 failed.
Why: earlier 1, malformed 1, wrong_type 1.
Left out, as a contact has no place for it: nick 1.
  line 3 failed: cellPhone.phoneNumber "****3210" is the number of line 1 already
  line 4 failed: tags must be an array of strings; cellPhone.phoneNumber "****" cannot be used: a text of 2 digits is too short: emergency, service and internal numbers identify nobody; enter the whole number with its area code
  line 5 failed: is not JSON, it ends too early: write each contact as one JSON object on a line of its own
`
	if got := report.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	again, err := Import(t.Context(), book, JSONLines(strings.NewReader(someRows)), &Options{Held: contacts.SkipHeld, Problems: 2})
	if err != nil || again.Skipped != 3 || again.Failed != 2 || len(again.Problems) != 2 || again.MoreProblems != 3 {
		t.Fatal(err, again)
	}
	if got := again.Problems[0].String(); !strings.HasPrefix(got, `line 1 skipped: cellPhone.phoneNumber "****3210" belongs to another contact (J*** D***, id `) {
		t.Error(got)
	}
	if p := again.Problems[0].Problems[0]; p.HolderName != "John Doe" || p.HolderID == "" || p.Value != "+919876543210" || p.Reason != ReasonHeld {
		t.Errorf("%+v", p)
	}
	none, err := Import(t.Context(), book, JSONLines(strings.NewReader(someRows)), &Options{Problems: -1})
	if err != nil || len(none.Problems) != 0 || none.MoreProblems != 5 || none.Reasons[ReasonKnown] != 1 {
		t.Error(err, none)
	}
	for _, v := range []any{report.LogValue(), again.Problems[0].LogValue(), again.Problems[0].Problems[0].LogValue()} {
		if s := fmt.Sprint(v); strings.Contains(s, "John") || strings.Contains(s, "98765") {
			t.Error(s)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"+919876543210": "****3210", "098765 43210": "****3210", "9.87E+09": "****", "12": "****", "John Doe": "J*** D***",
		"ann@example.org": "a***", "राम": "र***", "": "", "12 Main Road 560001": "****",
	} {
		if got := maskValue(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

// A file that people take for one of contacts is named, and not read as CSV.
func TestForeign(t *testing.T) {
	book := newBook(t, memstore.New())
	for begin, want := range map[string]string{
		"PK\x03\x04\x14\x00": "spreadsheet", "\x1f\x8b\x08\x00": "gzip", "%PDF-1.4\n1 0 obj": "PDF", "\xef\xbb\xbf\r\n<!DOCTYPE html>\n<html>": "web page",
		"<HTML><body>": "web page", "<?xml version=\"1.0\"?>": "XML", "\xd0\xcf\x11\xe0\xa1\xb1": ".xls", "SQLite format 3\x00": "database",
	} {
		for _, source := range []*Source{Any(strings.NewReader(begin)), CSV(strings.NewReader(begin), nil)} {
			report, err := Import(t.Context(), book, source, nil)
			var file *FileError
			if !errors.As(err, &file) || file.Reason != ReasonMalformed || !strings.Contains(err.Error(), want) || report.Rows != 0 {
				t.Errorf("%q: %v", begin, err)
			}
		}
	}
	for _, text := range []string{"pk,name\n1,Ann\n", "First Name,<html>\nAnn,x\n"} {
		if report, err := Import(t.Context(), newBook(t, memstore.New()), Any(strings.NewReader(text)), nil); err != nil || report.Created != 1 {
			t.Errorf("%q: %v %v", text, err, report)
		}
	}
}

// A file that can seek is read from where it stood, and stands there again: the
// dry run and the real one have the same source. One that cannot is used up.
func TestSourceAgain(t *testing.T) {
	book := newBook(t, memstore.New())
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte("skip me\n"+someRows), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	source := Any(f)
	for i := range 3 {
		report, err := Import(t.Context(), book, source, &Options{DryRun: i < 2})
		if err != nil || report.Rows != 5 || report.Created != 2 || report.Format != FormatJSONLines {
			t.Fatal(err, report)
		}
		if at, _ := f.Seek(0, io.SeekCurrent); at != 8 {
			t.Error("the file stands at", at)
		}
	}
	pipe := Any(iotest.OneByteReader(strings.NewReader(someRows)))
	if report, err := Import(t.Context(), book, pipe, nil); err != nil || report.Rows != 5 {
		t.Fatal(err, report)
	}
	if _, err := Import(t.Context(), book, pipe, nil); err == nil || !strings.Contains(err.Error(), "give a new one") {
		t.Error("a pipe was read twice:", err)
	}
	for range 2 {
		if report, err := Import(t.Context(), book, JSONLines(strings.NewReader("")), nil); err != nil || report.Rows != 0 {
			t.Error("an empty file:", err, report)
		}
	}
}

func TestDetect(t *testing.T) {
	for text, want := range map[string]Format{
		"BEGIN:VCARD\r\nVERSION:4.0": FormatVCard, "\ufeffbegin:vcard": FormatVCard, "\n\n BEGIN:VCARD": FormatVCard,
		"\xff\xfeB\x00E\x00G\x00I\x00N\x00:\x00V\x00C\x00A\x00R\x00D\x00": FormatVCard,
		"{": FormatJSONLines, " \n{\"a\"": FormatJSONLines, "[\n {": FormatJSONLines, "[]": FormatJSONLines, "\xfe\xff\x00{": FormatJSONLines,
		"[a]": FormatCSV, "[": FormatCSV, "": FormatCSV, "First Name,Phone": FormatCSV, "BEGIN": FormatCSV,
	} {
		if got := detect([]byte(text)); got != want {
			t.Errorf("%q: %s, not %s", text, got, want)
		}
	}
}

// An import that cannot go on says why, tells what was done, and leaves nothing
// behind.
func TestImportEnds(t *testing.T) {
	broken := errors.New("the disk is gone")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "{\"firstName\":\"%s\",\"cellPhone\":{\"phoneNumber\":\"+9198765%05d\"}}\n", strings.Repeat("x", 200), i)
	}
	for name, c := range map[string]struct {
		ctx    context.Context
		source io.Reader
		o      Options
		want   error
	}{
		"reading a pipe":  {t.Context(), io.MultiReader(strings.NewReader(many.String()), iotest.ErrReader(broken)), Options{}, broken},
		"reading a file":  {t.Context(), &failing{Reader: *strings.NewReader(many.String()), left: 500_000, err: broken}, Options{}, broken},
		"each":            {t.Context(), strings.NewReader(many.String()), Options{Each: func(r Row) error { return atRow(r, 1700, broken) }}, broken},
		"rejects":         {t.Context(), strings.NewReader(many.String() + many.String()), Options{Rejects: failingWriter{broken}}, broken},
		"context":         {cancelled, strings.NewReader(many.String()), Options{}, context.Canceled},
		"no folder":       {t.Context(), iotest.DataErrReader(&unseekable{strings.NewReader(many.String() + many.String())}), Options{TempDir: filepath.Join(t.TempDir(), "none")}, os.ErrNotExist},
		"no such policy":  {t.Context(), strings.NewReader(many.String()), Options{Held: 99}, contacts.ErrInvalid},
		"no such region":  {t.Context(), strings.NewReader(many.String()), Options{Region: "?"}, contacts.ErrInvalid},
		"each, a dry run": {t.Context(), strings.NewReader(many.String()), Options{DryRun: true, Each: func(r Row) error { return atRow(r, 1700, broken) }}, broken},
	} {
		for _, begun := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", begun), func(t *testing.T) {
				if s, ok := c.source.(io.Seeker); ok {
					_, _ = s.Seek(0, io.SeekStart)
				} else if begun {
					return // it is read
				}
				book := newBook(t, memstore.New())
				if begun {
					if _, err := Import(t.Context(), book, JSONLines(strings.NewReader(someRows)), nil); err != nil {
						t.Fatal(err)
					}
				}
				before := len(all(t, book))
				o := c.o
				if o.TempDir == "" {
					o.TempDir = t.TempDir()
				}
				report, err := Import(c.ctx, book, JSONLines(c.source), &o)
				if !errors.Is(err, c.want) {
					t.Fatalf("%v, not %v", err, c.want)
				}
				if n := len(all(t, book)) - before; n != report.Created && !o.DryRun {
					t.Errorf("%d came in, and the report says %d", n, report.Created)
				}
				if list, _ := os.ReadDir(o.TempDir); len(list) > 0 {
					t.Error("stays behind:", list)
				}
			})
		}
	}
}

// A panic of the caller's code passes through, and leaves nothing behind.
func TestImportPanics(t *testing.T) {
	temp := t.TempDir()
	text := strings.Repeat("{\"firstName\":\""+strings.Repeat("x", 200)+"\"}\n", 10_000)
	defer func() {
		if p := recover(); p != "no more" {
			t.Error(p)
		}
		if list, err := os.ReadDir(temp); len(list) > 0 || err != nil {
			t.Error("stays behind:", list, err)
		}
	}()
	_, _ = Import(t.Context(), newBook(t, memstore.New()), JSONLines(struct{ io.Reader }{strings.NewReader(text)}), &Options{
		TempDir: temp, Rejects: io.Discard, Progress: func(Progress) {}, Each: func(Row) error { panic("no more") },
	})
}

func atRow(r Row, index int, err error) error {
	if r.Index == index {
		return err
	}
	return nil
}

// failing is a file that cannot be read beyond some bytes.
type failing struct {
	strings.Reader
	left int
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if at := int(f.Size()) - f.Len(); at >= f.left {
		return 0, f.err
	}
	return f.Reader.Read(p)
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

type unseekable struct{ io.Reader }

// Progress ends with all that there is, and comes from one goroutine at a time.
func TestProgress(t *testing.T) {
	book := newBook(t, memstore.New())
	var at sync.Mutex
	var last Progress
	_, err := Import(t.Context(), book, Any(strings.NewReader(someRows)), &Options{Progress: func(p Progress) {
		if !at.TryLock() {
			t.Error("two calls at once")
			return
		}
		defer at.Unlock()
		last = p
	}})
	want := Progress{Pass: last.Pass, Read: int64(len(someRows)), Bytes: int64(len(someRows)), Rows: 5, Done: 5}
	if err != nil || last != want || last.Pass < 1 {
		t.Errorf("%+v, not %+v; %v", last, want, err)
	}
}

// What the names in a file are, they do not fill the memory.
func TestManyNamesLeftOut(t *testing.T) {
	var file strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&file, "{\"firstName\":\"N%d\",\"key %d\":1}\n", i, i)
	}
	report, err := Import(t.Context(), newBook(t, memstore.New()), JSONLines(strings.NewReader(file.String())), nil)
	if err != nil || len(report.LeftOut) != maxLeftOut+1 || report.LeftOut[otherNames] != 3000-maxLeftOut {
		t.Error(err, len(report.LeftOut), report.LeftOut[otherNames])
	}
}

func TestExport(t *testing.T) {
	book := newBook(t, memstore.New()).With(contacts.RelaxedRules())
	var ids []string
	for i := range 1200 {
		c, err := book.Create(t.Context(), contacts.Contact{FirstName: fmt.Sprintf("Ann %04d", i), Tags: []string{[]string{"odd", "even"}[i%2]}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	if _, err := book.Delete(t.Context(), ids[7]); err != nil {
		t.Fatal(err)
	}
	if _, err := book.Merge(t.Context(), ids[1], []string{ids[3]}, nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    ExportOptions
		want int
	}{
		"active":   {ExportOptions{}, 1198},
		"deleted":  {ExportOptions{Status: []contacts.Status{contacts.Inactive}}, 1},
		"all":      {ExportOptions{Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}, 1199},
		"merged":   {ExportOptions{Status: []contacts.Status{contacts.Merged}}, 0},
		"search":   {ExportOptions{Search: "ann even"}, 598}, // ids[1] has both tags
		"search 2": {ExportOptions{Search: "0007", Status: []contacts.Status{contacts.Inactive}}, 1},
		"nobody":   {ExportOptions{Search: "zzz"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Format = FormatJSONLines
			var out bytes.Buffer
			done, err := Export(t.Context(), book, &out, &c.o)
			if n := strings.Count(out.String(), "\n"); err != nil || n != done.Contacts || n != c.want || strings.Contains(out.String(), `"MERGED"`) {
				t.Errorf("%d contacts, not %d; %+v %v", n, c.want, done, err)
			}
		})
	}
	if _, err := Export(t.Context(), book, io.Discard, &ExportOptions{Format: 99}); !errors.Is(err, contacts.ErrInvalid) {
		t.Error(err)
	}
	broken := errors.New("full")
	if _, err := Export(t.Context(), book, failingWriter{broken}, &ExportOptions{Format: FormatJSONLines}); !errors.Is(err, broken) {
		t.Error(err)
	}
	for i, f := range []Format{FormatCSV, FormatGoogle, FormatOutlook, FormatVCard, FormatVCard3, FormatJSONLines} {
		if got, ok := ParseFormat(f.String()); !ok || got != f || int(f) != i+1 {
			t.Error(f, got, ok)
		}
	}
	if _, ok := ParseFormat("unknown"); ok || Format(99).String() != "unknown" {
		t.Error("a format that is none")
	}
}

// A report keeps no more of huge rows in memory than it says.
func TestReportIsSmall(t *testing.T) {
	const n, size = 40, 1 << 19
	big := strings.Repeat("x", size)
	for name, file := range map[string]io.Reader{
		"CSV":        io.MultiReader(strings.NewReader("name,phone\n"), &many{text: big + ",1\n", n: n}),
		"JSON Lines": &many{text: `{"firstName":"` + big + `","phones":"` + big[:size/2] + `"}` + "\n", n: n},
		"vCard":      &many{text: "BEGIN:VCARD\nN:" + big[:defaultValue] + "\nTEL:" + big[:defaultValue] + "\nEND:VCARD\n", n: n * 8},
	} {
		var before, after runtime.MemStats
		book := newBook(t, memstore.New())
		runtime.GC()
		runtime.ReadMemStats(&before)
		report, err := Import(t.Context(), book, Any(file), &Options{Problems: 1000})
		if err != nil || report.Failed != report.Rows || len(report.Problems) != report.Rows {
			t.Fatal(name, err, report)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 2<<20 {
			t.Errorf("%s: %d KB", name, grown>>10)
		}
		runtime.KeepAlive(report)
	}
}

// What is told of a row does not grow with the names of its columns and
// properties.
func TestLeftOutIsSmall(t *testing.T) {
	big := strings.Repeat("x", 60_000)
	for _, file := range []string{"name,phone," + big + "\nAnn,+16502530000,v\n", "BEGIN:VCARD\nTEL:+16502530000\nX-" + big + ":v\nEND:VCARD\n", `{"firstName":"A","` + big + `":1}`} {
		var rows []Row
		report, err := Import(t.Context(), newBook(t, memstore.New()), Any(strings.NewReader(file)), &Options{Each: func(r Row) error {
			rows = append(rows, r)
			return nil
		}})
		if err != nil || report.Created != 1 || len(report.LeftOut) != 1 || len(rows[0].LeftOut) != 1 {
			t.Fatal(err, len(file), report.Rows)
		}
		if l := rows[0].LeftOut[0]; len(l.Name) > 100 || report.LeftOut[l.Name] != 1 {
			t.Errorf("a name of %d bytes", len(l.Name))
		}
	}
}
