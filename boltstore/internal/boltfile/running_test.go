package boltfile

import (
	"bytes"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests; 0: a new one")

// history returns what a file of random work holds after each commit, by
// transaction id.
func history(t *testing.T, r *rand.Rand, pageSize, commits int) (first uint64, images [][]byte) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: pageSize, NoSync: true, NoGrowSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range commits {
		if err := db.Update(func(tx *bbolt.Tx) error {
			if i == 0 {
				first = uint64(tx.ID())
			}
			return randomWork(r, tx)
		}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, data)
	}
	return first, images
}

// player does to a file, write by write, what made one image of the next.
type player struct {
	r        *rand.Rand
	f        *os.File
	pageSize int
	images   [][]byte
	at       int   // the image that is there, and from which it goes on
	pages    []int // that are still to be written of the next image, before its meta page
	begun    bool
}

// write makes the next write. It reports whether that was a meta page.
func (p *player) write(t *testing.T) bool {
	if p.at+1 == len(p.images) {
		return false
	}
	now, next := p.images[p.at], p.images[p.at+1]
	page := func(b []byte, id int) []byte {
		if len(b) < (id+1)*p.pageSize {
			return nil
		}
		return b[id*p.pageSize : (id+1)*p.pageSize]
	}
	if !p.begun {
		p.begun = true
		for id := 2; id < len(next)/p.pageSize; id++ {
			if !bytes.Equal(page(now, id), page(next, id)) {
				p.pages = append(p.pages, id)
			}
		}
		p.r.Shuffle(len(p.pages), func(i, j int) { p.pages[i], p.pages[j] = p.pages[j], p.pages[i] })
		if len(next) > len(now) {
			must(t, p.f.Truncate(int64(len(next))))
		}
		return false
	}
	if len(p.pages) > 0 {
		n := 1 + p.r.IntN(len(p.pages))
		for _, id := range p.pages[:n] {
			_, err := p.f.WriteAt(page(next, id), int64(id*p.pageSize))
			must(t, err)
		}
		p.pages = p.pages[n:]
		return false
	}
	_, err := p.f.WriteAt(next[:2*p.pageSize], 0)
	must(t, err)
	p.at++
	p.begun = false
	return true
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCopyRunning copies a file between the single writes of commits, of which
// none, one or several come between two looks. The copy is one state, byte by
// byte, that was the newest one during the copy, or all begins again.
func TestCopyRunning(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64() | 1
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 6))
	copies, missed, caught := 0, 0, 0
	for pageSize := smallestPage; pageSize <= 4*smallestPage; pageSize *= 4 {
		first, images := history(t, r, pageSize, 60)
		for busy := range 6 { // how many writes come between two steps of the copy
			src, err := os.Create(filepath.Join(t.TempDir(), "src"))
			must(t, err)
			defer src.Close()
			_, err = src.Write(images[0])
			must(t, err)
			p := &player{r: r, f: src, pageSize: pageSize, images: images}
			for p.at+1 < len(images) {
				dst, err := os.Create(filepath.Join(t.TempDir(), "dst"))
				must(t, err)
				c := &copier{dst: dst, src: src, until: time.Now().Add(time.Hour), piece: uint64(r.IntN(20 * pageSize))}
				begin, looks := p.at, 0
				writes := func() {
					for range r.IntN(busy + 1) {
						p.write(t)
					}
				}
				step := func() error {
					looks++
					before, now := p.at, c.m.Txid
					err := c.look()
					if errors.Is(err, errMissed) && uint64(before)+first <= now+1 {
						t.Fatalf("state %d, last seen %d: %v", uint64(before)+first, now, err)
					}
					if err == nil && c.m.Txid > now {
						caught++
					}
					return err
				}
				err = c.begin()
				for at := uint64(0); err == nil; {
					writes()
					from, to, ok := c.next(at)
					if !ok {
						break
					}
					if err = c.copy(from, to); err == nil {
						writes()
						err = step()
					}
					at = to
				}
				if err != nil && !errors.Is(err, errMissed) {
					t.Fatal(err)
				}
				if err != nil {
					missed++
				} else {
					must(t, c.end())
					copies++
					if i := int(c.m.Txid - first); i < begin || i > p.at {
						t.Fatalf("state %d, which was not there between %d and %d", i, begin, p.at)
					}
					sameState(t, dst.Name(), images[c.m.Txid-first], c.m)
				}
				must(t, dst.Close())
				if p.write(t); busy == 0 {
					for !p.write(t) && p.at+1 < len(images) {
					}
				}
			}
		}
	}
	t.Logf("%d copies, %d begun again, %d commits caught up with", copies, missed, caught)
	if copies == 0 || missed == 0 || caught == 0 {
		t.Error("too little happened")
	}
}

