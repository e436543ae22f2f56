// Command import measures how a large number of contacts comes into an empty
// book in a file: time, memory, what the file is like afterwards, and what plain
// bbolt takes to write the same keys and values. See ../README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/callerbook/contacts/bench/internal/report"
	"github.com/callerbook/contacts/interchange"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "import:", err)
		os.Exit(1)
	}
}

// measurement is one run.
type measurement struct {
	dir  string
	log  io.Writer
	n    int
	rows [][]string
}

func (m *measurement) progress(format string, args ...any) {
	fmt.Fprintf(m.log, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func (m *measurement) row(what, value string) { m.rows = append(m.rows, []string{what, value}) }

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("n", "1000000", "contacts to take in")
	via := flags.String("via", "csv", "how: csv (interchange.Import of a file), import (Book.Import of the same contacts), load (Store.Load of records that a Book made) or each (one CreateEach)")
	dir := flags.String("dir", "", "where to put the files, on the kind of disk that counts; default: a folder in the system's temporary folder")
	profile := flags.String("cpuprofile", "", "write a CPU profile of the import to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	list, err := report.Sizes(*sizes)
	if err != nil {
		return err
	}
	if _, ok := ways("")[*via]; !ok {
		return fmt.Errorf("-via: there is no way %q", *via)
	}
	m := &measurement{log: stderr, rows: [][]string{{"", ""}}}
	if m.dir, err = os.MkdirTemp(*dir, "contacts-import-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(m.dir)) }()
	for _, m.n = range list {
		if err := writeCSV(m.dir, m.n); err != nil {
			return err
		}
		if err := m.size(ctx, ways(m.dir)[*via], *profile); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; by %s; %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *via, time.Now().Format(time.DateOnly))
	return report.Table(stdout, m.rows)
}

// size measures one import.
func (m *measurement) size(ctx context.Context, way importer, profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	path := filepath.Join(m.dir, "book.db")
	m.progress("import %d", m.n)
	spent := report.Processor()
	took, peak, err := m.fill(ctx, path, way, m.n)
	spent = report.Processor() - spent
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	m.row(fmt.Sprintf("%d contacts", m.n), "")
	m.row("time, s", report.Number(took.Seconds()))
	m.row("processor time, s", report.Number(spent.Seconds()))
	m.row("us a contact", report.Number(report.Micros(took)/float64(m.n)))
	m.row("most memory of Go, MB", report.Number(float64(peak.runtime)/1e6))
	m.row("most anonymous memory of the process, MB", report.Number(float64(peak.anonymous)/1e6))
	m.row("file bytes a contact", report.Number(float64(fi.Size())/float64(m.n)))

	m.progress("dry run")
	dry, peak, err := m.fill(ctx, filepath.Join(m.dir, "empty.db"), byCSV(m.dir, &interchange.Options{DryRun: true}), 0)
	if err != nil {
		return err
	}
	m.row("a dry run of CSV, s", report.Number(dry.Seconds()))
	m.row("most anonymous memory in it, MB", report.Number(float64(peak.anonymous)/1e6))

	m.progress("plain bbolt writes the same")
	for _, fill := range []float64{0.5, 0.9} {
		spent := report.Processor()
		plain, bytes, err := rewrite(path, filepath.Join(m.dir, "plain.db"), fill)
		if err != nil {
			return err
		}
		spent = report.Processor() - spent
		name := fmt.Sprintf("plain bbolt, the same sorted, FillPercent %.1f", fill)
		m.row(name+", s", report.Number(plain.Seconds()))
		m.row(name+", processor time, s", report.Number(spent.Seconds()))
		m.row(name+", file bytes a contact", report.Number(float64(bytes)/float64(m.n)))
		m.row("import / "+name, report.Number(took.Seconds()/plain.Seconds()))
	}

	m.progress("single creates")
	if err := m.creates(ctx, path); err != nil {
		return err
	}
	for _, name := range []string{"book.db", "empty.db", "fresh.db", "compacted.db"} {
		err = errors.Join(err, os.Remove(filepath.Join(m.dir, name)))
	}
	return err
}
