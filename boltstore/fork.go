package boltstore

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore/internal/boltfile"
	"github.com/callerbook/contacts/kvstore"
)

// Fork returns a store that begins as this one is now and is thrown away by its
// Close: to try things out on. It works on a private copy of the file, in the
// same folder or, where that may not be written to, in os.TempDir, which only
// its owner may read. The disk needs room for it. Nothing is synced, and
// compaction does nothing there. A fork of a store that is read-only takes
// writes.
func (s *Store) Fork(ctx context.Context) (contacts.Store, error) {
	e, err := s.engine.fork(ctx)
	if err != nil {
		return nil, err
	}
	k, err := kvstore.New(e, &kvstore.Options{Name: e.name})
	if err != nil {
		e.Close()
		return nil, err
	}
	return &Store{k, e}, nil
}

// What the names of files have behind the book's, before some digits: of a
// fork, one to sort in, a copy on its way elsewhere, and a book or a backup that
// is about to get the name.
const (
	forkSuffix = ".fork"
	sortSuffix = ".sort"
	copySuffix = ".copy"
	newSuffix  = ".new"
)

// fork returns an engine on a private copy of the present state. It ends when e
// is closed.
func (e *engine) fork(ctx context.Context) (*engine, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.open, cancel)() //contacts:owner this function takes it back
	f, err := e.privateCopy(ctx, forkSuffix, "copying")
	if err != nil {
		if errors.Is(err, context.Canceled) && e.open.Err() != nil {
			err = closedError(e.name)
		}
		return nil, err
	}
	h, err := openPrivate(e.name, f, false)
	if err != nil {
		_ = os.Remove(f.Name())
		return nil, err
	}
	fork := e.forked(h)
	if err := fork.migrate(ctx); err != nil {
		_ = fork.Close()
		return nil, err
	}
	return fork, nil
}

// openPrivate opens a private copy, which was judged. It closes f when it fails.
func openPrivate(name string, f *os.File, readOnly bool) (*handle, error) {
	info, err := f.Stat()
	var m boltfile.Meta
	format := 0
	if err == nil {
		var metas boltfile.Metas
		metas, err = boltfile.ReadMetas(f, info.Size())
		m, _ = metas.Current()
	}
	if err == nil {
		format, err = readFormat(name, f, m)
	}
	if err != nil {
		_ = f.Close()
		return nil, failed(name, "copying", err)
	}
	db, err := openBolt(name, f, readOnly, info.Size(), time.Now().Add(time.Second))
	if err != nil {
		return nil, err
	}
	db.NoSync, db.NoGrowSync = true, true
	return newHandle(name, db, f, info, m, format)
}

// forked returns the engine on h, a private copy of e's state.
func (e *engine) forked(h *handle) *engine {
	fork := &engine{
		name:     e.name,
		path:     h.file.Name(),
		beside:   e.beside,
		private:  true,
		options:  Options{NoAutoCompact: true},
		contents: e.contents,
		turn:     make(chan struct{}, 1),
		h:        h,
	}
	fork.turn <- struct{}{}
	fork.open, fork.stop = context.WithCancel(context.Background())
	fork.changed = sync.NewCond(&fork.mu)
	return fork
}

// writePrivate is writeAnew for a fork: nobody knows the file, so that another
// takes its place without a name.
func (e *engine) writePrivate(ctx context.Context, doing string, write tablesWriter) error {
	f, err := e.privateFile(forkSuffix)
	if err != nil {
		return failed(e.name, doing, err)
	}
	var next *handle
	if err = e.writeTo(ctx, doing, f, write); err != nil {
		_ = f.Close()
	} else {
		next, err = openPrivate(e.name, f, false)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	e.beginWrite()
	defer e.endWrite()
	e.mu.Lock()
	old := e.h
	e.h = next
	e.gen++
	old.retired = true
	e.retiring++
	unused := old.refs == 0
	e.mu.Unlock()
	if unused {
		e.retire(old)
	}
	return nil
}
