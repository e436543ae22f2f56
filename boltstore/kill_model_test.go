package boltstore

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/callerbook/contacts"
)

const (
	killWriters = 8
	killSlots   = 10 // contacts that a writer deals with
)

// killSlot is one contact of a writer. What is done to it, and when, follows
// from the seed and from what was done before: the parent knows what the n-th
// call of each writer was.
type killSlot struct {
	status contacts.Status // "": there is none
	wrote  int             // the call that wrote its notes
	into   int             // the slot that it was merged into
	id     string          // in the child alone
}

// killState is what a writer's contacts are after some of its calls.
type killState struct {
	writer int
	slots  [killSlots]killSlot
}

// killCall is one call: all of it happens, or nothing.
type killCall struct {
	kind  string
	slots []int
}

// next returns the n-th call of the writer.
func (st *killState) next(seed uint64, n int) killCall {
	h := seed ^ uint64(n)*0x9e3779b97f4a7c15 ^ uint64(st.writer)<<56
	draw := func(m int) int {
		h = (h ^ h>>31) * 0x94d049bb133111eb
		return int(h >> 33 % uint64(m))
	}
	of := func(status contacts.Status, most int) []int {
		var list []int
		for i := range killSlots {
			if k := (i + int(h>>7%killSlots)) % killSlots; st.slots[k].status == status && len(list) < most {
				list = append(list, k)
			}
		}
		return list
	}
	draw(2)
	survivor := func(k int) bool {
		return slices.ContainsFunc(st.slots[:], func(s killSlot) bool { return s.status == contacts.Merged && s.into == k })
	}
	for {
		var c killCall
		switch draw(10) {
		case 0:
			c = killCall{"create", of("", 1)}
		case 1:
			c = killCall{"create all", of("", 2+draw(4))}
		case 2:
			c = killCall{"import", of("", 2+draw(4))}
		case 3, 4:
			c = killCall{"edit", of(contacts.Active, 1)}
		case 5:
			c = killCall{"update all", of(contacts.Active, 2+draw(4))}
		case 6:
			c = killCall{"delete", of(contacts.Active, 1)}
		case 7:
			c = killCall{"undelete", of(contacts.Inactive, 1)}
		case 8:
			c = killCall{"purge", append(of(contacts.Inactive, 1), of(contacts.Active, 1)...)}
			c.slots = c.slots[:min(len(c.slots), 1)]
		case 9:
			c = killCall{"merge", of(contacts.Active, 2)}
			if len(c.slots) < 2 || survivor(c.slots[1]) {
				continue
			}
		}
		if len(c.slots) > 0 {
			return c
		}
	}
}

// did changes the state as call n does.
func (st *killState) did(c killCall, n int) {
	for i, k := range c.slots {
		s := &st.slots[k]
		switch c.kind {
		case "create", "create all", "import", "edit", "update all":
			s.status, s.wrote = contacts.Active, n
		case "delete":
			s.status = contacts.Inactive
		case "undelete":
			s.status = contacts.Active
		case "purge":
			*s = killSlot{}
			for j := range st.slots {
				if o := &st.slots[j]; o.status == contacts.Merged && o.into == k {
					*o = killSlot{}
				}
			}
		case "merge":
			if i == 1 {
				s.status, s.into = contacts.Merged, c.slots[0]
			}
		}
	}
}

// contact returns what the n-th call writes into a slot.
func (st *killState) contact(k, n int) contacts.Contact {
	return contacts.Contact{
		FirstName: fmt.Sprint("W", st.writer), LastName: fmt.Sprint("S", k),
		CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198%08d", st.writer*1000+k)},
		Notes:     fmt.Sprint(n) + strings.Repeat(" and more", n%40),
	}
}

