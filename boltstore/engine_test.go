package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts/kvstore"
)

// testAppendTables are the tables that the tests' engines take for ones that
// grow at the end.
const testAppendTables = "rf"

// openEngine opens a file whose entries are no kvstore's.
func openEngine(path string, o *Options, appendTables string) (*engine, error) {
	return openFile(path, o, contents{appendTables: appendTables})
}

func mustOpen(t testing.TB, path string, o *Options) *engine {
	t.Helper()
	e, err := openEngine(path, o, testAppendTables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func mustClose(t testing.TB, e *engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// model is what an engine should hold.
type model map[string]string

// batch returns the batch that makes the changes, which map a key to its new
// value or nil.
func batch(changes map[string]*string) *kvstore.Batch {
	b := &kvstore.Batch{}
	for k, v := range changes {
		op := kvstore.Op{Key: []byte(k), Delete: v == nil}
		if v != nil {
			op.Value = []byte(*v)
		}
		b.Ops = append(b.Ops, op)
	}
	slices.SortFunc(b.Ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
	return b
}

func (m model) apply(changes map[string]*string) {
	for k, v := range changes {
		if v == nil {
			delete(m, k)
		} else {
			m[k] = *v
		}
	}
}

func (m model) keys(from, to string, reverse bool) []string {
	var keys []string
	for k := range m {
		if k >= from && (to == "" || k < to) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if reverse {
		slices.Reverse(keys)
	}
	return keys
}

// put commits one key.
func put(t testing.TB, e *engine, key, value string) {
	t.Helper()
	if err := e.Commit(context.Background(), batch(map[string]*string{key: &value})); err != nil {
		t.Fatal(err)
	}
}

// read runs fn on a snapshot inside of Guard, as kvstore does.
func read(e *engine, fn func(s kvstore.Snapshot) error) error {
	return e.Guard(func() error {
		s, err := e.Snapshot()
		if err != nil {
			return err
		}
		defer s.Release()
		return fn(s)
	})
}

// get returns the value of key, "" and false where there is none.
func get(e *engine, key string) (value string, ok bool, err error) {
	err = read(e, func(s kvstore.Snapshot) error {
		v, found, err := s.Get([]byte(key))
		value, ok = string(v), found
		return err
	})
	return value, ok, err
}

// verify compares a snapshot with a model: the whole, and some ranges.
func verify(s kvstore.Snapshot, m model, r *rand.Rand) error {
	for k, want := range m {
		if v, ok, err := s.Get([]byte(k)); err != nil || !ok || v == nil || string(v) != want {
			return fmt.Errorf("Get(%q): %q, %v, %v, want %q", k, v, ok, err, want)
		}
		if _, there := m[k+"\x00"]; !there {
			if _, ok, err := s.Get([]byte(k + "\x00")); ok || err != nil {
				return fmt.Errorf("Get(%q): %v, %v", k+"\x00", ok, err)
			}
		}
	}
	for range 10 {
		from, to := randomKey(r), randomKey(r)
		switch r.IntN(5) {
		case 0:
			from, to = "", ""
		case 1:
			to = string(from[0] + 1)
		case 2:
			from = from[:1]
			to = string(from[0] + 1)
		}
		reverse := r.IntN(2) == 0
		want := m.keys(from, to, reverse)
		if n := len(want); n > 0 && r.IntN(2) == 0 {
			want = want[:1+r.IntN(n)]
		} else {
			want = append(want, "") // expect no more
		}
		i := 0
		var bad error
		err := s.Scan([]byte(from), []byte(to), reverse, func(k, v []byte) bool {
			if i >= len(want) || string(k) != want[i] || string(v) != m[string(k)] || v == nil {
				bad = fmt.Errorf("Scan(%q, %q, %v): %q at %d", from, to, reverse, k, i)
				return false
			}
			i++
			return i < len(want)
		})
		if err != nil || bad != nil {
			return fmt.Errorf("%w, %v", bad, err)
		}
		if i < len(want) && want[i] != "" {
			return fmt.Errorf("Scan(%q, %q, %v): %d keys, %q missing", from, to, reverse, i, want[i])
		}
	}
	return nil
}

// randomKey returns a key of one of five tables. Some are the table's letter
// alone, and many hold zero bytes.
func randomKey(r *rand.Rand) string {
	k := []byte{"abfrz"[r.IntN(5)]}
	for range r.IntN(4) {
		k = append(k, "\x00\x00\x01ab\xff"[r.IntN(6)])
	}
	if r.IntN(3) == 0 {
		k = fmt.Appendf(k, "%06d", r.IntN(1000))
	}
	return string(k)
}

func randomValue(r *rand.Rand) string {
	n := r.IntN(60)
	switch r.IntN(200) {
	case 0:
		n = r.IntN(100_000)
	case 1, 2, 3:
		n = r.IntN(5000)
	case 4, 5, 6, 7, 8, 9:
		n = 0
	}
	return string(bytes.Repeat([]byte{byte(r.Uint32())}, n))
}

func randomChanges(r *rand.Rand, m model, n int) map[string]*string {
	changes := map[string]*string{}
	for range n {
		k := randomKey(r)
		if r.IntN(3) == 0 {
			changes[k] = nil
			continue
		}
		v := randomValue(r)
		changes[k] = &v
	}
	for k := range m {
		if r.IntN(30) == 0 {
			changes[k] = nil
		}
	}
	return changes
}

// makeRoom has the file grow on Windows, where growth waits for snapshots, so
// that a test can commit a little while it holds one. The free space is too
// little to be compacted away.
func makeRoom(t testing.TB, e *engine) {
	t.Helper()
	if !onWindows {
		return
	}
	put(t, e, "zroom", strings.Repeat("r", 3<<20))
	must(t, e.Commit(context.Background(), batch(map[string]*string{"zroom": nil})))
}

// TestModel makes random commits, and compares the engine with a map after
// each, with a snapshot from before it, and after opening the file again.
func TestModel(t *testing.T) {
	for round := range 3 {
		seed := uint64(time.Now().UnixNano())
		t.Logf("round %d: seed %d", round, seed)
		r := rand.New(rand.NewPCG(seed, 2))
		path := filepath.Join(tempDir(t), "book.db")
		e := mustOpen(t, path, nil)
		m := model{}
		makeRoom(t, e)
		for range 30 {
			changes := randomChanges(r, m, 1+r.IntN(60))
			before, err := e.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			old := model{}
			old.apply(toChanges(m))
			if err := e.Commit(context.Background(), batch(changes)); err != nil {
				t.Fatal(err)
			}
			m.apply(changes)
			if err := verify(before, old, r); err != nil {
				t.Fatal("a snapshot changed: ", err)
			}
			before.Release()
			for range 2 { // a new transaction, then one that was kept
				if err := read(e, func(s kvstore.Snapshot) error { return verify(s, m, r) }); err != nil {
					t.Fatal(err)
				}
			}
			switch r.IntN(10) {
			case 0:
				mustClose(t, e)
				e = mustOpen(t, path, nil)
			case 1:
				if err := e.compact(context.Background()); err != nil {
					t.Fatal(err)
				}
				makeRoom(t, e)
			case 2:
				if err := e.checkFile(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		}
		mustClose(t, e)
	}
}

func toChanges(m model) map[string]*string {
	changes := map[string]*string{}
	for k, v := range m {
		changes[k] = &v
	}
	return changes
}

// TestNestedScan reads and scans inside of a scan of the same snapshot.
func TestNestedScan(t *testing.T) {
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	m := model{}
	for i := range 300 {
		m[fmt.Sprintf("a%03d", i)] = fmt.Sprint(i)
	}
	if err := e.Commit(context.Background(), batch(toChanges(m))); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := read(e, func(s kvstore.Snapshot) error {
		return s.Scan([]byte("a"), []byte("b"), false, func(k, v []byte) bool {
			key := string(k)
			inner := 0
			err := s.Scan([]byte("a1"), []byte("a2"), true, func(k, v []byte) bool {
				inner++
				_, ok, _ := s.Get(k)
				return ok
			})
			if err != nil || inner != 100 || string(k) != key || m[key] != string(v) {
				t.Fatalf("%q became %q (%d inside, %v)", key, k, inner, err)
			}
			n++
			return true
		})
	})
	if err != nil || n != 300 {
		t.Fatal(n, err)
	}
}

// TestReadsDoNotAllocate holds the cost of a Get between two commits down.
func TestReadsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Log("not measured under the race detector")
		return
	}
	e := mustOpen(t, filepath.Join(tempDir(t), "book.db"), nil)
	put(t, e, "akey", "value")
	key := []byte("akey")
	allocs := testing.AllocsPerRun(100, func() {
		s, err := e.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Get(key); !ok || err != nil {
			t.Fatal(ok, err)
		}
		s.Release()
	})
	if allocs > 0 {
		t.Fatalf("%v allocations", allocs)
	}
}
