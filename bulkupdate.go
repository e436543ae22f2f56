package contacts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/callerbook/contacts/phone"
)

// UpdateEach updates each contact that can be updated and returns what became
// of each, in input order, as if each had come in an Update of its own, one
// after the other: a number that one row gives up may be claimed by a later
// one, and an id may stand in the list twice. Rows with Revision 0 mean
// whatever is there; one that has to be tried again, since somebody else was
// faster, may come after later rows. Where nothing changes, nothing is written.
//
// List may be of any length. It is written in large commits, but rows of one
// contact in one commit each. A Refusal names an earlier item of the call by its
// index or, where that is in a commit before, by its contact. The error is set
// when the call as a whole could not go on; the rows that were not done have
// it too. The call may be repeated then.
func (b *Book) UpdateEach(ctx context.Context, list []Contact) ([]Result, error) {
	if err := b.onlyOnce("UpdateEach"); err != nil {
		return nil, err
	}
	given := func(i int) []phone.Line { return b.linesGiven(&list[i]) }
	return b.changeEach(ctx, list, given, b.touch, func(i int, old Contact, missing error) (Contact, error) {
		revision := list[i].Revision
		if missing != nil {
			return Contact{}, &RevisionError{[]RevisionConflict{{Index: i, ID: list[i].ID, Read: max(1, revision)}}}
		}
		if err := changeable(&old, i, revision); err != nil {
			return Contact{}, err
		}
		return b.updated(list[i], &old, i)
	})
}

// updated returns a contact as it is stored in place of old.
func (b *Book) updated(c Contact, old *Contact, index int) (Contact, error) {
	known := numberSet{}
	known.add(old)
	c, bad := b.finish(c, old, known, index)
	if bad != nil {
		return Contact{}, &ValidationError{Fields: bad}
	}
	return c, nil
}

// EditEach has fn change each contact, and returns what became of each, in
// input order, as if each were an Edit of its own, one after the other: an id
// may stand in the list twice. Fn is handed the index in ids; it may be called
// more than once for one, and not in order, but for rows of one contact the call
// that counts comes with what the row before left. It must come to the same for
// the same contact; its error refuses that row. Result.Err is ErrNotFound for an
// id that nobody has, and *MergedError for a contact that was merged; of a row
// that was refused Result.Contact has only the ID. Length, commits, Refusals and
// the error are as for UpdateEach.
func (b *Book) EditEach(ctx context.Context, ids []string, fn func(i int, c *Contact) error) ([]Result, error) {
	if err := b.onlyOnce("EditEach"); err != nil {
		return nil, err
	}
	edit := func(i int, old Contact) (Contact, error) {
		c := old.Clone()
		err := fn(i, &c)
		return c, err
	}
	given := func(i int) []phone.Line {
		old, err := b.Get(ctx, ids[i])
		if err != nil {
			return nil
		}
		c, err := edit(i, old)
		if err != nil {
			return nil
		}
		return b.linesGiven(&c)
	}
	return b.changeEach(ctx, onlyIDs(ids), given, b.touch, func(i int, old Contact, missing error) (Contact, error) {
		if missing != nil {
			return Contact{}, missing
		}
		if err := changeable(&old, i, 0); err != nil {
			return Contact{}, err
		}
		c, err := edit(i, old)
		if err != nil {
			return Contact{}, err
		}
		return b.updated(c, &old, i)
	})
}

func onlyIDs(ids []string) []Contact {
	list := make([]Contact, len(ids))
	for i, id := range ids {
		list[i].ID = id
	}
	return list
}

// DeleteEach makes each contact inactive, as Delete does, and returns what
// became of each, in input order. Result.Err is ErrNotFound for an id that
// nobody has, and *MergedError for a contact that was merged; of those
// Result.Contact has only the ID. An id may stand in the list twice: deleting an
// inactive contact changes nothing. Length, commits and the error are as for
// UpdateEach.
func (b *Book) DeleteEach(ctx context.Context, ids []string) ([]Result, error) {
	if err := b.onlyOnce("DeleteEach"); err != nil {
		return nil, err
	}
	now := b.now()
	return b.changeEach(ctx, onlyIDs(ids), nil, b.touch, func(i int, old Contact, missing error) (Contact, error) {
		if missing != nil {
			return Contact{}, missing
		}
		if err := changeable(&old, i, b.revision); err != nil {
			return Contact{}, err
		}
		if old.Status == Active {
			old.Status, old.DeletedAt = Inactive, now
		}
		return old, nil
	})
}

