package boltstore

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// TestOlderState opens books of which one meta page is damaged: in the state of
// the other, and with a word about it. Once it was written to it is a file like any
// other, and its feeds are new ones.
func TestOlderState(t *testing.T) {
	ctx := context.Background()
	scope := contacts.Scope{Account: "acme"}
	create := func(b *contacts.Book, name string) {
		t.Helper()
		_, err := b.Create(ctx, contacts.Contact{FirstName: name})
		must(t, err)
	}
	for _, filled := range []bool{true, false} {
		for _, last := range []bool{true, false} { // whether the damaged page had the last state
			path := filepath.Join(tempDir(t), "book.db")
			s, err := Open(path, nil)
			must(t, err)
			if filled {
				must(t, s.Close())
				var b *contacts.Book
				s, b, err = openTestBook(path)
				must(t, err)
				create(b, "Ann")
				create(b, "Bo")
			}
			before, err := s.Stat(ctx, scope)
			must(t, err)
			must(t, s.Close())
			breakMeta(t, path, last)

			s, err = Open(path, &Options{ReadOnly: true})
			must(t, err)
			if i := s.Info(); !i.OlderState || i.Clean || !i.Full || len(i.Warnings) != 1 {
				t.Errorf("read only: %+v", i)
			}
			st, err := s.Stat(ctx, scope)
			must(t, err)
			if lost := filled && last; st.Epoch != before.Epoch || lost != (st.Last < before.Last) {
				t.Errorf("read only: %+v, before %+v", st, before)
			}
			must(t, s.Close())

			s, err = Open(path, nil)
			must(t, err)
			if i := s.Info(); !i.OlderState || len(i.Warnings) != 1 {
				t.Errorf("%+v", i)
			}
			st, err = s.Stat(ctx, scope)
			must(t, err)
			if filled && st.Epoch == before.Epoch {
				t.Error("the epoch stayed")
			}
			must(t, s.Check(ctx))
			must(t, s.Close())

			i := info(t, path, nil)
			if i.OlderState || !i.Clean || len(i.Warnings) > 0 {
				t.Errorf("opened again: %+v", i)
			}
		}
	}
}

// breakMeta damages one meta page of a file: the one with the last state, or the
// other.
func breakMeta(t testing.TB, path string, last bool) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	ms, err := boltfile.ReadMetas(f, stat(t, path).Size())
	must(t, err)
	m, _ := ms.Current()
	place := m.Place
	if !last {
		place = 1 - place
	}
	_, err = f.WriteAt([]byte("no such number"), int64(place)*int64(m.PageSize)+16+40)
	must(t, err)
}
