//go:build linux || darwin

package boltstore

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func init() { children["fullrepair"] = childFullRepair }

// TestRepairDiskFull repairs where no file can be written: the error says so, and
// nothing changes.
func TestRepairDiskFull(t *testing.T) {
	im := makeRich(t, tempDir(t))
	for _, harm := range []func(b []byte, p *pages){harmRoot, im.harmShared} {
		k := newBroken(t, im, harm)
		k.saveAs(im.older[len(im.older)-1], 0)
		names := fmt.Sprint(list(t, k.dir))
		before := fingerprint(t, k.path)
		for _, kilobytes := range []string{"0", "16", "100", "300"} {
			runChild(t, "fullrepair", k.path, kilobytes)
			if now := fmt.Sprint(list(t, k.dir)); now != names || fingerprint(t, k.path) != before {
				t.Errorf("%s KiB: something changed: %s", kilobytes, now)
			}
		}
	}
}

// childFullRepair repairs a book where files may not grow beyond a size.
func childFullRepair(args []string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	var kilobytes uint64
	if _, err := fmt.Sscan(args[1], &kilobytes); err != nil {
		return err
	}
	l.Cur = kilobytes << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	report, err := Repair(context.Background(), args[0], nil)
	if err == nil || !diskFull(err) || !strings.Contains(err.Error(), "disk is full") || !strings.Contains(err.Error(), args[0]) || report.Method != "" {
		return fmt.Errorf("%+v: %w", report, err)
	}
	return nil
}

// TestRepairKeepsRights repairs a book with an owner and a mode of its own, by
// way of a link.
func TestRepairKeepsRights(t *testing.T) {
	k := newBroken(t, makeRich(t, tempDir(t)), harmRoot)
	must(t, os.Chmod(k.path, 0o640))
	if os.Getuid() == 0 {
		must(t, os.Chown(k.path, 65534, 65534))
	}
	link := filepath.Join(tempDir(t), "link.db")
	must(t, os.Symlink(k.path, link))
	before, err := os.Stat(k.path)
	must(t, err)
	report, err := Repair(context.Background(), link, nil)
	must(t, err)
	after, err := os.Stat(k.path)
	must(t, err)
	was, is := before.Sys().(*syscall.Stat_t), after.Sys().(*syscall.Stat_t)
	if was.Ino == is.Ino || was.Mode != is.Mode || was.Uid != is.Uid || was.Gid != is.Gid {
		t.Errorf("%+v became %+v", was, is)
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", fi, err)
	}
	k.kept(report)
}
