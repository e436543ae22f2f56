// Package pgtest leads to internal/pgtest of the root module.
package pgtest

import (
	"testing"

	"github.com/callerbook/contacts/internal/pgtest"
)

// DSN is pgtest.DSN.
func DSN(t testing.TB) string {
	t.Helper()
	return pgtest.DSN(t)
}
