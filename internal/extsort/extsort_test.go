package extsort

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

type pair struct{ key, value []byte }

// inputs are orders and shapes of entries that sorters have trouble with.
func inputs(rng *rand.Rand, n int) map[string][]pair {
	m := map[string][]pair{}
	number := func(i int) []byte { return binary.BigEndian.AppendUint64([]byte("prefix"), uint64(i)) }
	value := func(i int) []byte { return fmt.Appendf(nil, "value %d", i) }
	for i := range n {
		m["ascending"] = append(m["ascending"], pair{number(i), value(i)})
		m["descending"] = append(m["descending"], pair{number(n - i), value(i)})
		m["equal"] = append(m["equal"], pair{[]byte("the same key"), value(i)})
		m["few keys"] = append(m["few keys"], pair{number(rng.IntN(5)), value(i)})
		m["empty"] = append(m["empty"], pair{nil, nil})
		m["zeros"] = append(m["zeros"], pair{make([]byte, rng.IntN(20)), value(i)})
		m["random"] = append(m["random"], pair{text(rng, rng.IntN(40)), text(rng, rng.IntN(200))})
		if i < 200 {
			m["large"] = append(m["large"], pair{text(rng, rng.IntN(5000)), text(rng, rng.IntN(256<<10))})
		}
	}
	m["none"] = nil
	m["one"] = []pair{{[]byte("key"), []byte("value")}}
	return m
}

