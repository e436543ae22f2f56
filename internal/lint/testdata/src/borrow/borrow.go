package borrow

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

type Snapshot interface {
	Get(key []byte) (value []byte, ok bool, err error)
	Scan(from, to []byte, reverse bool, yield func(key, value []byte) bool) error
}

type record struct {
	name []byte
	n    int
}

type reader struct {
	last  []byte
	list  [][]byte
	byKey map[string][]byte
	rec   *record
}

var global []byte

func Returned(sn Snapshot) []byte {
	v, _, _ := sn.Get(nil)
	return v // want `bytes of a transaction are returned from Returned`
}

func ReturnedPart(b *bbolt.Bucket) ([]byte, error) {
	k, _ := b.Cursor().First()
	k = bytes.TrimPrefix(k, nil)
	return k[1:], nil // want `bytes of a transaction are returned from ReturnedPart`
}

func ReturnedWithin(b *bbolt.Bucket) record {
	var r record
	r.name = b.Get(nil)
	return r // want `bytes of a transaction are returned from ReturnedWithin`
}

func ReturnedList(b *bbolt.Bucket) [][]byte {
	var list [][]byte
	return append(list, b.Get(nil)) // want `bytes of a transaction are returned from ReturnedList`
}

func ReturnedFromHelper(b *bbolt.Bucket) []byte {
	return tail(found(b)) // want `bytes of a transaction are returned from ReturnedFromHelper`
}

func found(b *bbolt.Bucket) []byte { return b.Get(nil) }
func tail(v []byte) []byte         { return v[1:] }

func ReturnedFromLoop(c *bbolt.Cursor, n int) []byte {
	var last []byte
	for range n {
		next, _ := c.Seek(last)
		last = next
	}
	return last // want `bytes of a transaction are returned from ReturnedFromLoop`
}

func (r *reader) kept(sn Snapshot, ch chan []byte) {
	v, _, _ := sn.Get(nil)
	r.last = v                 // want `stored in the receiver`
	r.rec.name = v             // want `stored in the receiver`
	r.list = append(r.list, v) // want `stored in the receiver`
	r.byKey[string(v)] = v     // want `put into a map`
	global = v                 // want `stored in a variable of the package`
	ch <- v                    // want `sent on a channel`
	elsewhere().name = v       // want `stored behind a pointer`
	r.keep(v)                  // want `kept by keep`
	fill(r.rec, v)             // want `stored in the receiver`
	var mine record
	fill(&mine, v)
	r.last = mine.name // want `stored in the receiver`
}

func elsewhere() *record { return &record{} }

func (r *reader) keep(v []byte) { r.last = v }

func fill(out *record, v []byte) { out.name, out.n = v, len(v) }

func scanned(sn Snapshot, b *bbolt.Bucket) (last []byte, n int) {
	var list []record
	_ = sn.Scan(nil, nil, false, func(key, value []byte) bool {
		last = key                               // want `assigned to a variable from outside of the function literal`
		list = append(list, record{name: value}) // want `assigned to a variable from outside`
		n++
		return true
	})
	_ = b.ForEach(func(k, v []byte) error {
		last = v // want `assigned to a variable from outside`
		return nil
	})
	return last, n
}

func captured(sn Snapshot) (out []byte) {
	v, _, _ := sn.Get(nil)
	func() {
		out = v // want `assigned to a variable from outside`
	}()
	return nil
}

// Lent is borrowed, and says so.
//
//contacts:borrows until the transaction ends
func Lent(b *bbolt.Bucket) []byte { return b.Get(nil) }

func LentOn(b *bbolt.Bucket) []byte {
	return Lent(b) // want `bytes of a transaction are returned from LentOn`
}

// remember keeps, and says so.
//
//contacts:borrows until the reader is done
func (r *reader) remember(b *bbolt.Bucket) {
	r.last = b.Get(nil)
	func() { r.list = append(r.list, r.last) }()
}

// What is copied is nobody's.
func Copied(sn Snapshot, r *reader) ([]byte, string, error) {
	v, ok, err := sn.Get([]byte("k"))
	if !ok || err != nil {
		return nil, "", err
	}
	r.last = bytes.Clone(v)
	r.last = append(r.last[:0], v...)
	r.byKey[string(v)] = []byte(string(v))
	if len(v) > 3 {
		return nil, string(v), fmt.Errorf("%d bytes", len(v))
	}
	var local record
	fill(&local, v)
	use(local, v)
	parts := [][]byte{v, v[1:]}
	return bytes.Join(parts, nil), string(local.name), nil
}

func use(r record, v []byte) int { return len(r.name) + len(v) }

// What is not from a transaction may go anywhere.
func Through(v []byte) []byte { return tail(v) }

func (r *reader) Own(v []byte) []byte {
	r.last = v
	r.keep(v)
	return r.last
}
