package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// A diary is a book in which every call happens on a day of its own, at noon:
// the first one on 1 March.
type diary struct {
	*testing.T
	*contacts.Book
	store contacts.Store
	day   int
}

func newDiary(t *testing.T, s contacts.Store) *diary {
	d := &diary{T: t, store: s}
	ids := 0
	d.Book = openBook(t, s, &contacts.Options{
		Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}, Actor: contacts.Actor{AID: "ann"},
		NewID: func() string { ids++; return fmt.Sprint("c", ids) },
		Now:   func() time.Time { d.day++; return on(d.day) },
	})
	return d
}

func on(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }

func dayOf(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return fmt.Sprint(int(at.Sub(on(0)) / (24 * time.Hour)))
}

// show writes a change as "revision day by kind with: field old>new, ..".
func show(c contacts.Change) string {
	s := fmt.Sprint(c.Revision, " ", dayOf(c.At), " ", c.ByAID, " ", c.Kind)
	if c.With != nil {
		s += " " + strings.Join(c.With, "+")
	}
	for i, f := range c.Fields {
		s += map[bool]string{true: ": ", false: ", "}[i == 0] + f.Field + " " + f.Old + ">" + f.New
	}
	return s
}

// collect writes what a sequence yields, an error as its text.
func collect[T any](seq iter.Seq2[T, error], show func(T) string) (out []string) {
	for v, err := range seq {
		if err != nil {
			return append(out, err.Error())
		}
		out = append(out, show(v))
	}
	return out
}

func (d *diary) wantHistory(id string, o *contacts.HistoryOptions, want ...string) {
	d.Helper()
	if got := collect(d.History(ctx, id, o), show); !slices.Equal(got, want) {
		d.Errorf("history of %s with %+v:\n got %s\nwant %s", id, o, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestHistory(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		c := must(d.Create(ctx, typed("John", "98765 43210")))(t)
		must(d.Create(ctx, typed("Noise", "98765 43211")))(t)
		c.LastName, c.Tags = "Doe", []string{"vip"}
		c = must(d.As(contacts.Actor{AID: "bob"}).Update(ctx, c))(t)
		must(d.Delete(ctx, c.ID))(t)
		must(d.As(contacts.Actor{}).Undelete(ctx, c.ID))(t)
		all := []string{
			"1 1 ann created: firstName >John, cellPhone.phoneNumber >+919876543210, cellPhone.input >98765 43210",
			"3 3 bob updated: lastName >Doe, tags[vip] >vip",
			"4 4 ann deleted",
			"5 5  undeleted",
		}
		d.wantHistory(c.ID, nil, all...)
		d.wantHistory("c2", nil, "2 2 ann created: firstName >Noise, cellPhone.phoneNumber >+919876543211, cellPhone.input >98765 43211")
		revisions := []uint64{1, 3, 4, 5}
		for after := range uint64(7) {
			for before := range uint64(8) {
				var want []string
				for i, r := range revisions {
					if r > after && (before == 0 || r < before) {
						want = append(want, all[i])
					}
				}
				o := &contacts.HistoryOptions{After: after, Before: before}
				d.wantHistory(c.ID, o, want...)
				slices.Reverse(want)
				o.Reverse = true
				d.wantHistory(c.ID, o, want...)
			}
		}
		for ch, err := range d.History(ctx, c.ID, &contacts.HistoryOptions{Before: 5, Reverse: true}) {
			if err != nil || ch.Contact.Status != contacts.Inactive || ch.Contact.FullName != "John Doe" || ch.Contact.AccountID != "acme" ||
				ch.Contact.Revision != 4 {
				t.Errorf("the contact as it was: %+v %v", ch.Contact, err)
			}
			break
		}
		for _, id := range []string{"nobody", "", "no id"} {
			for _, err := range d.History(ctx, id, nil) {
				if !errors.Is(err, contacts.ErrNotFound) {
					t.Errorf("history of %q: %v", id, err)
				}
			}
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		for _, err := range d.History(done, c.ID, nil) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("with a context that is done: %v", err)
			}
		}
	})
}

