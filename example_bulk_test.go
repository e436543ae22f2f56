package contacts_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/callerbook/contacts"
)

// Each row on its own, one after the other: a number that one row gives up is
// free for the next.
func ExampleBook_UpdateEach() {
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, person("John", "9876543210"))
	jane, _ := book.Create(ctx, person("Jane", "9876543211"))
	asha, _ := book.Create(ctx, person("Asha", "9876543212"))

	given := john.CellPhone
	john.CellPhone = contacts.Phone{Number: "9876543219"}
	jane.CellPhone = given
	asha.CellPhone = given
	results, err := book.UpdateEach(ctx, []contacts.Contact{john, jane, asha})
	for _, r := range results {
		fmt.Println(r.Contact.FirstName, errors.Is(r.Err, contacts.ErrDuplicateNumber))
	}
	fmt.Println(err)
	// Output:
	// John false
	// Jane false
	// Asha true
	// <nil>
}

func ExampleBook_DeleteEach() {
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, person("John", "9876543210"))

	results, err := book.DeleteEach(ctx, []string{john.ID, "nobody"})
	for _, r := range results {
		fmt.Println(r.Contact.Status, errors.Is(r.Err, contacts.ErrNotFound))
	}
	fmt.Println(err)
	// Output:
	// INACTIVE false
	//  true
	// <nil>
}

// A list from another system: who is there is completed, who is not is created,
// and two rows with one number are one contact.
func ExampleBook_UpsertEach() {
	ctx := context.Background()
	book := exampleBook()
	if _, err := book.Create(ctx, person("John", "9876543210")); err != nil {
		panic(err)
	}
	list := []contacts.Contact{person("Johnny", "098765 43210"), person("Asha", "9876543211"), person("", "+91 98765 43211")}
	list[0].Organization = "Acme"
	list[2].Title = "Director"
	results, err := book.UpsertEach(ctx, list, nil)
	for _, r := range results {
		fmt.Println(r.Contact.FirstName, r.Contact.Organization, r.Contact.Title, r.Created, r.Changed, r.Err)
	}
	fmt.Println(err)
	// Output:
	// John Acme  false true <nil>
	// Asha   true true <nil>
	// Asha  Director false true <nil>
	// <nil>
}
