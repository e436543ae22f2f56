package boltstore

// The file holds one bucket for each table, named by the table's letter, and
// the bucket formatBucket. A bucket key is the rest of the kvstore key after
// its first byte, with one exception: bbolt has no empty keys. So the rest ""
// is stored as "\x00", and a rest that begins with a zero byte gets another
// one in front. That keeps keys apart and in order:
//
//	rest      ""    "\x00"      "\x00a"      "\x01"  "a"
//	stored    "\x00" "\x00\x00"  "\x00\x00a"  "\x01"  "a"

// The bucket formatBucket has one key, formatKey: the version of this layout.
// In format 1 its value is "1". From format 2 on it is the version in decimal,
// a space, and eight hexadecimal digits: the CRC-32C of the names of bucket and
// key and the version, a zero byte between each two. That form stays in every
// later version, so that a version that is damaged is not taken for a newer one.
//
//	format  since then
//	1       the tables as above
//	2       the checksum of the version; tables as in 1
//
// The layout of keys and values within a table has a version of its own, which
// kvstore keeps.

// appendKey appends the stored form of a key's rest to dst.
func appendKey(dst, rest []byte) []byte {
	if len(rest) == 0 || rest[0] == 0 {
		dst = append(dst, 0)
	}
	return append(dst, rest...)
}

// storedKey returns the stored form of a key's rest, in scratch where the two
// differ.
func storedKey(rest []byte, scratch *[]byte) []byte {
	if len(rest) > 0 && rest[0] != 0 {
		return rest
	}
	*scratch = appendKey((*scratch)[:0], rest)
	return *scratch
}

// appendRest appends the rest that is stored as key to dst.
func appendRest(dst, key []byte) []byte {
	if len(key) > 0 && key[0] == 0 {
		key = key[1:]
	}
	return append(dst, key...)
}

// storable reports whether key is one that appendKey makes: it has the rest of
// another key else, and no read finds it.
func storable(key []byte) bool { return key[0] != 0 || len(key) == 1 || key[1] == 0 }

// Pages are filled to these shares when they split.
//
// A table that only grows at its end never needs room for more. In the others
// a page of a load keeps a little, which makes a file an eighth smaller than
// at 0.7 and costs the creates that follow nothing that could be measured. A
// split between keys that come in any order leaves room on both sides: at 0.9
// the tables take half as much space again after as many single creates.
const (
	fillAppend = 0.95
	fillLoad   = 0.9
	fillRandom = 0.6
)

// pageSize is the size of pages in new files, the same on every platform, so
// that a file may be moved between them.
const pageSize = 4096
