package contacts_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// restoreModel is what a book that is restored into must have: contacts in the
// clear, by id, in order of creation.
type restoreModel struct {
	*rand.Rand
	*testing.T
	b      *contacts.Book
	store  contacts.Store
	keep   bool
	order  []string
	have   map[string]contacts.Contact
	gone   map[string]bool // purged
	now    time.Time
	events int
}

// TestRestoreModel restores random lists among other calls, and holds the book to
// a small model: what each row becomes, all contacts with times and authors, their
// order, and how many events there are.
func TestRestoreModel(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		rounds := 60
		if strings.HasSuffix(t.Name(), "boltstore") {
			rounds = 4
		}
		for seed := range uint64(rounds) {
			m := &restoreModel{Rand: rand.New(rand.NewPCG(seed, 3)), T: t, keep: seed%2 == 0,
				have: map[string]contacts.Contact{}, gone: map[string]bool{}, now: on(100)}
			rules := contacts.RelaxedRules()
			rules.KeepDuplicates = m.keep
			m.store = open()
			m.b = openBook(t, m.store, &contacts.Options{Rules: rules, Actor: contacts.Actor{AID: "me"}, Now: func() time.Time { return m.now }})
			for range 25 {
				m.now = m.now.Add(time.Hour)
				switch m.IntN(4) {
				case 0:
					m.other()
				default:
					m.restore()
				}
				m.check(seed)
				if t.Failed() {
					return
				}
			}
		}
	})
}

// row is a random contact of few ids, numbers and times.
func (m *restoreModel) row() contacts.Contact {
	c := restored(fmt.Sprint("r", m.IntN(12)), "A", fmt.Sprint("+9198765432", 10+m.IntN(8)), 1+m.IntN(9))
	c.FirstName = []string{"Ann", "Bob"}[m.IntN(2)]
	c.CreatedAt = on(1 + m.IntN(2))
	switch m.IntN(8) {
	case 0:
		c.Status = contacts.Inactive
	case 1:
		c.Status, c.DeletedAt = contacts.Inactive, on(5)
	case 2:
		c.CreatedBy, c.CreatedAt, c.UpdatedAt = "", time.Time{}, time.Time{}
	case 3: // the other spelling of one line
		c.CellPhone = contacts.Phone{Number: []string{"+5215512345678", "+525512345678"}[m.IntN(2)], CountryCode: "+52"}
	}
	if have, ok := m.have[c.ID]; ok && m.IntN(3) == 0 {
		c = have.Clone() // what is there already
	}
	return c
}

// linesOf returns what a contact claims.
func linesOf(c *contacts.Contact) (list []phone.Line) {
	for _, p := range append([]contacts.Phone{c.CellPhone}, c.Phones...) {
		if p.Number != "" && !p.Shared && c.Status == contacts.Active {
			list = append(list, lineOf(p.Number))
		}
	}
	return list
}

// taken reports whether another contact than c has a line.
func (m *restoreModel) taken(c *contacts.Contact, line phone.Line) bool {
	for id, h := range m.have {
		if id != c.ID && slices.Contains(linesOf(&h), line) {
			return true
		}
	}
	return false
}

// outcome is what the model makes of a row: the contact, or why not.
func (m *restoreModel) outcome(row contacts.Contact) (contacts.Contact, error) {
	old, there := m.have[row.ID]
	switch {
	case m.gone[row.ID]:
		return row, contacts.ErrNotFound
	case there && old.Status == contacts.Merged:
		return row, contacts.ErrMerged
	}
	c := row
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = m.now
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = c.UpdatedAt
		if there {
			c.CreatedAt = old.CreatedAt
		}
	}
	if c.CreatedBy == "" && there {
		c.CreatedBy = old.CreatedBy
	}
	for _, at := range []time.Time{c.CreatedAt, old.UpdatedAt} {
		if c.UpdatedAt.Before(at) {
			c.UpdatedAt = at
		}
	}
	c.MergedFrom = old.MergedFrom
	switch {
	case c.Status == contacts.Active:
		c.DeletedAt = time.Time{}
	case c.DeletedAt.IsZero() && !old.DeletedAt.IsZero():
		c.DeletedAt = old.DeletedAt
	case c.DeletedAt.IsZero():
		c.DeletedAt = c.UpdatedAt
	}
	if there && c.Equal(old) {
		return old, nil
	}
	for _, line := range linesOf(&c) {
		if !slices.Contains(linesOf(&old), line) && !m.keep && m.taken(&c, line) {
			return row, contacts.ErrDuplicateNumber
		}
	}
	if !there {
		m.order = append(m.order, c.ID)
	}
	m.have[c.ID] = c
	m.events++
	return c, nil
}

