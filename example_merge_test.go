package contacts_test

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
)

func ExampleBook_Merge() {
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, contacts.Contact{FirstName: "John", LastName: "Doe", CellPhone: contacts.Phone{Number: "+91 98765 43210"}})
	twin, _ := book.Create(ctx, contacts.Contact{FirstName: "Johnny", Title: "CTO", CellPhone: contacts.Phone{Number: "+91 98765 43211"}})

	// What would become of them, with the first name of the twin?
	o := &contacts.MergeOptions{Take: map[string]string{"firstName": twin.ID}}
	preview, err := book.PreviewMerge(ctx, john.ID, []string{twin.ID}, o)
	fmt.Println(preview.Contact.FullName, preview.Contact.Title, err)

	// Just that: if one of them changes meanwhile, it is a *RevisionError.
	o.Revisions = preview.Revisions
	merged, err := book.Merge(ctx, john.ID, []string{twin.ID}, o)
	fmt.Println(merged.CellPhone.Number, merged.Phones[0].Number, err)

	// Whoever has the old id finds the contact.
	now, err := book.Resolve(ctx, twin.ID)
	fmt.Println(now.Contact.FullName, now.ID == john.ID, len(now.Via), err)
	// Output:
	// Johnny Doe CTO <nil>
	// +919876543210 +919876543211 <nil>
	// Johnny Doe true 1 <nil>
}

func ExampleBook_Unmerge() {
	ctx := context.Background()
	book := exampleBook()
	john, _ := book.Create(ctx, contacts.Contact{FirstName: "John", CellPhone: contacts.Phone{Number: "+91 98765 43210"}})
	twin, _ := book.Create(ctx, contacts.Contact{FirstName: "Johnny", LastName: "Doe", CellPhone: contacts.Phone{Number: "+91 98765 43211"},
		Phones: []contacts.Phone{{Number: "+91 98765 43212"}}})
	merged, _ := book.Merge(ctx, john.ID, []string{twin.ID}, nil)

	// The survivor is edited, and gives one of the twin's numbers to Carla.
	merged.Notes = "prefers mornings"
	merged.Phones = merged.Phones[:1]
	_, _ = book.Update(ctx, merged)
	_, _ = book.Create(ctx, contacts.Contact{FirstName: "Carla", CellPhone: contacts.Phone{Number: "+91 98765 43212"}})

	u, err := book.Unmerge(ctx, john.ID)
	fmt.Println(u.Survivor.FullName, u.Survivor.Notes, err)
	for _, c := range u.Contacts {
		fmt.Println(c.FullName, c.CellPhone.Number)
	}
	for _, r := range u.Lost {
		fmt.Println(r.Number, "is the number of", r.HolderName)
	}
	// Output:
	// John prefers mornings <nil>
	// Johnny Doe +919876543211
	// +919876543212 is the number of Carla
}
