package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
	"github.com/callerbook/contacts/phone"
)

// A call is a call of one method of Store or Book with sensible arguments, as
// they come from a random number.
type call struct {
	name  string // Store.Get, Book.Get, ..
	write bool   // it changes something, or tries to
	do    func(ctx context.Context, c *caller) error
}

// caller makes calls on a rich book.
type caller struct {
	*rand.Rand
	s     *Store
	b     *contacts.Book
	scope int
	temp  string // a folder for backups
}

func newCaller(ctx context.Context, s *Store, r *rand.Rand, temp string) (*caller, error) {
	c := &caller{Rand: r, s: s, scope: r.IntN(len(richScopes)), temp: temp}
	books, err := richBooks(ctx, s, 1_000_000+r.IntN(1<<40))
	if err == nil {
		c.b = books[c.scope]
	}
	return c, err
}

// id returns the id of a contact that the book has, or had.
func (c *caller) id() string {
	return fmt.Sprintf("id-%d-%06d", c.scope, 1+c.IntN([]int{260, 60, 12}[c.scope]))
}
func (c *caller) number() string { return richNumber(c.scope, c.IntN(270)) }
func (c *caller) contact() contacts.Contact {
	n := c.IntN(300)
	if c.IntN(3) == 0 {
		n = 1_000_000 + c.IntN(2000)
	}
	return richContact(c.scope, n)
}
func (c *caller) withID() contacts.Contact {
	contact := c.contact()
	contact.ID = c.id()
	return contact
}

// drain reads a sequence to its end.
func drain[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		if err != nil {
			return err
		}
	}
	return nil
}

func each(results []contacts.Result, err error) error {
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	return err
}

func only1[T any](_ T, err error) error { return err }

