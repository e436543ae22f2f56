package life

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// forecast is what the model says of a call before it is made.
type forecast struct {
	wrong []lifeWrong // why it has to fail, in any one of these ways; none: it succeeds

	// What it leaves behind where it succeeds: every contact that changes.
	// Of a purged one only what the feed keeps is set.
	changed []*contacts.Contact
	kinds   map[string]lifeKind // of these by id, what a history calls the change, where that is no update

	out []*contacts.Contact // what it returns
}

// lifeKind is what happened to a contact, and with which others.
type lifeKind struct {
	kind contacts.ChangeKind
	with []string
}

// lifeWrong is one reason for a call to fail.
type lifeWrong struct {
	why string
	is  func(error) bool
}

func (f *forecast) fail(w ...lifeWrong) { f.wrong = append(f.wrong, w...) }

// call says what a history calls the change of a contact.
func (f *forecast) call(id string, kind contacts.ChangeKind, with ...string) {
	if f.kinds == nil {
		f.kinds = map[string]lifeKind{}
	}
	f.kinds[id] = lifeKind{kind, with}
}

// change notes a contact that changes, written by p.
func (f *forecast) change(c *contacts.Contact, p pen) {
	p.touch(c)
	tidyLife(c)
	f.changed = append(f.changed, c)
}

func isInvalid(why string) lifeWrong {
	return lifeWrong{"ErrInvalid: " + why, func(err error) bool { return errors.Is(err, contacts.ErrInvalid) }}
}

func isNotFound(id string) lifeWrong {
	return lifeWrong{"ErrNotFound " + id, func(err error) bool { return errors.Is(err, contacts.ErrNotFound) }}
}

func isMerged(c *contacts.Contact) lifeWrong {
	return lifeWrong{"*MergedError " + c.ID + " into " + c.MergedInto, func(err error) bool {
		var e *contacts.MergedError
		return errors.Is(err, contacts.ErrMerged) && errors.As(err, &e) && e.ID == c.ID && e.Into == c.MergedInto
	}}
}

func isConflict(id string, read, present uint64) lifeWrong {
	return lifeWrong{fmt.Sprintf("*RevisionError %s at %d, not %d", id, present, read), func(err error) bool {
		var e *contacts.RevisionError
		return errors.Is(err, contacts.ErrConflict) && errors.As(err, &e) && slices.ContainsFunc(e.Conflicts, func(c contacts.RevisionConflict) bool {
			return c.ID == id && c.Read == read && c.Present == present
		})
	}}
}

// isDuplicate asks for exactly these refusals, in any order. anyIndex is for
// calls in whose arguments the contact that is refused has no index.
func (l *ledger) isDuplicate(list []lifeRefusal, anyIndex bool) lifeWrong {
	set := func(list []lifeRefusal) map[lifeRefusal]bool {
		m := map[lifeRefusal]bool{}
		for _, r := range list {
			if anyIndex {
				r.index = 0
			}
			m[r] = true
		}
		return m
	}
	return lifeWrong{fmt.Sprintf("*DuplicateNumberError %+v", list), func(err error) bool {
		var e *contacts.DuplicateNumberError
		if !errors.Is(err, contacts.ErrDuplicateNumber) || !errors.As(err, &e) {
			return false
		}
		var got []lifeRefusal
		for _, r := range e.Refusals {
			got = append(got, l.refusal(r))
		}
		return len(got) == len(list) && maps.Equal(set(got), set(list))
	}}
}

// refusal returns a refusal as the model has it. One that names a holder by
// another name than its own is none.
func (l *ledger) refusal(r contacts.Refusal) lifeRefusal {
	got := lifeRefusal{r.Index, r.Line.String(), r.Number, r.HolderID, r.Earlier}
	if h := l.people[r.HolderID]; r.HolderID != "" && (h == nil || h.FullName != r.HolderName && !strings.Contains(r.HolderName, " ")) {
		got.holder += " (" + r.HolderName + ")"
	}
	return got
}

