package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// run runs one command line.
func run(t *testing.T, a *App, args ...string) (stdout, stderr string, code Code) {
	t.Helper()
	t.Setenv(fileVariable, "")
	var out, errs bytes.Buffer
	code = Code(a.Run(context.Background(), append([]string{"contacts"}, args...), strings.NewReader(""), &out, &errs))
	return out.String(), errs.String(), code
}

// kept is a store that outlives the commands of a test.
type kept struct{ contacts.Store }

func (kept) Close() error { return nil }

func TestOtherStores(t *testing.T) {
	store := kept{memstore.New()}
	var modes []Mode
	app := testApp()
	app.Open = func(_ context.Context, location string, mode Mode) (contacts.Store, error) {
		modes = append(modes, mode)
		if location != "test://here" {
			return nil, errors.New("no store there")
		}
		return store, nil
	}
	for _, c := range []struct {
		args []string
		code Code
		want string // in what is printed
	}{
		{[]string{"create", "--first", "Ann"}, OK, "Created Ann"},
		{[]string{"list"}, OK, "Ann"},
		{[]string{"edit", "c1", "--last", "Lee"}, OK, "Changed Ann Lee"},
		{[]string{"delete", "c1"}, OK, "undelete --store test://here c1"},
		{[]string{"check", "test://here"}, Usage, "named twice"},
		{[]string{"compact"}, Usage, "VACUUM"},
		{[]string{"repair"}, Usage, "pg_restore"},
		{[]string{"backup", "copy.db"}, Usage, "pg_dump"},
		{[]string{"serve"}, Usage, "--keys"},
		{[]string{"list", "--file", "x"}, Usage, "not both"},
	} {
		out, errs, code := run(t, app, append(c.args, "--store", "test://here")...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%q: code %d\n%s%s", c.args, code, out, errs)
		}
	}
	if want := []Mode{Create, Read, Write, Write}; !slices.Equal(modes, want) {
		t.Errorf("opened as %v, want %v", modes, want)
	}
	if _, errs, code := run(t, app, "list", "--store", "test://there"); code != NoBook || errs != "contacts: test://there: no store there\n" {
		t.Errorf("code %d: %s", code, errs)
	}
	if _, errs, code := run(t, app, "list", "--store", "book.db"); code != Usage || !strings.Contains(errs, "--file") {
		t.Errorf("code %d: %s", code, errs)
	}
	if out, _, _ := run(t, app, "--help"); !strings.Contains(out, "--store") {
		t.Error("the help leaves --store out")
	}
	if out, _, _ := run(t, testApp(), "--help"); strings.Contains(out, "--store") {
		t.Error("the help has --store though there are only files")
	}
}

