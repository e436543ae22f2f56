package kvstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// The answer to a batch with an Op is a message, cut into chunks that fit
// into values. It holds no names: a repeated answer has the holders' names as
// they are by then.
//
//	1 digest   2 last revision   3 epoch   4 revisions (packed)
//	5 id, packed as in records, repeated   6 a refused write, repeated
//
// A refused write has 1 its index, 2 a line refused (1 line, 2 packed id of
// the holder, 3 index of the earlier item + 1), repeated, and, where its
// contact was at another revision, 3 the packed id, 4 the revision it was
// made for and 5 the present one.

// opChunk is how much of an answer goes into one value.
const opChunk = 1 << 20

func appendOpKey(b []byte, scope uint64, op string) []byte {
	return appendEscaped(appendTable(b, tableOp, scope), op)
}

// insertAnswer stores the answer to an op.
func (g *group) insertAnswer(sc *scopeState, p *prepared, a *contacts.Applied) {
	sc.changed = true
	m := protowire.AppendTag(nil, 1, protowire.BytesType)
	m = protowire.AppendBytes(m, p.digest[:])
	m = appendVarint(m, 2, a.Last)
	m = appendText(m, 3, a.Epoch)
	start := len(m)
	for _, r := range a.Revisions {
		m = protowire.AppendVarint(m, r)
	}
	m = wrap(m, start, 4)
	for _, id := range a.IDs {
		start := len(m)
		m = wrap(appendIdent(m, id), start, 5)
	}
	for _, r := range a.Refused {
		start := len(m)
		m = wrap(appendRefused(m, r), start, 6)
	}
	for i := uint64(0); len(m) > 0; i++ {
		n := min(len(m), opChunk)
		key := appendOrd(appendOpKey(nil, sc.info.id, p.batch.Op), i)
		g.insert(&sc.state, key, seal(key, append(make([]byte, crcLen, crcLen+n), m[:n]...)))
		m = m[n:]
	}
}

func appendRefused(m []byte, r contacts.Refused) []byte {
	m = appendVarint(m, 1, uint64(r.Index))
	var dup *contacts.DuplicateNumberError
	var rev *contacts.RevisionError
	if errors.As(r.Err, &dup) {
		for _, x := range dup.Refusals {
			start := len(m)
			m = appendVarint(m, 1, uint64(x.Line))
			m = appendIdentField(m, 2, x.HolderID)
			m = appendVarint(m, 3, uint64(x.Earlier+1))
			m = wrap(m, start, 2)
		}
	}
	if errors.As(r.Err, &rev) {
		for _, x := range rev.Conflicts {
			m = appendIdentField(m, 3, x.ID)
			m = appendVarint(m, 4, x.Read)
			m = appendVarint(m, 5, x.Present)
		}
	}
	return m
}

// priorAnswer returns the answer to an earlier batch of the same op, if there
// was one.
func (s *Store) priorAnswer(sn Snapshot, sc *scopeState, p *prepared) (a contacts.Applied, found bool, err error) {
	if sc == nil || sc.newScope || len(p.batch.Op) > contacts.MaxOpLen {
		return a, false, nil
	}
	m, err := s.opMessage(sn, sc.info.id, p.batch.Op)
	if err != nil || m == nil {
		return a, false, err
	}
	fail := s.damaged(tableOp, sc.info.id, 0, "an answer that cannot be read")
	f := fieldsOf(m)
	for f.next() {
		switch f.num {
		case 1:
			if !bytes.Equal(f.bytes(), p.digest[:]) {
				return contacts.Applied{}, true, fmt.Errorf("%s: %w", s.name, contacts.ErrOpReused)
			}
		case 2:
			a.Last = f.n
		case 3:
			a.Epoch = string(f.bytes())
		case 4:
			for b := f.bytes(); len(b) > 0; {
				n, size := protowire.ConsumeVarint(b)
				if size < 0 {
					return a, false, fail
				}
				a.Revisions = append(a.Revisions, n)
				b = b[size:]
			}
		case 5:
			id, ok := identText(f.bytes())
			if !ok {
				return a, false, fail
			}
			a.IDs = append(a.IDs, id)
		case 6:
			r, err := s.parseRefused(sn, sc.info.id, f.inner())
			if err != nil {
				return a, false, err
			}
			a.Refused = append(a.Refused, r)
		}
	}
	if f.bad {
		return a, false, fail
	}
	a.Repeated = true
	return a, true, nil
}

func identText(packed []byte) (string, bool) {
	var out strings.Builder
	return textOfIdent(&out, string(packed))
}

// opMessage returns the answer to an op, nil where there is none.
func (s *Store) opMessage(sn Snapshot, scope uint64, op string) ([]byte, error) {
	from := appendOpKey(nil, scope, op)
	var m []byte
	sound := true
	err := sn.Scan(from, prefixEnd(nil, from), false, func(key, value []byte) bool {
		var part []byte
		part, sound = unseal(key, value)
		m = append(m, part...)
		return sound
	})
	if err == nil && !sound {
		err = s.damaged(tableOp, scope, 0, "checksum of an answer")
	}
	return m, err
}

// parseRefused reads what appendRefused wrote.
func (s *Store) parseRefused(sn Snapshot, scope uint64, f fields) (contacts.Refused, error) {
	var r contacts.Refused
	var dups []contacts.Refusal
	var conflict contacts.RevisionConflict
	for f.next() {
		switch f.num {
		case 1:
			r.Index = int(f.n)
		case 2:
			d, err := s.parseRefusal(sn, scope, f.inner())
			if err != nil {
				return r, err
			}
			dups = append(dups, d)
		case 3:
			conflict.ID, _ = identText(f.bytes())
		case 4:
			conflict.Read = f.n
		case 5:
			conflict.Present = f.n
		}
	}
	if f.bad {
		return r, s.damaged(tableOp, scope, 0, "an answer that cannot be read")
	}
	for i := range dups {
		dups[i].Index = r.Index
	}
	var conflicts []contacts.RevisionConflict
	if conflict.ID != "" {
		conflict.Index = r.Index
		conflicts = append(conflicts, conflict)
	}
	r.Err = refusal(dups, conflicts)
	return r, nil
}

func (s *Store) parseRefusal(sn Snapshot, scope uint64, f fields) (contacts.Refusal, error) {
	r := contacts.Refusal{Earlier: -1}
	for f.next() {
		switch f.num {
		case 1:
			r.Line = phone.Line(f.n)
		case 2:
			r.HolderID, _ = identText(f.bytes())
		case 3:
			r.Earlier = int(f.n) - 1
		}
	}
	if r.HolderID == "" {
		return r, nil
	}
	var c contacts.Contact
	_, err := s.contactByID(sn, scope, r.HolderID, &c)
	r.HolderName = c.FullName // none where it was purged
	return r, err
}
