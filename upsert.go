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
	if b.rules.KeepDuplicates { // an Upsert makes none
		rules := b.rules
		rules.KeepDuplicates = false
		b = b.With(rules)
	}
	var policy UpsertPolicy
	if o != nil {
		policy = o.Policy
	}
	for {
		u, err := b.upsert(ctx, c, policy)
		if err != nil && lostRace(err) && ctx.Err() == nil {
			continue
		}
		return u, err
	}
}

// lostRace reports whether somebody created, changed or deleted the holder of a
// number between the read and the write of a call, so that the next read finds
// another state; numbers refused beside such a conflict were judged for the
// contacts as they were. A number held in another stream of the account is no
// race: it would be refused for ever.
func lostRace(err error) bool {
	if errors.Is(err, ErrConflict) {
		return !errors.Is(err, ErrExists)
	}
	var dup *DuplicateNumberError
	return errors.As(err, &dup) && !slices.ContainsFunc(dup.Refusals, func(r Refusal) bool { return r.HolderID == "" })
}

func (b *Book) upsert(ctx context.Context, given Contact, policy UpsertPolicy) (Upserted, error) {
	fresh, bad := b.finish(given, nil, nil, 0)
	if bad != nil {
		return Upserted{}, &ValidationError{Fields: bad}
	}
	claims := b.keys(&fresh).Claims
	if err := b.bringOver(ctx, claims, nil); err != nil {
		return Upserted{}, err
	}
	old, found, err := b.holder(ctx, claims)
	if err != nil {
		return Upserted{}, err
	}
	if !found {
		c, err := b.Create(ctx, given)
		if err != nil {
			return Upserted{}, err
		}
		return Upserted{Contact: c, Created: true, Changed: true}, nil
	}
	c := b.merge(old, fresh, policy)
	j := judge{rules: RelaxedRules()} // both sides were judged when they came in; only the lists grew
	j.contact(&c, &old)
	if j.fields != nil {
		return Upserted{}, &ValidationError{Fields: j.fields}
	}
	c, err = b.replace(ctx, old, c, b.now())
	if err != nil {
		return Upserted{}, err
	}
	return Upserted{Contact: c, Changed: c.Revision != old.Revision}, err
}

// holder returns the one contact that claims any of the lines.
func (b *Book) holder(ctx context.Context, lines []phone.Line) (Contact, bool, error) {
	if len(lines) == 0 {
		return Contact{}, false, nil
	}
	var holders []Contact
	var numbers []string
	for h, err := range b.hits(ctx, Query{Lines: lines, PerLine: 10}) {
		if err != nil {
			return Contact{}, false, err
		}
		if h.Shared || slices.ContainsFunc(holders, func(c Contact) bool { return c.ID == h.Contact.ID }) {
			continue
		}
		holders = append(holders, h.Contact)
		numbers = append(numbers, h.Line.String())
	}
	switch len(holders) {
	case 0:
		return Contact{}, false, nil
	case 1:
		return holders[0], true, nil
	}
	e := &AmbiguousError{}
	for i, c := range holders {
		e.Holders = append(e.Holders, Holder{c.ID, c.FullName, numbers[i]})
	}
	return Contact{}, false, e
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
