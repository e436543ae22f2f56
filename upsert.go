package contacts

import (
	"context"
	"errors"
	"slices"

	"github.com/callerbook/contacts/phone"
)

// UpsertPolicy says what Upsert does with a contact that is there already.
type UpsertPolicy uint8

const (
	// FillEmpty takes from the given contact what the existing one has not.
	FillEmpty UpsertPolicy = iota
	// PreferGiven takes all that the given contact has.
	PreferGiven
	// PreferExisting is FillEmpty, and adds nothing to lists that are not
	// empty: the existing contact keeps its numbers, e-mails and tags.
	PreferExisting
)

// UpsertOptions of Book.Upsert. Nil is fine.
type UpsertOptions struct {
	Policy UpsertPolicy
}

// Upserted is what an Upsert did.
type Upserted struct {
	Contact Contact
	Created bool // it is new
	Changed bool // it is new or differs from what was there
}

// Upsert creates a contact or, where one already has its number, completes
// that one, in one atomic step: two calls at once do not make two contacts.
// Numbers, e-mails and tags are added to those that are there, each once. When
// several contacts have its numbers, the error is *AmbiguousError.
func (b *Book) Upsert(ctx context.Context, c Contact, o *UpsertOptions) (Upserted, error) {
	if err := b.onlyOnce("Upsert"); err != nil {
		return Upserted{}, err
	}
	results, err := b.UpsertEach(ctx, []Contact{c}, o)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return Upserted{}, err
	}
	return results[0].Upserted, nil
}

// lostRace reports whether somebody created, changed or deleted the holder of a
// number between the read and the write of a call, so that the next read finds
// another state; numbers refused beside such a conflict were judged for the
// contacts as they were. A number held in another stream of the account is no
// race, nor one whose line is none of those that the call looks up, nor what was
// refused before, when it was tried last: all that would be refused for ever.
func lostRace(err, before error, lookedUp []phone.Line) bool {
	if errors.Is(err, ErrConflict) {
		return !errors.Is(err, ErrExists)
	}
	var dup, last *DuplicateNumberError
	if !errors.As(err, &dup) || errors.As(before, &last) && slices.Equal(dup.Refusals, last.Refusals) {
		return false
	}
	return !slices.ContainsFunc(dup.Refusals, func(r Refusal) bool {
		return r.HolderID == "" || !slices.Contains(lookedUp, r.Line)
	})
}

// merge returns old with what given has to add, both finished.
func (b *Book) merge(old, given Contact, policy UpsertPolicy) Contact {
	c := old.Clone()
	text := func(to *string, from string) {
		if from != "" && (*to == "" || policy == PreferGiven) {
			*to = from
		}
	}
	text(&c.FirstName, given.FirstName)
	text(&c.LastName, given.LastName)
	text(&c.Salutation, given.Salutation)
	text(&c.Organization, given.Organization)
	text(&c.Title, given.Title)
	text(&c.Notes, given.Notes)
	text(&c.ClientRef, given.ClientRef)
	b.mergeNumbers(&c, given, policy)
	if policy != PreferExisting || len(c.Emails) == 0 {
		for _, e := range given.Emails {
			if !slices.ContainsFunc(c.Emails, func(f Email) bool { return Fold(f.Address) == Fold(e.Address) }) {
				c.Emails = append(c.Emails, e)
			}
		}
	}
	if policy != PreferExisting || len(c.Tags) == 0 {
		for _, t := range given.Tags {
			if !slices.Contains(c.Tags, t) {
				c.Tags = append(c.Tags, t)
			}
		}
	}
	if c.Custom == nil && len(given.Custom) > 0 {
		c.Custom = make(map[string]string, len(given.Custom))
	}
	for k, v := range given.Custom {
		if _, has := c.Custom[k]; !has || policy == PreferGiven {
			c.Custom[k] = v
		}
	}
	if len(given.Address) > 0 && (len(c.Address) == 0 || policy == PreferGiven) {
		c.Address = cloneRaw(given.Address)
	}
	if len(given.Twitter) > 0 && (len(c.Twitter) == 0 || policy == PreferGiven) {
		c.Twitter = cloneRaw(given.Twitter)
	}
	return c
}

// mergeNumbers adds the numbers of given that c has in no spelling.
func (b *Book) mergeNumbers(c *Contact, given Contact, policy UpsertPolicy) {
	line := func(p Phone) phone.Line { _, l, _ := b.line(p); return l }
	has := func(l phone.Line) bool {
		return line(c.CellPhone) == l || slices.ContainsFunc(c.Phones, func(p Phone) bool { return line(p) == l })
	}
	if l := line(given.CellPhone); l != 0 {
		switch {
		case l == line(c.CellPhone):
			if given.CellPhone.Extension != "" && (c.CellPhone.Extension == "" || policy == PreferGiven) {
				c.CellPhone.Extension = given.CellPhone.Extension
			}
		case has(l):
		case c.CellPhone.Number == "":
			c.CellPhone = given.CellPhone
		case policy != PreferExisting:
			c.Phones = append(c.Phones, given.CellPhone)
		}
	}
	if policy == PreferExisting && len(c.Phones) > 0 {
		return
	}
	for _, p := range given.Phones {
		if l := line(p); l != 0 && !has(l) {
			c.Phones = append(c.Phones, p)
		}
	}
}
