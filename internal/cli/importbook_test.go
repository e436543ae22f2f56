package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
)

// A new book in which an import came to nothing is removed, but not one for which
// somebody has set the site.
func TestRemoveEmpty(t *testing.T) {
	broken := errors.New("broken")
	for _, site := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "new.db")
		store, err := boltstore.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		book, err := contacts.Open(t.Context(), store, contacts.Scope{}, &contacts.Options{Rules: contacts.RelaxedRules()})
		if err != nil {
			t.Fatal(err)
		}
		if site {
			if _, err := book.SetSite(t.Context(), phone.Site{Region: "IN"}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = book.Import(t.Context(), func(yield func(contacts.ImportRow, error) bool) {
			if yield(contacts.ImportRow{Contact: contacts.Contact{FirstName: "Elsa"}}, nil) {
				yield(contacts.ImportRow{}, broken)
			}
		}, nil, nil)
		if !errors.Is(err, broken) {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if removed := removeEmpty(t.Context(), path); removed == site {
			t.Errorf("site %v: removed %v", site, removed)
		}
		if _, err := os.Stat(path); (err == nil) != site {
			t.Errorf("site %v: %v", site, err)
		}
	}
}
