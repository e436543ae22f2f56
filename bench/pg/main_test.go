package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/callerbook/contacts/internal/pgtest"
)

// Both sides do all of the work, so that the comparison is an honest one.
func TestQuick(t *testing.T) {
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"-quick", "-dsn", pgtest.DSN(t)}, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for _, w := range works {
		row := ""
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "| "+w.title+" ") {
				row = line
			}
		}
		if row == "" || strings.Contains(row, "NaN") || strings.Contains(row, "| - ") {
			t.Errorf("%s: %q", w.title, row)
		}
	}
	if !strings.Contains(out.String(), "bytes a contact") {
		t.Error("no sizes")
	}
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{{"-n", "10"}, {"x"}, {"-what"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
