package kvstore

import (
	"bytes"
	"iter"
	"slices"

	"github.com/callerbook/contacts/internal/extsort"
	"github.com/callerbook/contacts/internal/record"
)

// trace is what is known of one contact: of the state that was found, and of
// Base.
type trace struct {
	scope, seq uint64
	records    []stored
	past       []stored
	events     []happened
	ids        []told
	names      []told
	buf        []byte
}

// stored is a record, present or superseded.
type stored struct {
	revision uint64
	evidence Evidence
	value    []byte // sealed
}

func (r *stored) body() []byte { return r.value[crcLen:] }

// blank reports whether it is what a purge left.
func (r *stored) blank() bool {
	_, status, _ := record.Peek(r.body())
	return status == record.StatusPurged
}

// happened is an event of the feed.
type happened struct {
	revision, end uint64
	purged        bool
	evidence      Evidence
}

// told is what an index says.
type told struct {
	evidence Evidence
	value    []byte
}

// traces yields what was found, contact by contact, in order of scope and
// creation. A trace is valid until the next one.
func traces(sorted iter.Seq2[extsort.Entry, error]) iter.Seq2[*trace, error] {
	return func(yield func(*trace, error) bool) {
		t := &trace{}
		for e, err := range sorted {
			if err != nil {
				yield(nil, err)
				return
			}
			id, rest, _ := takeUint64(e.Key)
			seq, rest, _ := takeUint64(rest)
			if t.scope != id || t.seq != seq {
				if t.seq != 0 && !yield(t, nil) {
					return
				}
				*t = trace{scope: id, seq: seq, records: t.records[:0], past: t.past[:0], events: t.events[:0],
					ids: t.ids[:0], names: t.names[:0], buf: t.buf[:0]}
			}
			revision, tail, _ := takeUint64(rest[1:])
			t.add(rest[0], revision, Evidence(tail[0]), e.Value)
		}
		if t.seq != 0 {
			yield(t, nil)
		}
	}
}

// add takes in an entry, unless there is the same one already, for which there
// is better evidence.
func (t *trace) add(kind byte, revision uint64, e Evidence, value []byte) {
	start := len(t.buf)
	keep := func() []byte {
		t.buf = append(t.buf, value...)
		return t.buf[start:len(t.buf):len(t.buf)]
	}
	switch kind {
	case traceRecord, tracePast:
		list := &t.records
		if kind == tracePast {
			list = &t.past
		}
		variants := 0
		for i := len(*list) - 1; i >= 0 && (*list)[i].revision == revision; i-- {
			o := (*list)[i]
			if variants++; e == Perhaps && (variants == maxVariants || bytes.Equal(o.value, value)) {
				return
			}
		}
		*list = append(*list, stored{revision, e, keep()})
	case traceEvent:
		h := happened{revision: revision, purged: value[0] == 1, evidence: e}
		h.end, _, _ = takeUint64(value[1:])
		same := func(o happened) bool { return o.revision == revision && (o.evidence == e || e == Perhaps) }
		if n := len(t.events); n == 0 || !same(t.events[n-1]) {
			t.events = append(t.events, h)
		}
	case traceID, traceName:
		list := &t.ids
		if kind == traceName {
			list = &t.names
		}
		same := func(o told) bool { return (o.evidence == e || e == Perhaps) && bytes.Equal(o.value, value) }
		if len(*list) < maxVariants && !slices.ContainsFunc(*list, same) {
			*list = append(*list, told{e, keep()})
		}
	}
}

// believe leaves out what a scope that was found up to a revision cannot have,
// and what is of Base, or of what was found, where that does not count.
func (t *trace) believe(u *unit) {
	counts := func(revision uint64, e Evidence) bool {
		if e == Base {
			return u.base
		}
		return u.found && revision <= u.limit
	}
	t.records = slices.DeleteFunc(t.records, func(r stored) bool { return !counts(r.revision, r.evidence) })
	t.past = slices.DeleteFunc(t.past, func(r stored) bool { return !counts(r.revision, r.evidence) })
	t.events = slices.DeleteFunc(t.events, func(h happened) bool { return !counts(h.revision, h.evidence) })
	t.ids = slices.DeleteFunc(t.ids, func(o told) bool { return !counts(0, o.evidence) })
	t.names = slices.DeleteFunc(t.names, func(o told) bool { return !counts(0, o.evidence) })
}

// latest returns the latest record of what was found, one that is Present before
// one that is not; without others only such.
func (t *trace) latest(others bool) *stored {
	var best *stored
	for i := range t.records {
		r := &t.records[i]
		if r.evidence == Base || r.evidence == Perhaps && !others {
			continue
		}
		if best == nil || r.revision > best.revision || r.revision == best.revision && r.evidence < best.evidence {
			best = r
		}
	}
	return best
}

// ofBase returns the record of Base.
func (t *trace) ofBase() *stored {
	for i := range t.records {
		if t.records[i].evidence == Base {
			return &t.records[i]
		}
	}
	return nil
}

// states returns the superseded states, oldest first, each once: the one that a
// purge left before others, and then the one with the best evidence. With
// others, those that are Perhaps count too.
func (t *trace) states(others bool) []stored {
	var list []stored
	for _, r := range t.past {
		if r.evidence == Perhaps && !others {
			continue
		}
		if n := len(list); n > 0 && list[n-1].revision == r.revision {
			if r.blank() && !list[n-1].blank() {
				list[n-1] = r
			}
			continue
		}
		list = append(list, r)
	}
	return list
}

// event returns the event of a revision.
func (t *trace) event(revision uint64) *happened {
	for i := range t.events {
		if t.events[i].revision == revision {
			return &t.events[i]
		}
	}
	return nil
}
