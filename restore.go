package contacts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callerbook/contacts/phone"
)

// RestoreEach writes contacts as they are, for mirrors of another book and for
// what was exported: with their ID, Status (Active, which "" means too, or
// Inactive), times and authors, and returns what became of each, in input order.
// A contact whose id is not there is created, after those that are there, in input
// order but for rows that have to wait for others of their id or number. One
// that differs is replaced, and keeps its place in order of creation; Revision
// does not count. One that says the same (see Contact.Equal) is left alone, also
// where it differs in UpdatedAt, UpdatedBy and UpdatedByAID: then nothing is
// written.
//
// Contacts are judged by the book's Rules, those that are there in the fields
// that change; KeepDuplicates lets numbers in that others have. Numbers may come
// as a book wrote them, by whatever rules. Refused is an id that is none
// (*ValidationError), that was purged (*PurgedError), or is of a contact that was
// merged (*MergedError), and a Status of Merged (*ValidationError): what a merge
// did is in two contacts and is restored by Copy. MergedInto and MergedFrom of
// what is given do not count; a contact that is there keeps its own.
//
// Times are rounded down to milliseconds and must lie between 1970 and a day
// after the book's clock. UpdatedAt, where it is zero, is the clock's. CreatedAt,
// where it is zero, is what the contact has, else UpdatedAt; DeletedAt of an
// inactive contact likewise. CreatedBy and CreatedByAID, where they are empty,
// stay as they are. Time does not go back for a contact: UpdatedAt is never
// before CreatedAt, nor before what the contact has. But between contacts it
// may: the feed is in the order of the calls, whatever the times in it, Trim goes
// by these times, History and NumberHistory show them, and two contacts that had a
// number one after the other may seem to have had it at once. A tenure of a
// contact that was created here begins with its UpdatedAt: what it had before is
// not known.
//
// Length, commits, rows of one contact and the error are as for UpdateEach.
func (b *Book) RestoreEach(ctx context.Context, list []Contact) ([]Result, error) {
	if err := b.onlyOnce("RestoreEach"); err != nil {
		return nil, err
	}
	now := b.now()
	lines := func(i int) []phone.Line { return b.linesRestored(&list[i], now) }
	return b.changeEach(ctx, list, lines, asGiven, func(i int, old Contact, missing error) (Contact, error) {
		return b.restore(&list[i], old, missing, now, i)
	})
}

// asGiven leaves a contact's times and authors as they are.
func asGiven(*Contact, time.Time) {}

// linesRestored returns the lines of the numbers that a contact to be restored
// gives.
func (b *Book) linesRestored(in *Contact, now time.Time) []phone.Line {
	c, _ := b.restored(in, nil, now, 0)
	return b.linesOf(&c)
}

// restore returns a contact as it is to be stored. Old is what the book has, or
// missing says why it has none.
func (b *Book) restore(in *Contact, old Contact, missing error, now time.Time, index int) (Contact, error) {
	var purged *PurgedError
	switch {
	case errors.As(missing, &purged):
		return Contact{}, missing
	case missing != nil:
		return b.restored(in, nil, now, index)
	case old.Status == Merged:
		return Contact{}, &MergedError{Index: index, ID: old.ID, Into: old.MergedInto}
	}
	return b.restored(in, &old, now, index)
}

// restored returns a contact as it is to be stored. Old is what the book has, or
// nil.
func (b *Book) restored(in *Contact, old *Contact, now time.Time, index int) (Contact, error) {
	j := judge{rules: b.rules, index: index}
	if !validID(in.ID) {
		j.fail("id", ReasonCharacter, in.ID, fmt.Sprintf("must be 1 to %d letters, digits, _ and -", MaxIDLen))
	}
	switch in.Status {
	case "", Active, Inactive:
	default:
		j.fail("status", ReasonChoice, string(in.Status), "must be ACTIVE or INACTIVE")
	}
	for _, t := range []struct {
		field string
		at    time.Time
	}{{"createdAt", in.CreatedAt}, {"updatedAt", in.UpdatedAt}, {"deletedAt", in.DeletedAt}} {
		if !t.at.IsZero() && (t.at.Before(earliest) || t.at.After(now.Add(aheadOfClock))) {
			j.fail(t.field, ReasonTime, t.at.UTC().Format(time.RFC3339), "must be between 1970 and tomorrow: is the clock of this computer right?")
		}
	}
	for _, a := range []struct{ field, id string }{{"createdBy", in.CreatedBy}, {"createdByAId", in.CreatedByAID},
		{"updatedBy", in.UpdatedBy}, {"updatedByAId", in.UpdatedByAID}} {
		j.text(a.field, a.id, MaxClientRef, false)
	}
	known := numberSet{}
	if old != nil {
		known.add(old)
	}
	b.written(known, in)
	c, bad := b.finish(*in, old, known, index)
	if j.fields = append(j.fields, bad...); j.fields != nil {
		return Contact{}, &ValidationError{Fields: j.fields}
	}

	keep := func(now *Phone, given Phone) { // a number may be there twice, typed in two ways
		_, ok := known[spelling{given.Number, given.CountryCode}]
		typed := judge{}
		typed.text("input", given.Input, MaxNumber, false)
		if ok && now.Number == given.Number && (old == nil || given.Input != "") && typed.fields == nil {
			now.Input = given.Input
		}
	}
	keep(&c.CellPhone, in.CellPhone)
	for i := range c.Phones {
		keep(&c.Phones[i], in.Phones[i])
	}

	milli := func(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
	c.ID = in.ID
	c.UpdatedBy, c.UpdatedByAID, c.UpdatedAt = in.UpdatedBy, in.UpdatedByAID, milli(in.UpdatedAt)
	if in.UpdatedAt.IsZero() {
		c.UpdatedAt = now
	}
	if in.CreatedBy != "" {
		c.CreatedBy = in.CreatedBy
	}
	if in.CreatedByAID != "" {
		c.CreatedByAID = in.CreatedByAID
	}
	switch {
	case !in.CreatedAt.IsZero():
		c.CreatedAt = milli(in.CreatedAt)
	case old == nil:
		c.CreatedAt = c.UpdatedAt
	}
	for _, before := range []time.Time{c.CreatedAt, oldTime(old)} {
		if c.UpdatedAt.Before(before) {
			c.UpdatedAt = before
		}
	}
	if c.Status = in.Status; c.Status != Inactive {
		c.Status, c.DeletedAt = Active, zeroTime
	} else if !in.DeletedAt.IsZero() {
		c.DeletedAt = milli(in.DeletedAt)
	} else if c.DeletedAt.IsZero() {
		c.DeletedAt = c.UpdatedAt
	}
	return c, nil
}

// Bounds on the times of what is restored.
var earliest = time.Unix(0, 0)

const aheadOfClock = 24 * time.Hour

func oldTime(old *Contact) time.Time {
	if old == nil {
		return zeroTime
	}
	return old.UpdatedAt
}

// written adds to known the numbers of a contact that are as a book writes them.
func (b *Book) written(known numberSet, c *Contact) {
	set := numberSet{}
	set.add(c)
	for s, p := range set {
		if had, ok := known[s]; ok && p.Input == "" {
			p.Input = had.Input
		}
		r, err := phone.Parse(p.Number, &b.opt.Site)
		j := judge{}
		j.text("input", p.Input, MaxNumber, false)
		if err != nil || r.Number.String() != p.Number || fmt.Sprintf("+%d", r.Number.CallingCode()) != p.CountryCode ||
			b.rules.RequireValid && !r.Valid || j.fields != nil {
			continue
		}
		p.Unverified = !r.Valid
		known[s] = p
	}
}
