package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
	"github.com/callerbook/contacts/phone"
)

// midway writes contacts of an older release and returns a book that is being
// re-indexed, with none of them brought over; finish lets the re-index go on.
func midway(t *testing.T, s contacts.Store, people ...contacts.Contact) (b *contacts.Book, finish func() contacts.Reindexed) {
	t.Helper()
	var writes []contacts.Write
	for _, c := range people {
		writes = append(writes, lib.Put(c, 0))
	}
	write(t, s, writes...)
	return heldUp(t, s)
}

// heldUp is midway for a store as it is.
func heldUp(t *testing.T, s contacts.Store) (b *contacts.Book, finish func() contacts.Reindexed) {
	t.Helper()
	held := &held{Store: s, at: make(chan bool), on: make(chan bool)}
	b = openBook(t, held, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
	done := make(chan contacts.Reindexed, 1)
	go func() {
		r, err := b.Reindex(context.Background(), nil)
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	select {
	case <-held.at:
	case r := <-done:
		t.Fatalf("it ended before it began to list contacts: %+v", r)
	}
	return b, func() contacts.Reindexed { close(held.on); return <-done }
}

// held holds a re-index up where it begins to list contacts.
type held struct {
	contacts.Store
	at, on chan bool
	once   sync.Once
}

func (h *held) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	if q.Order == contacts.ByCreation && len(q.Status) == 3 {
		h.once.Do(func() { h.at <- true; <-h.on })
	}
	return h.Store.Find(ctx, scope, q)
}

// A number that a contact holds only under a line that this library cannot make
// is nobody else's, and found.
func TestNumbersUnderOldLines(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b, finish := midway(t, s, older.Contact("ren", "Ravi", "Rao", "+918012345678"), older.Contact("own", "Own", "Number", "+918112345679", "*+918012345680"))
		if m := must(b.Lookup(ctx, "+918012345678", nil))(t); m.Contact.ID != "ren" || m.Kind != contacts.MatchExact {
			t.Errorf("look-up of its very number: %v of %q", m.Kind, m.Contact.ID)
		}
		if m := must(b.Lookup(ctx, "+918012345680", nil))(t); m.Contact.ID != "own" || m.Kind != contacts.MatchShared {
			t.Errorf("look-up of a number that is listed: %v of %q", m.Kind, m.Contact.ID)
		}
		if m := must(b.Lookup(ctx, "+918112345678", nil))(t); m.Kind != contacts.MatchNone {
			t.Errorf("look-up of a number that only the old rules gave it: %v of %q", m.Kind, m.Contact.ID)
		}
		refused := func(call string, err error) {
			t.Helper()
			var dup *contacts.DuplicateNumberError
			if !errors.As(err, &dup) || len(dup.Refusals) != 1 || dup.Refusals[0].HolderID != "ren" || dup.Refusals[0].Number != "+918012345678" {
				t.Errorf("%s with the number of another: %v", call, err)
			}
		}
		refused("CreateEach", must(b.CreateEach(ctx, []contacts.Contact{typed("B", "+918012345678")}))(t)[0].Err)
		refused("Create", errOf(b.Create(ctx, typed("B", "+918012345678"))))
		refused("Update", errOf(b.Update(ctx, contacts.Contact{ID: "own", FirstName: "Own", CellPhone: contacts.Phone{Number: "+918012345678"}})))
		must(b.Create(ctx, typed("Free", "+918112345678")))(t) // another line by the present rules
		if r := finish(); r.Contacts != 2 || len(r.Collisions) != 0 {
			t.Errorf("%+v", r)
		}
		if got := duplicates(t, b); got != nil {
			t.Errorf("duplicates %q", got)
		}
	})
}

