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
	path  string // absolute
	info  os.FileInfo
	owner Owner
}

// register notes that the file info, found at path, is open. When another store
// has it open and one of the two can write, it returns that store's entry
// instead, and false.
func register(path string, info os.FileInfo, readOnly bool) (*entry, bool) {
	registry.Lock()
	defer registry.Unlock()
	for _, e := range registry.entries {
		if (e.path == path || os.SameFile(e.info, info)) && !(readOnly && e.owner.ReadOnly) {
			return e, false
		}
	}
	e := &entry{path, info, thisProcess()}
	e.owner.Here, e.owner.ReadOnly = true, readOnly
	registry.entries = append(registry.entries, e)
	return e, true
}

// registered returns which store of this process has the file at path open; the
// zero Owner if none has.
func registered(path string) Owner {
	registry.Lock()
	defer registry.Unlock()
	for _, e := range registry.entries {
		if e.path == path {
			return e.owner
		}
	}
	return Owner{}
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
