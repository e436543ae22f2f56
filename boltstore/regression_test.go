package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// overwrite writes data over the file at path, in place.
func overwrite(t testing.TB, path string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(data, 0)
	must(t, errors.Join(err, f.Close()))
}

// TestOlderCopyRefused writes an older copy over an open book, before the
// first call or after one: neither a commit nor a read answers from it.
func TestOlderCopyRefused(t *testing.T) {
	if onWindows {
		t.Skip("a mapped file is not written to from outside")
	}
	for _, tt := range []struct {
		name           string
		idle, reopened bool
		read           bool
	}{
		{name: "commit"},
		{name: "commit with an idle snapshot", idle: true},
		{name: "first commit", reopened: true},
		{name: "first read", reopened: true, read: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(tempDir(t), "book.db")
			e := mustOpen(t, path, nil)
			for i := range 40 {
				put(t, e, fmt.Sprintf("a%04d", i), strings.Repeat("x", 100))
			}
			old, err := os.ReadFile(path)
			must(t, err)
			for i := range 40 {
				put(t, e, fmt.Sprintf("a%04d", 40+i), strings.Repeat("y", 100))
			}
			if tt.reopened {
				mustClose(t, e)
				e = mustOpen(t, path, nil)
			}
			if tt.idle {
				_, _, err = get(e, "a0000")
				must(t, err)
			}
			overwrite(t, path, old)
			if tt.read {
				_, _, err = get(e, "a0079")
			} else {
				v := "new"
				err = e.Commit(context.Background(), batch(map[string]*string{"zkey": &v}))
			}
			if !errors.Is(err, contacts.ErrDamaged) {
				t.Errorf("answered %v", err)
			}
		})
	}
}

// countdown is a context that is cancelled after so many looks at it.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelIsNoDamage cancels backups and checks at every point at which they
// look.
func TestCancelIsNoDamage(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	b := &kvstore.Batch{}
	for i := range 20_000 {
		b.Ops = append(b.Ops, kvstore.Op{Key: fmt.Appendf(nil, "a%06d", i), Value: bytes.Repeat([]byte("x"), 150)})
	}
	must(t, e.Commit(context.Background(), b))
	for what, call := range map[string]func(context.Context) error{
		"backup": func(ctx context.Context) error { _, err := e.backup(ctx, &bytes.Buffer{}); return err },
		"check":  e.checkFile,
	} {
		for looks := int64(0); ; looks++ {
			ctx := &countdown{Context: context.Background()}
			ctx.left.Store(looks)
			err := call(ctx)
			if err == nil {
				t.Logf("%s looks %d times", what, looks)
				break
			}
			if err != context.Canceled {
				t.Fatalf("%s, after %d looks: %v", what, looks, err)
			}
		}
	}
}

// TestOpenSettles opens a book whose last commit may not be on disk yet: its
// meta page is written again, as it is, before anybody is answered; and where
// that fails nobody is.
func TestOpenSettles(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	for range 2 { // either meta page is the last one
		e := mustOpen(t, path, nil)
		put(t, e, "akey", "value")
		mustClose(t, e)
		before := unmarked(t, path)
		long := time.Now().Add(-time.Hour)
		for _, readOnly := range []bool{true, false} {
			must(t, os.Chtimes(path, long, long))
			mustClose(t, mustOpen(t, path, &Options{ReadOnly: readOnly}))
			fi, err := os.Stat(path)
			must(t, err)
			if written := time.Since(fi.ModTime()) < time.Minute; written == readOnly {
				t.Errorf("read-only %v: written %v", readOnly, written)
			}
		}
		if !bytes.Equal(before, unmarked(t, path)) {
			t.Error("its content changed")
		}
	}
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	found, err := judge(context.Background(), path, f, VerifyFull, contents{})
	must(t, err)
	if err := settle(path, f, found); err == nil {
		t.Error("a file that takes no write is settled")
	}
	e := &engine{name: path}
	if h, _, err := e.openHandle(context.Background(), f, VerifyFull, time.Now().Add(time.Second)); err == nil {
		h.abandon()
		t.Error("and opened")
	}
}

