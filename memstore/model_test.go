package memstore

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts/kvstore"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the model test; 0 takes one from the clock")

// tinyShape makes deep trees of few entries.
var tinyShape = shape{page: 256, leaves: 8, kids: 8}

func newTestEngine(s shape) *engine {
	e := newEngine()
	e.w.shape = s
	return e
}

// A model is what an engine should hold.
type model map[string]string

func (m model) apply(ops []kvstore.Op) {
	for _, op := range ops {
		if op.Delete {
			delete(m, string(op.Key))
		} else {
			m[string(op.Key)] = string(op.Value)
		}
	}
}

// verify compares all that s shows with m: every Get, and scans of the whole
// and of parts.
func (m model) verify(r *rand.Rand, s kvstore.Snapshot) error {
	keys := slices.Sorted(maps.Keys(m))
	bounds := []string{"", ""}
	for range 20 {
		bound := randomKey(r)
		if len(keys) > 0 && r.IntN(2) == 0 {
			bound = keys[r.IntN(len(keys))]
		}
		bounds = append(bounds, bound)
	}
	for i := 1; i < len(bounds); i++ {
		from, to := bounds[i-1], bounds[i]
		lo, hi := sort.SearchStrings(keys, from), len(keys)
		if to != "" {
			hi = max(lo, sort.SearchStrings(keys, to))
		}
		for _, reverse := range []bool{false, true} {
			want := slices.Clone(keys[lo:hi])
			if reverse {
				slices.Reverse(want)
			}
			n := 0
			var err error
			scanErr := s.Scan([]byte(from), []byte(to), reverse, func(k, v []byte) bool {
				if n >= len(want) || string(k) != want[n] || string(v) != m[want[n]] || v == nil {
					err = fmt.Errorf("Scan(%q, %q, %v): entry %d is %q", from, to, reverse, n, k)
					return false
				}
				n++
				return true
			})
			if err != nil || scanErr != nil {
				return fmt.Errorf("%w %v", err, scanErr)
			}
			if n != len(want) {
				return fmt.Errorf("Scan(%q, %q, %v): %d entries, want %d", from, to, reverse, n, len(want))
			}
		}
	}
	for _, k := range keys {
		if v, ok, err := s.Get([]byte(k)); err != nil || !ok || string(v) != m[k] || v == nil {
			return fmt.Errorf("Get(%q) = %q, %v, %v; want %q", k, v, ok, err, m[k])
		}
	}
	for range 100 {
		k := randomKey(r)
		want, wantOK := m[k]
		if v, ok, err := s.Get([]byte(k)); err != nil || ok != wantOK || string(v) != want {
			return fmt.Errorf("Get(%q) = %q, %v, %v; want %q, %v", k, v, ok, err, want, wantOK)
		}
	}
	return nil
}

// randomKey returns a key that resembles those of a store, or rarely a long
// or odd one. Few enough differ that keys meet again.
func randomKey(r *rand.Rand) string {
	table := string(rune('a' + r.IntN(4)))
	switch r.IntN(40) {
	case 0:
		return table
	case 1:
		return table + strings.Repeat(string(rune('x'+r.IntN(2))), r.IntN(300))
	case 2:
		return string([]byte{byte(r.IntN(256)), byte(r.IntN(256))})
	case 3:
		return table + strings.Repeat("long", 200) + fmt.Sprint(r.IntN(9))
	}
	return fmt.Sprintf("%s\x00\x01%0*d", table, 1+r.IntN(5), r.IntN(2000))
}

func randomValue(r *rand.Rand) string {
	switch r.IntN(50) {
	case 0:
		return strings.Repeat("L", r.IntN(5000))
	case 1, 2, 3:
		return strings.Repeat("m", r.IntN(120))
	case 4, 5, 6, 7, 8, 9:
		return ""
	}
	return fmt.Sprint(r.IntN(1e6))
}

// randomOps returns a batch. Its size and its share of deletes vary widely,
// and some batches delete or fill a whole range.
func randomOps(r *rand.Rand, m model) []kvstore.Op {
	ops := map[string]kvstore.Op{}
	n := 1 + r.IntN(10)
	if r.IntN(10) == 0 {
		n = r.IntN(600)
	}
	deletes := r.IntN(100)
	for range n {
		k := randomKey(r)
		if r.IntN(100) < deletes {
			ops[k] = del(k)
		} else {
			ops[k] = put(k, randomValue(r))
		}
	}
	switch r.IntN(12) {
	case 0:
		from, to := randomKey(r), randomKey(r)
		for k := range m {
			if from <= k && k < to {
				ops[k] = del(k)
			}
		}
	case 1:
		start := r.IntN(1000)
		for i := range r.IntN(500) {
			k := fmt.Sprintf("b\x00\x01%04d", start+i)
			ops[k] = put(k, "run")
		}
	}
	sorted := slices.Collect(maps.Values(ops))
	slices.SortFunc(sorted, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
	return sorted
}

func newSeed(t *testing.T) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	return seed
}

