package agentassist

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TempDir is t.TempDir with the files removed one by one before it cleans up:
// os.RemoveAll needs a system call that some versions of Wine lack.
func TempDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() {
		var paths []string
		_ = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			paths = append(paths, path)
			return err
		})
		for _, path := range slices.Backward(paths) {
			_ = os.Remove(path) // TempDir's own reports what stays
		}
	})
	return dir
}
