package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

const (
	// autoCompactAfter is how much must be committed before a small commit
	// looks at the free space.
	autoCompactAfter = 4 << 20

	// smallCommit is the size of a batch that is no part of a load: a person
	// or a call waits for it, and the next ones.
	smallCommit = 64 << 10

	// autoShare and tidyShare: compaction pays when more than one part in so
	// many is free. On its own the engine compacts late, so that the work is
	// in proportion to what was written; at the end of a load it does so
	// early, as what follows are years of small commits.
	autoShare = 3
	tidyShare = 16
)

// swapWait is how long a swap waits for readers where it must.
const swapWait = 10 * time.Second

// compactPath is the name under which a compaction writes.
func (e *engine) compactPath() string {
	return filepath.Join(filepath.Dir(e.path), "."+filepath.Base(e.path)+".compact")
}

// compactBefore compacts before a commit of size bytes where that pays. It
// returns an error only if the engine can no longer commit: a compaction that
// fails leaves things as they were.
func (e *engine) compactBefore(ctx context.Context, size int64) error {
	if e.options.NoAutoCompact || size > smallCommit || e.churn < max(autoCompactAfter, e.patience) {
		return nil
	}
	e.churn, e.patience = 0, 0
	if st, err := e.stats(); err == nil && st.wasteful(autoShare) && !e.linked() {
		if err := e.rewrite(ctx); err != nil {
			// What stood in the way, a full disk or a reader, may stay. The
			// next try comes when as much was written as this one would have.
			e.patience = st.bytes()
		}
	}
	if p := e.fault.Load(); p != nil {
		return *p
	}
	return nil
}

// Tidy compacts the file if that makes later commits faster. It is to be
// called at the end of a load.
func (e *engine) Tidy(ctx context.Context) error {
	if e.options.ReadOnly || e.private {
		return nil
	}
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	st, err := e.stats()
	if err != nil || !st.wasteful(tidyShare) || e.linked() {
		return err
	}
	e.churn = 0
	return e.rewrite(ctx)
}

// linked reports whether the file has other names. They would keep the old
// file when a compaction replaces it, which only whoever asks for one may want.
func (e *engine) linked() bool {
	fi, err := os.Stat(e.path)
	return err == nil && names(fi) > 1
}

// compact writes the whole book to a new file, in order and without free
// space, and puts that in the place of the old. Readers go on, commits wait.
// The disk needs room for both files. When compact fails, or the process dies
// in it, the old file remains.
func (e *engine) compact(ctx context.Context) error {
	if e.options.ReadOnly {
		return readOnlyError(e.name)
	}
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.endTurn()
	if e.private {
		return nil // it is gone soon
	}
	e.churn = 0
	return e.rewrite(ctx)
}

// rewrite is compact for a caller that has the writer's turn.
func (e *engine) rewrite(ctx context.Context) error {
	return e.rewriteWith(ctx, "compacting", e.copyTables)
}

// A tablesWriter adds the tables of a file that is to come to b, and finishes
// it. What it writes is s with or without changes.
//
//contacts:guarded writeTo calls it
type tablesWriter func(ctx context.Context, s *snapshot, b *boltfile.Builder) error

// rewriteWith puts what write writes in the place of the file, for a caller that
// has the writer's turn. Errors name what is being done. It ends when the engine
// is closed, which would wait for it.
func (e *engine) rewriteWith(ctx context.Context, doing string, write tablesWriter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.open, cancel)() //contacts:owner this function takes it back
	err := e.writeAnew(ctx, doing, write)
	if errors.Is(err, context.Canceled) && e.open.Err() != nil {
		return closedError(e.name)
	}
	return err
}

func (e *engine) writeAnew(ctx context.Context, doing string, write tablesWriter) error {
	if e.private {
		return e.writePrivate(ctx, doing, write)
	}
	temp := e.compactPath()
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(e.name, doing, err)
	}
	if err := e.writeSorted(ctx, doing, temp, write); err != nil {
		_ = os.Remove(temp)
		return err
	}
	next, err := e.openSwap(ctx, doing, temp)
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	return e.swap(next, doing, temp)
}

// writeSorted writes a new file at path and syncs it.
func (e *engine) writeSorted(ctx context.Context, doing, path string, write tablesWriter) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return failed(e.name, doing, err)
	}
	defer func() {
		if closeErr := f.Close(); err == nil && closeErr != nil {
			err = failed(e.name, doing, closeErr)
		}
	}()
	return e.writeTo(ctx, doing, f, func(ctx context.Context, s *snapshot, b *boltfile.Builder) error {
		// First, as one who may not give the file away need not write it.
		now, err := s.h.file.Stat()
		if err == nil {
			err = keepOwner(f, now)
		}
		if err == nil {
			err = write(ctx, s, b)
		}
		if err == nil {
			err = e.keepMark(f)
		}
		if err == nil {
			err = f.Sync()
		}
		return err
	})
}

// writeTo has write write to f, which is empty.
func (e *engine) writeTo(ctx context.Context, doing string, f *os.File, write tablesWriter) error {
	s, err := e.snapshot()
	if err != nil {
		return err
	}
	defer s.Release()
	err = e.Guard(func() error { return write(ctx, s, boltfile.NewBuilder(f, pageSize)) })
	if err != nil && ctx.Err() == nil {
		err = e.failure(failed(e.name, doing, err))
	}
	return err
}

