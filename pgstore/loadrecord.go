package pgstore

import (
	"encoding/binary"
	"strconv"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// The piles of a load have the rows of the tables, in the order of their keys.
const (
	pileContacts = iota
	pileClaims
	pileShared
	pileWords
	pileFeed
	pileHistory
	pileTurns
	pileCount
)

// pileMemory is what each takes, in bytes: more where there are more rows in no
// order.
var pileMemory = [pileCount]int{
	pileContacts: 2 << 20, pileClaims: 2 << 20, pileShared: 1 << 20, pileWords: 5 << 20,
	pileFeed: 1 << 20, pileHistory: 1 << 20, pileTurns: 2 << 20,
}

// record takes in one record.
func (l *loader) record(r *contacts.LoadRecord) error {
	w, err := l.loading.Record(r)
	if err != nil {
		return err
	}
	l.number(w.Seq)
	for i := range w.Past {
		st := &w.Past[i]
		l.event(st, w.Seq, false)
		if st.Revision > l.loading.Head.First { // else it is as if trimmed
			l.superseded(st, w.Seq)
		}
	}
	l.event(&w.Present, w.Seq, r.Purged)
	l.contact(w)
	l.contacts[w.Status]++
	for i, line := range w.Held.Claims {
		l.key = appendLineKey(l.key[:0], line, w.Seq)
		nth := uint64(i) << 1
		if w.Keep {
			nth |= 1
		}
		l.row = binary.AppendUvarint(binary.AppendUvarint(l.row[:0], uint64(l.count)), nth)
		l.add(pileClaims)
	}
	l.row = l.row[:0]
	for _, line := range w.Held.Shared {
		l.key = appendLineKey(l.key[:0], line, w.Seq)
		l.add(pileShared)
	}
	for _, word := range w.Held.Words {
		text := record.WordText(word)
		for _, c := range string(text) {
			l.letters[c] = struct{}{}
		}
		l.key = appendTextKey(l.key[:0], text, w.Seq)
		l.row = append(l.row[:0], word[0])
		l.add(pileWords)
	}
	return l.err
}

// add adds key and row to a pile, or sets err.
func (l *loader) add(pile int) {
	if l.err == nil {
		l.err = l.piles[pile].Add(l.key, l.row)
	}
}

// number notes a position, or a revision that is none.
func (l *loader) number(n uint64) {
	if l.err == nil {
		l.err = l.numbers.Add(n)
	}
}

// event takes in an event, and which lines its contact began or ceased to hold.
// Those that the feed does not begin with are as if trimmed.
func (l *loader) event(st *prepare.State, seq uint64, purged bool) {
	if st.Revision != seq {
		l.number(st.Revision)
	}
	if st.Revision <= l.loading.Head.First {
		return
	}
	if l.first == 0 || st.Revision < l.first {
		l.first = st.Revision
	}
	l.key = binary.BigEndian.AppendUint64(l.key[:0], st.Revision)
	l.row = binary.AppendUvarint(binary.AppendUvarint(l.row[:0], seq), st.BatchEnd-st.Revision)
	if purged {
		l.row = append(l.row, 1)
	}
	l.add(pileFeed)
	turn := func(line phone.Line) {
		l.key = appendLineKey(l.key[:0], line, st.Revision)
		l.row = binary.AppendUvarint(l.row[:0], seq)
		l.add(pileTurns)
	}
	for i, line := range st.Lines {
		if st.Since[i] == st.Revision {
			turn(line)
		}
	}
	for _, e := range st.Ended {
		turn(e.Line)
	}
}

// superseded takes in a row of history.
func (l *loader) superseded(st *prepare.State, seq uint64) {
	l.key = appendNumbers(l.key[:0], seq, st.Revision)
	l.row = record.AppendRevision(l.row[:0], st.Revision)
	l.row = append(l.row, st.Body...)
	l.add(pileHistory)
}

// contact takes in a row of contacts: what of it comes after the scope.
func (l *loader) contact(w *prepare.Loaded) {
	l.key = binary.BigEndian.AppendUint64(l.key[:0], w.Seq)
	c := columnsOf(w.Contact, w.Status)
	t := &l.row
	*t = (*t)[:0]
	t.bigint(int64(w.Seq))
	t.bigint(int64(w.Present.Revision))
	t.text(w.ID)
	t.text(c.status)
	t.bytes(w.Held.Sort)
	t.textOrNull(c.firstName)
	t.textOrNull(c.lastName)
	t.textOrNull(c.organization)
	t.textOrNull(c.cellPhone)
	t.textOrNull(c.emails)
	t.timeOrNull(c.createdAt)
	t.textOrNull(c.createdBy)
	t.timeOrNull(c.updatedAt)
	t.textOrNull(c.updatedBy)
	at := len(*t)
	t.size(0)
	*t = append(record.AppendRevision(*t, w.Present.Revision), w.Body...)
	binary.BigEndian.PutUint32((*t)[at:], uint32(len(*t)-at-4))
	l.add(pileContacts)
}

// appendNumbers appends a key of two numbers.
func appendNumbers(b []byte, n, m uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, n), m)
}

// appendLineKey appends a key that sorts by the text of a line.
func appendLineKey(b []byte, line phone.Line, n uint64) []byte {
	b = append(strconv.AppendUint(b, uint64(line), 10), 0)
	return binary.BigEndian.AppendUint64(b, n)
}

// appendTextKey appends a key that sorts by a text without NUL.
func appendTextKey(b, text []byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(append(b, text...), 0), n)
}

// cutKey splits what the two before made.
func cutKey(key []byte) (text []byte, n uint64) {
	at := len(key) - 8
	return key[:at-1], binary.BigEndian.Uint64(key[at:])
}
