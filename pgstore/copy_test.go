package pgstore

import (
	"fmt"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
)

// TestCopyThrough copies books from memory to a database, to a file, to another
// database and back. Copy itself reads back what it wrote; here the first and the
// last are compared, event by event.
func TestCopyThrough(t *testing.T) {
	ctx := t.Context()
	first := memstore.New()
	scopes := []contacts.Scope{{Account: "acme", Stream: "a"}, {Account: "acme", Stream: "b"}, {Account: "one"}}
	for i, scope := range scopes {
		book, err := openBook(ctx, first, scope)
		if err != nil {
			t.Fatal(err)
		}
		liveIn(t, book, 60*(i+1))
	}
	if err := contacts.Trim(ctx, first, scopes[1], 40); err != nil {
		t.Fatal(err)
	}
	file, err := boltstore.Open(filepath.Join(t.TempDir(), "book.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	last := memstore.New()
	one, other := openTest(t, nil), openTest(t, &Options{Schema: "crm", Prefix: "p_"})
	chain := []contacts.Store{first, one, file, other, last}
	for i, dst := range chain[1:] {
		done, err := contacts.Copy(ctx, dst, chain[i], nil)
		if err != nil {
			t.Fatalf("copy %d: %v", i, err)
		}
		for _, c := range done.Scopes {
			if !c.History || c.Skipped {
				t.Errorf("copy %d: %+v", i, c)
			}
		}
		if err := contacts.Check(ctx, dst); err != nil {
			t.Errorf("copy %d: %v", i, err)
		}
		done, err = contacts.Copy(ctx, dst, chain[i], nil)
		if err != nil || len(done.Scopes) != len(scopes) || !done.Scopes[0].Skipped {
			t.Errorf("copy %d once more: %+v, %v", i, done, err)
		}
	}
	for _, scope := range scopes {
		want, got := everything(t, first, scope), everything(t, last, scope)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %d events, want %d, or others", scope, len(got), len(want))
		}
	}
	for _, s := range []contacts.Store{first, file, last} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// liveIn has contacts created, changed, deleted, merged and purged.
func liveIn(t *testing.T, book *contacts.Book, n int) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for i := range n {
		c, err := book.Create(t.Context(), contacts.Contact{
			FirstName: []string{"Ann", "Bo", "Cy"}[i%3], LastName: fmt.Sprint("Lee ", i), CellPhone: contacts.Phone{Number: fmt.Sprintf("+4915112340%03d", i)},
			Emails: []contacts.Email{{Address: fmt.Sprintf("lee%d@example.com", i)}}, Notes: "likes tea",
		})
		must(err)
		ids = append(ids, c.ID)
	}
	for i, id := range ids {
		switch i % 6 {
		case 1:
			c, err := book.Get(t.Context(), id)
			must(err)
			c.CellPhone = contacts.Phone{Number: fmt.Sprintf("+4915112341%03d", i)}
			_, err = book.Update(t.Context(), c)
			must(err)
		case 2:
			_, err := book.Delete(t.Context(), id)
			must(err)
		case 3:
			_, err := book.Merge(t.Context(), id, []string{ids[i+1]}, nil)
			must(err)
		case 5:
			must(book.Purge(t.Context(), id))
		}
	}
}

// everything returns the feed of a scope. What was one batch is not compared:
// copies do not tell.
func everything(t *testing.T, s contacts.Store, scope contacts.Scope) (all []contacts.Event) {
	t.Helper()
	st, err := s.Stat(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	for after := st.First; after < st.Last; after = all[len(all)-1].Revision {
		es, err := s.Events(t.Context(), scope, after, 0)
		if err != nil || len(es) == 0 {
			t.Fatalf("Events(%d): %d, %v", after, len(es), err)
		}
		for i := range es {
			es[i].BatchEnd = 0
		}
		all = append(all, es...)
	}
	return all
}