var allCalls = []call{
	{"Store.Get", false, func(ctx context.Context, c *caller) error { return only1(c.s.Get(ctx, richScopes[c.scope], c.id())) }},
	{"Store.Find", false, func(ctx context.Context, c *caller) error {
		return only1(c.s.Find(ctx, richScopes[c.scope], contacts.Query{Order: contacts.Order(c.IntN(3)), Limit: 1 + c.IntN(30)}))
	}},
	{"Store.Events", false, func(ctx context.Context, c *caller) error {
		return only1(c.s.Events(ctx, richScopes[c.scope], c.Uint64N(300), 20))
	}},
	{"Store.History", false, func(ctx context.Context, c *caller) error {
		return only1(c.s.History(ctx, richScopes[c.scope], contacts.HistoryQuery{ID: c.id()}))
	}},
	{"Store.Stat", false, func(ctx context.Context, c *caller) error { return only1(c.s.Stat(ctx, richScopes[c.scope])) }},
	{"Store.Superseded", false, func(ctx context.Context, c *caller) error { return only1(c.s.Superseded(ctx, richScopes[c.scope])) }},
	{"Store.Scopes", false, func(ctx context.Context, c *caller) error { return only1(c.s.Scopes(ctx, contacts.Scope{}, 0)) }},
	{"Store.Wait", false, func(ctx context.Context, c *caller) error { return c.s.Wait(ctx, richScopes[c.scope], 0) }},
	{"Store.Apply", true, func(ctx context.Context, c *caller) error {
		_, err := c.s.Apply(ctx, contacts.Scope{Account: "raw", Stream: fmt.Sprint(c.IntN(3))}, contacts.Batch{Writes: []contacts.Write{{
			Contact: contacts.Contact{ID: fmt.Sprint("raw-", c.IntN(50)), Status: contacts.Active},
			Keys:    contacts.Keys{Claims: []phone.Line{phone.Line(c.Uint64N(1000) + 1)}},
		}}})
		return err
	}},
	{"Store.Trim", true, func(ctx context.Context, c *caller) error {
		// Of the past so much is kept that there is some.
		st, err := c.s.Stat(ctx, richScopes[c.scope])
		if err != nil || st.Last < 2000 {
			return errors.Join(err, c.s.Trim(ctx, richScopes[c.scope], st.First))
		}
		return c.s.Trim(ctx, richScopes[c.scope], st.Last-1000)
	}},
	{"Store.Load", true, func(ctx context.Context, c *caller) error {
		n := 0
		records := func(yield func(contacts.LoadRecord, error) bool) {
			for n = range 20 {
				r := contacts.LoadRecord{Contact: contacts.Contact{ID: fmt.Sprint("load-", n), Status: contacts.Active, Revision: uint64(n + 1)}}
				if !yield(r, nil) {
					return
				}
			}
		}
		_, err := c.s.Load(ctx, contacts.Scope{Account: "load", Stream: fmt.Sprint(c.IntN(500))}, contacts.LoadHead{}, records)
		return err
	}},
	{"Store.RenewEpochs", true, func(ctx context.Context, c *caller) error { return c.s.RenewEpochs(ctx) }},
	{"Store.Backup", false, func(ctx context.Context, c *caller) error { return c.s.Backup(ctx, io.Discard) }},
	{"Store.BackupFile", false, func(ctx context.Context, c *caller) error {
		path := filepath.Join(c.temp, fmt.Sprintf("backup-%d", c.Uint64()))
		defer os.Remove(path)
		return c.s.BackupFile(ctx, path)
	}},
	{"Store.SaveSnapshot", false, func(ctx context.Context, c *caller) error {
		path, err := c.s.SaveSnapshot(ctx)
		if err == nil {
			_ = os.Remove(path)
		}
		return err
	}},
	{"Store.Check", false, func(ctx context.Context, c *caller) error { return c.s.Check(ctx) }},
	{"Store.Compact", true, func(ctx context.Context, c *caller) error { return c.s.Compact(ctx) }},
	{"Store.Tidy", true, func(ctx context.Context, c *caller) error { return c.s.Tidy(ctx) }},
	{"Store.Fork", false, func(ctx context.Context, c *caller) error {
		fork, err := c.s.Fork(ctx)
		if err != nil {
			return err
		}
		_, err = fork.Stat(ctx, richScopes[0])
		return errors.Join(err, fork.Close())
	}},

	{"Book.All", false, func(ctx context.Context, c *caller) error { return drain(c.b.All(ctx, nil)) }},
	{"Book.Count", false, func(ctx context.Context, c *caller) error { return only1(c.b.Count(ctx)) }},
	{"Book.DuplicatesPage", false, func(ctx context.Context, c *caller) error {
		_, _, err := c.b.DuplicatesPage(ctx, "", 3)
		return err
	}},
	{"Book.Duplicates", false, func(ctx context.Context, c *caller) error { return drain(c.b.Duplicates(ctx)) }},
	{"Book.Events", false, func(ctx context.Context, c *caller) error {
		return only1(c.b.Events(ctx, contacts.Token{}, 20))
	}},
	{"Book.Get", false, func(ctx context.Context, c *caller) error { return only1(c.b.Get(ctx, c.id())) }},
	{"Book.History", false, func(ctx context.Context, c *caller) error { return drain(c.b.History(ctx, c.id(), nil)) }},
	{"Book.List", false, func(ctx context.Context, c *caller) error {
		return only1(c.b.List(ctx, &contacts.ListOptions{Limit: 10, From: "M"}))
	}},
	{"Book.Lookup", false, func(ctx context.Context, c *caller) error { return only1(c.b.Lookup(ctx, c.number(), nil)) }},
	{"Book.NumberHistory", false, func(ctx context.Context, c *caller) error { return drain(c.b.NumberHistory(ctx, c.number(), nil)) }},
	{"Book.PreviewMerge", false, func(ctx context.Context, c *caller) error {
		return only1(c.b.PreviewMerge(ctx, c.id(), []string{c.id()}, nil))
	}},
	{"Book.Resolve", false, func(ctx context.Context, c *caller) error { return only1(c.b.Resolve(ctx, c.id())) }},
	{"Book.Search", false, func(ctx context.Context, c *caller) error {
		return only1(c.b.Search(ctx, []string{"anna", "sin", "9812", "jr", "works"}[c.IntN(5)], nil))
	}},
	{"Book.Token", false, func(ctx context.Context, c *caller) error { return only1(c.b.Token(ctx)) }},
	{"Book.Watch", false, func(ctx context.Context, c *caller) error {
		for _, err := range c.b.Watch(ctx, contacts.Token{}) {
			return err // the first event is there
		}
		return nil
	}},
	{"Book.Create", true, func(ctx context.Context, c *caller) error { return only1(c.b.Create(ctx, c.contact())) }},
	{"Book.CreateAll", true, func(ctx context.Context, c *caller) error {
		return only1(c.b.CreateAll(ctx, []contacts.Contact{c.contact(), c.contact()}))
	}},
	{"Book.CreateEach", true, func(ctx context.Context, c *caller) error {
		return each(c.b.CreateEach(ctx, []contacts.Contact{c.contact(), c.contact()}))
	}},
	{"Book.Delete", true, func(ctx context.Context, c *caller) error { return only1(c.b.Delete(ctx, c.id())) }},
	{"Book.DeleteEach", true, func(ctx context.Context, c *caller) error { return each(c.b.DeleteEach(ctx, []string{c.id(), c.id()})) }},
	{"Book.Edit", true, func(ctx context.Context, c *caller) error {
		return only1(c.b.Edit(ctx, c.id(), func(x *contacts.Contact) error { x.Notes = fmt.Sprint(c.Uint64()); return nil }))
	}},
	{"Book.EditEach", true, func(ctx context.Context, c *caller) error {
		return each(c.b.EditEach(ctx, []string{c.id(), c.id()}, func(_ int, x *contacts.Contact) error { x.Title = fmt.Sprint(c.Uint64()); return nil }))
	}},
	{"Book.Import", true, func(ctx context.Context, c *caller) error {
		rows := func(yield func(contacts.ImportRow, error) bool) {
			for range 3 {
				if !yield(contacts.ImportRow{Contact: c.contact()}, nil) {
					return
				}
			}
		}
		_, err := c.b.Import(ctx, rows, &contacts.ImportOptions{TempDir: c.temp}, func(contacts.ImportResult) error { return nil })
		return err
	}},
	{"Book.Merge", true, func(ctx context.Context, c *caller) error {
		return only1(c.b.Merge(ctx, c.id(), []string{c.id()}, nil))
	}},
	{"Book.Purge", true, func(ctx context.Context, c *caller) error {
		if c.IntN(4) > 0 {
			return contacts.ErrNotFound // there would soon be nothing left
		}
		return c.b.Purge(ctx, c.id())
	}},
	{"Book.Reassign", true, func(ctx context.Context, c *caller) error { return only1(c.b.Reassign(ctx, c.number(), c.id())) }},
	{"Book.Reindex", true, func(ctx context.Context, c *caller) error { return only1(c.b.Reindex(ctx, nil)) }},
	{"Book.RestoreEach", true, func(ctx context.Context, c *caller) error {
		x := c.withID()
		x.Status, x.CreatedAt, x.UpdatedAt = contacts.Active, time.Unix(1, 0), time.Unix(2, 0)
		return each(c.b.RestoreEach(ctx, []contacts.Contact{x}))
	}},
	{"Book.SetSite", true, func(ctx context.Context, c *caller) error { return only1(c.b.SetSite(ctx, c.b.Site())) }},
	{"Book.Trim", true, func(ctx context.Context, c *caller) error { return only1(c.b.Trim(ctx, time.Unix(10, 0))) }},
	{"Book.Undelete", true, func(ctx context.Context, c *caller) error { return only1(c.b.Undelete(ctx, c.id())) }},
	{"Book.Unmerge", true, func(ctx context.Context, c *caller) error { return only1(c.b.Unmerge(ctx, c.id())) }},
	{"Book.Update", true, func(ctx context.Context, c *caller) error { return only1(c.b.Update(ctx, c.withID())) }},
	{"Book.UpdateAll", true, func(ctx context.Context, c *caller) error {
		return only1(c.b.UpdateAll(ctx, []contacts.Contact{c.withID()}))
	}},
	{"Book.UpdateEach", true, func(ctx context.Context, c *caller) error {
		return each(c.b.UpdateEach(ctx, []contacts.Contact{c.withID(), c.withID()}))
	}},
	{"Book.Upsert", true, func(ctx context.Context, c *caller) error { return only1(c.b.Upsert(ctx, c.contact(), nil)) }},
	{"Book.UpsertEach", true, func(ctx context.Context, c *caller) error {
		results, err := c.b.UpsertEach(ctx, []contacts.Contact{c.contact(), c.contact()}, nil)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		return err
	}},
}

