package boltstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// TestOwnerWords says who has a file.
func TestOwnerWords(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 3, 0, 0, time.FixedZone("", 3600))
	today, before := time.Date(2026, 11, 23, 8, 14, 59, 0, time.UTC), time.Date(2026, 11, 22, 22, 59, 0, 0, time.UTC)
	for want, o := range map[string]Owner{
		"another program":                                           {},
		"another program, for reading":                              {ReadOnly: true},
		"another store of this program":                             {Here: true},
		"another store of this program (opened 09:14)":              {Here: true, Since: today, PID: 7, Program: "me"},
		"another store of this program, for reading (opened 09:14)": {Here: true, Since: today, ReadOnly: true},
		"desk.exe (process 4711 on PC-7, since 09:14)":              {Program: "desk.exe", PID: 4711, Host: "PC-7", Since: today},
		"desk.exe (process 4711, since 2026-11-22 23:59)":           {Program: "desk.exe", PID: 4711, Since: before},
		"desk (process 4711)":                                       {Program: "desk", PID: 4711},
	} {
		if got := o.words(now); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	err := error(&LockedError{"book.db", Owner{Program: "desk.exe", PID: 4711}})
	if got := err.Error(); got != "contacts: book.db: file is in use by desk.exe (process 4711); close it there and try again" ||
		!errors.Is(err, contacts.ErrLocked) {
		t.Error(got)
	}
}

// TestOwnerFile: the file beside a book is there while the book is open for
// writing, also after a compaction, for its owner's eyes alone, and says who.
func TestOwnerFile(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	begin := time.Now().Add(-2 * time.Second)
	e := mustOpen(t, path, nil)
	check := func() {
		t.Helper()
		if names := list(t, dir); len(names) != 2 {
			t.Fatalf("%v", names)
		}
		fi, err := os.Stat(ownerPath(path))
		must(t, err)
		if fi.Mode() != 0o600 && !onWindows {
			t.Errorf("mode %v", fi.Mode())
		}
		o, ok := readOwner(path)
		exe, err := os.Executable()
		must(t, err)
		if !ok || o.PID != os.Getpid() || o.Program != filepath.Base(exe) || o.Since.Before(begin) || o.Since.After(time.Now().Add(time.Second)) {
			t.Errorf("%+v, %v", o, ok)
		}
		if host, err := os.Hostname(); err == nil && o.Host != host {
			t.Errorf("%+v", o)
		}
	}
	check()
	put(t, e, "akey", "value")
	must(t, e.compact(context.Background()))
	check()
	put(t, e, "akey", "value2")
	check()
	mustClose(t, e)
	only(t, dir, "book.db")

	// A reader says nothing, nor does a fork.
	e = mustOpen(t, path, &Options{ReadOnly: true})
	fork, err := e.fork(context.Background())
	must(t, err)
	if _, err := os.Stat(ownerPath(path)); err == nil {
		t.Error("a reader wrote it")
	}
	mustClose(t, fork)
	mustClose(t, e)
	only(t, dir, "book.db")
}

// TestOwnerOtherProcess: who has a file in another process is said, as long as
// that is true.
func TestOwnerOtherProcess(t *testing.T) {
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	mustClose(t, mustOpen(t, path, nil))
	out, c, end := startChild(t, "hold", path)
	if !out.Scan() {
		t.Fatal("no child")
	}
	for _, o := range []*Options{{LockWait: -1}, {LockWait: 20 * time.Millisecond, ReadOnly: true}} {
		_, err := openEngine(path, o, "")
		var locked *LockedError
		if !errors.As(err, &locked) || locked.Owner.Here || locked.Owner.ReadOnly || locked.Owner.Program == "" ||
			!strings.Contains(err.Error(), fmt.Sprintf("(process %d on ", locked.Owner.PID)) {
			t.Fatalf("%v", err)
		}
		if locked.Owner.PID != c.Process.Pid && !onWindows { // Wine has numbers of its own
			t.Errorf("process %d, not %d", locked.Owner.PID, c.Process.Pid)
		}
	}
	must(t, c.Process.Kill())
	_ = end()
	// The killed process left its file, which says nothing any more.
	if names := list(t, dir); len(names) != 2 {
		t.Errorf("%v", names)
	}
	if o, ok := readOwner(path); ok {
		t.Errorf("a dead process is said to have it: %+v", o)
	}
	out, _, end = startChild(t, "hold", path, "read-only")
	if !out.Scan() {
		t.Fatal("no child")
	}
	_, err := openEngine(path, &Options{LockWait: -1}, "")
	if !errors.Is(err, contacts.ErrLocked) || !strings.Contains(err.Error(), "in use by another program, for reading;") {
		t.Error(err)
	}
	must(t, end())
	e := mustOpen(t, path, nil)
	if o, ok := readOwner(path); !ok || o.PID != os.Getpid() {
		t.Errorf("%+v, %v", o, ok)
	}
	mustClose(t, e)
	only(t, dir, "book.db")
}