// sameState reports pages of state m that differ in the file at path.
func sameState(t *testing.T, path string, image []byte, m Meta) {
	t.Helper()
	must(t, walkPath(path))
	got, err := os.ReadFile(path)
	must(t, err)
	metas, err := ReadMetas(bytes.NewReader(got), int64(len(got)))
	must(t, err)
	must(t, metas.Adjacent())
	if now, _ := metas.Current(); now != m || metas.Err[0] != nil || metas.Err[1] != nil {
		t.Fatalf("%+v, want %+v", metas, m)
	}
	if len(got) != int(m.Pages)*m.PageSize {
		t.Errorf("%d bytes", len(got))
	}
	c := &copier{m: m}
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	c.src = f
	free, err := c.freeOf(m)
	must(t, err)
	for id := uint64(2); id < m.Pages; id++ {
		from, to := id*uint64(m.PageSize), (id+1)*uint64(m.PageSize)
		if free[id/64]&(1<<(id%64)) == 0 && !bytes.Equal(got[from:to], image[from:to]) {
			t.Fatalf("page %d of %+v is not as it was", id, m)
		}
	}
}

// TestCopyRunningRefuses gives up where commits never pause, and says what is
// wrong with a file that is at rest.
func TestCopyRunningRefuses(t *testing.T) {
	data := build(t, 4096, 300)
	damage := func(change func(b []byte) []byte) error {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "src"), change(bytes.Clone(data)), 0o600))
		src, err := os.Open(filepath.Join(dir, "src"))
		must(t, err)
		defer src.Close()
		dst, err := os.Create(filepath.Join(dir, "dst"))
		must(t, err)
		defer dst.Close()
		_, err = CopyRunning(dst, src, time.Now())
		return err
	}
	must(t, damage(func(b []byte) []byte { return b }))

	_, images := history(t, rand.New(rand.NewPCG(1, 2)), 4096, 2)
	src, err := os.Create(filepath.Join(t.TempDir(), "src"))
	must(t, err)
	defer src.Close()
	_, err = src.Write(images[0])
	must(t, err)
	c := &copier{src: src, until: time.Now()}
	must(t, c.begin())
	must(t, c.look())
	_, err = src.WriteAt(images[1], 0)
	must(t, err)
	if err := c.look(); err != ErrTorn {
		t.Errorf("a commit after the time: %v", err)
	}
	var problem *Problem
	for name, change := range map[string]func(b []byte) []byte{
		"cut":            func(b []byte) []byte { return b[:len(b)/2] },
		"no metas":       func(b []byte) []byte { clear(b[16:80]); clear(b[4096+16 : 4096+80]); b[16] = 1; return b },
		"no list":        func(b []byte) []byte { m, _ := current(b); clear(b[m.Freelist*4096 : (m.Freelist+1)*4096]); return b },
		"list in itself": func(b []byte) []byte { m, _ := current(b); return listFree(b, m, m.Freelist) },
	} {
		if err := damage(change); name != "no metas" && !errors.As(err, &problem) || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := damage(func([]byte) []byte { return []byte("no bbolt file") }); !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
}

func current(b []byte) (Meta, bool) {
	ms, _ := ReadMetas(bytes.NewReader(b), int64(len(b)))
	return ms.Current()
}

// listFree has the list of free pages name one page alone.
func listFree(b []byte, m Meta, id uint64) []byte {
	p := b[m.Freelist*4096:]
	order.PutUint16(p[10:], 1)
	order.PutUint64(p[headerSize:], id)
	return b
}
