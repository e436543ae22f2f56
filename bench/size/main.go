// Command size shows what packages cost a program that links them: bytes of the
// binary, and time at every start. It builds the programs in testdata, runs
// them in turns, and prints one table. See ../README.md.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

// programs are the folders in testdata.
var programs = []struct{ name, title string }{
	{"empty", "nothing: func main() {}"},
	{"book", "contacts, boltstore, phone"},
	{"display", "the same and phone/display"},
	{"place", "the same and phone/display/place"},
	{"parse", "phonenumbers.Parse alone"},
}

// result is what was measured of one program.
type result struct {
	bytes  int64
	starts []time.Duration // from its start to its exit
	inits  []time.Duration // of its packages together
	heap   int64           // bytes that these allocate
}

// run is the program.
func run(args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("size", flag.ContinueOnError)
	flags.SetOutput(stderr)
	runs := flags.Int("runs", 31, "how often each program is started; 1 shows that all works")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *runs < 1 {
		return fmt.Errorf("size takes no arguments, and -runs of at least 1")
	}
	dir, err := os.MkdirTemp("", "contacts-size-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := build(dir); err != nil {
		return err
	}
	results, err := measure(dir, *runs)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; medians of %d starts each; %s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *runs, time.Now().Format(time.DateOnly))
	return table(stdout, results)
}

// build puts all programs into dir.
func build(dir string) error {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir + string(filepath.Separator)}
	for _, p := range programs {
		args = append(args, "github.com/callerbook/contacts/bench/size/testdata/"+p.name)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// measure starts the programs in turns, so that what else happens on the
// machine meets all of them.
func measure(dir string, runs int) ([]result, error) {
	results := make([]result, len(programs))
	for turn := range runs + 1 {
		for i, p := range programs {
			r := &results[i]
			file := filepath.Join(dir, p.name)
			if runtime.GOOS == "windows" {
				file += ".exe"
			}
			begin := time.Now()
			if out, err := exec.Command(file).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", p.name, err, out)
			}
			took := time.Since(begin)

			traced := exec.Command(file)
			traced.Env = append(os.Environ(), "GODEBUG=inittrace=1")
			out, err := traced.CombinedOutput()
			if err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", p.name, err, out)
			}
			inits, heap, err := readTrace(out)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.name, err)
			}
			if turn == 0 { // the first start reads the file from the disk
				info, err := os.Stat(file)
				if err != nil {
					return nil, err
				}
				r.bytes = info.Size()
				continue
			}
			r.starts, r.inits, r.heap = append(r.starts, took), append(r.inits, inits), heap
		}
	}
	return results, nil
}

// initLine is a line of GODEBUG=inittrace=1.
var initLine = regexp.MustCompile(`^init \S+ @\S+ ms, (\S+) ms clock, (\d+) bytes, \d+ allocs$`)

// readTrace sums up what the packages of a program take before main.
func readTrace(out []byte) (clock time.Duration, heap int64, err error) {
	if !bytes.HasPrefix(out, []byte("init ")) {
		return 0, 0, errors.New("no trace of package initialisation")
	}
	for line := range strings.Lines(string(out)) {
		m := initLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			return 0, 0, fmt.Errorf("this line is no trace of a package: %q", line)
		}
		ms, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, 0, err
		}
		n, err := strconv.ParseInt(m[2], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		clock += time.Duration(ms * float64(time.Millisecond))
		heap += n
	}
	return clock, heap, nil
}

// table writes the results in Markdown.
func table(out io.Writer, results []result) error {
	rows := [][]string{{"program links", "binary, MB", "over nothing, MB", "start to exit, ms", "over nothing, ms", "package init, ms", "allocated by it, KB"}}
	base := results[0]
	for i, r := range results {
		start := median(r.starts)
		rows = append(rows, []string{
			programs[i].title,
			fmt.Sprintf("%.2f", float64(r.bytes)/1e6),
			fmt.Sprintf("%.2f", float64(r.bytes-base.bytes)/1e6),
			fmt.Sprintf("%.1f", millis(start)),
			fmt.Sprintf("%.1f", millis(start-median(base.starts))),
			fmt.Sprintf("%.2f", millis(median(r.inits))),
			fmt.Sprintf("%.0f", float64(r.heap)/1e3),
		})
	}
	var b strings.Builder
	for n, row := range rows {
		for i, c := range row {
			if i == 0 {
				fmt.Fprintf(&b, "| %-*s |", width(rows, 0), c)
			} else {
				fmt.Fprintf(&b, " %*s |", width(rows, i), c)
			}
		}
		b.WriteByte('\n')
		if n == 0 {
			b.WriteString("|" + strings.Repeat("-", width(rows, 0)+2) + "|")
			for i := 1; i < len(row); i++ {
				b.WriteString(strings.Repeat("-", width(rows, i)+1) + ":|")
			}
			b.WriteByte('\n')
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// width returns the width of a column.
func width(rows [][]string, column int) int {
	w := 0
	for _, row := range rows {
		w = max(w, len(row[column]))
	}
	return w
}

// median returns the middle of times, which it sorts.
func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