func (m *restoreModel) restore() {
	m.Helper()
	var list []contacts.Contact
	for range m.IntN(8) {
		list = append(list, m.row())
	}
	before := len(m.order)
	results := must(m.b.RestoreEach(ctx, list))(m.T)
	for i, row := range list {
		want, err := m.outcome(row)
		got := results[i]
		if err != nil != (got.Err != nil) || err != nil && !errors.Is(got.Err, err) || err == nil && m.show(&got.Contact) != m.show(&want) {
			m.Errorf("row %d of %d\n  %s\ngot %v\n  %s\nwant %v\n  %s", i, len(list), m.show(&row), got.Err, m.show(&got.Contact), err, m.show(&want))
		}
		var dup *contacts.DuplicateNumberError
		if errors.As(got.Err, &dup) && (dup.Refusals[0].Index != i || dup.Refusals[0].HolderID == row.ID) {
			m.Errorf("row %d: %+v", i, dup.Refusals)
		}
	}
	created := func(id string) uint64 {
		return must(m.store.History(ctx, acme, contacts.HistoryQuery{ID: id, Limit: 1}))(m.T)[0].Revision
	}
	slices.SortFunc(m.order[before:], func(a, b string) int { return cmp.Compare(created(a), created(b)) }) // rows that hang on others come later
}

// other does something else to a contact, and takes what became of it.
func (m *restoreModel) other() {
	m.Helper()
	if len(m.order) == 0 {
		return
	}
	id := m.order[m.IntN(len(m.order))]
	into := m.order[m.IntN(len(m.order))]
	before := must(m.b.Token(ctx))(m.T).Revision
	switch m.IntN(6) {
	case 0:
		m.b.Delete(ctx, id)
	case 1:
		m.b.Undelete(ctx, id)
	case 2:
		m.b.Edit(ctx, id, func(c *contacts.Contact) error { c.FirstName += "x"; return nil })
	case 3:
		m.b.Purge(ctx, id)
	case 4:
		m.b.Merge(ctx, into, []string{id}, nil)
	default:
		m.b.Reassign(ctx, m.have[into].CellPhone.Number, id)
	}
	m.events += int(must(m.b.Token(ctx))(m.T).Revision - before)
	for _, id := range slices.Clone(m.order) {
		c, err := m.b.Get(ctx, id)
		if errors.Is(err, contacts.ErrNotFound) {
			m.gone[id] = true
			delete(m.have, id)
			m.order = slices.DeleteFunc(m.order, func(s string) bool { return s == id })
		} else if err != nil {
			m.Fatal(err)
		} else {
			m.have[id] = c
		}
	}
}

func (m *restoreModel) show(c *contacts.Contact) string {
	return fmt.Sprintln(c.ID, c.Status, c.FirstName, c.CellPhone.Number, dayOf(c.CreatedAt), c.UpdatedAt.UTC(), dayOf(c.DeletedAt),
		c.CreatedBy, c.CreatedByAID, c.UpdatedBy, c.UpdatedByAID, len(c.Phones), c.MergedInto)
}

func (m *restoreModel) check(seed uint64) {
	m.Helper()
	var got, want []string
	for c, err := range m.b.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Status: anyStatus}) {
		if err != nil {
			m.Fatal(err)
		}
		got = append(got, m.show(&c))
	}
	claims := map[phone.Line]int{}
	for _, id := range m.order {
		c := m.have[id]
		want = append(want, m.show(&c))
		for _, line := range linesOf(&c) {
			claims[line]++
		}
	}
	if !slices.Equal(got, want) {
		m.Errorf("seed %d:\n got %s\nwant %s", seed, got, want)
	}
	if n := must(m.b.Token(ctx))(m.T).Revision; int(n) != m.events {
		m.Errorf("seed %d: %d events, not %d", seed, n, m.events)
	}
	maps.DeleteFunc(claims, func(_ phone.Line, n int) bool { return n < 2 })
	if n := must(m.b.Count(ctx))(m.T).Duplicates; !m.keep && (n != 0 || len(claims) > 0) {
		m.Errorf("seed %d: %d numbers twice", seed, n)
	}
	if err := contacts.Check(ctx, m.store); err != nil && !errors.Is(err, contacts.ErrUnsupported) {
		m.Errorf("seed %d: %v", seed, err)
	}
}

