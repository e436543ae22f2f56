package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/phone"
)

// Until the first release the format may change, and this flag makes the golden
// files of the present format anew. After it, those of each format stay as they
// are.
var updateGolden = flag.Bool("update-golden", false, "write the golden books of the present format")

// The golden books: of each format one as Compact leaves it, vN.db, and one for
// each page size as bbolt itself writes it, vN-SIZE.db.gz. All of a format read
// as vN.txt says.
var goldenSizes = []int{4096, 8192, 16384, 65536}

func goldenBook(format int) string { return fmt.Sprintf("testdata/v%d.db", format) }
func goldenText(format int) string { return fmt.Sprintf("testdata/v%d.txt", format) }
func goldenPages(format, size int) string {
	return fmt.Sprintf("testdata/v%d-%d.db.gz", format, size)
}

// TestGolden opens the books that were written in each format, to read and to
// write, and finds in them what was written, with sound indexes; and goes on
// writing to them and compacts them.
func TestGolden(t *testing.T) {
	if *updateGolden {
		writeGolden(t)
		for _, size := range goldenSizes {
			writePages(t, goldenBook(formatVersion), goldenPages(formatVersion, size), size, formatVersion)
		}
	}
	for format := 1; format <= formatVersion; format++ {
		text, err := os.ReadFile(goldenText(format))
		must(t, err)
		want := strings.ReplaceAll(string(text), "\r\n", "\n")
		books := map[string]int{goldenBook(format): 4096}
		for _, size := range goldenSizes {
			books[goldenPages(format, size)] = size
		}
		for name, size := range books {
			t.Run(filepath.Base(name), func(t *testing.T) { testGolden(t, name, format, size, want) })
		}
	}
}

func testGolden(t *testing.T, name string, format, size int, want string) {
	path := copyFile(t, name)
	data, err := os.ReadFile(path)
	must(t, err)
	metas, err := boltfile.ReadMetas(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	if m, _ := metas.Current(); m.PageSize != size {
		t.Fatalf("pages of %d bytes", m.PageSize)
	}
	ctx := context.Background()
	same := func(what string, s *Store, b *contacts.Book, format int) {
		t.Helper()
		if got := s.Info().Format; got != format {
			t.Errorf("%s: format %d, not %d", what, got, format)
		}
		if got := dumpBook(t, b) + dumpMerged(t, s); got != want {
			t.Errorf("%s: the golden book reads\n%s\nand not\n%s", what, got, want)
		}
		if err := s.Check(ctx); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}

	s, b := openGolden(t, path, &Options{ReadOnly: true}, nil)
	same("to read", s, b, format)
	must(t, s.Close())
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, data) {
		t.Fatal("it is another file after it was read", err)
	}
	s, b = openGolden(t, path, nil, nil)
	same("to write", s, b, format)
	before, err := s.Stat(ctx, b.Scope())
	must(t, err)
	must(t, s.Close())
	s, b = openGolden(t, path, nil, nil)
	same("again", s, b, formatVersion)
	must(t, s.Compact(ctx))
	same("compacted", s, b, formatVersion)
	if after, err := s.Stat(ctx, b.Scope()); err != nil || !reflect.DeepEqual(after, before) {
		t.Errorf("%+v and then %+v, %v", before, after, err)
	}

	if _, err := b.Create(ctx, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: "+919876500001"}}); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("a number of the golden book: %v", err)
	}
	var more []contacts.Contact
	for i := range 300 {
		more = append(more, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: fmt.Sprint("+1415555", 2000+i)}})
	}
	_, err = b.CreateAll(ctx, more[5:])
	must(t, err)
	for _, c := range more[:5] {
		_, err := b.Create(ctx, c)
		must(t, err)
	}
	want = dumpBook(t, b) + dumpMerged(t, s)
	must(t, s.Close())
	s, b = openGolden(t, path, nil, nil)
	same("with more in it", s, b, formatVersion)
	must(t, s.Close())
	only(t, filepath.Dir(path), filepath.Base(path))
}

// writePages writes the book at from to a new file with pages of size bytes, of
// that format, as bbolt writes it by and by: with free pages, tables within
// pages and keys in no order.
func writePages(t *testing.T, from, to string, size, format int) {
	t.Helper()
	made := filepath.Join(tempDir(t), "pages.db")
	src, err := bbolt.Open(copyFile(t, from), 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	dst, err := bbolt.Open(made, 0o600, &bbolt.Options{PageSize: size})
	must(t, err)
	type entry struct{ table, key, value []byte }
	var entries []entry
	must(t, src.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(table []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if string(table) == formatBucket {
					v = []byte(formatRecord(format))
				}
				entries = append(entries, entry{bytes.Clone(table), bytes.Clone(k), bytes.Clone(v)})
				return nil
			})
		})
	}))
	r := rand.New(rand.NewPCG(uint64(size), 1))
	r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	for list := range slices.Chunk(entries, len(entries)/5+1) {
		must(t, dst.Update(func(tx *bbolt.Tx) error {
			for _, e := range list {
				b, err := tx.CreateBucketIfNotExists(e.table)
				if err == nil {
					err = b.Put(e.key, e.value)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
	must(t, src.Close())
	must(t, dst.Close())
	data, err := os.ReadFile(made)
	must(t, err)
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	must(t, err)
	_, err = z.Write(data)
	must(t, errors.Join(err, z.Close()))
	must(t, os.WriteFile(to, out.Bytes(), 0o644))
}

func openGolden(t *testing.T, path string, so *Options, o *contacts.Options) (*Store, *contacts.Book) {
	t.Helper()
	s, err := Open(path, so)
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
	s, b := openGolden(t, path, nil, &contacts.Options{
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
	for name, content := range map[string][]byte{goldenBook(formatVersion): data, goldenText(formatVersion): []byte(text)} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
