package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// verifyPath is verifyFile for the file of that name.
func verifyPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = verifyFile(context.Background(), path, f)
	return err
}

// TestVerifyFindsAll changes single bytes of a book wherever something is
// kept: each is noticed, in words that name the file and nothing in
// it; or changes nothing of what the book holds.
func TestVerifyFindsAll(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 7))
	path := filepath.Join(tempDir(t), "book.db")
	s, b, err := openTestBook(path)
	must(t, err)
	for n := range 300 {
		_, err := b.Create(context.Background(), contacts.Contact{FirstName: "Ann", LastName: "Secret", CellPhone: contacts.Phone{Number: fmt.Sprintf("+91981234%04d", n)}})
		must(t, err)
	}
	must(t, s.Compact(context.Background())) // so that no page is free
	must(t, s.Close())
	sound, err := os.ReadFile(path)
	must(t, err)
	must(t, verifyPath(path))
	want := sumOf(t, path)
	words := map[string]int{}
	for range 2000 {
		data := bytes.Clone(sound)
		at := r.IntN(len(data))
		data[at] ^= 1 << r.IntN(8)
		must(t, os.WriteFile(path, data, 0o600))
		err := verifyPath(path)
		switch {
		case err == nil:
			// Nothing is kept there: in the unused end of a page, say.
			if sumOf(t, path) != want {
				t.Fatalf("byte %d: a difference that is not noticed", at)
			}
			words["nothing"]++
		case !errors.Is(err, contacts.ErrDamaged) && !errors.Is(err, contacts.ErrNotBook) || !strings.Contains(err.Error(), path):
			t.Fatalf("byte %d: %v", at, err)
		case strings.Contains(err.Error(), "Secret") || strings.Contains(err.Error(), "98123"):
			t.Fatalf("byte %d: the error shows a contact: %v", at, err)
		default:
			words["found"]++
		}
	}
	t.Log(words)
}

// sumOf returns a checksum of all entries of a book.
func sumOf(t testing.TB, path string) uint64 {
	t.Helper()
	e, err := openFile(path, &Options{ReadOnly: true}, bookContents())
	must(t, err)
	sum := fnv.New64a()
	must(t, read(e, func(s kvstore.Snapshot) error {
		return s.Scan(nil, nil, false, func(k, v []byte) bool {
			fmt.Fprintf(sum, "%d %s %d %s", len(k), k, len(v), v)
			return true
		})
	}))
	must(t, e.Close())
	return sum.Sum64()
}

// TestVerifyElements puts elements into a book that bbolt reads well and that no
// book has.
func TestVerifyElements(t *testing.T) {
	for name, change := range map[string]func(tx *bbolt.Tx) error{
		"moved to a key that stands for the same, and that no read looks under": func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("r"))
			k, v := b.Cursor().First()
			k, v = bytes.Clone(k), bytes.Clone(v)
			return errors.Join(b.Delete(k), b.Put(append([]byte{0}, k...), v))
		},
		"an empty bucket within a table": func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("n"))
			k, _ := b.Cursor().First()
			_, err := b.CreateBucket(append(bytes.Clone(k), 1))
			return err
		},
	} {
		path := filepath.Join(tempDir(t), "book.db")
		s, b, err := openTestBook(path)
		must(t, err)
		_, err = b.Create(context.Background(), contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919812345678"}})
		must(t, err)
		must(t, s.Close())
		db, err := bbolt.Open(path, 0o600, nil)
		must(t, err)
		must(t, db.Update(change))
		must(t, db.Close())
		if err := verifyPath(path); !errors.Is(err, contacts.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
