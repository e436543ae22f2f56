package life

import (
	"maps"
	"slices"

	"github.com/callerbook/contacts"
)

// This file draws the operations on contacts as wholes: merges, deletions, and
// numbers that move.

func (x *life) mergeSome(b *lifeBook) bool {
	var others []string
	for range 1 + x.r.IntN(2) {
		others = append(others, x.id(b, contacts.Active))
	}
	return x.mergeThese(b, x.id(b, contacts.Active), others)
}

func (x *life) mergeThese(b *lifeBook, keep string, others []string) bool {
	if len(others) > 1 && others[0] == others[1] && x.r.IntN(4) > 0 {
		others = others[:1]
	}
	ids, take := append([]string{keep}, others...), map[string]string{}
	for range x.r.IntN(4) {
		take[lifePick(x.r, append(mergeFields(), "cellPhone", "cellPhone"))] = lifePick(x.r, ids)
	}
	p, revision := x.pen(), x.at(b, keep)
	f := b.ledger.merge(keep, others, take, revision, p)
	if f.wrong == nil && f.changed == nil {
		revision = 0 // there is nothing to do
	}
	x.say(b, "Merge into %s: %v at %d, take %v", keep, others, revision, take)
	book, o := x.as(b, p, revision), &contacts.MergeOptions{Take: take}
	preview, previewErr := book.PreviewMerge(x.ctx, keep, others, o)
	got, err := book.Merge(x.ctx, keep, others, o)
	if err == nil && f.wrong == nil {
		likeBook(f.out[0], &got)
		if d := diffLife(&preview.Contact, f.out[0]); d != "" || previewErr != nil {
			x.fail("PreviewMerge, %v: differs from the model:%s", previewErr, d)
		}
		for _, id := range append(ids, keep) {
			c := b.people[id]
			if r, has := preview.Revisions[id]; has && r != c.Revision || has != (c.Status == contacts.Active) {
				x.fail("PreviewMerge: revisions %v, want that of %s %d", preview.Revisions, id, c.Revision)
			}
		}
	}
	was := maps.Clone(b.people)
	if x.settle(b, &f, err) {
		x.same(b, "Merge", got)
		if len(f.changed) > 0 && len(was[keep].MergedFrom) == 0 && x.r.IntN(4) == 0 {
			x.undo(b, f.changed, was)
		}
	}
	return true
}

// undo takes a merge back at once: everybody is as before.
func (x *life) undo(b *lifeBook, merged []*contacts.Contact, was map[string]*contacts.Contact) {
	keep, others := merged[len(merged)-1].ID, modelIDs(merged[:len(merged)-1])
	cell := merged[len(merged)-1].CellPhone.Number
	listed := cell != "" && slices.ContainsFunc(numbersOf(was[keep]), func(q contacts.Phone) bool { return b.line(q.Number) == b.line(cell) })
	gone := x.unmergeThese(b, keep, others, 0)
	for _, id := range append(others, keep) {
		c := copyLife(b.people[id])
		if id == keep && listed && cell != was[keep].CellPhone.Number {
			continue // what it had became its cell phone, and has lost its label and its spelling
		}
		likeBook(c, was[id])
		if !sameLife(c, was[id]) && (id == keep || len(gone) == 0) {
			x.fail("merged and unmerged, %s differs from before:%s", id, diffLife(c, was[id]))
		}
	}
}

func (x *life) unmergeSome(b *lifeBook) bool {
	var list []string
	for _, c := range b.all() {
		if len(c.MergedFrom) > 0 {
			list = append(list, c.ID)
		}
	}
	if len(list) == 0 {
		return false
	}
	id := lifePick(x.r, list)
	var others []string
	for range x.r.IntN(3) {
		from := b.people[id].MergedFrom
		if others = append(others, lifePick(x.r, from).ID); x.r.IntN(20) == 0 {
			others = append(others, x.id(b))
		}
	}
	if len(others) == 2 && others[0] == others[1] && x.r.IntN(4) > 0 {
		others = others[:1]
	}
	if x.r.IntN(20) == 0 {
		id = x.id(b)
	}
	x.unmergeThese(b, id, others, x.at(b, id))
	return true
}

