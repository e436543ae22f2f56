package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts"
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

// creates measures single creates, each durable, in turns on the book at path, on
// a fresh one, and on one with as many contacts that bbolt compacted.
func (m *measurement) creates(ctx context.Context, path string) (err error) {
	fresh, compacted := filepath.Join(m.dir, "fresh.db"), filepath.Join(m.dir, "compacted.db")
	small := *m
	small.n = 1000
	if _, _, err := small.fill(ctx, fresh, byEach, small.n); err != nil {
		return err
	}
	if err := compactTo(path, compacted); err != nil {
		return err
	}
	type side struct {
		title, path string
		book        *contacts.Book
		times       []time.Duration
	}
	sides := []*side{
		{title: "a create after the import, median us", path: path},
		{title: "a create on a book of 1,000, median us", path: fresh},
		{title: "a create on the same book as bbolt compacts it, median us", path: compacted},
	}
	for _, s := range sides {
		store, err := boltstore.Open(s.path, nil)
		if err != nil {
			return err
		}
		defer func() { _ = store.Close() }()
		if s.book, err = open(ctx, store); err != nil {
			return err
		}
	}
	const rounds, each = 20, 20
	next := m.n
	for round := range rounds {
		for i := range sides {
			s := sides[(i+round)%len(sides)]
			for range each {
				begin := time.Now()
				if _, err := s.book.Create(ctx, contact(next)); err != nil {
					return err
				}
				s.times = append(s.times, time.Since(begin))
				next++
			}
		}
	}
	for _, s := range sides {
		m.row(s.title, report.Number(report.Micros(report.Median(s.times))))
	}
	return nil
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
