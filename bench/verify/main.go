// Command verify measures how long it takes to open a book in a file, wholly
// verified or after a quick look, beside what bbolt does. See ../README.md.
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
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/bench/internal/people"
	"github.com/callerbook/contacts/bench/internal/report"
	"github.com/callerbook/contacts/boltstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("contacts", "20000,1000000", "contacts of the books")
	dir := flags.String("dir", "", "where to put the files, on the kind of disk that counts; default: a folder in the system's temporary folder")
	times := flags.Int("times", 15, "how often each way is measured warm, of which the median counts; a third of it cold")
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
	folder, err := os.MkdirTemp(*dir, "contacts-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	cold := dropCaches() == nil
	if !cold {
		fmt.Fprintln(stderr, "verify: only root may empty the system's cache of files, on Linux: nothing is measured cold")
	}
	rows := [][]string{{"contacts", "MiB", "", "warm, ms", "per 100 MiB", "of processors", "cold, ms", "per 100 MiB"}}
	for _, n := range list {
		path := filepath.Join(folder, "book.db")
		fmt.Fprintf(stderr, "%s %d contacts\n", time.Now().Format(time.TimeOnly), n)
		if err := fill(ctx, path, n); err != nil {
			return err
		}
		fi, err := os.Stat(path)
		if err != nil {
			return err
		}
		mib := float64(fi.Size()) / (1 << 20)
		for _, w := range ways {
			spent, runs := report.Processor(), max(*times, 1)
			warm, err := measure(path, w.open, runs, false)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			spent = (report.Processor() - spent) / time.Duration(runs+1) // one is not measured
			row := []string{fmt.Sprint(n), report.Number(mib), w.name, millis(warm), millis(per100(warm, mib)), millis(per100(spent, mib)), "-", "-"}
			if cold {
				took, err := measure(path, w.open, max(*times/3, 1), true)
				if err != nil {
					return fmt.Errorf("%s: %w", w.name, err)
				}
				row[6], row[7] = millis(took), millis(per100(took, mib))
			}
			rows = append(rows, row)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%s, %s/%s, %d CPUs; %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly))
	return report.Table(stdout, rows)
}

func per100(d time.Duration, mib float64) time.Duration { return time.Duration(float64(d) * 100 / mib) }
func millis(d time.Duration) string                     { return report.Number(report.Micros(d) / 1000) }

// fill makes a book of n contacts at path.
func fill(ctx context.Context, path string, n int) error {
	store, err := boltstore.Open(path, nil)
	if err != nil {
		return err
	}
	book, err := contacts.Open(ctx, store, contacts.Scope{Account: "acme", Stream: "main"}, &contacts.Options{Actor: contacts.Actor{ID: people.Author}})
	if err == nil {
		_, err = book.Import(ctx, func(yield func(contacts.ImportRow, error) bool) {
			for i := range n {
				p := people.At(i)
				c := contacts.Contact{
					FirstName: p.First, LastName: p.Last, Salutation: p.Salutation,
					CellPhone: contacts.Phone{Number: p.National, CountryCode: p.Code, Extension: "+"},
				}
				if !yield(contacts.ImportRow{Contact: c}, nil) {
					return
				}
			}
		}, nil, func(r contacts.ImportResult) error { return r.Err })
	}
	return errors.Join(err, store.Close())
}

// ways has what is measured: each opens the file and closes it.
var ways = []struct {
	name string
	open func(path string) error
}{
	{"open, verified wholly", func(path string) error { return open(path, boltstore.VerifyFull) }},
	{"open, a quick look", func(path string) error { return open(path, boltstore.VerifyAuto) }},
	{"bbolt.Open", func(path string) error { return bolt(path, func(*bbolt.Tx) error { return nil }) }},
	{"bbolt.Open and Check", func(path string) error {
		return bolt(path, func(tx *bbolt.Tx) (err error) {
			for e := range tx.Check() {
				err = errors.Join(err, e)
			}
			return err
		})
	}},
}

func open(path string, how boltstore.Verify) error {
	s, err := boltstore.Open(path, &boltstore.Options{ReadOnly: true, Verify: how})
	if err != nil {
		return err
	}
	if full := how == boltstore.VerifyFull; s.Info().Full != full {
		err = fmt.Errorf("wholly verified: %v, to be %v", s.Info().Full, full)
	}
	return errors.Join(err, s.Close())
}

func bolt(path string, fn func(tx *bbolt.Tx) error) error {
	db, err := bbolt.Open(path, 0, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(db.View(fn), db.Close())
}

// measure returns the median of the times that fn takes, with the file in the
// system's cache or not.
func measure(path string, fn func(path string) error, n int, cold bool) (time.Duration, error) {
	if !cold {
		if err := fn(path); err != nil {
			return 0, err
		}
	}
	var all []time.Duration
	for range n {
		if cold {
			if err := dropCaches(); err != nil {
				return 0, err
			}
		}
		begin := time.Now()
		if err := fn(path); err != nil {
			return 0, err
		}
		all = append(all, time.Since(begin))
	}
	return report.Median(all), nil
}

// dropCaches has the system forget what it has of files, where it lets us.
func dropCaches() error {
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0)
}
