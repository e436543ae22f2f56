// Command bench does the same work on this library and on what a program
// would pick instead of it, in one run, and prints one table. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts/bench/internal/report"
	"github.com/callerbook/contacts/bench/internal/sqlitedb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("n", "100000,1000000", "sizes of the books, in contacts, separated by commas")
	only := flags.String("only", "", "sides ("+strings.Join(sideNames(), ", ")+") and works ("+strings.Join(workNames(), ", ")+") to run, separated by commas; none of a kind means all of it")
	dir := flags.String("dir", "", "where to put the files, on the kind of disk that counts; default: a folder in the system's temporary folder")
	quick := flags.Bool("quick", false, "4,000 contacts and few repetitions: shows that all runs, not how fast it is")
	profile := flags.String("cpuprofile", "", "write a CPU profile of the run to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	m := &measurement{log: stderr, quick: *quick, results: make(map[key]float64)}
	if *quick {
		*sizes = "4000"
	}
	if m.sizes, err = report.Sizes(*sizes); err != nil {
		return err
	}
	if m.sides, m.works, err = parseOnly(*only); err != nil {
		return err
	}
	if m.dir, err = os.MkdirTemp(*dir, "contacts-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()

	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	sync, err := syncCost(m.dir)
	if err != nil {
		return err
	}
	begin := time.Now()
	for _, n := range m.sizes {
		if err := m.size(ctx, n); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; a write of 4 KiB with fsync takes %.0f us; %s; the run took %v\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), report.Micros(sync), time.Now().Format(time.DateOnly), time.Since(begin).Round(time.Second))
	if err := m.table(stdout); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	if sqlitedb.Mattn == nil {
		fmt.Fprintln(stdout, "SQLite mattn is left out: this program was built without cgo (it needs CGO_ENABLED=1 and a C compiler).")
	}
	for _, note := range m.notes {
		fmt.Fprintln(stdout, note)
	}
	return nil
}

// parseOnly splits what -only names into sides and works. Loading is part of
// every run; a run of chosen works shows only these.
func parseOnly(s string) (sides []string, works map[string]bool, err error) {
	works = make(map[string]bool)
	for _, f := range strings.Split(s, ",") {
		switch f = strings.TrimSpace(f); {
		case f == "":
		case slices.Contains(sideNames(), f):
			sides = append(sides, f)
		case slices.Contains(workNames(), f):
			works[f] = true
		default:
			return nil, nil, fmt.Errorf("-only: there is neither a side nor a work %q", f)
		}
	}
	if sides == nil {
		sides = sideNames()
	}
	if len(works) == 0 {
		for _, w := range workNames() {
			works[w] = true
		}
	}
	return sides, works, nil
}

// syncCost returns the median time of a small durable write to dir: what any
// side's create has to pay at least.
func syncCost(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	page := make([]byte, 4096)
	var times []time.Duration
	for i := range 51 {
		begin := time.Now()
		if _, err := f.WriteAt(page, int64(i%8)*4096); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	return report.Median(times), nil
}
