package boltstore

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

// TestContract holds the store to what any store owes, beside what it keeps
// across Close (TestStore). Loads write a new file here, however small; there
// they are commits.
func TestContract(t *testing.T) {
	dir := tempDir(t)
	n := 0
	storetest.Run(t, func() (contacts.Store, error) {
		n++
		return openMerging(filepath.Join(dir, fmt.Sprintf("book%d.db", n)))
	})
}
