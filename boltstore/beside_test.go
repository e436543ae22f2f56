package boltstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

func init() { children["append"] = childAppend }

// childAppend creates contacts "N1", "N2", .. in a book, one after the other, until
// its input ends, and prints the number of each that was acknowledged. Its
// arguments are the book, the pause between two in milliseconds, and after
// how many it compacts.
func childAppend(args []string) error {
	s, b, err := openTestBook(args[0])
	if err != nil {
		return err
	}
	pause, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	every, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var ended atomic.Bool
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended.Store(true)
	}()
	ctx := context.Background()
	fmt.Println(0)
	for n := 1; !ended.Load(); n++ {
		if _, err := b.Create(ctx, contacts.Contact{FirstName: fmt.Sprint("N", n), LastName: "Rao", Notes: strings.Repeat("x ", n%200)}); err != nil {
			return err
		}
		fmt.Println(n)
		if n%every == 0 {
			if err := s.Compact(ctx); err != nil {
				return err
			}
		}
		time.Sleep(time.Duration(pause) * time.Millisecond)
	}
	if err := s.Check(ctx); err != nil {
		return err
	}
	return s.Close()
}

// appended returns the highest number of the contacts that childAppend made, all
// of which are there.
func appended(s *Store) (int, error) {
	ctx := context.Background()
	if err := s.Check(ctx); err != nil {
		return 0, err
	}
	b, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme"}, &contacts.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	last, n := 0, 0
	for c, err := range b.All(ctx, nil) {
		if err != nil {
			return 0, err
		}
		if number, ok := strings.CutPrefix(c.FirstName, "N"); ok {
			i, err := strconv.Atoi(number)
			if err != nil {
				return 0, err
			}
			last, n = max(last, i), n+1
		}
	}
	if n != last {
		return 0, fmt.Errorf("%d contacts of %d", n, last)
	}
	return last, nil
}

// TestBesideWriter takes snapshots of a book to which another process writes as
// fast as it can, or from time to time to a larger one, and which it compacts.
// Each shows all that was acknowledged before it was asked for, and nothing in
// part. The writer notices nothing.
func TestBesideWriter(t *testing.T) {
	for _, tt := range []struct {
		name         string
		filled       int // contacts that are there before
		pause, every int
		snapshots    int
	}{
		{"small, at full speed", 0, 0, 1 << 30, 150},
		{"small, compacted often", 0, 0, 10, 150},
		{"larger, paced", 20_000, 10, 1 << 30, 8},
		{"larger, paced and compacted", 20_000, 10, 40, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() {
				tt.filled, tt.snapshots = tt.filled/4, tt.snapshots/2
			}
			dir := tempDir(t)
			path := filepath.Join(dir, "book.db")
			fill(t, path, tt.filled)
			out, _, end := startChild(t, "append", path, fmt.Sprint(tt.pause), fmt.Sprint(tt.every))
			if !out.Scan() {
				t.Fatal("no child")
			}
			var acked atomic.Int64
			said := make(chan error, 1)
			go func() { said <- follow(out, &acked) }()
			taken, torn, last := 0, 0, 0
			// At full speed the book grows, and with it the time that a look at it takes.
			for begin := time.Now(); taken == 0 && torn < 5 || taken < tt.snapshots && time.Since(begin) < 4*time.Second; {
				before := int(acked.Load())
				s, err := OpenSnapshot(path)
				if errors.Is(err, contacts.ErrLocked) {
					torn++
					continue
				}
				must(t, err)
				n, err := appended(s)
				if err != nil || n < before || n < last {
					t.Fatalf("%d contacts after %d that were acknowledged and %d that were seen: %v", n, before, last, err)
				}
				must(t, s.Close())
				taken, last = taken+1, n
			}
			must(t, errors.Join(end(), <-said))
			t.Logf("%d snapshots while %d contacts were written, %d could not be taken", taken, acked.Load(), torn)
			if taken == 0 {
				t.Error("no snapshot could be taken")
			}
			only(t, dir, "book.db")

			// Killed in the middle of it, the writer leaves a book as any other.
			out, c, end := startChild(t, "append", filepath.Join(dir, "book2.db"), "0", "20")
			for range 50 {
				if !out.Scan() {
					t.Fatal("the child ended")
				}
			}
			must(t, c.Process.Kill())
			_ = end()
			s, err := OpenSnapshot(filepath.Join(dir, "book2.db"))
			must(t, err)
			if n, err := appended(s); err != nil || n < 49 {
				t.Errorf("%d contacts after a kill, %v", n, err)
			}
			must(t, s.Close())
		})
	}
}

