package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// TestLocked opens a book that is open already, here and in another process,
// through another name too.
func TestLocked(t *testing.T) {
	dir := tempDir(t)
	path, link := filepath.Join(dir, "book.db"), filepath.Join(dir, "link.db")
	mustClose(t, mustOpen(t, path, nil))
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	refused := func(path, who string, o *Options) {
		t.Helper()
		start := time.Now()
		_, err := openEngine(path, o, "")
		if !errors.Is(err, contacts.ErrLocked) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), who) {
			t.Fatalf("%v", err)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("took %v", d)
		}
	}
	short := &Options{LockWait: 50 * time.Millisecond}
	none := &Options{LockWait: -1}

	e := mustOpen(t, path, nil)
	refused(path, "another store", nil)
	refused(path, "another store", none)
	refused(link, "another store", short)
	refused(path, "another store", &Options{ReadOnly: true, LockWait: -1})
	mustClose(t, e)
	mustClose(t, mustOpen(t, path, none))

	out, _, end := startChild(t, "hold", path)
	if !out.Scan() {
		t.Fatal("no child")
	}
	refused(path, "(process ", short)
	refused(link, "another program", none) // which has no owner file of that name
	refused(path, "(process ", &Options{ReadOnly: true, LockWait: -1})
	if err := end(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustOpen(t, path, none))

	// Readers, here and there, share the file and keep writers out.
	out, _, end = startChild(t, "hold", path, "read-only")
	if !out.Scan() {
		t.Fatal("no child")
	}
	a, b := mustOpen(t, path, &Options{ReadOnly: true}), mustOpen(t, link, &Options{ReadOnly: true})
	refused(path, "another store of this program, for reading (opened ", none)
	mustClose(t, a)
	mustClose(t, b)
	refused(path, "another program, for reading", none)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, mustOpen(t, path, none))
}

// TestRefusedIsClosed sees that a try to open a book that is in use leaves no
// file open. On Windows the folder could not be removed then.
func TestRefusedIsClosed(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, nil)
	open := func() int { // 0 where there is no such folder
		if onWindows {
			return 0 // Wine shows such a folder, and counts otherwise
		}
		files, _ := os.ReadDir("/proc/self/fd")
		return len(files)
	}
	before := open()
	for range 50 {
		if _, err := openEngine(path, &Options{LockWait: -1}, ""); !errors.Is(err, contacts.ErrLocked) {
			t.Fatal(err)
		}
	}
	if after := open(); after > before+10 {
		t.Errorf("%d open files became %d", before, after)
	}
	mustClose(t, e)
}

// TestLockWait opens a book that is closed while Open waits.
func TestLockWait(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, nil)
	done := make(chan error)
	go func() {
		second, err := openEngine(path, &Options{LockWait: 20 * time.Second}, "")
		if err == nil {
			err = second.Close()
		}
		done <- err
	}()
	time.Sleep(50 * time.Millisecond)
	mustClose(t, e)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestReadOnly reads a book that may only be read, from a folder that nothing
// is written to.
func TestReadOnly(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	mustClose(t, e)
	before := fingerprint(t, path)

	e = mustOpen(t, path, &Options{ReadOnly: true})
	if v, ok, err := get(e, "akey"); v != "value" || !ok || err != nil {
		t.Fatal(v, ok, err)
	}
	v := "x"
	for name, err := range map[string]error{
		"Commit":  e.Commit(context.Background(), batch(map[string]*string{"b": &v})),
		"compact": e.compact(context.Background()),
	} {
		if !errors.Is(err, contacts.ErrReadOnly) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(e.Tidy(context.Background()), e.checkFile(context.Background())); err != nil {
		t.Error(err)
	}
	if n, err := e.backup(context.Background(), io.Discard); n == 0 || err != nil {
		t.Error(n, err)
	}
	mustClose(t, e)
	if after := fingerprint(t, path); after != before {
		t.Errorf("the file changed: %s, %s", before, after)
	}
}

// TestCreationRace has processes and goroutines create one book at once. All
// end on the same one.
func TestCreationRace(t *testing.T) {
	for round := range 3 {
		dir := tempDir(t)
		path := filepath.Join(dir, "book.db")
		const processes, goroutines = 2, 4
		var all sync.WaitGroup
		for i := range processes {
			c := child(t, "create", path, fmt.Sprint("process", i))
			start, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				time.Sleep(30 * time.Millisecond)
				fmt.Fprintln(start)
				if err := c.Wait(); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range goroutines {
			all.Go(func() {
				time.Sleep(30 * time.Millisecond)
				e, err := openEngine(path, &Options{LockWait: 20 * time.Second}, "")
				if err != nil {
					t.Error(err)
					return
				}
				v := ""
				if err := e.Commit(context.Background(), batch(map[string]*string{fmt.Sprint("agoroutine", i): &v})); err != nil {
					t.Error(err)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		e := mustOpen(t, path, nil)
		n := 0
		if err := read(e, func(s kvstore.Snapshot) error {
			return s.Scan([]byte("a"), []byte("b"), false, func(_, _ []byte) bool { n++; return true })
		}); err != nil || n != processes+goroutines {
			t.Fatalf("round %d: %d of %d writes, %v", round, n, processes+goroutines, err)
		}
		mustClose(t, e)
		only(t, dir, "book.db")
	}
}

// TestLeftovers opens a book beside what a creation and a compaction left that
// did not live to their ends.
func TestLeftovers(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	old, young := filepath.Join(dir, ".book.db.new123"), filepath.Join(dir, ".book.db.new456")
	for _, name := range []string{old, young} {
		must(t, os.WriteFile(name, []byte("half"), 0o600))
	}
	past := time.Now().Add(-2 * newPatience)
	must(t, os.Chtimes(old, past, past))
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	mustClose(t, e)
	if err := os.WriteFile(filepath.Join(dir, ".book.db.compact"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	e = mustOpen(t, path, nil)
	if v, _, err := get(e, "akey"); v != "value" || err != nil {
		t.Fatal(v, err)
	}
	mustClose(t, e)
	// Somebody may still write the young one.
	if names := list(t, dir); len(names) != 2 || names[0] != filepath.Base(young) {
		t.Errorf("%v", names)
	}
}
