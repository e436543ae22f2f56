package boltstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

func init() { children["kill"] = childKill }

// childKill has eight writers call a book until the process is killed, and
// prints a line for each call that returned. Its arguments are the book, the
// seed, and the number of the call that each writer begins with.
func childKill(args []string) error {
	s, b, err := openTestBook(args[0])
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	seed, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	states, err := killStates(ctx, b)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(a...)
	}
	say("open", 0, 0)
	var wg sync.WaitGroup
	for w := range states {
		first, err := strconv.Atoi(args[2+w])
		if err != nil {
			return err
		}
		wg.Go(func() {
			st := &states[w]
			for n := first; ; n++ {
				if err := st.do(ctx, b, st.next(seed, n), n); err != nil {
					say("error", err)
					return
				}
				say("did", w, n)
			}
		})
	}
	wg.Go(func() {
		r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
		for n := 0; ; n++ {
			time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
			if err := tend(ctx, s, b, r.IntN(6), fmt.Sprintf("%s.%s-%d.copy", args[0], args[len(args)-1], n), say); err != nil {
				say("error", err)
			}
		}
	})
	wg.Wait()
	return nil
}

// tend does what a host does to a book now and then.
func tend(ctx context.Context, s *Store, b *contacts.Book, what int, copied string, say func(...any)) error {
	switch what {
	case 0:
		return s.Compact(ctx)
	case 1:
		if err := s.BackupFile(ctx, copied); err != nil {
			return err
		}
		say("copied", 0, 0, copied)
	case 2:
		st, err := s.Stat(ctx, b.Scope())
		if err != nil {
			return err
		}
		return s.Trim(ctx, b.Scope(), st.Last-min(st.Last, 100))
	case 3:
		return s.Check(ctx)
	case 4:
		fork, err := s.Fork(ctx)
		if err != nil {
			return err
		}
		return fork.Close()
	case 5:
		_, err := s.SaveSnapshot(ctx)
		return err
	}
	return nil
}

// TestBookKill kills a program that writes to a book from eight goroutines, at
// random moments, over and over. Each call that returned is in the book, none is
// in part, its indexes agree, its lock is free, and nothing piles up beside it.
func TestBookKill(t *testing.T) {
	cycles, chains := 200, 2
	switch {
	case *long:
		cycles = 5_000
	case testing.Short():
		cycles = 20
	}
	seed := testSeed(t)
	runs := make([]killRun, chains)
	t.Run("chains", func(t *testing.T) {
		for i := range runs {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				runs[i] = killRun{seed: seed + uint64(i), dir: tempDir(t), r: rand.New(rand.NewPCG(seed, uint64(i)))}
				for n := range cycles / chains {
					runs[i].cycle(t, n)
				}
			})
		}
	})
	var all killRun
	for _, r := range runs {
		all.cycles, all.acked, all.further, all.copies, all.books, all.checks = all.cycles+r.cycles, all.acked+r.acked, all.further+r.further, all.copies+r.copies, all.books+r.books, all.checks+r.checks
	}
	if t.Failed() {
		return
	}
	t.Logf("kills, seed %d: %d cycles on %d books, %d calls acknowledged, 0 lost; %d calls more were in the file, 0 in part; %d backups opened; indexes compared with records %d times",
		seed, all.cycles, all.books, all.acked, all.further, all.copies, all.checks)
	if all.cycles < cycles || all.acked < 5*cycles || *long && all.acked < 100_000 {
		t.Errorf("%d calls were acknowledged in %d cycles: too few to prove anything", all.acked, all.cycles)
	}
}

// killFresh is how many kills a book has to bear.
const killFresh = 25

// killRun is a series of kills.
type killRun struct {
	seed   uint64
	dir    string
	r      *rand.Rand
	states []killState
	calls  []int // of each writer
	cycles int
	books  int
	acked  int
	copies int
	checks int

	further int // calls that were in the file and not acknowledged
}

