package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/storetest"
)

// TestStore holds the store to the contract.
func TestStore(t *testing.T) {
	storetest.RunReopen(t, func(dir string) (contacts.Store, error) {
		return Open(filepath.Join(dir, "book.db"), nil)
	})
}

func openTestBook(path string) (*Store, *contacts.Book, error) {
	s, err := Open(path, &Options{LockWait: 10 * time.Second})
	if err != nil {
		return nil, nil, err
	}
	b, err := contacts.Open(context.Background(), s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	return s, b, err
}

// TestBackupIsABook backs up a book that is being written to, and opens the copy.
func TestBackupIsABook(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	s, b, err := openTestBook(filepath.Join(dir, "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 50 {
		if _, err := b.Create(ctx, contacts.Contact{FirstName: "N", CellPhone: contacts.Phone{Number: fmt.Sprint("+91987650", 1000+i)}}); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "copy.db")
	if err := s.BackupFile(ctx, copied); err != nil {
		t.Fatal(err)
	}
	if err := s.BackupFile(ctx, copied); err == nil || !strings.Contains(err.Error(), copied) {
		t.Errorf("a file that is there was overwritten, or the error does not name it: %v", err)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(contacts.Backup(ctx, s, w)) }()
	piped := filepath.Join(dir, "piped.db")
	f, err := os.OpenFile(piped, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(r).WriteTo(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, path := range []string{copied, piped} {
		s, b, err := openTestBook(path)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.Count(ctx); err != nil || n.Active != 50 {
			t.Errorf("%+v %v", n, err)
		}
		if err := s.Check(ctx); err != nil {
			t.Error(err)
		}
		s.Close()
	}
}
