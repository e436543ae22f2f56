//go:build !linux && !darwin

package boltstore

import (
	"io/fs"
	"time"
)

// changeTime would return when a file was last changed in any way; this system
// does not say it.
func changeTime(fs.FileInfo) (t time.Time, ok bool) { return t, false }
