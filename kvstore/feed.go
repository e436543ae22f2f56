package kvstore

import (
	"context"
	"fmt"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// Events implements contacts.Store.
func (s *Store) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	limit = prepare.Limit(limit)
	var out []contacts.Event
	err := s.view(ctx, func(v view) error {
		sn := v.Snapshot
		info, err := s.find(v, scope)
		if err != nil || info == nil {
			return err
		}
		var st state
		if ok, err := s.readState(sn, info.id, &st); err != nil || !ok {
			return err
		}
		if after < st.first {
			return &contacts.TrimmedError{After: after, First: st.first}
		}
		if after >= st.last {
			return nil
		}
		feed := s.feed(sn, info.id, after, 0, false, limit)
		out = make([]contacts.Event, 0, min(uint64(limit), st.last-after))
		for size := 0; len(out) < limit && size < pageBytes; {
			e, ok, err := feed.next()
			if err != nil || !ok {
				return err
			}
			var event contacts.Event
			n, err := s.event(sn, info.id, e, &event)
			if err != nil {
				return err
			}
			if n > 0 {
				out = append(out, event)
				size += n
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// event reads the record that an event points at: the contact's present one,
// or one of its past. It returns the size of the record, 0 where the event is
// only implied and there is nothing of it: it was trimmed, or not loaded.
func (s *Store) event(sn Snapshot, scope uint64, e feedEntry, out *contacts.Event) (size int, err error) {
	body, _, err := s.recordAt(sn, scope, e.seq, nil)
	if err != nil {
		return 0, err
	}
	revision, _, _ := record.Peek(body)
	if revision != e.revision {
		body, err = s.pastAt(sn, scope, e.seq, e.revision)
		if err != nil || body == nil && e.implied {
			return 0, err
		}
		if body == nil {
			return 0, s.damaged(tablePast, scope, e.seq, fmt.Sprintf("the record at revision %d is missing", e.revision))
		}
	}
	*out = contacts.Event{Revision: e.revision, Created: e.seq, BatchEnd: e.end, Purged: e.purged}
	var h record.Held
	_, status, ok := record.Peek(body)
	if !ok || !record.Decode(body, &out.Contact) || !record.DecodeHeld(body, &h) || out.Contact.Revision != e.revision {
		return 0, s.damaged(tableFeed, scope, e.revision, "the record of an event")
	}
	out.ID = out.Contact.ID
	out.Created = e.seq
	out.Blank = status == record.StatusPurged
	if e.purged != (out.Blank && revision == e.revision) {
		return 0, s.damaged(tableFeed, scope, e.revision, "the kind of an event")
	}
	out.Lines = h.Lines()
	return len(body), nil
}

// pastAt returns a superseded record, verified, nil where there is none. It
// belongs to the engine.
func (s *Store) pastAt(sn Snapshot, scope, seq, revision uint64) ([]byte, error) {
	key := appendPastKey(nil, scope, seq, revision)
	v, ok, err := sn.Get(key)
	if err != nil || !ok {
		return nil, err
	}
	body, ok := unseal(key, v)
	if !ok {
		return nil, s.damaged(tablePast, scope, seq, fmt.Sprintf("checksum of the record at revision %d", revision))
	}
	return body, nil
}
