package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
)

// damages are the ways in which TestDamage harms a book.
var damages = []struct {
	name string
	harm func(r *rand.Rand, b, older []byte) []byte
}{
	{"bit", func(r *rand.Rand, b, _ []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b }},
	{"byte", func(r *rand.Rand, b, _ []byte) []byte { b[r.IntN(len(b))] = byte(r.Uint32()); return b }},
	{"byte of a page's head", func(r *rand.Rand, b, _ []byte) []byte {
		page(r, b)[r.IntN(16)] = byte(r.Uint32())
		return b
	}},
	{"byte of the elements", func(r *rand.Rand, b, _ []byte) []byte {
		page(r, b)[16+r.IntN(200)] = byte(r.Uint32())
		return b
	}},
	{"word of a page", func(r *rand.Rand, b, _ []byte) []byte {
		binary.NativeEndian.PutUint64(page(r, b)[8*r.IntN(pageSize/8):], r.Uint64N(uint64(len(b)/pageSize)))
		return b
	}},
	{"zero page", func(r *rand.Rand, b, _ []byte) []byte { clear(page(r, b)); return b }},
	{"zero sector", func(r *rand.Rand, b, _ []byte) []byte { clear(page(r, b)[512*r.IntN(8):][:512]); return b }},
	{"noise page", func(r *rand.Rand, b, _ []byte) []byte {
		p := page(r, b)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return b
	}},
	{"page over another", func(r *rand.Rand, b, _ []byte) []byte { copy(page(r, b), bytes.Clone(page(r, b))); return b }},
	{"page over another, numbered", func(r *rand.Rand, b, _ []byte) []byte {
		p := page(r, b)
		id := bytes.Clone(p[:8])
		copy(p, bytes.Clone(page(r, b)))
		copy(p, id)
		return b
	}},
	{"older page", func(r *rand.Rand, b, older []byte) []byte {
		at := pageSize * r.IntN(len(older)/pageSize)
		copy(b[at:], older[at:at+pageSize])
		return b
	}},
	{"older meta page", func(r *rand.Rand, b, older []byte) []byte {
		at := pageSize * r.IntN(2)
		copy(b[at:], older[at:at+pageSize])
		return b
	}},
	{"truncated", func(r *rand.Rand, b, _ []byte) []byte { return b[:r.IntN(len(b))] }},
	{"truncated at a page", func(r *rand.Rand, b, _ []byte) []byte { return b[:pageSize*r.IntN(len(b)/pageSize)] }},
	{"longer", func(r *rand.Rand, b, _ []byte) []byte { return append(b, make([]byte, r.IntN(5*pageSize))...) }},
	{"meta field with its checksum", func(r *rand.Rand, b, _ []byte) []byte {
		for _, m := range [][]byte{b[16:80], b[pageSize+16 : pageSize+80]} {
			if field := r.IntN(7); field == 0 {
				binary.NativeEndian.PutUint32(m[8:], 1<<r.IntN(20))
			} else {
				v := r.Uint64N(uint64(len(b)/pageSize) + 3)
				if r.IntN(4) == 0 {
					v = r.Uint64()
				}
				binary.NativeEndian.PutUint64(m[8+8*field:], v)
			}
			h := fnv.New64a()
			_, _ = h.Write(m[:56])
			binary.NativeEndian.PutUint64(m[56:], h.Sum64())
		}
		return b
	}},
	{"shifted", func(r *rand.Rand, b, _ []byte) []byte {
		at := r.IntN(len(b))
		return append(b[:at:at], append([]byte{0}, b[at:len(b)-1]...)...)
	}},
}

func page(r *rand.Rand, b []byte) []byte {
	at := pageSize * r.IntN(len(b)/pageSize)
	return b[at : at+pageSize]
}

// TestDamage opens, reads, writes, checks and compacts harmed copies of a
// book. Nothing may panic or hang; what is refused is refused with the file's
// name, and gives up its lock.
func TestDamage(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	dir := tempDir(t)
	path := filepath.Join(dir, "book.db")
	older := sampleBook(t, path)
	e := mustOpen(t, path, nil)
	for n := range 3 {
		if err := e.Commit(context.Background(), writeBatch(98+n)); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, e)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	counts := map[string]int{}
	for i := range 1700 {
		d := damages[i%len(damages)]
		image := d.harm(r, bytes.Clone(sound), older)
		if r.IntN(10) == 0 {
			other := damages[r.IntN(len(damages))]
			if len(image) > 2*len(older)/3 && len(image) >= 4*pageSize {
				image = other.harm(r, append(image, make([]byte, max(0, len(older)-len(image)))...), older)
			}
		}
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
		guard := time.AfterFunc(20*time.Second, func() {
			_ = os.WriteFile(filepath.Join(os.TempDir(), "hang.db"), image, 0o600)
			panic("image " + d.name + " hangs")
		})
		outcome, err := use(path, i%8 == 0)
		guard.Stop()
		if err != nil {
			t.Fatalf("image %d, %s: %s: %v", i, d.name, outcome, err)
		}
		counts[outcome]++
		if len(registry.entries) != 0 {
			t.Fatalf("image %d, %s: still registered", i, d.name)
		}
	}
	t.Log(counts)
}

