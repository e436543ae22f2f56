package boltstore

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

// TestContract holds the store to what any store owes, beside what it keeps
// across Close.
func TestContract(t *testing.T) {
	dir := tempDir(t)
	n := 0
	storetest.Run(t, func() (contacts.Store, error) {
		n++
		return Open(filepath.Join(dir, fmt.Sprintf("book%d.db", n)), nil)
	})
}