// A call that looks for the holder of a number finds the one with old keys.
func TestHoldersUnderOldLines(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b, finish := midway(t, s, older.Contact("ren", "Ravi", "Rao", "+918012345678"), older.Contact("to", "To", "Whom"), older.Contact("mov", "Mo", "Ve", "+918012345679"))
		if u := must(b.Upsert(ctx, typed("Ravi", "+918012345678"), nil))(t); u.Contact.ID != "ren" || u.Changed {
			t.Errorf("Upsert: %+v", u)
		}
		must(b.Reassign(ctx, "+918012345679", "to"))(t)
		if c := must(b.Get(ctx, "mov"))(t); c.CellPhone.Number != "" {
			t.Errorf("it still has %s", c.CellPhone.Number)
		}
		swap := []contacts.Contact{must(b.Get(ctx, "ren"))(t), must(b.Get(ctx, "to"))(t)}
		swap[0].CellPhone, swap[1].CellPhone = swap[1].CellPhone, swap[0].CellPhone
		must(b.UpdateAll(ctx, swap))(t)
		finish()
		if m := must(b.Lookup(ctx, "+918012345678", nil))(t); m.Contact.ID != "to" {
			t.Errorf("after the swap it is %q's", m.Contact.ID)
		}
	})
}

// Contacts that the present rules see as duplicates can be edited before
// their turn, what changes nothing writes nothing, and what writes found is
// reported.
func TestCollisionsBeforeTheirTurn(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b, finish := midway(t, s, older.Contact("mx1", "Ana", "Ruiz", "+5215512345678"), older.Contact("mx2", "Eva", "Solis", "+525512345678"),
			older.Contact("zoe", "Zoë", "Ærø"))
		before := must(s.Stat(ctx, acme))(t)
		for _, id := range []string{"zoe", "mx1", "mx2"} {
			if c := must(b.Update(ctx, must(b.Get(ctx, id))(t)))(t); c.Revision > 3 {
				t.Errorf("an update of nothing is revision %d", c.Revision)
			}
		}
		if now := must(s.Stat(ctx, acme))(t); now.Last != before.Last {
			t.Errorf("%d events of nothing", now.Last-before.Last)
		}
		edit := func(c *contacts.Contact) error { c.Notes = "edited"; return nil }
		must(b.Edit(ctx, "mx1", edit))(t)
		must(b.Edit(ctx, "mx2", edit))(t)
		if _, err := b.Create(ctx, typed("B", "+525512345678")); !errors.Is(err, contacts.ErrDuplicateNumber) {
			t.Errorf("a third: %v", err)
		}
		r := finish()
		if len(r.Collisions) != 1 || r.Collisions[0].Line != 525512345678 || !reflect.DeepEqual(b.As(contacts.Actor{}).Reindexed(), r) {
			t.Errorf("%+v, later %+v", r, b.Reindexed())
		}
		if got := duplicates(t, b); !slices.Equal(got, []string{"+525512345678: mx1 mx2"}) {
			t.Errorf("duplicates %q", got)
		}
	})
}

