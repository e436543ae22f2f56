//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package boltstore

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// tryLock takes the lock on f, shared or exclusive, and reports whether it got
// it. It is the lock that bbolt takes, which takes it again on the same handle
// without effect.
func tryLock(f *os.File, shared bool) (bool, error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, os.NewSyscallError("flock", err)
		}
	}
}

// unlock gives up the lock on f. Closing f is not enough after a fault: the
// map of the file, which stays, holds it too.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
}

// boltWait is how long bbolt may wait for its lock, 0 being for ever: it tries
// once, as nobody else can have it.
func boltWait(time.Time) time.Duration { return 1 }
