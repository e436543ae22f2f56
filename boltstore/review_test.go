package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// overwrite writes data over the file at path, in place.
func overwrite(t *testing.T, path string, data []byte) {
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
