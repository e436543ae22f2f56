package main

import (
	"bytes"
	"strings"
	"testing"
)

// The program does all its work, on few contacts.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program and starts it; not in -short")
	}
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"-n", "6000", "-clients", "1,3", "-for", "50ms", "-dir", t.TempDir()}, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Logf("\n%s", &out)
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(rows) != 2+2+4 {
		t.Fatalf("%d lines", len(rows))
	}
	for _, row := range rows[4:] {
		if cells := strings.Split(row, "|"); len(cells) != 11 || strings.TrimSpace(cells[3]) == "0" || strings.TrimSpace(cells[6]) == "0" {
			t.Errorf("%s", row)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-n", "0"}, {"-clients", "x"}, {"-for", "0s"}, {"book"}} {
		var out, log bytes.Buffer
		if err := run(t.Context(), args, &out, &log); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
