package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/pgstore"
)

// A host that kept its book in a file, by boltstore.Open("book.db", nil), changes
// this one line. It names both hosts, so that it finds the primary after a
// failover; the password is in PGPASSWORD or ~/.pgpass.
func ExampleOpen() {
	ctx := context.Background()
	store, err := pgstore.Open(ctx, "postgres://agent@db1,db2/crm?target_session_attrs=read-write", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	book, err := contacts.Open(ctx, store, contacts.Scope{Account: "acme", Stream: "support"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = book.With(contacts.RelaxedRules()).Create(ctx, contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919876543210"}})
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) { // whichever process was faster
		fmt.Println("refused, it is the number of", dup.Refusals[0].HolderName)
	}
}

// On the host's own pool, by a role that may not make tables (see ENGINES.md).
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://contacts_app@db1/crm?pool_max_conns=20")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close() // after the store
	store, err := pgstore.New(ctx, pool, &pgstore.Options{Schema: "callers", NoMigrate: true})
	if errors.Is(err, pgstore.ErrNotMigrated) {
		log.Fatal("open it once as contacts_owner: ", err)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
}
