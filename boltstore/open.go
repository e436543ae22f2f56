package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/callerbook/contacts"
)

const (
	lockPoll = 10 * time.Millisecond // between two tries to get a lock
	maxTries = 1000                  // to open a file that is not locked, but changes
)

// openFile opens the file of that name, with what c says in it, or creates it.
//
// Nothing is written to an existing file before it is known to be a sound
// book: it is judged with plain reads, under its lock, and only then mapped.
func openFile(path string, o *Options, c contents) (*engine, error) {
	e, err := newEngine(path, o, c)
	if err != nil {
		return nil, err
	}
	if err := e.judgeFolder(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(e.options.lockWait())
	f, err := e.acquire(deadline)
	if err != nil {
		return nil, err
	}
	if !e.options.ReadOnly {
		e.owned = writeOwner(e.path, e.entry.owner)
	}
	h, found, err := e.openHandle(context.Background(), f, e.options.Verify, deadline)
	if err != nil {
		e.owned.remove()
		e.entry.release()
		return nil, err
	}
	e.h = h
	e.info.note(found)
	e.stale = found.older || found.copied
	if !e.options.ReadOnly {
		// What a compaction left behind that did not live to its end. Only
		// the holder of the lock writes a file of this name.
		_ = os.Remove(e.compactPath())
		e.removeLeftovers()
		e.saver = newSaver(e)
	}
	if err := e.migrate(context.Background()); err != nil {
		_ = e.Close()
		return nil, err
	}
	return e, nil
}

// newEngine returns an engine for the book at path that has no file yet.
func newEngine(path string, o *Options, c contents) (*engine, error) {
	real, err := resolve(path)
	if err != nil {
		return nil, err
	}
	e := &engine{
		name:      path,
		path:      real,
		beside:    real,
		contents:  c,
		turn:      make(chan struct{}, 1),
		churn:     autoCompactAfter, // look at what earlier processes left
		swapOpen:  runtime.GOOS != "windows",
		mergeFrom: mergeFrom,
	}
	if o != nil {
		e.options = *o
	}
	e.info.Path = real
	e.turn <- struct{}{}
	e.open, e.stop = context.WithCancel(context.Background())
	e.changed = sync.NewCond(&e.mu)
	return e, nil
}

// resolve returns the absolute path behind path, without symbolic links: a
// compaction renames over it. The last element need not exist.
func resolve(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", failed(path, "opening", err)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err == nil {
		return real, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		var system syscall.Errno
		if errors.As(err, &system) && system != syscall.ELOOP {
			return "", failed(path, "opening", err)
		}
		return "", notBook(path, reason(err), err) // a link to itself
	}
	// A file that is there now was created after that, by somebody else.
	if fi, err := os.Lstat(abs); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		if _, err := os.Stat(abs); err != nil {
			return "", notBook(path, "a link to a file that does not exist", err)
		}
		return resolve(path)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", failed(path, "its folder cannot be opened", err)
	}
	return filepath.Join(dir, filepath.Base(abs)), nil
}

// acquire opens the file, which it creates if it may and must, and takes its
// lock and its place in the registry.
func (e *engine) acquire(deadline time.Time) (*os.File, error) {
	for tries := 0; ; {
		f, busy, err := e.tryAcquire()
		switch {
		case f != nil || err != nil:
			return f, err
		case busy != nil && !time.Now().Before(deadline):
			return nil, e.locked(*busy)
		case busy != nil:
			time.Sleep(lockPoll)
		case tries == maxTries:
			return nil, failed(e.name, "opening", errors.New("other programs keep replacing it"))
		default:
			tries++
		}
	}
}

// locked returns the error for a file that o has open.
func (e *engine) locked(o Owner) error {
	if !o.Here {
		o = holder(e.path)
	}
	return &LockedError{Path: e.name, Owner: o}
}

