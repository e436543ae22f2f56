package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out, log bytes.Buffer
	if err := run(context.Background(), []string{"-contacts", "1000", "-times", "1", "-dir", t.TempDir()}, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for _, w := range ways {
		if !strings.Contains(out.String(), w.name) {
			t.Errorf("no %q in\n%s", w.name, out.String())
		}
	}
}

// TestWays: each way fails where there is no book.
func TestWays(t *testing.T) {
	for _, w := range ways {
		if w.open(filepath.Join(t.TempDir(), "none")) == nil {
			t.Errorf("%s: opened nothing", w.name)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-contacts", "x"}, {"book"}} {
		var out, log bytes.Buffer
		if err := run(context.Background(), args, &out, &log); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
