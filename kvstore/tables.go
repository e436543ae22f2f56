package kvstore

import (
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// The tables, by the first byte of their keys. See the package comment.
const (
	tableMeta   = 'm'
	tableScope  = 's'
	tableRecord = 'r'
	tablePast   = 'h'
	tableID     = 'i'
	tableLine   = 'l'
	tableWord   = 'w'
	tableDigits = 'd'
	tableName   = 'n'
	tableFeed   = 'f'
	tableEnded  = 'x'
	tableDup    = 'q'
	tableOp     = 'o'
)

// scopeTables has the tables of which a scope's state keeps a tally, in order.
const scopeTables = "dfhilnoqrwx"

// AppendTables names the tables whose keys, within a scope, only ever grow: an
// engine may fill their pages to the brim.
const AppendTables = "fr"

// tableIndex returns the place of a table in scopeTables.
func tableIndex(table byte) int { return strings.IndexByte(scopeTables, table) }

// The kinds of entries in tableLine.
const (
	kindClaim  = 0
	kindShared = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC-32C over a key and what belongs to it.
func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// crcLen is the length of the checksum in front of a sealed value.
const crcLen = 4

// sealed reports whether the values of a table carry their checksum.
func sealed(table byte) bool {
	switch table {
	case tableMeta, tableRecord, tablePast, tableOp:
		return true
	}
	return false
}

// seal fills in the checksum of value, whose first crcLen bytes are room for
// it.
func seal(key, value []byte) []byte {
	binary.LittleEndian.PutUint32(value, checksum(key, value[crcLen:]))
	return value
}

// unseal verifies a sealed value and returns what is behind its checksum.
func unseal(key, value []byte) ([]byte, bool) {
	if len(value) < crcLen || binary.LittleEndian.Uint32(value) != checksum(key, value[crcLen:]) {
		return nil, false
	}
	return value[crcLen:], true
}

// entryCRC is what an entry adds to the tally of its table.
func entryCRC(key, value []byte) uint32 {
	if sealed(key[0]) && len(value) >= crcLen {
		return binary.LittleEndian.Uint32(value)
	}
	return checksum(key, value)
}

// A tally counts the entries of a table and sums up their checksums, in
// whatever order they come and go.
type tally struct{ count, sum uint64 }

func (t *tally) add(crc uint32) { t.count++; t.sum += uint64(crc) }
func (t *tally) sub(crc uint32) { t.count--; t.sum -= uint64(crc) }

// less returns t without the entries of o.
func (t tally) less(o tally) tally { return tally{t.count - o.count, t.sum - o.sum} }

// appendTable begins a key: the table and the short id of a scope.
func appendTable(b []byte, table byte, scope uint64) []byte {
	return appendOrd(append(b, table), scope)
}

func appendRecordKey(b []byte, scope, seq uint64) []byte {
	return appendOrd(appendTable(b, tableRecord, scope), seq)
}

func appendPastKey(b []byte, scope, seq, revision uint64) []byte {
	return appendOrd(appendOrd(appendTable(b, tablePast, scope), seq), revision)
}

func appendFeedKey(b []byte, scope, revision uint64) []byte {
	return appendOrd(appendTable(b, tableFeed, scope), revision)
}

func appendIDKey(b []byte, scope uint64, id string) []byte {
	return record.AppendIdent(appendTable(b, tableID, scope), id)
}

// appendHoldersKey is the beginning of the keys of all who claim a line
// (kindClaim) or list it (kindShared), in all scopes of the domain.
func appendHoldersKey(b []byte, domain uint64, line phone.Line, kind byte) []byte {
	return append(appendUint64(appendTable(b, tableLine, domain), uint64(line)), kind)
}

func appendLineKey(b []byte, s *scopeInfo, line phone.Line, kind byte, seq uint64) []byte {
	return appendOrd(appendOrd(appendHoldersKey(b, s.domain, line, kind), s.id), seq)
}

func appendWordKey(b []byte, scope uint64, word []byte, seq uint64) []byte {
	b = append(appendTable(b, tableWord, scope), word...)
	return appendOrd(append(b, 0), seq)
}

func appendNameKey(b []byte, scope uint64, status byte, sort []byte, seq uint64) []byte {
	b = append(appendTable(b, tableName, scope), status)
	b = append(append(b, sort...), 0)
	return appendOrd(b, seq)
}

func appendEndedKey(b []byte, scope uint64, line phone.Line, end, seq uint64) []byte {
	b = appendUint64(appendTable(b, tableEnded, scope), uint64(line))
	return appendOrd(appendOrd(b, end), seq)
}

func appendDupKey(b []byte, scope uint64, line phone.Line) []byte {
	return appendUint64(appendTable(b, tableDup, scope), uint64(line))
}

// appendDigitsKey writes the digits of a line from the last to the first, two
// to a byte, each as digit+1, and a 0 behind the last.
func appendDigitsKey(b []byte, scope uint64, line phone.Line, seq uint64) []byte {
	b = appendReversed(appendTable(b, tableDigits, scope), line)
	return appendOrd(b, seq)
}

func appendReversed(b []byte, line phone.Line) []byte {
	v := uint64(line)
	for {
		hi, lo := byte(v%10+1), byte(0)
		if v /= 10; v > 0 {
			lo = byte(v%10 + 1)
			v /= 10
		}
		b = append(b, hi<<4|lo)
		if lo == 0 {
			return b
		}
		if v == 0 {
			return append(b, 0)
		}
	}
}

// takeReversed reads what appendReversed wrote.
func takeReversed(b []byte) (line phone.Line, rest []byte, ok bool) {
	var v, unit uint64 = 0, 1
	for i, c := range b {
		for _, n := range [2]byte{c >> 4, c & 15} {
			if n == 0 {
				line = phone.Line(v)
				return line, b[i+1:], string(appendReversed(nil, line)) == string(b[:i+1])
			}
			v += uint64(n-1) * unit
			unit *= 10
		}
	}
	return 0, nil, false
}
