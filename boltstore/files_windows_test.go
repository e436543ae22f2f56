package boltstore

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

var systemFiles []struct {
	name string
	make func(path string) error
	want error
}

// TestHeld tries to take the file away under an open store, which Windows
// refuses. After a compaction the store has the file open in a way that lets
// it be moved (see TestReplaced). Whether Windows lets it be deleted then, as
// Wine does although the file is mapped, is not shown.
func TestHeld(t *testing.T) {
	path := filepath.Join(tempDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "1")
	other := path + ".other"
	must(t, e.backupFile(context.Background(), other))
	for what, err := range map[string]error{
		"moved":    os.Rename(path, path+".moved"),
		"deleted":  os.Remove(path),
		"replaced": os.Rename(other, path),
	} {
		if err == nil {
			t.Fatalf("it was %s", what)
		}
	}
	put(t, e, "akey", "2")
	mustClose(t, e)
	must(t, os.Rename(other, path))
	e = mustOpen(t, path, nil)
	if v, _, err := get(e, "akey"); v != "1" || err != nil {
		t.Fatal(v, err)
	}
}

// dumpAndEnd ends a process.
func dumpAndEnd(p *os.Process) { _ = p.Kill() }
