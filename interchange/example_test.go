package interchange_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/interchange"
	"github.com/callerbook/contacts/memstore"
)

// A file is tried first, then imported; what fails comes back in a file that can
// be mended and imported again.
func ExampleImport() {
	ctx := context.Background()
	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{Account: "acme", Stream: "support"}, nil)
	if err != nil {
		panic(err)
	}
	file := strings.NewReader(`{"firstName":"John","lastName":"Doe","cellPhone":{"phoneNumber":"098765 43210"}}
{"firstName":"Asha","lastName":"Rao","cellPhone":{"phoneNumber":"+91 99887 76655"},"nickname":"Ash"}
{"firstName":"Jon","lastName":"Doe","cellPhone":{"phoneNumber":"+91 98765 43210"}}
`)
	source := interchange.Any(file)
	tried, err := interchange.Import(ctx, book, source, &interchange.Options{DryRun: true, Region: "IN"})
	fmt.Print(tried)
	fmt.Println(err)

	var rejects bytes.Buffer
	done, err := interchange.Import(ctx, book, source, &interchange.Options{Region: "IN", Rejects: &rejects})
	fmt.Println(done.Created, "created,", done.Failed, "failed", err)
	for _, row := range done.Problems {
		fmt.Println("line", row.Line, row.Problems[0].Reason, row.Problems[0].Field, row.Problems[0].Value)
	}

	mended := strings.Replace(rejects.String(), "+91 98765 43210", "+91 98765 43211", 1)
	done, err = interchange.Import(ctx, book, interchange.Any(strings.NewReader(mended)), nil)
	fmt.Println(done.Created, "created,", done.Failed, "failed", err)
	// Output:
	// Dry run: the book is as it was.
	// JSON Lines, utf-8, numbers without a calling code from IN.
	// 3 rows: 2 created, 0 updated, 0 skipped, 1 failed.
	// Why: earlier 1.
	// Left out, as a contact has no place for it: nickname 1.
	//   line 3 failed: cellPhone.phoneNumber "****3210" is the number of line 1 already
	// <nil>
	// 2 created, 1 failed <nil>
	// line 3 earlier cellPhone.phoneNumber +919876543210
	// 1 created, 0 failed <nil>
}

func ExampleExport() {
	ctx := context.Background()
	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{Account: "acme", Stream: "support"}, &contacts.Options{
		Rules: contacts.RelaxedRules(), NewID: func() string { return "c1" },
		Now: func() time.Time { return time.Date(2025, 1, 2, 15, 4, 5, 678e6, time.UTC) },
	})
	if err != nil {
		panic(err)
	}
	if _, err := book.Create(ctx, contacts.Contact{
		FirstName: "Jörg", LastName: "Müller", Organization: "Acme", CellPhone: contacts.Phone{Number: "+491711234567"}, ClientRef: "CRM-17",
	}); err != nil {
		panic(err)
	}
	done, err := interchange.Export(ctx, book, os.Stdout, &interchange.ExportOptions{Format: interchange.FormatJSONLines, Search: "jorg"})
	fmt.Println(done.Contacts, err)
	// Output:
	// {"status":"ACTIVE","firstName":"Jörg","lastName":"Müller","salutation":"","cellPhone":{"phoneNumber":"+491711234567","countryCode":"+49","extension":""},"createdBy":"","orgId":"o-ed47d104-71af-5fef-873a-703771445152","accountId":"acme","instanceBotId":"support","fullName":"Jörg Müller","address":[],"twitterDetails":[],"createdAt":"2025-01-02T15:04:05.678Z","updatedAt":"2025-01-02T15:04:05.678Z","id":"c1","organization":"Acme","clientRef":"CRM-17"}
	// 1 <nil>
}