// changeable reports why a contact does not change: it was merged, or is at
// another revision than that asked for, if one was.
func changeable(old *Contact, index int, revision uint64) error {
	switch {
	case old.Status == Merged:
		return &MergedError{Index: index, ID: old.ID, Into: old.MergedInto}
	case revision != 0 && revision != old.Revision:
		return &RevisionError{[]RevisionConflict{{Index: index, ID: old.ID, Read: revision, Present: old.Revision}}}
	}
	return nil
}

// changeEach stores what change makes of each contact. Change is called with the
// contact as it is, or with the error that says that there is none, and again
// where somebody was faster. Given, when not nil, returns the lines of the numbers
// that a row gives and the book did not write. Touch notes who writes, and when,
// where it is another contact then.
func (b *Book) changeEach(ctx context.Context, list []Contact, given func(i int) []phone.Line, touch func(c *Contact, now time.Time),
	change func(i int, old Contact, missing error) (Contact, error)) ([]Result, error) {
	results := make([]Result, len(list))
	left, err := b.changeRows(ctx, list, given, touch, change, func(i int, r Result) { results[i] = r })
	for _, i := range left {
		results[i] = Result{list[i], err}
	}
	return results, err
}

// changeRows is changeEach, but that it tells end what became of a row, and
// returns which rows were not done.
func (b *Book) changeRows(ctx context.Context, list []Contact, given func(i int) []phone.Line, touch func(c *Contact, now time.Time),
	change func(i int, old Contact, missing error) (Contact, error), end func(i int, r Result)) ([]int, error) {
	var held map[string][]phone.Line // of the contacts in the pass, before and after
	var again map[string]bool        // contacts of it that are to be tried again
	plan := func(p *pass, todo []int) (int, error) {
		held, again = make(map[string][]phone.Line), make(map[string]bool)
		now := b.now()
		for n, i := range todo {
			if p.full() {
				return n, nil
			}
			id := list[i].ID
			if lines, taken := held[id]; taken || p.waiting.has(nil, id) {
				// Numbers that it gives as the book wrote them are the
				// contact's by then, so they are in lines or waiting.
				if given != nil {
					lines = append(given(i), lines...)
				}
				p.later(i, lines, id)
				continue
			}
			old, err := b.Get(ctx, id)
			if err != nil && !errors.Is(err, ErrNotFound) {
				return n, err
			}
			c, err := change(i, old, err)
			switch {
			case err != nil:
				end(i, Result{list[i], err})
				continue
			case c.Equal(old):
				end(i, Result{Contact: old})
				continue
			}
			touch(&c, now)
			w := b.put(&c, old.Revision)
			lines := append(b.linesOf(&old), w.Keys.Claims...)
			if p.waiting.has(lines) {
				p.later(i, lines, id)
				continue
			}
			held[id] = lines
			p.replace(i, w, &old)
		}
		return len(todo), nil
	}
	settle := func(i int, r Result) bool {
		if r.Err != nil {
			if errors.Is(r.Err, ErrConflict) || heldBy(r.Err, again) { // the next read tells
				again[list[i].ID] = true
				return false
			}
			r.Contact = list[i]
		}
		end(i, r)
		return true
	}
	return b.inPasses(ctx, len(list), plan, settle)
}

// heldBy reports whether a number was refused because one of these contacts has
// it.
func heldBy(err error, ids map[string]bool) bool {
	var dup *DuplicateNumberError
	return errors.As(err, &dup) && slices.ContainsFunc(dup.Refusals, func(r Refusal) bool { return ids[r.HolderID] })
}

// linesOf returns the lines of all numbers of a contact that the book wrote.
func (b *Book) linesOf(c *Contact) []phone.Line {
	var lines []phone.Line
	for i := range len(c.Phones) + 1 {
		p := &c.CellPhone
		if i > 0 {
			p = &c.Phones[i-1]
		}
		if _, line, ok := b.line(*p); ok {
			lines = append(lines, line)
		}
	}
	return lines
}

// linesGiven returns the lines of the numbers in c that the book did not write.
func (b *Book) linesGiven(c *Contact) []phone.Line {
	read := Contact{CellPhone: b.finishPhone(&judge{rules: b.rules}, "cellPhone", c.CellPhone, nil)}
	for _, p := range c.Phones {
		read.Phones = append(read.Phones, b.finishPhone(&judge{rules: b.rules}, "phone", p, nil))
	}
	return b.linesOf(&read)
}
