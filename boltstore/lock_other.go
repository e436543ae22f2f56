//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package boltstore

import (
	"os"
	"time"
)

// tryLock does nothing here: bbolt's own lock keeps other processes out. What
// is judged before bbolt opens the file is then judged without a lock.
func tryLock(*os.File, bool) (bool, error) { return true, nil }

func unlock(*os.File) {}

// boltWait is how long bbolt may wait for its lock, 0 being for ever.
func boltWait(deadline time.Time) time.Duration { return max(time.Until(deadline), 1) }
