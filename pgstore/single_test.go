package pgstore

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/pgtest"
	"github.com/callerbook/contacts/storetest"
)

func oneConnection(t testing.TB) string { return pgtest.With(pgtest.DSN(t), "pool_max_conns", "1") }

// TestStoreOneConnection holds stores with pools of one connection to the contract:
// no call takes a second one while it has the first.
func TestStoreOneConnection(t *testing.T) {
	dsn := oneConnection(t)
	var n atomic.Int64
	storetest.Run(t, func() (contacts.Store, error) {
		return Open(t.Context(), dsn, &Options{Schema: fmt.Sprint("s", n.Add(1))})
	})
}

// TestOneConnection has one call after the other, of those that storetest does not
// know too.
func TestOneConnection(t *testing.T) {
	for _, mode := range []string{"cache_statement", "exec"} { // the latter is for PgBouncer
		t.Run(mode, func(t *testing.T) {
			dsn := pgtest.With(pgtest.DSN(t), "pool_max_conns", "1")
			testOneConnection(t, openBeside(t, pgtest.With(dsn, "default_query_exec_mode", mode), nil))
		})
	}
}

func testOneConnection(t *testing.T, s *Store) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Load(ctx, home, contacts.LoadHead{UniqueBy: contacts.UniqueByAccount}, sequence(0, 2000))
	must(err)
	_, err = s.Apply(ctx, contacts.Scope{Account: home.Account, Stream: "other"}, contacts.Batch{Op: "op", Writes: []contacts.Write{person("c1", "Ann Lee", 1)}})
	must(err)
	must(s.Wait(ctx, home, 1))
	_, err = s.Find(ctx, home, contacts.Query{})
	must(err)
	_, err = s.Events(ctx, home, 5, 5)
	must(err)
	_, err = s.History(ctx, home, contacts.HistoryQuery{ID: loaded(1).Contact.ID})
	must(err)
	_, err = s.Scopes(ctx, contacts.Scope{}, 5)
	must(err)
	must(s.Trim(ctx, home, 100))
	must(s.RenewEpochs(ctx))
	must(s.Check(ctx))
	f, err := s.Fork(ctx)
	must(err)
	g, err := f.(*Store).Fork(ctx)
	must(err)
	must(f.Close())
	_, err = g.Apply(ctx, home, contacts.Batch{Writes: []contacts.Write{person("c1", "Ann Lee", 1)}})
	if !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("a line of another stream, in a fork of a fork: %v", err)
	}
	must(g.Close())
}
