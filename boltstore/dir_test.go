package boltstore

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

const onWindows = runtime.GOOS == "windows"

// tempDir is t.TempDir with the files removed one by one before it cleans up:
// os.RemoveAll needs a system call that some versions of Wine lack.
func tempDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { removeAll(dir) }) // TempDir's own reports what stays
	return dir
}

// mappedDir is tempDir for a test that leaves the map of a file behind, as an
// engine does after a fault: Windows keeps such a file until the process ends.
func mappedDir(t testing.TB) string {
	t.Helper()
	if !onWindows {
		return tempDir(t)
	}
	dir, err := os.MkdirTemp("", "boltstore")
	must(t, err)
	t.Cleanup(func() { removeAll(dir) })
	return dir
}

func removeAll(dir string) {
	var paths []string
	_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	for _, path := range slices.Backward(paths) {
		_ = os.Remove(path)
	}
}
