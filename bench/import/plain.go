package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts/bench/internal/report"
	"github.com/callerbook/contacts/boltstore"
)

// commitKeys is how many keys plain bbolt puts in a transaction: enough for few
// commits, few enough to hold in memory.
const commitKeys = 200_000

// rewrite puts all keys and values of the file from, bucket by bucket and in
// order, into a new file, with transactions that are synced, and returns how long
// that took and how large the file is, which it removes.
func rewrite(from, to string, fill float64) (took time.Duration, bytes int64, err error) {
	src, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, src.Close(), os.Remove(to)) }()
	begin := time.Now()
	dst, err := bbolt.Open(to, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, PageSize: 4096, Timeout: time.Second})
	if err != nil {
		return 0, 0, err
	}
	err = src.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			c := b.Cursor()
			k, v := c.First()
			for first := true; first || k != nil; first = false {
				err := dst.Update(func(tx *bbolt.Tx) error {
					b, err := tx.CreateBucketIfNotExists(name)
					if err != nil {
						return err
					}
					b.FillPercent = fill
					for n := 0; n < commitKeys && k != nil && err == nil; n++ {
						err = b.Put(k, v)
						k, v = c.Next()
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	err = errors.Join(err, dst.Close())
	return time.Since(begin), size(to), err
}

// creates measures single creates, each durable, on the book at path, on a fresh
// one, and on one with as many contacts that bbolt compacted.
func (m *measurement) creates(ctx context.Context, path string) error {
	fresh, compacted := filepath.Join(m.dir, "fresh.db"), filepath.Join(m.dir, "compacted.db")
	if _, _, err := m.fillWith(ctx, fresh, 1000); err != nil {
		return err
	}
	if err := compactTo(path, compacted); err != nil {
		return err
	}
	const each = 300
	next := m.n
	for _, b := range []struct{ title, path string }{
		{"a create after the import, median us", path},
		{"a create on a book of 1,000, median us", fresh},
		{"a create on the same book as bbolt compacts it, median us", compacted},
	} {
		store, err := boltstore.Open(b.path, nil)
		if err != nil {
			return err
		}
		book, err := open(ctx, store)
		var times []time.Duration
		for i := 0; i < each && err == nil; i++ {
			begin := time.Now()
			_, err = book.Create(ctx, contact(next))
			times = append(times, time.Since(begin))
			next++
		}
		if err := errors.Join(err, store.Close()); err != nil {
			return err
		}
		m.row(b.title, report.Number(report.Micros(report.Median(times))))
	}
	return errors.Join(os.Remove(fresh), os.Remove(compacted))
}

// fillWith fills a new book with the first n people.
func (m *measurement) fillWith(ctx context.Context, path string, n int) (time.Duration, memory, error) {
	small := *m
	small.n = n
	return small.fill(ctx, path, byEach)
}

func compactTo(from, to string) error {
	src, err := bbolt.Open(from, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	dst, err := bbolt.Open(to, 0o600, &bbolt.Options{PageSize: 4096, Timeout: time.Second})
	if err == nil {
		err = errors.Join(bbolt.Compact(dst, src, 16<<20), dst.Close())
	}
	return errors.Join(err, src.Close())
}
