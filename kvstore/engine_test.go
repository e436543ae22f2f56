package kvstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/callerbook/contacts"
)

// plainEngine is an Engine in the plainest form: a map that every commit
// copies. It checks what kvstore promises to an engine.
type plainEngine struct {
	mu      sync.Mutex
	data    map[string]string
	sorted  []string // keys of data, nil until asked for
	fail    func(n int, b *Batch) error
	commits int
	gate    func() // called before a commit
	running atomic.Bool
	open    atomic.Int64 // snapshots
	closed  int
}

func newPlain() *plainEngine { return &plainEngine{data: map[string]string{}} }

// errTorn makes a commit that is applied all the same.
var errTorn = fmt.Errorf("torn: %w", contacts.ErrCommitUnknown)

func (e *plainEngine) Commit(ctx context.Context, b *Batch) error {
	if !e.running.CompareAndSwap(false, true) {
		panic("two commits at once")
	}
	defer e.running.Store(false)
	if e.gate != nil {
		e.gate()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed > 0 {
		panic("commit after Close")
	}
	var last []byte
	for _, op := range b.Ops {
		if len(op.Key) == 0 || len(op.Key) > 1024 || len(op.Value) > 4<<20 {
			panic(fmt.Sprintf("key of %d and value of %d bytes", len(op.Key), len(op.Value)))
		}
		if bytes.Compare(last, op.Key) >= 0 {
			panic(fmt.Sprintf("key %q after %q", op.Key, last))
		}
		last = op.Key
	}
	e.commits++
	var err error
	if e.fail != nil {
		if err = e.fail(e.commits, b); err != nil && !errors.Is(err, errTorn) {
			return err
		}
	}
	next := maps.Clone(e.data)
	for _, op := range b.Ops {
		if op.Delete {
			delete(next, string(op.Key))
		} else {
			next[string(op.Key)] = string(op.Value)
		}
	}
	e.data, e.sorted = next, nil
	return err
}

func (e *plainEngine) Snapshot() (Snapshot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed > 0 {
		return nil, contacts.ErrClosed
	}
	if e.sorted == nil {
		e.sorted = slices.Sorted(maps.Keys(e.data))
	}
	e.open.Add(1)
	return &plainSnapshot{e: e, data: e.data, sorted: e.sorted}, nil
}

func (e *plainEngine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed++; e.closed > 1 || e.open.Load() != 0 {
		panic("closed twice, or with snapshots open")
	}
	return nil
}

// set changes the data behind the store's back.
func (e *plainEngine) set(key string, value *string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := maps.Clone(e.data)
	if value == nil {
		delete(next, key)
	} else {
		next[key] = *value
	}
	e.data, e.sorted = next, nil
}

type plainSnapshot struct {
	e        *plainEngine
	data     map[string]string
	sorted   []string
	released bool
}

func (s *plainSnapshot) Get(key []byte) ([]byte, bool, error) {
	if s.released {
		panic("use after Release")
	}
	v, ok := s.data[string(key)]
	if !ok {
		return nil, false, nil
	}
	return []byte(v), true, nil
}

func (s *plainSnapshot) Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error {
	if s.released {
		panic("use after Release")
	}
	lo, _ := slices.BinarySearch(s.sorted, string(from))
	hi := len(s.sorted)
	if len(to) > 0 {
		hi, _ = slices.BinarySearch(s.sorted, string(to))
	}
	for i := lo; i < hi; i++ {
		k := s.sorted[i]
		if reverse {
			k = s.sorted[hi-1-(i-lo)]
		}
		key, value := []byte(k), []byte(s.data[k])
		goOn := yield(key, value)
		for i := range key { // valid until yield returns
			key[i] = 0xEE
		}
		for i := range value {
			value[i] = 0xEE
		}
		if !goOn {
			break
		}
	}
	return nil
}

func (s *plainSnapshot) Release() {
	if s.released {
		panic("released twice")
	}
	s.released = true
	s.e.open.Add(-1)
}

// diskEngine is a plainEngine that has files to sort in, and makes many changes
// at once unless it declines to.
type diskEngine struct {
	*plainEngine
	declines bool
	merges   int
	temp     func(*os.File) (*os.File, error) // nil: the file is good
}

func (e *diskEngine) TempFile() (*os.File, error) {
	f, err := os.CreateTemp("", "kvstore-test-*")
	if err == nil && e.temp != nil {
		return e.temp(f)
	}
	return f, err
}

func (e *diskEngine) Merge(ctx context.Context, size int64, ops iter.Seq2[Op, error]) error {
	if e.declines {
		return contacts.ErrUnsupported
	}
	var b Batch
	for op, err := range ops {
		if err != nil {
			return err
		}
		b.Ops = append(b.Ops, Op{Key: bytes.Clone(op.Key), Value: bytes.Clone(op.Value), Delete: op.Delete})
	}
	e.merges++
	return e.Commit(ctx, &b)
}

// loadStores returns functions that make a Store over each kind of engine that
// loads go into in a way of its own. Those that sort in files have memory for
// few entries.
func loadStores(t testing.TB) map[string]func() (*Store, *plainEngine) {
	disk := func(declines bool) func() (*Store, *plainEngine) {
		return func() (*Store, *plainEngine) {
			e := newPlain()
			s, err := New(&diskEngine{plainEngine: e, declines: declines}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s.pileMemory = 10_000
			return s, e
		}
	}
	return map[string]func() (*Store, *plainEngine){
		"memory": func() (*Store, *plainEngine) { return newStore(t) }, "merger": disk(false), "spiller": disk(true),
	}
}

// newStore returns a Store over a plain engine.
func newStore(t testing.TB) (*Store, *plainEngine) {
	t.Helper()
	e := newPlain()
	s, err := New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, e
}

// dump shows the entries of a table, for tests that fail.
func (e *plainEngine) dump(table byte) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(e.data)) {
		if k[0] == table {
			fmt.Fprintf(&b, "%q = %q\n", k, e.data[k])
		}
	}
	return b.String()
}