// The paths of what changed, in a contact that has everything.
func TestFieldChanges(t *testing.T) {
	d := newDiary(t, newStore(t))
	c := typed("John", "+919876543210")
	c.CellPhone.Extension = "0"
	c.Phones = []contacts.Phone{{Number: "+442079460000", Label: "work"}, {Number: "+912212345678", Shared: true}, {Number: "+14155552671"}}
	c.Emails = []contacts.Email{{Address: "a@x.example"}, {Address: "b@x.example", Label: "home"}}
	c.Tags, c.Custom = []string{"a", "b", "c"}, map[string]string{"k": "1", "gone": "x"}
	c = must(d.Create(ctx, c))(t)

	n := c.Clone()
	n.FirstName, n.LastName, n.Salutation, n.Organization, n.Title, n.Notes, n.ClientRef = "", "Doe", "Mr", "Acme", "CEO", "n", "r1"
	n.CellPhone.Number, n.CellPhone.Extension = "+442079460001", ""
	n.Phones = []contacts.Phone{n.Phones[2], n.Phones[1], {Number: "+919876543299", Label: "new"}}
	n.Phones[0].Label, n.Phones[1].Shared = "us", false
	n.Emails = []contacts.Email{{Address: "b@x.example", Label: "work"}, {Address: "c@x.example"}}
	n.Tags, n.Custom = []string{"c", "a", "d"}, map[string]string{"k": "2", "new": "y"}
	n.Address = append(n.Address, []byte(`{"city":"Pune"}`))
	must(d.Update(ctx, n))(t)

	var got []string
	for ch, err := range d.History(ctx, c.ID, &contacts.HistoryOptions{After: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ch.Fields {
			got = append(got, fmt.Sprintf("%s %s>%s", f.Field, f.Old, f.New))
		}
	}
	want := []string{
		"firstName John>", "lastName >Doe", "salutation >Mr",
		"cellPhone.phoneNumber +919876543210>+442079460001", "cellPhone.extension 0>",
		`address >[{"city":"Pune"}]`,
		"phones[+442079460000].phoneNumber +442079460000>", "phones[+442079460000].label work>",
		"phones[+14155552671].label >us",
		"phones[+912212345678].shared true>",
		"phones[+919876543299].phoneNumber >+919876543299", "phones[+919876543299].label >new",
		`phones ["+442079460000","+912212345678","+14155552671"]>["+14155552671","+912212345678","+919876543299"]`,
		"emails[a@x.example].address a@x.example>",
		"emails[b@x.example].label home>work",
		"emails[c@x.example].address >c@x.example",
		"organization >Acme", "title >CEO", "notes >n",
		"tags[b] b>", "tags[d] >d", `tags ["a","b","c"]>["c","a","d"]`,
		"custom.gone x>", "custom.k 1>2", "custom.new >y", "clientRef >r1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// A loop over a history that is longer than a page may write, also to that
// contact, and ends.
func TestHistoryIsAsOfItsBeginning(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		d := newDiary(t, newStore(t))
		c := must(d.Create(ctx, typed("John 0", "98765 43210")))(t)
		for i := range 250 {
			c.FirstName = fmt.Sprint("John ", i+1)
			c = must(d.Update(ctx, c))(t)
		}
		n := 0
		for ch, err := range d.History(ctx, c.ID, &contacts.HistoryOptions{Reverse: reverse}) {
			if err != nil {
				t.Fatal(err)
			}
			at := n
			if reverse {
				at = 250 - n
			}
			if ch.Contact.FirstName != fmt.Sprint("John ", at) || len(ch.Fields) == 0 || ch.Fields[0].New != ch.Contact.FirstName {
				t.Fatalf("change %d: %s", n, show(ch))
			}
			n++
			c.Notes = fmt.Sprint(n)
			c = must(d.Update(ctx, c))(t)
		}
		if n != 251 {
			t.Errorf("reverse %t: %d changes, want 251", reverse, n)
		}
	}
}

// Merges are told by what becomes of Status, MergedInto and MergedFrom.
func TestHistoryOfMerges(t *testing.T) {
	d := newDiary(t, newStore(t))
	var a, b contacts.Contact
	a = must(d.Create(ctx, typed("A", "98765 43210")))(t) // c1
	b = must(d.Create(ctx, typed("B", "98765 43211")))(t) // c2
	write := func(kind contacts.WriteKind, list ...*contacts.Contact) {
		t.Helper()
		st := must(d.store.Stat(ctx, d.Scope()))(t)
		batch := contacts.Batch{Index: st.Index}
		d.day++
		for _, c := range list {
			c.UpdatedAt, c.UpdatedByAID = on(d.day), "ann"
			batch.Writes = append(batch.Writes, contacts.Write{Kind: kind, Contact: *c, Revision: c.Revision})
		}
		applied := must(d.store.Apply(ctx, d.Scope(), batch))(t)
		for i, c := range list {
			c.Revision = applied.Revisions[i]
		}
	}
	b.Status, b.MergedInto = contacts.Merged, a.ID
	a.MergedFrom = []contacts.Origin{{ID: b.ID, Tags: []string{"b"}}}
	a.Tags = []string{"b"}
	write(contacts.Put, &b, &a)
	a.MergedFrom = append(a.MergedFrom, contacts.Origin{ID: "x"}, contacts.Origin{ID: "y"})
	write(contacts.Put, &a)
	b.MergedInto = "z"
	write(contacts.Put, &b)
	b.Status, b.MergedInto = contacts.Active, ""
	a.MergedFrom = a.MergedFrom[2:]
	write(contacts.Put, &b, &a)
	a.Status = contacts.Inactive
	write(contacts.Put, &a)
	a.Status, a.MergedInto = contacts.Merged, b.ID
	write(contacts.Put, &a)
	a.Status, a.MergedInto = contacts.Inactive, ""
	write(contacts.Put, &a)

	created := ": firstName >%s, cellPhone.phoneNumber >+91987654321%d, cellPhone.input >98765 4321%d"
	d.wantHistory("c1", nil,
		"1 1 ann created"+fmt.Sprintf(created, "A", 0, 0),
		"4 3 ann absorbed c2: tags[b] >b", "5 4 ann absorbed x+y", "8 6 ann gave-back c2+x",
		"9 7 ann deleted", "10 8 ann merged c2", "11 9 ann unmerged c2")
	d.wantHistory("c2", nil,
		"2 2 ann created"+fmt.Sprintf(created, "B", 1, 1),
		"3 3 ann merged c1", "6 5 ann merged z", "7 6 ann unmerged z")
}

func TestHistoryAfterTrim(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		c := must(d.Create(ctx, typed("John", "98765 43210")))(t)
		still := must(d.As(contacts.Actor{AID: "eve"}).Create(ctx, typed("Still", "98765 43211")))(t)
		c.LastName = "Doe"
		c = must(d.Update(ctx, c))(t)
		c.LastName = "Roe"
		c = must(d.As(contacts.Actor{AID: "bob"}).Update(ctx, c))(t)
		must(d.Delete(ctx, c.ID))(t)
		if upTo := must(d.Trim(ctx, on(4)))(t); upTo != 3 {
			t.Fatalf("Trim: %d, want 3", upTo)
		}
		d.wantHistory(c.ID, nil, "4 4 bob unknown", "5 5 ann deleted")
		d.wantHistory(c.ID, &contacts.HistoryOptions{Reverse: true}, "5 5 ann deleted", "4 4 bob unknown")
		d.wantHistory(c.ID, &contacts.HistoryOptions{After: 4}, "5 5 ann deleted")
		d.wantHistory(still.ID, nil, "2 2 eve unknown")
		d.wantHistory(still.ID, &contacts.HistoryOptions{Before: 3}, "2 2 eve unknown")
		d.wantHistory(still.ID, &contacts.HistoryOptions{Before: 2})
		d.wantHistory(still.ID, &contacts.HistoryOptions{After: 2, Reverse: true})
		must(d.Delete(ctx, still.ID))(t)
		d.wantHistory(still.ID, nil, "6 6 ann unknown")
		for ch, err := range d.History(ctx, still.ID, nil) {
			if err != nil || ch.Contact.FirstName != "Still" || ch.Contact.AccountID != "acme" {
				t.Errorf("%+v %v", ch, err)
			}
		}
		// Trimmed to the end, and between the pages of a loop.
		must(d.Trim(ctx, on(99)))(t)
		d.wantHistory(c.ID, nil, "5 5 ann unknown")
		long := must(d.Create(ctx, typed("Long", "98765 43212")))(t)
		for i := range 150 {
			long.Notes = fmt.Sprint(i)
			long = must(d.Update(ctx, long))(t)
		}
		var odd []string
		for ch, err := range d.History(ctx, long.ID, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if ch.Revision == 7+50 {
				must(d.Trim(ctx, ch.At.AddDate(0, 0, 75)))(t)
			}
			if ch.Kind == contacts.ChangeUnknown {
				odd = append(odd, show(ch))
			}
		}
		if len(odd) != 1 || !strings.HasPrefix(odd[0], fmt.Sprint(7+50+75, " ")) {
			t.Errorf("after a Trim between the pages: %s", odd)
		}
	})
}

