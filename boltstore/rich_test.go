package boltstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// A rich book is small and has something of everything that a file can hold:
// several scopes, contacts in each state, values longer than a page, tables of
// one entry and of many pages, past, ops, shared and doubled numbers. Made twice
// it is twice the same but for its epochs.

var richScopes = []contacts.Scope{
	{Account: "acme", Stream: "support"},
	{Account: "acme", Stream: "sales"},
	{Account: "globex", Stream: "one"},
}

// richBooks opens the books of a store, with ids and a clock of their own, that
// begin at serial.
func richBooks(ctx context.Context, s contacts.Store, serial int) ([]*contacts.Book, error) {
	rules := contacts.RelaxedRules()
	var books []*contacts.Book
	for i, scope := range richScopes {
		var ids atomic.Int64
		ids.Store(int64(serial))
		b, err := contacts.Open(ctx, s, scope, &contacts.Options{
			Rules: rules,
			Actor: contacts.Actor{ID: "agent-7"},
			NewID: func() string { return fmt.Sprintf("id-%d-%06d", i, ids.Add(1)) },
			Now:   func() time.Time { return time.Unix(1_790_000_000+ids.Load(), 0) },
		})
		if err != nil {
			return nil, err
		}
		books = append(books, b)
	}
	return books, nil
}

func richNumber(scope, n int) string { return fmt.Sprintf("+9198%d%07d", scope, n) }

func richContact(scope, n int) contacts.Contact {
	first := []string{"Anna", "Björn", "Chen", "Devi", "Ömer", "Fatima", "Ganesh", "Елена"}[n%8]
	c := contacts.Contact{
		FirstName: first,
		LastName:  fmt.Sprintf("%s-%d", []string{"Müller", "Singh", "Rossi", "Kowalski", "Tanaka"}[n%5], n/5),
		CellPhone: contacts.Phone{Number: richNumber(scope, n)},
		Notes:     fmt.Sprintf("calls on %d days of the week", n%7),
	}
	if n%3 == 0 {
		c.Organization, c.Title = fmt.Sprintf("Works %d", n/3), "Head of stores"
		c.Phones = []contacts.Phone{
			{Number: richNumber(scope, 500_000+n), Label: "home"},
			{Number: richNumber(scope, 999_000+n%9), Label: "switchboard", Shared: true},
		}
	}
	if n%10 == 0 {
		c.Emails = []contacts.Email{{Address: fmt.Sprintf("%d@example.com", n)}}
		c.Tags, c.Custom = []string{"vip", fmt.Sprint("t", n)}, map[string]string{"crm": fmt.Sprint(n)}
	}
	if n%40 == 7 {
		c.Notes = strings.Repeat(fmt.Sprintf("longer than a page, of %d. ", n), 400)
	}
	return c
}

// richImages are the bytes of a rich book, and of its states before.
type richImages struct {
	sound []byte
	older [][]byte // the last one is the state before the last commit

	reads  *readings // what there is to read in sound
	before *readings // and in the state before the last commit
	wrote  *readings // in sound after richWrites
	wrote2 *readings // in the state before that, after them

	states []*readings     // in all of older
	known  map[string]bool // every state that a contact was ever in
}