// TestOpenFailed judges no file by an error of the system.
func TestOpenFailed(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	mustClose(t, mustOpen(t, path, nil))
	for _, tt := range []struct {
		path     string
		cause    error
		readOnly bool // it is said to open it read-only
	}{
		{path, syscall.EACCES, true},
		{path, syscall.EROFS, true},
		{path, syscall.EMFILE, false},
		{path, syscall.EIO, false},
		{path + ".none", syscall.EACCES, false},
		{path + ".none", syscall.EROFS, false},
	} {
		e := &engine{name: tt.path, path: tt.path}
		err := e.openFailed(&fs.PathError{Op: "open", Path: tt.path, Err: tt.cause})
		if errors.Is(err, contacts.ErrNotBook) || errors.Is(err, contacts.ErrDamaged) || !errors.Is(err, tt.cause) ||
			errors.Is(err, contacts.ErrReadOnly) != tt.readOnly {
			t.Errorf("%v: %v", tt.cause, err)
		}
	}
	under := filepath.Join(path, "book.db") // a file is no folder
	if _, err := openEngine(under, nil, testAppendTables); err == nil || errors.Is(err, contacts.ErrNotBook) {
		t.Errorf("in a file: %v", err)
	}
}

// TestNoMap has bbolt fail to map the file after it was judged.
func TestNoMap(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	mustClose(t, mustOpen(t, path, nil))
	f, err := os.Open(path)
	must(t, err)
	must(t, f.Close()) // no call on it succeeds
	_, err = openBolt(path, f, true, 1, time.Now().Add(time.Second))
	if err == nil || errors.Is(err, contacts.ErrDamaged) {
		t.Error(err)
	}
	if reserve(f, 1) != 0 {
		t.Error("address space is taken that cannot be mapped")
	}
}

// TestDiskFullIsKnown knows a full disk also where bbolt kept its text alone.
func TestDiskFullIsKnown(t *testing.T) {
	for _, full := range fullDisk {
		for _, err := range []error{
			&fs.PathError{Op: "write", Path: "book.db", Err: full},
			fmt.Errorf("mmap allocate error: %s", full),
		} {
			if !diskFull(err) {
				t.Error(err)
			}
		}
	}
	if diskFull(syscall.EIO) {
		t.Error("a bad disk is taken for a full one")
	}
}

// TestAutoCompactWaitsAfterFailure has automatic compactions fail: no commit
// does, and not every few of them tries it again.
func TestAutoCompactWaitsAfterFailure(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	for i := range 12 {
		put(t, e, fmt.Sprintf("a%02d", i), strings.Repeat("x", 2<<20))
	}
	for i := range 12 {
		must(t, e.Commit(context.Background(), batch(map[string]*string{fmt.Sprintf("a%02d", i): nil})))
		e.churn = 0 // not yet
	}
	must(t, os.MkdirAll(filepath.Join(e.compactPath(), "in the way"), 0o700))
	e.churn = autoCompactAfter
	put(t, e, "akey", "1")
	if e.patience < 16<<20 {
		t.Errorf("tries again after %d bytes", e.patience)
	}
	must(t, os.Remove(filepath.Join(e.compactPath(), "in the way")))
	must(t, os.Remove(e.compactPath()))
	before := e.h
	e.churn = autoCompactAfter
	put(t, e, "akey", "2")
	if e.h != before {
		t.Error("tried again too soon")
	}
	e.churn = e.patience
	put(t, e, "akey", "3")
	if e.h == before || e.patience != 0 {
		t.Error("not tried again")
	}
}

// TestBadCopyIsNoDamage finds the new file of a compaction bad: that concerns
// the book's name, and its content not.
func TestBadCopyIsNoDamage(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	put(t, e, "akey", "1")
	temp := e.compactPath()
	must(t, e.writeSorted(context.Background(), "compacting", temp, e.copyTables))
	must(t, os.Truncate(temp, 2*pageSize))
	_, err := e.openSwap(context.Background(), "compacting", temp)
	if err == nil || errors.Is(err, contacts.ErrDamaged) || strings.Contains(err.Error(), temp) || !strings.Contains(err.Error(), e.name) {
		t.Error(err)
	}
	must(t, os.Remove(temp))
	put(t, e, "akey", "2")
}

