package extsort

import (
	"encoding/binary"
	"errors"
)

// ErrTwice is the error of Distinct.Check where a number came twice.
var ErrTwice = errors.New("a number is used twice")

// A Distinct notices numbers that come twice. Those that follow one another cost
// nothing.
type Distinct struct {
	from, to uint64 // came one after the other; 0: none
	ranges   *Sorter
}

// NewDistinct returns one without numbers. Close it.
func NewDistinct(o *Options) *Distinct { return &Distinct{ranges: New(o)} }

// Add takes a number in, which is not 0.
func (n *Distinct) Add(v uint64) error {
	if n.from != 0 && v == n.to+1 {
		n.to = v
		return nil
	}
	err := n.put()
	n.from, n.to = v, v
	return err
}

func (n *Distinct) put() error {
	if n.from == 0 {
		return nil
	}
	var from, to [8]byte
	binary.BigEndian.PutUint64(from[:], n.from)
	binary.BigEndian.PutUint64(to[:], n.to)
	n.from = 0
	return n.ranges.Add(from[:], to[:])
}

// Check returns ErrTwice if a number came twice. No more are taken in after it.
func (n *Distinct) Check() error {
	if err := n.put(); err != nil {
		return err
	}
	var last uint64
	for e, err := range n.ranges.Sorted() {
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint64(e.Key) <= last {
			return ErrTwice
		}
		last = binary.BigEndian.Uint64(e.Value)
	}
	return nil
}

// Close gives everything back.
func (n *Distinct) Close() error { return n.ranges.Close() }
