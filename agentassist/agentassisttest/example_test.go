package agentassisttest_test

import (
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
	"github.com/callerbook/contacts/phone"
)

// A test of an agent desktop that saves who called, to copy. It needs no network
// and no account. Code of one's own calls server.URL with server.Token, as it
// calls the hosted service.
func TestDesktopSavesCaller(t *testing.T) {
	server := agentassisttest.NewServer(t, nil)
	server.CutAfterCommit(1) // the contact is created, and the answer is lost
	_, err := server.Client().Create(t.Context(), []contacts.Contact{{FirstName: "John", LastName: "Doe", Salutation: "Mr",
		CellPhone: contacts.Phone{Number: "9876543210", CountryCode: "+91", Extension: "+"}}})
	if err != nil {
		t.Fatal(err)
	}
	caller, err := server.Book.Lookup(t.Context(), "098765 43210", &contacts.LookupOptions{Site: &phone.Site{Region: "IN"}})
	if err != nil || caller.Contact.FullName != "John Doe" || len(server.Requests()) != 2 {
		t.Errorf("%s, %d requests, %v", caller.Contact.FullName, len(server.Requests()), err)
	}
}
