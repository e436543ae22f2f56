package contacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// showTenure writes a tenure as "name from-to (kinds)", a share with a star.
func showTenure(t contacts.Tenure) string {
	s := t.Contact.FullName
	if t.Shared {
		s += "*"
	}
	return fmt.Sprintf("%s %s-%s %s-%s", s, dayOf(t.From), dayOf(t.To), t.Began, t.Ended)
}

func (d *diary) wantTenures(number string, o *contacts.NumberHistoryOptions, want ...string) {
	d.Helper()
	if got := collect(d.NumberHistory(ctx, number, o), showTenure); !slices.Equal(got, want) {
		d.Errorf("history of %s with %+v:\n got %s\nwant %s", number, o, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func TestNumberHistory(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		const number, other = "+919876543210", "+919876543211"
		john := must(d.Create(ctx, typed("John", number)))(t)  // 1
		must(d.Delete(ctx, john.ID))(t)                        // 2
		jane := must(d.Create(ctx, typed("Jane", other)))(t)   // 3
		must(d.Undelete(ctx, john.ID))(t)                      // 4
		john = must(d.Edit(ctx, john.ID, rename("Johnny")))(t) // 5
		must(d.Reassign(ctx, number, jane.ID))(t)              // 6
		jane = must(d.Get(ctx, jane.ID))(t)
		jane.Phones[0].Shared = true
		jane = must(d.Update(ctx, jane))(t)                 // 7
		bob := must(d.Create(ctx, typed("Bob", number)))(t) // 8
		jane.Phones = nil
		must(d.Update(ctx, jane))(t) // 9

		all := []string{
			"John 1-2 created-deleted",
			"Johnny 4-6 undeleted-updated",
			"Jane 6-7 updated-updated",
			"Jane* 7-9 updated-updated",
			"Bob 8-- created-unknown",
		}
		d.wantTenures(number, nil, all...)
		d.wantTenures("098765 43210", nil, all...)
		d.wantTenures(other, nil, "Jane 3-- created-unknown")
		d.wantTenures("+919876543299", nil)
		back := slices.Clone(all)
		slices.Reverse(back)
		d.wantTenures(number, &contacts.NumberHistoryOptions{Reverse: true}, back...)
		for day, want := range [][]string{nil, all[:1], nil, nil, all[1:2], all[1:2], all[2:3], all[3:4], all[3:], all[4:], all[4:]} {
			d.wantTenures(number, &contacts.NumberHistoryOptions{At: on(day)}, want...)
		}
		for x, err := range d.NumberHistory(ctx, number, nil) { // may write
			if err != nil || x.Contact.AccountID != "acme" || x.Number != number || (x.ToRevision == 0) != (x.Contact.ID == bob.ID) {
				t.Errorf("%+v %v", x, err)
			}
			must(d.Create(ctx, typed("New", fmt.Sprint("98765", 50000+x.FromRevision))))(t)
		}
		bob.CellPhone.Number = "+919876543288"
		must(d.Update(ctx, bob))(t)
		if err := d.Purge(ctx, john.ID); err != nil {
			t.Fatal(err)
		}
		for x, err := range d.NumberHistory(ctx, number, nil) {
			if err != nil || x.Contact.ID == john.ID {
				t.Errorf("a purged contact has left a trace: %s %v", showTenure(x), err)
			}
		}
		for text, reason := range map[string]contacts.Reason{"": "blank", "anonymous": "anonymous", "hello": "invalid"} {
			var invalid *contacts.ValidationError
			for _, err := range d.NumberHistory(ctx, text, nil) {
				if !errors.As(err, &invalid) || invalid.Fields[0].Field != "number" || invalid.Fields[0].Reason != reason {
					t.Errorf("%q: %v %+v", text, err, invalid)
				}
			}
		}
	})
}

func rename(first string) func(*contacts.Contact) error {
	return func(c *contacts.Contact) error {
		c.FirstName = first
		return nil
	}
}

// A number that changes hands within one batch passes at one instant.
func TestNumberHistoryOfASwap(t *testing.T) {
	d := newDiary(t, newStore(t))
	x := must(d.Create(ctx, typed("X", "+919876543210")))(t)
	y := must(d.Create(ctx, typed("Y", "+919876543211")))(t)
	x.CellPhone, y.CellPhone = y.CellPhone, x.CellPhone
	must(d.UpdateAll(ctx, []contacts.Contact{x, y}))(t)
	d.wantTenures("+919876543210", nil, "X 1-3 created-updated", "Y 3-- updated-unknown")
	d.wantTenures("+919876543211", nil, "Y 2-3 created-updated", "X 3-- updated-unknown")
}

// Spellings of the same line are one number; the book decides between readings.
func TestNumberHistoryReadsAsLookup(t *testing.T) {
	d := newDiary(t, newStore(t))
	ana := must(d.Create(ctx, typed("Ana", "+54 9 11 2345-6789")))(t)
	ana.CellPhone = contacts.Phone{Number: "+54 11 2345-6789"}
	must(d.Update(ctx, ana))(t)
	d.wantTenures("+54 9 11 2345-6789", nil, "Ana 1-- created-unknown")
	for x := range d.NumberHistory(ctx, "+541123456789", nil) {
		if x.Number != "+541123456789" {
			t.Errorf("the number as the contact has it: %s", x.Number)
		}
	}
}

// A site in Germany reads digits without a plus as German, though they may be
// British.
func TestNumberHistoryOfAnotherReading(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "DE"}})
	names := func() []string {
		return collect(b.NumberHistory(ctx, "442079460018", nil), func(x contacts.Tenure) string { return x.Contact.FullName + " " + x.Number })
	}
	must(b.Create(ctx, typed("London", "+44 20 7946 0018")))(t)
	if got := names(); !slices.Equal(got, []string{"London +442079460018"}) {
		t.Errorf("the other reading alone: %s", got)
	}
	german := must(b.Create(ctx, typed("German", "+49 442079460018")))(t)
	must(b.Delete(ctx, german.ID))(t)
	if got := names(); !slices.Equal(got, []string{"German +49442079460018"}) {
		t.Errorf("both readings: %s", got)
	}
}

