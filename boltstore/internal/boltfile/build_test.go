package boltfile

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// randomTable returns n keys in order, with values of up to maxValue bytes.
func randomTable(r *rand.Rand, n, maxKey, maxValue int) ([]string, [][]byte) {
	seen := map[string]bool{}
	for len(seen) < n {
		k := make([]byte, 1+r.IntN(maxKey))
		for i := range k {
			k[i] = byte(r.Uint32())
		}
		seen[string(k)] = true
	}
	keys := make([]string, 0, n)
	for k := range seen {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	values := make([][]byte, n)
	for i := range values {
		values[i] = make([]byte, r.IntN(maxValue+1))
		for j := range values[i] {
			values[i][j] = byte(r.Uint32())
		}
	}
	return keys, values
}

// TestBuilderFileIsBbolts builds files of many shapes and has bbolt read,
// check and change them.
func TestBuilderFileIsBbolts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for _, shape := range []struct {
		rows, maxKey, maxValue int
		fill                   float64
	}{
		{0, 1, 0, 1}, {1, 3, 10, 0.7}, {2, 3, 70_000, 0.7}, {5, 1000, 0, 1}, {1000, 40, 200, 0.7},
		{600, 1000, 100, 0.9}, {10_000, 16, 30, 1}, {600, 8, 5000, 0.5}, {1000, 1023, 0, 0.1},
	} {
		t.Run(fmt.Sprintf("%+v", shape), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			pageSize := 1 << (10 + r.IntN(5))
			b := NewBuilder(f, pageSize)
			tables := map[string]map[string][]byte{}
			for _, name := range []string{"a", "b", "long name", "z"} {
				keys, values := randomTable(r, shape.rows, shape.maxKey, shape.maxValue)
				if shape.rows > 300 && name == "z" {
					keys, values = nil, nil
				}
				tables[name] = map[string][]byte{}
				if err := b.Bucket([]byte(name), shape.fill); err != nil {
					t.Fatal(err)
				}
				for i, k := range keys {
					tables[name][k] = values[i]
					if err := b.Add([]byte(k), values[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			size, err := b.Finish(uint64(1 + r.IntN(3)))
			if err != nil {
				t.Fatal(err)
			}
			if fi, _ := f.Stat(); fi.Size() != size {
				t.Fatalf("%d bytes written, %d said", fi.Size(), size)
			}
			f.Close()
			walkFile(t, path)

			db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			compare(t, db, tables)
			for round := range 3 {
				if err := db.Update(func(tx *bbolt.Tx) error { return mutate(r, tx, tables) }); err != nil {
					t.Fatal(err)
				}
				compare(t, db, tables)
				walkFile(t, path)
				if err := db.View(func(tx *bbolt.Tx) error {
					for err := range tx.Check() {
						return err
					}
					return nil
				}); err != nil {
					t.Fatalf("round %d: bbolt: %v", round, err)
				}
			}
		})
	}
}

// mutate changes about half of the rows of tables, in tx and in the map.
func mutate(r *rand.Rand, tx *bbolt.Tx, tables map[string]map[string][]byte) error {
	for name, rows := range tables {
		b := tx.Bucket([]byte(name))
		b.FillPercent = []float64{0.3, 0.5, 0.7, 0.95}[r.IntN(4)]
		remove := r.IntN(100)
		for k := range rows {
			switch n := r.IntN(100); {
			case n < remove:
				if err := b.Delete([]byte(k)); err != nil {
					return err
				}
				delete(rows, k)
			case n < remove+10:
				rows[k] = bytes.Repeat([]byte{byte(n)}, r.IntN(300))
				if err := b.Put([]byte(k), rows[k]); err != nil {
					return err
				}
			}
		}
		for range r.IntN(500) {
			k := fmt.Sprintf("%d-%d", r.IntN(1000), r.IntN(1e9))
			rows[k] = []byte(k)
			if err := b.Put([]byte(k), rows[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func compare(t *testing.T, db *bbolt.DB, tables map[string]map[string][]byte) {
	t.Helper()
	err := db.View(func(tx *bbolt.Tx) error {
		for name, rows := range tables {
			n := 0
			err := tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
				if want, ok := rows[string(k)]; !ok || !bytes.Equal(v, want) {
					return fmt.Errorf("%s: %x differs", name, k)
				}
				n++
				return nil
			})
			if err != nil {
				return err
			}
			if n != len(rows) {
				return fmt.Errorf("%s: %d rows of %d", name, n, len(rows))
			}
			for k, v := range rows {
				if got := tx.Bucket([]byte(name)).Get([]byte(k)); !bytes.Equal(got, v) || got == nil {
					return fmt.Errorf("%s: %x not found", name, k)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func walkFile(t *testing.T, path string) {
	t.Helper()
	if err := walkPath(path); err != nil {
		t.Fatal(err)
	}
}

func walkPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	ms, err := ReadMetas(f, fi.Size())
	if err != nil {
		return err
	}
	m, _ := ms.Current()
	if err := ms.Adjacent(); err != nil {
		return err
	}
	return Walk(context.Background(), f, fi.Size(), m, nil)
}
