//go:build linux || darwin

package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { children["migrate full"] = childMigrateFull }

// TestMigrateFullDisk: what finds no room for the new file leaves the old one,
// and says what still works.
func TestMigrateFullDisk(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	sampleBook(t, path)
	asFormat1(t, path)
	before := unmarked(t, path)
	runChild(t, "migrate full", path)
	if !bytes.Equal(unmarked(t, path), before) {
		t.Error("the book changed")
	}
	only(t, filepath.Dir(path), "book.db")
	mustClose(t, mustOpen(t, path, nil))
}

func childMigrateFull(args []string) error {
	signal.Ignore(syscall.SIGXFSZ)
	fi, err := os.Stat(args[0])
	if err != nil {
		return err
	}
	for _, room := range []uint64{3 * pageSize, uint64(fi.Size()) / 2} {
		if err := limitFiles(room); err != nil {
			return err
		}
		e, err := openEngine(args[0], nil, testAppendTables)
		if err == nil {
			_ = e.Close()
		}
		if !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("with room for %d bytes: %w", room, err)
		}
		for _, want := range []string{args[0], "from format 1 to 2", "make room", "read-only"} {
			if !strings.Contains(err.Error(), want) {
				return fmt.Errorf("with room for %d bytes: no %q: %w", room, want, err)
			}
		}
		e, err = openEngine(args[0], &Options{ReadOnly: true}, testAppendTables)
		if err != nil {
			return err
		}
		if err := errors.Join(readAll(e), e.Close()); err != nil {
			return err
		}
	}
	return nil
}

// TestMigrateLinked: a book with two names is not parted from one of them.
func TestMigrateLinked(t *testing.T) {
	path := copyFile(t, goldenBook(1))
	second := path + ".link"
	must(t, os.Link(path, second))
	_, err := Open(path, nil)
	if !errors.Is(err, errHasNames) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "hard link") {
		t.Fatal(err)
	}
	one, err1 := os.Stat(path)
	two, err2 := os.Stat(second)
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(one, two) {
		t.Fatal("parted", err)
	}
	must(t, os.Remove(second))
	s, _ := openGolden(t, path, nil, nil)
	must(t, s.Close())
}