func TestNumberHistoryAfterTrim(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		const number = "+919876543210"
		lists := func(name string) contacts.Contact {
			return contacts.Contact{FirstName: name, Phones: []contacts.Phone{{Number: number, Shared: true}}}
		}
		gone := must(d.Create(ctx, lists("Gone")))(t)       // 1
		still := must(d.Create(ctx, lists("Still")))(t)     // 2
		edited := must(d.Create(ctx, lists("Edited")))(t)   // 3
		left := must(d.Create(ctx, lists("Left")))(t)       // 4
		later := must(d.Create(ctx, typed("Later", "")))(t) // 5
		left2 := must(d.Create(ctx, lists("Left2")))(t)     // 6
		must(d.Delete(ctx, gone.ID))(t)                     // 7
		must(d.Trim(ctx, on(8)))(t)                         // (no clock)
		must(d.Edit(ctx, edited.ID, rename("Edit")))(t)     // 8
		must(d.Delete(ctx, left.ID))(t)                     // 9
		must(d.Edit(ctx, later.ID, func(c *contacts.Contact) error {
			c.CellPhone.Number = number
			return nil
		}))(t) // 10
		must(d.Edit(ctx, left2.ID, rename("Right")))(t) // 11
		must(d.Edit(ctx, left2.ID, func(c *contacts.Contact) error {
			c.Phones = nil
			return nil
		}))(t) // 12
		want := []string{
			"Left* --9 unknown-deleted",
			"Right* --12 unknown-updated",
			"Still* --- unknown-unknown",
			"Edit* --- unknown-unknown",
			"Later 10-- unknown-unknown",
		}
		d.wantTenures(number, nil, want...)
		d.wantTenures(number, &contacts.NumberHistoryOptions{At: on(3)}, want[:4]...)
		d.wantTenures(number, &contacts.NumberHistoryOptions{At: on(9)}, want[1:4]...)

		must(d.Trim(ctx, on(99)))(t)
		d.wantTenures(number, nil, "Still* --- unknown-unknown", "Edit* --- unknown-unknown", "Later --- unknown-unknown")
		must(d.Edit(ctx, still.ID, func(c *contacts.Contact) error {
			c.Phones = nil
			return nil
		}))(t) // 13
		for x, err := range d.NumberHistory(ctx, number, nil) { // Trim took the state in which it listed the number
			if err != nil || x.ToRevision != 13 || x.Ended != contacts.ChangeUpdated || x.Number != number || x.Contact.ID != still.ID {
				t.Errorf("%+v %v", x, err)
			}
			break
		}
	})
}