func isAmbiguous(ids []string) lifeWrong {
	return lifeWrong{fmt.Sprintf("*AmbiguousError %v", ids), func(err error) bool {
		var e *contacts.AmbiguousError
		if !errors.Is(err, contacts.ErrAmbiguous) || !errors.As(err, &e) {
			return false
		}
		var got []string
		for _, h := range e.Holders {
			got = append(got, h.ID)
		}
		return slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(ids)))
	}}
}

// pen is who writes, and when.
type pen struct {
	actor contacts.Actor
	now   time.Time
}

// touch notes on a contact that it was changed. Time does not go back for it.
func (p pen) touch(c *contacts.Contact) {
	if p.now.After(c.UpdatedAt) {
		c.UpdatedAt = p.now
	}
	c.UpdatedBy, c.UpdatedByAID = p.actor.ID, p.actor.AID
}

// find returns a contact that a call is about, or notes that there is none.
func (l *ledger) find(f *forecast, id string) *contacts.Contact {
	if c := l.people[id]; c != nil {
		return copyLife(c)
	}
	f.fail(isNotFound(id))
	return nil
}

// create forecasts the creation of contacts, all or none.
func (l *ledger) create(given []contacts.Contact, keep bool, p pen) (f forecast) {
	for i := range given {
		c := l.stored(given[i])
		c.Status, c.CreatedAt, c.UpdatedAt = contacts.Active, p.now, p.now
		c.CreatedBy, c.CreatedByAID = p.actor.ID, p.actor.AID
		if isNobody(c) {
			f.fail(isInvalid("nobody"))
		}
		f.changed = append(f.changed, c)
	}
	f.judge(l, nil, keep, false)
	f.out = f.changed
	return f
}

// judge notes the numbers that what changes may not have.
func (f *forecast) judge(l *ledger, purged []string, keep, anyIndex bool) {
	if list := l.judge(f.changed, purged, keep); list != nil {
		f.fail(l.isDuplicate(list, anyIndex))
	}
}

// update forecasts an update of several contacts, judged as a set. A revision
// of 0 stands for any.
func (l *ledger) update(given []contacts.Contact, keep bool, p pen) (f forecast) {
	var batch []*contacts.Contact
	for i := range given {
		was := l.people[given[i].ID]
		if was == nil {
			f.fail(isNotFound(given[i].ID))
			continue
		}
		if was.Status == contacts.Merged {
			f.fail(isMerged(was))
		}
		if r := given[i].Revision; r != 0 && r != was.Revision {
			f.fail(isConflict(was.ID, r, was.Revision))
		}
		c := l.stored(given[i])
		c.ID, c.Status, c.Revision, c.MergedInto, c.MergedFrom = was.ID, was.Status, was.Revision, was.MergedInto, was.MergedFrom
		c.CreatedAt, c.CreatedBy, c.CreatedByAID, c.DeletedAt = was.CreatedAt, was.CreatedBy, was.CreatedByAID, was.DeletedAt
		c.UpdatedAt, c.UpdatedBy, c.UpdatedByAID = was.UpdatedAt, was.UpdatedBy, was.UpdatedByAID
		if isNobody(c) && !isNobody(was) {
			f.fail(isInvalid("nobody"))
		}
		batch = append(batch, c)
	}
	if list := l.judge(batch, nil, keep); list != nil && len(batch) == len(given) {
		f.fail(l.isDuplicate(list, false))
	}
	for _, c := range batch {
		if !sameLife(l.people[c.ID], c) {
			f.change(c, p)
		}
	}
	f.out = batch
	return f
}

