package contacts_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/internal/life"
	"github.com/callerbook/contacts/memstore"
)

var lifeFlags = life.NewFlags("100,000, with -race 5,000, with -short 2,000")

// TestLife compares the books of each store with a model, after every step of
// what may happen to contacts (internal/life).
func TestLife(t *testing.T) {
	ops := 100_000
	if raceEnabled {
		ops = 5_000
	}
	if testing.Short() {
		ops = 2_000
	}
	var path string // of the file
	reopen := func() (contacts.Store, error) { return boltstore.Open(path, nil) }
	for _, kind := range []life.Kind{
		{Name: "memstore", Often: true, Open: func(*testing.T) (contacts.Store, error) { return memstore.New(), nil }},
		{Name: "boltstore", Reopen: reopen, Open: func(t *testing.T) (contacts.Store, error) {
			path = filepath.Join(lifeDir(t), "life.db")
			return reopen()
		}},
	} {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			life.Run(t, kind, lifeFlags, ops)
		})
	}
}

// lifeDir is a folder in memory, where there is one: nothing here is about
// disks.
func lifeDir(t *testing.T) string {
	if runtime.GOOS == "linux" {
		if ram, err := os.MkdirTemp("/dev/shm", "contacts"); err == nil {
			t.Cleanup(func() { os.RemoveAll(ram) })
			return ram
		}
	}
	return tempDir(t)
}
