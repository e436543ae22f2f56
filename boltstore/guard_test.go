package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
)

// TestGuard turns panics into errors, and poisons.
func TestGuard(t *testing.T) {
	path := filepath.Join(mappedDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	want := errors.New("as it is")
	if err := e.Guard(func() error { return want }); err != want {
		t.Fatal(err)
	}
	if err := e.Guard(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	held, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var nothing *int
	err = e.Guard(func() error { *nothing++; return nil })
	if !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Snapshot": func() error { _, err := e.Snapshot(); return err },
		"Commit":   func() error { return e.Commit(context.Background(), writeBatch(1)) },
		"Guard":    func() error { return e.Guard(func() error { return nil }) },
		"check":    func() error { return e.checkFile(context.Background()) },
		"compact":  func() error { return e.compact(context.Background()) },
		"backup":   func() error { return e.backupFile(context.Background(), path+".backup") },
	} {
		if err := call(); !errors.Is(err, contacts.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	start := time.Now()
	_ = e.Close()
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
	held.Release()
	e = mustOpen(t, path, nil)
	if v, _, err := get(e, "akey"); v != "value" || err != nil {
		t.Fatal(v, err)
	}
}

// soon fails the test with all goroutines where fn does not return.
func soon(t testing.TB, what string, fn func()) {
	t.Helper()
	hang := time.AfterFunc(hangBound, func() { panic(what + " hangs:\n" + stacks()) })
	defer hang.Stop()
	fn()
}

// TestBoltLocks looks for the locks of bbolt that a fault leaves locked, in the
// version of bbolt that this is built with.
func TestBoltLocks(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	metas := bboltLock[sync.Mutex](e.h.db, "metalock")
	maps := bboltLock[sync.RWMutex](e.h.db, "mmaplock")
	if metas == nil || maps == nil {
		t.Fatal("bbolt has other locks now: see beginRead")
	}
	if !metas.TryLock() || !maps.TryLock() {
		t.Error("locked")
	}
	maps.Unlock()
	metas.Unlock()
}

// otherCommit makes a commit of another program in the file of an open book: a
// bbolt that does not care about locks.
func otherCommit(t testing.TB, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	elsewhere := filepath.Join(tempDir(t), "elsewhere.db")
	must(t, os.WriteFile(elsewhere, data, 0o600))
	db, err := bbolt.Open(elsewhere, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("r")).Put([]byte("\x01\x01"), []byte("of another program"))
	}))
	must(t, db.Close())
	data, err = os.ReadFile(elsewhere)
	must(t, err)
	overwrite(t, path, data)
}

// TestForeignWrites has somebody else write to an open book: a commit more, an
// older state, a newer one, another book. Whatever is called next, with a
// transaction that is open already or a new one, says so, and no contact is read
// that is not the book's.
func TestForeignWrites(t *testing.T) {
	if onWindows {
		t.Skip("a mapped file is not written to from outside")
	}
	ctx := context.Background()
	for _, how := range []string{"commit", "older", "newer", "another book"} {
		for _, next := range []string{"Book.Get", "Book.Lookup", "Book.Edit", "Store.Compact", "Store.Backup", "Store.Fork", "Store.Check"} {
			for _, idle := range []bool{false, true} {
				dir := mappedDir(t)
				path := filepath.Join(dir, "book.db")
				s := openRichAt(t, path)
				older, err := os.ReadFile(path)
				must(t, err)
				c, err := newCaller(ctx, s, rand.New(rand.NewPCG(1, 2)), dir)
				must(t, err)
				for range 3 {
					must(t, richEdit(ctx, c.b))
				}
				other := filepath.Join(dir, "other")
				switch how {
				case "newer":
					must(t, s.BackupFile(ctx, other))
					o, err := Open(other, nil)
					must(t, err)
					books, err := richBooks(ctx, o, 7000)
					must(t, err)
					must(t, richEdit(ctx, books[0]))
					must(t, o.Close())
				case "another book":
					must(t, os.WriteFile(other, makeOther(t, dir), 0o600))
				case "older":
					must(t, os.WriteFile(other, older, 0o600))
				}
				if !idle {
					s.engine.beginWrite() // ends the idle transactions
					s.engine.endWrite()
				} else {
					_, err := c.b.Count(ctx)
					must(t, err)
				}
				if how == "commit" {
					otherCommit(t, path)
				} else {
					data, err := os.ReadFile(other)
					must(t, err)
					overwrite(t, path, data)
				}
				name := fmt.Sprintf("%s, %s, idle %v", how, next, idle)
				soon(t, name, func() {
					for range 2 {
						for _, call := range allCalls {
							if call.name != next {
								continue
							}
							if err := call.do(ctx, c); !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), path) {
								t.Errorf("%s: %v", name, err)
							}
						}
					}
					_ = s.Close()
				})
			}
		}
	}
}

