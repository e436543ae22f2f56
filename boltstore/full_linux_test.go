package boltstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/callerbook/contacts"
)

func init() { children["small disk"] = childSmallDisk }

// TestSmallDisk fills a disk of two MiB, where the machine lets a test mount one;
// TestDiskFull needs no such right.
func TestSmallDisk(t *testing.T) {
	dir := tempDir(t)
	try := func(attr *syscall.SysProcAttr) (string, error) {
		c := child(t, "small disk", dir)
		c.SysProcAttr = attr
		out, err := c.CombinedOutput()
		return string(out), err
	}
	own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	var out string
	var err error
	for _, attr := range []*syscall.SysProcAttr{
		{Unshareflags: syscall.CLONE_NEWNS},
		{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, UidMappings: own(os.Getuid()), GidMappings: own(os.Getgid())},
	} {
		if out, err = try(attr); err == nil || strings.Contains(out, "mounted") {
			break
		}
	}
	switch {
	case strings.Contains(out, "done"):
		t.Log(strings.TrimSpace(out))
	case strings.Contains(out, "mounted"):
		t.Fatalf("%v\n%s", err, out)
	default:
		t.Logf("no disk may be mounted here: %v %s", err, out)
	}
}

// childSmallDisk fills the disk that it mounts in a folder, and sees that what
// was acknowledged stays, that nothing else is there, and that the book can be
// read, deleted from, closed and opened meanwhile, and written to afterwards.
func childSmallDisk(args []string) error {
	if err := syscall.Mount("none", args[0], "tmpfs", 0, "size=2m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	fmt.Println("mounted")
	ballast := filepath.Join(args[0], "ballast")
	if err := os.WriteFile(ballast, make([]byte, 256<<10), 0o600); err != nil {
		return err
	}
	w := &worker{path: filepath.Join(args[0], bookName), r: rand.New(rand.NewPCG(1, 1))}
	var err error
	if w.s, w.b, err = openTestBook(w.path); err != nil {
		return err
	}
	ctx := context.Background()
	there, refused := 0, 0
	fill := func() error {
		for failures := 0; failures < 5; {
			list, err := w.b.CreateAll(ctx, w.list(10, 1000))
			switch {
			case err == nil:
				there += len(list)
			case errors.Is(err, syscall.ENOSPC) && !errors.Is(err, contacts.ErrCommitUnknown):
				failures++
				refused++
			default:
				return fmt.Errorf("with %d contacts: %w", there, err)
			}
		}
		return nil
	}
	count := func() error {
		n, err := w.b.Count(ctx)
		if err == nil && int(n.Active) != there {
			err = fmt.Errorf("%d contacts, %d were acknowledged", n.Active, there)
		}
		return errors.Join(err, w.s.Check(ctx))
	}
	full := func(err error) error {
		if !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("a full disk, and: %w", err)
		}
		return nil
	}
	again := func() (err error) {
		if err := w.s.Close(); err != nil {
			return err
		}
		w.s, w.b, err = openTestBook(w.path)
		return err
	}
	remove := func() error {
		c, err := w.b.List(ctx, &contacts.ListOptions{Limit: 30})
		for _, c := range c.Contacts {
			if err == nil {
				if err = w.b.Purge(ctx, c.ID); err == nil {
					there--
				}
			}
		}
		return err
	}
	err = steps(fill, count,
		func() error { return full(w.s.Compact(ctx)) },
		func() error { return full(w.s.BackupFile(ctx, filepath.Join(args[0], "copy.db"))) },
		count, remove, count, again, count, fill, count, again,
		func() error { return os.Remove(ballast) },
		func() error { w.n += 100_000; there += 1; _, err := w.b.Create(ctx, w.contact(100)); return err },
		count, fill, count, w.close)
	if err != nil {
		return err
	}
	list, err := os.ReadDir(args[0])
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%v are left", list)
	}
	if err == nil && there < 300 {
		err = fmt.Errorf("%d contacts in all", there)
	}
	fmt.Printf("done: %d contacts, %d calls refused\n", there, refused)
	return err
}
