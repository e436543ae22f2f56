package kvstore

import "bytes"

// feedEntry is what the feed has of an event.
type feedEntry struct {
	revision uint64
	seq      uint64 // of its contact
	end      uint64 // revision of the last event of its batch
	purged   bool

	// implied says that the event has no entry in tableFeed. An event
	// that created a contact, and was a batch of its own, is there with
	// the contact's record, whose position is the revision of the event:
	// so the most frequent kind of write changes a table less.
	implied bool
}

// The flags that a value of tableFeed begins with. For an event that is
// implied there is no value.
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

// parseFeed reads an entry of tableFeed.
func parseFeed(key, value []byte) (feedEntry, bool) {
	revision, ok := takeLastOrd(key)
	if !ok {
		return feedEntry{}, false
	}
	return parseFeedValue(revision, value)
}

// feedReader reads the events between two revisions, in either direction: what
// tableFeed has, and what the positions of records imply.
type feedReader struct {
	s       *Store
	sn      Snapshot
	scope   uint64
	reverse bool
	stored  feedPart // tableFeed
	implied feedPart // tableRecord
}

// feedPart is one of the tables that a feedReader reads, some entries at a
// time.
type feedPart struct {
	table         byte
	after, before uint64 // what is still to be read; before 0: no bound
	room          int
	list          []feedEntry
	i             int
	over          bool
}

// feed reads the events after one revision and before another, where 0 is no
// bound.
func (s *Store) feed(sn Snapshot, scope, after, before uint64, reverse bool, room int) *feedReader {
	room = min(max(room, 2), 256)
	return &feedReader{
		s: s, sn: sn, scope: scope, reverse: reverse,
		stored:  feedPart{table: tableFeed, after: after, before: before, room: room},
		implied: feedPart{table: tableRecord, after: after, before: before, room: room},
	}
}

// next returns the next event. One that is implied may turn out not to be
// there: see event.
func (r *feedReader) next() (e feedEntry, ok bool, err error) {
	if err := r.fill(&r.stored); err != nil {
		return e, false, err
	}
	if err := r.fill(&r.implied); err != nil {
		return e, false, err
	}
	a, b := r.stored.head(), r.implied.head()
	switch {
	case a == nil && b == nil:
		return e, false, nil
	case b == nil || a != nil && a.revision == b.revision || a != nil && (a.revision < b.revision) != r.reverse:
		r.stored.i++
		if b != nil && a.revision == b.revision {
			r.implied.i++
		}
		return *a, true, nil
	}
	r.implied.i++
	return *b, true, nil
}

func (p *feedPart) head() *feedEntry {
	if p.i == len(p.list) {
		return nil
	}
	return &p.list[p.i]
}

// fill reads on in a table when all that was read is used up.
func (r *feedReader) fill(p *feedPart) error {
	if p.i < len(p.list) || p.over {
		return nil
	}
	p.i, p.list = 0, p.list[:0]
	prefix := appendTable(nil, p.table, r.scope)
	to := prefixEnd(nil, prefix)
	if p.before != 0 {
		to = appendOrd(bytes.Clone(prefix), p.before)
	}
	from := append(appendOrd(bytes.Clone(prefix), p.after), 0) // behind after itself
	if p.after == 0 {
		from = prefix
	}
	sound := true
	err := r.sn.Scan(from, to, r.reverse, func(key, value []byte) bool {
		var e feedEntry
		if p.table == tableFeed {
			e, sound = parseFeed(key[len(prefix):], value)
		} else {
			e.revision, sound = takeLastOrd(key[len(prefix):])
			e.seq, e.end, e.implied = e.revision, e.revision, true
		}
		p.list = append(p.list, e)
		return sound && len(p.list) < p.room
	})
	if err == nil && !sound {
		err = r.s.damaged(p.table, r.scope, p.after, "an entry that cannot be read")
	}
	if err != nil {
		return err
	}
	p.over = len(p.list) < p.room
	if !p.over {
		if last := p.list[len(p.list)-1].revision; r.reverse {
			p.before = last
		} else {
			p.after = last
		}
	}
	return nil
}
