package contacts

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Unmerged is what an Unmerge did.
type Unmerged struct {
	Survivor Contact
	Contacts []Contact // active again, in the order of the call

	// Lost has the numbers that did not come back because another contact
	// has them now; Index is that of the contact in Contacts.
	Lost []Refusal
}

// Unmerge undoes merges into a contact, in one step: the others come back as
// they were when they were merged, and what came from them leaves the
// survivor; none named means all that are in its MergedFrom.
//
// What was edited since stays: a field goes back to what it was before the
// merge only while it has the value that came with it, and whatever was added
// to the survivor since then is its own, also what it had from a merge and gave
// up meanwhile. A number, e-mail or tag that several of the merged contacts had
// stays while one of them does; a field goes back even where another of them has
// a value for it. A number that somebody else claims by now, the survivor among
// them, does not come back, under Rules.KeepDuplicates neither: Unmerged.Lost
// says whose it is.
//
// The survivor may have been deleted since, but not merged or purged. An id
// that is not in its MergedFrom is ErrInvalid. At applies to the survivor.
func (b *Book) Unmerge(ctx context.Context, id string, others ...string) (Unmerged, error) {
	if err := b.onlyOnce("Unmerge"); err != nil {
		return Unmerged{}, err
	}
	for {
		u, err := b.unmerge(ctx, id, others)
		if err != nil && errors.Is(err, ErrConflict) && b.revision == 0 && ctx.Err() == nil {
			continue // the next read says what has changed
		}
		return u, err
	}
}

func (b *Book) unmerge(ctx context.Context, id string, others []string) (Unmerged, error) {
	was, err := b.Get(ctx, id)
	if err != nil {
		return Unmerged{}, err
	}
	if err := changeable(&was, 0, b.revision); err != nil {
		return Unmerged{}, err
	}
	if len(others) == 0 {
		for _, o := range was.MergedFrom {
			others = append(others, o.ID)
		}
	}
	u := Unmerged{Survivor: was.Clone()}
	for i, other := range others {
		if slices.Contains(others[:i], other) {
			return Unmerged{}, fmt.Errorf("%w: contact %s stands in the call twice", ErrInvalid, maskID(other))
		}
		at := slices.IndexFunc(u.Survivor.MergedFrom, func(o Origin) bool { return o.ID == other })
		if at < 0 {
			return Unmerged{}, fmt.Errorf("%w: contact %s is not one that was merged into %s", ErrInvalid, maskID(other), maskID(id))
		}
		c, err := b.Get(ctx, other)
		if err != nil {
			return Unmerged{}, err
		}
		splitter{b, &u.Survivor}.giveBack(at, &c)
		c.Status, c.MergedInto = Active, ""
		u.Contacts = append(u.Contacts, c)
	}
	if len(u.Contacts) == 0 {
		return u, nil
	}
	normalise(&u.Survivor)
	u.Survivor.FullName = FullName(u.Survivor.FirstName, u.Survivor.LastName)
	now := b.nowAfter(append([]Contact{was}, u.Contacts...))
	b.touch(&u.Survivor, now)
	for i := range u.Contacts {
		b.touch(&u.Contacts[i], now)
	}
	if err := b.applyUnmerge(ctx, &u); err != nil {
		return Unmerged{}, err
	}
	return u, nil
}

// applyUnmerge writes what it can: numbers that are refused are left out.
func (b *Book) applyUnmerge(ctx context.Context, u *Unmerged) error {
	for {
		batch := Batch{Writes: []Write{b.put(&u.Survivor, u.Survivor.Revision)}}
		for i := range u.Contacts {
			w := b.put(&u.Contacts[i], u.Contacts[i].Revision)
			w.KeepDuplicates = false
			batch.Writes = append(batch.Writes, w)
		}
		a, err := b.apply(ctx, batch)
		var dup *DuplicateNumberError
		switch {
		case err == nil:
			u.Survivor.Revision = a.Revisions[0]
			for i := range u.Contacts {
				u.Contacts[i].Revision = a.Revisions[i+1]
			}
			return nil
		case errors.Is(err, ErrConflict) || !errors.As(err, &dup) || ctx.Err() != nil:
			return err
		}
		before := len(u.Lost)
		for _, r := range dup.Refusals {
			if r.Index == 0 {
				return err // no number of the survivor is new to it
			}
			u.lose(r)
		}
		if len(u.Lost) == before {
			return err
		}
	}
}

