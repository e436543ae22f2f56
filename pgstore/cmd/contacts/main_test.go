package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/internal/cli"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/internal/script"
	"github.com/callerbook/contacts/pgstore"
)

var update = flag.Bool("update", false, "write what the scripts print into testdata")

func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// TestScripts runs testdata/*.txt, each in an empty folder and with an empty
// database of its own. The only command is "contacts". $DB is the location of the
// database, $SECRET that with a password in it, which is shown as $HIDDEN, $OTHER
// that with another schema, $GONE a database that is not there, $DEFAULT the default file; $ID1, $ID2, .. are
// the ids that were printed, in order. The flag -update rewrites the lines that
// are printed.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			path, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := script.Play(string(data), newTerminal(t).run)
			if *update && got != string(data) {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := script.Differ(string(data), got); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		})
	}
}

// terminal is where a script is typed.
type terminal struct {
	t      *testing.T
	places []place // the longest first
	ids    []string
}

// place is a location and what stands for it in scripts.
type place struct{ name, location string }

func newTerminal(t *testing.T) *terminal {
	t.Chdir(t.TempDir())
	t.Setenv("CONTACTS_FILE", "")
	home, err := boltstore.DefaultPath()
	if err != nil {
		t.Fatal(err)
	}
	dsn := pgtest.DSN(t)
	edited := func(edit func(u *url.URL)) string {
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		edit(u)
		return u.String()
	}
	password := func(word string) func(u *url.URL) {
		return func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), word) }
	}
	term := &terminal{t: t, places: []place{
		{"$DB", dsn},
		{"$SECRET", edited(password("sesame"))},
		{"$HIDDEN", edited(password("xxxxx"))},
		{"$OTHER", pgtest.With(dsn, "schema", "other")},
		{"$DEFAULT", home},
		{"$GONE", edited(func(u *url.URL) { u.Path = "/gone" })},
	}}
	slices.SortFunc(term.places, func(a, b place) int { return len(b.location) - len(a.location) })
	return term
}

var (
	idPattern   = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	timePattern = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d(:\d\d\.\d{3}Z)?`)
)

func (s *terminal) run(command, stdin string) (stdout, stderr string, code int) {
	args := script.Words(command)
	for i := range args {
		for n := len(s.ids); n > 0; n-- {
			args[i] = strings.ReplaceAll(args[i], fmt.Sprint("$ID", n), s.ids[n-1])
		}
		for _, p := range s.places {
			args[i] = strings.ReplaceAll(args[i], p.name, p.location)
		}
	}
	var out, errs bytes.Buffer
	app := cli.App{Open: open}
	code = app.Run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	if text := out.String() + errs.String(); strings.Contains(text, "sesame") {
		s.t.Errorf("%s: the password shows:\n%s", command, text)
	}
	return s.clean(out.String()), s.clean(errs.String()), code
}

// clean replaces what differs from run to run.
func (s *terminal) clean(text string) string {
	for _, p := range s.places {
		text = strings.ReplaceAll(text, "'"+p.location+"'", p.name)
		text = strings.ReplaceAll(text, p.location, p.name)
	}
	text = idPattern.ReplaceAllStringFunc(text, func(id string) string {
		n := slices.Index(s.ids, id)
		if n < 0 {
			n, s.ids = len(s.ids), append(s.ids, id)
		}
		return fmt.Sprint("$ID", n+1)
	})
	return timePattern.ReplaceAllString(text, "TIME")
}

// TestModes: only commands that begin books make tables, and those that read do
// not even try to write.
func TestModes(t *testing.T) {
	ctx, dsn := t.Context(), pgtest.DSN(t)
	for _, mode := range []cli.Mode{cli.Read, cli.Write} {
		if _, err := open(ctx, dsn, mode); err == nil {
			t.Fatalf("mode %d opens tables that are not there", mode)
		}
	}
	for _, mode := range []cli.Mode{cli.Create, cli.Write, cli.Read} {
		store, err := open(ctx, dsn, mode)
		if err != nil {
			t.Fatal(err)
		}
		_, err = contacts.Open(ctx, store, contacts.Scope{}, nil)
		if err == nil && mode == cli.Read {
			err = store.(*pgstore.Store).Trim(ctx, contacts.Scope{}, 0)
		}
		if refused := err != nil; refused != (mode == cli.Read) {
			t.Errorf("mode %d: writing: %v", mode, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
