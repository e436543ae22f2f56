package kvstore

import (
	"cmp"
	"slices"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/prepare"
	"github.com/callerbook/contacts/internal/record"
	"github.com/callerbook/contacts/phone"
)

// lineState has the claimers of a line, in all scopes of its domain, as they
// are after the batches judged so far; and what the batch that is being
// judged would do to it.
type lineState struct {
	holders []holder // ascending by scope and seq: there may be very many

	serial uint64   // the marks below are of that batch
	by     int      // the first write that would claim it, -1
	freed  []uint64 // seqs of the contacts that would give it up
}

// holder is a contact that claims a line.
type holder struct {
	scope, seq uint64
	w          *prepare.Write // what the group has of it, nil for a contact as stored
}

// find returns where the holder of that scope and seq stands, or would.
func (ls *lineState) find(scope, seq uint64) (int, bool) {
	return slices.BinarySearchFunc(ls.holders, holder{scope: scope, seq: seq}, func(a, b holder) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.seq, b.seq))
	})
}

// of returns the holders in a scope.
func (ls *lineState) of(scope uint64) []holder {
	from, _ := ls.find(scope, 0)
	to, _ := ls.find(scope+1, 0)
	return ls.holders[from:to]
}

// line returns the state of a line in the domain of a scope.
func (g *group) line(info *scopeInfo, line phone.Line) (*lineState, error) {
	ref := lineRef{info.domain, line}
	ls := g.lines[ref]
	if ls == nil {
		ls = &lineState{}
		bad := false
		from := appendHoldersKey(g.key[:0], info.domain, line, kindClaim)
		to := append(g.value[:0], from...)
		to[len(to)-1]++
		err := g.sn.Scan(from, to, false, func(key, _ []byte) bool {
			scope, rest, ok := takeOrd(key[len(from):])
			seq, ok2 := takeLastOrd(rest)
			bad = !ok || !ok2
			ls.holders = append(ls.holders, holder{scope: scope, seq: seq})
			return !bad
		})
		g.key, g.value = from, to
		if err == nil && bad {
			err = g.s.damaged(tableLine, info.domain, 0, "a key that cannot be read")
		}
		if err != nil {
			return nil, err
		}
		g.lines[ref] = ls
	}
	if ls.serial != g.serial {
		ls.serial, ls.by, ls.freed = g.serial, -1, ls.freed[:0]
	}
	return ls, nil
}

// releases reports whether the write of a plan ends claims of its contact: those
// that are not among its own.
func (pl *plan) releases() bool { return pl.alive && pl.action != actSkip && pl.action != actNoop }

// markFreed marks the lines that w gives up.
func (g *group) markFreed(d *draft, w *prepare.Write, pl *plan) error {
	if !pl.releases() {
		return nil
	}
	for _, l := range pl.old.Claims {
		if slices.Contains(w.Held.Claims, l) {
			continue
		}
		ls, err := g.line(d.next.info, l)
		if err != nil {
			return err
		}
		ls.freed = append(ls.freed, pl.seq)
	}
	return nil
}

// markClaims marks the lines that w claims anew.
func (g *group) markClaims(d *draft, i int, w *prepare.Write, pl *plan) error {
	if pl.action == actSkip || pl.action == actNoop {
		return nil
	}
	for _, l := range w.Held.Claims {
		if slices.Contains(pl.old.Claims, l) {
			continue
		}
		ls, err := g.line(d.next.info, l)
		if err != nil {
			return err
		}
		if ls.by < 0 {
			ls.by = i
		}
	}
	return nil
}

// judgeLines returns the lines that other contacts claim of those that w
// claims. What its contact claims already is exempt.
func (g *group) judgeLines(d *draft, i int, w *prepare.Write, pl *plan) ([]contacts.Refusal, error) {
	if pl.action == actSkip || pl.action == actNoop {
		return nil, nil
	}
	var out []contacts.Refusal
	for _, l := range w.Held.Claims {
		if slices.Contains(pl.old.Claims, l) {
			continue
		}
		r, taken, err := g.taken(d, i, l, pl)
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
func (g *group) taken(d *draft, i int, line phone.Line, pl *plan) (contacts.Refusal, bool, error) {
	r := contacts.Refusal{Index: i, Line: line, Earlier: -1}
	ls, err := g.line(d.next.info, line)
	if err != nil {
		return r, false, err
	}
	own := ls.of(d.next.info.id)
	for k := range own {
		if h := &own[k]; !(pl.alive && h.seq == pl.seq) && !slices.Contains(ls.freed, h.seq) {
			r.HolderID, r.HolderName, err = g.holderName(d, h)
			return r, true, err
		}
	}
	if ls.by >= 0 && ls.by != i {
		r.Earlier = ls.by
		return r, true, nil
	}
	return r, len(ls.holders) > len(own), nil
}

// holderName returns id and name of a contact of the scope.
func (g *group) holderName(d *draft, h *holder) (id, name string, err error) {
	w := h.w
	if u := d.updated[h.seq]; u != nil {
		w = u
	}
	if w != nil && w.Kind == contacts.Put {
		return w.ID, contacts.FullName(w.Contact.FirstName, w.Contact.LastName), nil
	}
	body, _, err := g.s.recordAt(g.sn, d.next.info.id, h.seq, &g.recordKey)
	if err != nil {
		return "", "", err
	}
	id, name, ok := record.DecodeName(body)
	if !ok {
		err = g.s.damaged(tableRecord, d.next.info.id, h.seq, "a record that cannot be read")
	}
	return id, name, err
}
