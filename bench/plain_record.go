package main

import (
	"encoding/binary"
	"errors"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
)

// The record of plainBolt: three numbers as varints, then eight texts, each
// behind its length as a varint. The id is the key.

var errRecord = errors.New("the record is cut short")

// encodeRow appends r to dst.
func encodeRow(dst []byte, r *row) []byte {
	dst = binary.AppendUvarint(dst, r.revision)
	dst = binary.AppendVarint(dst, r.created)
	dst = binary.AppendVarint(dst, r.updated)
	for _, s := range []string{r.first, r.last, r.salutation, r.code, r.number, r.extension, r.createdBy, r.status} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// decodeRow reads a record. All its texts are parts of one copy.
func decodeRow(data []byte) (row, error) {
	var r row
	var n int
	if r.revision, n = binary.Uvarint(data); n <= 0 {
		return row{}, errRecord
	}
	data = data[n:]
	for _, t := range []*int64{&r.created, &r.updated} {
		if *t, n = binary.Varint(data); n <= 0 {
			return row{}, errRecord
		}
		data = data[n:]
	}
	text, at := string(data), 0
	for _, s := range []*string{&r.first, &r.last, &r.salutation, &r.code, &r.number, &r.extension, &r.createdBy, &r.status} {
		size, n := binary.Uvarint(data[at:])
		if n <= 0 || size > uint64(len(data)-at-n) {
			return row{}, errRecord
		}
		at += n
		*s = text[at : at+int(size)]
		at += int(size)
	}
	return r, nil
}

// readRow returns the record of that id.
func readRow(tx *bbolt.Tx, id []byte) (row, error) {
	data := tx.Bucket(bucketRecord).Get(id)
	if data == nil {
		return row{}, errNotFound
	}
	r, err := decodeRow(data)
	if err != nil {
		return row{}, err
	}
	u, err := uuid.FromBytes(id)
	r.id = u.String()
	return r, err
}