// tryAcquire is one try of acquire. When it returns neither a file nor an
// error, another try may succeed; busy is not nil then if somebody has the file
// open, and says who if it is this process.
func (e *engine) tryAcquire() (_ *os.File, busy *Owner, err error) {
	seen, err := os.Stat(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		if e.options.ReadOnly || e.options.MustExist {
			return nil, nil, failed(e.name, "opening", err)
		}
		e.info.Created, err = create(e.name, e.path)
		return nil, nil, err
	}
	if err == nil {
		err = judgeKind(e.name, seen)
	} else {
		err = failed(e.name, "opening", err)
	}
	if err != nil {
		return nil, nil, err
	}

	flag := os.O_RDWR
	if e.options.ReadOnly {
		flag = os.O_RDONLY
	}
	f, err := os.OpenFile(e.path, flag, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case heldElsewhere(err):
		return nil, &Owner{}, nil
	case err != nil:
		return nil, nil, e.openFailed(err)
	}
	keep := false
	defer func() {
		if !keep {
			_ = f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, failed(e.name, "opening", err)
	}
	if !os.SameFile(info, seen) {
		return nil, nil, nil
	}
	entry, first := register(e.path, info, e.options.ReadOnly)
	if !first {
		return nil, &entry.owner, nil
	}
	defer func() {
		if !keep {
			entry.release()
		}
	}()
	ok, err := tryLock(f, e.options.ReadOnly)
	if err != nil {
		return nil, nil, failed(e.name, "locking", err)
	}
	if !ok {
		return nil, &Owner{}, nil
	}
	// While this waited for the lock, its holder may have put another file
	// in the place of the one that is locked now.
	if now, err := os.Stat(e.path); err != nil || !os.SameFile(info, now) {
		return nil, nil, nil
	}
	keep = true
	e.entry = entry
	return f, nil, nil
}

// openFailed returns the error for a file that exists and cannot be opened:
// what is in it is not known.
func (e *engine) openFailed(err error) error {
	denied := errors.Is(err, fs.ErrPermission)
	if (denied || errors.Is(err, syscall.EROFS)) && !e.options.ReadOnly {
		if f, readErr := os.Open(e.path); readErr == nil {
			_ = f.Close()
			return &fileError{
				path: e.name,
				text: "may not be written to (" + reason(err) + "); open it read-only, or change its permissions",
				errs: []error{contacts.ErrReadOnly, err},
			}
		}
	}
	if denied {
		return &fileError{
			path: e.name,
			text: "cannot be opened (" + reason(err) + "); check its permissions",
			errs: []error{err},
		}
	}
	return failed(e.name, "opening", err)
}

// openHandle judges the locked file f, has it on disk if it is to be written
// to, and opens it with bbolt. It closes f when it fails.
func (e *engine) openHandle(ctx context.Context, f *os.File, verify Verify, deadline time.Time) (*handle, judged, error) {
	found, err := judge(ctx, e.name, f, verify, e.contents)
	if err == nil && !e.options.ReadOnly {
		err = settle(e.name, f, found)
	}
	info, statErr := f.Stat()
	if err == nil && statErr != nil {
		err = failed(e.name, "opening", statErr)
	}
	if err != nil {
		unlock(f)
		_ = f.Close()
		return nil, found, err
	}
	db, err := openBolt(e.name, f, e.options.ReadOnly, info.Size(), deadline)
	if err != nil {
		return nil, found, err
	}
	h, err := newHandle(e.name, db, f, info, found.meta, found.format)
	return h, found, err
}

// openBolt has bbolt open f, which is locked and judged. It closes f when it
// fails.
func openBolt(name string, f *os.File, readOnly bool, size int64, deadline time.Time) (db *bbolt.DB, err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		if r := recover(); r != nil {
			// bbolt leaves the file locked, open and mapped.
			unlock(f)
			_ = f.Close()
			db, err = nil, damaged(name, describe(r))
		}
	}()
	db, err = bbolt.Open(f.Name(), 0o600, &bbolt.Options{
		Timeout:         boltWait(deadline),
		ReadOnly:        readOnly,
		PageSize:        pageSize,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: reserve(f, size),
		NoStatistics:    true,
		OpenFile:        func(string, int, os.FileMode) (*os.File, error) { return f, nil },
	})
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, &LockedError{Path: name, Owner: holder(f.Name())}
	case errors.Is(err, bbolterrors.ErrInvalid), errors.Is(err, bbolterrors.ErrVersionMismatch), errors.Is(err, bbolterrors.ErrChecksum):
		return nil, damaged(name, reason(err), err) // somebody wrote to it since
	case err != nil:
		return nil, failed(name, "opening", err)
	}
	return db, nil
}

// reserve returns how much address space to map for a file of size bytes. A
// file that outgrows its map is mapped anew, which waits for all readers and
// keeps new ones waiting. Address space costs nothing on 64-bit Unix, unless
// it is limited; on Windows the file would be made that large.
func reserve(f *os.File, size int64) int {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		return 0
	}
	n := int(max(1<<30, 2*size))
	if !mappable(f, n) {
		return 0
	}
	return n
}