// With DeferReindex nothing works until Reindex has begun, and everything from
// then on.
func TestDeferReindex(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		var writes []contacts.Write
		for i := range 1100 {
			writes = append(writes, lib.Put(older.Contact(fmt.Sprint("c", i), "Zoë", fmt.Sprint("Ærø ", i), fmt.Sprint("+9180", 70000000+i)), 0))
		}
		write(t, s, writes...)
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
		for call, err := range map[string]error{
			"Create": errOf(b.Create(ctx, typed("B", "+918070000000"))),
			"Edit":   errOf(b.Edit(ctx, "c1", func(c *contacts.Contact) error { c.Notes = "x"; return nil })),
			"Upsert": errOf(b.Upsert(ctx, typed("B", "+918070000000"), nil)),
			"Lookup": errOf(b.Lookup(ctx, "+918070000000", nil)),
			"Search": errOf(b.Search(ctx, "zoe", nil)),
		} {
			if !errors.Is(err, contacts.ErrStaleIndex) {
				t.Errorf("%s before Reindex: %v", call, err)
			}
		}
		var seen []uint64
		r := must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(done, total uint64) {
			if seen = append(seen, done); total != 1100 && done != total {
				t.Errorf("progress %d of %d", done, total)
			}
			if len(seen) > 1 {
				return
			}
			made := must(b.Create(ctx, typed("New", "+919876500001")))(t)
			must(b.Edit(ctx, "c1", func(c *contacts.Contact) error { c.FirstName = "Over"; return nil }))(t)
			must(b.Edit(ctx, "c1001", func(c *contacts.Contact) error { c.FirstName = "Before"; return nil }))(t)
			must(b.Delete(ctx, "c2"))(t)
			must(b.Delete(ctx, "c1002"))(t)
			if err := b.Purge(ctx, "c1003"); err != nil {
				t.Error(err)
			}
			for number, id := range map[string]string{"+919876500001": made.ID, "+918070000001": "c1", "+918070001001": "c1001",
				"+918070001099": "c1099", "+918070001002": "", "+918070001003": ""} {
				if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != id {
					t.Errorf("look-up of %s midway: %q, want %q", number, m.Contact.ID, id)
				}
			}
			for text, id := range map[string]string{"new": made.ID, "over": "c1", "before": "c1001", "aero 3": "c3"} {
				if f := must(b.Search(ctx, text, nil))(t); len(f.Hits) == 0 || f.Hits[0].Contact.ID != id {
					t.Errorf("search for %q midway: %d hits", text, len(f.Hits))
				}
			}
			if l := must(b.List(ctx, &contacts.ListOptions{Limit: 1000, Skip: 1000}))(t); len(l.Contacts) != 98 {
				t.Errorf("a list midway has %d contacts beyond 1000", len(l.Contacts))
			}
		}}))(t)
		if !slices.Equal(seen, []uint64{500, 1000, 1099}) || r.Contacts != 1099 {
			t.Errorf("progress %v, then %+v", seen, r)
		}
		must(b.Undelete(ctx, "c1002"))(t)
		if m := must(b.Lookup(ctx, "+918070001002", nil))(t); m.Contact.ID != "c1002" {
			t.Errorf("it came back as %v", m.Kind)
		}
	})
}

// Streams of an account are re-indexed one by one.
func TestReindexOfAStream(t *testing.T) {
	s := newStore(t)
	for _, stream := range []string{"one", "two"} {
		number := map[string]string{"one": "+5215512345678", "two": "+525512345678"}[stream]
		must(s.Apply(ctx, contacts.Scope{Account: "acme", Stream: stream}, contacts.Batch{Index: lib.Index, UniqueBy: contacts.UniqueByAccount,
			Writes: []contacts.Write{lib.Put(older.Contact(stream, "A", "B", number), 0)}}))(t)
	}
	b := must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "one"}, nil))(t)
	want := contacts.Collision{Line: 525512345678, ID: "one", Name: "A B", Number: "+5215512345678"}
	if r := b.Reindexed(); len(r.Collisions) != 1 || r.Collisions[0] != want {
		t.Errorf("%+v", r)
	}
}

// A rule for short numbers is no exception.
func TestShortNumbersUnderOldLines(t *testing.T) {
	s := newStore(t)
	write(t, s, lib.Put(older.Contact("short", "A", "B", "+2902345"), 0))
	rules := &phone.Rules{Add: []phone.Rule{{Name: "seven", Code: 290, Old: "2", Digits: 4, New: "72", EvenIfValid: true, Unchecked: true}}}
	o := &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: rules}}
	if _, err := contacts.Open(ctx, &failingAt{Store: s, n: 2}, acme, o); !errors.Is(err, errPulled) {
		t.Fatal(err)
	}
	o.DeferReindex = true // it has begun, and nobody goes on with it
	b := openBook(t, s, o)
	for _, number := range []string{"+2902345", "+29072345"} {
		if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != "short" {
			t.Errorf("look-up of %s: %v", number, m.Kind)
		}
		if _, err := b.Create(ctx, typed("B", number)); !errors.Is(err, contacts.ErrDuplicateNumber) {
			t.Errorf("%s is given away: %v", number, err)
		}
	}
}
