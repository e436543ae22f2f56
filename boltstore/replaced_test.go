//go:build !windows

package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

func init() { children["replaced"] = childReplaced }

// moments say what goes on while the file is disturbed.
var moments = []string{"between calls", "during commits", "during compactions", "with snapshots open", "with readers", "with backups"}

// disturbed is one round: a book in use, that is disturbed.
type disturbed struct {
	*files
	s *Store

	// amid says that the file is overwritten in place while commits are under way:
	// a commit that ends then makes the meta pages look as it left them, and
	// reads may see what was written there until the next look at both. Or the file
	// was cut within a page, whose end reads as zeros.
	amid bool

	writing sync.Mutex
	acked   []string // ids of contacts whose Create began after the disturbance was over, and returned nil
	over    atomic.Bool
	fault   atomic.Pointer[error]
}

func (d *disturbed) fail(format string, a ...any) {
	err := fmt.Errorf(format, a...)
	d.fault.CompareAndSwap(nil, &err)
}

// allowed reports whether err is one that the file's fate may cause.
func (d *disturbed) allowed(err error) bool {
	if err == nil {
		return true
	}
	for _, e := range []error{contacts.ErrDamaged, ErrReplaced, contacts.ErrCommitUnknown, contacts.ErrClosed, os.ErrPermission, os.ErrNotExist, syscall.ENOTDIR} {
		if errors.Is(err, e) && strings.Contains(err.Error(), d.path) {
			return true
		}
	}
	return false
}

// write creates contacts, until one is refused.
func (d *disturbed) write(b *contacts.Book, name string, most int) {
	ctx := context.Background()
	for i, after := 0, 0; after < most && i < 5000; i++ {
		over := d.over.Load()
		id := fmt.Sprintf("%s-%d", name, i)
		c := contacts.Contact{FirstName: id, Notes: strings.Repeat("n", i%3*2000)}
		c, err := b.Create(ctx, c)
		switch {
		case err == nil:
			if over {
				after++
				d.writing.Lock()
				d.acked = append(d.acked, c.ID)
				d.writing.Unlock()
			}
		case !d.allowed(err):
			d.fail("write: %w", err)
			return
		default:
			// Every later call says so too, unless nothing has happened.
			if _, again := b.Create(ctx, c); d.s.engine.fault.Load() != nil && again == nil {
				d.fail("a write after %w", err)
			}
			return
		}
	}
}

// read reads the contacts that were edited last before the disturbance, which an
// older copy has in an older state.
func (d *disturbed) read(b *contacts.Book, most int) {
	ctx := context.Background()
	for i, after := 0, 0; after < most && i < 100_000; i++ {
		over := d.over.Load()
		n := i % 20
		var c contacts.Contact
		var err error
		switch i % 3 {
		case 0:
			c, err = b.Get(ctx, pinned(n))
		case 1:
			var m contacts.Match
			m, err = b.Lookup(ctx, pinnedNumber(n), nil)
			c = m.Contact
		case 2:
			var found contacts.Results
			found, err = b.Search(ctx, fmt.Sprint("pinned", n), nil)
			if err == nil && len(found.Hits) > 0 {
				c = found.Hits[0].Contact
			}
		}
		if err != nil {
			if !d.allowed(err) {
				if !over && errors.Is(err, contacts.ErrNotFound) {
					continue // it is being overwritten
				}
				if d.amid && errors.Is(err, contacts.ErrNotFound) {
					return
				}
				d.fail("read: %w", err)
			}
			return
		}
		if over {
			after++
			if c.ID != pinned(n) || c.Notes != "second" {
				if d.amid {
					return
				}
				d.fail("read %d gives %q of %q, and no error", i%3, c.Notes, c.ID)
				return
			}
		}
	}
}

func pinned(n int) string       { return fmt.Sprintf("id-1-%06d", n+1) }
func pinnedNumber(n int) string { return fmt.Sprintf("+9196%08d", n) }

