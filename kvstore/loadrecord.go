package kvstore

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// version is one state of a contact that is loaded.
type version struct {
	revision, end uint64
	lines         []phone.Line
}

// record takes in one record: what is stored under its position at once, the
// entries of indexes for later.
func (l *loader) record(r *contacts.LoadRecord) error {
	seq, err := l.checkRecord(r)
	if err != nil {
		return err
	}
	id := r.Contact.ID
	w := prepare.Write{Kind: contacts.Put, ID: id, Contact: &r.Contact, Keep: r.KeepDuplicates}
	if r.Purged {
		w.Kind = contacts.Purge
		w.Status = record.StatusPurged
	}
	if l.body, err = w.Encode(l.body[:0], &r.Keys); err != nil {
		return err
	}
	if !r.Purged && !record.DecodeHeld(l.body, &w.Held) {
		return fmt.Errorf("the keys cannot be stored: %w", contacts.ErrInvalid)
	}
	w.Body = l.body

	present := version{revision: r.Contact.Revision, end: r.Contact.Revision, lines: w.Held.Lines()}
	since, ended, err := l.past(r, seq, present)
	if err != nil {
		return err
	}
	if len(ended) > 0 {
		w.Body = record.WithEnded(nil, w.Body, ended)
	}
	l.key = appendRecordKey(l.key[:0], l.mark.id, seq)
	l.insert(l.key, l.seal(l.key, present.revision, w.Body))
	l.st.contacts[w.Status]++
	l.event(present, seq, r.Purged)
	l.key = appendIDKey(l.key[:0], l.mark.id, id)
	l.value = appendOrd(l.value[:0], seq)
	l.insert(l.key, l.value)
	if !r.Purged {
		l.index(&w, seq, since)
	}
	return l.err
}

// checkRecord checks the numbers of a record and returns its position.
func (l *loader) checkRecord(r *contacts.LoadRecord) (seq uint64, err error) {
	rev := r.Contact.Revision
	if rev == 0 || l.head.Last != 0 && rev > l.head.Last {
		return 0, fmt.Errorf("revision %d is not between 1 and the last one, %d: %w", rev, l.head.Last, contacts.ErrInvalid)
	}
	l.st.last = max(l.st.last, rev)
	seq = r.Created
	if seq == 0 {
		seq = rev
	}
	first := rev
	for i := len(r.Past) - 1; i >= 0; i-- {
		p := r.Past[i].Revision
		if p == 0 || p >= first {
			return 0, fmt.Errorf("the revisions of its past do not ascend: %w", contacts.ErrInvalid)
		}
		first = p
	}
	if seq > first {
		return 0, fmt.Errorf("it was created after its first revision: %w", contacts.ErrInvalid)
	}
	if l.err == nil {
		l.err = l.numbers.add(seq)
	}
	return seq, l.err
}

// past stores the superseded states of a contact. It returns since when the
// contact holds each of its present lines, and the lines that it gave up at
// its present revision.
func (l *loader) past(r *contacts.LoadRecord, seq uint64, present version) (since []uint64, ended []phone.Line, err error) {
	var lines []phone.Line // held after the version before
	var begun []uint64     // since when
	// step goes on to a version and returns what it gave up.
	step := func(v version) (gone []phone.Line) {
		var next []uint64
		for _, line := range v.lines {
			if i := slices.Index(lines, line); i >= 0 {
				next = append(next, begun[i])
			} else {
				next = append(next, v.revision)
			}
		}
		for i, line := range lines {
			if slices.Contains(v.lines, line) {
				continue
			}
			gone = append(gone, line)
			l.key = appendEndedKey(l.key[:0], l.mark.id, line, v.revision, seq)
			l.value = appendOrd(l.value[:0], begun[i])
			l.insert(l.key, l.value)
		}
		lines, begun = v.lines, next
		return gone
	}
	for i := range r.Past {
		e := &r.Past[i]
		v := version{revision: e.Revision, end: max(e.Revision, e.BatchEnd)}
		if l.head.Last == 0 {
			l.st.last = max(l.st.last, v.end) // the batch's other events may not be loaded
		} else {
			v.end = min(v.end, l.head.Last)
		}
		var body []byte
		if r.Purged || e.Blank {
			body = record.AppendBlank(nil, &contacts.Contact{ID: r.Contact.ID})
		} else {
			v.lines = prepare.WithoutRepeats(e.Lines, nil)
			c := e.Contact
			c.ID = r.Contact.ID
			w := prepare.Write{Kind: contacts.Put, ID: c.ID, Contact: &c}
			if body, err = w.Encode(nil, &contacts.Keys{Claims: v.lines}); err != nil {
				return nil, nil, fmt.Errorf("its past at revision %d: %w", e.Revision, err)
			}
		}
		body = record.WithEnded(nil, body, step(v))
		l.key = appendPastKey(l.key[:0], l.mark.id, seq, v.revision)
		l.insert(l.key, l.seal(l.key, v.revision, body))
		l.event(v, seq, false)
	}
	if r.Purged {
		return nil, nil, nil
	}
	ended = step(present)
	return begun, ended, nil
}

// index keeps what the indexes will have of a contact.
func (l *loader) index(w *prepare.Write, seq uint64, since []uint64) {
	id := l.mark.id
	for i, line := range w.Held.Lines() {
		c := loadLine{line: line, kind: kindClaim, seq: seq, since: since[i], index: l.count, nth: i, keep: w.Keep}
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

func (l *loader) event(v version, seq uint64, purged bool) {
	l.value = appendFeedValue(l.value[:0], feedEntry{revision: v.revision, seq: seq, purged: purged, end: v.end})
	if len(l.value) > 0 {
		l.key = appendFeedKey(l.key[:0], l.mark.id, v.revision)
		l.insert(l.key, l.value)
	}
	if v.revision != seq && l.err == nil {
		l.err = l.numbers.add(v.revision)
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