// cycle starts a child, kills it and looks at what it left.
func (k *killRun) cycle(t *testing.T, n int) {
	t.Helper()
	path := filepath.Join(k.dir, "book.db")
	if n%killFresh == 0 { // a new book
		removeAll(k.dir)
		must(t, os.MkdirAll(k.dir, 0o700))
		k.books++
		k.states, k.calls = make([]killState, killWriters), make([]int, killWriters)
		for w := range k.states {
			k.states[w].writer = w
		}
	}
	args := []string{path, fmt.Sprint(k.seed)}
	for _, c := range k.calls {
		args = append(args, fmt.Sprint(c+1))
	}
	out, c, end := startChild(t, "kill", append(args, fmt.Sprint(n))...)
	// It is killed a moment after some number of calls, whatever time they
	// take, or perhaps while it creates or opens the book.
	var kill *time.Timer
	soon := func(most int) {
		if kill == nil {
			kill = time.AfterFunc(time.Duration(k.r.IntN(most))*time.Microsecond, func() { _ = c.Process.Kill() })
		}
	}
	calls := k.r.IntN(100)
	if n%killFresh == 0 || k.r.IntN(5) == 0 {
		soon(15_000)
	}
	var copies []string
	acked := make([]int, killWriters)
	copy(acked, k.calls)
	for out.Scan() {
		var what, name string
		var w, call int
		got, _ := fmt.Sscan(out.Text(), &what, &w, &call, &name)
		switch {
		case got >= 3 && what == "open":
			if calls == 0 {
				soon(2_000)
			}
		case got >= 3 && what == "did" && call == acked[w]+1:
			acked[w]++
			k.acked++
			if calls--; calls <= 0 {
				soon(2_000)
			}
		case got == 4 && what == "copied":
			copies = append(copies, name)
		default:
			t.Fatalf("cycle %d: the child says %q", n, out.Text())
		}
	}
	var died *exec.ExitError
	if err := end(); kill == nil || !errors.As(err, &died) || died.ExitCode() == 2 || died.ExitCode() == 3 {
		t.Fatalf("cycle %d: the child ended by itself: %v", n, err)
	}
	kill.Stop()
	k.look(t, n, path, acked)
	for _, name := range copies {
		k.copies++
		s, b, err := openTestBook(name)
		must(t, err)
		_, err = killStates(context.Background(), b)
		must(t, errors.Join(err, s.Close()))
	}
	k.tidy(t, n)
	k.cycles++
}

// look opens the book and finds each writer's contacts as its last acknowledged
// call left them, or the one after it.
func (k *killRun) look(t *testing.T, n int, path string, acked []int) {
	t.Helper()
	ctx := context.Background()
	o := &Options{LockWait: -1} // the lock went with the process
	if onWindows {
		o = nil
	}
	s, err := Open(path, o)
	if err != nil {
		t.Fatalf("cycle %d: %v", n, err)
	}
	defer s.Close()
	b, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme"}, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(t, err)
	found, err := killStates(ctx, b)
	if err != nil {
		t.Fatalf("cycle %d: %v", n, err)
	}
	for w := range k.states {
		st := &k.states[w]
		for k.calls[w] < acked[w] {
			k.calls[w]++
			st.did(st.next(k.seed, k.calls[w]), k.calls[w])
		}
		if st.same(&found[w]) {
			continue
		}
		k.calls[w]++
		k.further++
		call := st.next(k.seed, k.calls[w])
		before := *st
		if st.did(call, k.calls[w]); !st.same(&found[w]) {
			t.Fatalf("cycle %d: writer %d, %d calls acknowledged; the next was %s of %v\nacknowledged %+v\nfound        %+v", n, w, acked[w], call.kind, call.slots, before.slots, found[w].slots)
		}
	}
	if !*long || n%10 == 0 {
		k.checks++
		if err := s.Check(ctx); err != nil {
			t.Fatalf("cycle %d: %v", n, err)
		}
	}
	must(t, s.Close())
}

// tidy removes the backups, whole or not, and opens the snapshots. Nothing piles
// up: of a creation that was killed a small file may stay for a while, of a
// snapshot one until the next, and of snapshots one more than are kept.
func (k *killRun) tidy(t *testing.T, n int) {
	t.Helper()
	list, err := os.ReadDir(k.dir)
	must(t, err)
	snapshots, parts := 0, 0
	for _, e := range list {
		name := e.Name()
		switch {
		case name == "book.db", strings.HasPrefix(name, ".book.db.new"):
		case strings.HasPrefix(name, ".book.db.saving"):
			parts++
		case strings.HasSuffix(name, ".snapshot"):
			snapshots++
			if n%20 == 0 {
				s, err := Open(filepath.Join(k.dir, name), &Options{ReadOnly: true})
				must(t, err)
				must(t, errors.Join(s.Check(context.Background()), s.Close()))
			}
		case strings.Contains(name, ".copy"):
			must(t, os.Remove(filepath.Join(k.dir, name)))
		default:
			t.Errorf("cycle %d: %s is left in the folder", n, name)
		}
	}
	if snapshots > defaultKeep+1 || parts > 1 {
		t.Errorf("cycle %d: %d snapshots, and %d that were not finished, are in the folder", n, snapshots, parts)
	}
}