// makeDisturbed makes the files of a round in dir.
func makeDisturbed(r *rand.Rand, dir string) (*files, *Store, *contacts.Book, error) {
	ctx := context.Background()
	f := &files{Rand: r, path: filepath.Join(dir, "in", "book.db")}
	for _, name := range []*string{&f.older, &f.newer, &f.another} {
		*name = filepath.Join(dir, fmt.Sprint("file", r.Uint64()))
	}
	if err := os.Mkdir(filepath.Dir(f.path), 0o700); err != nil {
		return nil, nil, nil, err
	}
	open := func(path string, serial int) (*Store, *contacts.Book, error) {
		s, err := Open(path, nil)
		if err != nil {
			return nil, nil, err
		}
		books, err := richBooks(ctx, s, serial)
		return s, books[1], err
	}
	fill := func(b *contacts.Book, n int) error {
		var list []contacts.Contact
		for i := range n {
			c := contacts.Contact{FirstName: fmt.Sprint("pinned", i), LastName: "x", Notes: "first"}
			c.CellPhone.Number = pinnedNumber(i)
			list = append(list, c)
		}
		_, err := b.CreateAll(ctx, list)
		return err
	}
	s, b, err := open(f.another, 100)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := errors.Join(fill(b, 300), s.Close()); err != nil {
		return nil, nil, nil, err
	}
	s, b, err = open(f.path, 0)
	if err == nil {
		err = fill(b, 60)
	}
	if err == nil {
		err = s.BackupFile(ctx, f.older)
	}
	edit := func(b *contacts.Book, notes string) error {
		var ids []string
		for i := range 20 {
			ids = append(ids, pinned(i))
		}
		return each(b.EditEach(ctx, ids, func(_ int, c *contacts.Contact) error { c.Notes = notes; return nil }))
	}
	if err == nil {
		err = edit(b, "second")
	}
	if err == nil {
		err = s.BackupFile(ctx, f.newer)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	newer, nb, err := open(f.newer, 500)
	if err == nil {
		err = edit(nb, "of the newer copy")
	}
	return f, s, b, errors.Join(err, newer.Close())
}

// round disturbs a book and returns what should not be.
func round(r *rand.Rand, dir, how, moment string) (outcome string, err error) {
	ctx := context.Background()
	f, s, b, err := makeDisturbed(r, dir)
	if err != nil {
		return "", err
	}
	amid := moment == "during commits" || moment == "during compactions" || moment == "with readers"
	d := &disturbed{files: f, s: s, amid: amid && strings.Contains(how, "in place") || how == "truncated in the middle"}
	var all sync.WaitGroup
	stop := make(chan struct{})
	repeat := func(what string, fn func() error) {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := fn(); !d.allowed(err) && !strings.Contains(err.Error(), d.path) {
					d.fail("%s: %w", what, err)
				}
				if s.engine.fault.Load() != nil {
					return
				}
			}
		})
	}
	release := func() {}
	switch moment {
	case "during commits":
		for n := range 3 {
			all.Go(func() { d.write(b, fmt.Sprint("w", n), 20) })
		}
	case "during compactions":
		repeat("compact", func() error { return s.Compact(ctx) })
		all.Go(func() { d.write(b, "c", 20) })
	case "with readers":
		for range 3 {
			all.Go(func() { d.read(b, 200) })
		}
		all.Go(func() { d.write(b, "r", 10) })
	case "with snapshots open":
		for range 3 {
			repeat("scan", func() error {
				n := 0
				for _, err := range b.All(ctx, &contacts.ListOptions{Status: richStatus}) {
					if n++; err != nil {
						return err
					}
				}
				return nil
			})
		}
		held, err := s.engine.Snapshot()
		if err != nil {
			return "", err
		}
		release = held.Release
	case "with backups":
		repeat("backup", func() error { return s.Backup(ctx, io.Discard) })
		repeat("check", func() error { return s.Check(ctx) })
		repeat("fork", func() error {
			fork, err := s.Fork(ctx)
			if err == nil {
				err = fork.Close()
			}
			return err
		})
	}
	if moment != "between calls" {
		time.Sleep(time.Duration(r.IntN(6000)) * time.Microsecond)
	}
	for _, x := range disturbances {
		if x.name == how {
			err = x.do(f)
		}
	}
	d.over.Store(true)
	if err != nil && moment != "during compactions" { // which may come between
		return "", fmt.Errorf("the disturbance: %w", err)
	}
	d.read(b, 6)
	d.write(b, "last", 5)
	close(stop)
	all.Wait()
	release()
	start := time.Now()
	_ = s.Close()
	if took := time.Since(start); took > 2*time.Second {
		return "", fmt.Errorf("Close took %v", took)
	}
	if p := d.fault.Load(); p != nil {
		return "", *p
	}

	// What was acknowledged since is in the file of that name.
	_ = os.Chmod(filepath.Dir(f.path), 0o700)
	_ = os.Chmod(f.path, 0o600)
	again, err := Open(f.path, &Options{MustExist: true, LockWait: -1})
	if err != nil {
		if errors.Is(err, contacts.ErrLocked) {
			return "", fmt.Errorf("the lock is not free: %w", err)
		}
		if len(d.acked) > 0 {
			return "", fmt.Errorf("%d writes acknowledged since, and %w", len(d.acked), err)
		}
		return "gone, and said so", nil
	}
	defer again.Close()
	books, err := richBooks(ctx, again, 9000)
	for i := 0; err == nil && i < len(d.acked); i++ {
		if _, err = books[1].Get(ctx, d.acked[i]); err != nil {
			err = fmt.Errorf("of %d writes acknowledged since, %s is lost: %w", len(d.acked), d.acked[i], err)
		}
	}
	if err == nil && len(d.acked) > 0 {
		err = again.Check(ctx)
	}
	switch {
	case err != nil:
		return "", err
	case len(d.acked) > 0:
		return "went on", nil
	}
	return "said so", nil
}

