// Command httpload measures "contacts serve" from another process: it builds and
// starts the server, loads a book over HTTP, makes creates and look-ups over
// connections that stay open, and prints one table. See ../README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
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
		fmt.Fprintln(os.Stderr, "httpload:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("httpload", flag.ContinueOnError)
	flags.SetOutput(stderr)
	n := flags.Int("n", 100_000, "contacts in the book")
	clients := flags.String("clients", "1,8,64", "numbers of clients, separated by commas")
	long := flags.Duration("for", 10*time.Second, "how long to measure each call with each number of clients")
	dir := flags.String("dir", "", "where to put the files, on the kind of disk that counts; default: a folder in the system's temporary folder")
	binary := flags.String("bin", "", "the program to start; default: built from this repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	counts, err := parseCounts(*clients)
	switch {
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *n < 1 || *long <= 0:
		return errors.New("-n and -for must be more than 0")
	}
	folder, err := os.MkdirTemp(*dir, "contacts-httpload-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if *binary == "" {
		*binary = filepath.Join(folder, "contacts.exe") // a name that every system starts
		fmt.Fprintln(stderr, "building the server")
		out, err := exec.CommandContext(ctx, "go", "build", "-o", *binary, "github.com/callerbook/contacts/cmd/contacts").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}

	var results []result
	for _, store := range []string{"boltstore", "memstore"} {
		list, err := measureStore(ctx, stderr, *binary, folder, store, *n, counts, *long)
		if err != nil {
			return fmt.Errorf("%s: %w", store, err)
		}
		results = append(results, list...)
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs for the server and its clients; %d contacts; %v a row\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *n, *long)
	return printTable(stdout, results)
}

// parseCounts reads numbers of clients, separated by commas.
func parseCounts(text string) (list []int, err error) {
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1 || n > 10_000 {
			return nil, fmt.Errorf("-clients: %q is no number from 1 to 10000", word)
		}
		list = append(list, n)
	}
	return list, nil
}

// measureStore measures all calls on one store.
func measureStore(ctx context.Context, log io.Writer, binary, dir, store string, n int, clients []int, long time.Duration) (list []result, err error) {
	args := []string{"--memory"}
	if store == "boltstore" {
		args = []string{"--file", filepath.Join(dir, "book.db")}
	}
	s, err := start(ctx, binary, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	fmt.Fprintf(log, "%s: loading %d contacts\n", store, n)
	if err := s.load(ctx, n); err != nil {
		return nil, err
	}
	next := n // the first person that is not in the book
	for _, count := range clients {
		for _, c := range []call{lookup, create} {
			r, made, err := s.measure(ctx, c, count, n, next, long)
			if err != nil {
				return nil, fmt.Errorf("%s by %d clients: %w", c, count, err)
			}
			next += made
			r.store = store
			list = append(list, r)
			fmt.Fprintf(log, "%s: %s by %d clients: %.0f a second\n", store, c, count, r.perSecond)
		}
	}
	return list, nil
}

// printTable prints the results, a call and a number of clients a row, the
// stores beside each other.
func printTable(w io.Writer, results []result) error {
	rows := [][]string{{"call", "clients", "boltstore, requests/s", "p50, ms", "p99, ms", "memstore, requests/s", "p50, ms", "p99, ms", "boltstore's share of p50"}}
	for _, r := range results {
		for _, m := range results {
			if r.store != "boltstore" || m.store != "memstore" || m.call != r.call || m.clients != r.clients {
				continue
			}
			share := "-"
			if r.call == create {
				share = fmt.Sprintf("%.0f %%", 100*max(0, 1-float64(m.p50)/float64(r.p50)))
			}
			rows = append(rows, append(append([]string{string(r.call), fmt.Sprint(r.clients)}, append(r.cells(), m.cells()...)...), share))
		}
	}
	return report.Table(w, rows)
}

// cells are a result in the table.
func (r result) cells() []string {
	return []string{strings.TrimSpace(fmt.Sprintf("%6.0f", r.perSecond)), report.Number(report.Micros(r.p50) / 1000), report.Number(report.Micros(r.p99) / 1000)}
}