// copyTables adds every table of s to b, and finishes it.
//
//contacts:guarded as a tablesWriter
func (e *engine) copyTables(ctx context.Context, s *snapshot, b *boltfile.Builder) error {
	m := e.merger(s, b)
	if err := m.begin(ctx, nil); err != nil {
		return err
	}
	// The number of the state goes on, as states are told apart by it.
	_, err := b.Finish(uint64(s.tx.ID()))
	return err
}

// openSwap opens and locks the new file under its temporary name, and judges it
// as VerifyFull does: the old file, which may have been looked at quickly, is
// about to go, and with it all that could be salvaged of it.
func (e *engine) openSwap(ctx context.Context, doing, temp string) (*handle, error) {
	f, err := openShared(temp, true)
	if err != nil {
		return nil, failed(e.name, doing, err)
	}
	ok, err := tryLock(f, false)
	if err == nil && !ok {
		err = errors.New("the new file is locked")
	}
	if err != nil {
		_ = f.Close()
		return nil, failed(e.name, doing, err)
	}
	h, _, err := e.openHandle(ctx, f, VerifyFull, time.Now().Add(time.Second))
	var bad *fileError
	if errors.As(err, &bad) {
		// Damage that came to the book since it was opened, or that was not
		// looked for then, is in the copy too.
		if err := e.checkOnce(ctx); err != nil {
			return nil, err
		}
		// Whatever is wrong with the copy, the book is as it was.
		return nil, failed(e.name, doing, errors.New("the new file is not as it was written: "+bad.why()))
	}
	return h, err
}

// swap puts next, open as temp, in the place of the present file.
//
// Where an open file can be renamed over, the path names a file that this
// engine has locked at every moment: the new file is locked before the
// rename, and whoever waited for the lock of the old one finds that the path
// names another and starts again. Readers of the old file keep it until they
// are done. On Windows the old file must be closed first; somebody who opens
// it in that moment makes the rename fail, and the engine stops with an error
// that says so.
func (e *engine) swap(next *handle, doing, temp string) error {
	undo := func(err error) error {
		_ = e.closeHandle(next)
		_ = os.Remove(temp)
		return err
	}
	old := e.h // only swap changes it, and this has the writer's turn
	if err := e.untouched(old); err != nil {
		return undo(err)
	}
	e.beginWrite()
	defer e.endWrite()
	if !e.swapOpen {
		if err := e.closeForSwap(old, doing); err != nil {
			return undo(err)
		}
	}
	if err := renameOver(temp, e.path); err != nil {
		if e.swapOpen {
			return undo(failed(e.name, doing, err))
		}
		return undo(e.reopen(old, doing, err))
	}
	e.mu.Lock()
	e.h = next
	e.gate = false
	e.gen++
	retire := e.swapOpen && old.refs == 0
	if e.swapOpen {
		old.retired = true
		e.retiring++
	}
	e.mu.Unlock()
	e.changed.Broadcast()
	e.entry.replace(next.info)
	if retire {
		e.retire(old)
	}
	if err := syncDir(filepath.Dir(e.path)); err != nil {
		// After a power cut the old file may be back, without the commits
		// that would follow now.
		return e.poison(failed(e.name, doing+": its folder cannot be written", err))
	}
	return nil
}

// closeForSwap closes the gate to new readers, waits for the present ones and
// closes h. On an error the gate is open again and h as it was.
func (e *engine) closeForSwap(h *handle, doing string) error {
	e.mu.Lock()
	e.gate = true
	e.mu.Unlock()
	err := errBusy
	if e.await(swapWait, func() bool { return h.refs == 0 || e.closed }) && (e.quiet(h) || e.fault.Load() != nil) {
		if p := e.fault.Load(); p != nil {
			return *p
		}
		if err = e.closeHandle(h); err == nil {
			return nil
		}
		return e.poison(damaged(e.name, "it could not be closed", err))
	}
	e.openGate()
	return failed(e.name, doing, err)
}

// quiet reports whether nobody reads h.
func (e *engine) quiet(h *handle) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return h.refs == 0
}

func (e *engine) openGate() {
	e.mu.Lock()
	e.gate = false
	e.mu.Unlock()
	e.changed.Broadcast()
}

// reopen opens the old file, closed for a swap that failed with cause, again.
func (e *engine) reopen(old *handle, doing string, cause error) error {
	defer e.openGate()
	deadline := time.Now().Add(e.options.lockWait())
	e.entry.release()
	f, err := e.acquire(deadline)
	if err != nil {
		return e.poison(err)
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(info, old.info) {
		err = replaced(e.name)
	}
	if err != nil {
		unlock(f)
		_ = f.Close()
		return e.poison(err)
	}
	h, _, err := e.openHandle(context.Background(), f, e.options.Verify, deadline)
	if err != nil {
		return e.poison(err)
	}
	if h.pair != old.pair {
		h.abandon()
		return e.poison(foreign(e.name, &old.pair, &h.pair))
	}
	e.mu.Lock()
	e.h = h
	e.mu.Unlock()
	return failed(e.name, doing, cause)
}