// childReplaced plays rounds from a number on, and prints how each begins and
// ends.
func childReplaced(args []string) error {
	dir := args[0]
	seed, _ := strconv.ParseUint(args[1], 10, 64)
	from, _ := strconv.Atoi(args[2])
	end, _ := strconv.Atoi(args[3])
	for n := from; n < end; n++ {
		how, moment := roundOf(n)
		fmt.Printf("begin %d\n", n)
		sub := filepath.Join(dir, fmt.Sprint(n))
		if err := os.Mkdir(sub, 0o700); err != nil {
			return err
		}
		outcome, err := round(rand.New(rand.NewPCG(seed, uint64(n))), sub, how, moment)
		if err != nil {
			fmt.Printf("wrong %d %v\n", n, err)
		} else {
			fmt.Printf("end %d %s\n", n, outcome)
		}
		removeAll(sub)
	}
	return nil
}

func roundOf(n int) (how, moment string) {
	return disturbances[n%len(disturbances)].name, moments[n/len(disturbances)%len(moments)]
}

// TestReplacedWhileOpen takes the file away, cuts it and writes over it while it is
// open, at every moment there is, in child processes. The next write that is
// acknowledged is in the file of that name; no call hangs, no child dies, and
// nothing is read that is not the book's.
func TestReplacedWhileOpen(t *testing.T) {
	rounds := len(disturbances) * len(moments)
	switch {
	case *long:
		rounds *= 30
	case raceEnabled || testing.Short():
		rounds /= 3
	}
	seed := seedOf(t)
	dir, exe, credential := forNobody(t)
	counts := map[string]map[string]int{}
	start := time.Now()
	for from := 0; from < rounds; {
		next := min(from+60, rounds) // the maps of poisoned files stay until a process ends
		n, failure := playRounds(t, exe, dir, credential, seed, from, next, counts)
		if failure != "" {
			how, moment := roundOf(n)
			t.Errorf("-seed %d, round %d, %s, %s: %s", seed, n, how, moment, failure)
			next = n + 1
		}
		from = next
	}
	var table strings.Builder
	for _, d := range disturbances {
		fmt.Fprintf(&table, "%-40s %v\n", d.name, counts[d.name])
	}
	t.Logf("%d rounds in %v\n%s", rounds, time.Since(start).Round(time.Second), table.String())
}

// playRounds has a child play rounds, and returns the one at which it hung or
// died.
func playRounds(t *testing.T, exe, dir string, credential *syscall.Credential, seed uint64, from, end int, counts map[string]map[string]int) (n int, failure string) {
	c := child(t, "replaced", dir, fmt.Sprint(seed), fmt.Sprint(from), fmt.Sprint(end))
	c.Path, c.Dir = exe, dir
	if credential != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	}
	return followChild(t, c, from, func(n int, what, rest string) {
		how, moment := roundOf(n)
		if what == "wrong" {
			t.Errorf("-seed %d, round %d, %s, %s: %s", seed, n, how, moment, rest)
			return
		}
		if counts[how] == nil {
			counts[how] = map[string]int{}
		}
		counts[how][rest]++
	})
}

// forNobody returns a folder and a copy of this test that a user without rights
// can use, and that user where this one has all rights.
func forNobody(t *testing.T) (dir, exe string, credential *syscall.Credential) {
	t.Helper()
	dir, err := os.MkdirTemp("", "boltstore")
	must(t, err)
	t.Cleanup(func() { removeAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	self, err := os.Executable()
	must(t, err)
	binary, err := os.ReadFile(self)
	must(t, err)
	exe = filepath.Join(dir, "test")
	must(t, os.WriteFile(exe, binary, 0o755))
	if os.Getuid() == 0 {
		credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return dir, exe, credential
}
