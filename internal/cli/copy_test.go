package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// shelf keeps stores by location, past their Close.
type shelf map[string]contacts.Store

func (s shelf) open(_ context.Context, at string, _ Mode) (contacts.Store, error) {
	return s[at], nil
}

// lossy does not give back the names that it was given.
type lossy struct{ kept }

func (s lossy) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := s.kept.Find(ctx, scope, q)
	for i := range p.Hits {
		p.Hits[i].Contact.FirstName = ""
	}
	return p, err
}

// TestCopyLocations copies between files and what --store takes elsewhere.
func TestCopyLocations(t *testing.T) {
	stores := shelf{"mem://good": kept{memstore.New()}, "mem://bad": lossy{kept{memstore.New()}}}
	app := testApp()
	app.Open = stores.open
	t.Setenv(fileVariable, "")
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
	must := func(want string, code Code, args ...string) {
		t.Helper()
		out, errs, got := run(t, app, args...)
		if got != code || !strings.Contains(out+errs, want) {
			t.Errorf("%q: code %d: %s%s", args, got, out, errs)
		}
	}
	must("Created", OK, "create", "--file", a, "--first", "Ann")
	must("Copied 1 contact to mem://good. Verified.\n", OK, "copy", a, "mem://good")
	must("takes no history", OK, "copy", a, "mem://good")
	must("Copied 1 contact to "+b, OK, "copy", "mem://good", b)
	must("Ann", OK, "list", "--file", b)
	must("are the same book", Usage, "copy", a, a)
	must("are the same book", Usage, "copy", "mem://good", "mem://good")
	must("name both books", Usage, "copy", "--store", "mem://good", a, b)
	must("differs from the source", Failed, "copy", a, "mem://bad")

	if err := os.Remove(b); err != nil {
		t.Fatal(err)
	}
	stores["mem://lost"] = lossy{kept{memstore.New()}}
	must("Created", OK, "create", "--store", "mem://lost", "--first", "Ann")
	must("differs from the source", Failed, "copy", "mem://lost", b)
	if _, err := os.Stat(b); !os.IsNotExist(err) {
		t.Errorf("a file is left of a copy that failed: %v", err)
	}
}
