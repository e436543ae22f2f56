package memstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/callerbook/contacts/kvstore"
)

// The benchmarks run on this many simulated contacts. The figures that count
// are those of
//
//	go test -run '^$' -bench . ./memstore -contacts 1000000
var contactsFlag = flag.Int("contacts", 10_000, "contacts in the benchmarks")

var (
	syllables = []string{"an", "ber", "ca", "do", "el", "fri", "ga", "ho", "in", "jo", "ka", "lu", "mar", "ni", "ol", "pe", "ra", "so", "ti", "wal"}
	names     = func() []string {
		var out []string
		for _, a := range syllables {
			for _, b := range syllables {
				out = append(out, a+b, a+b+"son", a+"l"+b+"a")
			}
		}
		return out
	}()
)

// simulate appends the 13 entries of contact i, in no order: its record, two
// numbers claimed, listed and reversed, words, name order, creation order and
// its event in the feed. Keys and values have the shape and the spread of a
// real book: 10 to 25 bytes, 0 to 9 bytes, and a record of 200.
func simulate(ops []kvstore.Op, i int) []kvstore.Op {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	scope := []byte{0, 1}
	key := func(table byte, parts ...[]byte) []byte {
		return append(append([]byte{table}, scope...), bytes.Join(parts, nil)...)
	}
	u64 := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	// Names are skewed: some are very common.
	name := func() []byte { return []byte(names[int(float64(len(names))*r.Float64()*r.Float64())]) }
	add := func(k, v []byte) { ops = append(ops, kvstore.Op{Key: k, Value: v}) }

	id := make([]byte, 0, 16)
	id = append(append(id, u64(r.Uint64())...), u64(r.Uint64())...)
	short := u64(uint64(i) << 8)[1:]
	record := make([]byte, 200)
	copy(record, fmt.Sprintf("%x", id))
	first, last := name(), name()
	add(key('r', id), record)
	for range 2 {
		line := u64(4_900_000_000_000 + r.Uint64N(90_000_000_000))
		add(key('c', line), short)
		add(key('h', line, short), nil)
		digits := fmt.Appendf(nil, "%d", binary.BigEndian.Uint64(line))
		slices.Reverse(digits)
		add(key('d', digits, short[2:]), []byte{1})
	}
	add(key('w', first, []byte{0}, short), nil)
	add(key('w', last, []byte{1}, short), nil)
	add(key('w', []byte(names[r.IntN(len(names))]), []byte{2}, short), nil)
	add(key('n', last, first[:2], short), nil)
	add(key('o', u64(uint64(i))), short)
	add(key('f', u64(uint64(i))), append([]byte{1}, u64(r.Uint64())...))
	return ops
}

// load commits the contacts lo to before hi, each commit those of step
// contacts, and returns the bytes of their keys and values.
func load(tb testing.TB, e *engine, lo, hi, step int) (raw int) {
	var b kvstore.Batch
	for ; lo < hi; lo += step {
		b.Ops = b.Ops[:0]
		for i := lo; i < min(lo+step, hi); i++ {
			b.Ops = simulate(b.Ops, i)
		}
		slices.SortFunc(b.Ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
		b.Ops = slices.CompactFunc(b.Ops, func(a, b kvstore.Op) bool { return bytes.Equal(a.Key, b.Key) })
		raw += b.Size()
		if err := e.Commit(context.Background(), &b); err != nil {
			tb.Fatal(err)
		}
	}
	return raw
}

// loaded returns an engine with all contacts, the same for all benchmarks.
var loaded = func() func(tb testing.TB) *engine {
	var e *engine
	return func(tb testing.TB) *engine {
		if e == nil {
			e = newEngine()
			load(tb, e, 0, *contactsFlag, 100_000)
		}
		return e
	}
}()

func heap() (alloc, inUse int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc), int(m.HeapInuse)
}

