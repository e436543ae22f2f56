package storetest_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
	"github.com/callerbook/contacts/storetest/internal/mapstore"
)

func openMap() (contacts.Store, error) { return mapstore.New(), nil }

func TestRun(t *testing.T) { storetest.Run(t, openMap) }

func TestRunReopen(t *testing.T) { storetest.RunReopen(t, openIn()) }

// openIn returns an open that keeps stores by folder.
func openIn() func(dir string) (contacts.Store, error) {
	var mu sync.Mutex
	kept := map[string]*mapstore.Store{}
	return func(dir string) (contacts.Store, error) {
		mu.Lock()
		defer mu.Unlock()
		dir = filepath.Clean(dir)
		if s := kept[dir]; s != nil {
			return s.Reopen(), nil
		}
		kept[dir] = mapstore.New()
		return kept[dir], nil
	}
}
