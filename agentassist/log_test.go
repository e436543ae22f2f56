package agentassist

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/leak"
)

// What a host logs of an answer shows nobody.
func TestAnswersInLogs(t *testing.T) {
	c := contacts.Contact{ID: "id1", FirstName: "Zebulon", LastName: "Quixote", FullName: "Zebulon Quixote", Notes: "whispering",
		CellPhone: contacts.Phone{Number: "+919876543210", CountryCode: "+91", Extension: "+"}, Emails: []contacts.Email{{Address: "zebulon@example.com"}}}
	var known leak.Finder
	known.Contact(c)
	list := []contacts.Contact{c}
	hit := SearchHit{Contact: c, Highlights: []Highlight{{Kind: "prefix", Field: "lastName", Before: "Quix", Match: "ote"}}}
	number := &LookupNumber{E164: "+919876543210", National: "9876543210"}
	for _, v := range []any{
		Page{Results: list}, Bulk{SuccessfulRecords: []BulkDone{{ID: c.ID, Contact: &c}}}, BulkDone{ID: c.ID, Contact: &c},
		Lookup{Contact: &c, Candidates: list, Number: number}, Lookup{}, *number, SearchPage{Results: []SearchHit{hit}}, hit, hit.Highlights[0],
		DuplicatesPage{Results: []SharedNumber{{"+919876543210", list}}}, SharedNumber{"+919876543210", list}, Event{ID: c.ID, Contact: &c}, Event{},
	} {
		var buf bytes.Buffer
		slog.New(slog.NewTextHandler(&buf, nil)).Info("it", "value", v)
		slog.New(slog.NewJSONHandler(&buf, nil)).Info("it", "value", v)
		if found := known.In(buf.String()); found != "" {
			t.Errorf("%T: %q in\n%s", v, found, buf.String())
		}
	}
}
