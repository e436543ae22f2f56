package contacts_test

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// A list is tried out first, then taken in: what somebody has is completed.
func ExampleBook_Import() {
	ctx := context.Background()
	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{Account: "acme", Stream: "support"},
		&contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = book.Create(ctx, contacts.Contact{FirstName: "Asha", CellPhone: contacts.Phone{Number: "9876543210"}})
	if err != nil {
		fmt.Println(err)
		return
	}

	rows := func(yield func(contacts.ImportRow, error) bool) {
		for _, c := range []contacts.Contact{
			{FirstName: "Asha", LastName: "Rao", CellPhone: contacts.Phone{Number: "+91 98765 43210"}},
			{FirstName: "Ben", CellPhone: contacts.Phone{Number: "98765 43211"}},
			{FirstName: "Cleo", CellPhone: contacts.Phone{Number: "112"}},
			{FirstName: "Ben again", Phones: []contacts.Phone{{Number: "098765 43211"}}},
			{FirstName: "Dev", Emails: []contacts.Email{{Address: "dev@example.com"}}},
		} {
			if !yield(contacts.ImportRow{Contact: c}, nil) {
				return
			}
		}
	}
	show := func(r contacts.ImportResult) error {
		fmt.Println(r.Index, r.Outcome, r.Contact.FirstName)
		if r.Err != nil {
			fmt.Println("  ", r.Err)
		}
		return nil
	}
	o := contacts.ImportOptions{Held: contacts.FillHeld}
	try := o
	try.DryRun = true
	counts, err := book.Import(ctx, rows, &try, nil)
	fmt.Printf("would be: %+v %v\n", counts, err)

	counts, err = book.Import(ctx, rows, &o, show)
	fmt.Printf("was:      %+v %v\n", counts, err)

	counts, err = book.Import(ctx, rows, &o, nil) // again: nothing comes twice
	fmt.Printf("again:    %+v %v\n", counts, err)
	// Output:
	// would be: {Rows:5 Created:2 Updated:1 Skipped:1 Failed:1 Kept:0} <nil>
	// 0 updated Asha
	// 1 created Ben
	// 2 failed Cleo
	//    contacts: invalid contact: item 2: cellPhone.phoneNumber cannot be used: a text of 3 digits is too short: emergency, service and internal numbers identify nobody; enter the whole number with its area code
	// 3 skipped Ben
	// 4 created Dev
	// was:      {Rows:5 Created:2 Updated:1 Skipped:1 Failed:1 Kept:0} <nil>
	// again:    {Rows:5 Created:0 Updated:0 Skipped:4 Failed:1 Kept:0} <nil>
}