func TestLongLists(t *testing.T) {
	store := kept{memstore.New()}
	book, err := contacts.Open(t.Context(), store, contacts.Scope{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []contacts.Contact
	for i := range 2345 {
		list = append(list, contacts.Contact{FirstName: fmt.Sprintf("Name %04d", i)})
	}
	if _, err := book.With(contacts.RelaxedRules()).CreateAll(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	app := &App{Open: func(context.Context, string, Mode) (contacts.Store, error) { return store, nil }}

	out, errs, _ := run(t, app, "list", "--store", "x://", "--json")
	var all []contacts.Contact
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 2345 || errs != "" {
		t.Errorf("%d contacts, %v, %s", len(all), err, errs)
	}
	out, errs, _ = run(t, app, "list", "--store", "x://")
	if n := strings.Count(out, "\n"); n != 1+pageLimit || !strings.Contains(errs, "50 of 2345 shown") {
		t.Errorf("%d lines; %s", n, errs)
	}
	out, errs, _ = run(t, app, "list", "--store", "x://", "--limit", "2000")
	if n := strings.Count(out, "\n"); n != 2001 || !strings.Contains(errs, "2000 of 2345 shown") {
		t.Errorf("%d lines; %s", n, errs)
	}
	out, errs, _ = run(t, app, "list", "--store", "x://", "--limit", "0")
	if n := strings.Count(out, "\n"); n != 2346 || errs != "" {
		t.Errorf("%d lines; %s", n, errs)
	}
}

// busy is a store that ends each page by its bound on work, after one contact,
// which it leaves out where hide is set.
type busy struct {
	kept
	hide bool
}

func (s busy) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	q.Limit = 1
	page, err := s.kept.Find(ctx, scope, q)
	page.Partial, page.Work = page.Next != "", 1
	if s.hide && page.Partial {
		page.Hits = nil
	}
	return page, err
}

// TestSearchEndsEarly: a search that would look at too many contacts says so,
// and how to go on.
func TestSearchEndsEarly(t *testing.T) {
	store := busy{kept: kept{memstore.New()}}
	book, err := contacts.Open(t.Context(), store, contacts.Scope{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.With(contacts.RelaxedRules()).CreateAll(t.Context(), slices.Repeat([]contacts.Contact{{FirstName: "Ann"}}, 9)); err != nil {
		t.Fatal(err)
	}
	app := &App{Open: func(context.Context, string, Mode) (contacts.Store, error) { return store, nil }}
	search := func(args ...string) (string, string, Code) {
		return run(t, app, append([]string{"search", "--store", "x://", "ann"}, args...)...)
	}
	out, errs, code := search()
	if n := strings.Count(out, "[Ann]"); n < 1 || n > 8 || code != OK || !strings.Contains(errs, "ended early") || !strings.Contains(errs, "--page") {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	out, errs, code = search("--limit", "0")
	if strings.Count(out, "[Ann]") != 9 || code != OK || errs != "" {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	store.hide = true
	out, errs, code = search()
	if out != "Nothing so far.\n" || code != NotFound || !strings.Contains(errs, "ended early") || !strings.Contains(errs, "--page") {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
	var r struct {
		Hits    []any
		Next    string
		Partial bool
	}
	out, errs, code = search("--json")
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != NotFound || !r.Partial || r.Next == "" || errs != "" {
		t.Errorf("code %d: %s%s", code, out, errs)
	}
}

// TestNotesInOrder: on a terminal, what is said beside the answer comes after
// it.
func TestNotesInOrder(t *testing.T) {
	t.Setenv(fileVariable, "")
	file := t.TempDir() + "/book.db"
	var both bytes.Buffer
	app := testApp()
	for _, line := range []string{"create --first Ann", "create --first Ben", "list --limit 1"} {
		both.Reset()
		args := append(append([]string{"contacts"}, strings.Fields(line)...), "--file", file)
		if code := app.Run(t.Context(), args, strings.NewReader(""), &both, &both); code != 0 {
			t.Fatalf("%s: code %d: %s", line, code, both.String())
		}
	}
	if out := both.String(); !strings.HasPrefix(out, "NAME") || !strings.Contains(out, "\ncontacts: 1 of 2 shown") {
		t.Error(out)
	}
}

// fullDisk takes a few bytes and then fails.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return d.room, errors.New("no space left on device")
	}
	d.room -= len(p)
	return len(p), nil
}

func TestAnswerNotWritten(t *testing.T) {
	t.Setenv(fileVariable, "")
	var errs bytes.Buffer
	code := Run(t.Context(), []string{"contacts", "help"}, strings.NewReader(""), &fullDisk{100}, &errs)
	if want := "contacts: the answer could not be written: no space left on device\n"; Code(code) != Failed || errs.String() != want {
		t.Errorf("code %d: %s", code, errs.String())
	}
}

func TestInterrupted(t *testing.T) {
	t.Setenv(fileVariable, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs bytes.Buffer
	code := testApp().Run(ctx, []string{"contacts", "create", "--first", "Ann", "--file", t.TempDir() + "/book.db"}, strings.NewReader(""), io.Discard, &errs)
	if Code(code) != Interrupted || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("code %d: %s", code, errs.String())
	}
}

// TestInterruptedInput: nobody has to wait for input that does not come.
func TestInterruptedInput(t *testing.T) {
	t.Setenv(fileVariable, "")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	never, w := io.Pipe()
	defer w.Close()
	code := testApp().Run(ctx, []string{"contacts", "create", "-", "--file", t.TempDir() + "/book.db"}, never, io.Discard, io.Discard)
	if Code(code) != Interrupted {
		t.Errorf("code %d", code)
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "pwsh", "powershell"} {
		out, errs, code := run(t, testApp(), "completion", shell)
		if code != OK || errs != "" || !strings.Contains(out, "--generate-shell-completion") {
			t.Errorf("%s: code %d, %s%s", shell, code, out, errs)
		}
	}
}

func TestCodesAreDocumented(t *testing.T) {
	help, _, _ := run(t, testApp(), "help")
	for _, c := range codes {
		if !strings.Contains(help, fmt.Sprintf("\n   %-5d%-13s%s\n", c.code, c.word, c.text)) {
			t.Errorf("the help does not explain exit code %d", c.code)
		}
	}
}

// TestExplained: the errors of the library that no script can bring about.
func TestExplained(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		text string
		code Code
	}{
		{t.Context(), fmt.Errorf("%w:\n the disk", contacts.ErrCommitUnknown), "outcome of the commit is unknown: the disk", Failed},
		{t.Context(), &contacts.RevisionError{Conflicts: []contacts.RevisionConflict{{ID: "c1", Read: 1, Present: 2}}},
			"contact c1 changed since it was read (revision 1, now 2): get it again and repeat the change", Changed},
		{t.Context(), &contacts.RevisionError{Conflicts: []contacts.RevisionConflict{{ID: "c1", Read: 1}}},
			"there is no contact with the id c1", NotFound},
		{t.Context(), &contacts.IndexError{Want: contacts.IndexVersion{Generation: 9}},
			"indexed by a newer library (index 9, this one has 0): update this program, or open read-only", NoBook},
		{t.Context(), fmt.Errorf("contacts: x.db: %w", contacts.ErrNewer), "x.db: written by a newer version", NoBook},
		{t.Context(), &contacts.DuplicateNumberError{Refusals: []contacts.Refusal{{Number: "+1", Earlier: -1}}},
			"+1 belongs to a contact in another stream of the account", Duplicate},
		{cancelled, context.Canceled, "interrupted; what was not confirmed was not done", Interrupted},
		{t.Context(), errors.New("something"), "something", Failed},
	} {
		text, code := new(session).explain(c.ctx, c.err)
		if text != c.text || code != c.code {
			t.Errorf("%v:\ngot  %d %s\nwant %d %s", c.err, code, text, c.code, c.text)
		}
	}
}

func TestDashed(t *testing.T) {
	root := (&session{app: &App{}}).root()
	for _, c := range []struct{ in, want string }{
		{"x lookup 98765", "x lookup 98765"},
		{"x lookup -98765 --json", "x lookup --json -- -98765"},
		{"x --file f lookup -98765 -4", "x lookup --file f -- -98765 -4"},
		{"x -f f lookup --region IN -98765", "x lookup -f f --region IN -- -98765"},
		{"x create --phone -98765", "x create --phone -98765"},
		{"x create --phone=-98765 -", "x create --phone=-98765 -"},
		{"x lookup -- -98765 --json", "x lookup -- -98765 --json"},
		{"x lookup -98765 --generate-shell-completion", "x lookup -98765 --generate-shell-completion"},
		{"x lookup lookup -1", "x lookup -- lookup -1"},
	} {
		if got := strings.Join(split(root, strings.Fields(c.in)).dashed(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	(&table{head: []string{"A", "B"}, rows: [][]string{
		{"Émile", "1"}, {"Ze\u0301ro", "2"}, {"李明", "3"}, {"", "4"}, {"two\nlines\x1b[2J", "5\u202e"},
	}}).write(&b, "")
	want := "A             B\nÉmile         1\nZe\u0301ro          2\n李明          3\n-             4\ntwo lines[2J  5\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"book.db": "book.db", "my book.db": "'my book.db'", "": "''", "it's": `"it's"`, "+91": "+91", "a;b": "'a;b'",
	} {
		if got := quote(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestTypedAs(t *testing.T) {
	for in, want := range map[string]string{
		"contacts":                               "contacts",
		"bin/contacts":                           "bin/contacts",
		"/tmp/go-build1234/b001/exe/contacts":    "go run ./cmd/contacts",
		`C:\Program Files\contacts\contacts.exe`: `'C:\Program Files\contacts\contacts.exe'`,
	} {
		if got := typedAs(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}
