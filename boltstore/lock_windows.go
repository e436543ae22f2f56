package boltstore

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Windows locks ranges of bytes, and two exclusive locks on one range exclude
// each other even on one handle. So the lock taken before bbolt opens the file
// is on the byte before the one that bbolt locks.
const (
	ownByte   = 1<<32 - 2
	boltByte  = 1<<32 - 1
	rangeHigh = 1<<32 - 1
)

// tryLock takes the lock on f, shared or exclusive, and reports whether it got
// it, and bbolt will get its own.
func tryLock(f *os.File, shared bool) (bool, error) {
	ok, err := lockByte(f, ownByte, shared)
	if !ok || err != nil {
		return ok, err
	}
	ok, err = lockByte(f, boltByte, shared)
	if ok {
		err = unlockByte(f, boltByte)
	}
	if !ok || err != nil {
		_ = unlockByte(f, ownByte)
	}
	return ok && err == nil, err
}

func lockByte(f *os.File, b uint32, shared bool) (bool, error) {
	var flags uint32 = windows.LOCKFILE_FAIL_IMMEDIATELY
	if !shared {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{Offset: b, OffsetHigh: rangeHigh}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, nil
	}
	return false, os.NewSyscallError("LockFileEx", err)
}

// unlock gives up the locks on f, bbolt's too.
func unlock(f *os.File) {
	for _, b := range []uint32{ownByte, boltByte} {
		_ = unlockByte(f, b)
	}
}

func unlockByte(f *os.File, b uint32) error {
	at := windows.Overlapped{Offset: b, OffsetHigh: rangeHigh}
	return os.NewSyscallError("UnlockFileEx", windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at))
}

// boltWait is how long bbolt may wait for its lock, 0 being for ever: it tries
// once, as nobody else can have it.
func boltWait(time.Time) time.Duration { return 1 }
