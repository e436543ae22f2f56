package linear

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
	"github.com/callerbook/contacts"
)

// state is the whole of a book: who is in it, and how many changes there were.
// A change to a contact is one revision; revisions count through without a
// gap, so the answers that carry them fix the order of all changes.
//
// A state is never changed: steps make new ones.
type state struct {
	last    uint64   // revision of the last change
	records []record // in order of creation, without purged ones
}

// record is one contact.
type record struct {
	id       string
	name     string
	numbers  string // a byte each, see e164: the cell phone, or "-" for none, and then further phones
	status   contacts.Status
	revision uint64
}

// e164 writes one of the numbers that clients fight for: "a", "b", "c".
func e164(n byte) string { return fmt.Sprintf("+9198765432%02d", n-'a') }

// call is one call of the book.
type call struct {
	name string // as the Book's method
	want []want // what create, upsert, update and swap are to store
	id   string // whom the others are about
	at   uint64 // Book.At; 0 means any revision
	n    byte   // the number of lookup and reassign
}

// want is a contact as a client gives it.
type want struct {
	id      string // not of a new contact
	at      uint64 // the revision that the client read; 0 means any
	name    string
	numbers string
}

// answer is what a call was told. Calls with an answer that the model gives
// too, at some moment, are what a history is made of.
type answer struct {
	found     []record   // the contacts that came back, as they were then
	refused   []holding  // *DuplicateNumberError, or *AmbiguousError of upsert
	conflicts []conflict // *RevisionError, or ErrNotFound of the one contact meant
	count     contacts.Counts
	other     string // an outcome without details: a word, or an unexpected error
}

// holding says that a contact has a number.
type holding struct {
	index  int // of the item in the call that was refused
	number byte
	holder string
}

// conflict says that a contact is not at the revision that was asked for.
type conflict struct {
	id      string
	present uint64 // 0: there is none
}

// gaveUp is the answer to a call whose context was cancelled before the store
// took it. It says that nothing was done.
const gaveUp = "gave up"

var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(s, in, out any) (bool, any) {
		got := out.(answer)
		if got.other == gaveUp {
			return true, s
		}
		expected, next := s.(state).do(in.(call), got.newID())
		return expected.allows(in.(call), got, s.(state)), next
	},
	Equal: func(a, b any) bool {
		s, t := a.(state), b.(state)
		return s.last == t.last && slices.Equal(s.records, t.records)
	},
}

// newID returns the id that a contact gets if the call makes one. It is the one
// thing that the model does not know by itself.
func (a answer) newID() string {
	if len(a.found) == 1 {
		return a.found[0].id
	}
	return ""
}

// allows reports whether a call in state s may be told got, where the model
// says a. They are the same but for conflicts: an UpdateAll reads its contacts
// one after the other, so what it says of the first ones may be outdated (a
// conflict does not go away, but the revision moves on), and it need not name
// those that come later. With conflicts the store may name numbers too.
func (a answer) allows(c call, got answer, s state) bool {
	if a.conflicts == nil || got.conflicts == nil {
		return slices.Equal(a.found, got.found) && slices.Equal(a.refused, got.refused) &&
			slices.Equal(a.conflicts, got.conflicts) && a.count == got.count && a.other == got.other
	}
	if !slices.ContainsFunc(got.conflicts, func(c conflict) bool { return slices.Contains(a.conflicts, c) }) {
		return false
	}
	for _, g := range got.conflicts {
		passing := c.at == 0 && len(c.want) > 1 && c.want[0].at == 0 // beside one that is gone it is named too
		if !passing && !slices.ContainsFunc(a.conflicts, func(c conflict) bool { return c.id == g.id }) {
			return false
		}
	}
	for _, r := range got.refused {
		if s.holder(r.number, "") != r.holder {
			return false
		}
	}
	return len(got.found) == 0 && got.other == ""
}

// do carries out a call. id is that of a contact which it creates.
func (s state) do(c call, id string) (answer, state) {
	switch c.name {
	case "Create":
		return s.create(c.want[0], id)
	case "Upsert":
		return s.upsert(c.want[0], id)
	case "Update", "UpdateAll":
		return s.update(c.want)
	case "Edit":
		return s.change(c, func(r *record) { r.name += "x" })
	case "Delete":
		return s.change(c, func(r *record) { r.status = contacts.Inactive })
	case "Undelete":
		return s.change(c, func(r *record) { r.status = contacts.Active })
	case "Purge":
		a, at := s.find(c)
		if at < 0 {
			return a, s
		}
		return answer{}, state{s.last + 1, slices.Delete(slices.Clone(s.records), at, at+1)}
	case "Reassign":
		return s.reassign(c)
	case "Get":
		a, _ := s.find(c)
		return a, s
	case "Lookup":
		if h := s.holder(c.n, ""); h != "" {
			return answer{found: []record{s.records[s.index(h)]}}, s
		}
		return answer{}, s
	case "List":
		return answer{found: s.records}, s
	case "Count":
		var a answer
		for _, r := range s.records {
			if r.status == contacts.Active {
				a.count.Active++
			} else {
				a.count.Inactive++
			}
		}
		return a, s
	}
	panic("no such call: " + c.name)
}

