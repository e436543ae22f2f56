package interchange

import (
	"fmt"
	"io"
	"os"
)

// spoolMemory is how much of a spool stays in memory.
const spoolMemory = 1 << 20

// spool is bytes that are appended and read again: in memory while there are
// few, then in a file that only the user may read and that is gone after close.
// The zero spool with a folder is ready to use.
type spool struct {
	dir  string // "" means os.TempDir
	tail []byte // what is not in the file
	at   int64  // where tail begins
	file *os.File
	gone bool // the file has no name any more
}

// Write appends. It keeps nothing of p.
func (s *spool) Write(p []byte) (int, error) {
	s.tail = append(s.tail, p...)
	if len(s.tail) < spoolMemory {
		return len(p), nil
	}
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "contacts-import-")
		if err != nil {
			return 0, fmt.Errorf("interchange: creating a temporary file: %w", err)
		}
		s.file = f
		s.gone = os.Remove(f.Name()) == nil // where the system lets go of names of open files
	}
	if _, err := s.file.WriteAt(s.tail, s.at); err != nil {
		return 0, fmt.Errorf("interchange: writing to a temporary file (is there room on its disk?): %w", err)
	}
	s.at += int64(len(s.tail))
	s.tail = s.tail[:0]
	return len(p), nil
}

// size returns how many bytes there are.
func (s *spool) size() int64 { return s.at + int64(len(s.tail)) }

// ReadAt is io.ReaderAt.
func (s *spool) ReadAt(p []byte, off int64) (n int, err error) {
	if off < s.at {
		n, err = s.file.ReadAt(p[:min(int64(len(p)), s.at-off)], off)
		if err != nil {
			return n, err
		}
	}
	if n < len(p) && off+int64(n) <= s.size() {
		n += copy(p[n:], s.tail[off+int64(n)-s.at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// close removes the file.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if !s.gone {
		if removeErr := os.Remove(s.file.Name()); err == nil {
			err = removeErr
		}
	}
	s.file = nil
	return err
}
