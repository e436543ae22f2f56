package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
)

// Two releases before this one, each with its idea of a line: to the first
// one +9180 is +9181, to the second one every number is its own.
var (
	first  = &older.Library{Index: contacts.IndexVersion{Generation: 0, Fingerprint: 7}, Renumbered: map[string]string{"+9180": "+9181"}}
	second = &older.Library{Index: contacts.IndexVersion{Generation: 0, Fingerprint: 8}}
)

var goldenScope = contacts.Scope{Account: "acme", Stream: "golden"}

// The golden books of older indexes: one as the first release left it, and one
// that the second release had begun to re-index when it was stopped. Both are
// to read as the text says once they are open. The flag -update-golden makes
// them anew, as it does the golden book.
var oldBooks = []struct {
	path, text string
	write      func(t *testing.T, s *Store)
}{
	{"testdata/index-old.db", "testdata/index-old.txt", writeFirst},
	{"testdata/index-midway.db", "testdata/index-midway.txt", func(t *testing.T, s *Store) {
		writeFirst(t, s)
		over := second.Put(goldenPerson("ana"), 1)
		over.Kind = contacts.Reindex
		goldenApply(t, s, contacts.Batch{Index: second.Index, Phase: contacts.IndexBegin})
		goldenApply(t, s, contacts.Batch{Index: second.Index, Writes: []contacts.Write{over}})
		goldenApply(t, s, contacts.Batch{Index: second.Index, Reindexing: true, Writes: []contacts.Write{
			second.Put(older.Contact("new", "Née", "Midway", "+918112340002"), 0),
		}})
	}},
}

func goldenPerson(id string) contacts.Contact {
	switch id {
	case "ana":
		return older.Contact("ana", "Ana", "Ruiz", "+5215512345678", "*+442079460000")
	case "eva":
		return older.Contact("eva", "Eva", "Solís", "+525512345678")
	case "ravi":
		return older.Contact("ravi", "Ravi", "Råo", "+918012340001", "+919876500002")
	case "zoe":
		return older.Contact("zoe", "Zoë", "Ærø", "+919876500003", "*+442079460000")
	}
	return older.Contact(id, "Del", "Eted", "+919876500004")
}

func goldenApply(t *testing.T, s *Store, b contacts.Batch) {
	t.Helper()
	if _, err := s.Apply(context.Background(), goldenScope, b); err != nil {
		t.Fatal(err)
	}
}

func writeFirst(t *testing.T, s *Store) {
	t.Helper()
	var writes []contacts.Write
	for _, id := range []string{"ana", "eva", "ravi", "zoe", "del"} {
		writes = append(writes, first.Put(goldenPerson(id), 0))
	}
	deleted, edited := goldenPerson("del"), goldenPerson("ravi")
	deleted.Status, deleted.DeletedAt = contacts.Inactive, deleted.UpdatedAt
	edited.Notes = "edited"
	goldenApply(t, s, contacts.Batch{Index: first.Index, Writes: writes})
	goldenApply(t, s, contacts.Batch{Index: first.Index, Writes: []contacts.Write{first.Put(deleted, 5), first.Put(edited, 3)}})
}

// TestGoldenIndexes opens books with keys of older releases: they are
// re-indexed, and nothing else of them changes.
func TestGoldenIndexes(t *testing.T) {
	ctx := context.Background()
	for _, old := range oldBooks {
		t.Run(filepath.Base(old.path), func(t *testing.T) {
			if *updateGolden {
				writeOldBook(t, old.path, old.text, old.write)
			}
			want, err := os.ReadFile(old.text)
			if err != nil {
				t.Fatal(err)
			}
			path := copyFile(t, old.path)
			before := rawPast(t, path)
			s, b := openGolden(t, path, nil, nil)
			if err := s.Check(ctx); err != nil {
				t.Fatal(err)
			}
			st, err := s.Stat(ctx, goldenScope)
			if err != nil || st.Reindexing || st.Index == first.Index || st.Index == second.Index {
				t.Fatalf("%+v, %v", st, err)
			}
			if got := dumpBook(t, b); got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("the book now reads\n%s\nit should read\n%s", got, want)
			}
			c := b.Reindexed().Collisions
			if len(c) != 1 || c[0].Line != 525512345678 || c[0].ID != "ana" || c[0].HolderID != "eva" {
				t.Errorf("collisions %+v", c)
			}
			for number, id := range map[string]string{"+918012340001": "ravi", "+918112340001": "", "+919876500003": "zoe", "+919876500004": ""} {
				if m, err := b.Lookup(ctx, number, nil); err != nil || m.Contact.ID != id {
					t.Errorf("look-up of %s: %q, %v", number, m.Contact.ID, err)
				}
			}
			for text, id := range map[string]string{"zoe aero": "zoe", "solis": "eva", "rao": "ravi"} {
				if r, err := b.Search(ctx, text, nil); err != nil || len(r.Hits) != 1 || r.Hits[0].Contact.ID != id {
					t.Errorf("search for %q: %+v, %v", text, r.Hits, err)
				}
			}
			if _, err := b.Create(ctx, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: "+918012340001"}}); !errors.Is(err, contacts.ErrDuplicateNumber) {
				t.Errorf("a number of the book: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if after := rawPast(t, path); !reflect.DeepEqual(after, before) {
				t.Errorf("events before\n%+v\nand after\n%+v", before, after)
			}
		})
	}
}

// rawPast returns the feed of a book file without the lines, which are those of
// the present keys.
func rawPast(t *testing.T, path string) []contacts.Event {
	t.Helper()
	s, err := Open(path, &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Events(context.Background(), goldenScope, 0, contacts.MaxLimit)
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Lines = nil
	}
	return list
}

func copyFile(t *testing.T, from string) string {
	t.Helper()
	data, err := os.ReadFile(from)
	must(t, err)
	if strings.HasSuffix(from, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		must(t, err)
		data, err = io.ReadAll(z)
		must(t, err)
	}
	to := filepath.Join(tempDir(t), "book.db")
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func writeOldBook(t *testing.T, path, text string, write func(t *testing.T, s *Store)) {
	t.Helper()
	made := filepath.Join(tempDir(t), "old.db")
	s, err := Open(made, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s)
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	_, b := openGolden(t, copyFile(t, made), nil, nil)
	for name, content := range map[string][]byte{path: data, text: []byte(dumpBook(t, b))} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
