// Package keep is what the programs have in common that keep a book.
package keep

import (
	"context"
	"fmt"
	"os"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
)

// Run puts a number into the book that the first argument names, and shows it.
// Without arguments it does nothing: only the start is measured.
func Run(show func(phone.Number) string) {
	if len(os.Args) < 3 {
		return
	}
	if err := run(os.Args[1], os.Args[2], show); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file, number string, show func(phone.Number) string) error {
	ctx := context.Background()
	store, err := boltstore.Open(file, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	book, err := contacts.Open(ctx, store, contacts.Scope{Account: "acme", Stream: "support"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	if err != nil {
		return err
	}
	c, err := book.Create(ctx, contacts.Contact{FirstName: "Asha", CellPhone: contacts.Phone{Number: number}})
	if err != nil {
		return err
	}
	n, err := phone.ParseE164(c.CellPhone.Number)
	if err != nil {
		return err
	}
	fmt.Println(show(n))
	return nil
}
