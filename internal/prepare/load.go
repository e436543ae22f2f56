package prepare

import (
	"fmt"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// A Loading makes the records of a load ready, one after the other.
type Loading struct {
	Head contacts.LoadHead
	Last uint64 // the scope's last revision, by Head and the records so far

	body []byte // scratch
}

// NewLoading begins a load with a head that Head has judged.
func NewLoading(head contacts.LoadHead) *Loading {
	return &Loading{Head: head, Last: max(head.First, head.Last)}
}

// Loaded is one contacts.LoadRecord, made ready: its Write is that of the
// present state, whose Body has what the contact gave up.
type Loaded struct {
	Write
	Seq     uint64  // its position in order of creation
	Past    []State // superseded ones, oldest first
	Present State
}

// State is one state of a contact that is loaded.
type State struct {
	Revision, BatchEnd uint64
	Body               []byte // the record, without its revision
	Lines              []phone.Line
	Since              []uint64 // the revision at which the contact began to hold each
	Ended              []Ending // what it gave up with this state
}

// Ending is a line that was given up, and the revision at which it had begun to
// be held.
type Ending struct {
	Line  phone.Line
	Since uint64
}

// Record makes one record ready. It is valid until the next call.
func (l *Loading) Record(r *contacts.LoadRecord) (*Loaded, error) {
	seq, err := l.numbers(r)
	if err != nil {
		return nil, err
	}
	to := &Loaded{Seq: seq, Write: Write{Kind: contacts.Put, ID: r.Contact.ID, Contact: &r.Contact, Keep: r.KeepDuplicates}}
	w := &to.Write
	if r.Purged {
		w.Kind = contacts.Purge
		w.Status = record.StatusPurged
	}
	if l.body, err = w.Encode(l.body[:0], &r.Keys); err != nil {
		return nil, err
	}
	if !r.Purged && !record.DecodeHeld(l.body, &w.Held) {
		return nil, fmt.Errorf("the keys cannot be stored: %w", contacts.ErrInvalid)
	}
	w.Body = l.body
	if err := l.past(r, to); err != nil {
		return nil, err
	}
	rev := r.Contact.Revision
	to.Present = State{Revision: rev, BatchEnd: rev, Lines: w.Held.Lines()}
	if !r.Purged {
		to.Present.follow(to.Past)
		w.Body = to.Present.withEnded(w.Body)
	}
	to.Present.Body = w.Body
	return to, nil
}

// numbers checks the numbers of a record and returns its position.
func (l *Loading) numbers(r *contacts.LoadRecord) (seq uint64, err error) {
	rev := r.Contact.Revision
	if rev == 0 || l.Head.Last != 0 && rev > l.Head.Last {
		return 0, fmt.Errorf("revision %d is not between 1 and the last one, %d: %w", rev, l.Head.Last, contacts.ErrInvalid)
	}
	l.Last = max(l.Last, rev)
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
	return seq, nil
}

// past makes the superseded states of a contact ready.
func (l *Loading) past(r *contacts.LoadRecord, to *Loaded) error {
	for i := range r.Past {
		e := &r.Past[i]
		st := State{Revision: e.Revision, BatchEnd: max(e.Revision, e.BatchEnd)}
		if l.Head.Last == 0 {
			l.Last = max(l.Last, st.BatchEnd) // the batch's other events may not be loaded
		} else {
			st.BatchEnd = min(st.BatchEnd, l.Head.Last)
		}
		var err error
		if r.Purged || e.Blank {
			st.Body = record.AppendBlank(nil, &contacts.Contact{ID: r.Contact.ID})
		} else {
			st.Lines = WithoutRepeats(e.Lines, nil)
			c := e.Contact
			c.ID = r.Contact.ID
			w := Write{Kind: contacts.Put, ID: c.ID, Contact: &c}
			if st.Body, err = w.Encode(nil, &contacts.Keys{Claims: st.Lines}); err != nil {
				return fmt.Errorf("its past at revision %d: %w", e.Revision, err)
			}
		}
		st.follow(to.Past)
		st.Body = st.withEnded(st.Body)
		to.Past = append(to.Past, st)
	}
	return nil
}

// follow compares the lines of a state with those of the one before it.
func (st *State) follow(past []State) {
	var before State
	if n := len(past); n > 0 {
		before = past[n-1]
	}
	for _, line := range st.Lines {
		since := st.Revision
		if i := slices.Index(before.Lines, line); i >= 0 {
			since = before.Since[i]
		}
		st.Since = append(st.Since, since)
	}
	for i, line := range before.Lines {
		if !slices.Contains(st.Lines, line) {
			st.Ended = append(st.Ended, Ending{line, before.Since[i]})
		}
	}
}

// withEnded returns a body with what the state gave up.
func (st *State) withEnded(body []byte) []byte {
	if len(st.Ended) == 0 {
		return body
	}
	lines := make([]phone.Line, len(st.Ended))
	for i, e := range st.Ended {
		lines[i] = e.Line
	}
	return record.WithEnded(nil, body, lines)
}
