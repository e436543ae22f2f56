package boltfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// scanned collects what Scan finds: values by bucket and key, "?" for a bucket that
// is not known, and how often.
type scanned struct {
	Scanned
	used, others map[string]int
}

func scanBytes(t testing.TB, data []byte) scanned {
	t.Helper()
	s := scanned{used: map[string]int{}, others: map[string]int{}}
	var err error
	s.Scanned, err = Scan(context.Background(), bytes.NewReader(data), int64(len(data)), func(e Element) error {
		bucket := "?"
		if e.Bucket != nil {
			bucket = string(e.Bucket)
		}
		to := s.others
		if e.Used {
			to = s.used
		}
		to[fmt.Sprintf("%s/%s=%s", bucket, e.Key, e.Value)]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScanSound scans what bbolt wrote: it finds all that bbolt reads, once, as
// in use, of buckets within buckets without their name.
func TestScanSound(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	for pageSize := smallestPage; pageSize <= largestPage; pageSize *= 2 {
		path := filepath.Join(t.TempDir(), "x.db")
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: pageSize})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for range 20 {
			if err := db.Update(func(tx *bbolt.Tx) error { return randomWork(r, tx) }); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.View(func(tx *bbolt.Tx) error {
			var nested func(b *bbolt.Bucket) error
			nested = func(b *bbolt.Bucket) error {
				return b.ForEach(func(k, v []byte) error {
					if v == nil {
						return nested(b.Bucket(k))
					}
					want[fmt.Sprintf("?/%s=%s", k, v)]++
					return nil
				})
			}
			return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
				return b.ForEach(func(k, v []byte) error {
					if v == nil {
						return nested(b.Bucket(k))
					}
					want[fmt.Sprintf("%s/%s=%s", name, k, v)]++
					return nil
				})
			})
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := scanBytes(t, data)
		if s.Bad+s.Lost > 0 || s.Doubt || s.PageSize != pageSize {
			t.Errorf("%+v", s.Scanned)
		}
		// What is small and within a bucket bears that bucket's name.
		for key := range s.used {
			if want[key] == 0 {
				key = "?" + key[1:]
			}
			if want[key] == 0 {
				t.Fatalf("page size %d: %.60q is none of bbolt's", pageSize, key)
			}
		}
		if n, m := total(s.used), total(want); n != m {
			t.Errorf("page size %d: %d elements, bbolt has %d", pageSize, n, m)
		}
	}
}

func total(m map[string]int) (n int) {
	for c := range maps.Values(m) {
		n += c
	}
	return n
}

// TestScanDamaged says what Scan makes of a file of a table that takes 500 rows.
func TestScanDamaged(t *testing.T) {
	const size = 1024
	sound := build(t, size, 500)
	whole := scanBytes(t, sound)
	ms, err := ReadMetas(bytes.NewReader(sound), int64(len(sound)))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := ms.Current()
	var leaf, branch uint64
	for id := uint64(2); id < m.Pages; id++ {
		switch h := readHeader(sound[id*size:]); {
		case h.flags == flagLeaf && id != m.Root && leaf == 0:
			leaf = id
		case h.flags == flagBranch && branch == 0:
			branch = id
		}
	}
	inLeaf := int(readHeader(sound[leaf*size:]).count)
	for _, tt := range []struct {
		name         string
		harm         func(b []byte) []byte
		used, others int
		doubt        bool
	}{
		{name: "nothing", harm: func(b []byte) []byte { return b }, used: 500},
		{name: "leaf", harm: func(b []byte) []byte { clear(b[leaf*size:][:size]); return b }, used: 500 - inLeaf},
		{name: "number of a leaf", harm: func(b []byte) []byte { b[leaf*size]++; return b }, used: 500 - inLeaf, others: inLeaf},
		{name: "element of a leaf", harm: func(b []byte) []byte { b[leaf*size+headerSize+elementSize+12]++; return b }, used: 500 - inLeaf, others: inLeaf},
		{name: "branch", harm: func(b []byte) []byte { clear(b[branch*size:][:size]); return b }, used: 500},
		{name: "root", harm: func(b []byte) []byte { clear(b[m.Root*size:][:size]); return b }, used: 500},
		{name: "list of free pages", harm: func(b []byte) []byte { clear(b[m.Freelist*size:][:size]); return b }, used: 500, doubt: true},
		{name: "list and root", harm: func(b []byte) []byte {
			clear(b[m.Freelist*size:][:size])
			clear(b[m.Root*size:][:size])
			return b
		}, others: 500, doubt: true},
		{name: "a meta page", harm: func(b []byte) []byte { clear(b[:size]); return b }, used: 500, doubt: true},
		{name: "both meta pages", harm: func(b []byte) []byte { clear(b[:2*size]); return b }, others: 500, doubt: true},
	} {
		s := scanBytes(t, tt.harm(bytes.Clone(sound)))
		if used, others := total(s.used), total(s.others); used != tt.used || others != tt.others || s.Doubt != tt.doubt || s.PageSize != size {
			t.Errorf("%s: %d in use, %d others, %+v; want %d and %d", tt.name, used, others, s.Scanned, tt.used, tt.others)
		}
	}
	for n := range len(sound) { // cut anywhere
		if n%97 == 0 && n > 4*size {
			s := scanBytes(t, sound[:n])
			for key := range s.used {
				if key[0] != '?' && whole.used[key] == 0 {
					t.Fatalf("cut at %d: %q", n, key)
				}
			}
		}
	}
	if _, err := Scan(context.Background(), bytes.NewReader(make([]byte, 10*size)), 10*size, nil); !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
	stop := errors.New("stop")
	if _, err := Scan(context.Background(), bytes.NewReader(sound), int64(len(sound)), func(Element) error { return stop }); err != stop {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Scan(ctx, bytes.NewReader(sound), int64(len(sound)), func(Element) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	bad := &badSector{Reader: bytes.NewReader(sound), from: int64(leaf * size), to: int64(leaf*size) + 1}
	n := 0
	if done, err := Scan(context.Background(), bad, int64(len(sound)), func(Element) error { n++; return nil }); err != nil || n != 500-inLeaf || done.Bad != 1 {
		t.Error(n, done, err)
	}
}

// badSector is a file of which the disk does not read a part. It counts what it
// reads.
type badSector struct {
	*bytes.Reader
	from, to int64
	read     int64
}

func (b *badSector) ReadAt(p []byte, at int64) (int, error) {
	b.read += int64(len(p))
	if at < b.to && b.from < at+int64(len(p)) {
		return 0, io.ErrUnexpectedEOF
	}
	return b.Reader.ReadAt(p, at)
}

// TestScanLinear scans files in which every page claims to be as long as it can
// be, or to have elements that all take the whole page.
func TestScanLinear(t *testing.T) {
	const size, pages = 1024, 4096
	for _, overflow := range []bool{false, true} {
		b := make([]byte, size*pages)
		for id := uint64(2); id < pages; id++ {
			p := b[id*size : (id+1)*size]
			h := header{id: id, flags: flagLeaf, count: 60}
			if overflow {
				h.overflow = pages - 1 - id
			}
			h.put(p)
			for i := range 60 {
				e := p[headerSize+elementSize*i:]
				order.PutUint32(e[8:], 500)
			}
		}
		r := &badSector{Reader: bytes.NewReader(b)}
		visited := 0
		_, err := Scan(context.Background(), r, int64(len(b)), func(e Element) error {
			visited += len(e.Key) + len(e.Value)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if most := 8 * len(b); r.read > int64(most) || visited > most {
			t.Errorf("read %d and visited %d bytes of %d", r.read, visited, len(b))
		}
	}
}

// FuzzScan scans anything: it ends, and visits no more than there is.
func FuzzScan(f *testing.F) {
	sound := build(f, smallestPage, 60)
	f.Add(sound, uint16(0), byte(0), uint16(0))
	f.Add(sound, uint16(2*smallestPage), byte(4), uint16(900))
	f.Add(sound[:len(sound)-smallestPage], uint16(0), byte(0xFF), uint16(2048))
	f.Add([]byte("no file"), uint16(3), byte(1), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, value byte, zeros uint16) {
		if len(b) > 1<<16 {
			return
		}
		b = bytes.Clone(b)
		if int(at) < len(b) {
			b[at] ^= value
			if page := int(zeros) / smallestPage * smallestPage; int(zeros) > smallestPage && page < len(b) {
				clear(b[page:min(page+smallestPage, len(b))])
			}
		}
		visited := 0
		done, err := Scan(context.Background(), bytes.NewReader(b), int64(len(b)), func(e Element) error {
			visited += len(e.Key) + len(e.Value)
			return nil
		})
		if err != nil && !errors.Is(err, ErrForeign) {
			t.Fatal(err)
		}
		if visited > 8*len(b) {
			t.Fatalf("visited %d bytes of %d: %+v", visited, len(b), done)
		}
	})
}