// makeRich makes a rich book in dir.
func makeRich(t testing.TB, dir string) *richImages {
	t.Helper()
	ctx := context.Background()
	path := filepath.Join(dir, "rich.db")
	im := &richImages{}
	var store *Store
	var books []*contacts.Book
	reopen := func() {
		t.Helper()
		if store != nil {
			must(t, store.Close())
			data, err := os.ReadFile(path)
			must(t, err)
			im.older = append(im.older, data)
		}
		var err error
		store, err = Open(path, &Options{NoAutoCompact: true})
		must(t, err)
		books, err = richBooks(ctx, store, 1000*len(im.older))
		must(t, err)
	}
	reopen()
	for i, b := range books {
		var list []contacts.Contact
		for n := range []int{260, 60, 12}[i] {
			list = append(list, richContact(i, n))
		}
		_, err := b.CreateAll(ctx, list)
		must(t, err)
	}
	id := func(i, n int) string { return fmt.Sprintf("id-%d-%06d", i, n+1) }
	for i, b := range books {
		reopen()
		b = books[i]
		for n := range []int{60, 20, 6}[i] {
			_, err := b.Edit(ctx, id(i, n*4%250), func(c *contacts.Contact) error {
				c.Notes, c.LastName = fmt.Sprint("edited ", n), c.LastName+" jr"
				if n%5 == 0 {
					c.CellPhone = contacts.Phone{Number: richNumber(i, 700_000+n)}
				}
				return nil
			})
			if err != nil && !errors.Is(err, contacts.ErrNotFound) {
				t.Fatal(err)
			}
		}
	}
	b := books[0]
	for n := range 8 {
		_, err := b.Merge(ctx, id(0, 100+3*n), []string{id(0, 101+3*n)}, nil)
		must(t, err)
		_, err = b.Delete(ctx, id(0, 150+n))
		must(t, err)
		must(t, b.Purge(ctx, id(0, 170+n)))
		_, err = b.Once(fmt.Sprint("op-", n)).Create(ctx, richContact(0, 1000+n))
		must(t, err)
	}
	_, err := b.Unmerge(ctx, id(0, 100))
	must(t, err)
	doubled := b.With(contacts.Rules{AnyNotation: true, Optional: true, AnySalutation: true, KeepDuplicates: true})
	for n := range 5 {
		c := richContact(0, 2000+n)
		c.CellPhone = contacts.Phone{Number: richNumber(0, 200+n)}
		_, err := doubled.Create(ctx, c)
		must(t, err)
	}
	reopen()
	for n := range 3 {
		_, err := books[0].Create(ctx, richContact(0, 3000+n))
		must(t, err)
	}
	reopen()
	_, err = books[0].Create(ctx, richContact(0, 3100))
	must(t, err)
	must(t, store.Close())
	im.sound, err = os.ReadFile(path)
	must(t, err)

	// What is to be read there.
	image := im.older[len(im.older)-1]
	for _, r := range []struct{ reads, wrote **readings }{{&im.before, &im.wrote2}, {&im.reads, &im.wrote}} {
		must(t, os.WriteFile(path, image, 0o600))
		store, err = Open(path, nil)
		must(t, err)
		*r.reads, err = readBook(ctx, store)
		must(t, err)
		must(t, richWrites(ctx, store))
		must(t, store.Check(ctx))
		*r.wrote, err = readBook(ctx, store)
		must(t, err)
		must(t, store.Close())
		image = im.sound
	}
	im.known = map[string]bool{}
	for _, image := range append(im.older, im.sound) {
		must(t, os.WriteFile(path, image, 0o600))
		store, err = Open(path, nil)
		must(t, err)
		reads, err := readBook(ctx, store)
		must(t, err)
		must(t, store.Close())
		im.states = append(im.states, reads)
		for key, states := range reads.contacts {
			for _, state := range states {
				im.known[key+state] = true
			}
		}
	}
	must(t, os.Remove(path))
	t.Logf("%d bytes, %d readings", len(im.sound), len(im.reads.lines))
	return im
}

// richWrites writes to a rich book: some of everything.
func richWrites(ctx context.Context, s contacts.Store) error {
	books, err := richBooks(ctx, s, 500_000)
	if err != nil {
		return err
	}
	for i, b := range books {
		c, err := b.Create(ctx, richContact(i, 600_000))
		if err != nil {
			return err
		}
		edit := func(c *contacts.Contact) error { c.Notes += ", and again"; return nil }
		if _, err := b.Edit(ctx, fmt.Sprintf("id-%d-%06d", i, 8), edit); err != nil {
			return err
		}
		if _, err := b.Delete(ctx, fmt.Sprintf("id-%d-%06d", i, 5)); err != nil {
			return err
		}
		if _, err := b.Edit(ctx, c.ID, edit); err != nil {
			return err
		}
	}
	return nil
}

// readings is all that the public API says of a rich book.
type readings struct {
	lines    []string            // in order
	contacts map[string][]string // every state of a contact, present or past, by scope and id
}

func (r *readings) add(format string, a ...any) { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }

func (r *readings) contact(what string, c contacts.Contact) {
	text := fmt.Sprintf("%d %s", c.Revision, c.AppendJSON(nil))
	r.lines = append(r.lines, what+" "+text)
	key := c.AccountID + "/" + c.StreamID + "/" + c.ID
	r.contacts[key] = append(r.contacts[key], text)
}

// differs says where r and want are not the same, "" if nowhere.
func (r *readings) differs(want *readings) string {
	for i := range max(len(r.lines), len(want.lines)) {
		var a, b string
		if i < len(r.lines) {
			a = r.lines[i]
		}
		if i < len(want.lines) {
			b = want.lines[i]
		}
		if a != b {
			return fmt.Sprintf("reading %d is\n%.300s\nand should be\n%.300s", i, a, b)
		}
	}
	return ""
}

// readBook reads all there is in a rich book, and whatever it could find.
func readBook(ctx context.Context, s contacts.Store) (*readings, error) {
	r := &readings{contacts: map[string][]string{}}
	for scope, err := range contacts.Scopes(ctx, s) {
		if err != nil {
			return r, err
		}
		r.add("scope %v", scope)
	}
	books, err := richBooks(ctx, s, 400_000)
	if err != nil {
		return r, err
	}
	for i, b := range books {
		if err := r.scope(ctx, s, b, i); err != nil {
			return r, err
		}
	}
	return r, nil
}

var richStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}

// Every number that a rich book ever had is looked up, and some that it had not.
func richNumbers(scope int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, run := range [][2]int{{0, []int{262, 62, 14}[scope]}, {999_000, 9}, {700_000, 60}, {1000, 8}, {3000, 3}, {3100, 1}, {600_000, 1}} {
			for n := range run[1] {
				if !yield(richNumber(scope, run[0]+n)) {
					return
				}
			}
		}
	}
}

func (r *readings) scope(ctx context.Context, s contacts.Store, b *contacts.Book, i int) error {
	st, err := s.Stat(ctx, b.Scope())
	if err != nil {
		return err
	}
	st.Epoch = ""
	r.add("stat %+v", st)
	var ids []string
	for _, o := range []*contacts.ListOptions{
		{Order: contacts.ByCreation, Status: richStatus},
		{Status: richStatus}, {Order: contacts.ByChange, Reverse: true}, {From: "M"},
	} {
		for c, err := range b.All(ctx, o) {
			if err != nil {
				return err
			}
			if o.Order == contacts.ByCreation {
				ids = append(ids, c.ID)
				r.contact("contact", c)
			} else {
				r.add("list %s %d", c.ID, c.Revision)
			}
		}
	}
	for _, id := range ids {
		c, err := b.Get(ctx, id)
		if errors.Is(err, contacts.ErrNotFound) {
			r.add("missed %s", id)
			continue
		} else if err != nil {
			return err
		}
		r.contact("get", c)
		for c, err := range b.History(ctx, id, nil) {
			if err != nil {
				return err
			}
			r.add("change %d %v %v %v", c.Revision, c.Kind, c.With, c.Fields)
			r.contact("past", c.Contact)
		}
	}
	token, err := b.Token(ctx)
	if err != nil {
		return err
	}
	for token.Revision = 0; ; {
		events, err := b.Events(ctx, token, 0)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			r.add("event %d %s %d %d %v %v %v", e.Revision, e.ID, e.Created, e.BatchEnd, e.Purged, e.Blank, e.Lines)
			token = e.Token()
		}
	}
	for number := range richNumbers(i) {
		m, err := b.Lookup(ctx, number, nil)
		if err != nil {
			return err
		}
		r.add("lookup %s %v %s %d", number, m.Kind, m.Contact.ID, m.Contact.Revision)
		for _, c := range m.Candidates {
			r.add("candidate %s %d", c.ID, c.Revision)
		}
	}
	for n := range 12 {
		for tenure, err := range b.NumberHistory(ctx, richNumber(i, n*4), nil) {
			if err != nil {
				return err
			}
			r.add("tenure %s %d %d", tenure.Contact.ID, tenure.FromRevision, tenure.ToRevision)
		}
	}
	for _, text := range []string{"anna", "bjorn", "елена", "sin", "rossi jr", "works", "example.com", "vip", "98123", "0003", "tanaka-1", "chen kow", "jr"} {
		o := &contacts.SearchOptions{Limit: 100, Status: richStatus}
		for {
			found, err := b.Search(ctx, text, o)
			if err != nil {
				return err
			}
			for _, f := range found.Hits {
				r.add("search %s %s %d", text, f.Contact.ID, f.Contact.Revision)
			}
			if o.Cursor = found.Next; o.Cursor == "" {
				break
			}
		}
	}
	for d, err := range b.Duplicates(ctx) {
		if err != nil {
			return err
		}
		for _, c := range d.Contacts {
			r.add("duplicate %v %s %d", d.Line, c.ID, c.Revision)
		}
	}
	return nil
}

// TestRichBook looks whether the rich book is as rich as it is meant to be.
func TestRichBook(t *testing.T) {
	dir := tempDir(t)
	im := makeRich(t, dir)
	p := parsePages(im.sound)
	t.Logf("%d pages in use: %d branches, %d leaves, %d on several pages, %d small buckets, %d free pages, depth %d",
		len(p.used), len(p.branches), len(p.leaves), len(p.long), len(p.inline), len(p.free), p.depth)
	if len(p.branches) < 5 || len(p.leaves) < 60 || len(p.long) < 2 || len(p.inline) < 1 || len(p.free) < 5 || p.depth < 2 {
		t.Error("poorer than it was meant to be")
	}
	if im.reads.differs(im.before) == "" || im.reads.differs(im.wrote) == "" {
		t.Error("states that are not told apart")
	}
	again := makeRich(t, dir)
	if diff := again.reads.differs(im.reads); diff != "" {
		t.Error(diff)
	}
}
