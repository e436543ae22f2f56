package kvstore

import (
	"bytes"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
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
func (g *group) insertAnswer(sc *scopeState, p *prepare.Batch, a *contacts.Applied) {
	sc.changed = true
	m := protowire.AppendTag(nil, 1, protowire.BytesType)
	m = protowire.AppendBytes(m, p.Digest[:])
	m = record.AppendVarint(m, 2, a.Last)
	m = record.AppendText(m, 3, a.Epoch)
	start := len(m)
	for _, r := range a.Revisions {
		m = protowire.AppendVarint(m, r)
	}
	m = record.Wrap(m, start, 4)
	for _, id := range a.IDs {
		start := len(m)
		m = record.Wrap(record.AppendIdent(m, id), start, 5)
	}
	for _, r := range a.Refused {
		start := len(m)
		m = record.Wrap(appendRefused(m, r), start, 6)
	}
	for i := uint64(0); len(m) > 0; i++ {
		n := min(len(m), opChunk)
		key := appendOrd(appendOpKey(nil, sc.info.id, p.Batch.Op), i)
		g.insert(&sc.state, key, seal(key, append(make([]byte, crcLen, crcLen+n), m[:n]...)))
		m = m[n:]
	}
}

func appendRefused(m []byte, r contacts.Refused) []byte {
	m = record.AppendVarint(m, 1, uint64(r.Index))
	var dup *contacts.DuplicateNumberError
	var rev *contacts.RevisionError
	if errors.As(r.Err, &dup) {
		for _, x := range dup.Refusals {
			start := len(m)
			m = record.AppendVarint(m, 1, uint64(x.Line))
			m = record.AppendIdentField(m, 2, x.HolderID)
			m = record.AppendVarint(m, 3, uint64(x.Earlier+1))
			m = record.Wrap(m, start, 2)
		}
	}
	if errors.As(r.Err, &rev) {
		for _, x := range rev.Conflicts {
			m = record.AppendIdentField(m, 3, x.ID)
			m = record.AppendVarint(m, 4, x.Read)
			m = record.AppendVarint(m, 5, x.Present)
		}
	}
	return m
}

// priorAnswer returns the answer to an earlier batch of the same op, if there
// was one.
func (s *Store) priorAnswer(sn Snapshot, sc *scopeState, p *prepare.Batch) (a contacts.Applied, found bool, err error) {
	if sc == nil || sc.newScope || len(p.Batch.Op) > contacts.MaxOpLen {
		return a, false, nil
	}
	m, err := s.opMessage(sn, sc.info.id, p.Batch.Op)
	if err != nil || m == nil {
		return a, false, err
	}
	fail := s.damaged(tableOp, sc.info.id, 0, "an answer that cannot be read")
	f := record.FieldsOf(m)
	for f.Next() {
		switch f.Num {
		case 1:
			if !bytes.Equal(f.Bytes(), p.Digest[:]) {
				return contacts.Applied{}, true, fmt.Errorf("%s: %w", s.name, contacts.ErrOpReused)
			}
		case 2:
			a.Last = f.N
		case 3:
			a.Epoch = string(f.Bytes())
		case 4:
			for b := f.Bytes(); len(b) > 0; {
				n, size := protowire.ConsumeVarint(b)
				if size < 0 {
					return a, false, fail
				}
				a.Revisions = append(a.Revisions, n)
				b = b[size:]
			}
		case 5:
			id, ok := record.IdentText(f.Bytes())
			if !ok {
				return a, false, fail
			}
			a.IDs = append(a.IDs, id)
		case 6:
			r, err := s.parseRefused(sn, sc.info.id, f.Inner())
			if err != nil {
				return a, false, err
			}
			a.Refused = append(a.Refused, r)
		}
	}
	if f.Bad {
		return a, false, fail
	}
	a.Repeated = true
	return a, true, nil
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
func (s *Store) parseRefused(sn Snapshot, scope uint64, f record.Fields) (contacts.Refused, error) {
	var r contacts.Refused
	var dups []contacts.Refusal
	var conflict contacts.RevisionConflict
	for f.Next() {
		switch f.Num {
		case 1:
			r.Index = int(f.N)
		case 2:
			d, err := s.parseRefusal(sn, scope, f.Inner())
			if err != nil {
				return r, err
			}
			dups = append(dups, d)
		case 3:
			conflict.ID, _ = record.IdentText(f.Bytes())
		case 4:
			conflict.Read = f.N
		case 5:
			conflict.Present = f.N
		}
	}
	if f.Bad {
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
	r.Err = prepare.Refusal(dups, conflicts)
	return r, nil
}

func (s *Store) parseRefusal(sn Snapshot, scope uint64, f record.Fields) (contacts.Refusal, error) {
	r := contacts.Refusal{Earlier: -1}
	for f.Next() {
		switch f.Num {
		case 1:
			r.Line = phone.Line(f.N)
		case 2:
			r.HolderID, _ = record.IdentText(f.Bytes())
		case 3:
			r.Earlier = int(f.N) - 1
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
