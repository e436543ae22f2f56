//go:build linux

package boltstore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// changingCalls are the system calls that change files, or what a descriptor
// of one means. A question mark: not every machine has it.
var changingCalls = []string{
	"openat", "?open", "?creat", "close", "lseek", "fcntl", "?dup", "?dup2", "dup3",
	"write", "pwrite64", "writev", "pwritev", "?pwritev2", "ftruncate", "?truncate", "fallocate",
	"copy_file_range", "sendfile", "splice", "ioctl", "mmap", "?io_uring_setup",
	"fsync", "fdatasync", "?sync_file_range", "?sync", "?syncfs", "?msync",
	"?rename", "?renameat", "renameat2", "?link", "linkat", "?unlink", "unlinkat", "?symlink", "symlinkat",
	"?mkdir", "mkdirat", "?rmdir", "?mknod", "mknodat", "utimensat", "?utimes", "?futimesat",
}

// changes reports whether a call is one of changingCalls.
func changes(name string) bool {
	return slices.ContainsFunc(changingCalls, func(c string) bool { return strings.TrimPrefix(c, "?") == name })
}

// diskOp is one change of a file, or of the names in the folder.
type diskOp struct {
	kind  opKind
	file  int // its number
	off   int64
	data  []byte
	size  int64
	name  string // opName, opUnname, opRename
	to    string // opRename
	mtime int64
	at    int64 // the time of the call
	end   int   // the line of the trace on which the call ended
}

type opKind int

const (
	opWrite opKind = iota
	opTruncate
	opTimes
	opName
	opUnname
	opRename
)

// diskEvent is what happened next: a change, a sync or an acknowledgement.
type diskEvent struct {
	op     *diskOp
	sync   bool
	folder string // sync: of that folder; "": of a file
	file   int    // sync: of that file
	times  bool   // sync: also of the times
	failed bool   // sync: it failed
	start  int    // sync: changes that ended before that line are on disk now
	ack    string
}

// diskLog is what a child did to one folder.
type diskLog struct {
	dir    string // links resolved
	events []diskEvent
	first  map[string][]byte // the files that were there before
	times  map[string]int64  // and when they were changed, if it matters
	names  map[string]int    // as they are at the end of events
	subs   map[string]bool   // the folders in it
	files  []*loggedFile
	open   map[int64]*descriptor
}

type loggedFile struct{ size int64 }

type descriptor struct {
	file   int    // -1: a folder
	folder string // its name, "." or that of a folder in it
	at     int64
	append bool
}

var errUnknownChange = errors.New("a way to change files that this test does not know")

// newDiskLog begins the log of a folder with the files that are in it.
func newDiskLog(dir string) (*diskLog, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	l := &diskLog{dir: dir, names: map[string]int{}, open: map[int64]*descriptor{}, times: map[string]int64{}, subs: map[string]bool{}}
	l.first, err = readFolder(dir)
	for _, name := range sortedKeys(l.first) {
		l.names[name] = l.newFile(int64(len(l.first[name])))
	}
	return l, err
}

