//go:build linux || darwin

package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/callerbook/contacts"
)

func init() { children["full"] = childFull }

// TestDiskFull lets a file grow no further: commits fail and leave no trace,
// reads and deletes go on, and commits too once there is room.
func TestDiskFull(t *testing.T) {
	runChild(t, "full", filepath.Join(tempDir(t), "book.db"))
}

// limitFiles has the system refuse to let a file of this process grow beyond
// that size.
func limitFiles(bytes uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur = min(bytes, l.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// childFull has the system refuse to let files grow, which looks to bbolt as a
// full disk does.
func childFull(args []string) error {
	signal.Ignore(syscall.SIGXFSZ)
	e, err := openEngine(args[0], nil, testAppendTables)
	if err != nil {
		return err
	}
	ctx := context.Background()
	fits := 0
	if err := limitFiles(400 << 10); err != nil {
		return err
	}
	for fits < 200 && err == nil {
		if err = e.Commit(ctx, writeBatch((fits+1)*10)); err == nil { // 900 rows each
			fits++
		}
	}
	if err == nil || errors.Is(err, contacts.ErrCommitUnknown) || errors.Is(err, contacts.ErrDamaged) {
		return fmt.Errorf("after %d commits: %w", fits, err)
	}
	for range 5 {
		if err := e.Commit(ctx, writeBatch(10_000)); err == nil {
			return errors.New("a commit that cannot fit")
		}
	}
	if err := e.compact(ctx); err != nil && !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("compact: %w", err)
	}
	if n := rows(e, "b"); n != 300*fits {
		return fmt.Errorf("%d rows after %d commits", n, fits)
	}
	gone := writeBatch(10)
	for i := range gone.Ops {
		gone.Ops[i].Delete = true
	}
	if err := e.Commit(ctx, gone); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	if err := limitFiles(1 << 40); err != nil {
		return err
	}
	if err := e.Commit(ctx, writeBatch(10_000)); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := e.checkFile(ctx); err != nil {
		return err
	}
	if n := rows(e, "b"); n != 300*fits {
		return fmt.Errorf("%d rows in the end", n)
	}
	if err := e.Close(); err != nil {
		return err
	}
	if _, err := os.Stat(e.compactPath()); err == nil {
		return errors.New("a compaction left its file")
	}
	return nil
}