// follow notes the numbers that childAppend prints.
func follow(out *bufio.Scanner, acked *atomic.Int64) error {
	for out.Scan() {
		n, err := strconv.Atoi(out.Text())
		if err != nil {
			return errors.New(out.Text())
		}
		acked.Store(int64(n))
	}
	return nil
}

// fill makes a book of n contacts.
func fill(t *testing.T, path string, n int) {
	t.Helper()
	s, b, err := openTestBook(path)
	must(t, err)
	var list []contacts.Contact
	for i := range n {
		list = append(list, contacts.Contact{FirstName: "Filler", LastName: fmt.Sprint(i),
			CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", i)}})
	}
	_, err = b.CreateEach(context.Background(), list)
	must(t, err)
	must(t, s.Close())
}

// TestSnapshotStore: a snapshot does not change, takes no writes, can be copied,
// and is gone when it is closed. Neither book nor lock are touched.
func TestSnapshotStore(t *testing.T) {
	ctx := context.Background()
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	s, b, err := openTestBook(path)
	must(t, err)
	create := func(b *contacts.Book, name string) error {
		_, err := b.Create(ctx, contacts.Contact{FirstName: name})
		return err
	}
	must(t, create(b, "N1"))
	before := fingerprint(t, path)
	snap, err := OpenSnapshot(path)
	must(t, err)
	if fingerprint(t, path) != before {
		t.Error("the book changed")
	}
	if i := snap.Info(); !i.Full || i.Path != s.Info().Path || i.Format != formatVersion || i.Created {
		t.Errorf("%+v", i)
	}
	must(t, create(b, "N2"))
	must(t, s.Compact(ctx))
	must(t, create(b, "N3"))
	if n, err := appended(snap); n != 1 || err != nil {
		t.Errorf("%d contacts, %v", n, err)
	}
	other, err := OpenSnapshot(path)
	must(t, err)
	if n, err := appended(other); n != 3 || err != nil {
		t.Errorf("%d contacts, %v", n, err)
	}
	must(t, other.Close())
	sb, err := contacts.Open(ctx, snap, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	for what, err := range map[string]error{"Create": create(sb, "N"), "Compact": snap.Compact(ctx),
		"Commit": snap.engine.Commit(ctx, &kvstore.Batch{Ops: []kvstore.Op{{Key: []byte("ak")}}})} {
		if !errors.Is(err, contacts.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	copied := filepath.Join(dir, "copy.db")
	must(t, snap.BackupFile(ctx, copied))
	fork, err := snap.Fork(ctx)
	must(t, err)
	fb, err := contacts.Open(ctx, fork, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	must(t, create(fb, "N2"))
	must(t, s.Close())
	// Its lock is free, and the snapshot stays.
	s, err = Open(path, &Options{LockWait: -1})
	must(t, err)
	must(t, s.Close())
	if n, err := appended(fork.(*Store)); n != 2 || err != nil {
		t.Errorf("%d contacts, %v", n, err)
	}
	must(t, fork.Close())
	if n, err := appended(snap); n != 1 || err != nil {
		t.Errorf("%d contacts, %v", n, err)
	}
	must(t, snap.Close())
	must(t, snap.Close())
	if _, err := appended(snap); !errors.Is(err, contacts.ErrClosed) {
		t.Error(err)
	}
	only(t, dir, "book.db", "copy.db")
}

// TestSnapshotRefuses is asked for snapshots of what is no sound book.
func TestSnapshotRefuses(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	fill(t, path, 300)
	data, err := os.ReadFile(path)
	must(t, err)
	write := func(change func(b []byte) []byte) string {
		name := filepath.Join(dir, "other.db")
		must(t, os.WriteFile(name, change([]byte(string(data))), 0o600))
		return name
	}
	for name, tt := range map[string]struct {
		path string
		want error
	}{
		"none":      {filepath.Join(dir, "none.db"), fs.ErrNotExist},
		"no folder": {filepath.Join(dir, "none", "book.db"), fs.ErrNotExist},
		"no name":   {"", contacts.ErrInvalid},
		"a folder":  {dir, contacts.ErrNotBook},
		"text":      {write(func([]byte) []byte { return []byte(strings.Repeat("no book ", 9999)) }), contacts.ErrNotBook},
	} {
		if _, err := OpenSnapshot(tt.path); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(b []byte) []byte{
		"empty":     func(b []byte) []byte { return nil },
		"cut":       func(b []byte) []byte { return b[:len(b)/2] },
		"blanked":   func(b []byte) []byte { clear(b[len(b)/2:]); return b },
		"a value":   func(b []byte) []byte { b[strings.Index(string(b), "Filler")] ^= 1; return b },
		"all metas": func(b []byte) []byte { b[50]++; b[pageSize+50]++; return b },
	} {
		name2 := write(change)
		want := contacts.ErrDamaged
		if name == "empty" {
			want = contacts.ErrNotBook
		}
		if _, err := OpenSnapshot(name2); !errors.Is(err, want) || !strings.Contains(err.Error(), name2) {
			t.Errorf("%s: %v", name, err)
		}
	}
	only(t, dir, "book.db", "other.db")
}

// TestSnapshotOlder reads a book of an older format as it is.
func TestSnapshotOlder(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "v1.db"))
	must(t, err)
	path := filepath.Join(tempDir(t), "book.db")
	must(t, os.WriteFile(path, data, 0o600))
	s, err := OpenSnapshot(path)
	must(t, err)
	if s.Info().Format != 1 {
		t.Errorf("%+v", s.Info())
	}
	must(t, s.Check(context.Background()))
	must(t, s.Close())
	only(t, filepath.Dir(path), "book.db")
}

// TestNeverStill says what to do about a book that cannot be copied.
func TestNeverStill(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	own := mustOpen(t, path, nil)
	e := &engine{name: path, path: own.path}
	err := e.neverStill()
	var locked *LockedError
	if !errors.Is(err, contacts.ErrLocked) || !errors.As(err, &locked) || !locked.Owner.Here ||
		!strings.Contains(err.Error(), "by another store of this program (opened ") || !strings.Contains(err.Error(), "use Backup there") {
		t.Error(err)
	}
	if errors.Is(err, boltfile.ErrTorn) {
		t.Error("of use to nobody")
	}
}

// TestSnapshotOfOlderState: a copy of a book that lost its newest meta page says
// so, as Open does. The copy itself has two.
func TestSnapshotOfOlderState(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	s, b, err := openTestBook(path)
	must(t, err)
	_, err = b.Create(context.Background(), contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919812345678"}})
	must(t, err)
	must(t, s.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	for _, older := range []bool{false, true} {
		if older {
			ms, err := boltfile.ReadMetas(bytes.NewReader(data), int64(len(data)))
			must(t, err)
			m, _ := ms.Current()
			data[m.Place*pageSize+40] ^= 1
			must(t, os.WriteFile(path, data, 0o600))
		}
		s, err := OpenSnapshot(path)
		must(t, err)
		if i := s.Info(); i.OlderState != older || (len(i.Warnings) > 0) != older {
			t.Errorf("%+v, older: %v", i, older)
		}
		must(t, s.Close())
	}
}