// readFolder returns the files of a folder and those of the folders in it.
func readFolder(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	return files, err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (l *diskLog) newFile(size int64) int {
	l.files = append(l.files, &loggedFile{size: size})
	return len(l.files) - 1
}

func (l *diskLog) add(c *sysCall, op diskOp) {
	op.end, op.at = c.end, c.at
	op.mtime = cmp.Or(op.mtime, c.at)
	l.events = append(l.events, diskEvent{op: &op})
}

// call adds a system call to the log. It is an error if it may have changed
// the folder in a way that the log has no words for.
func (l *diskLog) call(c *sysCall) error {
	if c.failed && c.name != "fsync" && c.name != "fdatasync" || !changes(c.name) {
		return nil
	}
	switch c.name {
	case "openat", "open", "creat":
		return l.opened(c)
	case "linkat", "link", "renameat", "renameat2", "rename", "unlinkat", "unlink":
		return l.renamed(c)
	case "mkdirat", "mkdir":
		return l.madeFolder(c)
	case "symlinkat", "symlink", "rmdir", "mknodat", "mknod", "truncate", "utimes", "futimesat", "io_uring_setup", "sync", "syncfs":
		return l.outside(c)
	case "utimensat":
		return l.timed(c)
	case "mmap":
		fd, err := c.number(4)
		if d := l.open[fd]; err == nil && d != nil && strings.Contains(c.arg(2), "PROT_WRITE") && strings.Contains(c.arg(3), "MAP_SHARED") {
			return errUnknownChange
		}
		return nil
	case "copy_file_range":
		if fd, _ := c.number(2); l.open[fd] != nil {
			return errUnknownChange
		}
		return nil
	}
	fd, err := c.number(0)
	if err != nil {
		return nil // of sendfile to a socket, say: no file of the folder has been opened yet
	}
	d := l.open[fd]
	if (c.name == "write" || c.name == "writev") && fd == 1 {
		text, err := c.bytes(1)
		if bytes.HasPrefix(text, []byte("ack ")) {
			l.events = append(l.events, diskEvent{ack: strings.TrimSpace(string(text[4:]))})
		}
		return err
	}
	if d == nil {
		return nil
	}
	return l.used(c, fd, d)
}

// used adds a call on descriptor d of the folder or of a file in it.
func (l *diskLog) used(c *sysCall, fd int64, d *descriptor) error {
	switch c.name {
	case "close":
		delete(l.open, fd)
	case "lseek":
		d.at = c.ret
	case "fcntl":
		if strings.Contains(c.arg(1), "DUPFD") {
			l.open[c.ret] = d
		}
	case "dup", "dup2", "dup3":
		l.open[c.ret] = d
	case "write", "pwrite64":
		data, err := c.bytes(1)
		if err != nil {
			return err
		}
		at := d.at
		if c.name == "pwrite64" {
			if at, err = c.number(3); err != nil {
				return err
			}
		} else if d.append {
			at = l.files[d.file].size
		}
		data = data[:c.ret]
		if c.name == "write" {
			d.at = at + c.ret
		}
		f := l.files[d.file]
		f.size = max(f.size, at+c.ret)
		l.add(c, diskOp{kind: opWrite, file: d.file, off: at, data: data})
	case "ftruncate":
		size, err := c.number(1)
		if err != nil {
			return err
		}
		l.files[d.file].size = size
		l.add(c, diskOp{kind: opTruncate, file: d.file, size: size})
	case "fsync", "fdatasync":
		l.events = append(l.events, diskEvent{sync: true, folder: d.folder, file: d.file, times: c.name == "fsync", failed: c.failed, start: c.start})
	case "sync_file_range":
	default:
		return errUnknownChange
	}
	return nil
}

// path returns the name in the folder that a path argument means: "" for
// anything else, and "." for the folder.
func (l *diskLog) path(c *sysCall, dirfd, i int) (string, error) {
	b, err := c.bytes(i)
	if err != nil {
		return "", err
	}
	path := string(b)
	if !filepath.IsAbs(path) {
		fd, err := c.number(dirfd)
		if d := l.open[fd]; dirfd >= 0 && err == nil && d != nil && d.file < 0 {
			path = filepath.Join(l.dir, d.folder, path)
		} else {
			return "", nil // the child names the folder in full
		}
	}
	rel, err := filepath.Rel(l.dir, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return "", nil
	}
	if sub := filepath.Dir(rel); sub != "." && !l.subs[sub] {
		return "", fmt.Errorf("%w: a folder within a folder", errUnknownChange)
	}
	return rel, nil
}

// outside returns an error for a call that has to do with the folder.
func (l *diskLog) outside(c *sysCall) error {
	for i, arg := range c.args {
		if strings.HasPrefix(arg, `"`) {
			if name, err := l.path(c, i-1, i); name != "" || err != nil {
				return errors.Join(errUnknownChange, err)
			}
		}
	}
	if c.name == "io_uring_setup" {
		return errUnknownChange
	}
	return nil
}

func (l *diskLog) opened(c *sysCall) error {
	first := 0
	if c.name == "openat" {
		first = 1
	}
	name, err := l.path(c, first-1, first)
	if name == "" || err != nil {
		return err
	}
	d := &descriptor{file: -1}
	l.open[c.ret] = d
	if name == "." || l.subs[name] {
		d.folder = name
		return nil
	}
	flags := c.arg(first + 1)
	if c.name == "creat" {
		flags = "O_CREAT|O_TRUNC"
	}
	if strings.Contains(flags, "O_TMPFILE") || strings.Contains(flags, "SYNC") && !strings.Contains(flags, "ASYNC") {
		return errUnknownChange
	}
	d.append = strings.Contains(flags, "O_APPEND")
	n, there := l.names[name]
	if !there {
		if !strings.Contains(flags, "O_CREAT") {
			return fmt.Errorf("%s is not there", name)
		}
		n = l.newFile(0)
		l.names[name] = n
		l.add(c, diskOp{kind: opName, file: n, name: name})
	}
	d.file = n
	if there && strings.Contains(flags, "O_TRUNC") {
		l.files[n].size = 0
		l.add(c, diskOp{kind: opTruncate, file: n})
	}
	return nil
}

// madeFolder notes a folder. Whether it reached the disk is seen from what is in
// it; an empty one is no different from none.
func (l *diskLog) madeFolder(c *sysCall) error {
	at := 0
	if c.name == "mkdirat" {
		at = 1
	}
	name, err := l.path(c, at-1, at)
	if name != "" {
		l.subs[name] = true
	}
	return err
}

func (l *diskLog) renamed(c *sysCall) error {
	places := map[string][2]int{"linkat": {1, 3}, "renameat": {1, 3}, "renameat2": {1, 3}, "link": {0, 1}, "rename": {0, 1}, "unlinkat": {1, -1}, "unlink": {0, -1}}[c.name]
	from, err := l.path(c, places[0]-1, places[0])
	if err != nil {
		return err
	}
	to := ""
	if places[1] >= 0 {
		if to, err = l.path(c, places[1]-1, places[1]); err != nil {
			return err
		}
		if (from == "") != (to == "") {
			return fmt.Errorf("%w: a name into another folder", errUnknownChange)
		}
	}
	if from == "" {
		return nil
	}
	n, ok := l.names[from]
	if l.subs[from] && to == "" {
		delete(l.subs, from)
		return nil
	}
	if !ok {
		return fmt.Errorf("%s is not there", from)
	}
	switch {
	case to == "":
		delete(l.names, from)
		l.add(c, diskOp{kind: opUnname, file: n, name: from})
	case strings.HasPrefix(c.name, "link"):
		l.names[to] = n
		l.add(c, diskOp{kind: opName, file: n, name: to})
	case c.name == "renameat2" && c.arg(4) != "0" && c.arg(4) != "RENAME_NOREPLACE":
		return errUnknownChange
	default:
		delete(l.names, from)
		l.names[to] = n
		l.add(c, diskOp{kind: opRename, file: n, name: from, to: to})
	}
	return nil
}

// timed adds utimensat(dir or fd, path or NULL, [{..}, {tv_sec=.., tv_nsec=..}], flags).
func (l *diskLog) timed(c *sysCall) error {
	n := -1
	if c.arg(1) == "NULL" {
		fd, err := c.number(0)
		if d := l.open[fd]; err != nil || d == nil {
			return nil
		} else {
			n = d.file
		}
	} else {
		name, err := l.path(c, 0, 1)
		if name == "" || err != nil {
			return err
		}
		n = l.names[name]
	}
	at := strings.LastIndex(c.arg(2), "tv_sec=")
	if n < 0 || at < 0 || strings.HasSuffix(c.arg(2), "UTIME_OMIT]") {
		return nil // now, as the next line of the trace, or not at all
	}
	text := c.arg(2)[at+len("tv_sec="):]
	var sec, nsec int64
	secText, rest, _ := strings.Cut(text, ",")
	sec, err := strconv.ParseInt(secText, 10, 64)
	if err != nil {
		return fmt.Errorf("the time %q", text)
	}
	if _, after, ok := strings.Cut(rest, "tv_nsec="); ok {
		digits, _, _ := strings.Cut(after, "}")
		if nsec, err = strconv.ParseInt(digits, 10, 64); err != nil {
			return nil // UTIME_NOW or UTIME_OMIT
		}
	}
	l.add(c, diskOp{kind: opTimes, file: n, mtime: sec*1e9 + nsec})
	return nil
}
