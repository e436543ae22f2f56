//go:build !windows

package cli

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func setGroup(*exec.Cmd) {}

// interrupt asks a process to end, as a terminal or a supervisor does.
func interrupt(p *os.Process, nth int) error {
	return p.Signal([]os.Signal{syscall.SIGINT, syscall.SIGTERM}[nth%2])
}

// private returns an error where others may read a file.
func private(info fs.FileInfo) error {
	if info.Mode().Perm() != 0o600 {
		return fmt.Errorf("mode %v", info.Mode())
	}
	return nil
}

// TestKeysOthersMayRead: secrets that others may have read are not used.
func TestKeysOthersMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.json")
	s := serve(t, "--memory", "--keys", path)
	s.stop()
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"serve", "--memory", "--addr", "127.0.0.1:0"}, {"token"}} {
			out, errs, code := run(t, new(App), append(args, "--keys", path)...)
			if code != Denied || !strings.Contains(errs, "chmod 600 "+path) || out != "" {
				t.Errorf("%v %q: code %d: %s%s", mode, args, code, out, errs)
			}
		}
	}
}
