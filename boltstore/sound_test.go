package boltstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
	"github.com/callerbook/contacts/kvstore"
)

// TestSoundFiles has books of all page sizes live random lives, and verifies the
// file wholly after each commit, in the middle of loads, re-indexing and trims
// too, and copies that a kill at that moment would have left: none may be found
// damaged, whether it is verified, opened or checked.
func TestSoundFiles(t *testing.T) {
	files := 400
	if *long {
		files = 15_000
	} else if testing.Short() || onWindows {
		files = 150
	}
	r := rand.New(rand.NewPCG(testSeed(t), 15))
	l := &life{t: t, r: r, dir: tempDir(t), done: map[string]int{}}
	lives := 0
	for ; l.files < files; lives++ {
		l.live([]int{4096, 8192, 16384, 65536}[lives%4])
	}
	t.Logf("%d files of %d lives verified, %d copies opened and checked", l.files, lives, l.copies)
	for _, what := range slices.Sorted(maps.Keys(l.done)) {
		t.Logf("%6d %s", l.done[what], what)
	}
}

// life is one life of a book after the other.
type life struct {
	t    *testing.T
	r    *rand.Rand
	dir  string
	path string

	store *Store
	books []*contacts.Book
	ids   []string // of the contacts of books[0], those that are gone too
	n     int      // of contacts made
	roomy bool     // the file is never written anew, and keeps the size of its pages
	fail  error

	files, copies int
	done          map[string]int
}

func (l *life) live(size int) {
	l.path = filepath.Join(l.dir, "book.db")
	must(l.t, foreignBolt(l.path, putFormat(formatRecord(formatVersion)), &bbolt.Options{PageSize: size}))
	l.roomy, l.ids, l.n = l.r.IntN(2) == 0, nil, 0
	l.open()
	for range 25 {
		l.store.engine.h.db.NoSync = true // nobody kills the system
		step := lifeSteps[l.r.IntN(len(lifeSteps))]
		if l.roomy && step.anew {
			continue
		}
		err := step.do(l)
		what := step.name
		switch {
		case errors.Is(err, contacts.ErrDamaged) || errors.Is(err, contacts.ErrClosed):
			l.t.Fatalf("%s: %v", step.name, err)
		case err != nil:
			what += ", refused"
		}
		l.done[what]++
		if l.fail != nil {
			l.t.Fatalf("page size %d, %s: %v", size, step.name, l.fail)
		}
	}
	must(l.t, l.store.Check(context.Background()))
	l.reopen()
	if now := int(l.store.engine.h.last.PageSize); l.roomy && now != size {
		l.t.Fatalf("pages of %d bytes, were %d", now, size)
	}
	must(l.t, l.store.Close())
	must(l.t, os.Remove(l.path))
}

// watched is an engine with something to do after each commit.
type watched struct {
	*engine
	after func()
}

func (w *watched) Commit(ctx context.Context, b *kvstore.Batch) error {
	err := w.engine.Commit(ctx, b)
	w.after()
	return err
}

func (w *watched) Merge(ctx context.Context, size int64, ops iter.Seq2[kvstore.Op, error]) error {
	err := w.engine.Merge(ctx, size, ops)
	if !errors.Is(err, contacts.ErrUnsupported) {
		w.after()
	}
	return err
}

// open opens the book, and its scopes: one for itself, two that share numbers.
func (l *life) open() {
	e, err := openFile(l.path, &Options{NoAutoCompact: l.roomy}, bookContents())
	must(l.t, err)
	if l.roomy {
		e.mergeFrom = 1 << 40
	} else {
		e.mergeFrom = int64(l.r.IntN(2)) << 16
	}
	k, err := kvstore.New(&watched{e, l.verify}, &kvstore.Options{Name: l.path})
	must(l.t, err)
	l.store, l.books = &Store{k, e}, nil
	for _, stream := range []string{"", "one", "two"} {
		o := &contacts.Options{Rules: contacts.RelaxedRules()}
		scope := contacts.Scope{Account: "acme", Stream: stream}
		if stream != "" {
			scope.Account, o.UniqueBy = "globex", contacts.UniqueByAccount
		}
		b, err := contacts.Open(context.Background(), l.store, scope, o)
		must(l.t, err)
		l.books = append(l.books, b)
	}
}

// reopen closes the book, which verifies quickly from then on, and opens it.
func (l *life) reopen() {
	must(l.t, l.store.Close())
	l.verify()
	if i := info(l.t, l.path, &Options{ReadOnly: true}); !i.Clean || i.Full || len(i.Warnings) > 0 {
		l.t.Fatalf("closed, and opened: %+v", i)
	}
	l.open()
}

// verify verifies the file as it is now, between two commits.
func (l *life) verify() {
	if l.fail != nil {
		return
	}
	l.files++
	l.fail = verifyPath(l.path)
	if l.fail == nil && l.r.IntN(8) == 0 {
		l.copies++
		l.fail = l.killed()
	}
}