// lose takes a number that was refused from the contact of that write.
func (u *Unmerged) lose(r Refusal) {
	r.Index-- // the survivor is the first write
	if r.Earlier > 0 {
		c := &u.Contacts[r.Earlier-1]
		r.HolderID, r.HolderName = c.ID, c.FullName
	}
	r.Earlier = -1
	c := &u.Contacts[r.Index]
	has := func(p Phone) bool { return p.Number == r.Number && !p.Shared }
	if !slices.ContainsFunc(c.allPhones(), has) {
		return // none that it claims
	}
	if has(c.CellPhone) {
		c.CellPhone = Phone{}
	}
	c.Phones = slices.DeleteFunc(c.Phones, has)
	u.Lost = append(u.Lost, r)
}

// A splitter takes what came from another contact out of one.
type splitter struct {
	b *Book
	c *Contact
}

// giveBack undoes the origin at that index, which is other's.
func (s splitter) giveBack(at int, other *Contact) {
	c := s.c
	o := c.MergedFrom[at]
	later := c.MergedFrom[at+1:]
	for _, t := range o.Fields {
		s.giveField(t, other, later)
	}
	c.MergedFrom = slices.Delete(c.MergedFrom, at, at+1)
	s.giveNumbers(o)

	inOther := func(list func(Origin) []string, fold func(string) string, v string) bool {
		return slices.ContainsFunc(c.MergedFrom, func(p Origin) bool {
			return slices.ContainsFunc(list(p), func(w string) bool { return fold(w) == fold(v) })
		})
	}
	plain := func(s string) string { return s }
	for _, e := range o.Emails {
		if !inOther(func(p Origin) []string { return p.Emails }, Fold, e) {
			c.Emails = slices.DeleteFunc(c.Emails, func(m Email) bool { return Fold(m.Address) == Fold(e) })
		}
	}
	for _, tag := range o.Tags {
		if !inOther(func(p Origin) []string { return p.Tags }, plain, tag) {
			c.Tags = slices.DeleteFunc(c.Tags, func(m string) bool { return m == tag })
		}
	}
}

// giveField puts back what a field was before a merge, unless it was edited
// since. Where a later merge took the field over, it is that one's Was.
func (s splitter) giveField(t Taken, other *Contact, later []Origin) {
	value, _ := other.single(t.Field)
	for i := range later {
		for k := range later[i].Fields {
			if l := &later[i].Fields[k]; l.Field == t.Field {
				if l.Was == value {
					l.Was = t.Was
				}
				return
			}
		}
	}
	switch now, _ := s.c.single(t.Field); {
	case now != value:
	case t.Field == fieldCell:
		s.giveCell(t.Was)
	default:
		s.c.setSingle(t.Field, t.Was, t.Was != "")
	}
}

// giveCell makes the number that was the cell phone before it again. The one
// that is it now becomes one of Phones, unless its line is there, and leaves or
// becomes shared there if it has to.
func (s splitter) giveCell(was string) {
	c := s.c
	now := c.CellPhone
	c.CellPhone = Phone{}
	if at := slices.IndexFunc(c.Phones, func(p Phone) bool { return p.Number == was && !p.Shared }); at >= 0 {
		c.CellPhone = c.Phones[at]
		c.CellPhone.Label = ""
		c.Phones = slices.Delete(c.Phones, at, at+1)
	}
	if now.Number == "" {
		return
	}
	line := s.b.lineOf(now)
	at := slices.IndexFunc(c.Phones, func(p Phone) bool { return s.b.lineOf(p) == line })
	if at < 0 {
		c.Phones = append([]Phone{now}, c.Phones...)
		return
	}
	c.Phones[at].Shared = false
}

// giveNumbers takes the numbers of an origin out, and the claims that rest on
// it. The origin is no longer in MergedFrom.
func (s splitter) giveNumbers(o Origin) {
	c := s.c
	rest := func(list func(Origin) []string, n string) bool {
		line := s.b.lineOf(Phone{Number: n})
		return slices.ContainsFunc(c.MergedFrom, func(p Origin) bool {
			return slices.ContainsFunc(list(p), func(m string) bool { return s.b.lineOf(Phone{Number: m}) == line })
		})
	}
	for _, n := range o.Numbers {
		if !rest(func(p Origin) []string { return p.Numbers }, n) {
			s.b.takeNumber(c, s.b.lineOf(Phone{Number: n}))
		}
	}
	for _, n := range o.Claimed {
		if rest(func(p Origin) []string { return p.Claimed }, n) {
			continue
		}
		line := s.b.lineOf(Phone{Number: n})
		for i := range c.Phones {
			if s.b.lineOf(c.Phones[i]) == line {
				c.Phones[i].Shared = true
			}
		}
	}
}
