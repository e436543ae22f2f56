package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// bothStores runs a test on a book in memory and on one in a file.
func bothStores(t *testing.T, test func(t *testing.T, open func() contacts.Store)) {
	t.Run("memstore", func(t *testing.T) { test(t, func() contacts.Store { return newStore(t) }) })
	t.Run("boltstore", func(t *testing.T) { test(t, func() contacts.Store { return newFile(t) }) })
}

// TestEachModel compares the calls that judge each row on its own, on random
// lists, with one call a row on a book that is the same.
func TestEachModel(t *testing.T) {
	bothStores(t, func(t *testing.T, open func() contacts.Store) {
		rounds := 60
		if strings.HasSuffix(t.Name(), "boltstore") {
			rounds = 4
		}
		for seed := range uint64(rounds) {
			for _, call := range []string{"update", "delete", "upsert"} {
				t.Run(fmt.Sprint(call, seed), func(t *testing.T) {
					w := &eachModel{Rand: rand.New(rand.NewPCG(seed, 7)), strict: seed%2 == 1}
					w.run(t, call, open)
				})
			}
		}
	})
}

// eachModel is one round of TestEachModel: a book for each way, and in the
// clear what is the same in both.
type eachModel struct {
	*rand.Rand
	strict bool
	each   *contacts.Book
	single *contacts.Book
	alias  map[string]string // ids of single by those of each
}

func (w *eachModel) run(t *testing.T, call string, open func() contacts.Store) {
	seeds := make([]contacts.Contact, 30)
	for i := range seeds {
		seeds[i] = w.contact()
	}
	w.alias = make(map[string]string)
	w.each, w.single = w.book(t, open(), seeds), w.book(t, open(), seeds)
	var known []contacts.Contact // as they are before the call
	for c, err := range w.each.All(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Status: anyStatus}) {
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, c)
	}
	switch call {
	case "update":
		w.update(t, known)
	case "delete":
		w.remove(t, known)
	case "upsert":
		w.upsert(t)
	}
	got, want := w.dump(t, w.each), w.dump(t, w.single)
	if !slices.Equal(got, want) {
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Error("only with Each: ", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Error("only one by one:", line)
			}
		}
	}
}

var anyStatus = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}

