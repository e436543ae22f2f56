package contacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// exampleBook is an empty book in memory, for people typing in India.
func exampleBook() *contacts.Book {
	book, err := contacts.Open(context.Background(), memstore.New(), contacts.Scope{Account: "acme", Stream: "support"},
		&contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}})
	if err != nil {
		panic(err)
	}
	return book
}

func person(name, number string) contacts.Contact {
	return contacts.Contact{FirstName: name, CellPhone: contacts.Phone{Number: number}}
}

// A number that somebody has is refused, in any spelling, and the error says
// who has it.
func ExampleBook_Create() {
	ctx := context.Background()
	book := exampleBook()
	john, err := book.Create(ctx, person("John", "098765 43210"))
	fmt.Println(john.CellPhone.Number, err)

	_, err = book.Create(ctx, person("Jane", "+91 98765-43210"))
	var dup *contacts.DuplicateNumberError
	if errors.As(err, &dup) {
		fmt.Println("held by", dup.Refusals[0].HolderName)
	}
	// Output:
	// +919876543210 <nil>
	// held by John
}

// The API's JSON goes in and comes out.
func ExampleBook_CreateAll() {
	ctx := context.Background()
	book := exampleBook().With(contacts.Rules{}) // the API's rules
	body := `[{"firstName":"John","lastName":"Doe","salutation":"Mr",
		"cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"}}]`
	var in []contacts.Contact
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		panic(err)
	}
	out, err := book.CreateAll(ctx, in)
	if err != nil {
		panic(err)
	}
	phone, _ := json.Marshal(out[0].CellPhone)
	fmt.Println(out[0].Status, out[0].FullName, string(phone))

	// Every problem of every row comes back at once.
	_ = json.Unmarshal([]byte(`[{"firstName":null,"lastName":" ","salutation":"Dr",
		"cellPhone":{"phoneNumber":"98765xxxxx","countryCode":"999","extension":"+"}}]`), &in)
	_, err = book.CreateAll(ctx, in)
	var invalid *contacts.ValidationError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			fmt.Println(f.Index, f.Field, f.Reason)
		}
	}
	// Output:
	// ACTIVE John Doe {"phoneNumber":"+919876543210","countryCode":"+91","extension":"+"}
	// 0 firstName null
	// 0 lastName blank
	// 0 salutation not_a_choice
	// 0 cellPhone.phoneNumber character
}

// Each row on its own: what cannot be added says why, the rest is added.
func ExampleBook_CreateEach() {
	results, err := exampleBook().CreateEach(context.Background(), []contacts.Contact{
		person("John", "9876543210"), person("Jane", "09876543210"), person("Asha", "9876543211"),
	})
	for i, r := range results {
		fmt.Println(i, r.Contact.FirstName, errors.Is(r.Err, contacts.ErrDuplicateNumber))
	}
	fmt.Println(err)
	// Output:
	// 0 John false
	// 1 Jane true
	// 2 Asha false
	// <nil>
}

// Look-up takes whatever a phone system hands over.
func ExampleBook_Lookup() {
	ctx := context.Background()
	book := exampleBook()
	if _, err := book.Create(ctx, person("John", "9876543210")); err != nil {
		panic(err)
	}
	for _, text := range []string{"+919876543210", "098765 43210", `"Line 2" <sip:+919876543210@pbx>`, "anonymous", "+442079460000"} {
		m, err := book.Lookup(ctx, text, nil)
		fmt.Println(m.Kind, m.Contact.FirstName, err)
	}
	// Output:
	// exact John <nil>
	// inferred John <nil>
	// exact John <nil>
	// anonymous  <nil>
	// none  <nil>
}

// Nobody has the number of a caller: the agent completes the contact that the
// look-up prepared.
func ExampleMatch_NewContact() {
	ctx := context.Background()
	book := exampleBook()
	m, err := book.Lookup(ctx, "0044 20 7946 0018", nil)
	if err != nil {
		panic(err)
	}
	if m.Kind == contacts.MatchNone {
		c := m.NewContact()
		c.FirstName = "Ada"
		c, err = book.Create(ctx, c)
		fmt.Println(c.FirstName, c.CellPhone.Number, err)
	}
	// Output: Ada +442079460018 <nil>
}

// What an agent types: words in any order, or some digits. Each hit says what
// matched and where.
func ExampleBook_Search() {
	ctx := context.Background()
	book := exampleBook()
	for i, name := range []string{"Jörg Müller", "Maria Jones", "Jo Smith"} {
		first, last, _ := strings.Cut(name, " ")
		c := contacts.Contact{FirstName: first, LastName: last, CellPhone: contacts.Phone{Number: fmt.Sprint("987654321", i)}}
		if _, err := book.Create(ctx, c); err != nil {
			panic(err)
		}
	}
	for _, text := range []string{"jo", "jorg mul", "098765 43211", "3212", "smiht"} {
		r, err := book.Search(ctx, text, nil)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s:", text)
		for _, hit := range r.Hits {
			for _, h := range hit.Highlights {
				fmt.Printf(" %s[%s]%s", h.Text[:h.Start], h.Text[h.Start:h.End], h.Text[h.End:])
			}
			fmt.Print(";")
		}
		fmt.Println()
	}
	// Output:
	// jo: [Jo]; [Jo]nes; [Jö]rg;
	// jorg mul: [Jörg] [Mül]ler;
	// 098765 43211: [+919876543211];
	// 3212: +91987654[3212];
	// smiht: [Smith];
}

