package life

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callerbook/contacts"
)

// ledger is the model of one scope: what a book should hold, in plain maps and
// slices. It is written from the documentation of package contacts and calls
// none of its functions. Contacts in it are never changed, only replaced.
type ledger struct {
	scope contacts.Scope
	orgID string
	rules int // index into lifeRules

	people map[string]*contacts.Contact
	order  []string            // their ids, oldest first
	born   map[string]uint64   // revision of the first event of each
	gone   map[string]lifeGone // the purged ones

	first, last uint64      // of the feed
	log         []lifeEvent // all that are after first
}

// lifeGone is what is known of a purged contact.
type lifeGone struct {
	at   time.Time
	into string
}

// lifeEvent is an entry of the feed. Of a contact that was purged, then or later,
// contact is nil.
type lifeEvent struct {
	revision uint64
	id       string
	contact  *contacts.Contact
	at       time.Time
	by       string
	how      lifeKind
}

func newLedger(scope contacts.Scope, orgID string) *ledger {
	return &ledger{scope: scope, orgID: orgID, people: map[string]*contacts.Contact{}, born: map[string]uint64{}, gone: map[string]lifeGone{}}
}

// copyLife returns a copy that shares nothing with c.
func copyLife(c *contacts.Contact) *contacts.Contact {
	d := *c
	d.Phones, d.Emails, d.Tags = slices.Clone(c.Phones), slices.Clone(c.Emails), slices.Clone(c.Tags)
	d.Address, d.Twitter, d.Custom = slices.Clone(c.Address), slices.Clone(c.Twitter), maps.Clone(c.Custom)
	d.MergedFrom = slices.Clone(c.MergedFrom)
	for i, o := range d.MergedFrom {
		d.MergedFrom[i].Numbers, d.MergedFrom[i].Emails = slices.Clone(o.Numbers), slices.Clone(o.Emails)
		d.MergedFrom[i].Tags, d.MergedFrom[i].Claimed = slices.Clone(o.Tags), slices.Clone(o.Claimed)
		d.MergedFrom[i].Fields = slices.Clone(o.Fields)
	}
	return &d
}

// stored returns a contact that a caller gives as the book keeps it.
func (l *ledger) stored(given contacts.Contact) *contacts.Contact {
	c := copyLife(&given)
	c.FullName = strings.TrimSpace(c.FirstName + " " + c.LastName)
	c.OrgID, c.AccountID, c.StreamID = l.orgID, l.scope.Account, l.scope.Stream
	if c.CellPhone.Number != "" {
		c.CellPhone.CountryCode = lifeCode(c.CellPhone.Number)
	}
	c.CellPhone.Label, c.CellPhone.Shared = "", false
	for i := range c.Phones {
		c.Phones[i].CountryCode = lifeCode(c.Phones[i].Number)
	}
	tidyLife(c)
	return c
}

// tidyLife makes what is empty nil.
func tidyLife(c *contacts.Contact) {
	nilIfNone(&c.Phones)
	nilIfNone(&c.Emails)
	nilIfNone(&c.Tags)
	nilIfNone(&c.Address)
	nilIfNone(&c.Twitter)
	nilIfNone(&c.MergedFrom)
	if len(c.Custom) == 0 {
		c.Custom = nil
	}
	for i := range c.MergedFrom {
		o := &c.MergedFrom[i]
		nilIfNone(&o.Numbers)
		nilIfNone(&o.Emails)
		nilIfNone(&o.Tags)
		nilIfNone(&o.Claimed)
		nilIfNone(&o.Fields)
	}
}

func nilIfNone[T any](s *[]T) {
	if len(*s) == 0 {
		*s = nil
	}
}

// isNobody reports whether a contact has nothing to know it by.
func isNobody(c *contacts.Contact) bool {
	return c.FirstName == "" && c.LastName == "" && c.Organization == "" && c.CellPhone.Number == "" && len(c.Phones) == 0 && len(c.Emails) == 0
}

// numbersOf returns the cell phone, where there is one, and the further numbers.
func numbersOf(c *contacts.Contact) []contacts.Phone {
	var list []contacts.Phone
	if c.CellPhone.Number != "" {
		list = append(list, c.CellPhone)
	}
	return append(list, c.Phones...)
}

func (l *ledger) line(number string) string { return lifeLine(number, l.rules) }