// TestCloseGivesUpTheLock closes a store while a call goes on for longer than
// Close waits: the file is free when that call ends.
func TestCloseGivesUpTheLock(t *testing.T) {
	for _, reading := range []bool{false, true} {
		path := filepath.Join(mappedDir(t), "book.db")
		e := mustOpen(t, path, nil)
		put(t, e, "akey", "value")
		if reading {
			s, err := e.Snapshot()
			must(t, err)
			defer s.Release()
		}
		<-e.turn
		if err := e.closeWithin(time.Millisecond); !errors.Is(err, errBusy) {
			t.Fatal(err)
		}
		if _, err := openEngine(path, &Options{LockWait: -1}, testAppendTables); !errors.Is(err, contacts.ErrLocked) {
			t.Fatal(err)
		}
		e.endTurn()
		again := mustOpen(t, path, &Options{LockWait: -1})
		if v, _, err := get(again, "akey"); v != "value" || err != nil {
			t.Error(v, err)
		}
		if err := e.Close(); (err != nil) != reading {
			t.Error("closed again:", err)
		}
		mustClose(t, again)
	}
}

// TestCloseStopsCompaction closes a book while it is compacted over and over.
func TestCloseStopsCompaction(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	load(t, e, 20_000, 2000)
	ended := make(chan error)
	go func() {
		for {
			if err := e.compact(context.Background()); err != nil {
				ended <- err
				return
			}
		}
	}()
	time.Sleep(20 * time.Millisecond)
	must(t, e.Close())
	if err := <-ended; !errors.Is(err, contacts.ErrClosed) {
		t.Error(err)
	}
	if _, err := os.Stat(e.compactPath()); err == nil {
		t.Error("the new file is still there")
	}
}

// TestDamageTakesNoMemory judges a file whose first page, or whose list of free
// pages, says that it runs on over as much as it may of a file that is large.
func TestDamageTakesNoMemory(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	sound := sampleBook(t, path)
	order := binary.NativeEndian
	for _, tt := range []struct {
		name     string
		pages    uint64
		freelist bool
		overflow uint64
	}{
		{"root", 1 << 20, false, 1<<20 - uint64(len(sound)/pageSize) - 1}, // 4 GiB
		{"free pages", 1 << 26, true, 1 << 17},                            // 256 GiB
	} {
		ms, err := boltfile.ReadMetas(bytes.NewReader(sound), int64(len(sound)))
		must(t, err)
		m, _ := ms.Current()
		from, field := m.Root, 16
		if tt.freelist {
			from, field = m.Freelist, 32
		}
		at := uint64(len(sound) / pageSize)
		data := append(bytes.Clone(sound), sound[from*pageSize:][:pageSize]...)
		order.PutUint64(data[at*pageSize:], at)
		order.PutUint32(data[at*pageSize+12:], uint32(tt.overflow))
		if tt.freelist {
			order.PutUint16(data[at*pageSize+10:], 0xffff)
			order.PutUint64(data[at*pageSize+16:], tt.pages-4)
		}
		meta := data[m.Place*pageSize:][16:80]
		order.PutUint64(meta[field:], at)
		order.PutUint64(meta[40:], tt.pages)
		sum := fnv.New64a()
		sum.Write(meta[:56])
		order.PutUint64(meta[56:], sum.Sum64())
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := bytes.NewReader(data)
		ms, err = boltfile.ReadMetas(r, int64(tt.pages*pageSize))
		must(t, err)
		m, _ = ms.Current()
		if err := boltfile.Walk(context.Background(), r, int64(tt.pages*pageSize), m, nil); err == nil {
			t.Errorf("%s: it is sound", tt.name)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 128<<20 {
			t.Errorf("%s: took %d bytes", tt.name, n)
		}
	}
}

// TestAutoCompactKeepsLinks leaves a file with two names alone, unless it is
// asked to compact it.
func TestAutoCompactKeepsLinks(t *testing.T) {
	if onWindows {
		t.Skip("links are not counted")
	}
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, &Options{NoAutoCompact: true})
	for i := range 6 {
		put(t, e, fmt.Sprintf("a%d", i), strings.Repeat("x", 2<<20))
	}
	for i := range 6 {
		must(t, e.Commit(context.Background(), batch(map[string]*string{fmt.Sprintf("a%d", i): nil})))
	}
	mustClose(t, e)
	must(t, os.Link(path, path+".link"))
	e = mustOpen(t, path, nil)
	before := e.h
	put(t, e, "akey", "1")
	must(t, e.Tidy(context.Background()))
	if e.h != before {
		t.Error("compacted on its own")
	}
	must(t, e.compact(context.Background()))
	if e.h == before {
		t.Error("not compacted when asked to")
	}
}
