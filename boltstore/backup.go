package boltstore

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// backup writes the present state of the book to w, as a file that Open opens,
// and returns how many bytes it wrote.
//
// It never holds up writers for the sake of w, however slow w is: the file is
// copied first, to a private one beside it, which is judged and then sent. The
// disk needs room for that copy.
func (e *engine) backup(ctx context.Context, w io.Writer) (n int64, err error) {
	f, err := e.privateCopy(ctx, copySuffix, "backing up")
	if err != nil {
		return 0, err
	}
	defer discard(f)
	err = markCopy(f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, failed(e.name, "backing up", err)
	}
	n, err = io.Copy(w, &contextReader{ctx, f})
	if err != nil && ctx.Err() == nil {
		err = failed(e.name, "backing up", err)
	}
	return n, err
}

// backupFile is backup to a new file at path, which appears whole or not at
// all. It returns an error that wraps fs.ErrExist where path is taken.
func (e *engine) backupFile(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return failed(path, "backing up", fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+newSuffix)
	if err != nil {
		return failed(path, "backing up", err)
	}
	err = e.writeCopy(ctx, f, "backing up")
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = publish(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return concerning(ctx, path, "backing up", err)
}

// concerning names path in an error that names no file and is not ctx's.
func concerning(ctx context.Context, path, doing string, err error) error {
	var named *fileError
	if err == nil || errors.As(err, &named) || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return failed(path, doing, err)
}

// writeCopy writes the present state to f, which is empty, judges it there,
// marks it as a copy and syncs it. Errors of the book say what the copy is for,
// those of f do not name it, as it has no name yet.
//
// Where f is in another folder, which may be on a slow disk, the state is copied
// beside the book first, so that no writer waits for that disk.
func (e *engine) writeCopy(ctx context.Context, f *os.File, doing string) error {
	copyTo := e.copyState
	if !sameFolder(f.Name(), e.path) {
		copyTo = e.copyFar
	}
	if _, err := copyTo(ctx, f, doing); err != nil {
		return err
	}
	if err := e.verifyCopy(ctx, f); err != nil {
		return err
	}
	if err := markCopy(f); err != nil {
		return err
	}
	return f.Sync()
}

// copyFar writes the present state to f by way of a private copy.
func (e *engine) copyFar(ctx context.Context, f *os.File, doing string) (int64, error) {
	near, err := e.privateFile(copySuffix)
	if err != nil {
		return 0, failed(e.name, doing, err)
	}
	defer discard(near)
	if _, err := e.copyState(ctx, near, doing); err != nil {
		return 0, err
	}
	return io.Copy(f, &contextReader{ctx, io.NewSectionReader(near, 0, math.MaxInt64)})
}

// sameFolder reports whether two files are in one folder.
func sameFolder(a, b string) bool {
	one, err := os.Stat(filepath.Dir(a))
	two, err2 := os.Stat(filepath.Dir(b))
	return err == nil && err2 == nil && os.SameFile(one, two)
}

// privateCopy copies the present state to a new file that only this process
// knows, and judges it. The caller discards the file. Errors say what the copy
// is for.
func (e *engine) privateCopy(ctx context.Context, suffix, doing string) (f *os.File, err error) {
	if f, err = e.privateFile(suffix); err != nil {
		return nil, failed(e.name, doing, err)
	}
	defer func() {
		if err != nil {
			discard(f)
			f = nil
		}
	}()
	if _, err := e.copyState(ctx, f, doing); err != nil {
		return f, err
	}
	if err := e.verifyCopy(ctx, f); err != nil {
		return f, err
	}
	return f, nil
}

// privateFile is createTemp, with a name only where the system insists: without
// one it goes when the process does, in whatever way.
func (e *engine) privateFile(suffix string) (*os.File, error) {
	f, err := e.createTemp(suffix)
	if err == nil && runtime.GOOS != "windows" {
		_ = os.Remove(f.Name())
	}
	return f, err
}

// createTemp makes a file for the user's eyes alone, beside the book or, where
// that folder may only be read, in os.TempDir.
func (e *engine) createTemp(suffix string) (*os.File, error) {
	pattern := "." + filepath.Base(e.beside) + suffix
	f, err := os.CreateTemp(filepath.Dir(e.beside), pattern)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = os.CreateTemp("", pattern)
	}
	return f, err
}

// copyState writes the present state to f and returns its size. The read
// transaction that it holds lasts as long as the copy.
func (e *engine) copyState(ctx context.Context, f *os.File, doing string) (int64, error) {
	s, err := e.snapshot()
	if err != nil {
		return 0, err
	}
	defer s.Release()
	var n int64
	w := bufio.NewWriterSize(&contextWriter{ctx, f}, 1<<20)
	err = e.Guard(func() (err error) {
		n, err = s.tx.WriteTo(w)
		if err == nil {
			err = w.Flush()
		}
		return err
	})
	if err == nil {
		err = settleMetas(f, n)
	}
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, io.EOF):
		return 0, e.poison(damaged(e.name, "it was truncated", err))
	}
	return 0, e.failure(failed(e.name, doing, err))
}

// settleMetas puts the states of a copy where bbolt looks for them: it writes the
// present one to the first meta page whatever its number, so that the next
// commit would leave two that do not follow one another.
func settleMetas(f *os.File, size int64) error {
	metas, err := boltfile.ReadMetas(f, size)
	if err != nil {
		return err
	}
	m, _ := metas.Current()
	return boltfile.WriteMetas(f, m)
}

// discard removes a private copy.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// contextReader and contextWriter end with the error of ctx.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}
