package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts/kvstore"
)

// swapsOpen are the values of engine.swapOpen that work here.
var swapsOpen = []bool{true, false}

func init() {
	if onWindows {
		swapsOpen = []bool{false}
	}
}

// TestCompactWhileUsed compacts and backs up, over and over, while several
// goroutines read and one writes, both with a rename over the open file and
// with the file closed first, as Windows wants it.
func TestCompactWhileUsed(t *testing.T) {
	for _, swapOpen := range swapsOpen {
		t.Run(fmt.Sprint("swap open ", swapOpen), func(t *testing.T) {
			dir := tempDir(t)
			path := filepath.Join(dir, "book.db")
			e := mustOpen(t, path, nil)
			e.swapOpen = swapOpen
			var (
				all   sync.WaitGroup
				acked atomic.Int64
				stop  atomic.Bool
				fail  = func(what string, err error) { stop.Store(true); t.Error(what, err) }
			)
			all.Go(func() {
				for n := 1; !stop.Load(); n = min(n+1, 60) {
					if err := e.Commit(context.Background(), writeBatch(n)); err != nil {
						fail("Commit: ", err)
						return
					}
					acked.Store(int64(n))
				}
			})
			for range 3 {
				all.Go(func() {
					for !stop.Load() {
						least := acked.Load()
						n, err := lastWrite(e)
						if err != nil || int64(n) < least {
							fail(fmt.Sprintf("%d of %d commits: ", n, least), err)
							return
						}
					}
				})
			}
			for round := range 8 {
				if err := e.compact(context.Background()); err != nil {
					fail("compact: ", err)
				}
				least := acked.Load()
				backup := filepath.Join(dir, fmt.Sprint("backup", round))
				if err := e.backupFile(context.Background(), backup); err != nil {
					fail("backupFile: ", err)
				}
				if err := e.checkFile(context.Background()); err != nil {
					fail("checkFile: ", err)
				}
				b := mustOpen(t, backup, nil)
				if n, err := lastWrite(b); err != nil || int64(n) < least {
					fail(fmt.Sprintf("backup: %d of %d commits: ", n, least), err)
				}
				mustClose(t, b)
				if err := os.Remove(backup); err != nil {
					t.Fatal(err)
				}
			}
			stop.Store(true)
			all.Wait()
			mustClose(t, e)
			if names := list(t, dir); len(names) != 1 {
				t.Errorf("left behind: %v", names)
			}
			e = mustOpen(t, path, nil)
			if n, err := lastWrite(e); err != nil || int64(n) != acked.Load() {
				t.Fatalf("%d of %d commits, %v", n, acked.Load(), err)
			}
		})
	}
}

