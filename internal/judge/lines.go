package judge

import (
	"cmp"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/phone"
)

// A Line has the claimers of a line, in all scopes among which it is unique, as
// they are after the batches judged so far; and what the batch that is being
// judged would do to it.
type Line struct {
	Holders []Holder // ascending by scope and seq: there may be very many

	serial uint64   // the marks below are of that batch
	by     int      // the first write that would claim it, -1
	freed  []uint64 // seqs of the contacts that would give it up
}

// Holder is a contact that claims a line.
type Holder struct {
	Scope, Seq uint64
	Write      *prepare.Write // what the group has of it, nil for a contact as stored
}

// Find returns where the holder of that scope and seq stands, or would.
func (ls *Line) Find(scope, seq uint64) (int, bool) {
	return slices.BinarySearchFunc(ls.Holders, Holder{Scope: scope, Seq: seq}, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Seq, b.Seq))
	})
}

// Of returns the holders in a scope.
func (ls *Line) Of(scope uint64) []Holder {
	from, _ := ls.Find(scope, 0)
	to, _ := ls.Find(scope+1, 0)
	return ls.Holders[from:to]
}

// Add notes that a contact claims the line, and tells how many of its scope did
// before.
func (ls *Line) Add(h Holder) (before uint64) {
	before = uint64(len(ls.Of(h.Scope)))
	at, _ := ls.Find(h.Scope, h.Seq)
	ls.Holders = slices.Insert(ls.Holders, at, h)
	return before
}

// Drop notes that a contact claims the line no more, if it did, and tells how
// many of its scope did before.
func (ls *Line) Drop(scope, seq uint64) (before uint64, dropped bool) {
	before = uint64(len(ls.Of(scope)))
	at, ok := ls.Find(scope, seq)
	if ok {
		ls.Holders = slices.Delete(ls.Holders, at, at+1)
	}
	return before, ok
}

// line returns the state of a line, with no marks but those of this batch.
func (j *Judge) line(l phone.Line) (*Line, error) {
	ls, err := j.View.Line(l)
	if err == nil && ls.serial != j.Serial {
		ls.serial, ls.by, ls.freed = j.Serial, -1, ls.freed[:0]
	}
	return ls, err
}

// lines returns the lines that other contacts claim of those that w claims. What
// its contact claims already is exempt.
func (j *Judge) lines(i int, w *prepare.Write, pl *Plan) ([]contacts.Refusal, error) {
	if pl.passes() {
		return nil, nil
	}
	var out []contacts.Refusal
	for _, l := range w.Held.Claims {
		if slices.Contains(pl.Old.Claims, l) {
			continue
		}
		r, taken, err := j.taken(i, l, pl)
		if err != nil {
			return nil, err
		}
		if taken {
			out = append(out, r)
		}
	}
	return out, nil
}

// taken reports who stands in the way of write i claiming a line: a contact of
// the scope, the one created first; an earlier write of the batch; a contact
// of another stream.
func (j *Judge) taken(i int, line phone.Line, pl *Plan) (contacts.Refusal, bool, error) {
	r := contacts.Refusal{Index: i, Line: line, Earlier: -1}
	ls, err := j.line(line)
	if err != nil {
		return r, false, err
	}
	own := ls.Of(j.Scope)
	for k := range own {
		if h := &own[k]; !(pl.Alive && h.Seq == pl.Seq) && !slices.Contains(ls.freed, h.Seq) {
			r.HolderID, r.HolderName, err = j.name(h)
			return r, true, err
		}
	}
	if ls.by >= 0 && ls.by != i {
		r.Earlier = ls.by
		return r, true, nil
	}
	return r, len(ls.Holders) > len(own), nil
}

// name returns id and name of a contact of the scope.
func (j *Judge) name(h *Holder) (id, name string, err error) {
	w := h.Write
	if u := j.updated[h.Seq]; u != nil {
		w = u
	}
	if w != nil && w.Kind == contacts.Put {
		return w.ID, contacts.FullName(w.Contact.FirstName, w.Contact.LastName), nil
	}
	return j.View.Name(h.Seq)
}
