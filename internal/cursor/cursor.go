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
	text(q.Prefix)
	text(q.Suffix)
	flag(q.Duplicates)
	sum := sha256.Sum256(b)
	return sum[:]
}

const (
	version  = 1
	nonceLen = 12
	tagLen   = 16
)

// Seal returns position as a text that only Open with the same secret and the
// same binding reads. Equal arguments give equal texts, and equal texts are
// all that two cursors show of their positions, beside their length.
func Seal(secret, bind, position []byte) string {
	encrypt, mac := keys(secret)
	// The nonce is a hash of everything, so that none serves two positions.
	h := hmac.New(sha256.New, mac)
	h.Write(bind)
	h.Write(position)
	b := make([]byte, 1, 1+nonceLen+len(position)+tagLen)
	b[0] = version
	b = append(b, h.Sum(nil)[:nonceLen]...)
	b = encrypt.Seal(b, b[1:1+nonceLen], position, bind)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Open returns the position that Seal was given, and false for everything
// else.
func Open(secret, bind []byte, cursor string) (position []byte, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < 1+nonceLen+tagLen || b[0] != version ||
		len(cursor) != base64.RawURLEncoding.EncodedLen(len(b)) { // decoding passes over line breaks
		return nil, false
	}
	encrypt, _ := keys(secret)
	position, err = encrypt.Open(nil, b[1:1+nonceLen], b[1+nonceLen:], bind)
	return position, err == nil
}

// keys derives a cipher and the key of the nonces from a secret.
func keys(secret []byte) (cipher.AEAD, []byte) {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(purpose))
		return h.Sum(nil)
	}
	block, err := aes.NewCipher(derive("cursor encryption"))
	if err != nil {
		panic(err) // not with a key of 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // not with a block of 16 bytes
	}
	return aead, derive("cursor nonce")
}
