package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"
)

// All programs build and start, and each links more than the one before it.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds five programs; not in -short")
	}
	var out, log bytes.Buffer
	if err := run([]string{"-runs", "1"}, &out, &log); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", out.String())
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")[4:]
	if len(rows) != len(programs) {
		t.Fatalf("%d rows for %d programs", len(rows), len(programs))
	}
	last := 0.0
	for i, p := range programs[:4] {
		cells := strings.Split(rows[i], "|")
		size, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64)
		if err != nil || size <= last || strings.TrimSpace(cells[1]) != p.title {
			t.Errorf("%s, after %v MB: %v", rows[i], last, err)
		}
		last = size
	}
}

func TestReadTrace(t *testing.T) {
	clock, heap, err := readTrace([]byte("init runtime @0.028 ms, 0.10 ms clock, 0 bytes, 0 allocs\n" +
		"init github.com/nyaruka/phonenumbers/v2 @5.1 ms, 1.6 ms clock, 1163552 bytes, 11563 allocs\n"))
	if clock != 1700*time.Microsecond || heap != 1163552 || err != nil {
		t.Error(clock, heap, err)
	}
	for _, text := range []string{"", "panic: no\n", "init x @1 ms, 2 ms clock, 3 bytes, 4 allocs\npanic: no\n"} {
		if _, _, err := readTrace([]byte(text)); err == nil {
			t.Errorf("%q is no trace", text)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-runs", "0"}, {"-runs", "x"}, {"book"}} {
		var out, log bytes.Buffer
		if err := run(args, &out, &log); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}
