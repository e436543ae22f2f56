package main

import (
	"os"
	"path/filepath"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
)

// openStore opens a store of the library: on a file in dir, or in memory.
func openStore(dir string, durable bool) (contacts.Store, error) {
	if !durable {
		return memstore.New(), nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return boltstore.Open(filepath.Join(dir, "book.db"), nil)
}
