package agentassist_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/memstore"
)

// A host that has an HTTP server mounts the API beside what it serves itself.
func ExampleNew() {
	store := memstore.New() // or boltstore.Open("book.db", nil)
	defer store.Close()
	secret := "32 bytes or more, of crypto/rand, kept in a file" // not like this
	api, err := agentassist.New(store, &agentassist.Options{
		Apps: []agentassist.App{{ID: "cs-desk", Secrets: []string{secret},
			Accounts: []string{"acme"}, Streams: []string{"support"}, Scopes: []string{agentassist.ScopeConfiguration}}},
		Book: contacts.Options{NewID: agentassist.NewObjectID},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "the host's own") })
	mux.Handle(agentassist.Base, api)
	server := httptest.NewServer(mux)
	defer server.Close()

	// A program written for the hosted service calls it as it calls that.
	token, err := agentassist.Credentials{AppID: "cs-desk", Secret: secret, Subject: "agent-7"}.Token()
	if err != nil {
		log.Fatal(err)
	}
	call := func(stream string) {
		r, err := http.NewRequest("POST", server.URL+agentassist.Base+stream+"/contacts", strings.NewReader(`[{"firstName":"John","lastName":"Doe",
			"salutation":"Mr","cellPhone":{"phoneNumber":"98765xxxxx","countryCode":"+91","extension":"+"}}]`))
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set(agentassist.HeaderToken, token)
		r.Header.Set(agentassist.HeaderAccount, "acme")
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		fmt.Println(answer.StatusCode, strings.TrimSpace(string(body)), err)
	}
	call("support")
	call("sales") // not for this app
	// Output:
	// 412 {"errors":[{"msg":"cellPhone.phoneNumber must be digits only, but has 'x'","code":422,"reason":"character","field":"cellPhone.phoneNumber","index":0}]} <nil>
	// 400 {"errors":[{"msg":"no such account and stream","code":404,"reason":"unknown_stream"}]} <nil>
}

// A client calls a Handler, or the hosted service.
func ExampleClient() {
	ctx := context.Background()
	server, secret := exampleServer()
	defer server.Close()
	client, err := agentassist.NewClient(&agentassist.ClientOptions{
		BaseURL: server.URL, // "https://platform.kore.ai" is the hosted service
		Account: "acme",
		Stream:  "support",
		Token:   agentassist.Credentials{AppID: "cs-desk", Secret: secret}.Token,
	})
	if err != nil {
		log.Fatal(err)
	}
	john := contacts.Contact{FirstName: "John", LastName: "Doe", Salutation: "Mr",
		CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "+91", Extension: "+"}}
	created, err := client.Create(ctx, []contacts.Contact{john})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created[0].FullName, created[0].CellPhone.Number, created[0].Status)

	_, err = client.Create(ctx, []contacts.Contact{john})
	var refused *agentassist.Error
	if errors.As(err, &refused) {
		p := refused.Problems[0]
		fmt.Println(refused.Status, p.Reason, p.HolderID == created[0].ID, errors.Is(err, contacts.ErrDuplicateNumber))
	}
	for c, err := range client.All(ctx) {
		fmt.Println(c.FullName, err)
	}
	// Output:
	// John Doe +919876543210 ACTIVE
	// 409 duplicate_number true true
	// John Doe <nil>
}

// exampleServer stands for a server that is there already.
func exampleServer() (*httptest.Server, string) {
	secret := strings.Repeat("secret ", 8)
	api, err := agentassist.New(memstore.New(), &agentassist.Options{Apps: []agentassist.App{{ID: "cs-desk", Secrets: []string{secret},
		Accounts: []string{"acme"}, Streams: []string{"support"}, Scopes: []string{agentassist.ScopeConfiguration}}}})
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(api), secret
}
