package pgstore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

func TestStore(t *testing.T) {
	d := newSchemas(t)
	storetest.Run(t, func() (contacts.Store, error) { return d.open() })
}

func TestStoreReopen(t *testing.T) {
	d := newSchemas(t)
	storetest.RunReopen(t, func(dir string) (contacts.Store, error) {
		return d.in(strings.ToLower("r_" + filepath.Base(dir)))
	})
}
