package contacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts/phone"
)

// Delete makes a contact inactive: it keeps its data and can be brought back,
// and its numbers are free from now on. Deleting an inactive contact changes nothing.
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
	now := b.now()
	for {
		old, err := b.Get(ctx, id)
		if err != nil {
			return Contact{}, err
		}
		if b.revision != 0 && b.revision != old.Revision {
			return Contact{}, &RevisionError{[]RevisionConflict{{ID: id, Read: b.revision, Present: old.Revision}}}
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

// Purge removes a contact for good: its data, its history and what it was
// found by. Its id is not used again, and events in the feed keep their
// position without its data. The bytes leave a file with the next Compact,
// and backups when they are deleted.
func (b *Book) Purge(ctx context.Context, id string) error {
	for {
		old, err := b.Get(ctx, id)
		if err != nil {
			return err
		}
		if b.revision != 0 && b.revision != old.Revision {
			return &RevisionError{[]RevisionConflict{{ID: id, Read: b.revision, Present: old.Revision}}}
		}
		c := Contact{ID: id, UpdatedAt: old.UpdatedAt}
		b.touch(&c, b.now())
		_, err = b.apply(ctx, Batch{Writes: []Write{{Kind: Purge, Contact: c, Revision: old.Revision}}})
		if err != nil && b.retry(ctx, err) {
			continue
		}
		return err
	}
}

// Reassign moves a number to the contact toID, in one step: whoever has it
// gives it up. At the new contact it is the cell phone where that is empty,
// else one more of Phones. It returns the new holder. A number that nobody
// has is simply added. The rules on required fields are not applied to the
// contact that loses its number.
func (b *Book) Reassign(ctx context.Context, number, toID string) (Contact, error) {
	r, err := b.parse(number)
	if err != nil {
		return Contact{}, err
	}
	for {
		c, err := b.reassign(ctx, r, toID)
		if err != nil && b.retry(ctx, err) {
			continue
		}
		return c, err
	}
}

// parse reads a number in any notation for a call that stores it.
func (b *Book) parse(number string) (phone.Reading, error) {
	site := b.opt.Site
	site.OutsideLine = ""
	r, err := phone.Parse(number, &site)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return r, nil
}

func (b *Book) reassign(ctx context.Context, r phone.Reading, toID string) (Contact, error) {
	to, err := b.Get(ctx, toID)
	if err != nil {
		return Contact{}, err
	}
	if to.Status != Active {
		return Contact{}, fmt.Errorf("%w: contact %s is not active: undelete it first", ErrInvalid, toID)
	}
	now := b.now()
	var batch Batch
	moved := Phone{Number: r.Number.String(), CountryCode: fmt.Sprintf("+%d", r.Number.CallingCode()), Unverified: !r.Valid}
	for h, err := range b.hits(ctx, Query{Lines: []phone.Line{r.Line}}) {
		if err != nil {
			return Contact{}, err
		}
		if h.Shared {
			continue
		}
		if h.Contact.ID == toID {
			return to, nil // has it already
		}
		c := h.Contact.Clone()
		if p, ok := b.takeNumber(&c, r.Line); ok {
			moved = p
		}
		b.touch(&c, now)
		batch.Writes = append(batch.Writes, b.put(&c, c.Revision))
	}
	c := to.Clone()
	b.takeNumber(&c, r.Line) // a shared listing of it becomes a claim
	moved.Shared = false
	if c.CellPhone.Number == "" {
		moved.Label = ""
		c.CellPhone = moved
	} else {
		moved.Extension = ""
		c.Phones = append(c.Phones, moved)
	}
	b.touch(&c, now)
	batch.Writes = append(batch.Writes, b.put(&c, to.Revision))
	a, err := b.apply(ctx, batch)
	if err != nil {
		return Contact{}, err
	}
	c.Revision = a.Revisions[len(a.Revisions)-1]
	return c, nil
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