// TestCompactKeepsReaders has a snapshot from before two compactions read on.
// On Windows, where the file must be closed first, they fail after a while.
func TestCompactKeepsReaders(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	m := model{}
	r := rand.New(rand.NewPCG(1, 1))
	changes := randomChanges(r, m, 2000)
	if err := e.Commit(context.Background(), batch(changes)); err != nil {
		t.Fatal(err)
	}
	m.apply(changes)
	makeRoom(t, e)
	s, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		if err := e.compact(context.Background()); onWindows {
			if !errors.Is(err, errBusy) {
				t.Fatal(err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if err := e.Commit(context.Background(), writeBatch(n+1)); err != nil {
			t.Fatal(err)
		}
		if err := verify(s, m, r); err != nil {
			t.Fatal(err)
		}
	}
	s.Release()
	if e.retiring != 0 {
		t.Errorf("%d old files still open", e.retiring)
	}
	must(t, e.compact(context.Background()))
}

// TestCompactFails lets compactions fail in several ways: the book stays open
// and whole.
func TestCompactFails(t *testing.T) {
	for _, swapOpen := range swapsOpen {
		dir := tempDir(t)
		path := filepath.Join(dir, "book.db")
		e := mustOpen(t, path, nil)
		e.swapOpen = swapOpen
		put(t, e, "akey", "1")

		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if err := e.compact(ended); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := os.MkdirAll(filepath.Join(e.compactPath(), "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := e.compact(context.Background()); err == nil || !strings.Contains(err.Error(), path) {
			t.Error(err)
		}
		must(t, os.Remove(filepath.Join(e.compactPath(), "in the way")))
		must(t, os.Remove(e.compactPath()))
		put(t, e, "akey", "2")
		if v, _, err := get(e, "akey"); v != "2" || err != nil {
			t.Fatal(v, err)
		}
		if !swapOpen {
			// A rename that fails after the file was closed.
			e.beginWrite()
			if err := e.closeForSwap(e.h, "compacting"); err != nil {
				t.Fatal(err)
			}
			cause := errors.New("no rename today")
			if err := e.reopen(e.h, "compacting", cause); !errors.Is(err, cause) {
				t.Fatal(err)
			}
			e.endWrite()
			put(t, e, "akey", "3")
			if v, _, err := get(e, "akey"); v != "3" || err != nil {
				t.Fatal(v, err)
			}
		}
		mustClose(t, e)
		if names := list(t, dir); len(names) != 1 {
			t.Errorf("left behind: %v", names)
		}
	}
}

// load commits rows of a table in random order, in batches, so that most of
// the pages are rewritten many times.
func load(t testing.TB, e *engine, rows, batchRows int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	order := r.Perm(rows)
	for len(order) > 0 {
		n := min(batchRows, len(order))
		changes := map[string]*string{}
		for _, i := range order[:n] {
			v := strings.Repeat("v", 150)
			changes[fmt.Sprintf("b%08d", i)] = &v
		}
		order = order[n:]
		if err := e.Commit(context.Background(), batch(changes)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAutoCompact sees the first small commit after a load compact the file,
// and no commit of the load itself; and tidy do so at once.
func TestAutoCompact(t *testing.T) {
	for _, how := range []string{"next commit", "reopen", "tidy", "never"} {
		e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), &Options{NoAutoCompact: how == "never"})
		load(t, e, 30_000, 3000)
		before, err := e.stats()
		if err != nil {
			t.Fatal(err)
		}
		if !before.wasteful(autoShare) {
			t.Fatalf("the load left little free: %+v", before)
		}
		switch how {
		case "reopen":
			path := e.path
			mustClose(t, e)
			e = mustOpen(t, path, nil)
		case "tidy":
			if err := e.Tidy(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		if how != "tidy" {
			put(t, e, "bnext", "v")
		}
		after, err := e.stats()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %+v, %+v", how, before, after)
		if compacted := after.freePages < 100; compacted == (how == "never") {
			t.Errorf("%s: %+v", how, after)
		}
		if err := e.checkFile(context.Background()); err != nil {
			t.Fatal(err)
		}
		mustClose(t, e)
	}
}

// slowWriter takes its time.
type slowWriter struct {
	started chan struct{}
	proceed chan struct{}
	once    sync.Once
	buf     bytes.Buffer // not embedded: io.Copy would find its ReadFrom
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.once.Do(func() { close(w.started); <-w.proceed })
	return w.buf.Write(p)
}

// TestBackupToStalledWriter commits, compacts and grows the file while a
// backup waits for its writer.
func TestBackupToStalledWriter(t *testing.T) {
	dir := tempDir(t)
	e := mustOpen(t, filepath.Join(dir, "book.db"), nil)
	put(t, e, "akey", "before")
	w := &slowWriter{started: make(chan struct{}), proceed: make(chan struct{})}
	done := make(chan error)
	go func() {
		n, err := e.backup(context.Background(), w)
		if err == nil && n != int64(w.buf.Len()) {
			err = fmt.Errorf("%d bytes written, %d said", w.buf.Len(), n)
		}
		done <- err
	}()
	<-w.started
	put(t, e, "akey", "after")
	load(t, e, 20_000, 2000)
	if err := e.compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	close(w.proceed)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(copied, w.buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mustOpen(t, copied, nil)
	if v, _, err := get(b, "akey"); v != "before" || err != nil {
		t.Fatal(v, err)
	}
	put(t, b, "akey", "goes on")
}

// TestBackupFails backs up to where it cannot: nothing is left there.
func TestBackupFails(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	there := filepath.Join(dir, "there.db")
	if err := os.WriteFile(there, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]error{
		there: fs.ErrExist, path: fs.ErrExist, dir: fs.ErrExist,
		filepath.Join(dir, "none", "backup.db"): fs.ErrNotExist,
	} {
		if err := e.backupFile(context.Background(), target); !errors.Is(err, want) || !strings.Contains(err.Error(), target) {
			t.Errorf("%s: %v", target, err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.backupFile(ended, filepath.Join(dir, "b.db")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := e.backup(ctx, writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	broken := errors.New("broken pipe")
	if _, err := e.backup(context.Background(), writerFunc(func([]byte) (int, error) { return 0, broken })); !errors.Is(err, broken) {
		t.Error(err)
	}
	only(t, dir, "book.db", ".book.db.owner", filepath.Base(there))
	if fi, err := os.Stat(there); err != nil || fi.Size() != 4 {
		t.Error("the file that was there is gone")
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

var _ io.Writer = writerFunc(nil)

// TestGrowthWithReaders grows the file many times over while snapshots are
// open and come and go: nobody waits for ever. On Windows growth waits for the
// readers there are, and new ones wait for it: nobody has two snapshots there,
// or keeps one.
func TestGrowthWithReaders(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	guard := time.AfterFunc(60*time.Second, func() { panic("growth hangs") })
	defer guard.Stop()
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !stop.Load() {
				err := read(e, func(s kvstore.Snapshot) error {
					if !onWindows {
						other, err := e.Snapshot() // a second one at once
						if err != nil {
							return err
						}
						defer other.Release()
					}
					_, _, err := s.Get([]byte("b00000001"))
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	held, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if onWindows {
		held.Release()
	}
	load(t, e, 20_000, 2000)
	if !onWindows {
		held.Release()
	}
	stop.Store(true)
	all.Wait()
}
