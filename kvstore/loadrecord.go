package kvstore

import (
	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
)

// record takes in one record: what is stored under its position at once, the
// entries of indexes for later.
func (l *loader) record(r *contacts.LoadRecord) error {
	w, err := l.loading.Record(r)
	if err != nil {
		return err
	}
	l.number(w.Seq)
	for i := range w.Past {
		l.past(&w.Past[i], w.Seq)
	}
	l.ended(&w.Present, w.Seq)
	l.key = appendRecordKey(l.key[:0], l.mark.id, w.Seq)
	l.insert(l.key, l.seal(l.key, w.Present.Revision, w.Body))
	l.st.contacts[w.Status]++
	l.event(&w.Present, w.Seq, r.Purged)
	l.key = appendIDKey(l.key[:0], l.mark.id, w.ID)
	l.value = appendOrd(l.value[:0], w.Seq)
	l.insert(l.key, l.value)
	if !r.Purged {
		l.index(w)
	}
	return l.err
}

// number notes a position, or a revision that is none.
func (l *loader) number(n uint64) {
	if l.err == nil {
		l.err = l.numbers.Add(n)
	}
}

// past stores a superseded state of a contact.
func (l *loader) past(st *prepare.State, seq uint64) {
	l.ended(st, seq)
	l.key = appendPastKey(l.key[:0], l.mark.id, seq, st.Revision)
	l.insert(l.key, l.seal(l.key, st.Revision, st.Body))
	l.event(st, seq, false)
}

// ended stores what was given up with a state.
func (l *loader) ended(st *prepare.State, seq uint64) {
	for _, e := range st.Ended {
		l.key = appendEndedKey(l.key[:0], l.mark.id, e.Line, st.Revision, seq)
		l.value = appendOrd(l.value[:0], e.Since)
		l.insert(l.key, l.value)
	}
}

// index keeps what the indexes will have of a contact.
func (l *loader) index(w *prepare.Loaded) {
	id, seq := l.mark.id, w.Seq
	for i, line := range w.Present.Lines {
		c := loadLine{LoadedClaim: prepare.LoadedClaim{Line: line, Index: l.count, Nth: i, Keep: w.Keep},
			kind: kindClaim, seq: seq, since: w.Present.Since[i]}
		if i >= len(w.Held.Claims) {
			c.kind = kindShared
		}
		l.key, l.value = c.appendKey(l.key[:0], id), c.appendValue(l.value[:0])
		l.add(tableLine, l.key, l.value)
		l.key = appendDigitsKey(l.key[:0], id, line, seq)
		l.insert(l.key, nil)
	}
	sign := signatureOf(w.Status, w.Held.Words)
	for _, word := range w.Held.Words {
		l.key = appendWordKey(l.key[:0], id, record.WordText(word), seq)
		l.value = appendWordValue(l.value[:0], word, sign)
		l.insert(l.key, l.value)
	}
	l.key = appendNameKey(l.key[:0], id, w.Status, w.Held.Sort, seq)
	l.insert(l.key, nil)
}

func (l *loader) event(st *prepare.State, seq uint64, purged bool) {
	l.value = appendFeedValue(l.value[:0], feedEntry{revision: st.Revision, seq: seq, purged: purged, end: st.BatchEnd})
	if len(l.value) > 0 {
		l.key = appendFeedKey(l.key[:0], l.mark.id, st.Revision)
		l.insert(l.key, l.value)
	}
	if st.Revision != seq {
		l.number(st.Revision)
	}
}

// insert adds an entry to those to be written.
func (l *loader) insert(key, value []byte) {
	l.add(key[0], key[l.prefix:], value)
	l.st.tally(key[0]).add(entryCRC(key, value))
}

// add adds an entry to the pile, or sets err.
func (l *loader) add(table byte, key, value []byte) {
	if l.err == nil {
		l.err = l.pile.add(table, key, value)
	}
}

// seal returns the value of a record. It is valid until the next call.
func (l *loader) seal(key []byte, revision uint64, body []byte) []byte {
	v := record.AppendRevision(append(l.value[:0], 0, 0, 0, 0), revision)
	l.value = append(v, body...)
	return seal(key, l.value)
}