// index returns where the contact of that id is, or -1.
func (s state) index(id string) int {
	return slices.IndexFunc(s.records, func(r record) bool { return r.id == id })
}

// find returns the contact that a call is about, or a conflict and -1.
func (s state) find(c call) (answer, int) {
	at := s.index(c.id)
	if at < 0 {
		return answer{conflicts: []conflict{{c.id, 0}}}, -1
	}
	if r := s.records[at]; c.at != 0 && c.at != r.revision {
		return answer{conflicts: []conflict{{c.id, r.revision}}}, -1
	}
	return answer{found: []record{s.records[at]}}, at
}

// claims reports whether a contact has a number for itself: deleted ones have
// none.
func (r record) claims(n byte) bool {
	return r.status == contacts.Active && strings.IndexByte(r.numbers, n) >= 0
}

// holder returns the contact other than this one that claims a number.
func (s state) holder(n byte, but string) string {
	for _, r := range s.records {
		if r.id != but && r.claims(n) {
			return r.id
		}
	}
	return ""
}

// put stores contacts in place of those of the same id, or behind all, each with
// a revision of its own, or says who has their numbers: all of them are judged
// after all of them have given up what they had.
func (s state) put(list ...record) (answer, state) {
	next := state{s.last, slices.Clone(s.records)}
	var a answer
	for _, r := range list {
		at := next.index(r.id)
		if at < 0 {
			at, next.records = len(next.records), append(next.records, record{})
		}
		if r != next.records[at] {
			next.last++
			r.revision = next.last
			next.records[at] = r
		}
		a.found = append(a.found, r)
	}
	var refused []holding
	for i, r := range list {
		for _, n := range []byte(strings.TrimPrefix(r.numbers, "-")) {
			if !r.claims(n) {
				continue
			}
			if h := next.holder(n, r.id); h != "" {
				refused = append(refused, holding{i, n, h})
			}
		}
	}
	if refused != nil {
		return answer{refused: refused}, s
	}
	return a, next
}

func (s state) create(w want, id string) (answer, state) {
	return s.put(record{id: id, name: w.name, numbers: w.numbers, status: contacts.Active})
}

func (s state) update(list []want) (answer, state) {
	var records []record
	var conflicts []conflict
	for _, w := range list {
		a, at := s.find(call{id: w.id, at: w.at})
		if at < 0 {
			conflicts = append(conflicts, a.conflicts...)
			continue
		}
		r := s.records[at]
		r.name, r.numbers = w.name, w.numbers
		records = append(records, r)
	}
	if conflicts != nil {
		return answer{conflicts: conflicts}, s
	}
	return s.put(records...)
}

func (s state) change(c call, fn func(*record)) (answer, state) {
	a, at := s.find(c)
	if at < 0 {
		return a, s
	}
	r := s.records[at]
	fn(&r)
	return s.put(r)
}

// upsert creates a contact, or gives those of its numbers that nobody has to
// the one who has others of them.
func (s state) upsert(w want, id string) (answer, state) {
	var holders []holding
	for _, n := range []byte(strings.TrimPrefix(w.numbers, "-")) {
		h := s.holder(n, "")
		if h != "" && !slices.ContainsFunc(holders, func(o holding) bool { return o.holder == h }) {
			holders = append(holders, holding{0, n, h})
		}
	}
	switch len(holders) {
	case 0:
		return s.create(w, id)
	case 1:
		r := s.records[s.index(holders[0].holder)]
		r.add(w.numbers[0])
		for _, n := range w.numbers[1:] { // further phones stay such
			if !strings.ContainsRune(r.numbers, n) {
				r.numbers += string(n)
			}
		}
		return s.put(r)
	}
	return answer{refused: holders, other: "ambiguous"}, s
}

// reassign moves a number from whoever has it.
func (s state) reassign(c call) (answer, state) {
	a, at := s.find(c)
	if at < 0 {
		return a, s
	}
	to := s.records[at]
	if to.status != contacts.Active {
		return answer{other: "not active"}, s
	}
	to.add(c.n)
	var list []record
	if h := s.holder(c.n, to.id); h != "" {
		from := s.records[s.index(h)]
		from.drop(c.n)
		list = append(list, from)
	}
	a, next := s.put(append(list, to)...)
	a.found = a.found[len(a.found)-1:]
	return a, next
}

func (r *record) add(n byte) {
	switch {
	case strings.IndexByte(r.numbers, n) >= 0:
	case r.numbers[0] == '-':
		r.numbers = string(n) + r.numbers[1:]
	default:
		r.numbers += string(n)
	}
}

func (r *record) drop(n byte) {
	if r.numbers[0] == n {
		r.numbers = "-" + r.numbers[1:]
	}
	r.numbers = r.numbers[:1] + strings.ReplaceAll(r.numbers[1:], string(n), "")
}
