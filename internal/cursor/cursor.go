// Package cursor seals positions in lists, so that a caller can hand one back
// but neither read nor make one up.
package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/callerbook/contacts"
)

// Bind returns what a cursor is bound to: the scope, the epoch of its feed,
// and all of the query but Cursor, Limit and Skip (which counts for the first
// page only). Queries that ask for the same, with the states in another order
// for example, are the same.
func Bind(scope contacts.Scope, epoch string, q *contacts.Query) []byte {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	flag := func(f bool) {
		if f {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	text(scope.Account)
	text(scope.Stream)
	text(epoch)
	b = append(b, byte(q.Order))
	flag(q.Reverse)
	states := byte(0)
	for _, s := range q.Status {
		switch s {
		case contacts.Active:
			states |= 1
		case contacts.Inactive:
			states |= 2
		case contacts.Merged:
			states |= 4
		default:
			states |= 8
		}
	}
	if states == 0 {
		states = 1
	}
	b = append(b, states)
	text(q.From)
	b = binary.AppendUvarint(b, uint64(len(q.Lines)))
	for _, l := range q.Lines {
		b = binary.BigEndian.AppendUint64(b, uint64(l))
	}
	b = binary.AppendVarint(b, int64(q.PerLine))
	b = binary.AppendUvarint(b, uint64(len(q.Words)))
	for _, t := range q.Words {
		text(t.Text)
		flag(t.Whole)
		flag(t.Typo)
		b = append(b, byte(t.Fields))
		b = binary.AppendUvarint(b, uint64(len(t.Sets)))
		for _, s := range t.Sets {
			text(s)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(q.Prefixes)))
	for _, p := range q.Prefixes {
		text(p)
	}
	text(q.Suffix)
	flag(q.Duplicates)
	sum := sha256.Sum256(b)
	return sum[:]
}

const (
	version = 1
	tagLen  = aes.BlockSize
)

// Seal returns position as a text that only Open with the same secret and the
// same binding reads. Equal arguments give equal texts, and equal texts are
// all that two cursors show of their positions, beside their length.
//
// The construction is that of SIV (RFC 5297) with HMAC-SHA256 for its hash:
// the tag of binding and position is also what AES-256-CTR begins with, so
// that no two positions share a key stream.
func Seal(secret, bind, position []byte) string {
	b := make([]byte, 0, 1+tagLen+len(position))
	b = append(b, version)
	b = append(b, tag(secret, bind, position)...)
	b = append(b, position...)
	crypt(secret, b[1:1+tagLen], b[1+tagLen:])
	return base64.RawURLEncoding.EncodeToString(b)
}

// Open returns the position that Seal was given, and false for everything
// else.
func Open(secret, bind []byte, cursor string) (position []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < 1+tagLen || b[0] != version ||
		len(cursor) != base64.RawURLEncoding.EncodedLen(len(b)) { // decoding passes over line breaks
		return nil, false
	}
	position = b[1+tagLen:]
	crypt(secret, b[1:1+tagLen], position)
	if !hmac.Equal(b[1:1+tagLen], tag(secret, bind, position)) {
		return nil, false
	}
	return position, true
}

// tag returns what vouches for a position.
func tag(secret, bind, position []byte) []byte {
	h := hmac.New(sha256.New, derive(secret, "cursor tag"))
	h.Write(binary.AppendUvarint(nil, uint64(len(bind))))
	h.Write(bind)
	h.Write(position)
	return h.Sum(nil)[:tagLen]
}

// crypt encrypts or decrypts data in place.
func crypt(secret, iv, data []byte) {
	// Derive gives a key of 32 bytes, which NewCipher does not refuse.
	block, _ := aes.NewCipher(derive(secret, "cursor encryption"))
	cipher.NewCTR(block, iv).XORKeyStream(data, data)
}

// derive returns the key for a purpose.
func derive(secret []byte, purpose string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(purpose))
	return h.Sum(nil)
}
