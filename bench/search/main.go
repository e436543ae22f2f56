// Command search asks this library, SQLite FTS5 and bleve the same queries, as
// somebody types them, about the same people, in one run, and prints one table.
// See ../README.md.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("search", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("n", "100000,1000000", "sizes of the books, in contacts, separated by commas")
	only := flags.String("only", "", "sides ("+strings.Join(present(), ", ")+") and classes of queries ("+strings.Join(classNames(), ", ")+") to run, separated by commas; none of a kind means all of it")
	dir := flags.String("dir", "", "where to put the files, on the kind of disk that counts; default: a folder in the system's temporary folder")
	quick := flags.Bool("quick", false, "4,000 contacts and few queries: shows that all runs, not how fast it is")
	slow := flags.Bool("slow", false, "show the slowest query of each class and side, too")
	profile := flags.String("cpuprofile", "", "write a CPU profile of the queries to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	m := &measurement{log: stderr, rounds: 5, most: 240, results: make(map[key]*result)}
	if *quick {
		*sizes, m.rounds, m.most = "4000", 1, 40
	}
	if m.sizes, err = report.Sizes(*sizes); err != nil {
		return err
	}
	if m.sides, m.classes, err = parseOnly(*only); err != nil {
		return err
	}
	if m.dir, err = os.MkdirTemp(*dir, "contacts-search-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		m.profile = func() error { return pprof.StartCPUProfile(f) }
		defer pprof.StopCPUProfile()
	}

	begin := time.Now()
	for _, n := range m.sizes {
		if err := m.size(ctx, n); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; %s; the run took %v\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly), time.Since(begin).Round(time.Second))
	if err := m.table(stdout); err != nil {
		return err
	}
	fmt.Fprintln(stdout)
	for _, name := range sideNames {
		if why := leftOut(name); why != "" {
			fmt.Fprintf(stdout, "%s: %s.\n", titles[name], why)
		}
	}
	if *slow {
		m.slowest(stdout)
	}
	return nil
}

// parseOnly splits what -only names into sides and classes.
func parseOnly(s string) (sides []string, chosen []class, err error) {
	for _, f := range strings.Split(s, ",") {
		f = strings.TrimSpace(f)
		at := slices.Index(classNames(), f)
		switch {
		case f == "":
		case slices.Contains(present(), f):
			sides = append(sides, f)
		case at >= 0:
			chosen = append(chosen, classes[at])
		default:
			return nil, nil, fmt.Errorf("-only: there is neither a side nor a class %q", f)
		}
	}
	if sides == nil {
		sides = present()
	}
	if chosen == nil {
		chosen = classes
	}
	return sides, chosen, nil
}
