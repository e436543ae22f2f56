package interchange

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// TestVCardImport: cards that fail come back in a file of cards, each with its
// reason, which can be mended and imported again.
func TestVCardImport(t *testing.T) {
	const file = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;Jane\r\nTEL;CELL:+49 30 123456\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:John Roe\r\nitem1.TEL;TYPE=work:+49 30 123456\r\nPHOTO:" + "AAAA" + "\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nN:Poe\r\nTEL:12\r\nBEGIN:VCARD\r\nTEL;VALUE=uri:tel:+49-30-123457;ext=5\r\nEND:VCARD\r\n" +
		"a line of nobody's\r\n"
	ctx := context.Background()
	book, err := contacts.Open(ctx, memstore.New(), contacts.Scope{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var rejects bytes.Buffer
	report, err := Import(ctx, book, VCard(strings.NewReader(file)), &Options{Rejects: &rejects, Limits: Limits{Value: 30}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Rows != 5 || report.Created != 2 || report.Failed != 3 || report.Format != FormatVCard {
		t.Fatalf("%+v", report)
	}
	want := []struct {
		line   int
		column string
		reason contacts.Reason
	}{{6, "TEL;TYPE=work", ReasonEarlier}, {12, "TEL", "short"}, {18, "", ReasonMalformed}}
	for i, w := range want {
		if r := report.Problems[i]; r.Line != w.line || r.Problems[0].Column != w.column || r.Problems[0].Reason != w.reason {
			t.Errorf("row %d: %+v, want %v", i, r, w)
		}
	}
	text := rejects.String()
	if strings.Count(text, "\r\nX-CONTACTS-REJECTED:") != 3 && strings.Count(text, "X-CONTACTS-REJECTED:") != 3 {
		t.Fatalf("rejects:\n%s", text)
	}

	mended := strings.NewReplacer("+49 30 123456", "+49 30 123458", "TEL:12\r\n", "TEL:+49 30 123459\r\n", "a line of nobody's\r\n", "").Replace(text)
	report, err = Import(ctx, book, VCard(strings.NewReader(mended)), nil)
	if err != nil || report.Rows != 2 || report.Created != 2 {
		t.Fatalf("mended: %v, %+v, from\n%s", err, report, mended)
	}
	// What we write comes in as anybody else's, too.
	var ours bytes.Buffer
	if _, err := Export(ctx, book, &ours, &ExportOptions{Format: FormatVCard3}); err != nil {
		t.Fatal(err)
	}
	if book, err = contacts.Open(ctx, memstore.New(), contacts.Scope{}, nil); err != nil {
		t.Fatal(err)
	}
	if report, err = Import(ctx, book, Any(&ours), nil); err != nil || report.Created != 4 || len(report.LeftOut) > 0 {
		t.Fatalf("our own: %v, %+v", err, report)
	}
	for number, name := range map[string]string{"+4930123456": "Jane Doe", "+4930123457": "", "+4930123458": "John Roe", "+4930123459": "Poe"} {
		found, err := book.Lookup(ctx, number, nil)
		if err != nil || !found.Found() || found.Contact.FullName != name {
			t.Errorf("%s: %v, %+v", number, err, found)
		}
	}
}
