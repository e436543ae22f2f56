package boltstore

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// unmarked returns the bytes of a file without the mark of a clean close.
func unmarked(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	for id := range 2 {
		clear(b[id*pageSize+80 : (id+1)*pageSize])
	}
	return b
}

// info opens and closes a book and returns what was found out about it.
func info(t testing.TB, path string, o *Options) Info {
	t.Helper()
	s, err := Open(path, o)
	must(t, err)
	must(t, s.Close())
	return s.Info()
}

// TestClean opens books that were closed in order, and after all that takes
// the worth from the mark that says so.
func TestClean(t *testing.T) {
	look := &Options{ReadOnly: true}
	closed := func(t *testing.T) (path string) {
		path = filepath.Join(mappedDir(t), "book.db")
		s, b, err := openTestBook(path)
		must(t, err)
		_, err = b.Create(context.Background(), contacts.Contact{FirstName: "Ann", CellPhone: contacts.Phone{Number: "+919812345678"}})
		must(t, err)
		must(t, s.Close())
		return path
	}
	for _, tt := range []struct {
		name  string
		clean bool
		do    func(t *testing.T, path string)
	}{
		{"closed", true, func(*testing.T, string) {}},
		{"looked at before", true, func(t *testing.T, path string) { info(t, path, look) }},
		{"opened and closed again", true, func(t *testing.T, path string) { info(t, path, nil) }},
		{"compacted", true, func(t *testing.T, path string) {
			s, err := Open(path, nil)
			must(t, err)
			must(t, s.Compact(context.Background()))
			must(t, s.Close())
		}},
		{"another time", false, func(t *testing.T, path string) { must(t, os.Chtimes(path, time.Time{}, time.Now())) }},
		{"longer", false, func(t *testing.T, path string) {
			fi := stat(t, path)
			must(t, os.Truncate(path, fi.Size()+pageSize))
			must(t, os.Chtimes(path, time.Time{}, fi.ModTime()))
		}},
		{"its state changed", false, func(t *testing.T, path string) {
			fi := stat(t, path)
			s, b, err := openTestBook(path)
			must(t, err)
			_, err = b.Create(context.Background(), contacts.Contact{FirstName: "Bo", CellPhone: contacts.Phone{Number: "+919812345679"}})
			must(t, err)
			s.engine.suspect.Store(true) // it closes without a mark
			must(t, s.Close())
			must(t, os.Chtimes(path, time.Time{}, fi.ModTime()))
		}},
		{"killed while open", false, func(t *testing.T, path string) {
			fi := stat(t, path)
			e := mustOpen(t, path, nil)
			e.h.abandon()
			e.entry.release()
			must(t, os.Chtimes(path, time.Time{}, fi.ModTime()))
		}},
		{"a backup of it", false, func(t *testing.T, path string) {
			fi := stat(t, path)
			s, err := Open(path, nil)
			must(t, err)
			must(t, s.BackupFile(context.Background(), path+".copy"))
			must(t, s.Close())
			must(t, os.Rename(path+".copy", path))
			must(t, os.Chtimes(path, time.Time{}, fi.ModTime()))
		}},
		{"damage was met", false, func(t *testing.T, path string) {
			s, err := Open(path, nil)
			must(t, err)
			_ = s.engine.Guard(func() error { return damaged(path, "a record") })
			must(t, s.Close())
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := closed(t)
			tt.do(t, path)
			if i := info(t, path, look); i.Clean != tt.clean || i.Full == tt.clean || i.OlderState || i.Format != formatVersion || len(i.Warnings) > 0 {
				t.Errorf("%+v", i)
			}
			if i := info(t, path, &Options{ReadOnly: true, Verify: VerifyFull}); i.Clean != tt.clean || !i.Full {
				t.Errorf("with VerifyFull: %+v", i)
			}
		})
	}
	t.Run("copied with its time", func(t *testing.T) {
		path := closed(t)
		at := time.Now().Add(-time.Hour).Truncate(2 * time.Second) // it was closed then, and changed now
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		must(t, err)
		defer f.Close()
		ms, err := boltfile.ReadMetas(f, stat(t, path).Size())
		must(t, err)
		m, _ := ms.Current()
		must(t, boltfile.WriteTrailer(f, m, boltfile.Trailer{Kind: boltfile.TrailerClean, Size: stat(t, path).Size(), ModTime: at.UnixNano()}))
		must(t, f.Close())
		must(t, os.Chtimes(path, time.Time{}, at))
		_, told := changeTime(stat(t, path))
		if i := info(t, path, look); i.Clean == told {
			t.Errorf("%+v", i)
		}
	})
}

// TestCleanMarkGoes: the mark is off the disk before a writable store is there.
func TestCleanMarkGoes(t *testing.T) {
	path := filepath.Join(mappedDir(t), "book.db")
	mustClose(t, mustOpen(t, path, nil))
	if _, ok := trailer(t, path); !ok {
		t.Fatal("no mark")
	}
	mustClose(t, mustOpen(t, path, &Options{ReadOnly: true}))
	if _, ok := trailer(t, path); !ok {
		t.Fatal("a store that only reads took the mark off")
	}
	e := mustOpen(t, path, nil)
	if _, ok := trailer(t, path); ok {
		t.Error("the mark is there while it is open")
	}
	if !e.info.Clean {
		t.Error("it was not clean")
	}
	fork, err := e.fork(context.Background())
	must(t, err)
	mustClose(t, fork)
	e.poison(damaged(path, "for the test"))
	_ = e.Close()
	if _, ok := trailer(t, path); ok {
		t.Error("a store that failed left a mark")
	}
}

func stat(t testing.TB, path string) fs.FileInfo {
	t.Helper()
	fi, err := os.Stat(path)
	must(t, err)
	return fi
}

func trailer(t testing.TB, path string) (boltfile.Trailer, bool) {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	ms, err := boltfile.ReadMetas(f, stat(t, path).Size())
	must(t, err)
	m, _ := ms.Current()
	return boltfile.ReadTrailer(f, m)
}

// TestCleanTime: the time is one that every file system keeps, later than what a
// write of now can have, and never goes back.
func TestCleanTime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		now := time.Unix(1.8e9+r.Int64N(1e6), r.Int64N(1e9))
		last := now.Add(time.Duration(r.Int64N(int64(10*time.Second))) - 5*time.Second)
		at := cleanTime(now, last)
		later := now
		if last.After(later) {
			later = last
		}
		if d := at.Sub(later); d < cleanAhead || d >= cleanAhead+2*time.Second || at.Unix()%2 != 0 || at.Nanosecond() != 0 {
			t.Fatalf("now %v, last write %v: %v", now, last, at)
		}
	}
}
