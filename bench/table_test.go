package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	nan := math.NaN()
	get := work{name: workGet, goal: readGoal}
	many := work{name: workCreators, more: true, goal: goal{plain: 1}}
	inHeap := work{name: workHeap, goal: goal{most: 1100, from: 1_000_000}}
	for _, tt := range []struct {
		work                   work
		n                      int
		own, toPlain, toSQLite float64
		text, met              string
	}{
		{get, 1000, 4, 1.3, 0.5, "<= 1.3 plain, <= 0.5 SQLite", "yes"},
		{get, 1000, 4, 1.31, 0.2, "<= 1.3 plain, <= 0.5 SQLite", "no"},
		{get, 1000, 4, 1, 0.51, "<= 1.3 plain, <= 0.5 SQLite", "no"},
		{get, 1000, 4, nan, 0.3, "<= 1.3 plain, <= 0.5 SQLite", "?"},
		{get, 1000, 4, nan, 0.6, "<= 1.3 plain, <= 0.5 SQLite", "no"},
		{many, 1000, 9000, 1.1, 3, ">= 1 plain", "yes"},
		{many, 1000, 9000, 0.9, 3, ">= 1 plain", "no"},
		{inHeap, 1_000_000, 1100, nan, nan, "<= 1100", "yes"},
		{inHeap, 1_000_000, 1101, nan, nan, "<= 1100", "no"},
		{inHeap, 100_000, 2000, nan, nan, "", ""},
	} {
		text, met := tt.work.verdict(tt.n, tt.own, tt.toPlain, tt.toSQLite)
		if text != tt.text || met != tt.met {
			t.Errorf("%s of %d: %v, %.2f, %.2f: %q %q, want %q %q", tt.work.name, tt.n, tt.own, tt.toPlain, tt.toSQLite, text, met, tt.text, tt.met)
		}
	}
}

func TestQuickRunPrintsEveryWork(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all sides")
	}
	var out bytes.Buffer
	if err := run(context.Background(), []string{"-quick", "-dir", t.TempDir()}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, w := range works {
		if !strings.Contains(out.String(), "| "+w.title+" ") {
			t.Errorf("no row %q", w.title)
		}
	}
	for _, s := range sideNames() {
		if !strings.Contains(out.String(), titles[s]) {
			t.Errorf("no column %q", titles[s])
		}
	}
	if strings.Contains(out.String(), "NaN") {
		t.Error("a value that was not measured is printed as one")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func TestRunRefusesBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-n", "12"}, {"-n", "many"}, {"-only", "pebble"}, {"rest"}, {"-bad"}} {
		if err := run(context.Background(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestRunEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, []string{"-quick", "-only", plain, "-dir", t.TempDir()}, io.Discard, io.Discard); err == nil {
		t.Error("an interrupted run ends without an error")
	}
}