func richEdit(ctx context.Context, b *contacts.Book) error {
	_, err := b.Create(ctx, contacts.Contact{FirstName: "Nobody", Organization: fmt.Sprint(time.Now())})
	return err
}

// TestPoisoned makes every call there is on a store whose file has failed in one
// of the ways there are: each answers that, at once. Close takes little, and
// another process gets the file.
func TestPoisoned(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name string
		want error
		fail func(s *Store) error
	}{
		{"fault", contacts.ErrDamaged, func(s *Store) error {
			var nothing *int
			return s.engine.Guard(func() error { *nothing++; return nil })
		}},
		{"panic", contacts.ErrDamaged, func(s *Store) error {
			return s.engine.Guard(func() error { panic("page 7 already freed") })
		}},
		{"replaced", ErrReplaced, func(s *Store) error { return s.engine.poison(replaced(s.Path())) }},
		{"unknown", contacts.ErrCommitUnknown, func(s *Store) error {
			return s.engine.outcome(s.engine.h, int(s.engine.h.last.Txid), io.ErrShortWrite)
		}},
		{"panic in a write transaction", contacts.ErrDamaged, func(s *Store) error {
			return s.engine.Guard(func() error {
				if _, err := s.engine.h.db.Begin(true); err != nil {
					return err
				}
				panic("with its lock held")
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openRich(t)
			c, err := newCaller(ctx, s, rand.New(rand.NewPCG(1, 2)), tempDir(t))
			must(t, err)
			waits := make(chan error, 1)
			go func() { waits <- s.Wait(ctx, richScopes[0], 1<<40) }()
			soon(t, "a call", func() {
				if err := tt.fail(s); !errors.Is(err, tt.want) {
					t.Fatal(err)
				}
				for _, call := range allCalls {
					err := call.do(ctx, c)
					for range 8 { // those that are not made every time
						if errors.Is(err, contacts.ErrNotFound) {
							err = call.do(ctx, c)
						}
					}
					if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), s.Path()) {
						t.Errorf("%s: %v", call.name, err)
					}
				}
				_ = s.Close()
			})
			soon(t, "a waiter", func() {
				if err := <-waits; err == nil {
					t.Error("there are news")
				}
			})
			out := runChild(t, "open", s.Path())
			if !strings.Contains(out, "outcome: <nil>") {
				t.Error(out)
			}
		})
	}
}

// TestCopied touches all that a store handed out, and what it was given, after
// it was closed: a slice of the map would fault.
func TestCopied(t *testing.T) {
	ctx := context.Background()
	s := openRich(t)
	reads := &readings{contacts: map[string][]string{}}
	var kept []any
	for i, scope := range richScopes {
		for _, q := range []contacts.Query{
			{Status: richStatus, Limit: 1000}, {Status: richStatus, Order: contacts.ByChange, Limit: 1000},
			{Words: []contacts.Term{{Text: "a"}}, Limit: 1000}, {Suffix: "1", Limit: 1000}, {Prefixes: []string{"91"}, Limit: 1000}, {Duplicates: true},
		} {
			page, err := s.Find(ctx, scope, q)
			must(t, err)
			kept = append(kept, page)
			for _, h := range page.Hits {
				events, err := s.History(ctx, scope, contacts.HistoryQuery{ID: h.Contact.ID})
				must(t, err)
				kept = append(kept, events)
			}
		}
		events, err := s.Events(ctx, scope, 0, 1000)
		must(t, err)
		st, err := s.Stat(ctx, scope)
		must(t, err)
		kept = append(kept, events, st)
		books, err := richBooks(ctx, s, 10_000_000)
		must(t, err)
		must(t, reads.scope(ctx, s, books[i], i))
		m, err := books[i].Lookup(ctx, richNumber(i, 3), nil)
		must(t, err)
		_, dup := books[i].Create(ctx, contacts.Contact{FirstName: "D", CellPhone: contacts.Phone{Number: richNumber(i, 1)}})
		found, err := books[i].Search(ctx, "jr", nil)
		must(t, err)
		kept = append(kept, m, dup, found)
	}
	scopes, err := s.Scopes(ctx, contacts.Scope{}, 0)
	must(t, err)
	kept = append(kept, scopes)
	before := fmt.Sprintf("%+v %+v", kept, reads)
	must(t, s.Close())
	if after := fmt.Sprintf("%+v %+v", kept, reads); after != before || len(after) < 1<<20 {
		t.Error("what was handed out has changed")
	}
}

