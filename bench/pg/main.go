// Command pg does the same work on pgstore and by hand, with plain pgx on tables
// and indexes that are the same, in one run on one server, and prints one table.
// See README.md of the folder above.
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
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/callerbook/contacts/internal/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pg:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("pg", flag.ContinueOnError)
	flags.SetOutput(stderr)
	m := &measurement{log: stderr, results: map[key]float64{}}
	flags.IntVar(&m.n, "n", 1_000_000, "contacts of a book")
	flags.BoolVar(&m.quick, "quick", false, "4,000 contacts and few repetitions: shows that all runs, not how fast it is")
	flags.IntVar(&m.conns, "conns", 16, "connections of each side's pool")
	dsn := flags.String("dsn", "", "an `URL` of a server to use, in which the schemas bench_ours and bench_plain are thrown away; default: one of its own, with fsync")
	fsync := flags.Bool("fsync", true, "commits of the server of its own wait for the disk")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if m.quick {
		m.n = 4000
	}
	if m.n < 4000 {
		return errors.New("-n is to be 4000 or more")
	}
	if *dsn == "" {
		m.progress("starting a server")
		var stop func()
		// What a machine of its own would have at least, the same for both sides;
		// vacuum runs when the measurement says so.
		c := pgtest.Config{Fsync: *fsync, Settings: map[string]string{
			"shared_buffers": "1GB", "max_wal_size": "8GB", "maintenance_work_mem": "256MB", "autovacuum": "off",
		}}
		if *dsn, stop, err = pgtest.Run(c); err != nil {
			return err
		}
		defer stop()
	}
	admin, err := pgxpool.New(ctx, *dsn)
	if err != nil {
		return err
	}
	defer admin.Close()
	m.admin = admin
	about, err := m.about(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := m.all(ctx, *dsn); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; %s; %d contacts; %s; the run took %v\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), about, m.n, time.Now().Format(time.DateOnly), time.Since(begin).Round(time.Second))
	if err := m.table(stdout); err != nil {
		return err
	}
	return m.bytes(ctx, stdout)
}

// about says which server it is, and whether its commits wait for the disk.
func (m *measurement) about(ctx context.Context) (text string, err error) {
	var version, fsync, commit, buffers string
	err = m.admin.QueryRow(ctx, `SELECT split_part(version(), ' (', 1), current_setting('fsync'), current_setting('synchronous_commit'),
		current_setting('shared_buffers')`).Scan(&version, &fsync, &commit, &buffers)
	return fmt.Sprintf("%s, fsync %s, synchronous_commit %s, shared_buffers %s", version, fsync, commit, buffers), err
}
