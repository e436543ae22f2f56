package pgstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

const dev = "postgres://postgres@127.0.0.1:54321/postgres?pool_max_conns=6"

func TestDev(t *testing.T) {
	storetest.Run(t, func() (contacts.Store, error) {
		schema := fmt.Sprintf("w%d", rand.Uint64())
		s, err := Open(t.Context(), dev, &Options{Schema: schema})
		if err == nil {
			t.Cleanup(func() {
				c, _ := Open(context.Background(), dev, &Options{Schema: schema})
				if c != nil {
					c.pool.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
					c.Close()
				}
			})
		}
		return s, err
	})
}
