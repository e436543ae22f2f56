package kvstore

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// History implements contacts.Store. Events that Trim dropped are left out, also
// where something of them is still there.
func (s *Store) History(ctx context.Context, scope contacts.Scope, q contacts.HistoryQuery) ([]contacts.Event, error) {
	if (q.ID == "") == (q.Line == 0) {
		return nil, fmt.Errorf("%s: history of an id or of a line: %w", s.name, contacts.ErrInvalid)
	}
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
		h := history{s: s, sn: sn, info: info, after: max(q.After, st.first), before: q.Before,
			reverse: q.Reverse, limit: prepare.Limit(q.Limit)}
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
		out, err = h.page()
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
	reverse       bool
	limit         int
	found         []eventRef
}

type eventRef struct{ revision, seq uint64 }

// add takes in an event, and forgets those that are beyond the page once
// there are many.
func (h *history) add(revision, seq uint64) {
	if h.after < revision && revision < h.before {
		h.found = append(h.found, eventRef{revision, seq})
		if len(h.found) >= 4*contacts.MaxLimit {
			h.cut()
		}
	}
}

// cut brings what was found into the order of the page, and leaves a page.
func (h *history) cut() {
	slices.SortFunc(h.found, func(a, b eventRef) int {
		if h.reverse {
			a, b = b, a
		}
		return cmp.Compare(a.revision, b.revision)
	})
	h.found = slices.Compact(h.found)
	h.found = h.found[:min(h.limit, len(h.found))]
}

// ofContact collects the events of a contact, from the end of its past where
// the page begins.
func (h *history) ofContact(id string) error {
	seq, body, err := h.s.recordOf(h.sn, h.info.id, id)
	if err != nil || body == nil {
		return err
	}
	revision, _, _ := record.Peek(body)
	prefix := appendOrd(appendTable(nil, tablePast, h.info.id), seq)
	ok := true
	from, to := appendOrd(bytes.Clone(prefix), h.after), appendOrd(bytes.Clone(prefix), h.before)
	err = h.sn.Scan(from, to, h.reverse, func(key, _ []byte) bool {
		var past uint64
		past, ok = takeLastOrd(key[len(prefix):])
		h.add(past, seq)
		return ok && len(h.found) < h.limit
	})
	if err == nil && !ok {
		err = h.s.damaged(tablePast, h.info.id, seq, "a key that cannot be read")
	}
	h.add(revision, seq)
	return err
}

// ofLine collects the events at which contacts began or ceased to hold a line:
// those of its holders, and those of the holdings that have ended. They are
// ordered by contact, not by time, so that all of them are looked at.
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
func (h *history) page() ([]contacts.Event, error) {
	h.cut()
	var out []contacts.Event
	size := 0
	for _, ref := range h.found {
		if size >= pageBytes {
			break
		}
		key := appendFeedKey(nil, h.info.id, ref.revision)
		v, ok, err := h.sn.Get(key)
		if err != nil {
			return nil, err
		}
		if !ok && ref.revision != ref.seq {
			return nil, h.s.damaged(tableFeed, h.info.id, ref.revision, "an event is missing")
		}
		e, sound := parseFeedValue(ref.revision, v)
		if !sound || e.seq != ref.seq {
			return nil, h.s.damaged(tableFeed, h.info.id, ref.revision, "an event of the history")
		}
		var event contacts.Event
		n, err := h.s.event(h.sn, h.info.id, e, &event)
		if err != nil {
			return nil, err
		}
		size += n
		out = append(out, event)
	}
	return out, nil
}
