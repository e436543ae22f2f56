//go:build linux

package boltstore

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/callerbook/contacts"
)

// failing are the system calls that are made to fail, and how.
var failing = map[string][]string{
	"openat":     {"EIO", "EMFILE", "EACCES"},
	"pread64":    {"EIO"},
	"read":       {"EIO"},
	"pwrite64":   {"EIO", "ENOSPC", "EDQUOT"},
	"write":      {"EIO", "ENOSPC"},
	"fsync":      {"EIO", "ENOSPC"},
	"fdatasync":  {"EIO", "ENOSPC"},
	"ftruncate":  {"EIO", "ENOSPC"},
	"linkat":     {"EIO", "ENOSPC", "EROFS"},
	"renameat":   {"EIO", "EACCES", "EROFS"},
	"renameat2":  {"EIO", "EACCES"},
	"rename":     {"EIO", "EACCES"},
	"unlinkat":   {"EIO", "EACCES"},
	"newfstatat": {"EIO"},
	"fstat":      {"EIO"},
	"flock":      {"EIO", "ENOLCK"},
	"close":      {"EIO"},
	"utimensat":  {"EIO", "EPERM"},
	"fchmod":     {"EPERM"},
	"lseek":      {"EIO"},
}

// failure is one run: the n-th of those calls of the program's thread fails,
// or that one and all later ones.
type failure struct {
	scenario int
	call     string
	n        int
	ever     bool
	errno    string
}

func (f failure) String() string {
	when := "once"
	if f.ever {
		when = "for ever"
	}
	if f.errno == killed {
		return fmt.Sprintf("%s: killed in %s number %d", scenarios[f.scenario].name, f.call, f.n)
	}
	return fmt.Sprintf("%s: %s number %d fails %s with %s", scenarios[f.scenario].name, f.call, f.n, when, f.errno)
}

// killed is the errno of a call in which the program is killed.
const killed = "SIGKILL"

// killing are the calls in which it is.
var killing = []string{"openat", "pwrite64", "write", "fsync", "fdatasync", "ftruncate", "linkat", "renameat", "renameat2", "unlinkat", "utimensat"}

// TestFailingCalls has the n-th system call of one kind fail, in all kinds of
// calls of a book, once or for ever, or kills the program there. The program gets an error, or none where it
// did not matter; it neither dies nor hangs. The next one opens the book in the
// old state or in the new one: in the new one where the call said so, also if the
// power fails then, in the old one where it returned an error other than
// ErrCommitUnknown.
func TestFailingCalls(t *testing.T) {
	needStrace(t)
	seed := testSeed(t)
	runs := make([]*callRun, len(scenarios))
	var all []failure
	base := tempDir(t)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range scenarios {
		if raceEnabled && i != int(seed%uint64(len(scenarios))) && r.IntN(6) > 0 {
			continue // .ci/run has a run of all without -race
		}
		runs[i] = newCallRun(t, filepath.Join(base, fmt.Sprint(i)), i)
		for _, call := range sortedKeys(runs[i].calls) {
			for n := runs[i].calls[call][0] + 1; n <= runs[i].calls[call][1]; n++ {
				for _, errno := range failing[call] {
					all = append(all, failure{i, call, n, false, errno}, failure{i, call, n, true, errno})
				}
				if slices.Contains(killing, call) {
					all = append(all, failure{i, call, n, false, killed})
				}
			}
		}
	}
	total := len(all)
	if !*long {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		some := 400
		if raceEnabled || testing.Short() {
			some = 80
		}
		all = all[:min(some, len(all))]
	}
	tallies := make([]callTally, len(scenarios))
	var (
		mu     sync.Mutex
		wg     sync.WaitGroup
		next   = make(chan failure)
		faults atomic.Int32
	)
	for k := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			dir := filepath.Join(base, fmt.Sprint("run", k))
			for f := range next {
				got, err := runs[f.scenario].fail(t, dir, f)
				mu.Lock()
				tallies[f.scenario].add(got)
				mu.Unlock()
				if err != nil {
					faults.Add(1)
					t.Errorf("%v:\n%v", f, err)
				}
			}
		})
	}
	for _, f := range all {
		if faults.Load() > 20 {
			break
		}
		next <- f
	}
	close(next)
	wg.Wait()
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "scenario\tsystem calls\truns\terror\tunknown\tno matter\tkilled\told state\tnew state\t")
	var sum callTally
	for i, c := range tallies {
		if runs[i] == nil {
			continue
		}
		for _, span := range runs[i].calls {
			c.calls += span[1] - span[0]
		}
		c.row(out, scenarios[i].name)
		sum.add(c)
	}
	sum.row(out, "all")
	_ = out.Flush()
	t.Logf("failing system calls, seed %d, %d of %d runs:\n%s", seed, sum.runs, total, text.String())
}

// callTally counts what became of runs.
type callTally struct{ calls, runs, failed, unknown, fine, killed, old, new int }

func (c *callTally) state(isNew bool) {
	if isNew {
		c.new++
	} else {
		c.old++
	}
}

func (c *callTally) add(d callTally) {
	c.calls, c.runs, c.failed, c.unknown = c.calls+d.calls, c.runs+d.runs, c.failed+d.failed, c.unknown+d.unknown
	c.fine, c.killed, c.old, c.new = c.fine+d.fine, c.killed+d.killed, c.old+d.old, c.new+d.new
}

func (c *callTally) row(out *tabwriter.Writer, name string) {
	fmt.Fprintf(out, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, c.calls, c.runs, c.failed, c.unknown, c.fine, c.killed, c.old, c.new)
}

// fail plays a scenario with a failure and judges what it leaves: as programs
// see it, and as it is after a power cut.
func (run *callRun) fail(t *testing.T, dir string, f failure) (tally callTally, err error) {
	tally.runs = 1
	if err := copyFolder(dir, run.dir); err != nil {
		return tally, err
	}
	log, err := newDiskLog(dir)
	if err != nil {
		return tally, err
	}
	for name := range log.first {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return tally, err
		}
		log.times[name] = fi.ModTime().UnixNano()
	}
	plus := ""
	if f.ever {
		plus = "+"
	}
	trace := dir + ".trace"
	options := []string{"-ttt", "-xx", "-s", "67108864", "-o", trace, "-e", "trace=" + strings.Join(append([]string{f.call}, changingCalls...), ",")}
	how := "signal=" + killed
	if f.errno != killed {
		how = "error=" + f.errno
		options = append(options, onlyTraced)
	}
	options = append(options, "-e", fmt.Sprintf("inject=%s:%s:when=%d%s", f.call, how, f.n, plus))
	out, err := straceChild(t, 20*time.Second, options, "calls", dir, fmt.Sprint(f.scenario))
	if f.errno == killed && err != nil {
		tally.killed = 1
		said := sayings(out)
		said["killed"] = "ok"
		isNew, err := run.judge(dir, f, said)
		tally.state(isNew)
		if err != nil {
			err = fmt.Errorf("%w\nThe program had said:\n%s", err, out)
		}
		return tally, err
	}
	died := err
	stray := false // it was a call of Go's runtime, which writes to wake its threads
	file, err := os.Open(trace)
	if err != nil {
		return tally, err
	}
	defer file.Close()
	err = readTrace(file, func(c *sysCall) error {
		fd, err := c.number(0)
		stray = stray || c.injected && c.name == "write" && err == nil && log.open[fd] == nil
		return log.call(c)
	})
	if stray {
		return callTally{}, nil
	}
	if died != nil {
		return tally, fmt.Errorf("the program died: %w\n%s", died, out)
	}
	if err != nil {
		return tally, err
	}
	said := sayings(out)
	for line := range strings.Lines(out) {
		if words := strings.SplitN(line, " ", 4); len(words) != 4 || words[0] != "ack" || words[2] != "ok" && !strings.Contains(words[3], dir) {
			return tally, fmt.Errorf("an error in several lines, or that names neither the file nor its folder: %s", line)
		}
	}
	if said["end"] == "" {
		return tally, fmt.Errorf("it did not come to its end:\n%s", out)
	}
	for _, class := range said {
		switch class {
		case "failed":
			tally.failed = 1
		case "unknown":
			tally.unknown = 1
		}
	}
	if tally.failed+tally.unknown == 0 {
		tally.fine = 1
	}
	d := newDisk(log)
	for _, e := range log.events {
		d.step(e)
	}
	files, err := readFolder(dir)
	if err == nil {
		err = d.compare(files)
	}
	if err != nil {
		return tally, fmt.Errorf("%w\n%s", err, out)
	}
	isNew, err := run.judge(dir, f, said)
	if err != nil {
		return tally, fmt.Errorf("%w\nThe program said:\n%s", err, out)
	}
	tally.state(isNew)
	if err := d.after(plainTear(func(*diskOp) bool { return false }, false)).write(dir); err != nil {
		return tally, err
	}
	if _, err := run.judge(dir, f, said); err != nil {
		return tally, fmt.Errorf("after a power cut: %w\nThe program said:\n%s", err, out)
	}
	return tally, nil
}

