package kvstore

import (
	"bytes"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
)

// byCreation lists contacts in the order of their records.
func (f *finder) byCreation() error {
	prefix := appendTable(nil, tableRecord, f.info.id)
	from, to := f.resume(prefix)
	var fail error
	err := f.sn.Scan(from, to, f.q.Reverse, func(key, value []byte) bool {
		if f.exhausted() {
			return false
		}
		f.work++
		f.moveTo(key[len(prefix):])
		seq, ok := takeLastOrd(key[len(prefix):])
		body, sound := unseal(key, value)
		if !ok || !sound {
			fail = f.s.damaged(tableRecord, f.info.id, seq, "checksum of the record")
			return false
		}
		goOn := false
		goOn, fail = f.offer(seq, body, nil)
		return goOn && fail == nil
	})
	if err == nil {
		err = fail
	}
	return err
}

// resume returns the range of a listing whose entries begin with prefix and
// go on with the position: what comes behind the cursor.
func (f *finder) resume(prefix []byte) (from, to []byte) {
	from, to = prefix, prefixEnd(nil, prefix)
	if len(f.at) == 0 {
		return from, to
	}
	here := append(bytes.Clone(prefix), f.at...)
	if f.q.Reverse {
		return from, here
	}
	return append(here, 0), to
}

// byChange lists contacts in the order of the events that they are at. A
// position is a revision.
func (f *finder) byChange() error {
	var after, before uint64
	if len(f.at) > 0 {
		here, ok := takeLastOrd(f.at)
		if !ok {
			return f.s.cursorError()
		}
		if f.q.Reverse {
			before = here
		} else {
			after = here
		}
	}
	feed := f.s.feed(f.sn, f.info.id, after, before, f.q.Reverse, f.limit+1)
	for !f.exhausted() {
		e, ok, err := feed.next()
		if err != nil || !ok {
			return err
		}
		f.work++
		f.moved = true
		f.at = appendOrd(f.at[:0], e.revision)
		body, err := f.record(e.seq)
		if err != nil {
			return err
		}
		if revision, _, _ := record.Peek(body); revision != e.revision {
			continue // the contact has moved on
		}
		if goOn, err := f.offer(e.seq, body, nil); err != nil || !goOn {
			return err
		}
	}
	return nil
}

// byName lists contacts by sort key. The index keeps each status apart, so
// that none has to be passed over; several are merged.
func (f *finder) byName() error {
	var streams []*nameStream
	for status := record.StatusActive; status <= record.StatusMerged; status++ {
		if f.want[status] {
			streams = append(streams, f.nameStream(status))
		}
	}
	for {
		var first *nameStream
		for _, st := range streams {
			if err := st.fill(); err != nil {
				return err
			}
			if st.done() {
				continue
			}
			if first == nil {
				first = st
			} else if c := bytes.Compare(st.head(), first.head()); c < 0 && !f.q.Reverse || c > 0 && f.q.Reverse {
				first = st
			}
		}
		if first == nil {
			return nil
		}
		if f.skip > 0 {
			f.skip--
			f.moveTo(first.head())
			first.next()
			continue
		}
		goOn, err := f.name(first)
		if err != nil || !goOn {
			return err
		}
		first.next()
	}
}

// name adds the contact at the head of a stream to the page.
func (f *finder) name(st *nameStream) (bool, error) {
	end := bytes.IndexByte(st.head(), 0)
	if end < 0 {
		return false, f.s.damaged(tableName, f.info.id, 0, "a key that cannot be read")
	}
	seq, ok := takeLastOrd(st.head()[end+1:])
	if !ok {
		return false, f.s.damaged(tableName, f.info.id, 0, "a key that cannot be read")
	}
	if len(f.page.Hits) == f.limit {
		f.more, f.at = true, append(f.at[:0], f.hit...)
		return false, nil
	}
	f.moveTo(st.head())
	body, err := f.record(seq)
	if err != nil {
		return false, err
	}
	if _, status, _ := record.Peek(body); status != st.status || !bytes.Equal(sortOf(body), st.head()[:end]) {
		return false, f.astray(tableName, seq)
	}
	return f.offer(seq, body, nil)
}

// sortOf returns the sort key of a record.
func sortOf(body []byte) []byte {
	f := record.FieldsOf(body)
	for f.Next() && f.Num <= record.FieldSort {
		if f.Num == record.FieldSort {
			return f.Bytes()
		}
	}
	return nil
}

// nameStream reads the index by name of one status, a chunk at a time. Its
// positions are what in a key follows the status.
type nameStream struct {
	f        *finder
	status   byte
	prefix   []byte
	from, to []byte
	room     int
	buf      []byte
	ends     []int // of the entries in buf
	i        int
	over     bool // there is nothing behind buf
}

func (f *finder) nameStream(status byte) *nameStream {
	st := &nameStream{f: f, status: status, room: f.limit + 1 + min(f.skip, 512)}
	st.prefix = append(appendTable(nil, tableName, f.info.id), status)
	st.from, st.to = st.prefix, prefixEnd(nil, st.prefix)
	if from := f.q.From; from != "" {
		from = from[:min(len(from), contacts.MaxKeyLen+1)] // no sort key is longer
		here := append(bytes.Clone(st.prefix), from...)
		if !f.q.Reverse {
			st.from = here
		} else if end := prefixEnd(nil, here); bytes.HasPrefix(end, st.prefix) {
			st.to = end
		}
	}
	if len(f.at) > 0 {
		here := append(bytes.Clone(st.prefix), f.at...)
		if f.q.Reverse {
			st.to = here
		} else {
			st.from = append(here, 0)
		}
	}
	return st
}

// fill reads on when all that was read is used up.
func (st *nameStream) fill() error {
	if st.i < len(st.ends) || st.over {
		return nil
	}
	reverse := st.f.q.Reverse
	if len(st.ends) > 0 {
		st.i--
		last := append(bytes.Clone(st.prefix), st.head()...)
		if reverse {
			st.to = last
		} else {
			st.from = append(last, 0)
		}
	}
	st.i, st.buf, st.ends = 0, st.buf[:0], st.ends[:0]
	err := st.f.sn.Scan(st.from, st.to, reverse, func(key, _ []byte) bool {
		st.buf = append(st.buf, key[len(st.prefix):]...)
		st.ends = append(st.ends, len(st.buf))
		return len(st.ends) < st.room
	})
	st.over = len(st.ends) < st.room
	return err
}

// done reports whether the stream has ended; fill was called before.
func (st *nameStream) done() bool { return st.i >= len(st.ends) }

func (st *nameStream) head() []byte {
	start := 0
	if st.i > 0 {
		start = st.ends[st.i-1]
	}
	return st.buf[start:st.ends[st.i]]
}

func (st *nameStream) next() { st.i++ }
