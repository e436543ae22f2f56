// Package extsort sorts any number of entries in bounded memory: what does not
// fit goes to a temporary file, as sorted runs that are merged at the end.
package extsort

import (
	"bufio"
	"errors"
	"iter"
	"os"
)

// DefaultMemory is what a Sorter takes when Options say nothing.
const DefaultMemory = 8 << 20

// ErrClosed is the error of every call after Close.
var ErrClosed = errors.New("extsort: the sorter is closed")

// ErrSorted is the error of Add after Sorted.
var ErrSorted = errors.New("extsort: entries were added after sorting began")

// Options of New. Nil is fine.
type Options struct {
	// Memory bounds the bytes that are held, but for the largest entry. 0 means
	// DefaultMemory; below 0 there is no bound, and no file.
	Memory int

	// Dir is where the temporary file goes. Default: os.TempDir.
	Dir string

	// CreateTemp, when not nil, makes the temporary file instead: empty, open for
	// reading and writing, for the user's eyes only. The Sorter removes it.
	CreateTemp func() (*os.File, error)
}

// Entry is a key and its value. The slices are valid until the next step of the
// range and must not be written to.
type Entry struct {
	Key, Value []byte
}

// Sorter takes entries in any order and gives them back sorted. It belongs to
// one goroutine. After an error other than ErrSorted it is of no more use, but
// for Close.
type Sorter struct {
	memory int
	create func() (*os.File, error)

	arena  arena
	sorted bool // Sorted was called, and the arena is in order

	file    *os.File
	removed bool // of the directory already
	size    int64
	runs    []run
	last    []byte // the last key of the last run
	out     *bufio.Writer
	maxKey  int

	err error
}

// New returns an empty Sorter. It makes no file before it has to. Close it.
func New(o *Options) *Sorter {
	s := &Sorter{memory: DefaultMemory}
	var dir string
	if o != nil {
		dir, s.create = o.Dir, o.CreateTemp
		if o.Memory != 0 {
			s.memory = o.Memory
		}
	}
	if s.create == nil {
		s.create = func() (*os.File, error) { return os.CreateTemp(dir, ".contacts-sort-*") }
	}
	s.arena.init(s.memory)
	return s
}

// Add takes an entry in. It copies both slices. Keys may be equal, and empty.
func (s *Sorter) Add(key, value []byte) error {
	if s.err != nil {
		return s.err
	}
	if s.sorted {
		return ErrSorted
	}
	if s.memory >= 0 && !s.arena.fits(len(key), len(value), s.memory) {
		if err := s.spill(); err != nil {
			s.err = err
			return err
		}
	}
	s.maxKey = max(s.maxKey, len(key))
	s.arena.add(key, value)
	return nil
}

// Sorted yields all entries, keys ascending as bytes are, equal keys in the order
// in which they were added. It may be called again. An error is yielded as the
// last thing, with no entry.
func (s *Sorter) Sorted() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := s.finish(); err != nil {
			yield(Entry{}, err)
			return
		}
		if len(s.runs) == 0 {
			for i := range s.arena.refs {
				k, v := s.arena.entry(s.arena.refs[i])
				if !yield(Entry{k, v}, nil) {
					return
				}
				if s.err != nil { // closed meanwhile
					yield(Entry{}, s.err)
					return
				}
			}
			return
		}
		stopped := false
		err := s.merge(s.runs, func(e Entry) error {
			if !yield(e, nil) {
				stopped = true
				return errStopped
			}
			return s.err
		})
		if err != nil && !stopped {
			yield(Entry{}, err)
		}
	}
}

var errStopped = errors.New("extsort: the range was left")

// finish puts in order what is in memory, or all into few enough runs.
func (s *Sorter) finish() error {
	if s.err != nil || s.sorted {
		return s.err
	}
	s.sorted = true
	if len(s.runs) == 0 {
		s.arena.sort()
		return nil
	}
	s.err = s.spill()
	s.arena = arena{} // from here on its memory is for merging
	if s.err == nil {
		s.err = s.reduce()
	}
	s.out, s.last = nil, nil
	return s.err
}

// Close gives everything back and removes the temporary file. It may be called
// again.
func (s *Sorter) Close() error {
	if s.err == ErrClosed {
		return nil
	}
	s.err = ErrClosed
	s.arena, s.out, s.runs = arena{}, nil, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if !s.removed {
		if e := os.Remove(s.file.Name()); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	s.file = nil
	return err
}