// unmergeThese returns the numbers that did not come back.
func (x *life) unmergeThese(b *lifeBook, id string, others []string, revision uint64) map[lifeLost]bool {
	p := x.pen()
	x.say(b, "Unmerge %s: %v at %d", id, others, revision)
	f, gone := b.ledger.unmerge(id, others, revision, p)
	u, err := x.as(b, p, revision).Unmerge(x.ctx, id, others...)
	if err == nil && f.wrong == nil {
		got := append([]contacts.Contact{u.Survivor}, u.Contacts...)
		if !slices.Equal(contactIDs(got), modelIDs(f.out)) {
			x.fail("Unmerge: %v, want %v", contactIDs(got), modelIDs(f.out))
		}
		for i := range got {
			likeBook(f.out[i], &got[i])
		}
		have := map[lifeLost]bool{}
		for _, r := range u.Lost {
			g := b.refusal(r)
			have[lifeLost{g.index, g.line, g.holder}] = true
			if g.earlier != -1 {
				x.fail("Unmerge: lost %+v", r)
			}
		}
		if !maps.Equal(have, gone) {
			x.fail("Unmerge: lost %v, want %v", have, gone)
		}
	}
	if x.settle(b, &f, err) {
		x.same(b, "Unmerge", u.Survivor)
		for i := range u.Contacts {
			x.same(b, "Unmerge", u.Contacts[i])
		}
	}
	return gone
}

func (x *life) deleteOne(b *lifeBook) bool { return x.deleteThis(b, x.id(b, contacts.Active)) }

func (x *life) deleteThis(b *lifeBook, id string) bool {
	p, revision := x.pen(), x.at(b, id)
	x.say(b, "Delete %s at %d", id, revision)
	f := b.ledger.setStatus(id, contacts.Inactive, revision, p)
	got, err := x.as(b, p, revision).Delete(x.ctx, id)
	if x.settle(b, &f, err) {
		x.same(b, "Delete", got)
	}
	return true
}

func (x *life) undeleteOne(b *lifeBook) bool {
	id := x.id(b, contacts.Inactive)
	p, revision := x.pen(), x.at(b, id)
	x.say(b, "Undelete %s at %d", id, revision)
	f := b.ledger.setStatus(id, contacts.Active, revision, p)
	got, err := x.as(b, p, revision).Undelete(x.ctx, id)
	if x.settle(b, &f, err) {
		x.same(b, "Undelete", got)
	}
	return true
}

func (x *life) purgeOne(b *lifeBook) bool {
	if len(b.people) < 20 {
		return false
	}
	id := x.id(b)
	p, revision := x.pen(), x.at(b, id)
	x.say(b, "Purge %s at %d", id, revision)
	f := b.ledger.forget(id, revision, p)
	err := x.as(b, p, revision).Purge(x.ctx, id)
	x.settle(b, &f, err)
	return true
}

func (x *life) reassignOne(b *lifeBook) bool {
	return x.reassignThis(b, lifePick(x.r, lifeNumbers).number, x.id(b, contacts.Active))
}

func (x *life) reassignThis(b *lifeBook, number, id string) bool {
	p := x.pen()
	x.say(b, "Reassign %s to %s", number, id)
	f := b.ledger.reassign(number, id, p)
	got, err := x.as(b, p, 0).Reassign(x.ctx, number, id)
	if x.settle(b, &f, err) {
		x.same(b, "Reassign", got)
		if got.ID != id {
			x.fail("Reassign: contact %s, want %s", got.ID, id)
		}
	}
	return true
}

// resolveDuplicate does away with a number that several contacts claim.
func (x *life) resolveDuplicate(b *lifeBook) bool {
	all := b.ledger.duplicates()
	if len(all) == 0 {
		return false
	}
	line := lifePick(x.r, slices.Sorted(maps.Keys(all)))
	ids := all[line]
	switch x.r.IntN(3) {
	case 0:
		return x.mergeThese(b, ids[0], ids[1:])
	case 1:
		return x.reassignThis(b, line, lifePick(x.r, ids))
	}
	return x.deleteThis(b, lifePick(x.r, ids))
}
