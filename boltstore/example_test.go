package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
)

// A book of which verified copies are kept beside it comes back after damage
// with what the copy has, and what can still be read in the damaged file.
func ExampleRepair() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "book.db")
	store, err := boltstore.Open(path, nil)
	if err != nil {
		panic(err)
	}
	scope := contacts.Scope{Account: "acme", Stream: "support"}
	book, err := contacts.Open(ctx, store, scope, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"Asha", "Bo", "Cy"} {
		if _, err := book.Create(ctx, contacts.Contact{FirstName: name}); err != nil {
			panic(err)
		}
	}
	if _, err := store.SaveSnapshot(ctx); err != nil {
		panic(err)
	}
	store.Close()

	_ = os.Truncate(path, 20_000) // a disk, or another program, harms the file
	_, err = boltstore.Open(path, nil)
	fmt.Println("damaged:", errors.Is(err, contacts.ErrDamaged))

	report, err := boltstore.Repair(ctx, path, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println("repaired with the", report.Method)
	for _, s := range report.Scopes {
		fmt.Println(s.Scope.Account, s.Scope.Stream, s.Counts.Active, "contacts, missing:", s.Missing)
	}
	_, err = os.Stat(report.Aside)
	fmt.Println("the damaged file is kept:", err == nil)
	// Output:
	// damaged: true
	// repaired with the snapshot
	// acme support 3 contacts, missing: 0
	// the damaged file is kept: true
}

// A store keeps copies of its file while it runs, in the background.
func ExampleSnapshots() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "book.db")
	store, err := boltstore.Open(path, &boltstore.Options{
		Snapshots: &boltstore.Snapshots{Every: 12 * time.Hour, Keep: 5},
	})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	// Before something risky the host may ask for one.
	if _, err := store.SaveSnapshot(context.Background()); err != nil {
		panic(err)
	}
	list, err := boltstore.ListSnapshots(path, "")
	fmt.Println(len(list) > 0, time.Since(list[0].At) < time.Hour, err)
	// Output: true true <nil>
}