// While a book is re-indexed, contacts are restored beside those that hold
// numbers under old keys, over them, and over each other by two at once.
func TestRestoreWhileReindexing(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		writeOld(t, s)
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
		if _, err := b.RestoreEach(ctx, []contacts.Contact{restored("n1", "New", "+919876599999", 1)}); !errors.Is(err, contacts.ErrStaleIndex) {
			t.Errorf("before it has begun: %v", err)
		}
		done := false
		must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(uint64, uint64) {
			if done {
				return
			}
			done = true
			zoe := must(b.Get(ctx, "zoe"))(t)
			zoe.FirstName, zoe.UpdatedAt = "Zoe", time.Time{}
			list := []contacts.Contact{
				restored("n1", "New", "+919876500001", 1),  // Zoë's
				restored("n2", "New", "+5215512345678", 1), // Ana's, and Eva's by the present rules
				restored("n3", "New", "+919876599999", 1),  // nobody's
				zoe, // as she is, by another name
				restored("n3", "Newer", "+919876599998", 2), // gives one up
				restored("n4", "New", "+919876599999", 1),   // and this takes it
				restored("prg", "New", "+919876599997", 1),
				restored("mrg", "New", "+919876599996", 1),
			}
			r := must(b.RestoreEach(ctx, list))(t)
			for i, want := range []error{contacts.ErrDuplicateNumber, contacts.ErrDuplicateNumber, nil, nil, nil, nil, contacts.ErrNotFound, contacts.ErrMerged} {
				if (want == nil) != (r[i].Err == nil) || !errors.Is(r[i].Err, want) {
					t.Errorf("row %d: %v, not %v", i, r[i].Err, want)
				}
			}
		}}))(t)
		if n3, n4 := must(b.Get(ctx, "n3"))(t), must(b.Get(ctx, "n4"))(t); !done || n3.FirstName != "Newer" || n4.CellPhone.Number != "+919876599999" {
			t.Errorf("%v, %+v, %+v", done, n3, n4)
		}
		if m := must(b.Lookup(ctx, "+919876500001", nil))(t); m.Contact.FirstName != "Zoe" {
			t.Errorf("%+v", m)
		}
	})
}

// Two mirrors at once: each row is there as one of them has it, and each number
// once.
func TestRestoreRace(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
		const n = 40
		rows := func(who string, shift int) (list []contacts.Contact) {
			for i := range n {
				list = append(list, restored(fmt.Sprint("c", i), who, fmt.Sprint("+91987654", 3200+(i+shift)%n), 5))
			}
			return list
		}
		var wg sync.WaitGroup
		for shift, who := range []string{"Ann", "Bob"} {
			wg.Go(func() {
				for range 5 {
					for i, r := range must(b.RestoreEach(ctx, rows(who, 7*shift)))(t) {
						if r.Err != nil && !errors.Is(r.Err, contacts.ErrDuplicateNumber) {
							t.Errorf("row %d: %v", i, r.Err)
						}
					}
				}
			})
		}
		wg.Wait()
		claimed := map[string]string{}
		for c, err := range b.All(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if other := claimed[c.CellPhone.Number]; other != "" {
				t.Errorf("%s and %s have one number", other, c.ID)
			}
			claimed[c.CellPhone.Number] = c.ID
		}
		if len(claimed) == 0 || len(claimed) > n {
			t.Errorf("%d contacts", len(claimed))
		}
	})
}

// Rows that fill more than one commit, and rows that hang together.
func TestRestoreMany(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Now: func() time.Time { return on(20) }})
	const n = 3000
	var list []contacts.Contact
	for i := range n {
		list = append(list, restored(fmt.Sprint("c", i), "A", fmt.Sprint("+91987650", 1000+i), 5))
	}
	for i, r := range must(b.RestoreEach(ctx, list))(t) {
		if r.Err != nil || r.Contact.Revision != uint64(i+1) {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
	for i := range n { // each takes the number of the one before, which has given it up
		list[n-1-i].CellPhone.Number = fmt.Sprint("+91987650", 1000+n-i)
	}
	slices.Reverse(list)
	for i, r := range must(b.RestoreEach(ctx, list))(t) {
		if r.Err != nil {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
}
