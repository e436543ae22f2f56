package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
	"github.com/urfave/cli/v3"
)

// withImportBook calls fn with the book or, for a dry run, one like it that is
// thrown away. It removes a book that began with it and in which nothing came.
func (s *session) withImportBook(ctx context.Context, cmd *cli.Command, fn func(*contacts.Book) (came bool, err error)) error {
	at, isFile, err := s.location(cmd)
	if err != nil {
		return err
	}
	missing := false
	if isFile {
		_, statErr := os.Stat(at)
		missing = errors.Is(statErr, fs.ErrNotExist)
	}
	switch {
	case !cmd.Bool("dry-run"):
		came := false
		err := s.withRegion(ctx, cmd, Create, func(book *contacts.Book) (err error) {
			came, err = fn(book)
			if err == nil && missing && !came {
				return errNothingCame // also no region is remembered
			}
			return err
		})
		if missing && !came && removeEmpty(ctx, at) {
			s.note("nothing came in, and so %s was removed again", at)
		}
		if err == errNothingCame {
			return nil
		}
		return err
	case missing:
		if err := folderMissing(at); err != nil && cmd.String("file") != "" {
			return &bookFault{err.Error(), err}
		}
		return s.withPassingBook(ctx, cmd, fn)
	}
	return s.withStore(ctx, cmd, Read, func(store contacts.Store) error {
		fork, err := contacts.Fork(ctx, store)
		if errors.Is(err, contacts.ErrUnsupported) {
			return errors.New("a dry run needs a copy of the book, and this kind of store makes none")
		}
		if err != nil {
			return err
		}
		defer fork.Close()
		return s.tryOn(ctx, cmd, fork, fn)
	})
}

// removeEmpty removes a book in which there is nothing, and reports whether it
// did. It looks while nobody else has the book: another process may have begun
// it at the same time, and filled it.
func removeEmpty(ctx context.Context, path string) bool {
	ctx = context.WithoutCancel(ctx) // an interruption leaves nothing behind either
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return false
	}
	store, err := boltstore.Open(path, &boltstore.Options{MustExist: true})
	if err != nil {
		return false
	}
	defer store.Close()
	if !isEmpty(ctx, store) {
		return false
	}
	if os.Remove(path) == nil {
		return true
	}
	return store.Close() == nil && os.Remove(path) == nil // where an open file stays
}

// isEmpty reports whether a store never had a contact, and knows no site.
func isEmpty(ctx context.Context, store contacts.Store) bool {
	for scope, err := range contacts.Scopes(ctx, store) {
		if err != nil {
			return false
		}
		if st, err := store.Stat(ctx, scope); err != nil || st.Last > 0 {
			return false
		}
		book, err := contacts.Open(ctx, store, scope, &contacts.Options{ReadOnly: true})
		if err != nil || book.Site() != (phone.Site{}) { // somebody set it
			return false
		}
	}
	return true
}

// withPassingBook calls fn with a new book that is thrown away. It is a fork of
// an empty one, so that no contact is left in a file when the process is killed.
func (s *session) withPassingBook(ctx context.Context, cmd *cli.Command, fn func(*contacts.Book) (bool, error)) error {
	dir, err := os.MkdirTemp("", "contacts-import-")
	if err != nil {
		return fmt.Errorf("a dry run needs a folder for temporary files: %v", err)
	}
	defer os.RemoveAll(dir)
	store, err := boltstore.Open(filepath.Join(dir, "book.db"), nil)
	if err != nil {
		return err
	}
	defer store.Close()
	fork, err := store.Fork(ctx)
	if err != nil {
		return err
	}
	defer fork.Close()
	return s.tryOn(ctx, cmd, fork, fn)
}

// tryOn calls fn with the book of a store that is thrown away.
func (s *session) tryOn(ctx context.Context, cmd *cli.Command, store contacts.Store, fn func(*contacts.Book) (bool, error)) error {
	site, err := siteOf(cmd, phone.Site{})
	if err != nil {
		return err
	}
	scope, _, err := s.scope(ctx, cmd, store, Create)
	if err != nil {
		return err
	}
	book, err := contacts.Open(ctx, store, scope, &contacts.Options{Site: site, NewID: s.app.newID, Now: s.app.now})
	if err != nil {
		return err
	}
	_, err = fn(book)
	return err
}

// patient is a reader that may be waited for in vain: it ends with its context.
type patient struct {
	ctx  context.Context
	r    io.Reader
	got  chan readPart
	rest []byte
	err  error
}

type readPart struct {
	data []byte
	err  error
}

func (p *patient) Read(to []byte) (int, error) {
	if p.got == nil {
		p.got = make(chan readPart)
		go p.read(p.got, p.ctx.Done()) // ends with the input, the context or the program
	}
	for len(p.rest) == 0 && p.err == nil {
		select {
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		case part := <-p.got:
			p.rest, p.err = part.data, part.err
		}
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	if n == 0 {
		return 0, p.err
	}
	return n, nil
}

func (p *patient) read(got chan<- readPart, done <-chan struct{}) {
	for {
		buf := make([]byte, 64<<10)
		n, err := p.r.Read(buf)
		select {
		case got <- readPart{buf[:n], err}:
		case <-done:
			return
		}
		if err != nil {
			return
		}
	}
}