// On a dial pad 564 are the keys of J, O and H, and 53 may be initials.
func ExampleSearchOptions_T9() {
	ctx := context.Background()
	book := exampleBook()
	if _, err := book.Create(ctx, contacts.Contact{FirstName: "John", LastName: "Doe"}); err != nil {
		panic(err)
	}
	for _, digits := range []string{"564", "53", "5363", "999"} {
		r, err := book.Search(ctx, digits, &contacts.SearchOptions{T9: true})
		fmt.Println(digits, len(r.Hits), err)
	}
	// Output:
	// 564 1 <nil>
	// 53 1 <nil>
	// 5363 1 <nil>
	// 999 0 <nil>
}

// Jump to a letter.
func ExampleBook_List() {
	ctx := context.Background()
	book := exampleBook()
	for i, name := range []string{"Zoë", "Meera", "Ørsted", "Anton"} {
		if _, err := book.Create(ctx, person(name, fmt.Sprint("987654321", i))); err != nil {
			panic(err)
		}
	}
	page, err := book.List(ctx, &contacts.ListOptions{From: "m", Limit: 2})
	if err != nil {
		panic(err)
	}
	for _, c := range page.Contacts {
		fmt.Println(c.FirstName)
	}
	// Output:
	// Meera
	// Ørsted
}

// Two contacts swap their numbers in one step.
func ExampleBook_UpdateAll() {
	ctx := context.Background()
	book := exampleBook()
	x, _ := book.Create(ctx, person("X", "9876543210"))
	y, _ := book.Create(ctx, person("Y", "9876543211"))
	x.CellPhone, y.CellPhone = y.CellPhone, x.CellPhone
	out, err := book.UpdateAll(ctx, []contacts.Contact{x, y})
	if err != nil {
		panic(err)
	}
	fmt.Println(out[0].FirstName, out[0].CellPhone.Number, out[1].FirstName, out[1].CellPhone.Number)
	// Output: X +919876543211 Y +919876543210
}

func ExampleBook_Edit() {
	ctx := context.Background()
	book := exampleBook()
	c, _ := book.Create(ctx, person("John", "9876543210"))
	c, err := book.Edit(ctx, c.ID, func(c *contacts.Contact) error {
		c.Tags = append(c.Tags, "vip") // called again when somebody else was faster
		return nil
	})
	fmt.Println(c.Tags, err)
	// Output: [vip] <nil>
}

// An upsert completes the contact that has the number.
func ExampleBook_Upsert() {
	ctx := context.Background()
	book := exampleBook()
	first, _ := book.Upsert(ctx, person("John", "9876543210"), nil)
	more := person("", "+91 98765 43210")
	more.Organization = "Acme"
	second, err := book.Upsert(ctx, more, nil)
	fmt.Println(first.Created, second.Created, second.Contact.FirstName, second.Contact.Organization, err)
	// Output: true false John Acme <nil>
}

// The loop may write: All reads page by page.
func ExampleBook_All() {
	ctx := context.Background()
	book := exampleBook()
	for i, name := range []string{"Zoë", "anton", "Émile"} {
		if _, err := book.Create(ctx, person(name, fmt.Sprint("987654321", i))); err != nil {
			panic(err)
		}
	}
	for c, err := range book.All(ctx, nil) {
		if err != nil {
			panic(err)
		}
		fmt.Println(c.FirstName)
	}
	// Output:
	// anton
	// Émile
	// Zoë
}

// What is there now, and then everything that changes.
func ExampleBook_Watch() {
	ctx := context.Background()
	book := exampleBook()
	token, _ := book.Token(ctx) // before reading, so that nothing is lost between
	for range book.All(ctx, nil) {
		// build a view ..
	}
	c, _ := book.Create(ctx, person("John", "9876543210"))
	_, _ = book.Delete(ctx, c.ID)
	for event, err := range book.Watch(ctx, token) {
		if err != nil {
			panic(err)
		}
		fmt.Println(event.Revision, event.Contact.FirstName, event.Contact.Status)
		if event.Contact.Status == contacts.Inactive {
			break
		}
	}
	// Output:
	// 1 John ACTIVE
	// 2 John INACTIVE
}

// AppendJSON keeps "<" and "&" as they are, and so does this encoder.
func ExampleContact_AppendJSON() {
	c := contacts.Contact{FirstName: "A & B", Status: contacts.Active}
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(c)
	fmt.Println(string(c.AppendJSON(nil)[:40]))
	// Output:
	// {"status":"ACTIVE","firstName":"A & B","lastName":"","salutation":"","cellPhone":{"phoneNumber":"","countryCode":"","extension":""},"createdBy":"","orgId":"","accountId":"","instanceBotId":"","fullName":"","address":[],"twitterDetails":[],"createdAt":"0001-01-01T00:00:00.000Z","updatedAt":"0001-01-01T00:00:00.000Z","id":""}
	// {"status":"ACTIVE","firstName":"A & B","
}
