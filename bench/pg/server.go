package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// startServer starts a server with nothing in it, by the program of pgstore that
// does that for tests and trials, and returns where it is. The settings are those
// that a machine of its own would have at least, the same for both sides; vacuum
// runs when the measurement says so.
func startServer(ctx context.Context, fsync bool) (dsn string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "bench-pg-")
	if err != nil {
		return "", nil, err
	}
	program := filepath.Join(dir, "pgserver")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/callerbook/contacts/pgstore/internal/pgserver")
	if out, err := build.CombinedOutput(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("pgserver cannot be built (run this from the root of the repository): %w\n%s", err, out), os.RemoveAll(dir))
	}
	server := exec.CommandContext(ctx, program, fmt.Sprintf("-fsync=%t", fsync), "-c", "shared_buffers=1GB", "-c", "max_wal_size=8GB",
		"-c", "maintenance_work_mem=256MB", "-c", "autovacuum=off")
	server.Stderr = os.Stderr
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop = func() {
		_ = server.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = server.Wait()
		_ = os.RemoveAll(dir)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, errors.New("the server did not start")
	}
	return strings.TrimSpace(line), stop, nil
}
