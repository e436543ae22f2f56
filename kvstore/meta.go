package kvstore

import (
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// formatVersion is the version of keys and values of this package. Stores of
// a greater one are refused.
const formatVersion = 1

// The entries of tableMeta, by the second byte of their keys.
const (
	metaHeader  = 'h'
	metaAccount = 'a'
	metaConst   = 'c'
	metaState   = 'v'
	metaLoad    = 'l'
)

func headerKey(b []byte) []byte { return append(b, tableMeta, metaHeader) }

func accountKey(b []byte, account string) []byte {
	return append(append(b, tableMeta, metaAccount), account...)
}

func scopeMetaKey(b []byte, what byte, scope uint64) []byte {
	return appendOrd(append(b, tableMeta, what), scope)
}

func registryKey(b []byte, scope contacts.Scope) []byte {
	return append(appendEscaped(append(b, tableScope), scope.Account), scope.Stream...)
}

func parseRegistryKey(key []byte) (contacts.Scope, bool) {
	account, stream, ok := takeEscaped(key[1:])
	return contacts.Scope{Account: account, Stream: string(stream)}, ok
}

// header is what a store keeps once.
type header struct {
	version uint64
	next    uint64 // the next short id
	scopes  tally  // of tableScope
}

func (h *header) encode() []byte {
	b := make([]byte, crcLen, 48)
	b = record.AppendVarint(b, 1, h.version)
	b = record.AppendVarint(b, 2, h.next)
	b = record.AppendVarint(b, 3, h.scopes.count)
	return record.AppendVarint(b, 4, h.scopes.sum)
}

func (h *header) decode(body []byte) bool {
	f := record.FieldsOf(body)
	for f.Next() {
		switch f.Num {
		case 1:
			h.version = f.N
		case 2:
			h.next = f.N
		case 3:
			h.scopes.count = f.N
		case 4:
			h.scopes.sum = f.N
		}
	}
	return !f.Bad && h.version != 0
}

// judge reads a header, and refuses that of a newer format.
func (h *header) judge(body []byte) error {
	if !h.decode(body) {
		return &flaw{table: tableMeta, what: "the header cannot be read"}
	}
	if h.version > formatVersion {
		return fmt.Errorf("format %d, this program reads formats up to %d: %w", h.version, formatVersion, contacts.ErrNewer)
	}
	return nil
}

// account is how the numbers of an account are unique.
type account struct {
	uniqueBy contacts.UniqueBy
	domain   uint64 // 0 where each scope is its own
}

func (a *account) encode() []byte {
	b := make([]byte, crcLen, 20)
	b = record.AppendVarint(b, 1, uint64(a.uniqueBy))
	return record.AppendVarint(b, 2, a.domain)
}

func (a *account) decode(body []byte) bool {
	f := record.FieldsOf(body)
	for f.Next() {
		switch f.Num {
		case 1:
			a.uniqueBy = contacts.UniqueBy(f.N)
		case 2:
			a.domain = f.N
		}
	}
	return !f.Bad && (a.uniqueBy == contacts.UniqueByStream && a.domain == 0 ||
		a.uniqueBy == contacts.UniqueByAccount && a.domain != 0)
}

// scopeInfo is what of a scope never changes.
type scopeInfo struct {
	id       uint64 // short id
	domain   uint64 // of its lines
	uniqueBy contacts.UniqueBy
	epoch    string
	secret   []byte // key of cursors
}

// constants is what of a scope seldom changes.
type constants struct {
	scope    contacts.Scope
	info     scopeInfo
	settings []byte
}

func (c *constants) encode() []byte {
	b := make([]byte, crcLen, 128+len(c.scope.Account)+len(c.scope.Stream)+len(c.settings))
	b = record.AppendText(b, 1, c.scope.Account)
	b = record.AppendText(b, 2, c.scope.Stream)
	b = record.AppendVarint(b, 3, c.info.domain)
	b = record.AppendVarint(b, 4, uint64(c.info.uniqueBy))
	b = record.AppendText(b, 5, c.info.epoch)
	b = record.AppendText(b, 6, string(c.info.secret))
	return record.AppendText(b, 7, string(c.settings))
}

// decode copies what it keeps of body.
func (c *constants) decode(id uint64, body []byte) bool {
	c.info.id = id
	f := record.FieldsOf(body)
	for f.Next() {
		switch f.Num {
		case 1:
			c.scope.Account = string(f.Bytes())
		case 2:
			c.scope.Stream = string(f.Bytes())
		case 3:
			c.info.domain = f.N
		case 4:
			c.info.uniqueBy = contacts.UniqueBy(f.N)
		case 5:
			c.info.epoch = string(f.Bytes())
		case 6:
			c.info.secret = append([]byte(nil), f.Bytes()...)
		case 7:
			c.settings = append([]byte(nil), f.Bytes()...)
		}
	}
	return !f.Bad && c.info.domain != 0 && c.info.epoch != "" && len(c.info.secret) != 0
}

// state is what of a scope changes with every commit.
type state struct {
	index       contacts.IndexVersion
	reindexing  bool
	first, last uint64
	contacts    [record.StatusPurged + 1]uint64 // by status
	duplicates  uint64
	constCRC    uint32 // of the constants that belong to this state
	tallies     [len(scopeTables)]tally
}

func (s *state) encode(b []byte) []byte {
	b = append(b, 0, 0, 0, 0)
	b = record.AppendVarint(b, 1, uint64(s.index.Generation))
	b = record.AppendVarint(b, 2, s.index.Fingerprint)
	b = record.AppendVarint(b, 3, protowire.EncodeBool(s.reindexing))
	b = record.AppendVarint(b, 4, s.first)
	b = record.AppendVarint(b, 5, s.last)
	for i, n := range s.contacts {
		b = record.AppendVarint(b, protowire.Number(6+i), n)
	}
	b = record.AppendVarint(b, 10, s.duplicates)
	b = record.AppendVarint(b, 11, uint64(s.constCRC))
	for i, t := range s.tallies {
		if t == (tally{}) {
			continue
		}
		start := len(b)
		b = append(b, scopeTables[i])
		b = protowire.AppendVarint(b, t.count)
		b = protowire.AppendVarint(b, t.sum)
		b = record.Wrap(b, start, 12)
	}
	return b
}

func (s *state) decode(body []byte) bool {
	f := record.FieldsOf(body)
	for f.Next() {
		switch f.Num {
		case 1:
			s.index.Generation = uint32(f.N)
		case 2:
			s.index.Fingerprint = f.N
		case 3:
			s.reindexing = f.N != 0
		case 4:
			s.first = f.N
		case 5:
			s.last = f.N
		case 6, 7, 8, 9:
			s.contacts[f.Num-6] = f.N
		case 10:
			s.duplicates = f.N
		case 11:
			s.constCRC = uint32(f.N)
		case 12:
			if f.Typ != protowire.BytesType || !s.decodeTally(f.Bytes()) {
				return false
			}
		}
	}
	return !f.Bad
}

func (s *state) decodeTally(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	i := tableIndex(b[0])
	count, n := protowire.ConsumeVarint(b[1:])
	if i < 0 || n < 0 {
		return false
	}
	sum, m := protowire.ConsumeVarint(b[1+n:])
	s.tallies[i] = tally{count, sum}
	return m >= 0
}

func (s *state) tally(table byte) *tally { return &s.tallies[tableIndex(table)] }

// indexOf reads no more of a state than what the scope is indexed by.
func indexOf(body []byte) (v indexState, ok bool) {
	f := record.FieldsOf(body)
	for f.Next() && f.Num <= 3 {
		switch f.Num {
		case 1:
			v.version.Generation = uint32(f.N)
		case 2:
			v.version.Fingerprint = f.N
		case 3:
			v.reindexing = f.N != 0
		}
	}
	return v, !f.Bad
}

// sealedCRC returns the checksum that a sealed value begins with.
func sealedCRC(value []byte) uint32 { return binary.LittleEndian.Uint32(value) }
