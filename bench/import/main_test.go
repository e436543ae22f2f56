package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for way := range ways("") {
		var out, log bytes.Buffer
		if err := run(context.Background(), []string{"-n", "2000", "-via", way, "-dir", t.TempDir()}, &out, &log); err != nil {
			t.Fatalf("%s: %v\n%s", way, err, log.String())
		}
		if !strings.Contains(out.String(), "import / plain bbolt") {
			t.Errorf("%s:\n%s", way, out.String())
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-n", "x"}, {"-via", "x"}, {"book"}} {
		var out, log bytes.Buffer
		if err := run(context.Background(), args, &out, &log); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