// BenchmarkMemory reports heap bytes and raw bytes a contact, the time of a
// garbage collection, and the height and page size of the tree.
func BenchmarkMemory(b *testing.B) {
	for _, step := range []int{100_000, 100, 1} {
		b.Run(fmt.Sprintf("commit=%d", step), func(b *testing.B) {
			n := *contactsFlag
			for b.Loop() {
				before, inUseBefore := heap()
				e := newEngine()
				raw := load(b, e, 0, n, step)
				after, inUse := heap()
				start := time.Now()
				runtime.GC()
				b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms/GC")
				b.ReportMetric(float64(raw)/float64(n), "raw-B/contact")
				b.ReportMetric(float64(after-before)/float64(n), "heap-B/contact")
				b.ReportMetric(float64(inUse-inUseBefore)/float64(n), "inuse-B/contact")
				stats, err := checkTree(e.w.shape, e.current.Load().root)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(stats.height), "levels")
				b.ReportMetric(float64(stats.leafBytes)/float64(stats.leaves), "B/leaf")
				b.ReportMetric(float64(stats.leafBytes)/float64(n), "leaf-B/contact")
				b.ReportMetric(float64(stats.sepBytes)/float64(n), "sep-B/contact")
				runtime.KeepAlive(e)
			}
		})
	}
}

// BenchmarkCommit commits one new contact at a time.
func BenchmarkCommit(b *testing.B) {
	e := newEngine()
	load(b, e, 0, *contactsFlag, 100_000)
	batches := make([]kvstore.Batch, 20000)
	for i := range batches {
		ops := simulate(nil, *contactsFlag+i)
		slices.SortFunc(ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
		batches[i].Ops = ops
	}
	runtime.GC()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(batches) {
			b.StopTimer()
			i = 0
			e = newEngine()
			load(b, e, 0, *contactsFlag, 100_000)
			runtime.GC()
			b.StartTimer()
		}
		if err := e.Commit(context.Background(), &batches[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkBulk reports the time a contact takes in commits of 100,000.
func BenchmarkBulk(b *testing.B) {
	var batches []*kvstore.Batch
	n := *contactsFlag
	for at := 0; at < n; at += 100_000 {
		batch := &kvstore.Batch{}
		for i := at; i < min(at+100_000, n); i++ {
			batch.Ops = simulate(batch.Ops, i)
		}
		slices.SortFunc(batch.Ops, func(a, b kvstore.Op) int { return bytes.Compare(a.Key, b.Key) })
		batch.Ops = slices.CompactFunc(batch.Ops, func(a, b kvstore.Op) bool { return bytes.Equal(a.Key, b.Key) })
		batches = append(batches, batch)
	}
	runtime.GC()
	for b.Loop() {
		e := newEngine()
		for _, batch := range batches {
			if err := e.Commit(context.Background(), batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/contact")
}

func BenchmarkSnapshot(b *testing.B) {
	e := loaded(b)
	b.ReportAllocs()
	for b.Loop() {
		s, err := e.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		s.Release()
	}
}

// gather moves keys together in memory, as a caller's key is in its cache.
func gather(keys [][]byte) {
	all := bytes.Join(keys, nil)
	for i, k := range keys {
		keys[i], all = all[:len(k):len(k)], all[len(k):]
	}
}

// BenchmarkGet reads entries of all tables at random.
func BenchmarkGet(b *testing.B) {
	e := loaded(b)
	s, _ := e.Snapshot()
	var keys [][]byte
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		ops := simulate(nil, r.IntN(*contactsFlag))
		keys = append(keys, ops[r.IntN(len(ops))].Key)
	}
	gather(keys)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok, _ := s.Get(keys[i%len(keys)]); !ok {
			b.Fatal("not found")
		}
		i++
	}
}

// BenchmarkScan reports the time of a step of a scan over everything, and of
// positioning: a scan that stops at its first entry.
func BenchmarkScan(b *testing.B) {
	e := loaded(b)
	s, _ := e.Snapshot()
	for _, reverse := range []bool{false, true} {
		b.Run(fmt.Sprintf("step/reverse=%v", reverse), func(b *testing.B) {
			left := 0
			for n := 0; n < b.N; {
				left = b.N - n
				_ = s.Scan(nil, nil, reverse, func(k, v []byte) bool {
					n++
					left--
					return left > 0
				})
			}
		})
	}
	b.Run("first", func(b *testing.B) {
		var keys [][]byte
		for i := range 20000 {
			keys = append(keys, simulate(nil, i*7919%*contactsFlag)[1].Key)
		}
		gather(keys)
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			_ = s.Scan(keys[i%len(keys)], nil, false, func(k, v []byte) bool { return false })
			i++
		}
	})
}