// killed opens the file as it would be had the process been killed now.
func (l *life) killed() error {
	ctx := context.Background()
	data, err := os.ReadFile(l.path)
	if err != nil {
		return err
	}
	path := filepath.Join(l.dir, "killed.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	s, b, err := openTestBook(path)
	if err != nil {
		return err
	}
	err = s.Check(ctx)
	if err == nil {
		_, err = b.Create(ctx, contacts.Contact{FirstName: "After"}) // and what a load left goes
	}
	if err == nil {
		err = s.Check(ctx)
	}
	err = errors.Join(err, s.Close(), verifyPath(path), os.Remove(path))
	return err
}

func (l *life) contact() contacts.Contact {
	l.n++
	return richContact(0, l.r.IntN(l.n)+l.r.IntN(20))
}

func (l *life) list() (list []contacts.Contact) {
	for range 1 + l.r.IntN(60) {
		list = append(list, l.contact())
	}
	return list
}

func (l *life) id() string {
	if len(l.ids) == 0 {
		return "none"
	}
	return l.ids[l.r.IntN(len(l.ids))]
}

// note remembers the id of what was created in the first book.
func (l *life) note(c contacts.Contact, err error) error {
	if err == nil {
		l.ids = append(l.ids, c.ID)
	}
	return err
}

// lifeSteps are what a program does to a book. Those of which the file is
// written anew say so.
var lifeSteps = []struct {
	name string
	anew bool
	do   func(l *life) error
}{
	{"create", false, func(l *life) error { return l.note(l.books[0].Create(context.Background(), l.contact())) }},
	{"create elsewhere", false, func(l *life) error {
		_, err := l.books[1+l.r.IntN(2)].Create(context.Background(), l.contact())
		return err
	}},
	{"create many", false, func(l *life) error {
		results, err := l.books[0].CreateEach(context.Background(), l.list())
		for _, res := range results {
			if res.Err == nil {
				l.ids = append(l.ids, res.Contact.ID)
			}
		}
		return err
	}},
	{"keep a duplicate", false, func(l *life) error {
		b := l.books[0].With(contacts.Rules{AnyNotation: true, Optional: true, AnySalutation: true, KeepDuplicates: true})
		return l.note(b.Create(context.Background(), l.contact()))
	}},
	{"create once", false, func(l *life) error {
		return l.note(l.books[0].Once(fmt.Sprint("op ", l.r.IntN(50))).Create(context.Background(), l.contact()))
	}},
	{"edit", false, func(l *life) error {
		_, err := l.books[0].Edit(context.Background(), l.id(), func(c *contacts.Contact) error {
			to := l.contact()
			c.LastName, c.Notes = to.LastName, strings.Repeat(to.Notes, 1+l.r.IntN(100))
			if l.r.IntN(2) == 0 {
				c.CellPhone = to.CellPhone
			}
			return nil
		})
		return err
	}},
	{"delete", false, func(l *life) error { _, err := l.books[0].Delete(context.Background(), l.id()); return err }},
	{"undelete", false, func(l *life) error { _, err := l.books[0].Undelete(context.Background(), l.id()); return err }},
	{"purge", false, func(l *life) error { return l.books[0].Purge(context.Background(), l.id()) }},
	{"merge", false, func(l *life) error {
		_, err := l.books[0].Merge(context.Background(), l.id(), []string{l.id()}, nil)
		return err
	}},
	{"unmerge", false, func(l *life) error { _, err := l.books[0].Unmerge(context.Background(), l.id()); return err }},
	{"upsert many", false, func(l *life) error {
		_, err := l.books[0].UpsertEach(context.Background(), l.list(), nil)
		return err
	}},
	{"trim", false, func(l *life) error {
		st, err := l.store.Stat(context.Background(), l.books[0].Scope())
		if err != nil {
			return err
		}
		return l.store.Trim(context.Background(), l.books[0].Scope(), l.r.Uint64N(st.Last+1))
	}},
	{"trim all before now", false, func(l *life) error {
		_, err := l.books[0].Trim(context.Background(), time.Now())
		return err
	}},
	{"load, and index anew", false, func(l *life) error { return l.load(-1) }},
	{"load, cut off", false, func(l *life) error {
		if err := l.load(l.r.IntN(100)); err == nil {
			return errors.New("it went on")
		}
		return nil
	}},
	{"import", false, func(l *life) error {
		_, err := l.books[0].Import(context.Background(), func(yield func(contacts.ImportRow, error) bool) {
			for _, c := range l.list() {
				if !yield(contacts.ImportRow{Contact: c}, nil) {
					return
				}
			}
		}, nil, nil)
		return err
	}},
	{"renew epochs", false, func(l *life) error { return l.store.RenewEpochs(context.Background()) }},
	{"check", false, func(l *life) error { return l.store.Check(context.Background()) }},
	{"close and open", false, func(l *life) error { l.reopen(); return nil }},
	{"compact", true, func(l *life) error {
		err := l.store.Compact(context.Background())
		l.verify()
		return err
	}},
}

// load loads a scope as an older release made it, up to some record, and has it
// indexed anew; half of the time into an account whose scopes share numbers.
func (l *life) load(end int) error {
	ctx := context.Background()
	l.n++
	lib := &older.Library{Index: contacts.IndexVersion{Generation: 0, Fingerprint: 8}}
	scope := contacts.Scope{Account: "loaded", Stream: fmt.Sprint(l.n)}
	head := contacts.LoadHead{Index: lib.Index}
	first := 0
	if l.r.IntN(2) == 0 {
		scope.Account, head.UniqueBy, first = "globex", contacts.UniqueByAccount, 1000*l.n
	}
	errCut := errors.New("cut off")
	_, err := contacts.Load(ctx, l.store, scope, head, func(yield func(contacts.LoadRecord, error) bool) {
		for n := range 20 + l.r.IntN(200) {
			if n == end {
				yield(contacts.LoadRecord{}, errCut)
				return
			}
			id := fmt.Sprint("load-", n)
			c := older.Contact(id, "Née", fmt.Sprint("Müller ", n), fmt.Sprintf("+91977%07d", first+n), "*+442079460000")
			c.Revision = uint64(n + 1)
			if !yield(contacts.LoadRecord{Contact: c, Keys: lib.Keys(&c)}, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	o := &contacts.Options{Rules: contacts.RelaxedRules(), UniqueBy: head.UniqueBy}
	_, err = contacts.Open(ctx, l.store, scope, o)
	return err
}
