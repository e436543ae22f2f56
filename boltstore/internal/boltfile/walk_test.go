package boltfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// TestNoFalseAlarm walks the files of random work that bbolt did: on all page
// sizes, with buckets within buckets and values of many pages.
func TestNoFalseAlarm(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	walks := 0
	for pageSize := smallestPage; pageSize <= largestPage; pageSize *= 2 {
		path := filepath.Join(t.TempDir(), "x.db")
		o := &bbolt.Options{PageSize: pageSize, FreelistType: []bbolt.FreelistType{bbolt.FreelistArrayType, bbolt.FreelistMapType}[r.IntN(2)]}
		db, err := bbolt.Open(path, 0o600, o)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if err := db.Update(func(tx *bbolt.Tx) error { return randomWork(r, tx) }); err != nil {
				t.Fatal(err)
			}
			walkFile(t, path)
			walks++
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d walks", walks)
}

func randomWork(r *rand.Rand, tx *bbolt.Tx) error {
	name := func() []byte { return []byte{byte('a' + r.IntN(4))} }
	if r.IntN(12) == 0 {
		// In a transaction of its own: bbolt loses pages of a bucket that
		// is changed and deleted in one, as its own Check says too.
		if err := tx.DeleteBucket(name()); !errors.Is(err, bbolterrors.ErrBucketNotFound) {
			return err
		}
	}
	b, err := tx.CreateBucketIfNotExists(name())
	if err != nil {
		return err
	}
	for r.IntN(3) == 0 {
		if b, err = b.CreateBucketIfNotExists(append([]byte("~"), name()...)); err != nil {
			return err
		}
	}
	b.FillPercent = 0.1 + 0.9*r.Float64()
	keys := 1 + r.IntN(2000)
	for range r.IntN(400) {
		k := fmt.Appendf(nil, "%0*d", 1+r.IntN(60), r.IntN(keys))
		if r.IntN(5) < 2 {
			err = b.Delete(k)
		} else {
			size := r.IntN(100)
			if r.IntN(50) == 0 {
				size = r.IntN(50_000)
			}
			err = b.Put(k, make([]byte, size))
		}
		if err != nil {
			return err
		}
	}
	if r.IntN(12) > 0 {
		return nil
	}
	c := b.Cursor() // empty it
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if v == nil {
			continue
		}
		if err := b.Delete(bytes.Clone(k)); err != nil {
			return err
		}
	}
	return nil
}