// claims returns the lines that a contact claims, each once.
func (l *ledger) claims(c *contacts.Contact) []string {
	var list []string
	if c == nil || c.Status != contacts.Active {
		return nil
	}
	for _, p := range numbersOf(c) {
		if line := l.line(p.Number); !p.Shared && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	return list
}

// lists returns the lines that an active contact has, claimed or shared.
func (l *ledger) lists(c *contacts.Contact) []string {
	list := l.claims(c)
	if c == nil || c.Status != contacts.Active {
		return nil
	}
	for _, p := range c.Phones {
		if line := l.line(p.Number); !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	return list
}

// spelled returns the first number that a contact claims a line by.
func (l *ledger) spelled(c *contacts.Contact, line string) string {
	for _, p := range numbersOf(c) {
		if !p.Shared && l.line(p.Number) == line {
			return p.Number
		}
	}
	return ""
}

// all returns the contacts of these states (none: any), oldest first.
func (l *ledger) all(status ...contacts.Status) []*contacts.Contact {
	var list []*contacts.Contact
	for _, id := range l.order {
		if c := l.people[id]; len(status) == 0 || slices.Contains(status, c.Status) {
			list = append(list, c)
		}
	}
	return list
}

// claimers returns who claims a line, and who only lists it, oldest first.
func (l *ledger) claimers(line string) (claim, list []*contacts.Contact) {
	for _, id := range l.order {
		c := l.people[id]
		if slices.Contains(l.claims(c), line) {
			claim = append(claim, c)
		} else if slices.Contains(l.lists(c), line) {
			list = append(list, c)
		}
	}
	return claim, list
}

// duplicates returns the lines that more than one contact claims, with their
// ids, oldest first.
func (l *ledger) duplicates() map[string][]string {
	by := map[string][]string{}
	for _, id := range l.order {
		for _, line := range l.claims(l.people[id]) {
			by[line] = append(by[line], id)
		}
	}
	maps.DeleteFunc(by, func(_ string, ids []string) bool { return len(ids) < 2 })
	return by
}

// lifeRefusal is one number that a call may not have.
type lifeRefusal struct {
	index   int
	line    string
	number  string
	holder  string
	earlier int
}

// judge says which numbers of a batch are refused: list has the contacts as
// they are to be, purged the ids of those that go.
func (l *ledger) judge(list []*contacts.Contact, purged []string, keep bool) []lifeRefusal {
	for _, c := range list {
		l.prune(c)
	}
	type key struct{ id, line string }
	freed, taken := map[key]bool{}, map[string]int{}
	for _, id := range purged {
		for _, line := range l.claims(l.people[id]) {
			freed[key{id, line}] = true
		}
	}
	for i, c := range list {
		was, now := l.claims(l.people[c.ID]), l.claims(c)
		for _, line := range was {
			if !slices.Contains(now, line) {
				freed[key{c.ID, line}] = true
			}
		}
		for _, line := range now {
			if _, ok := taken[line]; !ok && !slices.Contains(was, line) {
				taken[line] = i
			}
		}
	}
	var out []lifeRefusal
	for i, c := range list {
		if keep || sameLife(l.people[c.ID], c) {
			continue
		}
		was := l.claims(l.people[c.ID])
		for _, line := range l.claims(c) {
			if slices.Contains(was, line) {
				continue
			}
			r := lifeRefusal{index: i, line: line, number: l.spelled(c, line), earlier: -1}
			holders, _ := l.claimers(line)
			at := slices.IndexFunc(holders, func(h *contacts.Contact) bool { return h.ID != c.ID && !freed[key{h.ID, line}] })
			switch {
			case at >= 0:
				r.holder = holders[at].ID
			case taken[line] < i:
				r.earlier = taken[line]
			default:
				continue
			}
			out = append(out, r)
		}
	}
	return out
}

// prune takes out of MergedFrom what a contact gave up since the merges: it is
// its own should it get that again.
func (l *ledger) prune(c *contacts.Contact) {
	var lines, claims, emails, tags []string
	for _, q := range numbersOf(c) {
		lines = append(lines, l.line(q.Number))
		if !q.Shared {
			claims = append(claims, l.line(q.Number))
		}
	}
	for _, e := range c.Emails {
		emails = append(emails, strings.ToLower(e.Address))
	}
	tags = append(tags, c.Tags...)
	c.MergedFrom = copyLife(c).MergedFrom // the contact in the book may share it
	for i := range c.MergedFrom {
		o := &c.MergedFrom[i]
		o.Numbers = slices.DeleteFunc(o.Numbers, func(n string) bool { return !slices.Contains(lines, l.line(n)) })
		o.Claimed = slices.DeleteFunc(o.Claimed, func(n string) bool { return !slices.Contains(claims, l.line(n)) })
		o.Emails = slices.DeleteFunc(o.Emails, func(e string) bool { return !slices.Contains(emails, strings.ToLower(e)) })
		o.Tags = slices.DeleteFunc(o.Tags, func(t string) bool { return !slices.Contains(tags, t) })
	}
	tidyLife(c)
}

// commit takes what a call changed into the model: contacts with their new
// revisions. A contact with no status was purged.
func (l *ledger) commit(f *forecast) {
	for _, c := range f.changed {
		l.last = max(l.last, c.Revision)
		if c.Status == "" {
			l.purge(c)
			continue
		}
		how, ok := f.kinds[c.ID]
		if !ok {
			how.kind = contacts.ChangeUpdated
		}
		if l.people[c.ID] == nil {
			how.kind = contacts.ChangeCreated
			l.order = append(l.order, c.ID)
			l.born[c.ID] = c.Revision
		}
		l.people[c.ID] = c
		l.log = append(l.log, lifeEvent{c.Revision, c.ID, c, c.UpdatedAt, c.UpdatedBy, how})
	}
	slices.SortFunc(l.log, func(a, b lifeEvent) int { return cmp.Compare(a.revision, b.revision) })
}

func (l *ledger) purge(c *contacts.Contact) {
	delete(l.people, c.ID)
	l.order = slices.DeleteFunc(l.order, func(id string) bool { return id == c.ID })
	l.gone[c.ID] = lifeGone{c.UpdatedAt, c.MergedInto}
	for i := range l.log {
		if l.log[i].id == c.ID {
			l.log[i].contact, l.log[i].how = nil, lifeKind{kind: contacts.ChangeBlank}
		}
	}
	l.log = append(l.log, lifeEvent{c.Revision, c.ID, nil, c.UpdatedAt, c.UpdatedBy, lifeKind{kind: contacts.ChangePurged}})
}

// trim drops the past.
func (l *ledger) trim(upTo uint64) {
	l.first = max(l.first, upTo)
	l.log = slices.DeleteFunc(l.log, func(e lifeEvent) bool { return e.revision <= upTo })
}

// wordsIn returns what a contact is found by, in lower case.
func wordsIn(c *contacts.Contact) []string {
	text := []string{c.FirstName, c.LastName, c.Organization, c.ClientRef}
	text = append(text, c.Tags...)
	for _, e := range c.Emails {
		text = append(text, e.Address)
	}
	return strings.FieldsFunc(strings.ToLower(strings.Join(text, " ")), func(r rune) bool { return r == ' ' || r == '@' || r == '.' })
}

// inShort writes a contact for the log of a failed test.
func inShort(c *contacts.Contact) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %q", c.ID, c.Status, c.FirstName+" "+c.LastName)
	for _, p := range numbersOf(c) {
		fmt.Fprintf(&b, " %s", p.Number)
		if p.Shared {
			b.WriteString("(shared)")
		}
		if p.Extension != "" || p.Label != "" {
			fmt.Fprintf(&b, "(%s%s)", p.Label, p.Extension)
		}
	}
	if c.CellPhone.Number == "" && len(c.Phones) > 0 {
		b.WriteString(" (no cell phone)")
	}
	for _, e := range c.Emails {
		b.WriteString(" " + e.Address)
	}
	fmt.Fprintf(&b, " %q", c.Tags)
	for _, f := range []string{c.Salutation, c.Organization, c.Title, c.Notes, c.ClientRef} {
		fmt.Fprintf(&b, " %q", f)
	}
	fmt.Fprintf(&b, " %v %s %s", c.Custom, c.Address, c.Twitter)
	for _, o := range c.MergedFrom {
		fmt.Fprintf(&b, "\n\t\tfrom %s: %v claimed %v %v %v %+v", o.ID, o.Numbers, o.Claimed, o.Emails, o.Tags, o.Fields)
	}
	return b.String()
}
