package contacts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// A book that began in memory moves into a file, history included.
func ExampleCopy() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "contacts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	memory := memstore.New()
	book, err := contacts.Open(ctx, memory, contacts.Scope{Account: "acme", Stream: "support"},
		&contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}})
	if err != nil {
		panic(err)
	}
	john, err := book.Create(ctx, person("John", "098765 43210"))
	if err != nil {
		panic(err)
	}
	if _, err := book.Edit(ctx, john.ID, func(c *contacts.Contact) error {
		c.LastName = "Doe"
		return nil
	}); err != nil {
		panic(err)
	}

	file, err := boltstore.Open(filepath.Join(dir, "book.db"), nil)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	for range 2 { // the second finds that all of it is there
		done, err := contacts.Copy(ctx, file, memory, nil)
		if err != nil {
			panic(err)
		}
		for _, s := range done.Scopes {
			fmt.Println(s.Scope.Account, s.Scope.Stream, s.Counts.Active, s.Past, s.Skipped)
		}
	}
	// Output:
	// acme support 1 1 false
	// acme support 1 1 true
}
