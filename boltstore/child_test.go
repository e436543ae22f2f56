package boltstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// The tests that need another process run this test binary again, with the
// name of a child in the environment and its arguments after it.
const childEnv = "BOLTSTORE_TEST_CHILD"

var children = map[string]func(args []string) error{
	"create":   childCreate,
	"hold":     childHold,
	"truncate": childTruncate,
	"open":     childOpen,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := children[name](os.Args[1:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child prepares a child process.
func child(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	limit := time.Minute
	if *long {
		limit = 15 * time.Minute // the machine may do other things
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, exe, args...)
	c.Env = append(os.Environ(), childEnv+"="+name)
	return c
}

// runChild runs a child to its end and returns what it printed.
func runChild(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := child(t, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// startChild starts a child and returns its output and a function that closes
// its input and waits for its end.
func startChild(t testing.TB, name string, args ...string) (out *bufio.Scanner, c *exec.Cmd, end func() error) {
	t.Helper()
	c = child(t, name, args...)
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() error {
		if ended {
			return nil
		}
		ended = true
		_ = stdin.Close()
		return c.Wait()
	}
	t.Cleanup(func() { _ = end() })
	return bufio.NewScanner(stdout), c, end
}

// childCreate opens a book that may not exist yet, adds a key to it and closes
// it. It waits for a line on its input first.
func childCreate(args []string) error {
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	e, err := openEngine(args[0], &Options{LockWait: 20 * time.Second}, testAppendTables)
	if err != nil {
		return err
	}
	b := &kvstore.Batch{Ops: []kvstore.Op{{Key: []byte("a" + args[1])}}}
	if err := e.Commit(context.Background(), b); err != nil {
		return err
	}
	return e.Close()
}

// childHold opens a book, says so and keeps it until its input ends.
func childHold(args []string) error {
	e, err := openEngine(args[0], &Options{ReadOnly: len(args) > 1}, testAppendTables)
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return e.Close()
}

// childOpen opens a book, reads all of it and says how that went.
func childOpen(args []string) error {
	e, err := openEngine(args[0], nil, testAppendTables)
	if err == nil {
		err = readAll(e)
		_ = e.Close()
	}
	fmt.Println("outcome:", err)
	return nil
}

// writeBatch is the n-th of some commits of three keys and more; some are large.
func writeBatch(n int) *kvstore.Batch {
	b := &kvstore.Batch{}
	rows := 1
	if n%10 == 0 {
		rows = 300
	}
	for _, t := range []byte("brz") {
		for i := range rows {
			b.Ops = append(b.Ops, kvstore.Op{Key: fmt.Appendf(nil, "%c%06d-%03d", t, n, i), Value: []byte(strings.Repeat("v", 50))})
		}
	}
	return b
}

// lastWrite returns the number of the last writeBatch in a book, or
// an error if there is a gap or a part of a commit.
func lastWrite(e *engine) (int, error) {
	counts := map[byte]map[int]int{}
	err := read(e, func(s kvstore.Snapshot) error {
		return s.Scan(nil, nil, false, func(k, _ []byte) bool {
			var n, i int
			_, err := fmt.Sscanf(string(k[1:]), "%06d-%03d", &n, &i)
			if counts[k[0]] == nil {
				counts[k[0]] = map[int]int{}
			}
			counts[k[0]][n]++
			return err == nil
		})
	})
	last := len(counts['b'])
	for n := 1; n <= last; n++ {
		for _, t := range []byte("brz") {
			if want := len(writeBatch(n).Ops) / 3; counts[t][n] != want {
				return 0, fmt.Errorf("commit %d: %d of %d keys in table %c, %w", n, counts[t][n], want, t, err)
			}
		}
	}
	if len(counts['r']) != last || len(counts['z']) != last {
		return 0, errors.New("a commit is there in part")
	}
	return last, err
}

// childTruncate has its file cut short while it is open, and sees that the
// engine says so, at once and ever after, and closes.
func childTruncate(args []string) error {
	e, err := openEngine(args[0], nil, testAppendTables)
	if err != nil {
		return err
	}
	held, err := e.Snapshot()
	if err != nil {
		return err
	}
	if err := os.Truncate(args[0], 4*pageSize); err != nil {
		return err
	}
	if args[1] == "commit" {
		err = e.Commit(context.Background(), writeBatch(1_000_000))
	} else {
		err = e.Guard(func() error {
			return held.Scan(nil, nil, false, func(_, _ []byte) bool { return true })
		})
	}
	if !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), args[0]) {
		return fmt.Errorf("first call: %w", err)
	}
	for range 3 {
		if _, err := e.Snapshot(); !errors.Is(err, contacts.ErrDamaged) {
			return fmt.Errorf("Snapshot: %w", err)
		}
		if err := e.Commit(context.Background(), writeBatch(1)); !errors.Is(err, contacts.ErrDamaged) {
			return fmt.Errorf("Commit: %w", err)
		}
		if err := e.Guard(func() error { return nil }); !errors.Is(err, contacts.ErrDamaged) {
			return fmt.Errorf("Guard: %w", err)
		}
	}
	if args[1] != "commit" {
		held.Release()
	}
	start := time.Now()
	_ = e.Close()
	if time.Since(start) > 2*time.Second {
		return errors.New("Close took long")
	}
	// The lock is free: a new Open sees the damage, not the lock.
	if _, err := openEngine(args[0], nil, testAppendTables); !errors.Is(err, contacts.ErrDamaged) {
		return fmt.Errorf("open again: %w", err)
	}
	return nil
}

// readAll reads every key of every table, both ways.
func readAll(e *engine) error {
	return read(e, func(s kvstore.Snapshot) error {
		for _, reverse := range []bool{false, true} {
			if err := s.Scan(nil, nil, reverse, func(k, v []byte) bool { return true }); err != nil {
				return err
			}
		}
		return nil
	})
}
