package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// sampleBook writes a book with some dozens of pages, free ones among them, and
// returns its bytes.
func sampleBook(t testing.TB, path string) []byte {
	t.Helper()
	e := mustOpen(t, path, nil)
	r := rand.New(rand.NewPCG(7, 7))
	m := model{}
	for range 8 {
		changes := randomChanges(r, m, 30)
		if err := e.Commit(context.Background(), batch(changes)); err != nil {
			t.Fatal(err)
		}
		m.apply(changes)
	}
	for n := range 3 {
		if err := e.Commit(context.Background(), writeBatch(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, e)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// foreignBolt writes a bbolt file of another program to path.
func foreignBolt(path string, fill func(tx *bbolt.Tx) error, o *bbolt.Options) error {
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(fill), db.Close())
}

func putFormat(version string) func(tx *bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte(formatBucket))
		if err != nil {
			return err
		}
		return b.Put([]byte(formatKey), []byte(version))
	}
}

// TestBadFiles opens what is no sound book. Every error comes soon, names the
// file and wraps its sentinel, and the file stays as it was.
func TestBadFiles(t *testing.T) {
	book := sampleBook(t, filepath.Join(tempDir(t), "book.db"))
	write := func(data []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, data, 0o600) }
	}
	change := func(fn func(b []byte) []byte) func(string) error {
		return write(fn(bytes.Clone(book)))
	}
	tests := []struct {
		name string
		make func(path string) error
		want error
	}{
		{"empty", write(nil), contacts.ErrNotBook},
		{"one byte", write([]byte("x")), contacts.ErrNotBook},
		{"text", write(bytes.Repeat([]byte("First Name,Last Name\n"), 5000)), contacts.ErrNotBook},
		{"zeros", write(make([]byte, 1<<20)), contacts.ErrNotBook},
		{"sqlite", write(append([]byte("SQLite format 3\x00"), make([]byte, 8192)...)), contacts.ErrNotBook},
		{"folder", func(p string) error { return os.Mkdir(p, 0o700) }, contacts.ErrNotBook},
		{"bbolt, empty", func(p string) error {
			return foreignBolt(p, func(*bbolt.Tx) error { return nil }, nil)
		}, contacts.ErrNotBook},
		{"bbolt of another program", func(p string) error {
			return foreignBolt(p, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte("meta"))
				if err != nil {
					return err
				}
				return b.Put([]byte("format"), []byte("1"))
			}, &bbolt.Options{PageSize: 16 << 10})
		}, contacts.ErrNotBook},
		{"newer", func(p string) error { return foreignBolt(p, putFormat(formatRecord(formatVersion+1)), nil) }, contacts.ErrNewer},
		{"much newer", func(p string) error { return foreignBolt(p, putFormat(formatRecord(731)), nil) }, contacts.ErrNewer},
		{"newer, without its checksum", func(p string) error { return foreignBolt(p, putFormat("731"), nil) }, contacts.ErrDamaged},
		{"newer, with another's checksum", func(p string) error {
			return foreignBolt(p, putFormat("3"+formatRecord(2)[1:]), nil)
		}, contacts.ErrDamaged},
		{"version zero", func(p string) error { return foreignBolt(p, putFormat("0"), nil) }, contacts.ErrDamaged},
		{"version of words", func(p string) error { return foreignBolt(p, putFormat("one"), nil) }, contacts.ErrDamaged},
		{"free pages not saved", func(p string) error {
			return foreignBolt(p, putFormat("1"), &bbolt.Options{NoFreelistSync: true})
		}, contacts.ErrDamaged},
		{"truncated to a page", change(func(b []byte) []byte { return b[:pageSize] }), contacts.ErrDamaged},
		{"truncated to two pages", change(func(b []byte) []byte { return b[:2*pageSize] }), contacts.ErrDamaged},
		{"truncated by half", change(func(b []byte) []byte { return b[:len(b)/2] }), contacts.ErrDamaged},
		{"truncated within a page", change(func(b []byte) []byte { return b[:10*pageSize+17] }), contacts.ErrDamaged},
		{"both meta pages lost", change(func(b []byte) []byte {
			b[100-16-8], b[pageSize+70] = b[100-16-8]^1, b[pageSize+70]^1
			return b
		}), contacts.ErrDamaged},
		{"first pages lost", change(func(b []byte) []byte { clear(b[2*pageSize : 20*pageSize]); return b }), contacts.ErrDamaged},
		{"first half is another's", change(func(b []byte) []byte { copy(b, make([]byte, len(b)/2)); return b }), contacts.ErrNotBook},
	}
	for _, tt := range append(tests, systemFiles...) {
		for _, o := range []*Options{nil, {ReadOnly: true}} {
			t.Run(fmt.Sprintf("%s %v", tt.name, o != nil), func(t *testing.T) {
				path := filepath.Join(tempDir(t), "mother's book.db")
				if err := tt.make(path); err != nil {
					t.Fatal(err)
				}
				before := fingerprint(t, path)
				start := time.Now()
				e, err := openEngine(path, o, testAppendTables)
				if err == nil {
					_ = e.Close()
				}
				if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), path) {
					t.Fatalf("%v, want %v", err, tt.want)
				}
				t.Log(err)
				if d := time.Since(start); d > 5*time.Second {
					t.Errorf("took %v", d)
				}
				if after := fingerprint(t, path); after != before {
					t.Errorf("the file changed from %s to %s", before, after)
				}
				if names := list(t, filepath.Dir(path)); len(names) != 1 {
					t.Errorf("left behind: %v", names)
				}
				if len(registry.entries) != 0 {
					t.Errorf("still registered: %v", registry.entries)
				}
			})
		}
	}
}

