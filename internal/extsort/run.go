package extsort

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// run is a part of the temporary file: entries in order.
type run struct {
	from, to int64
}

// outBuffer is how much is written to the file at a time, where the memory is
// not smaller yet.
const outBuffer = 128 << 10

// spill writes what is in memory to the file, as a run of its own or, where it
// follows the last one in order, as more of that.
func (s *Sorter) spill() error {
	a := &s.arena
	if len(a.refs) == 0 {
		return nil
	}
	a.sort()
	if err := s.open(); err != nil {
		return err
	}
	from := s.size
	if first := a.key(a.refs[0]); len(s.runs) > 0 && bytes.Compare(s.last, first) <= 0 {
		from = s.runs[len(s.runs)-1].from
		s.runs = s.runs[:len(s.runs)-1]
	}
	for _, r := range a.refs {
		if _, err := s.out.Write(a.raw(r)); err != nil {
			return writeError(err)
		}
	}
	if err := s.flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, run{from, s.size})
	s.last = append(s.last[:0], a.key(a.refs[len(a.refs)-1])...)
	a.reset()
	return nil
}

// open makes the file. Where the system lets it, it is without a name at once:
// nothing of it can be left over, whatever happens to the process.
func (s *Sorter) open() error {
	if s.file != nil {
		return nil
	}
	f, err := s.create()
	if err != nil {
		return fmt.Errorf("extsort: creating a temporary file to sort in: %w", err)
	}
	s.file = f
	s.removed = os.Remove(f.Name()) == nil
	s.out = bufio.NewWriterSize(&appender{s}, max(512, min(outBuffer, s.memory/8)))
	return nil
}

func (s *Sorter) write(key, value []byte) error {
	var head [2 * binary.MaxVarintLen64]byte
	b := binary.AppendUvarint(head[:0], uint64(len(key)))
	b = binary.AppendUvarint(b, uint64(len(value)))
	s.out.Write(b) // a bufio.Writer keeps its first error
	s.out.Write(key)
	if _, err := s.out.Write(value); err != nil {
		return writeError(err)
	}
	return nil
}

func (s *Sorter) flush() error {
	if err := s.out.Flush(); err != nil {
		return writeError(err)
	}
	return nil
}

func writeError(err error) error {
	return fmt.Errorf("extsort: writing to a temporary file (is there room on its disk?): %w", err)
}

// appender writes to the end of the file.
type appender struct{ s *Sorter }

func (a *appender) Write(b []byte) (int, error) {
	n, err := a.s.file.WriteAt(b, a.s.size)
	a.s.size += int64(n)
	return n, err
}

// reader reads a run. It stands at an entry, whose key is in its buffer.
type reader struct {
	file     io.ReaderAt
	from, to int64  // what is not yet in buf
	buf      []byte // read, from pos on not yet used
	pos      int
	prefix   uint64
	key      []byte
	value    int // length
	err      error
	done     bool
}

// next steps to the following entry. At the end, and after an error, done is set.
func (r *reader) next() {
	kn, ok := r.uvarint()
	if !ok {
		return
	}
	vn, ok := r.uvarint()
	if !ok || !r.need(kn) {
		r.fail(io.ErrUnexpectedEOF)
		return
	}
	r.key, r.value = r.buf[r.pos:r.pos+kn:r.pos+kn], vn
	r.prefix = prefix(r.key)
}

// take returns the value of the entry and steps behind it, which next must
// follow. The key stays valid until then. A value that is not in the buffer as a
// whole is put into large, which it may replace.
func (r *reader) take(large *[]byte) ([]byte, error) {
	at := r.pos + len(r.key)
	if at+r.value <= len(r.buf) {
		r.pos = at + r.value
		return r.buf[at : at+r.value : at+r.value], nil
	}
	if cap(*large) < r.value {
		*large = make([]byte, r.value)
	}
	v := (*large)[:r.value:r.value]
	n := copy(v, r.buf[at:])
	if int64(r.value-n) > r.to-r.from {
		return nil, readError(io.ErrUnexpectedEOF)
	}
	if _, err := r.file.ReadAt(v[n:], r.from); err != nil {
		return nil, readError(err)
	}
	r.from += int64(r.value - n)
	r.pos = len(r.buf)
	return v, nil
}

// need has n bytes in the buffer, from pos on.
func (r *reader) need(n int) bool {
	if len(r.buf)-r.pos >= n {
		return true
	}
	have := copy(r.buf[:cap(r.buf)], r.buf[r.pos:])
	if int64(n-have) > r.to-r.from {
		r.buf, r.pos = r.buf[:have], 0
		return false
	}
	if cap(r.buf) < n {
		b := make([]byte, n)
		copy(b, r.buf[:have])
		r.buf = b
	}
	more := min(int64(cap(r.buf)-have), r.to-r.from)
	r.buf, r.pos = r.buf[:have+int(more)], 0
	if _, err := r.file.ReadAt(r.buf[have:], r.from); err != nil {
		r.fail(err)
		return false
	}
	r.from += more
	return true
}

func (r *reader) uvarint() (int, bool) {
	if len(r.buf)-r.pos < binary.MaxVarintLen32 {
		r.need(int(min(binary.MaxVarintLen32, int64(len(r.buf)-r.pos)+r.to-r.from)))
	}
	if r.pos == len(r.buf) && r.from == r.to {
		r.done = true
		return 0, false
	}
	v, n := binary.Uvarint(r.buf[r.pos:])
	if n <= 0 || v > 1<<31-1 {
		r.fail(io.ErrUnexpectedEOF)
		return 0, false
	}
	r.pos += n
	return int(v), true
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = readError(err)
	}
	r.done = true
}

func readError(err error) error {
	return fmt.Errorf("extsort: reading back from a temporary file: %w", err)
}
