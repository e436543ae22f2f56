package boltstore

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime returns when a file was last changed in any way, which no program
// can set.
func changeTime(fi fs.FileInfo) (time.Time, bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(st.Ctimespec.Unix()), true
}