// upsert forecasts a contact that is created or completes another one.
func (l *ledger) upsert(given contacts.Contact, policy contacts.UpsertPolicy, p pen) (f forecast, created bool) {
	g := l.stored(given)
	g.Status = contacts.Active
	if isNobody(g) {
		f.fail(isInvalid("nobody"))
		return f, false
	}
	var holders []string
	for _, line := range l.claims(g) {
		claim, _ := l.claimers(line)
		for _, c := range claim {
			if !slices.Contains(holders, c.ID) {
				holders = append(holders, c.ID)
			}
		}
	}
	switch len(holders) {
	case 0:
		return l.create([]contacts.Contact{given}, false, p), true
	case 1:
	default:
		f.fail(isAmbiguous(holders))
		return f, false
	}
	was := l.people[holders[0]]
	c := copyLife(was)
	l.complete(c, g, policy)
	tidyLife(c)
	if f.out = []*contacts.Contact{c}; !sameLife(was, c) {
		f.change(c, p)
	}
	f.judge(l, nil, false, false)
	return f, false
}

// complete gives c what g has to add.
func (l *ledger) complete(c, g *contacts.Contact, policy contacts.UpsertPolicy) {
	prefer := policy == contacts.PreferGiven
	for _, field := range singles() {
		if v := field.get(g); v != "" && (prefer || field.get(c) == "") {
			field.set(c, v)
		}
	}
	c.FullName = strings.TrimSpace(c.FirstName + " " + c.LastName)
	for k, v := range g.Custom {
		if _, has := c.Custom[k]; prefer || !has {
			if c.Custom == nil {
				c.Custom = map[string]string{}
			}
			c.Custom[k] = v
		}
	}
	if len(g.Address) > 0 && (prefer || len(c.Address) == 0) {
		c.Address = g.Address
	}
	if len(g.Twitter) > 0 && (prefer || len(c.Twitter) == 0) {
		c.Twitter = g.Twitter
	}
	keeps := func(n int) bool { return policy == contacts.PreferExisting && n > 0 }
	if !keeps(len(c.Emails)) {
		for _, e := range g.Emails {
			if !slices.ContainsFunc(c.Emails, func(m contacts.Email) bool { return strings.EqualFold(m.Address, e.Address) }) {
				c.Emails = append(c.Emails, e)
			}
		}
	}
	if !keeps(len(c.Tags)) {
		for _, t := range g.Tags {
			if !slices.Contains(c.Tags, t) {
				c.Tags = append(c.Tags, t)
			}
		}
	}
	has := func(number string) bool {
		return slices.ContainsFunc(numbersOf(c), func(p contacts.Phone) bool { return l.line(p.Number) == l.line(number) })
	}
	if cell := g.CellPhone; cell.Number != "" {
		switch {
		case c.CellPhone.Number != "" && l.line(cell.Number) == l.line(c.CellPhone.Number):
			if cell.Extension != "" && (prefer || c.CellPhone.Extension == "") {
				c.CellPhone.Extension = cell.Extension
			}
		case has(cell.Number):
		case c.CellPhone.Number == "":
			c.CellPhone = cell
		case policy != contacts.PreferExisting:
			c.Phones = append(c.Phones, cell)
		}
	}
	if keeps(len(c.Phones)) {
		return
	}
	for _, q := range g.Phones {
		if !has(q.Number) {
			c.Phones = append(c.Phones, q)
		}
	}
}

// lifeField is a field that holds one text.
type lifeField struct {
	name string
	of   func(*contacts.Contact) *string
}

func (s lifeField) get(c *contacts.Contact) string    { return *s.of(c) }
func (s lifeField) set(c *contacts.Contact, v string) { *s.of(c) = v }

func singles() []lifeField {
	return []lifeField{
		{"firstName", func(c *contacts.Contact) *string { return &c.FirstName }},
		{"lastName", func(c *contacts.Contact) *string { return &c.LastName }},
		{"salutation", func(c *contacts.Contact) *string { return &c.Salutation }},
		{"organization", func(c *contacts.Contact) *string { return &c.Organization }},
		{"title", func(c *contacts.Contact) *string { return &c.Title }},
		{"notes", func(c *contacts.Contact) *string { return &c.Notes }},
		{"clientRef", func(c *contacts.Contact) *string { return &c.ClientRef }},
	}
}