func (w *eachModel) book(t *testing.T, s contacts.Store, seeds []contacts.Contact) *contacts.Book {
	n := 0
	o := &contacts.Options{
		Site:  phone.Site{Region: "IN"},
		NewID: func() string { n++; return fmt.Sprint("id-", n) },
		Now:   func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
	if !w.strict {
		o.Rules = contacts.RelaxedRules()
	}
	b := openBook(t, s, o)
	for i, r := range must(b.CreateEach(ctx, seeds))(t) {
		if r.Err == nil && i%7 == 0 {
			must(b.Delete(ctx, r.Contact.ID))(t)
		}
	}
	return b
}

// number returns one of few lines in one of its spellings. Mexican lines
// have two.
func (w *eachModel) number() contacts.Phone {
	n := w.IntN(60)
	if n >= 50 {
		n -= 50
		if w.strict {
			return contacts.Phone{CountryCode: "52", Number: []string{"1", ""}[w.IntN(2)] + fmt.Sprint(5512345600+n), Extension: "+"}
		}
		return contacts.Phone{Number: []string{"+521", "+52"}[w.IntN(2)] + fmt.Sprint(5512345600+n)}
	}
	national := fmt.Sprint(9876500000 + n)
	if w.strict {
		return contacts.Phone{CountryCode: "+91", Number: []string{"", "0", "+91"}[w.IntN(3)] + national, Extension: "+"}
	}
	return contacts.Phone{Number: []string{"", "0", "+91 "}[w.IntN(3)] + national}
}

func (w *eachModel) contact() contacts.Contact {
	c := contacts.Contact{FirstName: string(rune('A' + w.IntN(4))), LastName: "L", Salutation: "Mr"}
	if w.strict || w.IntN(5) > 0 {
		c.CellPhone = w.number()
	}
	for range w.IntN(4) * w.IntN(2) {
		p := w.number()
		p.Extension, p.Shared = "", w.IntN(3) == 0
		c.Phones = append(c.Phones, p)
	}
	if w.IntN(3) == 0 {
		c.Tags = []string{[]string{"x", "y"}[w.IntN(2)]}
	}
	if w.IntN(15) == 0 {
		c.Salutation = "Mr\x00" // breaks a rule
	}
	return c
}

func (w *eachModel) update(t *testing.T, known []contacts.Contact) {
	list := make([]contacts.Contact, 150)
	for i := range list {
		old := known[w.IntN(len(known))]
		switch c := &list[i]; w.IntN(6) {
		case 0: // moves a number, or swaps it in two rows
			*c = old
			other := known[w.IntN(len(known))]
			c.CellPhone, c.Revision = other.CellPhone, 0
		case 1: // at the revision it had
			*c = old
			c.FirstName = "Z"
			c.Revision += uint64(w.IntN(2))
		case 2: // gives up all numbers
			*c = old
			c.CellPhone, c.Phones, c.Revision = contacts.Phone{}, nil, 0
		default:
			*c = w.contact()
			c.ID = old.ID
		}
		if w.IntN(40) == 0 {
			list[i].ID = []string{"nobody", "", "no id"}[w.IntN(3)]
		}
	}
	results := must(w.each.UpdateEach(ctx, list))(t)
	for i, r := range results {
		c, err := w.single.Update(ctx, list[i])
		w.same(t, i, list, r.Contact, r.Err, c, err)
	}
}

func (w *eachModel) remove(t *testing.T, known []contacts.Contact) {
	ids := make([]string, 40)
	for i := range ids {
		ids[i] = known[w.IntN(len(known))].ID
		if w.IntN(20) == 0 {
			ids[i] = "nobody"
		}
	}
	list := make([]contacts.Contact, len(ids))
	results := must(w.each.DeleteEach(ctx, ids))(t)
	for i, r := range results {
		list[i].ID = ids[i]
		c, err := w.single.Delete(ctx, ids[i])
		w.same(t, i, list, r.Contact, r.Err, c, err)
	}
}

func (w *eachModel) upsert(t *testing.T) {
	list := make([]contacts.Contact, 120)
	for i := range list {
		list[i] = w.contact()
	}
	o := &contacts.UpsertOptions{Policy: contacts.UpsertPolicy(w.IntN(3))}
	results := must(w.each.UpsertEach(ctx, list, o))(t)
	for i, r := range results {
		u, err := w.single.Upsert(ctx, list[i], o)
		if err == nil && r.Err == nil && u.Created {
			w.alias[r.Contact.ID] = u.Contact.ID
		}
		if r.Created != u.Created || r.Changed != u.Changed {
			t.Errorf("row %d: created %v changed %v, want %v %v", i, r.Created, r.Changed, u.Created, u.Changed)
		}
		w.same(t, i, list, r.Contact, r.Err, u.Contact, err)
	}
}

// same compares the outcomes of row i.
func (w *eachModel) same(t *testing.T, i int, list []contacts.Contact, c contacts.Contact, err error, want contacts.Contact, wantErr error) {
	t.Helper()
	got, expect := w.why(err, list, i, true), w.why(wantErr, list, 0, false)
	if got != expect {
		t.Errorf("row %d: %s\nwant %s", i, got, expect)
	}
	if err != nil {
		if c.ID != list[i].ID || c.FirstName != list[i].FirstName {
			t.Errorf("row %d: refused, and the contact is %+v", i, c)
		}
		return
	}
	if got, expect := w.text(c, true), w.text(want, false); got != expect {
		t.Errorf("row %d:\n got %s\nwant %s", i, got, expect)
	}
}

func (w *eachModel) id(id string, each bool) string {
	if alias, ok := w.alias[id]; ok && each {
		return alias
	}
	return id
}

// text shows a contact without what may differ.
func (w *eachModel) text(c contacts.Contact, each bool) string {
	c.ID, c.Revision, c.UpdatedAt = w.id(c.ID, each), 0, c.CreatedAt
	return string(c.AppendJSON(nil))
}

// why shows an error without what may differ; its index is to be that.
func (w *eachModel) why(err error, list []contacts.Contact, index int, each bool) string {
	var bad *contacts.ValidationError
	var dup *contacts.DuplicateNumberError
	var rev *contacts.RevisionError
	var amb *contacts.AmbiguousError
	var out []string
	at := func(i int) string {
		if i != index {
			return fmt.Sprintf("WRONG INDEX %d ", i)
		}
		return ""
	}
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &bad):
		for _, f := range bad.Fields {
			out = append(out, fmt.Sprint(at(f.Index), f.Field, " ", f.Reason))
		}
	case errors.As(err, &dup):
		for _, r := range dup.Refusals {
			holder := r.HolderID
			if r.Earlier >= 0 {
				holder = list[r.Earlier].ID
			}
			out = append(out, fmt.Sprint(at(r.Index), r.Number, " ", r.Line, " of ", w.id(holder, each)))
		}
	case errors.As(err, &rev):
		for _, c := range rev.Conflicts {
			out = append(out, fmt.Sprint(at(c.Index), c.ID, " ", c.Read, " ", c.Present > 0))
		}
	case errors.As(err, &amb):
		for _, h := range amb.Holders {
			out = append(out, fmt.Sprint(w.id(h.ID, each), " ", h.Name, " ", h.Number))
		}
	case errors.Is(err, contacts.ErrNotFound):
		return "not found"
	default:
		return err.Error()
	}
	return strings.Join(out, ", ")
}

// dump shows all contacts of a book.
func (w *eachModel) dump(t *testing.T, b *contacts.Book) []string {
	var out []string
	for c, err := range b.All(context.Background(), &contacts.ListOptions{Status: anyStatus}) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, w.text(c, b == w.each))
	}
	slices.Sort(out)
	return out
}
