package boltstore

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Until the first release the format may change, and this flag makes the
// golden file anew. After it, a golden file of each format stays as it is.
var updateGolden = flag.Bool("update-golden", false, "write the golden book of the present format")

const goldenBook, goldenText = "testdata/v1.db", "testdata/v1.txt"

// TestGolden opens a book that was written in format 1 and finds in it what
// was written, with sound indexes, and goes on writing to it.
func TestGolden(t *testing.T) {
	if *updateGolden {
		writeGolden(t)
	}
	want, err := os.ReadFile(goldenText)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(goldenBook)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tempDir(t), "book.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, b := openGolden(t, path, nil)
	if err := s.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := dumpBook(t, b) + dumpMerged(t, s); got != strings.ReplaceAll(string(want), "\r\n", "\n") {
		t.Errorf("the golden book now reads\n%s\nit was written as\n%s", got, want)
	}
	ctx := context.Background()
	if _, err := b.Create(ctx, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: "+919876500001"}}); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("a number of the golden book: %v", err)
	}
	if _, err := b.Create(ctx, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: "+14155552671"}}); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func openGolden(t *testing.T, path string, o *contacts.Options) (*Store, *contacts.Book) {
	t.Helper()
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if o == nil {
		o = &contacts.Options{Rules: contacts.RelaxedRules()}
	}
	b, err := contacts.Open(context.Background(), s, contacts.Scope{Account: "acme", Stream: "golden"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, b
}

// dumpBook writes all contacts and the feed as text.
func dumpBook(t *testing.T, b *contacts.Book) string {
	t.Helper()
	ctx := context.Background()
	var out bytes.Buffer
	fmt.Fprintf(&out, "region %s\n", b.Site().Region)
	all := &contacts.ListOptions{Order: contacts.ByCreation, Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}
	for c, err := range b.All(ctx, all) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%d %s\n", c.Revision, c.AppendJSON(nil))
	}
	for d, err := range b.Duplicates(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "duplicate %s: %d contacts\n", d.Line, len(d.Contacts))
	}
	after := contacts.Token{}
	for {
		list, err := b.Events(ctx, after, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return out.String()
		}
		for _, e := range list {
			fmt.Fprintf(&out, "event %d %s blank %v purged %v lines %v until %d\n", e.Revision, e.ID, e.Blank, e.Purged, e.Lines, e.BatchEnd)
			after = e.Token()
		}
	}
}

var mergedScope = contacts.Scope{Account: "acme", Stream: "merged"}

// writeMerged fills a scope with a contact that two others were merged into,
// one of which was purged since.
func writeMerged(t *testing.T, s *Store) {
	t.Helper()
	at := time.Date(2026, 11, 23, 12, 0, 0, 318e6, time.UTC)
	put := func(id string, revision uint64, claims ...phone.Line) contacts.Write {
		return contacts.Write{Revision: revision, Keys: contacts.Keys{Claims: claims, Sort: id}, Contact: contacts.Contact{
			ID: id, Status: contacts.Active, FirstName: id, CreatedAt: at, UpdatedAt: at, UpdatedBy: "agent-7",
		}}
	}
	merged := func(id string, revision uint64) contacts.Write {
		w := put(id, revision)
		w.Contact.Status, w.Contact.MergedInto = contacts.Merged, "0193a2b4-0000-7000-8000-000000000001"
		return w
	}
	survivor := put("0193a2b4-0000-7000-8000-000000000001", 1, 919876500011, 919876500012, 919876500013)
	survivor.Contact.MergedFrom = []contacts.Origin{
		{
			ID: "merged", At: at, Numbers: []string{"+919876500012"}, Emails: []string{"m@example.com"}, Tags: []string{"vip"},
			Claimed: []string{"+919876500012"}, Fields: []contacts.Taken{{Field: "custom.k", Was: "v"}, {Field: "title"}},
		}, {ID: "purged", At: at.Add(time.Hour), Numbers: []string{"+919876500013"}},
	}
	purge := contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "purged", UpdatedAt: at, MergedInto: survivor.Contact.ID}, Revision: 6}
	for _, ws := range [][]contacts.Write{
		{put(survivor.Contact.ID, 0, 919876500011), put("merged", 0, 919876500012), put("purged", 0, 919876500013)},
		{survivor, merged("merged", 2), merged("purged", 3)},
		{purge},
	} {
		if _, err := s.Apply(context.Background(), mergedScope, contacts.Batch{Writes: ws}); err != nil {
			t.Fatal(err)
		}
	}
}

