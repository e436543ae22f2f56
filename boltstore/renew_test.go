package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// TestCopiesBeginNewFeeds opens copies of a book that goes on: those that are
// written to have feeds of their own, once, and those that are only read show
// the feed they were copied from.
func TestCopiesBeginNewFeeds(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	s, b, err := openTestBook(filepath.Join(dir, "book.db"))
	must(t, err)
	defer s.Close()
	for i := range 30 {
		_, err := b.Create(ctx, contacts.Contact{FirstName: "N", CellPhone: contacts.Phone{Number: fmt.Sprint("+91987650", 1000+i)}})
		must(t, err)
	}
	token, err := b.Token(ctx)
	must(t, err)

	var streamed bytes.Buffer
	must(t, s.Backup(ctx, &streamed))
	copies := map[string]string{"BackupFile": filepath.Join(dir, "copy.db"), "Backup": filepath.Join(dir, "streamed.db")}
	must(t, s.BackupFile(ctx, copies["BackupFile"]))
	must(t, os.WriteFile(copies["Backup"], streamed.Bytes(), 0o600))
	if copies["SaveSnapshot"], err = s.SaveSnapshot(ctx); err != nil {
		t.Fatal(err)
	}

	epochOf := func(path string, o *Options) string {
		t.Helper()
		c, err := Open(path, o)
		must(t, err)
		must(t, c.Check(ctx))
		st, err := c.Stat(ctx, contacts.Scope{Account: "acme"})
		must(t, err)
		if st.Active != 30 {
			t.Errorf("%s has %d contacts", path, st.Active)
		}
		must(t, c.Close())
		return st.Epoch
	}
	for how, path := range copies {
		before := fingerprint(t, path)
		if epoch := epochOf(path, &Options{ReadOnly: true}); epoch != token.Epoch || fingerprint(t, path) != before {
			t.Errorf("%s: read, it has epoch %s, the book %s", how, epoch, token.Epoch)
		}
		first := epochOf(path, nil)
		if first == token.Epoch {
			t.Errorf("%s: opened for writing, it has the epoch of the book", how)
		}
		if second := epochOf(path, nil); second != first {
			t.Errorf("%s: opened twice, it has epochs %s and %s", how, first, second)
		}
		c, book, err := openTestBook(path)
		must(t, err)
		var gone *contacts.TrimmedError
		if _, err := book.Events(ctx, token, 0); !errors.As(err, &gone) || !gone.OtherFeed {
			t.Errorf("%s: a token of the book: %v", how, err)
		}
		must(t, c.Close())
	}
	if st, err := s.Stat(ctx, contacts.Scope{Account: "acme"}); err != nil || st.Epoch != token.Epoch {
		t.Errorf("the book itself has epoch %s now, %v", st.Epoch, err)
	}
}

// TestCopyGoesOn commits to copies a few times and opens them after each, whatever
// the number of the transaction that was copied.
func TestCopyGoesOn(t *testing.T) {
	dir := tempDir(t)
	e := mustOpen(t, filepath.Join(dir, "book.db"), nil)
	for i := range 2 {
		put(t, e, "akey", "value")
		path := filepath.Join(dir, fmt.Sprint("copy", i, ".db"))
		must(t, e.backupFile(context.Background(), path))
		for range 3 {
			c := mustOpen(t, path, nil)
			put(t, c, "akey", "another")
			mustClose(t, c)
		}
	}
}

// TestRenewCutOff cuts off the renewal of epochs after each of its commits: the
// file still says that it is a copy.
func TestRenewCutOff(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "0")
	isMarked := func() bool {
		t.Helper()
		data, err := os.ReadFile(path)
		must(t, err)
		r := bytes.NewReader(data)
		metas, err := boltfile.ReadMetas(r, int64(len(data)))
		must(t, err)
		return marked(r, metas)
	}
	if isMarked() {
		t.Fatal("a book is marked as a copy")
	}
	must(t, markCopy(e.h.file))
	e.stale = true
	for i := range 5 {
		put(t, e, "akey", fmt.Sprint(i))
		if !isMarked() {
			t.Errorf("the mark is lost with commit %d", i)
		}
	}
	must(t, e.compact(context.Background()))
	if !isMarked() {
		t.Error("the mark is lost with a new file")
	}
	e.stale = false
	put(t, e, "akey", "last")
	put(t, e, "akey", "one more")
	if isMarked() {
		t.Error("a book that was renewed is marked as a copy")
	}
}

// TestRenewFails opens a copy whose epochs cannot be renewed: the error says so,
// the file is closed, and stays marked.
func TestRenewFails(t *testing.T) {
	ctx := context.Background()
	dir := mappedDir(t)
	s, b, err := openTestBook(filepath.Join(dir, "book.db"))
	must(t, err)
	defer s.Close()
	_, err = b.Create(ctx, contacts.Contact{FirstName: "N"})
	must(t, err)
	path := filepath.Join(dir, "copy.db")
	must(t, s.BackupFile(ctx, path))

	e := mustOpen(t, path, nil)
	k, err := kvstore.New(e, &kvstore.Options{Name: path})
	must(t, err)
	fault := e.poison(writeFailed(path, errors.New("no disk")))
	if err := e.renew(k); err != fault {
		t.Errorf("renewing on a disk that failed: %v", err)
	}
	mustClose(t, e)
	c, _, err := openTestBook(path)
	must(t, err)
	defer c.Close()
	one, err := s.Stat(ctx, contacts.Scope{Account: "acme"})
	must(t, err)
	two, err := c.Stat(ctx, contacts.Scope{Account: "acme"})
	must(t, err)
	if one.Epoch == two.Epoch {
		t.Error("the copy was not renewed after a try that failed")
	}
}
