package kvstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/callerbook/contacts"
)

// Events implements contacts.Store.
func (s *Store) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	limit = pageLimit(limit)
	var out []contacts.Event
	err := s.view(ctx, func(sn Snapshot) error {
		info, err := s.find(sn, scope)
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
		list := make([]feedEntry, 0, min(uint64(limit), st.last-after))
		if err := s.feed(sn, info.id, after+1, func(e feedEntry) bool {
			list = append(list, e)
			return len(list) < limit
		}); err != nil {
			return err
		}
		out = make([]contacts.Event, len(list))
		for i, e := range list {
			if err := s.event(sn, info.id, e, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// feed calls fn for the entries of the feed from a revision on, until it
// returns false.
func (s *Store) feed(sn Snapshot, scope, from uint64, fn func(feedEntry) bool) error {
	prefix := appendTable(nil, tableFeed, scope)
	ok := true
	err := sn.Scan(appendOrd(prefix, from), prefixEnd(nil, prefix), false, func(key, value []byte) bool {
		var e feedEntry
		if e, ok = parseFeed(key[len(prefix):], value); !ok {
			return false
		}
		return fn(e)
	})
	if err == nil && !ok {
		err = s.damaged(tableFeed, scope, from, "an event that cannot be read")
	}
	return err
}

// parseFeed reads an entry of the feed.
func parseFeed(key, value []byte) (feedEntry, bool) {
	revision, ok := takeLastOrd(key)
	if !ok {
		return feedEntry{}, false
	}
	return parseFeedValue(revision, value)
}

// event reads the record that an event points at: the contact's present one,
// or one of its past.
func (s *Store) event(sn Snapshot, scope uint64, e feedEntry, out *contacts.Event) error {
	body, _, err := s.recordAt(sn, scope, e.seq)
	if err != nil {
		return err
	}
	revision, _, _ := peek(body)
	if revision != e.revision {
		if body, err = s.pastAt(sn, scope, e.seq, e.revision); err != nil {
			return err
		}
	}
	*out = contacts.Event{Revision: e.revision, BatchEnd: e.end, Purged: e.purged}
	var h held
	_, status, ok := peek(body)
	if !ok || !decodeContact(body, &out.Contact) || !decodeHeld(body, &h) || out.Contact.Revision != e.revision {
		return s.damaged(tableFeed, scope, e.revision, "the record of an event")
	}
	out.ID = out.Contact.ID
	out.Blank = status == statusPurged
	if e.purged != (out.Blank && revision == e.revision) {
		return s.damaged(tableFeed, scope, e.revision, "the kind of an event")
	}
	out.Lines = h.lines()
	return nil
}

// pastAt returns a superseded record, verified. It belongs to the engine.
func (s *Store) pastAt(sn Snapshot, scope, seq, revision uint64) ([]byte, error) {
	key := appendPastKey(nil, scope, seq, revision)
	v, ok, err := sn.Get(key)
	if err != nil {
		return nil, err
	}
	if ok {
		if body, sound := unseal(key, v); sound {
			return body, nil
		}
	}
	return nil, s.damaged(tablePast, scope, seq, fmt.Sprintf("the record at revision %d", revision))
}

// History implements contacts.Store. Events that Trim dropped are left out, also
// where something of them is still there.
func (s *Store) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	if (q.ID == "") == (q.Line == 0) {
		return nil, fmt.Errorf("%s: history of an id or of a line: %w", s.name, contacts.ErrInvalid)
	}
	var out []contacts.Event
	err := s.view(ctx, func(sn Snapshot) error {
		info, err := s.find(sn, scope)
		if err != nil || info == nil {
			return err
		}
		var st state
		if ok, err := s.readState(sn, info.id, &st); err != nil || !ok {
			return err
		}
		h := history{s: s, sn: sn, info: info, after: max(q.After, st.first), before: q.Before}
		if h.before == 0 {
			h.before = math.MaxUint64
		}
		if q.ID != "" {
			err = h.ofContact(q.ID)
		} else {
			err = h.ofLine(q)
		}
		if err != nil {
			return err
		}
		out, err = h.page(q.Reverse, pageLimit(q.Limit))
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// history collects events between two revisions.
type history struct {
	s             *Store
	sn            Snapshot
	info          *scopeInfo
	after, before uint64
	found         []eventRef
}

type eventRef struct{ revision, seq uint64 }

func (h *history) add(revision, seq uint64) {
	if h.after < revision && revision < h.before {
		h.found = append(h.found, eventRef{revision, seq})
	}
}

// ofContact collects the events of a contact.
func (h *history) ofContact(id string) error {
	seq, body, err := h.s.recordOf(h.sn, h.info.id, id)
	if err != nil || body == nil {
		return err
	}
	revision, _, _ := peek(body)
	prefix := appendOrd(appendTable(nil, tablePast, h.info.id), seq)
	ok := true
	err = h.sn.Scan(appendOrd(bytes.Clone(prefix), h.after), prefixEnd(nil, prefix), false, func(key, _ []byte) bool {
		var past uint64
		past, ok = takeLastOrd(key[len(prefix):])
		h.add(past, seq)
		return ok && past < h.before
	})
	if err == nil && !ok {
		err = h.s.damaged(tablePast, h.info.id, seq, "a key that cannot be read")
	}
	h.add(revision, seq)
	return err
}

// ofLine collects the events at which contacts began or ceased to hold a line:
// those of its holders, and those of the holdings that have ended.
func (h *history) ofLine(q contacts.HistoryQuery) error {
	bad := false
	for _, kind := range [2]byte{kindClaim, kindShared} {
		from := appendOrd(appendHoldersKey(nil, h.info.domain, q.Line, kind), h.info.id)
		err := h.sn.Scan(from, prefixEnd(nil, from), false, func(key, value []byte) bool {
			seq, ok := takeLastOrd(key[len(from):])
			since, ok2 := sinceOf(value, seq)
			bad = !ok || !ok2
			h.add(since, seq)
			return !bad
		})
		if err != nil {
			return err
		}
		if bad {
			return h.s.damaged(tableLine, h.info.id, 0, "a line that cannot be read")
		}
	}
	from := appendUint64(appendTable(nil, tableEnded, h.info.id), uint64(q.Line))
	err := h.sn.Scan(from, prefixEnd(nil, from), false, func(key, value []byte) bool {
		e, seq, ok := parseEnded(key[len(from):], value)
		bad = !ok
		h.add(e.since, seq)
		if !e.silently {
			h.add(e.end, seq)
		}
		return !bad
	})
	if err == nil && bad {
		err = h.s.damaged(tableEnded, h.info.id, 0, "an entry that cannot be read")
	}
	return err
}

// ending is what tableEnded has of a line that a contact gave up.
type ending struct {
	since, end uint64
	silently   bool // by a Reindex: there is no event at end
}

// parseEnded reads an entry of tableEnded behind its line.
func parseEnded(key, value []byte) (e ending, seq uint64, ok bool) {
	var ok2, ok3 bool
	e.end, key, ok = takeOrd(key)
	if ok {
		seq, ok2 = takeLastOrd(key)
	}
	e.since, value, ok3 = takeOrd(value)
	e.silently = len(value) == 1 && value[0] == endedSilently
	return e, seq, ok && ok2 && ok3 && (len(value) == 0 || e.silently)
}

// page reads the events of what was found.
func (h *history) page(reverse bool, limit int) ([]contacts.Event, error) {
	slices.SortFunc(h.found, func(a, b eventRef) int { return cmp.Compare(a.revision, b.revision) })
	h.found = slices.Compact(h.found)
	if reverse {
		slices.Reverse(h.found)
	}
	var out []contacts.Event
	for _, ref := range h.found[:min(limit, len(h.found))] {
		key := appendFeedKey(nil, h.info.id, ref.revision)
		v, ok, err := h.sn.Get(key)
		if err != nil {
			return nil, err
		}
		e, sound := parseFeedValue(ref.revision, v)
		if !ok || !sound || e.seq != ref.seq {
			return nil, h.s.damaged(tableFeed, h.info.id, ref.revision, "an event of the history")
		}
		var event contacts.Event
		if err := h.s.event(h.sn, h.info.id, e, &event); err != nil {
			return nil, err
		}
		out = append(out, event)
	}
	return out, nil
}

// feedEntry is what tableFeed has of an event.
type feedEntry struct {
	revision uint64
	seq      uint64 // of its contact
	end      uint64 // revision of the last event of its batch
	purged   bool
}

// The flags that a value of tableFeed begins with, unless it is empty: then
// the event created the contact and was a batch of its own.
const (
	feedPurged  = 1 << iota
	feedHasSeq  // the seq follows, else it is the revision
	feedHasMore // so many more events of the batch follow, else none
)

func appendFeedValue(b []byte, e feedEntry) []byte {
	var flags byte
	if e.purged {
		flags |= feedPurged
	}
	if e.seq != e.revision {
		flags |= feedHasSeq
	}
	if e.end > e.revision {
		flags |= feedHasMore
	}
	if flags == 0 {
		return b
	}
	b = append(b, flags)
	if flags&feedHasSeq != 0 {
		b = appendOrd(b, e.seq)
	}
	if flags&feedHasMore != 0 {
		b = appendOrd(b, e.end-e.revision)
	}
	return b
}

func parseFeedValue(revision uint64, b []byte) (e feedEntry, ok bool) {
	e = feedEntry{revision: revision, seq: revision, end: revision}
	if len(b) == 0 {
		return e, true
	}
	flags, b := b[0], b[1:]
	e.purged = flags&feedPurged != 0
	ok = true
	if flags&feedHasSeq != 0 {
		e.seq, b, ok = takeOrd(b)
	}
	if ok && flags&feedHasMore != 0 {
		var more uint64
		more, b, ok = takeOrd(b)
		e.end += more
	}
	return e, ok && len(b) == 0
}
