package pgstore

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/callerbook/contacts/internal/pgtest"
)

// The tests of several processes run this test binary again, with the name of a
// child in the environment and its arguments after it. A child does something for
// each line of its input, and prints a line when it has.
const childEnv = "PGSTORE_TEST_CHILD"

var children = map[string]func(args []string, input *bufio.Scanner) error{
	"migrate": childMigrate,
	"write":   childWrite,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := children[name](os.Args[1:], bufio.NewScanner(os.Stdin)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is another process.
type child struct {
	t      *testing.T
	input  io.Writer
	output *bufio.Reader
}

func startChild(t *testing.T, name string, args ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("child %s: %v", name, err)
		}
		cancel()
	})
	return &child{t: t, input: input, output: bufio.NewReader(output)}
}

// tell has the child do something.
func (c *child) tell(line string) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.input, line); err != nil {
		c.t.Fatal(err)
	}
}

// answer waits until it is done.
func (c *child) answer() []byte {
	c.t.Helper()
	line, err := c.output.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("the child ended: %v", err)
	}
	return line
}

// childMigrate opens a store in the schema that each line names.
func childMigrate(args []string, input *bufio.Scanner) error {
	for input.Scan() {
		s, err := Open(context.Background(), args[0], &Options{Schema: input.Text()})
		if err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
		fmt.Println()
	}
	return input.Err()
}

// TestMigrateAtOnce has processes make the same tables at the same moment.
func TestMigrateAtOnce(t *testing.T) {
	dsn := pgtest.DSN(t)
	processes := [3]*child{}
	for i := range processes {
		processes[i] = startChild(t, "migrate", dsn)
	}
	for round := range 10 {
		schema := fmt.Sprint("at_once", round)
		for _, p := range processes {
			p.tell(schema)
		}
		for _, p := range processes {
			p.answer()
		}
		s, err := Open(t.Context(), dsn, &Options{Schema: schema, NoMigrate: true})
		if err != nil {
			t.Fatal(err)
		}
		f := newTraffic()
		book, err := openBook(t.Context(), s, trafficScope)
		if err != nil {
			t.Fatal(err)
		}
		f.start(t.Context(), book, "w", 1, 1)
		f.group.Wait()
		if err := f.stop(); err != nil {
			t.Fatal(err)
		}
		f.audit(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// childWrite has writers do their traffic, and prints what they were told.
func childWrite(args []string, input *bufio.Scanner) error {
	dsn, who := args[0], args[1]
	writers, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	numbers, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	ctx := context.Background()
	s, err := Open(ctx, dsn, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	for input.Scan() {
		book, err := openBook(ctx, s, trafficScope)
		if err != nil {
			return err
		}
		f := newTraffic()
		f.start(ctx, book, who, writers, numbers)
		f.group.Wait()
		if err := f.stop(); err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
			return err
		}
	}
	return input.Err()
}

// TestProcesses has two processes with 16 writers each want the same numbers, in a
// scope that the first of them brings into being.
func TestProcesses(t *testing.T) {
	const writers, numbers = 16, 50
	dsn := pgtest.With(pgtest.DSN(t), "pool_max_conns", "8")
	s, err := Open(t.Context(), dsn, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	processes := [2]*child{}
	for i := range processes {
		processes[i] = startChild(t, "write", dsn, string(rune('a'+i)), strconv.Itoa(writers), strconv.Itoa(numbers))
	}
	for _, p := range processes {
		p.tell("go")
	}
	all := newTraffic()
	for _, p := range processes {
		f := newTraffic()
		if err := json.Unmarshal(p.answer(), f); err != nil {
			t.Fatal(err)
		}
		all.add(t, f)
	}
	if len(all.Won) != numbers {
		t.Errorf("%d of %d numbers have an owner", len(all.Won), numbers)
	}
	if want := len(processes) * writers * numbers * 2; len(all.Acked) != want {
		t.Errorf("%d writes acknowledged, want %d", len(all.Acked), want)
	}
	all.audit(t, s)
}