// sayings returns what a child said of each of its calls: ok, failed, unknown.
func sayings(out string) map[string]string {
	said := map[string]string{}
	for line := range strings.Lines(out) {
		if words := strings.SplitN(line, " ", 4); len(words) == 4 && words[0] == "ack" {
			said[words[1]] = words[2]
		}
	}
	return said
}

// judge opens the folder as the next program does, and compares it with what
// the last one was told.
func (run *callRun) judge(dir string, f failure, said map[string]string) (isNew bool, err error) {
	sc := scenarios[f.scenario]
	path := filepath.Join(dir, bookName)
	list, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), ".") || e.Name() == bookName || strings.Contains(e.Name(), ".damaged-") {
			continue
		}
		s, err := Open(filepath.Join(dir, e.Name()), &Options{ReadOnly: true})
		if err == nil {
			err = errors.Join(s.Check(ctxNone), s.Close())
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	s, err := Open(path, &Options{LockWait: -1, MustExist: said["open"] == "ok" || run.old != nil})
	if errors.Is(err, contacts.ErrDamaged) && sc.repair && said["repair"] != "ok" {
		if _, err = Repair(ctxNone, path, nil); err == nil {
			s, err = Open(path, &Options{LockWait: -1, MustExist: true})
		}
	}
	if err != nil {
		return false, err
	}
	defer s.Close()
	if err := s.Check(ctxNone); err != nil {
		return false, err
	}
	after, others, err := plainState(s)
	if err != nil {
		return false, err
	}
	if said["killed"] != "" { // a call that had begun and did not return
		if sc.call != nil && said["book"] == "ok" {
			said["call"] = cmp.Or(said["call"], "unknown")
		}
		if said["call"] != "" || sc.call == nil && said["book"] == "ok" {
			said["after"] = cmp.Or(said["after"], "unknown")
		}
	}
	isNew = slices.Equal(others, run.new)
	isOld := slices.Equal(others, run.old)
	if lost := len(run.new) - len(others); sc.repair && lost > 0 && between(nil, others, run.new) {
		// A page that could not be read is as lost as a damaged one: the
		// report said so, and the damaged file is kept. One contact is on
		// the page that is damaged anyway.
		isOld = said[fmt.Sprint("missing=", lost+1)] != "" && hasAside(list)
	}
	switch {
	case said["call"] == "ok" && !isNew:
		return isNew, errors.New("the call returned, and what it did is not there")
	case said["call"] == "failed" && !isOld && sc.kind != manyCommits:
		return isNew, errors.New("the call failed, and what it did is there")
	case said["call"] == "" && !isOld:
		return isNew, errors.New("there was no call, and the book is another")
	case !isOld && !isNew && !(sc.kind == manyCommits && between(run.old, others, run.new)):
		return isNew, errors.New("neither the old state nor the new one")
	case said["after"] == "ok" && !after:
		return isNew, errors.New("what was written after it is not there")
	case said["after"] != "ok" && said["after"] != "unknown" && after:
		return isNew, errors.New("what was not written after it is there")
	}
	return isNew, s.Close()
}

// hasAside reports whether a damaged file was kept.
func hasAside(list []os.DirEntry) bool {
	return slices.ContainsFunc(list, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), bookName+asideMark) })
}

// between reports whether all of a is in b and all of b in c, as sets.
func between(a, b, c []string) bool {
	in := func(x, y []string) bool {
		return !slices.ContainsFunc(x, func(s string) bool { return !slices.Contains(y, s) })
	}
	return in(a, b) && in(b, c)
}