// TestOwnerForeign has something else in the place of the owner file. No Open
// fails for it, nothing of it is shown, and what is no owner file stays.
func TestOwnerForeign(t *testing.T) {
	record := func(change func(m map[string]any)) []byte {
		m := map[string]any{"program": "desk.exe", "pid": 4711, "host": "PC-7", "since": "2026-11-23T09:14:00Z"}
		change(m)
		data, err := json.Marshal(m)
		must(t, err)
		return data
	}
	target := filepath.Join(tempDir(t), "target")
	write := func(data []byte) func(string) error {
		return func(path string) error { return os.WriteFile(path, data, 0o600) }
	}
	for _, tt := range []struct {
		name  string
		make  func(path string) error
		stays bool
	}{
		{"empty", write(nil), false},
		{"half", write([]byte(`{"program":"des`)), false},
		{"stale", write(record(func(map[string]any) {})), false},
		{"two records", write(append(record(func(map[string]any) {}), "{}"...)), false},
		{"no process", write(record(func(m map[string]any) { m["pid"] = 0 })), false},
		{"a path", write(record(func(m map[string]any) { m["program"] = "../../secret" })), false},
		{"an escape", write(record(func(m map[string]any) { m["host"] = "\x1b[2J" })), false},
		{"right to left", write(record(func(m map[string]any) { m["host"] = "\u202eexe" })), false},
		{"long", write(record(func(m map[string]any) { m["host"] = strings.Repeat("h", 300) })), false},
		{"a date", write(record(func(m map[string]any) { m["since"] = "yesterday" })), false},
		{"huge", write(make([]byte, 1<<20)), true},
		{"folder", func(path string) error { return os.Mkdir(path, 0o700) }, true},
		{"link", func(path string) error {
			must(t, os.WriteFile(target, record(func(map[string]any) {}), 0o600))
			if err := os.Symlink(target, path); err != nil && !onWindows {
				return err
			}
			return nil
		}, !onWindows},
		{"link to nothing", func(path string) error {
			if err := os.Symlink(target+".none", path); err != nil && !onWindows {
				return err
			}
			return nil
		}, !onWindows},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(tempDir(t), "book.db")
			mustClose(t, mustOpen(t, path, nil))
			must(t, tt.make(ownerPath(path)))
			// Even if its writer seems to be there, only a sound record is shown.
			if f, err := openShared(ownerPath(path), false); err == nil {
				if _, err := tryLock(f, false); err == nil && tt.name != "stale" {
					if o, ok := readOwner(path); ok {
						t.Errorf("%+v", o)
					}
				}
				unlock(f)
				_ = f.Close()
			}
			if o, ok := readOwner(path); ok {
				t.Errorf("%+v", o)
			}
			e := mustOpen(t, path, nil)
			if _, ok := readOwner(path); ok == tt.stays {
				t.Errorf("owner known: %v", ok)
			}
			_, err := openEngine(path, &Options{LockWait: -1}, "")
			if !errors.Is(err, contacts.ErrLocked) {
				t.Error(err)
			}
			mustClose(t, e)
			if _, err := os.Lstat(ownerPath(path)); (err == nil) != tt.stays {
				t.Errorf("after Close: %v", err)
			}
		})
	}
	if data, err := os.ReadFile(target); !onWindows && (err != nil || !strings.Contains(string(data), "desk.exe")) {
		t.Errorf("the target of the link: %s, %v", data, err)
	}
	if _, err := os.Stat(target + ".none"); err == nil {
		t.Error("a link was followed")
	}
}
