//go:build !windows

package boltstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/callerbook/contacts"
)

// systemFiles are the bad files that only Unix has.
var systemFiles = []struct {
	name string
	make func(path string) error
	want error
}{
	{"pipe", func(p string) error { return syscall.Mkfifo(p, 0o600) }, contacts.ErrNotBook},
	{"link to nothing", func(p string) error { return os.Symlink(p+".none", p) }, contacts.ErrNotBook},
	{"link to itself", func(p string) error { return os.Symlink(p, p) }, contacts.ErrNotBook},
	{"link to a device", func(p string) error { return os.Symlink("/dev/zero", p) }, contacts.ErrNotBook},
}

// TestCompactKeepsRights compacts a book with an owner and a mode of its own.
func TestCompactKeepsRights(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	must(t, os.Chmod(path, 0o662))
	if os.Getuid() == 0 {
		must(t, os.Chown(path, 65534, 65534))
	}
	mustClose(t, e)
	before, err := os.Stat(path)
	must(t, err)
	e = mustOpen(t, path, nil)
	must(t, e.compact(context.Background()))
	after, err := os.Stat(path)
	must(t, err)
	was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
	if was.Ino == is.Ino || was.Mode != is.Mode || was.Uid != is.Uid || was.Gid != is.Gid {
		t.Errorf("%+v became %+v", was, is)
	}
}

// TestPermissions opens files that this user may not read or not write. As
// permissions do not hold for root, a child without rights does it.
func TestPermissions(t *testing.T) {
	dir, err := os.MkdirTemp("", "boltstore")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "book.db")
	sampleBook(t, path)
	exe := filepath.Join(dir, "test")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(exe, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mode os.FileMode
		args []string
		want string
	}{
		{0o000, []string{path}, "cannot be opened (permission denied)"},
		{0o444, []string{path}, "open it read-only"},
	} {
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		c := child(t, "open", tt.args...)
		c.Path, c.Dir = exe, dir
		if os.Getuid() == 0 {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := c.CombinedOutput()
		if err != nil || !strings.Contains(string(out), tt.want) || !strings.Contains(string(out), path) {
			t.Errorf("mode %v: %v: %s", tt.mode, err, out)
		}
	}
}

// TestBeginFaults cuts a file to nothing, so that bbolt faults with its locks
// held where it begins a transaction: whoever ends one then, or commits, does not
// wait for ever.
func TestBeginFaults(t *testing.T) {
	e := mustOpen(t, filepath.Join(mappedDir(t), "book.db"), nil)
	put(t, e, "akey", "value")
	tx, err := beginRead(e.h.db)
	must(t, err)
	must(t, os.Truncate(e.path, 0))
	soon(t, "bbolt", func() {
		for range 2 {
			err = e.guarded(func() error { _, err := beginRead(e.h.db); return err })
			if !errors.Is(err, contacts.ErrDamaged) {
				t.Error(err)
			}
		}
		must(t, tx.Rollback())
		if m := bboltLock[sync.RWMutex](e.h.db, "mmaplock"); !m.TryLock() {
			t.Error("the map is locked")
		}
	})
}

// dumpAndEnd ends a process, which says what it was doing.
func dumpAndEnd(p *os.Process) { _ = p.Signal(syscall.SIGQUIT) }
