package contacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts/phone"
)

// Delete makes a contact inactive: it keeps its data and can be brought back,
// and its numbers are free from now on. Deleting an inactive contact changes
// nothing.
func (b *Book) Delete(ctx context.Context, id string) (Contact, error) {
	return b.change(ctx, id, func(c *Contact, now time.Time) {
		if c.Status == Active {
			c.Status = Inactive
			c.DeletedAt = now
		}
	})
}

// Undelete makes an inactive contact active again, with all of its numbers or,
// where another contact has taken one, not at all: *DuplicateNumberError names
// the new holder. On an active contact it changes nothing.
func (b *Book) Undelete(ctx context.Context, id string) (Contact, error) {
	return b.change(ctx, id, func(c *Contact, _ time.Time) {
		if c.Status == Inactive {
			c.Status = Active
			c.DeletedAt = zeroTime
		}
	})
}

// change applies fn to a contact without judging it by the rules, again when
// somebody else was faster.
func (b *Book) change(ctx context.Context, id string, fn func(c *Contact, now time.Time)) (Contact, error) {
	if err := b.onlyOnce("Delete and Undelete"); err != nil {
		return Contact{}, err
	}
	now := b.now()
	for {
		old, err := b.Get(ctx, id)
		if err != nil {
			return Contact{}, err
		}
		if err := changeable(&old, 0, b.revision); err != nil {
			return Contact{}, err
		}
		c := old.Clone()
		fn(&c, now)
		c, err = b.replace(ctx, old, c, now)
		if err != nil && b.retry(ctx, err) {
			continue
		}
		return c, err
	}
}

// replace stores a finished contact in place of old, which it was made from.
func (b *Book) replace(ctx context.Context, old, c Contact, now time.Time) (Contact, error) {
	if c.Equal(old) {
		return old, nil
	}
	c.FullName = FullName(c.FirstName, c.LastName)
	b.touch(&c, now)
	a, err := b.apply(ctx, Batch{Writes: []Write{b.put(&c, old.Revision)}})
	if err != nil {
		return Contact{}, err
	}
	c.Revision = a.Revisions[0]
	return c, nil
}

// retry reports whether a write that lost a race is to be tried again.
func (b *Book) retry(ctx context.Context, err error) bool {
	return errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) && b.revision == 0 && ctx.Err() == nil
}

// Reassign moves a number to the contact toID, in one step: every other contact
// that claims it gives it up, which also resolves a duplicate. At the new
// contact it is what that has listed of it already, else the cell phone where
// that is empty, else one more of Phones. It returns the new holder. A number
// that nobody has is simply added, judged by the book's RequireValid. The
// rules on required fields are not applied to a contact that loses its number.
func (b *Book) Reassign(ctx context.Context, number, toID string) (Contact, error) {
	if err := b.onlyOnce("Reassign"); err != nil {
		return Contact{}, err
	}
	moved := Phone{Number: number}
	j := judge{rules: Rules{AnyNotation: true, RequireValid: b.rules.RequireValid}}
	moved = b.finishPhone(&j, "number", moved, nil)
	if j.fields == nil && moved.Number == "" {
		j.fail("number", ReasonMissing, "", "is missing")
	}
	if j.fields != nil {
		return Contact{}, &ValidationError{Fields: j.fields}
	}
	_, line, _ := b.line(moved)
	var before error
	for {
		c, err := b.reassign(ctx, moved, line, toID)
		if err != nil && lostRace(err, before, []phone.Line{line}) && ctx.Err() == nil {
			before = err
			continue
		}
		return c, err
	}
}

func (b *Book) reassign(ctx context.Context, moved Phone, line phone.Line, toID string) (Contact, error) {
	to, err := b.Get(ctx, toID)
	if err != nil {
		return Contact{}, err
	}
	if to.Status == Merged {
		return Contact{}, &MergedError{ID: toID, Into: to.MergedInto}
	}
	if to.Status != Active {
		return Contact{}, fmt.Errorf("%w: contact %s is not active", ErrInvalid, maskID(toID))
	}
	if _, err := b.bringOver(ctx, []phone.Line{line}, nil); err != nil {
		return Contact{}, err
	}
	var losers []Contact
	has := false
	for h, err := range b.hits(ctx, Query{Lines: []phone.Line{line}}) {
		switch {
		case err != nil:
			return Contact{}, err
		case h.Shared || !b.claims(&h.Contact, line): // the latter by a key of other rules
		case h.Contact.ID == toID:
			has, to = true, h.Contact // as it is now that it has the number
		default:
			c := h.Contact.Clone()
			if p, ok := b.takeNumber(&c, line); ok {
				moved = p
			}
			losers = append(losers, c)
		}
	}
	if has && len(losers) == 0 {
		return to, nil
	}
	now := b.nowAfter(append(losers, to))
	var batch Batch
	for i := range losers {
		b.touch(&losers[i], now)
		batch.Writes = append(batch.Writes, b.put(&losers[i], losers[i].Revision))
	}
	c := to.Clone()
	if !has {
		if err := b.giveNumber(&c, moved, line); err != nil {
			return Contact{}, err
		}
		b.touch(&c, now)
	}
	batch.Writes = append(batch.Writes, b.put(&c, to.Revision))
	a, err := b.apply(ctx, batch)
	if err != nil {
		return Contact{}, err
	}
	c.Revision = a.Revisions[len(a.Revisions)-1]
	return c, nil
}

// giveNumber adds a number to c, which does not claim it yet.
func (b *Book) giveNumber(c *Contact, moved Phone, line phone.Line) error {
	for i := range c.Phones {
		if _, l, ok := b.line(c.Phones[i]); ok && l == line {
			c.Phones[i].Shared = false // what it listed beside others is its own now
			return nil
		}
	}
	moved.Shared = false
	if c.CellPhone.Number == "" {
		moved.Label = ""
		if c.CellPhone.Extension != "" {
			moved.Extension = c.CellPhone.Extension
		}
		c.CellPhone = moved
		return nil
	}
	c.Phones = append(c.Phones, moved)
	j := judge{}
	j.count("phones", len(c.Phones))
	if j.fields != nil {
		return &ValidationError{Fields: j.fields}
	}
	return nil
}

// takeNumber removes a line from the numbers of c and returns the first entry
// that had it.
func (b *Book) takeNumber(c *Contact, line phone.Line) (Phone, bool) {
	var taken Phone
	found := false
	is := func(p Phone) bool {
		if _, l, ok := b.line(p); !ok || l != line {
			return false
		}
		if !found {
			taken, found = p, true
		}
		return true
	}
	if c.CellPhone.Number != "" && is(c.CellPhone) {
		c.CellPhone = Phone{}
	}
	var rest []Phone
	for _, p := range c.Phones {
		if !is(p) {
			rest = append(rest, p)
		}
	}
	c.Phones = rest
	return taken, found
}
