// Package boltstore keeps contacts in one file, on bbolt: for desktop
// programs and small servers.
//
//	store, err := boltstore.Open("book.db", nil)
//	defer store.Close()
//	book, err := contacts.Open(ctx, store, contacts.Scope{Account: "acme", Stream: "support"}, nil)
//
// A write that returned is on disk. One process at a time has the file open
// for writing; see Options.ReadOnly for several readers, and OpenSnapshot for
// reading beside a writer. Errors name the file and wrap a sentinel of package
// contacts: ErrLocked, ErrNotBook, ErrDamaged, ErrNewer, ErrReadOnly,
// ErrCommitUnknown.
//
// No file, however damaged, ends or hangs the program: Open reads it before bbolt
// maps it (see Options.Verify), and every later call that meets a fault of the
// disk returns an error, as does every call after it. Repair makes a sound book
// of a damaged one. RELIABILITY.md says what is promised and how it was tested.
package boltstore

import (
	"context"
	"fmt"
	"io"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/kvstore"
)

// Store is a contacts.Store in a file. All methods may be called from many
// goroutines at once. Besides those below it has the optional abilities Wait,
// Trim and Load.
type Store struct {
	*kvstore.Store
	engine *engine
}

var (
	_ contacts.Store     = (*Store)(nil)
	_ contacts.Backuper  = (*Store)(nil)
	_ contacts.Checker   = (*Store)(nil)
	_ contacts.Compacter = (*Store)(nil)
	_ contacts.Forker    = (*Store)(nil)
)

// Open opens the book in the file of that name, or creates it, readable by
// its owner alone. The folder must exist. Nil options are valid.
//
// It never writes into a file that is no book (ErrNotBook: also an empty
// file, a folder, a device), and waits at most Options.LockWait for one that
// is in use (ErrLocked).
func Open(path string, o *Options) (*Store, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path of the book is empty", contacts.ErrInvalid)
	}
	e, err := openFile(path, o, bookContents())
	if err != nil {
		return nil, err
	}
	s, err := kvstore.New(e, &kvstore.Options{ReadOnly: e.options.ReadOnly, Name: path})
	if err != nil {
		e.Close()
		return nil, err
	}
	if err := e.renew(s); err != nil {
		_ = s.Close()
		return nil, err
	}
	if text := e.saver.warning(); text != "" {
		e.info.Warnings = append(e.info.Warnings, text)
	}
	e.saver.look()
	return &Store{s, e}, nil
}

// bookContents is what is in a book.
func bookContents() contents {
	return contents{
		appendTables: kvstore.AppendTables,
		verifier:     func() verifier { return kvstore.NewVerifier() },
	}
}

// Path returns the file of the store, as an absolute path.
func (s *Store) Path() string { return s.engine.path }

// Backup writes a copy of the file, as it is at one moment, to w. The copy is
// made on the local disk first, so that a slow w keeps no writer and no
// reader waiting. Whoever opens a copy for writing begins new feeds: tokens,
// cursors and ETags of the book are refused there.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	_, err := s.engine.backup(ctx, w)
	return err
}

// BackupFile writes a copy to a new file, which appears under its name when it
// is complete. A file that is there is not overwritten.
func (s *Store) BackupFile(ctx context.Context, path string) error {
	return s.engine.backupFile(ctx, path)
}

// Check reads the whole file and returns nil when all of it is sound: the
// pages, and that records, indexes and counts agree. Reads and writes go on.
func (s *Store) Check(ctx context.Context) error {
	if err := s.engine.checkFile(ctx); err != nil {
		return err
	}
	return s.Store.Check(ctx)
}

// Compact rewrites the file without its unused space. Writers wait meanwhile;
// readers only while the new file takes the place of the old one. When it fails
// the old file stays.
func (s *Store) Compact(ctx context.Context) error { return s.engine.compact(ctx) }

// Tidy compacts the file when that is worth while, as after a large load.
func (s *Store) Tidy(ctx context.Context) error { return s.engine.Tidy(ctx) }
