//go:build linux

package boltstore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFailingMaps has the n-th mapping of the book, or of the file that is to
// take its place, fail: there is no memory left, or no right.
func TestFailingMaps(t *testing.T) {
	needStrace(t)
	seed := testSeed(t)
	base := tempDir(t)
	r := rand.New(rand.NewPCG(seed, 2))
	runs, failed := 0, 0
	one := r.IntN(len(scenarios))
	for i, sc := range scenarios {
		if i != one && !*long && (raceEnabled || r.IntN(5) > 0) {
			continue
		}
		run := newCallRun(t, filepath.Join(base, fmt.Sprint(i)), i)
		dir := filepath.Join(base, fmt.Sprint(i), "work")
		for n := 1; ; n++ {
			done := false
			for _, plus := range []string{"", "+"} {
				must(t, copyFolder(dir, run.dir))
				trace := filepath.Join(base, "trace")
				out, err := straceChild(t, 20*time.Second, []string{
					onlyTraced, "-o", trace, "-P", filepath.Join(dir, bookName), "-P", filepath.Join(dir, "."+bookName+".compact"),
					"-e", "trace=mmap", "-e", fmt.Sprintf("inject=mmap:error=ENOMEM:when=%d%s", n, plus),
				}, "calls", dir, fmt.Sprint(i))
				said := sayings(out)
				if err != nil || said["end"] == "" {
					t.Fatalf("%s: mapping %d%s fails: %v\n%s", sc.name, n, plus, err, out)
				}
				if _, err := run.judge(dir, failure{scenario: i}, said); err != nil {
					t.Errorf("%s: mapping %d%s fails: %v\n%s", sc.name, n, plus, err, out)
				}
				text, err := os.ReadFile(trace)
				must(t, err)
				runs++
				if done = !strings.Contains(string(text), "(INJECTED)"); !done && strings.Contains(out, "failed") {
					failed++
				}
			}
			if done {
				break // there is no n-th one
			}
		}
	}
	t.Logf("%d runs, %d with an error", runs, failed)
	if failed == 0 {
		t.Error("nothing failed")
	}
}

// TestFailingCallsNotices tells lies about what a call did, and about what was
// left of it.
func TestFailingCallsNotices(t *testing.T) {
	needStrace(t)
	i := 5
	run := newCallRun(t, filepath.Join(tempDir(t), "lies"), i)
	work := filepath.Join(filepath.Dir(run.dir), "work")
	for _, tt := range []struct {
		dir  string
		said map[string]string
		fine bool
	}{
		{work, map[string]string{"open": "ok", "call": "ok", "after": "ok"}, true},
		{run.dir, map[string]string{"open": "ok", "call": "failed", "after": "failed"}, true},
		{run.dir, map[string]string{"open": "ok", "call": "unknown", "after": "unknown"}, true},
		{run.dir, map[string]string{"open": "ok", "call": "ok"}, false},
		{work, map[string]string{"open": "ok", "call": "failed", "after": "ok"}, false},
		{work, map[string]string{"open": "ok", "call": "ok", "after": "failed"}, false},
		{run.dir, map[string]string{"open": "ok", "call": "failed", "after": "ok"}, false},
		{work, map[string]string{"open": "failed"}, false},
	} {
		if _, err := run.judge(tt.dir, failure{scenario: i}, tt.said); (err == nil) != tt.fine {
			t.Errorf("%v: %v", tt.said, err)
		}
	}
}
