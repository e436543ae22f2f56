package kvstore

import (
	"encoding/binary"
	"github.com/callerbook/contacts/internal/match"
	"github.com/callerbook/contacts/internal/record"
	"unicode/utf8"
)

// A signature says in what status a contact is, and roughly how its words begin:
// a bit for each first letter, and one for each first two letters. Every entry
// of tableWord carries that of its contact, so that a query passes over
// contacts in another status, and most that lack one of several words, without
// reading a record. The letters of one script have bits of their own; all else
// may share some.
type signature uint64

const (
	letterBits   = 38
	statusBits   = 2
	pairBits     = 64 - letterBits - statusBits
	signatureLen = 8
)

// signatureOf returns the signature of a contact with words as records hold them.
func signatureOf(status byte, words [][]byte) signature {
	s := signature(status) << (64 - statusBits)
	for _, w := range words {
		s |= beginsWith(record.WordText(w))
	}
	return s
}

// beginsWith returns the bits that the signature of a contact has if one of its
// words begins with these letters.
func beginsWith(word []byte) signature {
	first, size := utf8.DecodeRune(word)
	if size == 0 {
		return 0
	}
	s := letterBit(first)
	if second, size := utf8.DecodeRune(word[size:]); size > 0 {
		s |= 1 << (letterBits + (uint32(first)*31+uint32(second))*0x9E3779B1>>16%pairBits)
	}
	return s
}

func (s signature) status() byte { return byte(s >> (64 - statusBits)) }

func letterBit(r rune) signature { return 1 << (uint32(r) % letterBits) }

// appendWordValue writes what an entry of tableWord says: the fields that the
// word stands in, and the signature of the contact.
func appendWordValue(b []byte, word []byte, s signature) []byte {
	return binary.LittleEndian.AppendUint64(append(b, word[0]), uint64(s))
}

// wordFields and wordSignature read what appendWordValue wrote.
func wordFields(value []byte) byte { return value[0] }

func wordSignature(value []byte) signature {
	return signature(binary.LittleEndian.Uint64(value[1:]))
}

// need is what a signature must have for a contact to match: all of one set of
// bits, and one of each other.
type need struct {
	all   signature
	anyOf []signature
}

// add adds what a term needs.
func (n *need) add(m *match.Matcher) {
	switch {
	case len(m.Sets) > 0:
		var s signature
		for _, r := range m.Sets[0] {
			s |= letterBit(r)
		}
		n.anyOf = append(n.anyOf, s)
	case !m.Auto:
		n.all |= beginsWith([]byte(m.Term.Text))
	}
}

func (n *need) metBy(s signature) bool {
	if s&n.all != n.all {
		return false
	}
	for _, bits := range n.anyOf {
		if s&bits == 0 {
			return false
		}
	}
	return true
}
