package boltstore

import (
	"os"
	"slices"
	"sync"
)

// registry lists the files that stores of this process have open. The locks of
// some systems belong to the process, so that a second store would get the
// lock too; and where they do not, the error can say who has the file.
var registry struct {
	sync.Mutex
	entries []*entry
}

// entry is one open file.
type entry struct {
	path   string // absolute
	info   os.FileInfo
	shared bool
}

// register notes that the file info, found at path, is open, and returns nil
// when another store has it open and one of the two can write.
func register(path string, info os.FileInfo, shared bool) *entry {
	registry.Lock()
	defer registry.Unlock()
	for _, e := range registry.entries {
		if (e.path == path || os.SameFile(e.info, info)) && !(shared && e.shared) {
			return nil
		}
	}
	e := &entry{path, info, shared}
	registry.entries = append(registry.entries, e)
	return e
}

// replace notes that the path now names another file, written by the store
// that has it open.
func (e *entry) replace(info os.FileInfo) {
	registry.Lock()
	defer registry.Unlock()
	e.info = info
}

// release notes that the file is no longer open. It may be called twice.
func (e *entry) release() {
	registry.Lock()
	defer registry.Unlock()
	registry.entries = slices.DeleteFunc(registry.entries, func(o *entry) bool { return o == e })
}
