package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// only reports what else is in a folder.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	for _, entry := range list {
		if !slices.Contains(want, entry.Name()) {
			t.Errorf("%s is left in the folder", entry.Name())
		}
	}
}

// TestForkFile has forks, of a book that is open for writing or not, work on
// files that are gone when they are closed, in whatever order, and does to a
// fork what can be done to a book.
func TestForkFile(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		ctx := context.Background()
		dir := tempDir(t)
		path := filepath.Join(dir, "book.db")
		s, b, err := openTestBook(path)
		must(t, err)
		create := func(b *contacts.Book, number string) {
			t.Helper()
			_, err := b.Create(ctx, contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: number}})
			must(t, err)
		}
		create(b, "+919812345678")
		if readOnly {
			must(t, s.Close())
			s, err = Open(path, &Options{ReadOnly: true})
			must(t, err)
		}
		before := fingerprint(t, path)
		var forks []*Store
		for _, from := range []func() *Store{func() *Store { return s }, func() *Store { return forks[0] }} {
			f, err := from().Fork(ctx)
			must(t, err)
			fork := f.(*Store)
			forks = append(forks, fork)
			fb, err := contacts.Open(ctx, fork, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
			must(t, err)
			create(fb, "+9198123456"+string(rune('0'+len(forks)))+"0")
			must(t, fork.Check(ctx))
			must(t, fork.Compact(ctx))
			must(t, fork.Tidy(ctx))
			copied := filepath.Join(tempDir(t), "copy.db")
			must(t, fork.BackupFile(ctx, copied))
			c, err := Open(copied, &Options{MustExist: true})
			must(t, err)
			if st, err := c.Stat(ctx, contacts.Scope{Account: "acme"}); err != nil || st.Active != uint64(1+len(forks)) {
				t.Errorf("the backup of a fork: %+v, %v", st, err)
			}
			must(t, c.Close())
			if fi, err := os.Stat(fork.Path()); err == nil && fi.Mode().Perm() != 0o600 && !onWindows {
				t.Errorf("the file of a fork has mode %v", fi.Mode())
			}
		}
		if fingerprint(t, path) != before {
			t.Error("the book changed")
		}
		must(t, s.Close())
		before = fingerprint(t, path) // marked as closed
		for _, f := range forks {
			if st, err := f.Stat(ctx, contacts.Scope{Account: "acme"}); err != nil || st.Active < 2 {
				t.Errorf("a fork after its book was closed: %+v, %v", st, err)
			}
			must(t, f.Close())
			must(t, f.Close())
			if _, err := f.Fork(ctx); !errors.Is(err, contacts.ErrClosed) {
				t.Errorf("Fork of a closed fork: %v", err)
			}
		}
		if fingerprint(t, path) != before {
			t.Error("the book changed")
		}
		only(t, dir, "book.db")
	}
}

// TestForkLeftovers: what a process left that did not close its forks goes when
// the book is opened for writing, and nothing else does.
func TestForkLeftovers(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	mustClose(t, mustOpen(t, path, nil))
	stay := []string{"book.db", ".book.db.fork", ".book.db.fork12a", "book.db.fork12", ".other.db.fork12", ".book.db.new12"}
	leave := []string{".book.db.fork1", ".book.db.fork4294967295", ".book.db.sort7", ".book.db.copy12"}
	for _, name := range append(stay[1:], leave...) {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("left"), 0o600))
	}
	there := func() string {
		var names []string
		list, err := os.ReadDir(dir)
		must(t, err)
		for _, entry := range list {
			names = append(names, entry.Name())
		}
		return strings.Join(names, " ")
	}
	mustClose(t, mustOpen(t, path, &Options{ReadOnly: true}))
	for _, name := range leave {
		if !strings.Contains(there(), name) {
			t.Errorf("a store that may not write removed %s", name)
		}
	}
	mustClose(t, mustOpen(t, path, nil))
	for _, name := range stay {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range leave {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
}

// TestForkInUse: a fork that is in use does not go when its book, closed
// meanwhile, is opened again.
func TestForkInUse(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	s, _, err := openTestBook(path)
	must(t, err)
	f, err := s.Fork(ctx)
	must(t, err)
	must(t, s.Close())
	again, err := Open(path, nil)
	must(t, err)
	b, err := contacts.Open(ctx, f, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	for range 50 {
		_, err = b.Create(ctx, contacts.Contact{FirstName: "Ann"})
		must(t, err)
	}
	must(t, contacts.Check(ctx, f))
	must(t, f.Close())
	must(t, again.Close())
	only(t, dir, "book.db")
}

// TestForkEnds has a fork end with its context, and with its book.
func TestForkEnds(t *testing.T) {
	dir := tempDir(t)
	s, _, err := openTestBook(filepath.Join(dir, "book.db"))
	must(t, err)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Fork(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Fork with a cancelled context: %v", err)
	}
	must(t, s.Close())
	if _, err := s.Fork(context.Background()); !errors.Is(err, contacts.ErrClosed) {
		t.Errorf("Fork of a closed store: %v", err)
	}
	only(t, dir, "book.db")
}
