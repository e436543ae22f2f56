//go:build linux

package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// callRun is a scenario and what is known of it.
type callRun struct {
	dir      string   // the folder as it is before
	old, new []string // the states before and after the call
	calls    map[string][2]int
}

// newCallRun makes the folder of a scenario and plays it undisturbed, to learn
// which system calls it makes and what it leaves.
func newCallRun(t *testing.T, dir string, n int) *callRun {
	t.Helper()
	run := &callRun{dir: filepath.Join(dir, "before"), calls: map[string][2]int{}}
	must(t, os.MkdirAll(run.dir, 0o700))
	prepare := scenarios[n].prepare
	if prepare == nil {
		prepare = someBook
	}
	prepare(t, run.dir)
	work := filepath.Join(dir, "work")
	must(t, copyFolder(work, run.dir))
	if !scenarios[n].repair {
		_, run.old = lookAt(t, filepath.Join(run.dir, bookName))
	}
	trace := filepath.Join(dir, "trace")
	options := []string{onlyTraced, "-ttt", "-xx", "-s", "64", "-o", trace, "-e", "trace=writev," + strings.Join(sortedKeys(failing), ",")}
	if out, err := straceChild(t, time.Minute, options, "calls", work, fmt.Sprint(n)); err != nil {
		t.Fatalf("%s: %v\n%s", scenarios[n].name, err, out)
	} else if strings.Contains(out, "failed") || !strings.Contains(out, "ack end ok") {
		t.Fatalf("%s:\n%s", scenarios[n].name, out)
	}
	_, run.new = lookAt(t, filepath.Join(work, bookName))
	if scenarios[n].repair {
		run.old = run.new
	}
	f, err := os.Open(trace)
	must(t, err)
	defer f.Close()
	thread, ended := 0, false
	count := map[string]int{}
	must(t, readTrace(f, func(c *sysCall) error {
		switch {
		case thread == 0 && c.name != "writev":
			count[fmt.Sprint(c.thread, c.name)]++
		case thread == 0: // it begins
			thread = c.thread
			for call := range failing {
				k := count[fmt.Sprint(thread, call)]
				run.calls[call] = [2]int{k, k}
			}
		case c.thread != thread || ended:
		case c.name == "writev":
			b, err := c.bytes(1)
			ended = err == nil && strings.HasPrefix(string(b), "ack end")
		default:
			span := run.calls[c.name]
			run.calls[c.name] = [2]int{span[0], span[1] + 1}
		}
		return nil
	}))
	if thread == 0 || !ended {
		t.Fatalf("%s: the trace does not say when it began and ended", scenarios[n].name)
	}
	return run
}

// lookAt opens a book for reading and returns its plainState.
func lookAt(t testing.TB, path string) (after bool, others []string) {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	s, err := Open(path, &Options{ReadOnly: true})
	must(t, err)
	defer s.Close()
	after, others, err = plainState(s)
	must(t, err)
	return after, others
}

// copyFolder makes the folder to of the files in from, and nothing else. Times
// are copied, too.
func copyFolder(to, from string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	files, err := readFolder(from)
	if err != nil {
		return err
	}
	img := image{}
	for name, data := range files {
		fi, err := os.Stat(filepath.Join(from, name))
		if err != nil {
			return err
		}
		img[name] = imageFile{data: data, mtime: fi.ModTime().UnixNano()}
	}
	return img.write(to)
}
