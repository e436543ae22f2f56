//go:build darwin || dragonfly || freebsd || linux || netbsd

package boltstore

import (
	"os"
	"syscall"
)

// mapHead maps the first n bytes of f, which shows what anybody writes there.
// It returns nil where that cannot be had.
func mapHead(f *os.File, n int) []byte {
	b, err := syscall.Mmap(int(f.Fd()), 0, n, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	return b
}

func unmapHead(b []byte) {
	if b != nil {
		_ = syscall.Munmap(b)
	}
}