// TestCutShort truncates a file where the next commit does not look: it is not
// acknowledged, as the file cannot be opened again.
func TestCutShort(t *testing.T) {
	if onWindows {
		t.Skip("Windows does not cut a file that is mapped")
	}
	ctx := context.Background()
	s := openRich(t)
	books, err := richBooks(ctx, s, 50_000)
	must(t, err)
	fi, err := os.Stat(s.Path())
	must(t, err)
	must(t, os.Truncate(s.Path(), fi.Size()-pageSize)) // a page that was never used
	soon(t, "the write", func() {
		for range 2 {
			if err := richEdit(ctx, books[0]); !errors.Is(err, contacts.ErrDamaged) {
				t.Error(err)
			}
		}
		_ = s.Close()
	})
	if s, err := Open(s.Path(), nil); err == nil {
		_, err = readBook(ctx, s)
		must(t, err)
		must(t, s.Close())
	} else if !errors.Is(err, contacts.ErrDamaged) {
		t.Error(err)
	}
}

// TestCannotSee answers writes to a file of which the system does not say whether
// it is there.
func TestCannotSee(t *testing.T) {
	if onWindows {
		t.Skip("there such a path counts as one that is not there")
	}
	path := filepath.Join(mappedDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "1")
	e.path = path + "\x00" // stands for a folder without rights
	v := "2"
	err := e.Commit(context.Background(), batch(map[string]*string{"akey": &v}))
	if err == nil || errors.Is(err, contacts.ErrCommitUnknown) || errors.Is(err, ErrReplaced) {
		t.Error(err)
	}
	e.path = path
	if v, _, err := get(e, "akey"); v != "1" || err != nil {
		t.Error(v, err)
	}
	put(t, e, "akey", "3")
}

// BenchmarkGuardsOfARead says what the guards add to a read between two commits:
// the median of runs with and without them, in turns.
func BenchmarkGuardsOfARead(b *testing.B) {
	ctx := context.Background()
	s := openRich(b)
	books, err := richBooks(ctx, s, 50_000)
	must(b, err)
	for _, read := range []struct {
		name string
		do   func() error
	}{
		{"Get", func() error { return only1(books[0].Get(ctx, "id-0-000120")) }},
		{"Lookup", func() error { return only1(books[0].Lookup(ctx, richNumber(0, 121), nil)) }},
	} {
		b.Run(read.name, func(b *testing.B) {
			const turns, reads = 1001, 200 // short ones, for machines that do other things, too
			var took [2][]float64
			for b.Loop() {
				for turn := range 2 * turns {
					s.engine.unguarded = turn%2 == 0
					start := time.Now()
					for range reads {
						if err := read.do(); err != nil {
							b.Fatal(err)
						}
					}
					took[turn%2] = append(took[turn%2], float64(time.Since(start).Nanoseconds())/reads)
				}
			}
			s.engine.unguarded = false
			for i := range took {
				slices.Sort(took[i])
			}
			without, with := took[0][len(took[0])/2], took[1][len(took[1])/2]
			b.ReportMetric(without, "ns-without")
			b.ReportMetric(with, "ns-with")
			b.ReportMetric(100*(with-without)/without, "%-more")
			b.ReportMetric(0, "ns/op")
		})
	}
}