// build returns the bytes of a file with a table of that many rows.
func build(t testing.TB, pageSize, rows int) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := NewBuilder(f, pageSize)
	if err := b.Bucket([]byte("t"), 0.9); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := b.Add(fmt.Appendf(nil, "%08d", i), []byte("value of it")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Finish(5); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func walkBytes(data []byte) error {
	r := bytes.NewReader(data)
	ms, err := ReadMetas(r, int64(len(data)))
	if err != nil {
		return err
	}
	m, _ := ms.Current()
	if err := ms.Adjacent(); err != nil {
		return err
	}
	return Walk(context.Background(), r, int64(len(data)), m, nil)
}

// TestFinds does to a file what Walk promises to find, one thing at a time.
func TestFinds(t *testing.T) {
	const size = 1024
	sound := build(t, size, 500)
	if err := walkBytes(sound); err != nil {
		t.Fatal(err)
	}
	// Page 2 is the first leaf. The tree's pages, the root and the list of
	// free pages follow it.
	ms, err := ReadMetas(bytes.NewReader(sound), int64(len(sound)))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := ms.Current()
	at := func(b []byte, page uint64) []byte { return b[page*size : (page+1)*size] }
	var branch uint64
	for id := uint64(2); id < m.Pages; id++ {
		if readHeader(at(sound, id)).flags == flagBranch {
			branch = id
			break
		}
	}
	put16, put32, put64 := order.PutUint16, order.PutUint32, order.PutUint64
	for name, harm := range map[string]func(b []byte) []byte{
		"bears the number":              func(b []byte) []byte { put64(at(b, 2), 3); return b },
		"neither branch nor leaf":       func(b []byte) []byte { put16(at(b, 2)[8:], 3); return b },
		"an empty leaf":                 func(b []byte) []byte { put16(at(b, 2)[10:], 0); return b },
		"elements that do not fit":      func(b []byte) []byte { put16(at(b, 2)[10:], 60000); return b },
		"pages that it cannot have":     func(b []byte) []byte { put32(at(b, 2)[12:], 1<<31); return b },
		"element 0 is out of place":     func(b []byte) []byte { put32(at(b, 2)[16+4:], 1<<30); return b },
		"element 1 is out of place":     func(b []byte) []byte { put32(at(b, 2)[16+12:], 9); return b },
		"element 2 is out of place":     func(b []byte) []byte { put32(at(b, 2)[48:], 2); return b },
		"bucket 0 is cut short":         func(b []byte) []byte { put32(at(b, 2)[16:], 1); return b },
		"first key is not its parent's": func(b []byte) []byte { at(b, 3)[16+order.Uint32(at(b, 3)[20:])]++; return b },
		"out of order":                  func(b []byte) []byte { at(b, 2)[32+order.Uint32(at(b, 2)[36:])]++; return b },
		"beyond its parent's next":      func(b []byte) []byte { lastKey(at(b, 2))[0] = 0xff; return b },
		"used twice":                    func(b []byte) []byte { return pointBucketAtRoot(b) },
		"outside of the file":           func(b []byte) []byte { put64(at(b, branch)[16+8:], 1<<60); return b },
		"a branch of 1":                 func(b []byte) []byte { put16(at(b, branch)[10:], 1); return b },
		"not a list of free pages":      func(b []byte) []byte { put16(at(b, m.Freelist)[8:], flagLeaf); return b },
		"page 2: used twice, free":      func(b []byte) []byte { return freeList(at(b, m.Freelist), b, 1, 2) },
		"lists page 0 as free":          func(b []byte) []byte { return freeList(at(b, m.Freelist), b, 1, 0) },
		"free pages that does not fit":  func(b []byte) []byte { return freeList(at(b, m.Freelist), b, 500, 2) },
		"list of 1152921504606846976":   func(b []byte) []byte { return freeList(at(b, m.Freelist), b, countInList, 1<<60) },
		"cut off":                       func(b []byte) []byte { return b[:len(b)-1] },
		"neither in use nor free": func(b []byte) []byte {
			return setMeta(append(b, make([]byte, size)...), size, m.Pages+1, m.Freelist, 5, 4)
		},
		"was not saved":                  func(b []byte) []byte { return setMeta(b, size, m.Pages, noFreelist, 5, 4) },
		"of transactions 4 and 9":        func(b []byte) []byte { return setMeta(b, size, m.Pages, m.Freelist, 9, 4) },
		"list of free pages outside":     func(b []byte) []byte { return setMeta(b, size, m.Pages, m.Pages, 5, 4) },
		"neither meta page is valid":     func(b []byte) []byte { b[20], b[size+20] = 9, 9; return b },
		"not a bbolt file":               func(b []byte) []byte { clear(b[:2*size]); return b },
		"a meta page with the head":      func(b []byte) []byte { b[0] = 7; return b },
		"runs on for 1 pages that it do": longLeaf,
	} {
		err := walkBytes(harm(bytes.Clone(sound)))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// longLeaf gives the root leaf a second page, which was the list of free pages,
// and puts that after it.
func longLeaf(b []byte) []byte {
	ms, _ := ReadMetas(bytes.NewReader(b), int64(len(b)))
	m, _ := ms.Current()
	order.PutUint32(b[m.Root*1024+12:], 1)
	list := make([]byte, 1024)
	header{id: m.Pages, flags: flagFreelist}.put(list)
	return setMeta(append(b, list...), 1024, m.Pages+1, m.Pages, 5, 4)
}

// pointBucketAtRoot makes the root of the table the page that holds the table.
func pointBucketAtRoot(b []byte) []byte {
	ms, _ := ReadMetas(bytes.NewReader(b), int64(len(b)))
	m, _ := ms.Current()
	root := b[m.Root*1024:]
	order.PutUint64(root[16+order.Uint32(root[20:])+order.Uint32(root[24:]):], m.Root)
	return b
}

// lastKey returns the last key of a leaf page.
func lastKey(p []byte) []byte {
	e := headerSize + elementSize*(readHeader(p).count-1)
	return p[e+int(order.Uint32(p[e+4:])):]
}

// freeList makes p a list of free pages of that count and first element.
func freeList(p, b []byte, count uint16, first uint64) []byte {
	order.PutUint16(p[10:], count)
	order.PutUint64(p[headerSize:], first)
	return b
}

// setMeta writes both meta pages anew.
func setMeta(b []byte, size int, pages, freelist uint64, txid1, txid0 uint64) []byte {
	ms, _ := ReadMetas(bytes.NewReader(b), int64(len(b)))
	m, _ := ms.Current()
	m.Pages, m.Freelist = pages, freelist
	for id, txid := range []uint64{txid0, txid1} {
		m.Txid = txid
		m.encode(b[id*size:(id+1)*size], uint64(id))
	}
	return b
}

// TestNoise walks noise and half-sound files: no panic, no end of memory.
func TestNoise(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	sound := build(t, 1024, 300)
	missed := 0
	for range 20_000 {
		b := bytes.Clone(sound)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(b) - 16)
			if r.IntN(2) == 0 {
				at = 1024*r.IntN(len(b)/1024) + r.IntN(64)
			}
			switch r.IntN(4) {
			case 0:
				b[at] = byte(r.Uint32())
			case 1:
				order.PutUint32(b[at&^3:], uint32(r.IntN(3000)))
			case 2:
				order.PutUint64(b[at&^7:], r.Uint64()>>r.IntN(64))
			case 3:
				b = b[:at]
				b = append(b, make([]byte, len(sound)-at)...)
			}
		}
		if walkBytes(b) == nil {
			missed++ // in a value, or where nothing is
		}
		_, _, _ = lookup(b, "t", "00000123")
	}
	t.Logf("%d of 20000 harmed where nothing shows", missed)
	for range 200 {
		b := make([]byte, r.IntN(20_000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if walkBytes(b) == nil {
			t.Fatal("noise is sound")
		}
	}
}

func lookup(b []byte, bucket, key string) ([]byte, bool, error) {
	r := bytes.NewReader(b)
	ms, err := ReadMetas(r, int64(len(b)))
	if err != nil {
		return nil, false, err
	}
	m, _ := ms.Current()
	if err := m.Fits(int64(len(b))); err != nil {
		return nil, false, err
	}
	return Lookup(r, m, []byte(bucket), []byte(key))
}

func TestLookup(t *testing.T) {
	for _, rows := range []int{0, 1, 5, 300, 5000} {
		b := build(t, 1024, rows)
		for i := range rows + 1 {
			key := fmt.Sprintf("%08d", i)
			v, ok, err := lookup(b, "t", key)
			if err != nil || ok != (i < rows) || ok && string(v) != "value of it" {
				t.Fatalf("%d rows: %s: %q, %v, %v", rows, key, v, ok, err)
			}
		}
		if _, ok, err := lookup(b, "none", "00000000"); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	// A bucket that bbolt keeps inside of its parent's page.
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("t"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), []byte("v"))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if v, ok, err := lookup(b, "t", "k"); string(v) != "v" || !ok || err != nil {
		t.Fatal(v, ok, err)
	}
}

// TestWalkEnds ends a walk with its context.
func TestWalkEnds(t *testing.T) {
	b := build(t, 1024, 50_000)
	ms, err := ReadMetas(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := ms.Current()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Walk(ctx, bytes.NewReader(b), int64(len(b)), m, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// TestBuilderRefuses misuses a Builder.
func TestBuilderRefuses(t *testing.T) {
	fresh := func() *Builder {
		b := NewBuilder(failing{}, 1024)
		_ = b.Bucket([]byte("b"), 1)
		_ = b.Add([]byte("k"), nil)
		return b
	}
	for name, misuse := range map[string]func(b *Builder) error{
		"same key":     func(b *Builder) error { return b.Add([]byte("k"), nil) },
		"lower key":    func(b *Builder) error { return b.Add([]byte("a"), nil) },
		"empty key":    func(b *Builder) error { return b.Add(nil, nil) },
		"same bucket":  func(b *Builder) error { return b.Bucket([]byte("b"), 1) },
		"lower bucket": func(b *Builder) error { return b.Bucket([]byte("a"), 1) },
		"no disk":      func(b *Builder) error { _, err := b.Finish(1); return err },
	} {
		b := fresh()
		if err := misuse(b); err == nil {
			t.Errorf("%s: no error", name)
		}
		if err := b.Add([]byte("z"), nil); err == nil {
			t.Errorf("%s: goes on", name)
		}
	}
}

type failing struct{}

func (failing) WriteAt([]byte, int64) (int, error) { return 0, errors.New("no disk") }

// BenchmarkWalk says how long a walk takes.
func BenchmarkWalk(b *testing.B) {
	data := build(b, 4096, 300_000)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := walkBytes(data); err != nil {
			b.Fatal(err)
		}
	}
}
