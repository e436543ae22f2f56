package kvstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// Get implements contacts.Store. Errors do not repeat an id that may be a
// number: hosts mix up ids and numbers.
func (s *Store) Get(ctx context.Context, scope contacts.Scope, id string) (contacts.Contact, error) {
	var c contacts.Contact
	found := false
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		info, err := s.find(v, scope)
		if err != nil || info == nil {
			return err
		}
		found, err = s.contactByID(sn, info.id, id, &c)
		return err
	})
	switch {
	case err != nil:
		return contacts.Contact{}, err
	case !found:
		return contacts.Contact{}, fmt.Errorf("%s: contact: %w", s.name, contacts.ErrNotFound)
	case c.Status == "":
		return contacts.Contact{}, fmt.Errorf("%s: %w", s.name, &contacts.PurgedError{ID: c.ID, At: c.UpdatedAt, MergedInto: c.MergedInto})
	}
	return c, nil
}

// contactByID reads the contact of an id, unless there is none. Of one that was
// purged there is what Purge keeps, and no status.
func (s *Store) contactByID(sn Snapshot, scope uint64, id string, c *contacts.Contact) (found bool, err error) {
	seq, body, err := s.recordOf(sn, scope, id)
	if err != nil || body == nil {
		return false, err
	}
	if !record.Decode(body, c) {
		return false, s.damaged(tableRecord, scope, seq, "a record that cannot be read")
	}
	return true, nil
}

// recordOf returns the present record of an id, nil where there is none.
func (s *Store) recordOf(sn Snapshot, scope uint64, id string) (seq uint64, body []byte, err error) {
	if len(id) > contacts.MaxIDLen {
		return 0, nil, nil
	}
	var room [2 + maxOrdLen + contacts.MaxIDLen]byte
	key := appendIDKey(room[:0], scope, id)
	v, ok, err := sn.Get(key)
	if err != nil || !ok {
		return 0, nil, err
	}
	if seq, ok = takeLastOrd(v); !ok {
		return 0, nil, s.damaged(tableID, scope, 0, "a position that cannot be read")
	}
	body, _, err = s.recordAt(sn, scope, seq, nil)
	if err != nil {
		return 0, nil, err
	}
	var prefix [1 + maxOrdLen]byte
	if !bytes.Equal(record.IdentOf(body), key[len(appendTable(prefix[:0], tableID, scope)):]) {
		return 0, nil, s.damaged(tableID, scope, seq, "an id leads to another contact")
	}
	return seq, body, nil
}

// recordAt returns the present record of a contact, verified, and its
// checksum. It belongs to the engine. Where there is one, scratch is memory for
// the key.
func (s *Store) recordAt(sn Snapshot, scope, seq uint64, scratch *[]byte) (body []byte, crc uint32, err error) {
	var key []byte
	if scratch != nil {
		key = (*scratch)[:0]
	}
	key = appendRecordKey(key, scope, seq)
	if scratch != nil {
		*scratch = key
	}
	v, ok, err := sn.Get(key)
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return nil, 0, s.damaged(tableRecord, scope, seq, "the record is missing")
	}
	if body, ok = unseal(key, v); !ok {
		return nil, 0, s.damaged(tableRecord, scope, seq, "checksum of the record")
	}
	return body, sealedCRC(v), nil
}
