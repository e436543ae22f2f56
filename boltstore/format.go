package boltstore

import (
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/callerbook/contacts/boltstore/internal/boltfile"
)

// The bucket and the key that make a bbolt file a contact book, and the version
// of the layout described in tables.go.
const (
	formatBucket  = "callerbook.contacts"
	formatKey     = "format"
	formatVersion = 2
)

// formatRecord returns the value that says version.
func formatRecord(version int) string {
	v := strconv.Itoa(version)
	if version == 1 {
		return v // it has no checksum
	}
	sum := crc32.Checksum([]byte(formatBucket+"\x00"+formatKey+"\x00"+v), crc32.MakeTable(crc32.Castagnoli))
	return fmt.Sprintf("%s %08x", v, sum)
}

// addFormat writes the bucket that makes a file a book.
func addFormat(b *boltfile.Builder, version int) error {
	if err := b.Bucket([]byte(formatBucket), fillAppend); err != nil {
		return err
	}
	return b.Add([]byte(formatKey), []byte(formatRecord(version)))
}

// readFormat returns the version of the layout of state m in r, or the error
// for a file that is no book, that is damaged there, or that is newer.
func readFormat(name string, r io.ReaderAt, m boltfile.Meta) (int, error) {
	value, found, err := boltfile.Lookup(r, m, []byte(formatBucket), []byte(formatKey))
	if err != nil {
		return 0, damaged(name, reason(err), err)
	}
	if !found {
		// Every book to which somebody wrote has this key of kvstore's.
		if _, book, err := boltfile.Lookup(r, m, []byte("m"), []byte("h")); book || err != nil {
			return 0, damaged(name, "it does not say its version")
		}
		return 0, notBook(name, "a bbolt file of another program")
	}
	digits, _, _ := strings.Cut(string(value), " ")
	v, err := strconv.Atoi(digits)
	if err != nil || v < 1 || string(value) != formatRecord(v) {
		return 0, damaged(name, "no version number")
	}
	if v > formatVersion {
		return 0, newer(name, fmt.Errorf("format %d, this version knows %d", v, formatVersion))
	}
	return v, nil
}