// dumpMerged writes what writeMerged left as text.
func dumpMerged(t *testing.T, s *Store) string {
	t.Helper()
	ctx := context.Background()
	var out bytes.Buffer
	list, err := s.Events(ctx, mergedScope, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		fmt.Fprintf(&out, "event %d of contact %d blank %v purged %v lines %v %s\n",
			e.Revision, e.Created, e.Blank, e.Purged, e.Lines, e.Contact.AppendJSON(nil))
	}
	var p *contacts.PurgedError
	if _, err := s.Get(ctx, mergedScope, "purged"); !errors.As(err, &p) {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "contact %s was purged at %s, merged into %s\n", p.ID, p.At.Format(time.RFC3339Nano), p.MergedInto)
	return out.String()
}

// writeGolden makes a book with an instance of all that the format knows.
func writeGolden(t *testing.T) {
	t.Helper()
	path := filepath.Join(tempDir(t), "golden.db")
	ids := 0
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s, b := openGolden(t, path, &contacts.Options{
		Rules: contacts.RelaxedRules(),
		Actor: contacts.Actor{ID: "agent-7", AID: "a-7"},
		NewID: func() string {
			ids++
			return []string{
				fmt.Sprintf("0193a2b4-0000-7000-8000-%012d", ids), fmt.Sprintf("63c7c8f1a1b2c3d4%08x", ids), fmt.Sprint("id-", ids),
			}[ids%3]
		},
		Now: func() time.Time { now = now.Add(time.Second); return now },
	})
	ctx := context.Background()
	b, err := b.SetSite(ctx, phone.Site{Region: "IN"})
	if err != nil {
		t.Fatal(err)
	}
	do := func(c contacts.Contact, err error) contacts.Contact {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var made []contacts.Contact
	for i, name := range []string{"John Doe", "Zoë Ærø", "किरण राव", "王 小明", "O'Neil Anne-Marie", "Only Name", "To Delete", "To Purge", "To Edit"} {
		c := contacts.Contact{FirstName: name}
		if i != 5 {
			c.CellPhone.Number = fmt.Sprintf("098765 0000%d", i)
		}
		made = append(made, do(b.Create(ctx, c)))
	}
	do(b.Delete(ctx, made[6].ID))
	if err := b.Purge(ctx, made[7].ID); err != nil {
		t.Fatal(err)
	}
	rich := made[8]
	rich.Phones = []contacts.Phone{{Number: "+44 20 7946 0000", Label: "work", Shared: true}, {Number: "+54 9 11 2345-6789", Label: "mobile"}}
	rich.Emails = []contacts.Email{{Address: "edit@example.com", Label: "home"}}
	rich.Organization, rich.Title, rich.Notes, rich.ClientRef = "Acme", "CTO", "line\nline", "crm-1"
	rich.Tags, rich.Custom = []string{"vip"}, map[string]string{"k": "v"}
	rich.Address = append(rich.Address, []byte(`{"city":"Köln"}`))
	do(b.As(contacts.Actor{ID: "u-267eac01-cc44-5e99-9cce-ace07d99a704"}).Update(ctx, rich))
	x, y := do(b.Get(ctx, made[0].ID)), do(b.Get(ctx, made[1].ID))
	x.CellPhone, y.CellPhone = y.CellPhone, x.CellPhone
	if _, err := b.Once("swap").UpdateAll(ctx, []contacts.Contact{x, y}); err != nil {
		t.Fatal(err)
	}
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	do(b.With(rules).Create(ctx, contacts.Contact{FirstName: "Legacy", CellPhone: contacts.Phone{Number: "+919876500002"}}))
	writeMerged(t, s)
	if err := s.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	text := dumpBook(t, b) + dumpMerged(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{goldenBook: data, goldenText: []byte(text)} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
