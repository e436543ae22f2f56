package kvstore

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