func TestModel(t *testing.T) {
	seed := newSeed(t)
	for name, s := range map[string]shape{"tiny": tinyShape, "default": defaultShape} {
		t.Run(name, func(t *testing.T) { testModel(t, s, seed) })
	}
}

func testModel(t *testing.T, s shape, seed uint64) {
	type held struct {
		snapshot kvstore.Snapshot
		model    model
	}
	r := rand.New(rand.NewPCG(seed, 1))
	e := newTestEngine(s)
	m := model{}
	var old []held
	rounds := 240
	if testing.Short() {
		rounds = 100
	}
	for i := range rounds {
		ops := randomOps(r, m)
		if err := e.Commit(context.Background(), &kvstore.Batch{Ops: ops, Append: r.IntN(4) == 0}); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		m.apply(ops)
		for _, op := range ops { // the engine must have copied
			clear(op.Key)
			clear(op.Value)
		}
		stats, err := checkTree(s, e.current.Load().root)
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		if stats.entries != len(m) {
			t.Fatalf("round %d: %d entries, want %d", i, stats.entries, len(m))
		}
		if i%20 == 0 {
			if err := m.verify(r, snapshot(t, e)); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
		}
		if i%40 == 0 {
			old = append(old, held{snapshot(t, e), maps.Clone(m)})
		}
	}
	for i, h := range old {
		if err := h.model.verify(r, h.snapshot); err != nil {
			t.Errorf("snapshot held since round %d: %v", i*40, err)
		}
		h.snapshot.Release()
	}
	for len(m) > 0 { // delete all, in random order
		var ops []kvstore.Op
		n := 1 + r.IntN(len(m)/4+1)
		for k := range m {
			if ops = append(ops, del(k)); len(ops) == n {
				break
			}
		}
		m.apply(ops)
		commit(t, e, ops...)
		if stats, err := checkTree(s, e.current.Load().root); err != nil || stats.entries != len(m) {
			t.Fatalf("%d entries, want %d: %v", stats.entries, len(m), err)
		}
	}
}

// Values that were handed out, and snapshots, are good while commits run.
func TestConcurrentReaders(t *testing.T) {
	const keys, rounds = 500, 100
	e := newTestEngine(tinyShape)
	write := func(round int) {
		ops := make([]kvstore.Op, keys)
		for i := range ops {
			ops[i] = put(fmt.Sprintf("a%04d", i), fmt.Sprint(round))
			ops[i].Delete = (i+round)%7 == 0
		}
		commit(t, e, ops...)
	}
	write(0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				s, err := e.Snapshot()
				if err != nil {
					t.Error(err)
					return
				}
				values := map[string]bool{}
				count := 0
				_ = s.Scan(nil, nil, (g+n)%2 == 0, func(k, v []byte) bool {
					values[string(v)] = true
					count++
					return true
				})
				first, ok, _ := s.Get([]byte("a0003"))
				s.Release()
				if ok {
					values[string(first)] = true
				}
				if len(values) != 1 || count < keys*6/7 || count > keys*6/7+1 {
					t.Errorf("a snapshot shows %d entries of rounds %v", count, values)
					return
				}
			}
		}()
	}
	for round := 1; round <= rounds; round++ {
		write(round)
	}
	close(done)
	wg.Wait()
}

// FuzzCommit reads batches from bytes: two for an op (what, key), a zero to
// commit.
func FuzzCommit(f *testing.F) {
	f.Add([]byte("\x01a\x02b\x00\x03a\x00"))
	f.Add(bytes.Repeat([]byte("\x05a\x06b\x07c\x00\x09d"), 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := newTestEngine(tinyShape)
		m := model{}
		batch := map[string]kvstore.Op{}
		finish := func(packed bool) {
			ops := slices.Collect(maps.Values(batch))
			clear(batch)
			slices.SortFunc(ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
			if err := e.Commit(context.Background(), &kvstore.Batch{Ops: ops, Append: packed}); err != nil {
				t.Fatal(err)
			}
			m.apply(ops)
			stats, err := checkTree(tinyShape, e.current.Load().root)
			if err != nil || stats.entries != len(m) {
				t.Fatalf("%d entries, want %d: %v", stats.entries, len(m), err)
			}
		}
		for i := 0; i+1 < len(data); i++ {
			what := data[i]
			if what < 2 {
				finish(what == 1)
				continue
			}
			i++
			// A key of 1 to 64 equal bytes and up to 4 that count on.
			key := strings.Repeat(string(rune('a'+data[i]%8)), 1<<(what%7)) + strings.Repeat(string(data[i]/8), int(what/7%4))
			if what&0x80 != 0 {
				batch[key] = del(key)
			} else {
				batch[key] = put(key, strings.Repeat("v", int(what)*int(data[i])%97))
			}
		}
		finish(false)
		if err := m.verify(rand.New(rand.NewPCG(1, 2)), snapshot(t, e)); err != nil {
			t.Fatal(err)
		}
	})
}
