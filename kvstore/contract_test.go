package kvstore_test

import (
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
	"github.com/callerbook/contacts/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func() (contacts.Store, error) {
		return kvstore.New(kvstore.NewPlain(), nil)
	})
}

// TestContractDisk has loads sort in files.
func TestContractDisk(t *testing.T) {
	storetest.Run(t, func() (contacts.Store, error) { return kvstore.NewDisk() })
}
