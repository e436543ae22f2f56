package pgstore

import (
	"testing"

	"github.com/callerbook/contacts"
	lives "github.com/callerbook/contacts/internal/life"
	"github.com/callerbook/contacts/internal/pgtest"
)

var lifeFlags = lives.NewFlags("1,000, with -short 200")

// TestLife compares the books of a store with a model, after every step of what
// may happen to contacts (internal/life).
func TestLife(t *testing.T) {
	ops := 1000
	if testing.Short() {
		ops = 200
	}
	var dsn string
	open := func() (contacts.Store, error) { return Open(t.Context(), dsn, nil) }
	t.Run("pgstore", func(t *testing.T) {
		lives.Run(t, lives.Kind{Name: "pgstore", Reopen: open, Open: func(t *testing.T) (contacts.Store, error) {
			dsn = pgtest.DSN(t)
			return open()
		}}, lifeFlags, ops)
	})
}