func text(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestSorted(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for name, in := range inputs(rng, 20_000) {
		for _, memory := range []int{-1, 1, 10_000, 300_000, 8 << 20} {
			t.Run(fmt.Sprintf("%s/%d", name, memory), func(t *testing.T) {
				if memory == 1 {
					in = in[:min(len(in), 300)] // a run for each entry or two
				}
				dir := t.TempDir()
				s := New(&Options{Memory: memory, Dir: dir})
				defer s.Close()
				for _, p := range in {
					key, value := bytes.Clone(p.key), bytes.Clone(p.value)
					if err := s.Add(key, value); err != nil {
						t.Fatal(err)
					}
					clear(key)
					clear(value)
				}
				want := slices.Clone(in)
				slices.SortStableFunc(want, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
				for range 2 { // it may be asked twice
					compare(t, s, want)
				}
				if err := s.Add(nil, nil); err != ErrSorted {
					t.Errorf("Add after Sorted: %v", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("Close left %s", left[0].Name())
				}
			})
		}
	}
}

func compare(t *testing.T, s *Sorter, want []pair) {
	t.Helper()
	i := 0
	for e, err := range s.Sorted() {
		if err != nil {
			t.Fatal(err)
		}
		if i == len(want) {
			t.Fatalf("more than %d entries", i)
		}
		if !bytes.Equal(e.Key, want[i].key) || !bytes.Equal(e.Value, want[i].value) {
			t.Fatalf("entry %d is %.40q = %.40q, not %.40q = %.40q", i, e.Key, e.Value, want[i].key, want[i].value)
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("%d entries of %d", i, len(want))
	}
}

func TestNoFileWhileItFits(t *testing.T) {
	for _, memory := range []int{-1, 1 << 20} {
		s := New(&Options{Memory: memory, CreateTemp: func() (*os.File, error) {
			return nil, errors.New("a file was made")
		}})
		n := 10_000
		if memory < 0 {
			n = 500_000
		}
		for i := range n {
			if err := s.Add(binary.BigEndian.AppendUint32(nil, uint32(i*7919)), []byte("value")); err != nil {
				t.Fatal(err)
			}
		}
		last := uint32(0)
		for e, err := range s.Sorted() {
			if err != nil {
				t.Fatal(err)
			}
			if k := binary.BigEndian.Uint32(e.Key); k < last {
				t.Fatal("out of order")
			} else {
				last = k
			}
		}
		s.Close()
	}
}

// Entries that come in order make one run, and so do many small ones at most a
// few hundred readers.
func TestRuns(t *testing.T) {
	s := New(&Options{Memory: 64 << 10, Dir: t.TempDir()})
	defer s.Close()
	for i := range 50_000 {
		if err := s.Add(binary.BigEndian.AppendUint32(nil, uint32(i)), []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) != 1 {
		t.Errorf("%d runs of ascending entries", len(s.runs))
	}
	s = New(&Options{Memory: 256 << 10, Dir: t.TempDir()})
	defer s.Close()
	for i := range 200_000 {
		if err := s.Add(binary.BigEndian.AppendUint32(nil, -uint32(i)), []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	many := len(s.runs)
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	if many < 2*s.fanIn() || len(s.runs) > s.fanIn() {
		t.Errorf("of %d runs %d are left to merge at once, with room for %d", many, len(s.runs), s.fanIn())
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	fill := func(s *Sorter) (err error) {
		for i := 0; i < 5000 && err == nil; i++ {
			err = s.Add(fmt.Append(nil, i), make([]byte, 100))
		}
		if err == nil {
			for _, err = range s.Sorted() {
				if err != nil {
					break
				}
			}
		}
		if again := s.Add(nil, nil); err != nil && !errors.Is(again, err) {
			t.Errorf("Add after an error: %v", again)
		}
		return err
	}
	t.Run("create", func(t *testing.T) {
		s := New(&Options{Memory: 10_000, CreateTemp: func() (*os.File, error) { return nil, broken }})
		defer s.Close()
		if err := fill(s); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	})
	t.Run("write", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		s := New(&Options{Memory: 10_000, CreateTemp: func() (*os.File, error) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return nil, err
			}
			return os.Open(path) // not for writing
		}})
		if err := fill(s); err == nil {
			t.Error("no error")
		}
		s.Close()
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file is still there: %v", err)
		}
	})
	t.Run("read", func(t *testing.T) {
		var f *os.File
		s := New(&Options{Memory: 10_000, CreateTemp: func() (_ *os.File, err error) {
			f, err = os.CreateTemp(t.TempDir(), "")
			return f, err
		}})
		defer s.Close()
		for i := range 5000 {
			if err := s.Add(fmt.Append(nil, -i), make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.finish(); err != nil {
			t.Fatal(err)
		}
		if err := f.Truncate(s.size / 2); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, last = range s.Sorted() {
		}
		if last == nil {
			t.Error("half of the file is missing and nobody notices")
		}
	})
	t.Run("closed", func(t *testing.T) {
		for _, memory := range []int{-1, 1000} {
			s := New(&Options{Memory: memory, Dir: t.TempDir()})
			for i := range 100 {
				if err := s.Add(fmt.Append(nil, i), make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			n, last := 0, error(nil)
			for _, last = range s.Sorted() { // closed on the way
				s.Close()
				n++
			}
			if last != ErrClosed || n > 3 {
				t.Errorf("%v after %d steps", last, n)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := s.Add(nil, nil); err != ErrClosed {
				t.Errorf("Add: %v", err)
			}
			for _, err := range s.Sorted() {
				if err != ErrClosed {
					t.Errorf("Sorted: %v", err)
				}
			}
		}
	})
}

func TestStop(t *testing.T) {
	for _, memory := range []int{-1, 10_000} {
		s := New(&Options{Memory: memory, Dir: t.TempDir()})
		defer s.Close()
		for i := range 1000 {
			if err := s.Add(fmt.Append(nil, i), make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for _, err := range s.Sorted() {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == 10 {
				break
			}
		}
	}
}

func FuzzSorted(f *testing.F) {
	f.Add([]byte("b\x01a\x02c\x00"), 1)
	f.Add(bytes.Repeat([]byte{3, 1, 2, 3}, 500), 600)
	f.Fuzz(func(t *testing.T, data []byte, memory int) {
		s := New(&Options{Memory: memory % 20_000, Dir: t.TempDir()})
		defer s.Close()
		var want []pair
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			p := pair{data[1 : 1+n], data[1+n/2 : 1+n]}
			data = data[1+n:]
			if err := s.Add(p.key, p.value); err != nil {
				t.Fatal(err)
			}
			want = append(want, p)
		}
		slices.SortStableFunc(want, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
		compare(t, s, want)
	})
}

// BenchmarkSort sorts a million entries of 40 bytes.
func BenchmarkSort(b *testing.B) {
	for name, step := range map[string]uint64{"ascending": 1, "random": 0x9E3779B97F4A7C15} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(40e6)
			value := make([]byte, 24)
			for b.Loop() {
				s := New(&Options{Dir: b.TempDir()})
				for i := range uint64(1_000_000) {
					key := binary.BigEndian.AppendUint64([]byte{}, i*step)
					if err := s.Add(append(key, key...), value); err != nil {
						b.Fatal(err)
					}
				}
				for _, err := range s.Sorted() {
					if err != nil {
						b.Fatal(err)
					}
				}
				s.Close()
			}
		})
	}
}

// TestDistinct has numbers in runs and alone, in any order: one that comes twice is
// noticed wherever it stands.
func TestDistinct(t *testing.T) {
	for _, c := range []struct {
		numbers []uint64
		want    error
	}{
		{nil, nil},
		{[]uint64{1}, nil},
		{[]uint64{1, 2, 3, 7, 8, 5, 100, 99}, nil},
		{[]uint64{4, 4}, ErrTwice},
		{[]uint64{1, 2, 3, 2}, ErrTwice},
		{[]uint64{5, 1, 2, 3, 4, 5}, ErrTwice},
		{[]uint64{9, 1, 2, 3, 1, 2}, ErrTwice},
		{[]uint64{1<<64 - 1, 1, 1<<64 - 1}, ErrTwice},
	} {
		d := NewDistinct(&Options{Memory: 64})
		for _, n := range c.numbers {
			if err := d.Add(n); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Check(); err != c.want {
			t.Errorf("%v: %v, want %v", c.numbers, err, c.want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