// fingerprint returns the kind and the content of what is at path.
func fingerprint(t testing.TB, path string) string {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := fmt.Sprint(fi.Mode(), fi.Size())
	if fi.Mode().IsRegular() {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s += fmt.Sprintf(" %x", sha256.Sum256(data))
	}
	return s
}

func list(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestMissing opens what does not exist and may not be created.
func TestMissing(t *testing.T) {
	dir := tempDir(t)
	for path, o := range map[string]*Options{
		filepath.Join(dir, "no.db"):            {ReadOnly: true},
		filepath.Join(dir, "none.db"):          {MustExist: true},
		filepath.Join(dir, "folder", "no.db"):  nil,
		filepath.Join(dir, "folder", "no2.db"): {ReadOnly: true},
	} {
		_, err := openEngine(path, o, "")
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if names := list(t, dir); len(names) != 0 {
		t.Errorf("created: %v", names)
	}
}

// TestOneBadMetaOpens opens a book whose last commit was torn: the one before
// it is there.
func TestOneBadMetaOpens(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	data := sampleBook(t, path)
	f := bytes.NewReader(data)
	metas, err := boltfile.ReadMetas(f, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := metas.Current()
	data[int(m.Txid%2)*pageSize+40] ^= 0xff
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	e := mustOpen(t, path, nil)
	if err := readAll(e); err != nil {
		t.Fatal(err)
	}
	put(t, e, "akey", "after")
	if err := e.checkFile(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestNewFile looks at a book just created.
func TestNewFile(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	e := mustOpen(t, path, nil)
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode() != 0o600 && !onWindows {
		t.Errorf("mode %v", fi.Mode())
	}
	if fi.Size() > 64<<10 {
		t.Errorf("%d bytes", fi.Size())
	}
	put(t, e, "a", "the reserved key")
	mustClose(t, e)
	only(t, dir, "book.db")
	e = mustOpen(t, path, &Options{MustExist: true})
	if v, ok, err := get(e, "a"); v != "the reserved key" || !ok || err != nil {
		t.Fatal(v, ok, err)
	}
}

// TestLink opens a book through a symbolic link, and compacts it: the link
// stays one.
func TestLink(t *testing.T) {
	dir := tempDir(t)
	path, link := filepath.Join(dir, "book.db"), filepath.Join(dir, "link.db")
	mustClose(t, mustOpen(t, path, nil))
	if err := os.Symlink(path, link); err != nil && !onWindows {
		t.Fatal(err)
	}
	if fi, err := os.Lstat(link); onWindows && (err != nil || fi.Mode()&fs.ModeSymlink == 0) {
		t.Skip("Wine makes no links, and Windows not for everybody")
	}
	e := mustOpen(t, link, nil)
	put(t, e, "akey", "value")
	if err := e.compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	put(t, e, "bkey", "value")
	mustClose(t, e)
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&fs.ModeSymlink == 0 {
		t.Fatal(fi.Mode(), err)
	}
	e = mustOpen(t, path, nil)
	if _, ok, err := get(e, "bkey"); !ok || err != nil {
		t.Fatal(ok, err)
	}
}