// notCalls are the methods that do not touch the file, and Close.
var notCalls = []string{
	"Store.Close", "Store.Info", "Store.LastSnapshot", "Store.Path",
	"Book.As", "Book.At", "Book.Once", "Book.Reindexed", "Book.Scope", "Book.Site", "Book.With",
}

// refusal reports whether err is one that a sound book may answer to calls
// that others run beside.
func refusal(err error) bool {
	for _, e := range []error{
		contacts.ErrNotFound, contacts.ErrDuplicateNumber, contacts.ErrInvalid, contacts.ErrConflict, contacts.ErrMerged, contacts.ErrExists, contacts.ErrAmbiguous,
		contacts.ErrTrimmed, contacts.ErrNotEmpty, contacts.ErrStaleIndex, contacts.ErrCursor, contacts.ErrTooLarge, contacts.ErrUniqueBy,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil
}

// TestAllCalls has allCalls complete, and every call either succeed or be refused.
func TestAllCalls(t *testing.T) {
	named := map[string]bool{}
	for _, c := range allCalls {
		named[c.name] = true
	}
	for _, name := range notCalls {
		named[name] = true
	}
	for prefix, typ := range map[string]reflect.Type{"Store.": reflect.TypeFor[*Store](), "Book.": reflect.TypeFor[*contacts.Book]()} {
		for i := range typ.NumMethod() {
			if name := prefix + typ.Method(i).Name; !named[name] {
				t.Errorf("%s is not among the calls", name)
			}
		}
	}
	_ = (*kvstore.Store)(nil) // whose methods are Store's

	ctx := context.Background()
	seed := seedOf(t)
	s := openRich(t)
	failed := map[string]error{}
	done := map[string]bool{}
	calls := 25 * len(allCalls)
	if onWindows || testing.Short() {
		calls = 5 * len(allCalls)
	}
	for n := range calls {
		c, err := newCaller(ctx, s, rand.New(rand.NewPCG(seed, uint64(n))), tempDir(t))
		must(t, err)
		call := allCalls[n%len(allCalls)]
		switch err := call.do(ctx, c); {
		case err == nil:
			done[call.name] = true
		case !refusal(err):
			t.Errorf("%s: %v", call.name, err)
		default:
			failed[call.name] = err
		}
	}
	for name, err := range failed {
		if !done[name] && calls > 1000 {
			t.Errorf("%s never does anything: %v", name, err)
		}
	}
	must(t, s.Check(ctx))
	must(t, s.Close())
	for n, call := range allCalls {
		c := &caller{Rand: rand.New(rand.NewPCG(seed, uint64(n))), s: s, b: nil, temp: tempDir(t)}
		if strings.HasPrefix(call.name, "Store.") {
			if err := call.do(ctx, c); !errors.Is(err, contacts.ErrClosed) {
				t.Errorf("%s on a closed store: %v", call.name, err)
			}
		}
	}
}

var richBytes []byte

// openRich opens a new copy of the rich book.
func openRich(t testing.TB) *Store {
	t.Helper()
	return openRichAt(t, filepath.Join(mappedDir(t), "book.db"))
}

func openRichAt(t testing.TB, path string) *Store {
	t.Helper()
	if richBytes == nil {
		richBytes = makeRich(t, tempDir(t)).sound
	}
	must(t, os.WriteFile(path, richBytes, 0o600))
	s, err := Open(path, nil)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}