func TestHistoryOfAPurgedContact(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		c := must(d.Create(ctx, typed("John", "98765 43210")))(t)
		must(d.Create(ctx, typed("Noise", "98765 43211")))(t)
		c.LastName = "Doe"
		must(d.Update(ctx, c))(t)
		if err := d.Purge(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		d.wantHistory(c.ID, nil, "1 -  blank", "3 -  blank", "4 4 ann purged")
		d.wantHistory(c.ID, &contacts.HistoryOptions{Reverse: true}, "4 4 ann purged", "3 -  blank", "1 -  blank")
		must(d.Trim(ctx, on(9)))(t)
		d.wantHistory(c.ID, nil, "0 4  purged")
		d.wantHistory(c.ID, &contacts.HistoryOptions{After: 1})
		for ch := range d.History(ctx, c.ID, nil) {
			if ch.Contact.ID != c.ID || ch.Contact.FirstName != "" {
				t.Errorf("%+v", ch.Contact)
			}
		}
	})
}

// What Merge and Unmerge leave behind, of the contacts and of a number.
func TestHistoryThroughAMerge(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		const number = "+919876543211"
		keep := must(d.Create(ctx, typed("Keep", "+919876543210")))(t) // 1
		other := typed("Other", number)
		other.Tags = []string{"vip"}
		other = must(d.Create(ctx, other))(t)                   // 2
		must(d.Merge(ctx, keep.ID, []string{other.ID}, nil))(t) // 3, 4
		must(d.Unmerge(ctx, keep.ID))(t)                        // 5, 6
		d.wantHistory(keep.ID, nil,
			"1 1 ann created: firstName >Keep, cellPhone.phoneNumber >+919876543210",
			"4 3 ann absorbed c2: phones["+number+"].phoneNumber >"+number+", tags[vip] >vip",
			"5 4 ann gave-back c2: phones["+number+"].phoneNumber "+number+">, tags[vip] vip>")
		d.wantHistory(other.ID, nil,
			"2 2 ann created: firstName >Other, cellPhone.phoneNumber >"+number+", tags[vip] >vip",
			"3 3 ann merged c1", "6 4 ann unmerged c1")
		d.wantTenures(number, nil, "Other 2-3 created-merged", "Keep 3-4 absorbed-gave-back", "Other 4-- unmerged-unknown")
		d.wantTenures(number, &contacts.NumberHistoryOptions{At: on(3)}, "Keep 3-4 absorbed-gave-back")

		must(d.Merge(ctx, keep.ID, []string{other.ID}, nil))(t)
		if err := d.Purge(ctx, other.ID); err != nil {
			t.Fatal(err)
		}
		for x, err := range d.NumberHistory(ctx, number, nil) {
			if err != nil || x.Contact.ID != keep.ID {
				t.Errorf("%s %v", showTenure(x), err)
			}
		}
	})
}

func TestChangeKindText(t *testing.T) {
	if s := fmt.Sprint(contacts.ChangeUnknown, contacts.ChangeGaveBack, contacts.ChangeBlank, contacts.ChangeKind(99)); s != "unknown gave-back blank ChangeKind(99)" {
		t.Error(s)
	}
	if b, err := contacts.ChangeAbsorbed.MarshalText(); string(b) != "absorbed" || err != nil {
		t.Errorf("%s %v", b, err)
	}
}
