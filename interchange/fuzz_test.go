package interchange

import (
	"bytes"
	"io"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

// Whatever the file: a dry run, the real one and one from a pipe agree, every row
// is counted and told of once, and the same file again makes no contact.
func FuzzImport(f *testing.F) {
	for _, s := range []string{
		someRows,
		"BEGIN:VCARD\nVERSION:2.1\nN:Doe;John\nTEL;CELL:09876543210\nEND:VCARD\nBEGIN:VCARD\nTEL:+91 98765 43210\nEND:VCARD\n",
		"First Name,Phone\nJohn,098765 43210\nJon,+919876543210\n\nEve,9.87654E+09\n",
		"[{\"firstName\":\"Ann\"},\n{\"firstName\":\"Ann\"}]",
		"sep=;\nName;Mobil\nAnn;\"+49171\n1234567\"",
		"\xff\xfeA\x00,\x00",
		"{\"firstName\":\"John\",\"cellPhone\":{\"phoneNumber\":\"098765\r43210\"}}\n\n",
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(2))
	}
	f.Fuzz(func(t *testing.T, file []byte, policy byte) {
		o := Options{Held: contacts.HeldPolicy(policy % 4), Limits: Limits{Row: 4000, Columns: 50, Properties: 50, Value: 1000}}
		book := newBook(t, memstore.New())
		dry := o
		dry.DryRun = true
		tried := tell(t, book, Any(bytes.NewReader(file)), dry)
		piped := tell(t, newBook(t, memstore.New()), Any(struct{ io.Reader }{bytes.NewReader(file)}), o)
		var rejects bytes.Buffer
		o.Rejects = &rejects
		real := tell(t, book, Any(bytes.NewReader(file)), o)
		sameText(t, "dry run", tried.withoutIDs(), real.withoutIDs())
		sameText(t, "pipe", piped.withoutIDs(), real.withoutIDs())
		if real.err != "" {
			return
		}
		real.check(t, len(all(t, book)))
		o.Rejects = nil
		if again := tell(t, book, Any(bytes.NewReader(file)), o); again.report.Created != 0 || again.report.Rows != real.report.Rows {
			t.Errorf("the second time %d of %d are created", again.report.Created, again.report.Rows)
		}
		if real.report.Failed > 0 {
			left := tell(t, book, source(bytes.NewReader(rejects.Bytes()), real.report.Format), o)
			if left.err == "" && (left.report.Created != 0 || left.report.Rows == 0) { // of what is no row at all no file can be made
				t.Errorf("of %d rejects %d rows, %d created, %s\n%q", real.report.Failed, left.report.Rows, left.report.Created, left.err, rejects.Bytes())
			}
		}
	})
}
