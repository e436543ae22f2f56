package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/callerbook/contacts/bench/internal/people"
)

// plainBolt is the book that a competent program writes by hand on bbolt: a
// compact binary record, ids as 16 bytes in order of time, and a bucket an
// index. It has no scopes, no checksums, no history and no rules beyond the
// unique number, and takes numbers as they come.
type plainBolt struct {
	db  *bbolt.DB
	way int // of plainWays
}

// The buckets, and what their keys and values are. seq is a number of 8 bytes
// that counts creations.
var (
	bucketRecord = []byte("record") // id: record
	bucketNumber = []byte("number") // digits: id
	bucketWord   = []byte("word")   // word 0 seq: id
	bucketDigit  = []byte("digit")  // digits reversed: id
	bucketOrder  = []byte("order")  // name 0 seq: id
	bucketFeed   = []byte("feed")   // seq: id
	buckets      = [][]byte{bucketRecord, bucketNumber, bucketWord, bucketDigit, bucketOrder, bucketFeed}
)

// plainWays are ways to commit for many creators: one commit each, or bbolt's
// Batch with some delays. The tuning run takes the fastest.
var plainWays = []struct {
	batch bool
	size  int
	delay time.Duration
}{
	{batch: false},
	{batch: true, size: 64, delay: 0},
	{batch: true, size: 64, delay: 200 * time.Microsecond},
	{batch: true, size: 64, delay: time.Millisecond},
	{batch: true, size: 32, delay: time.Millisecond},
	{batch: true, size: 64, delay: 10 * time.Millisecond}, // bbolt's default delay
}

func (s *plainBolt) name() string { return plain }

func (s *plainBolt) ways() []string {
	var list []string
	for _, w := range plainWays {
		if w.batch {
			list = append(list, fmt.Sprintf("Batch of %d, delay %v", w.size, w.delay))
		} else {
			list = append(list, "Update")
		}
	}
	return list
}

func (s *plainBolt) use(way int) {
	s.way = way
	s.db.MaxBatchSize, s.db.MaxBatchDelay = plainWays[way].size, plainWays[way].delay
}

func (s *plainBolt) open(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	db, err := bbolt.Open(filepath.Join(dir, "plain.db"), 0o600, plainOptions())
	if err != nil {
		return err
	}
	s.db = db
	made := false
	if err := db.View(func(tx *bbolt.Tx) error {
		made = tx.Bucket(bucketFeed) != nil
		return nil
	}); made || err != nil {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		return nil
	})
}

func plainOptions() *bbolt.Options {
	return &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType, PageSize: 4096}
}

func (s *plainBolt) close() error { return s.db.Close() }

