package pgstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/callerbook/contacts/internal/pgtest"
)

// openTest opens a new and empty store that is closed when the test ends.
func openTest(t testing.TB, o *Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), pgtest.DSN(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// schemas opens stores in schemas of one database, which is cheaper than a
// database each.
type schemas struct {
	t   testing.TB
	dsn string
	n   atomic.Int64
}

func newSchemas(t testing.TB) *schemas { return &schemas{t: t, dsn: pgtest.DSN(t)} }

// open opens a new and empty store, whose schema Close drops.
func (d *schemas) open() (*dropped, error) {
	schema := fmt.Sprint("s", d.n.Add(1))
	s, err := d.in(schema)
	if err != nil {
		return nil, err
	}
	return &dropped{Store: s, drop: sync.OnceFunc(func() { d.drop(schema) })}, nil
}

// in opens the store in a schema. It has few connections, as many stores may be
// open.
func (d *schemas) in(schema string) (*Store, error) {
	return Open(context.Background(), pgtest.With(d.dsn, "pool_max_conns", "8"), &Options{Schema: schema})
}

// drop drops a schema.
func (d *schemas) drop(schema string) {
	conn, err := pgx.Connect(context.Background(), d.dsn)
	if err == nil {
		_, err = conn.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		_ = conn.Close(context.Background())
	}
	if err != nil {
		d.t.Error(err)
	}
}

// dropped is a store that is thrown away when it is closed.
type dropped struct {
	*Store
	drop func()
}

func (s *dropped) Close() error {
	err := s.Store.Close()
	s.drop()
	return err
}
