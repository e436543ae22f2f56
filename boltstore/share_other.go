//go:build !windows

package boltstore

import "os"

// openShared opens a file so that it can be renamed while it is open.
func openShared(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }
