package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/interchange"
	"github.com/callerbook/contacts/memstore"
)

// The progress of an import in words, pass by pass.
func TestImportMeter(t *testing.T) {
	begun := time.Date(2025, 1, 2, 15, 4, 5, 0, time.UTC)
	m := importMeter{name: "a.csv", begun: begun}
	for _, c := range []struct {
		after time.Duration
		p     interchange.Progress
		want  string
	}{
		{time.Second, interchange.Progress{Read: 20 << 10, Bytes: -1}, "a.csv: 20 KiB read"},
		{2 * time.Second, interchange.Progress{Pass: 1, Read: 10, Bytes: 100, Rows: 1}, "[##..................]  10 % a.csv: 1 row, 0 a second, 18s left"},
		{5 * time.Second, interchange.Progress{Pass: 1, Read: 50, Bytes: 100, Rows: 20_000}, "[##########..........]  50 % a.csv: 20000 rows, 4000 a second, 5s left"},
		{10 * time.Second, interchange.Progress{Pass: 1, Read: 100, Bytes: 100, Rows: 40_000}, "[####################] 100 % a.csv: 40000 rows read, sorting and writing"},
		{11 * time.Second, interchange.Progress{Pass: 2, Read: 0, Bytes: 100}, "[....................]   0 % a.csv: pass 2, 0 rows"},
		{13 * time.Second, interchange.Progress{Pass: 2, Read: 25, Bytes: 100, Rows: 10_000}, "[#####...............]  25 % a.csv: pass 2, 10000 rows, 5000 a second, 6s left"},
		{14 * time.Second, interchange.Progress{Pass: 2, Read: 0, Bytes: 0}, "a.csv: pass 2, 0 rows, 0 a second"},
	} {
		if got := m.line(c.p, begun.Add(c.after)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	m = importMeter{name: "/home/asha/Downloads/contacts of all the years.csv", begun: begun}
	const want = "[##########..........]  50 % 2000000 rows, 100000 a second, 20s left"
	if got := m.line(interchange.Progress{Pass: 1, Read: 50, Bytes: 100, Rows: 2_000_000}, begun.Add(20*time.Second)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// An import of standard input that never ends ends with its context, and what it
// began is gone.
func TestImportInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reading, writing := io.Pipe()
	defer writing.Close()
	go func() {
		_, _ = io.WriteString(writing, "{\"firstName\":\"Ann\"}\n")
		cancel()
	}()
	dir := t.TempDir()
	path := filepath.Join(dir, "book.db")
	var out, errs bytes.Buffer
	code := Code(testApp().Run(ctx, []string{"contacts", "import", "--file", path, "--rejects", filepath.Join(dir, "no.jsonl"), "-"}, reading, &out, &errs))
	if code != Interrupted || out.Len() > 0 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("code %d\n%s%s", code, out.String(), errs.String())
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Error("stays behind:", list, err)
	}
	broken := iotest.ErrReader(errors.New("the cable is out"))
	out.Reset()
	errs.Reset()
	code = Code(testApp().Run(t.Context(), []string{"contacts", "import", "--file", path, "-"}, broken, &out, &errs))
	if code != Failed || !strings.Contains(errs.String(), "contacts: standard input: the cable is out") {
		t.Errorf("code %d\n%s", code, errs.String())
	}
}

// Files before one that cannot be read have come in, and are told of.
func TestImportSecondFileFails(t *testing.T) {
	dir := t.TempDir()
	good, empty := filepath.Join(dir, "good.jsonl"), filepath.Join(dir, "empty.csv")
	for name, text := range map[string]string{good: "{\"firstName\":\"Ann\"}\n", empty: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store := kept{memstore.New()}
	app := testApp()
	app.Open = func(context.Context, string, Mode) (contacts.Store, error) { return store, nil }
	out, errs, code := run(t, app, "import", "--store", "x://", "--json", good, empty)
	var e report
	if err := json.Unmarshal([]byte(errs), &e); err != nil || e.Error == nil || e.Error.Code != "invalid" || !strings.HasPrefix(e.Error.Message, empty+": the file is empty") {
		t.Errorf("%v %s", err, errs)
	}
	var done importedBook
	if err := json.Unmarshal([]byte(out), &done); err != nil || code != Invalid || done.Created != 1 || len(done.Files) != 1 || done.Files[0].File != good {
		t.Errorf("code %d, %v\n%s", code, err, out)
	}
	if out, _, _ := run(t, app, "list", "--store", "x://"); !strings.Contains(out, "Ann") {
		t.Error(out)
	}
}

// Of imports that begin a book at once, those in which nothing came leave it to
// the one that filled it.
func TestImportRemovesOnlyTheEmpty(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "book.db")
	rows := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(rows, []byte("{\"firstName\":\"Ann\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := run(t, testApp(), "import", "--file", path, rows); code != OK {
		t.Fatal(errs)
	}
	if removeEmpty(t.Context(), path) {
		t.Error("a book with a contact was removed")
	}
	if out, errs, _ := run(t, testApp(), "list", "--file", path); !strings.Contains(out, "Ann") {
		t.Error(out, errs)
	}

	empty := filepath.Join(dir, "empty.db")
	store, err := boltstore.Open(empty, nil)
	if err != nil {
		t.Fatal(err)
	}
	if removeEmpty(t.Context(), empty) {
		t.Error("a book in use was removed")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if !removeEmpty(t.Context(), empty) {
		t.Error("an empty book stays")
	}
	if _, err := os.Lstat(empty); err == nil {
		t.Error("an empty book stays")
	}
	if _, _, code := run(t, testApp(), "region", "--file", empty, "IN"); code != OK {
		t.Fatal("region:", code)
	}
	if removeEmpty(t.Context(), empty) {
		t.Error("a book with settings was removed")
	}

	link := filepath.Join(dir, "link.db")
	if err := os.Symlink(filepath.Join(dir, "nowhere.db"), link); err != nil {
		return // a system without links, or without the right to make them
	}
	if _, _, code := run(t, testApp(), "import", "--file", link, rows); code != NoBook && os.PathSeparator == '/' {
		t.Error("code", code)
	}
	if _, err := os.Lstat(link); err != nil {
		t.Error("a link was removed:", err)
	}
}

// Why an import ended, in words, with the code that scripts go by.
func TestExplainImport(t *testing.T) {
	s := &session{}
	for _, c := range []struct {
		fault importFault
		want  string
		code  Code
	}{
		{importFault{name: "a.csv", rows: 2, err: errors.New("no room")},
			"a.csv: no room; 2 rows came in before that, and the same command may be repeated", Failed},
		{importFault{name: "a.csv", rows: 2, dry: true, err: errors.New("no room")},
			"a.csv: no room; this was a dry run, and the book is as it was", Failed},
		{importFault{name: "-", err: fmt.Errorf("book.db: %w", contacts.ErrReadOnly)}, "standard input: book.db: store is read-only", NoBook},
		{importFault{name: "a.csv", err: fmt.Errorf("interchange: creating a temporary file: %w", &fs.PathError{Op: "open", Path: "/x/y", Err: fs.ErrNotExist})},
			"a.csv: creating a temporary file: open /x/y: file does not exist", Failed},
		{importFault{name: "a.csv", err: &interchange.FileError{Line: 3, Detail: "is odd"}}, "a.csv: line 3: is odd", Invalid},
	} {
		if text, code := s.explainImport(t.Context(), &c.fault); text != c.want || code != c.code {
			t.Errorf("%s (%d)\nwant %s (%d)", text, code, c.want, c.code)
		}
	}
}

// Where rejects cannot be written is said before a row comes in.
func TestImportRejectsUnwritable(t *testing.T) {
	dir := t.TempDir()
	rows := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(rows, []byte("{\"firstName\":\"Ann\"}\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	book, rejects := filepath.Join(dir, "book.db"), filepath.Join(rows, "no.jsonl")
	_, errs, code := run(t, testApp(), "import", "--file", book, "--rejects", rejects, rows)
	if code != Failed || !strings.HasPrefix(errs, "contacts: "+rejects+" cannot be written: ") {
		t.Errorf("code %d: %s", code, errs)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Error("it began a book, or a file of rejects:", list, err)
	}
}

// A file is there when it is whole, for its owner alone, and takes no other's
// place.
func TestNewFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	n := &newFile{path: path}
	if err := n.keep(); err != nil {
		t.Fatal(err)
	}
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Error("a file of nothing:", list)
	}
	fmt.Fprint(n, "one")
	if _, err := os.Stat(path); err == nil {
		t.Error("it is there before it is whole")
	}
	n.drop()
	fmt.Fprint(n, "two")
	if err := n.keep(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if data, _ := os.ReadFile(path); err != nil || string(data) != "two" || os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
		t.Errorf("%q %v %v", data, info.Mode(), err)
	}
	late := &newFile{path: path} // somebody made the file meanwhile
	fmt.Fprint(late, "three")
	if err := late.keep(); err == nil || !strings.Contains(err.Error(), "left alone") {
		t.Error(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "two" {
		t.Errorf("%q", data)
	}
	over := &newFile{path: path, over: true}
	fmt.Fprint(over, "four")
	if err := over.keep(); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "four" {
		t.Errorf("%q", data)
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Error("stays behind:", list)
	}
}
