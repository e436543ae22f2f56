package boltfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// FuzzWalk walks files of any bytes, whose meta pages get the checksums that
// make them believed. Nothing panics or hangs; and what is sound by Walk has the
// same entries for bbolt, which can write to it and leaves a sound file again.
func FuzzWalk(f *testing.F) {
	for _, b := range smallFiles(f) {
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		b = believed(bytes.Clone(b))
		seen := fnv.New64a()
		m, err := walkEntries(b, func(path [][]byte, key, value []byte) error {
			fmt.Fprintf(seen, "%q %q %q,", path, key, value)
			return nil
		})
		if err != nil || m.Txid > 1<<60 {
			return
		}
		// A new name each time: a panic within bbolt leaves a file locked.
		file, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		path := file.Name()
		defer os.Remove(path)
		_, err = file.Write(b)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		read := fnv.New64a()
		if err := withBolt(path, func(tx *bbolt.Tx) error { return readBucket(read, nil, tx.Cursor().Bucket()) }); err != nil {
			t.Fatalf("bbolt cannot read it: %v", err)
		}
		if seen.Sum64() != read.Sum64() {
			t.Error("bbolt reads other entries")
		}
		if err := withBolt(path, touch); err != nil {
			t.Fatalf("bbolt cannot write to it: %v", err)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := walkBytes(after); err != nil {
			t.Errorf("after a write: %v", err)
		}
	})
}

// believed gives both meta pages a right checksum.
func believed(b []byte) []byte {
	for at := headerSize; at+metaSize <= len(b) && at <= headerSize+smallestPage; at += smallestPage {
		binary.NativeEndian.PutUint64(b[at+56:], checksum(b[at:at+56]))
	}
	return b
}

// walkEntries is walkBytes with a visitor.
func walkEntries(b []byte, visit Visitor) (Meta, error) {
	r := bytes.NewReader(b)
	ms, err := ReadMetas(r, int64(len(b)))
	if err != nil {
		return Meta{}, err
	}
	m, _ := ms.Current()
	if err := ms.Adjacent(); err != nil {
		return m, err
	}
	return m, Walk(context.Background(), r, int64(len(b)), m, visit)
}

// withBolt runs fn in a transaction of bbolt, and returns panics and faults as
// errors.
func withBolt(path string, fn func(tx *bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	return errors.Join(db.Update(fn), db.Close())
}

// readBucket writes what walkEntries sees of a bucket to w.
func readBucket(w interface{ Write([]byte) (int, error) }, path [][]byte, b *bbolt.Bucket) error {
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if sub := b.Bucket(k); v == nil && sub != nil {
			fmt.Fprintf(w, "%q %q %q,", append(path, k), "", "")
			if err := readBucket(w, append(path, k), sub); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%q %q %q,", path, k, v)
	}
	return nil
}

// touch removes the first key of each bucket and puts one in its place.
func touch(tx *bbolt.Tx) error {
	return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		if b == nil {
			return nil
		}
		if k, v := b.Cursor().First(); k != nil && v != nil {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		err := b.Put([]byte("touched"), make([]byte, 700))
		if errors.Is(err, bbolterrors.ErrIncompatibleValue) { // a bucket of that name
			err = nil
		}
		return err
	})
}

// smallFiles returns sound files: without and with rows, of Builder and of
// bbolt, with buckets in buckets, long values and free pages.
func smallFiles(t testing.TB) (list [][]byte) {
	for _, rows := range []int{0, 3, 120} {
		list = append(list, build(t, smallestPage, rows))
	}
	path := filepath.Join(t.TempDir(), "seed.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: smallestPage})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		err := db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("a"))
			if err != nil {
				return err
			}
			in, err := b.CreateBucketIfNotExists([]byte("in"))
			if err != nil {
				return err
			}
			for n := range 40 {
				err = errors.Join(err, b.Put(fmt.Appendf(nil, "%d-%d", i, n), make([]byte, n)))
			}
			return errors.Join(err, in.Put([]byte{byte(i)}, make([]byte, 900*i)), in.Delete([]byte{byte(i - 1)}))
		})
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ms, err := ReadMetas(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		m, _ := ms.Current()
		list = append(list, data[:m.Pages*smallestPage]) // without what was never used
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return list
}
