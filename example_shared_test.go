package contacts_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/callerbook/contacts"
)

// A main line is listed by many and claimed by nobody, or by one.
func ExamplePhone_shared() {
	ctx := context.Background()
	book := exampleBook()
	line := contacts.Phone{Number: "+44 20 7946 0000", Label: "work", Shared: true}
	for _, name := range []string{"Ada", "Ben", "Cay"} {
		if _, err := book.Create(ctx, contacts.Contact{FirstName: name, Phones: []contacts.Phone{line}}); err != nil {
			fmt.Println(err)
		}
	}
	m, err := book.Lookup(ctx, "+44 20 7946 0000", &contacts.LookupOptions{Limit: 2})
	fmt.Println(m.Kind, m.Candidates[0].FullName, m.Candidates[1].FullName, err)

	// Ada answers it from now on.
	ada := m.Candidates[0]
	ada.Phones[0].Shared = false
	_, err = book.Update(ctx, ada)
	fmt.Println(err)
	m, err = book.Lookup(ctx, "+44 20 7946 0000", nil)
	fmt.Println(m.Kind, m.Contact.FullName, len(m.Candidates), err)
	// Output:
	// ambiguous Ada Ben <nil>
	// <nil>
	// exact Ada 2 <nil>
}

// What is logged is masked; the fields are clear.
func ExampleContact_LogValue() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "id" {
				return slog.Attr{}
			}
			return a
		},
	}))
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, person("John Doe", "098765 43210"))
	log.Info("created", "contact", john)
	_, err := book.With(contacts.Rules{}).Create(ctx, person("Jane", "098765 43210"))
	log.Info("refused", "error", err)
	// Output:
	// level=INFO msg=created contact.status=ACTIVE contact.revision=1 contact.name="J*** D***" contact.number=****3210
	// level=INFO msg=refused error="contacts: invalid contact: lastName is missing; salutation is missing; cellPhone.countryCode is missing; cellPhone.extension is missing"
}

// A purge removes the person: the contact, and those that were merged into it.
func ExampleBook_Purge() {
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, person("John", "098765 43210"))
	twin, _ := book.Create(ctx, person("Johnny", "098765 43211"))
	_, _ = book.Merge(ctx, john.ID, []string{twin.ID}, nil)

	fmt.Println(book.Purge(ctx, john.ID))
	r, err := book.Resolve(ctx, twin.ID) // where the id of the twin leads now
	fmt.Println(r.ID == john.ID, len(r.Via), err != nil)
	n, err := book.Count(ctx)
	fmt.Println(n.Active, n.Merged, err)
	// Output:
	// <nil>
	// true 1 true
	// 0 0 <nil>
}
