package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuickRunPrintsEveryClass(t *testing.T) {
	if testing.Short() {
		t.Skip("runs all sides")
	}
	var out bytes.Buffer
	if err := run(context.Background(), []string{"-quick", "-slow", "-dir", t.TempDir()}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, c := range classes {
		if !strings.Contains(out.String(), "| "+c.title+" ") || !strings.Contains(out.String(), "slowest of "+c.name+",") {
			t.Errorf("no row %q", c.title)
		}
	}
	for _, s := range sideNames {
		if !strings.Contains(out.String(), titles[s]) {
			t.Errorf("%q is neither a column nor said to be left out", titles[s])
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
	for _, args := range [][]string{{"-n", "12"}, {"-n", "many"}, {"-only", "lucene"}, {"rest"}, {"-bad"}} {
		if err := run(context.Background(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is accepted", args)
		}
	}
}

func TestRunEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run(ctx, []string{"-quick", "-only", modernc, "-dir", t.TempDir()}, io.Discard, io.Discard); err == nil {
		t.Error("an interrupted run ends without an error")
	}
}

func TestPercentiles(t *testing.T) {
	var r result
	for i := 200; i > 0; i-- {
		r.times = append(r.times, time.Duration(i)*time.Microsecond)
	}
	if p50, p99, most := r.at(0.5), r.at(0.99), r.at(1); p50 != 100 || p99 != 198 || most != 200 {
		t.Errorf("of 1 to 200: %v, %v, %v", p50, p99, most)
	}
	one := result{times: []time.Duration{time.Microsecond}}
	if one.at(0.5) != 1 || one.at(0.99) != 1 || one.at(1) != 1 {
		t.Error("of one")
	}
}

func TestJudge(t *testing.T) {
	full := make([]string, limit+1)
	for _, c := range []struct {
		hits expectation
		a    answer
		ok   bool
	}{
		{anything, answer{}, true},
		{anything, answer{numbers: full}, false},
		{nothing, answer{}, true},
		{nothing, answer{numbers: full[:1]}, false},
		{something, answer{numbers: full[:limit]}, true},
		{something, answer{}, false},
		{something, answer{partial: true}, true},
	} {
		if err := new(result).judge(&class{hits: c.hits}, &c.a); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// The table judges large books alone, and has "-" for what a side cannot.
func TestTable(t *testing.T) {
	of := func(us int) *result {
		return &result{times: []time.Duration{time.Duration(us) * time.Microsecond}, asked: 1, hits: 3}
	}
	m := &measurement{
		sides: []string{oursBolt, oursMem, modernc}, classes: classes[:2], sizes: []int{4000, 1_000_000},
		results: map[key]*result{
			{"letter", 4000, oursBolt}: of(9000), {"letter", 4000, oursMem}: of(1), {"letter", 4000, modernc}: of(1),
			{"letter", 1_000_000, oursBolt}: of(8000), {"letter", 1_000_000, oursMem}: of(4000),
			{"two", 1_000_000, oursBolt}: of(8001), {"two", 1_000_000, oursMem}: of(4000),
		},
	}
	var out bytes.Buffer
	if err := m.table(&out); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(out.String()) {
		rows = append(rows, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"| one letter | 4000 | 1 | 9000 / 9000 / 9000 | 1 / 1 / 1 | 1 / 1 / 1 | 3.0 | 3.0 | 0 % | |",
		"| one letter | 1000000 | 1 | 8000 / 8000 / 8000 | 4000 / 4000 / 4000 | - | 3.0 | - | 0 % | yes |",
		"| two letters | 1000000 | 1 | 8001 / 8001 / 8001 | 4000 / 4000 / 4000 | - | 3.0 | - | 0 % | no |",
	}
	if len(rows) != 5 || !slices.Equal(rows[2:], want) {
		t.Errorf("got\n%s", out.String())
	}
}