// use does with a book what a program does, and says how far it came. The
// error is one that should not be.
func use(path string, compact bool) (outcome string, err error) {
	expected := func(what string, err error) (string, error) {
		for _, want := range []error{contacts.ErrDamaged, contacts.ErrNotBook, contacts.ErrNewer} {
			if errors.Is(err, want) && strings.Contains(err.Error(), path) {
				return what + ": " + want.Error(), nil
			}
		}
		return what, err
	}
	e, err := openEngine(path, &Options{LockWait: -1}, testAppendTables)
	if err != nil {
		return expected("open", err)
	}
	defer func() {
		if closeErr := e.Close(); err == nil && closeErr != nil {
			err = closeErr
		}
	}()
	if err := readAll(e); err != nil {
		return expected("read", err)
	}
	ctx := context.Background()
	if err := e.Commit(ctx, writeBatch(201)); err != nil {
		return expected("commit", err)
	}
	if !compact {
		return "worked", nil
	}
	if err := e.checkFile(ctx); err != nil {
		return "check", err // what was sound stays so
	}
	if err := e.compact(ctx); err != nil {
		return expected("compact", err)
	}
	return "worked, and compacted", nil
}

// TestTruncatedWhileOpen has the file of an open book cut short, in a child
// process, as a fault that is not caught ends it. Windows does not cut a file
// that is mapped.
func TestTruncatedWhileOpen(t *testing.T) {
	for _, how := range []string{"read", "commit"} {
		path := filepath.Join(tempDir(t), "book.db")
		sampleBook(t, path)
		if onWindows {
			e := mustOpen(t, path, nil)
			if err := os.Truncate(path, 4*pageSize); err == nil {
				t.Error("a mapped file was cut")
			}
			must(t, readAll(e))
			continue
		}
		runChild(t, "truncate", path, how)
	}
}

// TestGuard turns panics into errors, and poisons.
func TestGuard(t *testing.T) {
	path := filepath.Join(mappedDir(t), "book.db")
	e := mustOpen(t, path, nil)
	put(t, e, "akey", "value")
	want := errors.New("as it is")
	if err := e.Guard(func() error { return want }); err != want {
		t.Fatal(err)
	}
	if err := e.Guard(func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	held, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	var nothing *int
	err = e.Guard(func() error { *nothing++; return nil })
	if !errors.Is(err, contacts.ErrDamaged) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"Snapshot": func() error { _, err := e.Snapshot(); return err },
		"Commit":   func() error { return e.Commit(context.Background(), writeBatch(1)) },
		"Guard":    func() error { return e.Guard(func() error { return nil }) },
		"check":    func() error { return e.checkFile(context.Background()) },
		"compact":  func() error { return e.compact(context.Background()) },
		"backup":   func() error { return e.backupFile(context.Background(), path+".backup") },
	} {
		if err := call(); !errors.Is(err, contacts.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	start := time.Now()
	_ = e.Close()
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
	held.Release()
	e = mustOpen(t, path, nil)
	if v, _, err := get(e, "akey"); v != "value" || err != nil {
		t.Fatal(v, err)
	}
}

// BenchmarkGuard and BenchmarkGet say what a read costs between two commits.
func BenchmarkGuard(b *testing.B) {
	e := mustOpen(b, filepath.Join(tempDir(b), "book.db"), nil)
	fn := func() error { return nil }
	for b.Loop() {
		_ = e.Guard(fn)
	}
}

func BenchmarkGet(b *testing.B) {
	e := mustOpen(b, filepath.Join(tempDir(b), "book.db"), nil)
	for n := range 100 {
		if err := e.Commit(context.Background(), writeBatch(n+1)); err != nil {
			b.Fatal(err)
		}
	}
	key := []byte("b000070-150")
	for b.Loop() {
		_ = e.Guard(func() error {
			s, err := e.Snapshot()
			if err != nil {
				return err
			}
			if _, ok, err := s.Get(key); !ok || err != nil {
				b.Fatal(ok, err)
			}
			s.Release()
			return nil
		})
	}
}
