//go:build linux

package boltstore

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// needStrace skips a test on a machine without strace, which .ci/run installs, or
// where nobody may trace.
func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed (Debian: apt-get install strace); it traces the system calls of a child process here")
	}
	if out, err := exec.Command("strace", "-f", "-qq", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v %s", err, out)
	}
}

// onlyTraced has strace stop a program in the calls that are traced alone. It is
// faster then, and sends no signals.
const onlyTraced = "--seccomp-bpf"

// straceChild runs a child under strace with these options and returns what it
// printed. A child that takes longer than limit is killed: errHang.
func straceChild(t testing.TB, limit time.Duration, options []string, name string, args ...string) (string, error) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, "strace", append(append(append([]string{"-f", "-qq"}, options...), exe), args...)...)
	c.Env = append(os.Environ(), childEnv+"="+name)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("%w after %v", errHang, limit)
	}
	return out.String(), err
}

var errHang = errors.New("the child did not end")

// sysCall is one system call as strace saw it.
type sysCall struct {
	thread     int
	name       string
	args       []string
	ret        int64
	failed     bool
	injected   bool // strace made it fail
	start, end int  // the lines of the trace on which it began and ended
	at         int64
}

// readTrace calls yield for each call in a trace that strace wrote with -ttt
// and -xx, in the order in which they ended.
func readTrace(r io.Reader, yield func(*sysCall) error) error {
	type begun struct {
		text string
		line int
	}
	open := map[int]begun{}
	in := bufio.NewReaderSize(r, 1<<20)
	for line := 1; ; line++ {
		text, err := in.ReadString('\n')
		if text == "" && err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		text = strings.TrimRight(text, "\n")
		pid, rest, _ := strings.Cut(text, " ")
		thread, err := strconv.Atoi(pid)
		if err != nil {
			return fmt.Errorf("line %d: no thread: %.100q", line, text)
		}
		stamp, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		if strings.HasPrefix(rest, "+++") || strings.HasPrefix(rest, "---") {
			continue
		}
		start := line
		if strings.HasPrefix(rest, "<... ") {
			_, tail, _ := strings.Cut(rest, " resumed>")
			b, ok := open[thread]
			if !ok {
				return fmt.Errorf("line %d: the end of a call that did not begin", line)
			}
			delete(open, thread)
			start, rest = b.line, b.text+tail
		} else if head, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			open[thread] = begun{head, line}
			continue
		}
		c, err := parseCall(rest)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if c == nil {
			continue
		}
		seconds, err := strconv.ParseFloat(stamp, 64)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		c.thread, c.start, c.end, c.at = thread, start, line, int64(seconds*1e9)
		if err := yield(c); err != nil {
			return fmt.Errorf("line %d: %s: %w", line, c.name, err)
		}
	}
}

// parseCall parses "name(arg, arg) = result". It returns nil for a call whose
// process ended in it.
func parseCall(text string) (*sysCall, error) {
	text, injected := strings.CutSuffix(text, " (INJECTED)")
	name, rest, ok := strings.Cut(text, "(")
	at := strings.LastIndex(rest, ") ")
	if !ok || at < 0 {
		return nil, fmt.Errorf("no call: %.100q", text)
	}
	result := strings.TrimLeft(rest[at+2:], " =")
	value, _, _ := strings.Cut(result, " ")
	if value == "?" {
		return nil, nil
	}
	c := &sysCall{name: name, args: splitArgs(rest[:at]), failed: value == "-1", injected: injected}
	var err error
	if c.ret, err = strconv.ParseInt(value, 0, 64); err != nil && !strings.HasPrefix(value, "0x") {
		return nil, fmt.Errorf("the result %q of %s", value, name)
	}
	return c, nil
}

// splitArgs splits at the commas that are in no string, list or structure.
func splitArgs(text string) []string {
	var args []string
	depth, quoted, from := 0, false, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted // -xx writes no quote within one
		case quoted:
		case c == '[' || c == '{' || c == '(':
			depth++
		case c == ']' || c == '}' || c == ')':
			depth--
		case c == ',' && depth == 0:
			args = append(args, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	return append(args, strings.TrimSpace(text[from:]))
}

// arg returns the i-th argument, "" where there is none.
func (c *sysCall) arg(i int) string {
	if i >= len(c.args) {
		return ""
	}
	return c.args[i]
}

// number returns the i-th argument as a number.
func (c *sysCall) number(i int) (int64, error) {
	n, err := strconv.ParseInt(c.arg(i), 0, 64)
	if err != nil {
		return 0, fmt.Errorf("argument %d is %.50q, no number", i, c.arg(i))
	}
	return n, nil
}

// bytes returns the i-th argument, a whole string or a list of one.
func (c *sysCall) bytes(i int) ([]byte, error) {
	text := c.arg(i)
	if list, ok := strings.CutPrefix(text, "[{iov_base="); ok {
		text, _, _ = strings.Cut(list, ",")
	}
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return nil, fmt.Errorf("argument %d is %.50q, no whole string", i, text)
	}
	return hex.DecodeString(strings.ReplaceAll(text[1:len(text)-1], `\x`, ""))
}
