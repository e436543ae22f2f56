package memstore

import (
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

// TestStore holds the store to the contract.
func TestStore(t *testing.T) {
	storetest.Run(t, func() (contacts.Store, error) { return New(), nil })
}
