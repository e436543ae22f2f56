package agentassist_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/memstore"
)

// demo returns a client of a server with John and Jane, and what stops it.
func demo() (*agentassist.Client, func()) {
	const secret = "32 bytes or more, of crypto/rand, kept in a file"
	store := memstore.New()
	api, err := agentassist.New(store, &agentassist.Options{
		Apps: []agentassist.App{{ID: "cs-desk", Secrets: []string{secret}, Accounts: []string{"acme"}, Streams: []string{"support"},
			Scopes: []string{agentassist.ScopeConfiguration}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(api)
	client, err := agentassist.NewClient(&agentassist.ClientOptions{
		BaseURL: server.URL, Account: "acme", Stream: "support", IdempotencyKeys: true,
		Token: agentassist.Credentials{AppID: "cs-desk", Secret: secret}.Token,
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Create(context.Background(), []contacts.Contact{
		{FirstName: "John", LastName: "Doe", Salutation: "Mr", CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "+91", Extension: "+"}},
		{FirstName: "Jane", LastName: "Roe", Salutation: "Mrs", CellPhone: contacts.Phone{Number: "9876543211", CountryCode: "+91", Extension: "+"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	return client, func() { server.CloseClientConnections(); server.Close(); store.Close() }
}

func ExampleClient_Lookup() {
	client, stop := demo()
	defer stop()
	for _, number := range []string{"+91 98765-43210", "00 91 98765 43299", "anonymous"} {
		found, err := client.Lookup(context.Background(), number, &agentassist.LookupOptions{Region: "GB"})
		switch {
		case err != nil:
			log.Fatal(err)
		case found.Contact != nil:
			fmt.Println(found.Kind, found.Contact.FullName)
		case found.Number != nil:
			fmt.Println(found.Kind, found.Number.E164, found.Number.Region)
		default:
			fmt.Println(found.Kind)
		}
	}
	// Output:
	// exact John Doe
	// none +919876543299 IN
	// anonymous
}

func ExampleClient_Search() {
	client, stop := demo()
	defer stop()
	page, err := client.Search(context.Background(), "ro", nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range page.Results {
		h := hit.Highlights[0]
		fmt.Printf("%s: %s[%s]%s\n", hit.Contact.FullName, h.Before, h.Match, h.After)
	}
	// Output: Jane Roe: [Ro]e
}

// A copy of the contacts that stays up to date: the token first, then all
// contacts, then every change since the token.
func ExampleClient_Events() {
	client, stop := demo()
	defer stop()
	ctx := context.Background()

	token, err := client.EventToken(ctx)
	if err != nil {
		log.Fatal(err)
	}
	names := map[string]string{}
	for c, err := range client.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		names[c.ID] = c.FullName
		if _, err := client.Update(ctx, contacts.Contact{ID: c.ID, LastName: strings.ToUpper(c.LastName)}); err != nil {
			log.Fatal(err)
		}
	}
	n := 0
	for e, err := range client.Events(ctx, token) {
		switch {
		case err != nil: // events that are gone among others: begin anew
			log.Fatal(err)
		case e.Contact == nil || e.Contact.Status != contacts.Active:
			delete(names, e.ID)
		default:
			fmt.Println(e.Kind, names[e.ID], "->", e.Contact.FullName)
			names[e.ID] = e.Contact.FullName
		}
		token = e.Token // to be kept where the copy is
		if n++; n == 2 {
			break
		}
	}
	// Output:
	// updated John Doe -> John DOE
	// updated Jane Roe -> Jane ROE
}
