package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// diaryBook is a book in which every write happens a day after the one before,
// the first on 1 March.
func diaryBook() *contacts.Book {
	day := time.Date(2026, 2, 28, 9, 0, 0, 0, time.UTC)
	book, err := contacts.Open(context.Background(), memstore.New(), contacts.Scope{Account: "acme", Stream: "support"},
		&contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time {
			day = day.AddDate(0, 0, 1)
			return day
		}})
	if err != nil {
		panic(err)
	}
	return book
}

// Who changed a contact, when, and what.
func ExampleBook_History() {
	ctx := context.Background()
	book := diaryBook()
	c, _ := book.As(contacts.Actor{AID: "ann"}).Create(ctx, person("John", "+919876543210"))
	c.LastName, c.Tags = "Doe", []string{"vip"}
	c, _ = book.As(contacts.Actor{AID: "bob"}).Update(ctx, c)
	_, _ = book.As(contacts.Actor{AID: "ann"}).Delete(ctx, c.ID)

	for change, err := range book.History(ctx, c.ID, nil) {
		if err != nil {
			panic(err)
		}
		fmt.Println(change.At.Format("2 January"), change.ByAID, change.Kind)
		for _, f := range change.Fields {
			fmt.Printf("  %s: %q -> %q\n", f.Field, f.Old, f.New)
		}
	}
	// Output:
	// 1 March ann created
	//   firstName: "" -> "John"
	//   cellPhone.phoneNumber: "" -> "+919876543210"
	// 2 March bob updated
	//   lastName: "" -> "Doe"
	//   tags[vip]: "" -> "vip"
	// 3 March ann deleted
}

// Who had a number, and who had it on 3 March?
func ExampleBook_NumberHistory() {
	ctx := context.Background()
	book := diaryBook()
	const number = "+919876543210"
	john, _ := book.Create(ctx, person("John", number)) // 1 March
	jane, _ := book.Create(ctx, person("Jane", ""))     // 2 March
	_, _ = book.Reassign(ctx, number, jane.ID)          // 3 March
	_, _ = book.Delete(ctx, jane.ID)                    // 4 March
	_, _ = book.Reassign(ctx, number, john.ID)          // 5 March
	third := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

	day := func(t time.Time) string {
		if t.IsZero() {
			return "today"
		}
		return t.Format("2 January")
	}
	for t, err := range book.NumberHistory(ctx, number, nil) {
		if err != nil {
			panic(err)
		}
		fmt.Println(t.Contact.FirstName, "from", day(t.From), "to", day(t.To))
	}
	for t, err := range book.NumberHistory(ctx, number, &contacts.NumberHistoryOptions{At: third}) {
		if err != nil {
			panic(err)
		}
		fmt.Println("On 3 March:", t.Contact.FirstName)
	}
	// Output:
	// John from 1 March to 3 March
	// Jane from 3 March to 4 March
	// John from 5 March to today
	// On 3 March: Jane
}

// A book that remembers 30 days.
func ExampleBook_Trim() {
	ctx := context.Background()
	book := diaryBook()
	c, _ := book.Create(ctx, person("John", "+919876543210"))
	for i := range 40 {
		c.Notes = fmt.Sprint("call ", i)
		c, _ = book.Update(ctx, c)
	}
	upTo, err := book.Trim(ctx, c.UpdatedAt.AddDate(0, 0, -30))
	fmt.Println("forgotten up to revision", upTo, err)

	n := 0
	for change := range book.History(ctx, c.ID, nil) {
		if n++; n == 1 {
			fmt.Println("the first that is left:", change.Kind, change.Revision)
		}
	}
	now, err := book.Get(ctx, c.ID)
	fmt.Println(n, "left, and", now.Notes, err)
	// Output:
	// forgotten up to revision 10 <nil>
	// the first that is left: unknown 11
	// 31 left, and call 39 <nil>
}

// A copy of the book that is kept up to date. It starts anew where its token is
// too old, or of a book that was restored since.
func ExampleTrimmedError() {
	ctx := context.Background()
	book := diaryBook()
	c, _ := book.Create(ctx, person("John", "+919876543210"))
	_, _ = book.Create(ctx, person("Jane", "+919876543211"))
	token, _ := book.Token(ctx) // where the copy ended, days ago
	_, _ = book.Delete(ctx, c.ID)
	_, _ = book.Create(ctx, person("Ada", "+919876543212"))
	_, _ = book.Trim(ctx, c.CreatedAt.AddDate(0, 0, 3))

	names := map[string]string{}
	for done := false; !done; {
		for event, err := range book.Watch(ctx, token) {
			var trimmed *contacts.TrimmedError
			if errors.As(err, &trimmed) {
				fmt.Println("read all anew")
				clear(names)
				for c, err := range book.All(ctx, nil) {
					if err != nil {
						panic(err)
					}
					names[c.ID] = c.FirstName
				}
				token = trimmed.Restart
				_, _ = book.Create(ctx, person("Eve", "+919876543213")) // goes on meanwhile
				break
			}
			if err != nil {
				panic(err)
			}
			fmt.Println("then", event.Contact.FirstName)
			names[event.ID] = event.Contact.FirstName
			token = event.Token() // to be stored with the copy
			if done = event.Contact.FirstName == "Eve"; done {
				break // where a program goes on
			}
		}
	}
	fmt.Println(len(names), "contacts")
	// Output:
	// read all anew
	// then Eve
	// 3 contacts
}
