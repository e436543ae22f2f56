package interchange

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

var seed = flag.Uint64("interchange.seed", 0, "seed of random tests; 0 means any")

// randomly returns a source of random numbers, and says its seed where the test
// fails.
func randomly(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("-interchange.seed=%d", s)
		}
	})
	return rand.New(rand.NewPCG(s, 1))
}

// holds are the formats that hold all there is in a contact.
var holds = []Format{FormatJSONLines, FormatCSV, FormatVCard, FormatVCard3}

// stores are the stores that books are tried on.
var stores = map[string]func(t *testing.T) contacts.Store{
	"memstore": func(*testing.T) contacts.Store { return memstore.New() },
	"boltstore": func(t *testing.T) contacts.Store {
		s, err := boltstore.Open(filepath.Join(t.TempDir(), "book.db"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

func newBook(t *testing.T, store contacts.Store) *contacts.Book {
	t.Helper()
	t.Cleanup(func() { store.Close() })
	book, err := contacts.Open(t.Context(), store, contacts.Scope{Account: "a", Stream: "s"}, &contacts.Options{Site: phone.Site{Region: "IN"}})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// all returns the contacts of a book by id.
func all(t *testing.T, book *contacts.Book) map[string]contacts.Contact {
	t.Helper()
	m := map[string]contacts.Contact{}
	for c, err := range book.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation, Status: []contacts.Status{contacts.Active, contacts.Inactive}}) {
		if err != nil {
			t.Fatal(err)
		}
		m[c.ID] = c
	}
	return m
}

// words in many scripts, and with all that a format may stumble over.
var words = strings.Split("Ann|O'Neil|Müller|李明|Ольга|राम कुमार|محمد|דוד|さくら|김|Đặng|a,b|c;d|\"q\"|'|=1+2|+x|-y|@z|\\n|back\\slash|tab\there|e\u0301|😀👩‍👩‍👧|  two  blanks|x:::y|:|item1|BEGIN:VCARD|{}|[|#|\u200fRTL|null|0012|1e5|TRUE|sep=;|very "+strings.Repeat("long ", 20), "|")

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

func randomText(r *rand.Rand) string {
	s := pick(r, words...)
	for r.IntN(3) == 0 {
		s += " " + pick(r, words...)
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\t", " "))
}

// randomContact has anything that a contact may have. Numbers are of a small pool
// where pool is, else all are different.
func randomContact(r *rand.Rand, n int, pool bool) contacts.Contact {
	number := func() contacts.Phone {
		k := r.IntN(30)
		if !pool {
			k = n*100 + r.IntN(100)
		}
		p := contacts.Phone{Number: fmt.Sprintf("+9198765%05d", k)}
		switch r.IntN(4) {
		case 0:
			p.Number = fmt.Sprintf("098765 %05d", k)
		case 1:
			p = contacts.Phone{Number: fmt.Sprintf("98765%05d", k), CountryCode: "+91"}
		case 2:
			p.Extension = pick(r, "+", "9,", "0")
		}
		return p
	}
	some := func() bool { return r.IntN(3) == 0 }
	c := contacts.Contact{FirstName: randomText(r)}
	if r.IntN(6) > 0 {
		c.CellPhone = number()
	}
	if some() {
		c.LastName = randomText(r)
	}
	if some() {
		c.Salutation = pick(r, "Mr", "Mrs.", "Dr", "Προς")
	}
	for range r.IntN(4) {
		p := number()
		p.Label = pick(r, "", "work", "home", "mobile", "fax", "ma,in", "Büro;2")
		p.Shared = some()
		c.Phones = append(c.Phones, p)
	}
	for range r.IntN(3) {
		c.Emails = append(c.Emails, contacts.Email{Address: fmt.Sprintf("a%d@exämple.org", r.IntN(1000)), Label: pick(r, "", "work", "Büro")})
	}
	if some() {
		c.Organization, c.Title = randomText(r), randomText(r)
	}
	if some() {
		c.Notes = randomText(r) + pick(r, "\n", "\r\n", "\n\n", "\t") + randomText(r)
	}
	for i := range r.IntN(3) {
		c.Tags = append(c.Tags, fmt.Sprint(i, pick(r, "vip", "a,b", "c;d", "日本", " : ")))
	}
	for i := range r.IntN(3) {
		if c.Custom == nil {
			c.Custom = map[string]string{}
		}
		c.Custom[fmt.Sprint("key ", i, pick(r, "", "=", ";", "é", ":", `"`))] = randomText(r)
	}
	if some() {
		c.ClientRef = pick(r, "CRM-17", "x:y;z", "ключ")
	}
	if some() {
		c.Address = []json.RawMessage{json.RawMessage(`{"street":"1, \"A\" Rd; x","n":[1,null]}`), json.RawMessage(`"plain"`)}
	}
	if some() {
		c.Twitter = []json.RawMessage{json.RawMessage(`"@ann"`)}
	}
	return c
}

// randomBook fills a book with contacts, some of them changed and deleted.
func randomBook(t *testing.T, r *rand.Rand, store contacts.Store, n int) *contacts.Book {
	t.Helper()
	book := newBook(t, store).With(contacts.RelaxedRules()).As(contacts.Actor{ID: "u-1", AID: "a-1"})
	var list []contacts.Contact
	for i := range n {
		list = append(list, randomContact(r, i, false))
	}
	results, err := book.CreateEach(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range results {
		switch c := res.Contact; {
		case res.Err != nil: // a number twice
		case r.IntN(4) == 0:
			if _, err := book.As(contacts.Actor{ID: "u-2"}).Edit(t.Context(), c.ID, func(c *contacts.Contact) error { c.Title = "changed"; return nil }); err != nil {
				t.Fatal(err)
			}
		case r.IntN(4) == 0:
			if _, err := book.Delete(t.Context(), c.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	return book
}

// What is exported and restored is the same book, in each format that holds all.
func TestRoundTrip(t *testing.T) {
	both := []contacts.Status{contacts.Active, contacts.Inactive}
	for name, open := range stores {
		for _, format := range holds {
			t.Run(name+" "+format.String(), func(t *testing.T) {
				r := randomly(t)
				book := randomBook(t, r, open(t), 300)
				var file bytes.Buffer
				done, err := Export(t.Context(), book, &file, &ExportOptions{Format: format, Status: both})
				want := all(t, book)
				if err != nil || done.Contacts != len(want) || len(done.LeftOut) > 0 {
					t.Fatalf("%+v, %v", done, err)
				}
				again := newBook(t, open(t))
				for i := range 2 { // the second time it says nothing new
					report, err := Import(t.Context(), again, Any(bytes.NewReader(file.Bytes())), &Options{Restore: true})
					if err != nil || report.Rows != len(want) || len(report.LeftOut) > 0 ||
						i == 0 && report.Created != len(want) || i == 1 && report.Reasons[ReasonSame] != len(want) {
						t.Fatalf("%v\n%v", err, report)
					}
				}
				got := all(t, again)
				if len(got) != len(want) {
					t.Errorf("%d contacts, not %d", len(got), len(want))
				}
				for id, c := range want {
					if !got[id].Equal(c) || !got[id].UpdatedAt.Equal(c.UpdatedAt) || got[id].UpdatedBy != c.UpdatedBy {
						t.Fatalf("got  %s\nwant %s", got[id].AppendJSON(nil), c.AppendJSON(nil))
					}
				}
				var other bytes.Buffer
				if _, err := Export(t.Context(), again, &other, &ExportOptions{Format: format, Status: both}); err != nil || !bytes.Equal(file.Bytes(), other.Bytes()) {
					t.Errorf("exported again it is another file: %v", err)
				}
			})
		}
	}
}

// damagedFile is a file of a format with rows that hold each other's numbers, and
// some damage.
func damagedFile(t *testing.T, r *rand.Rand, format Format) []byte {
	t.Helper()
	var file bytes.Buffer
	list := func(yield func(contacts.Contact, error) bool) {
		for i := range 200 {
			if !yield(randomContact(r, i, true), nil) {
				return
			}
		}
	}
	if _, err := Write(&file, format, list); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file.Bytes(), []byte("\n"))
	for range 20 {
		i, j := 1+r.IntN(len(lines)-1), 1+r.IntN(len(lines)-1)
		switch r.IntN(4) {
		case 0:
			if n := len(lines[i]); n > 0 {
				lines[i] = slices.Clone(lines[i])
				lines[i][r.IntN(n)] = byte(r.IntN(256))
			}
		case 1:
			lines[i] = lines[j]
		case 2:
			lines[i] = lines[i][:r.IntN(len(lines[i])+1)]
		default:
			lines[i] = append(slices.Clone(lines[i]), lines[j]...)
		}
	}
	return bytes.Join(lines, nil)
}

// told is what an import says, without ids.
type told struct {
	report Report
	rows   []Row
	names  []string // of the contacts then
	err    string
}

// tell imports a file into a book that has some contacts, or none.
func tell(t *testing.T, book *contacts.Book, source *Source, o Options) told {
	t.Helper()
	var out told
	o.Each = func(r Row) error { out.rows = append(out.rows, r); return nil }
	o.Problems = 1 << 20
	var err error
	if out.report, err = Import(t.Context(), book, source, &o); err != nil {
		out.err = err.Error()
	}
	for _, c := range all(t, book) {
		out.names = append(out.names, string(c.AppendJSON(nil)))
	}
	slices.SortFunc(out.rows, func(a, b Row) int { return a.Index - b.Index })
	return out
}

// withoutIDs returns what two imports of a file must both say.
func (a told) withoutIDs() string {
	a.report.DryRun = false
	blank := func(rows []Row) string {
		var b strings.Builder
		for _, r := range rows {
			if r.ID != "" {
				r.ID = "id"
			}
			for _, list := range [][]Problem{r.Problems, r.Kept} {
				for _, p := range list {
					if p.HolderID != "" {
						p.HolderID = "id"
					}
					fmt.Fprintf(&b, "%+v ", p)
				}
			}
			r.Problems, r.Kept = nil, nil
			fmt.Fprintf(&b, "%+v\n", r)
		}
		return b.String()
	}
	rows, problems := blank(a.rows), blank(a.report.Problems)
	a.report.Problems = nil
	return fmt.Sprintf("%s\n%+v\n%s\n%s", a.err, a.report, problems, rows)
}

// A dry run says what the real one says and leaves the book as it is; a pipe is
// read as a file; every row is counted, and told of once; and the file again
// makes no contact. For every policy, into a new book and one that has contacts.
func TestImportsAgree(t *testing.T) {
	for name, open := range stores {
		for _, format := range holds {
			policies := []contacts.HeldPolicy{contacts.RefuseHeld, contacts.SkipHeld, contacts.FillHeld, contacts.OverwriteHeld, contacts.KeepHeld}
			if name == "boltstore" { // whose files take time
				policies = []contacts.HeldPolicy{policies[int(format)%len(policies)]}
			}
			for _, held := range policies {
				for _, begun := range []bool{false, true} {
					t.Run(fmt.Sprint(name, " ", format, " ", held, " ", begun), func(t *testing.T) {
						r := randomly(t)
						file, first := damagedFile(t, r, format), damagedFile(t, r, format)
						temp := t.TempDir()
						start := func() *contacts.Book {
							book := newBook(t, open(t))
							if begun {
								tell(t, book, source(bytes.NewReader(first), format), Options{})
							}
							return book
						}
						one, two := start(), start()
						before := all(t, one)
						o := Options{Held: held, TempDir: temp}
						dry := o
						dry.DryRun = true
						tried := tell(t, one, source(bytes.NewReader(file), format), dry)
						if after := all(t, one); len(after) != len(before) {
							t.Fatalf("the dry run left %d contacts, not %d", len(after), len(before))
						}
						var rejects bytes.Buffer
						o.Rejects = &rejects
						real := tell(t, one, source(bytes.NewReader(file), format), o)
						piped := tell(t, two, source(struct{ io.Reader }{bytes.NewReader(file)}, format), o)
						sameText(t, "dry run", tried.withoutIDs(), real.withoutIDs())
						sameText(t, "pipe", piped.withoutIDs(), real.withoutIDs())
						real.check(t, len(all(t, one))-len(before))
						if (rejects.Len() > 0) != (real.report.Failed > 0) {
							t.Error("rejects:", rejects.Len(), real.report.Failed)
						}
						again := tell(t, one, source(bytes.NewReader(file), format), Options{Held: held})
						if again.report.Created != 0 || again.err != "" {
							t.Errorf("the second time %d are created; %s", again.report.Created, again.err)
						}
						if list, err := os.ReadDir(temp); len(list) > 0 || err != nil {
							t.Error("stays behind:", list, err)
						}
					})
				}
			}
		}
	}
}

func source(r io.Reader, f Format) *Source {
	switch f {
	case FormatJSONLines:
		return JSONLines(r)
	case FormatVCard, FormatVCard3:
		return VCard(r)
	}
	return CSV(r, nil)
}

func sameText(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s:\n%s\nand not\n%s", what, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Fatalf("%s: %d lines, not %d", what, len(g), len(w))
	}
}

// check judges what holds of every import.
func (a told) check(t *testing.T, more int) {
	t.Helper()
	r := a.report
	reasons := 0
	for _, n := range r.Reasons {
		reasons += n
	}
	if r.Created+r.Updated+r.Skipped+r.Failed != r.Rows || len(a.rows) != r.Rows || reasons != r.Failed+r.Skipped || r.Created != more {
		t.Errorf("it does not add up: %d rows told of, %d more contacts\n%v", len(a.rows), more, r)
	}
	line, problems := 0, 0
	for i, row := range a.rows {
		if row.Index != i || row.Line < max(1, line) {
			t.Fatalf("row %d: %+v after line %d", i, row, line)
		}
		line = row.Line
		if row.Outcome == contacts.ImportFailed && len(row.Problems) == 0 {
			t.Errorf("fails for no reason: %+v", row)
		}
		if len(row.Problems)+len(row.Kept) > 0 {
			problems++
		}
		for _, p := range row.Problems {
			if p.Reason == "" || p.Detail == "" || (p.Reason == ReasonEarlier) != (p.Earlier > 0) || p.Earlier > row.Line {
				t.Errorf("line %d: %+v", row.Line, p)
			}
		}
	}
	if len(r.Problems) != problems || r.MoreProblems != 0 {
		t.Errorf("%d problems, not %d", len(r.Problems), problems)
	}
}

// Rejects that are mended come in.
func TestRejectsMended(t *testing.T) {
	for _, format := range holds {
		t.Run(format.String(), func(t *testing.T) {
			book := newBook(t, memstore.New())
			var file bytes.Buffer
			list := func(yield func(contacts.Contact, error) bool) {
				for i := range 100 {
					c := contacts.Contact{FirstName: "Ann", LastName: fmt.Sprint("N", i), Notes: "a\nb", CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198765%05d", i)}}
					if i%10 == 3 {
						c.CellPhone.Number = fmt.Sprintf("x%05dx", i)
					}
					if !yield(c, nil) {
						return
					}
				}
			}
			if _, err := Write(&file, format, list); err != nil {
				t.Fatal(err)
			}
			var rejects bytes.Buffer
			report, err := Import(t.Context(), book, Any(&file), &Options{Rejects: &rejects})
			if err != nil || report.Failed != 10 || report.Created != 90 {
				t.Fatal(err, report)
			}
			if !strings.Contains(rejects.String(), "line ") {
				t.Errorf("no reason: %s", rejects.String())
			}
			mended := regexp.MustCompile(`x(\d{5})x`).ReplaceAllString(rejects.String(), "+9198765$1")
			report, err = Import(t.Context(), book, Any(strings.NewReader(mended)), nil)
			if err != nil || report.Rows != 10 || report.Created != 10 || len(report.LeftOut) > 0 {
				t.Errorf("%v %v\n%s", err, report, mended)
			}
			for _, c := range all(t, book) {
				if c.Notes != "a\nb" || len(c.Custom) > 0 {
					t.Fatalf("%s", c.AppendJSON(nil))
				}
			}
		})
	}
}
