package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// TestReplaced takes the file away under an open store. The next commit and
// the next compaction say so, and every call after them.
func TestReplaced(t *testing.T) {
	hows := []string{"deleted", "moved", "replaced", "replaced by a copy"}
	if onWindows {
		hows = []string{"moved"} // see TestHeld
	}
	for _, how := range hows {
		for _, call := range []string{"commit", "compact"} {
			dir := mappedDir(t)
			path := filepath.Join(dir, "book.db")
			e := mustOpen(t, path, nil)
			put(t, e, "akey", "1")
			if onWindows {
				must(t, e.compact(context.Background()))
			}
			switch how {
			case "deleted":
				must(t, os.Remove(path))
			case "moved":
				must(t, os.Rename(path, path+".old"))
			case "replaced":
				must(t, os.WriteFile(path+".new", []byte("other"), 0o600))
				must(t, os.Rename(path+".new", path))
			case "replaced by a copy":
				must(t, e.backupFile(context.Background(), path+".copy"))
				must(t, os.Rename(path+".copy", path))
			}
			var err error
			v := "2"
			if call == "commit" {
				err = e.Commit(context.Background(), batch(map[string]*string{"akey": &v}))
			} else {
				err = e.compact(context.Background())
			}
			for range 2 {
				if !errors.Is(err, ErrReplaced) || !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: %s: %v", how, call, err)
				}
				_, err = e.Snapshot()
			}
			_ = e.Close()
			if how == "moved" {
				old := mustOpen(t, path+".old", nil)
				if v, _, err := get(old, "akey"); v != "1" || err != nil {
					t.Fatal(v, err)
				}
			}
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOlderCopyInPlace writes an older state of the file over it while it is
// open: no reader is shown that state as the present one.
func TestOlderCopyInPlace(t *testing.T) {
	path := filepath.Join(mappedDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "1")
	older, err := os.ReadFile(path)
	must(t, err)
	for range 3 {
		put(t, e, "akey", "2")
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(older, 0)
	must(t, err)
	must(t, f.Close())
	if v, _, err := get(e, "akey"); !errors.Is(err, contacts.ErrDamaged) {
		t.Errorf("read %q, %v", v, err)
	}
}

// TestClose closes twice, while calls are under way, and with a snapshot that
// nobody releases.
func TestClose(t *testing.T) {
	path := filepath.Join(mappedDir(t), "book.db")
	e := mustOpen(t, path, nil)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := 0; ; n++ {
				var err error
				v := "v"
				if i == 0 {
					err = e.Commit(context.Background(), batch(map[string]*string{fmt.Sprintf("a%d", n): &v}))
				} else {
					_, _, err = get(e, "a1")
				}
				if err != nil {
					if !errors.Is(err, contacts.ErrClosed) || !strings.Contains(err.Error(), path) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	for range 2 {
		all.Go(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	mustClose(t, e)
	if err := e.compact(context.Background()); !errors.Is(err, contacts.ErrClosed) {
		t.Error(err)
	}

	e = mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	s, err := e.Snapshot()
	must(t, err)
	start := time.Now()
	if err := e.closeWithin(50 * time.Millisecond); err == nil {
		t.Error("closed with a snapshot open")
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("Close took %v", d)
	}
	other := mustOpen(t, path, &Options{LockWait: -1}) // the lock is free
	if v, ok, err := s.Get([]byte("akey")); string(v) != "value" || !ok || err != nil {
		t.Error(v, ok, err)
	}
	s.Release()
	mustClose(t, other)
}

// TestCommitContext does not begin a commit whose context has ended, also
// while it waits for its turn.
func TestCommitContext(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	<-e.turn // a compaction, say
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := e.Commit(ctx, writeBatch(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	e.endTurn()
	if n, err := lastWrite(e); n != 0 || err != nil {
		t.Error(n, err)
	}
	must(t, e.Commit(context.Background(), writeBatch(1)))
}

// TestCommitRefused commits what bbolt cannot take: nothing happens.
func TestCommitRefused(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	for _, key := range []string{"", "a" + strings.Repeat("k", 40_000)} {
		b := &kvstore.Batch{Ops: []kvstore.Op{{Key: []byte("a1")}, {Key: []byte(key)}}}
		if err := e.Commit(context.Background(), b); err == nil || errors.Is(err, contacts.ErrCommitUnknown) {
			t.Error(err)
		}
		if _, ok, err := get(e, "a1"); ok || err != nil {
			t.Error(ok, err)
		}
	}
	put(t, e, "a1", "")
}

// rows returns how many keys a table has, -1 if it cannot be read.
func rows(e *engine, table string) int {
	n := 0
	err := read(e, func(s kvstore.Snapshot) error {
		return s.Scan([]byte(table), []byte{table[0] + 1}, false, func(_, _ []byte) bool { n++; return true })
	})
	if err != nil {
		return -1
	}
	return n
}

// TestOutcome finds out what became of a commit that failed, by what is in the
// file.
func TestOutcome(t *testing.T) {
	full := fullDisk[0] // as the system words it
	for _, tt := range []struct {
		name    string
		later   int // the transaction, counted from the last one in the file
		err     error
		want    error
		goesOn  bool
		unknown bool
	}{
		{"in the file", 0, syscall.EIO, contacts.ErrCommitUnknown, false, true},
		{"in the file, disk full", 0, full, contacts.ErrCommitUnknown, false, true},
		{"not in the file", 1, syscall.EIO, syscall.EIO, false, false},
		{"not in the file, disk full", 1, full, full, true, false},
		{"as bbolt words it", 1, fmt.Errorf("file resize error: %s", full), nil, true, false},
	} {
		path := filepath.Join(mappedDir(t), "book.db")
		e := mustOpen(t, path, nil)
		put(t, e, "akey", "value")
		err := e.outcome(e.h, int(e.h.last.Txid)+tt.later, tt.err)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if errors.Is(err, contacts.ErrCommitUnknown) != tt.unknown {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, _, err := get(e, "akey"); (err == nil) != tt.goesOn {
			t.Errorf("%s: then %v", tt.name, err)
		}
		_ = e.Close()
		mustClose(t, mustOpen(t, path, &Options{LockWait: -1}))
	}
}