// Readers beside writers and a Trim see one holder at a time, and nobody
// missing.
func TestNumberHistoryBesideWriters(t *testing.T) {
	d := newDiary(t, newStore(t))
	b := openBook(t, d.store, &contacts.Options{Rules: contacts.RelaxedRules()})
	const number = "+919876543210"
	var ids []string
	for i := range 3 {
		c := typed(fmt.Sprint("C", i), "")
		if i == 0 {
			c.CellPhone.Number = number
		}
		ids = append(ids, must(b.Create(ctx, c))(t).ID)
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		for i := range 200 {
			if _, err := b.Reassign(ctx, number, ids[i%3]); err != nil {
				t.Error(err)
			}
			if i%20 == 19 {
				st, err := d.store.Stat(ctx, b.Scope())
				if err == nil {
					err = contacts.Trim(ctx, d.store, b.Scope(), st.Last-5)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		holders, end := 0, uint64(0)
		for x, err := range b.NumberHistory(ctx, number, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if x.FromRevision < end {
				t.Fatalf("%s has the number from revision %d on, another one to %d", x.Contact.FullName, x.FromRevision, end)
			}
			if end = x.ToRevision; end == 0 {
				holders++
				end = 1 << 63
			}
		}
		if holders != 1 {
			t.Fatalf("%d holders at the end", holders)
		}
	}
	wg.Wait()
}

// The other streams of an account are not looked at.
func TestNumberHistoryStaysInItsScope(t *testing.T) {
	s := newStore(t)
	const number = "+919876543210"
	o := &contacts.Options{Rules: contacts.RelaxedRules(), UniqueBy: contacts.UniqueByAccount}
	one := openBook(t, s, o)
	two, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "other"}, o)
	if err != nil {
		t.Fatal(err)
	}
	c := must(one.Create(ctx, typed("One", number)))(t)
	must(one.Delete(ctx, c.ID))(t)
	must(two.Create(ctx, typed("Two", number)))(t)
	for book, name := range map[*contacts.Book]string{one: "One", two: "Two"} {
		got := collect(book.NumberHistory(ctx, number, nil), func(x contacts.Tenure) string { return x.Contact.FullName })
		if !slices.Equal(got, []string{name}) {
			t.Errorf("the book of %s: %s", name, got)
		}
	}
}

// After the rules have changed, the past is judged by those of today.
func TestNumberHistoryAcrossRules(t *testing.T) {
	s := newStore(t)
	off := &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}}
	b := openBook(t, s, off)
	ana := must(b.Create(ctx, typed("Ana", "+54 9 11 2345-6789")))(t)
	must(b.Delete(ctx, ana.ID))(t)
	must(b.Create(ctx, typed("Eva", "+54 9 11 2345-6789")))(t)
	late := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
	for _, err := range late.NumberHistory(ctx, "+5491123456789", nil) {
		if !errors.Is(err, contacts.ErrStaleIndex) {
			t.Errorf("before it is re-indexed: %v", err)
		}
	}
	b = openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	got := collect(b.NumberHistory(ctx, "+5491123456789", nil), func(x contacts.Tenure) string {
		return fmt.Sprint(x.Contact.FullName, " ", x.FromRevision, "-", x.ToRevision, " ", x.Began)
	})
	if want := []string{"Ana 1-2 created", "Eva 3-0 created"}; !slices.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