// do makes call n.
func (st *killState) do(ctx context.Context, b *contacts.Book, c killCall, n int) (err error) {
	list := make([]contacts.Contact, len(c.slots))
	for i, k := range c.slots {
		list[i] = st.contact(k, n)
	}
	first := &st.slots[c.slots[0]]
	switch c.kind {
	case "create":
		list[0], err = b.Create(ctx, list[0])
	case "create all":
		list, err = b.CreateAll(ctx, list)
	case "import":
		err = importKilled(ctx, b, list)
	case "edit":
		list[0], err = b.Edit(ctx, first.id, func(c *contacts.Contact) error { c.Notes = list[0].Notes; return nil })
	case "update all":
		for i, k := range c.slots {
			now, err := b.Get(ctx, st.slots[k].id)
			if err != nil {
				return err
			}
			now.Notes = list[i].Notes
			list[i] = now
		}
		list, err = b.UpdateAll(ctx, list)
	case "delete":
		list[0], err = b.Delete(ctx, first.id)
	case "undelete":
		list[0], err = b.Undelete(ctx, first.id)
	case "purge":
		err = b.Purge(ctx, first.id)
	case "merge":
		_, err = b.Merge(ctx, first.id, []string{st.slots[c.slots[1]].id}, nil)
	}
	if err != nil {
		return fmt.Errorf("writer %d, call %d, %s of %v: %w", st.writer, n, c.kind, c.slots, err)
	}
	st.did(c, n)
	if strings.HasPrefix(c.kind, "create") || c.kind == "import" {
		for i, k := range c.slots {
			st.slots[k].id = list[i].ID
		}
	}
	return nil
}

// importKilled imports list and sets its ids.
func importKilled(ctx context.Context, b *contacts.Book, list []contacts.Contact) error {
	rows := iter.Seq2[contacts.ImportRow, error](func(yield func(contacts.ImportRow, error) bool) {
		for _, c := range list {
			if !yield(contacts.ImportRow{Contact: c}, nil) {
				return
			}
		}
	})
	_, err := b.Import(ctx, rows, nil, func(r contacts.ImportResult) error {
		list[r.Index] = r.Contact
		return r.Err
	})
	return err
}

// killStates reads the state of all writers from a book.
func killStates(ctx context.Context, b *contacts.Book) ([]killState, error) {
	states := make([]killState, killWriters)
	for w := range states {
		states[w].writer = w
	}
	slotOf := map[string]int{}
	var merged []contacts.Contact
	status := []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
	for c, err := range b.All(ctx, &contacts.ListOptions{Status: status}) {
		if err != nil {
			return nil, err
		}
		w, err1 := strconv.Atoi(strings.TrimPrefix(c.FirstName, "W"))
		k, err2 := strconv.Atoi(strings.TrimPrefix(c.LastName, "S"))
		number, _, _ := strings.Cut(c.Notes, " ")
		n, err3 := strconv.Atoi(number)
		if err1 != nil || err2 != nil || err3 != nil || w >= killWriters || k >= killSlots {
			return nil, fmt.Errorf("a contact of nobody: %s %s", c.FirstName, c.LastName)
		}
		s, want := &states[w].slots[k], states[w].contact(k, n)
		if s.status != "" {
			return nil, fmt.Errorf("writer %d has two contacts in slot %d", w, k)
		}
		if c.Notes != want.Notes || c.CellPhone.Number != want.CellPhone.Number {
			return nil, fmt.Errorf("writer %d, slot %d: not what call %d wrote", w, k, n)
		}
		*s = killSlot{status: c.Status, wrote: n, id: c.ID}
		slotOf[c.ID] = k
		if c.Status == contacts.Merged {
			merged = append(merged, c)
		} else if m, err := b.Lookup(ctx, want.CellPhone.Number, nil); err != nil || (m.Contact.ID == c.ID) != (c.Status == contacts.Active) {
			return nil, fmt.Errorf("writer %d, slot %d: look-up of an %s contact found %q: %w", w, k, c.Status, m.Contact.ID, err)
		}
	}
	for _, c := range merged {
		w, _ := strconv.Atoi(c.FirstName[1:])
		k, _ := strconv.Atoi(c.LastName[1:])
		states[w].slots[k].into = slotOf[c.MergedInto]
	}
	return states, nil
}

// same reports whether two states say the same of every contact, but for ids.
func (st *killState) same(o *killState) bool {
	for k := range st.slots {
		a, b := st.slots[k], o.slots[k]
		a.id, b.id = "", ""
		if a != b {
			return false
		}
	}
	return true
}