// load commits a thousand rows at a time.
func (s *plainBolt) load(list []people.Person) error {
	const rows = 1000
	for len(list) > 0 {
		n := min(rows, len(list))
		err := s.db.Update(func(tx *bbolt.Tx) error {
			for i := range n {
				if _, err := put(tx, &list[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// create looks before it writes, as a refusal then costs no write transaction,
// and looks again inside it.
func (s *plainBolt) create(p *people.Person) (string, error) {
	if err := s.db.View(func(tx *bbolt.Tx) error { return taken(tx, p) }); err != nil {
		return "", err
	}
	var id string
	commit := s.db.Update
	if plainWays[s.way].batch {
		commit = s.db.Batch
	}
	err := commit(func(tx *bbolt.Tx) (err error) {
		id, err = put(tx, p)
		return err
	})
	return id, err
}

// taken returns a *takenError when somebody has the number of p.
func taken(tx *bbolt.Tx, p *people.Person) error {
	id := tx.Bucket(bucketNumber).Get([]byte(p.Digits()))
	if id == nil {
		return nil
	}
	r, err := readRow(tx, id)
	if err != nil {
		return err
	}
	return &takenError{r.id, r.first + " " + r.last}
}

// put writes the record of p and all that it is found by.
func put(tx *bbolt.Tx, p *people.Person) (string, error) {
	if err := taken(tx, p); err != nil {
		return "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	feed := tx.Bucket(bucketFeed)
	n, err := feed.NextSequence()
	if err != nil {
		return "", err
	}
	now := time.Now().UnixMilli()
	record := encodeRow(nil, &row{
		first: p.First, last: p.Last, salutation: p.Salutation, code: "+" + p.Code, number: p.Digits(), extension: "+",
		createdBy: people.Author, status: "ACTIVE", created: now, updated: now, revision: n,
	})
	digits, seq := p.Digits(), binary.BigEndian.AppendUint64(nil, n)
	words := tx.Bucket(bucketWord)
	for _, w := range searchWords(p) {
		if err == nil {
			err = words.Put(keyed(w, seq), id[:])
		}
	}
	for _, e := range []struct{ bucket, key, value []byte }{
		{bucketRecord, id[:], record},
		{bucketNumber, []byte(digits), id[:]},
		{bucketDigit, []byte(people.Reversed(digits)), id[:]},
		{bucketOrder, keyed(sortName(p), seq), id[:]},
		{bucketFeed, seq, id[:]},
	} {
		if err == nil {
			err = tx.Bucket(e.bucket).Put(e.key, e.value)
		}
	}
	return id.String(), err
}

// keyed returns text, a zero byte and seq.
func keyed(text string, seq []byte) []byte {
	key := make([]byte, 0, len(text)+1+len(seq))
	key = append(key, text...)
	key = append(key, 0)
	return append(key, seq...)
}

func (s *plainBolt) get(id string) (found, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return found{}, err
	}
	var r row
	err = s.db.View(func(tx *bbolt.Tx) (err error) {
		r, err = readRow(tx, u[:])
		return err
	})
	return r.found(), err
}

func (s *plainBolt) lookup(number string) (found, error) {
	var r row
	err := s.db.View(func(tx *bbolt.Tx) (err error) {
		id := tx.Bucket(bucketNumber).Get([]byte(strings.TrimPrefix(number, "+")))
		if id == nil {
			return errNotFound
		}
		r, err = readRow(tx, id)
		return err
	})
	return r.found(), err
}

func (s *plainBolt) page(from string, n int) ([]found, error) {
	var rows []row
	err := s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketOrder).Cursor()
		rows = make([]row, 0, n)
		for k, id := c.Seek([]byte(strings.ToLower(from))); k != nil && len(rows) < n; k, id = c.Next() {
			r, err := readRow(tx, id)
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return nil
	})
	return foundRows(rows, err)
}

func (s *plainBolt) prefix(text string, n int) ([]found, error) {
	var rows []row
	err := s.db.View(func(tx *bbolt.Tx) error {
		begin := []byte(strings.ToLower(text))
		c := tx.Bucket(bucketWord).Cursor()
		rows = make([]row, 0, n)
		seen := make(map[[16]byte]bool, n)
		for k, id := c.Seek(begin); bytes.HasPrefix(k, begin) && len(rows) < n; k, id = c.Next() {
			if seen[[16]byte(id)] {
				continue
			}
			seen[[16]byte(id)] = true
			r, err := readRow(tx, id)
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return nil
	})
	return foundRows(rows, err)
}

// compact copies the file into a fresh one: after a load in many commits, the
// list of free pages would be written anew with every create. Pages are left
// with room, which makes later creates a tenth faster than behind bbolt's own
// Compact.
func (s *plainBolt) compact() error {
	path := s.db.Path()
	fresh, err := bbolt.Open(path+".compact", 0o600, plainOptions())
	if err != nil {
		return err
	}
	err = s.db.View(func(from *bbolt.Tx) error {
		for _, name := range buckets {
			if err := fresh.Update(func(to *bbolt.Tx) error { return copyBucket(to, from, name) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, fresh.Close(), s.db.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".compact", path); err != nil {
		return err
	}
	s.db, err = bbolt.Open(path, 0o600, plainOptions())
	return err
}

func copyBucket(to, from *bbolt.Tx, name []byte) error {
	old := from.Bucket(name)
	b, err := to.CreateBucket(name)
	if err != nil {
		return err
	}
	b.FillPercent = 0.7
	if err := b.SetSequence(old.Sequence()); err != nil {
		return err
	}
	return old.ForEach(b.Put)
}
