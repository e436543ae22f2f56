package contacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// counting counts the calls of Events.
type counting struct {
	contacts.Store
	n int
}

func (c *counting) Events(x context.Context, s contacts.Scope, a uint64, l int) ([]contacts.Event, error) {
	c.n++
	return c.Store.Events(x, s, a, l)
}
func (c *counting) Wait(x context.Context, s contacts.Scope, a uint64) error {
	return contacts.Wait(x, c.Store, s, a)
}
func (c *counting) Load(x context.Context, s contacts.Scope, h contacts.LoadHead, r iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return contacts.Load(x, c.Store, s, h, r)
}

// before runs fn once, before the next Apply.
type before struct {
	contacts.Store
	fn func()
}

func (s *before) Apply(c context.Context, sc contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if s.fn != nil {
		fn := s.fn
		s.fn = nil
		fn()
	}
	return s.Store.Apply(c, sc, b)
}

// The feed of a loaded book ends at its last event, also where rows were refused:
// a watcher waits there.
func TestLoadEndsTheFeedAtItsLastEvent(t *testing.T) {
	cs := &counting{Store: newStore(t)}
	b := openBook(t, cs, nil)
	var list []contacts.Contact
	for i := range 1000 {
		c := api("A", "B", fmt.Sprint(9876500000+i))
		if i >= 990 {
			c.FirstName = ""
		}
		list = append(list, c)
	}
	must(b.CreateEach(ctx, list))(t)
	tok := must(b.Token(ctx))(t)
	var last uint64
	c2, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	for e, err := range b.Watch(c2, contacts.Token{}) {
		if err != nil {
			break
		}
		last = e.Revision
	}
	if tok.Revision != last {
		t.Errorf("Stat.Last %d, last event %d", tok.Revision, last)
	}
	if cs.n > 20 {
		t.Errorf("busy loop: %d calls", cs.n)
	}
}

// A book that is fenced off cannot write by a load either.
func TestStaleBookCannotLoad(t *testing.T) {
	s := newStore(t)
	stale := openBook(t, s, nil)
	must(stale.SetSite(ctx, phone.Site{Region: "IN"}))(t)
	fresh := openBook(t, s, &contacts.Options{Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}})
	if _, err := stale.Create(ctx, api("A", "B", "9876500000")); !errors.Is(err, contacts.ErrStaleIndex) {
		t.Fatal(err)
	}
	var list []contacts.Contact
	for i := range 1000 {
		list = append(list, api("A", "B", fmt.Sprint(9876500000+i)))
	}
	r, err := stale.CreateEach(ctx, list)
	if !errors.Is(err, contacts.ErrStaleIndex) {
		t.Errorf("the stale book wrote %d contacts: %v", len(r), err)
	}
	must(fresh.Create(ctx, api("A", "B", "9000000000")))(t)
}

// A row that another stream of the account stands in the way of is one row refused.
func TestLoadIntoAnAccount(t *testing.T) {
	s := newStore(t)
	one := must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "one"}, &contacts.Options{UniqueBy: contacts.UniqueByAccount}))(t)
	must(one.Create(ctx, api("Z", "Z", "9876500000")))(t)
	two := must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "two"}, nil))(t)
	var list []contacts.Contact
	for i := range 1000 {
		list = append(list, api("A", "B", fmt.Sprint(9876500000+i)))
	}
	r, err := two.CreateEach(ctx, list)
	if err != nil || !errors.Is(r[0].Err, contacts.ErrDuplicateNumber) || r[1].Err != nil {
		t.Errorf("%v, %v, %v", err, r[0].Err, r[1].Err)
	}
	three := must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "three"}, &contacts.Options{UniqueBy: contacts.UniqueByStream}))(t)
	if _, err := three.Create(ctx, api("A", "B", "9000000000")); !errors.Is(err, contacts.ErrUniqueBy) {
		t.Errorf("another measure in a new stream: %v", err)
	}
}

// Address and twitterDetails read back as what they were, whoever marshalled them.
func TestOpaqueJSONHasOneForm(t *testing.T) {
	for _, raw := range []string{`{"a":"R & D"}`, `{"a": 1}`, `"\u003c"`} {
		b := newBook(t)
		in := api("A", "B", "9876543210")
		in.Address = []json.RawMessage{json.RawMessage(raw)}
		must(b.Create(ctx, in))(t)
		var id string
		for c := range b.All(ctx, nil) {
			id = c.ID
		}
		c := must(b.Get(ctx, id))(t)
		data := must(json.Marshal(c))(t)
		var back contacts.Contact
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		u := must(b.Update(ctx, back))(t)
		if u.Revision != c.Revision {
			t.Errorf("Get, Marshal, Unmarshal, Update is no no-op: %s became %s", c.Address[0], u.Address[0])
		}
	}
}

// Text in address is valid UTF-8 as any other.
func TestOpaqueJSONIsUTF8(t *testing.T) {
	b := newBook(t)
	in := api("A", "B", "9876543210")
	in.Address = []json.RawMessage{json.RawMessage("\"\xff\x7f\"")}
	c, err := b.Create(ctx, in)
	if err == nil && !utf8.Valid(c.AppendJSON(nil)) {
		t.Errorf("invalid UTF-8 let in and written out")
	}
}

// What the book sets itself is ignored whatever its type.
func TestServerOwnedFieldsOfAnyType(t *testing.T) {
	for _, extra := range []string{`"status":5`, `"createdAt":1674037265`, `"id":7`, `"orgId":{}`} {
		b := newBook(t)
		var c contacts.Contact
		if err := json.Unmarshal([]byte(`{"firstName":"J","lastName":"D","salutation":"Mr","cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"},`+extra+`}`), &c); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Create(ctx, c); err != nil {
			t.Errorf("%s: %v", extra, err)
		}
	}
}

// Reassign takes a number from every other contact that claims it.
func TestReassignResolvesDuplicates(t *testing.T) {
	b := relaxed(t)
	x := must(b.Create(ctx, typed("X", "+919876543210")))(t)
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	y := must(b.With(rules).Create(ctx, typed("Y", "+919876543210")))(t)
	must(b.Reassign(ctx, "+919876543210", y.ID))(t)
	if g := must(b.Get(ctx, x.ID))(t); g.CellPhone.Number != "" {
		t.Errorf("X still has the number: duplicates %d", must(b.Count(ctx))(t).Duplicates)
	}
}

// What Reassign writes is within the bounds.
func TestReassignKeepsBounds(t *testing.T) {
	b := relaxed(t)
	c := typed("X", "+919876500000")
	for i := range contacts.MaxItems {
		c.Phones = append(c.Phones, contacts.Phone{Number: fmt.Sprint("+9198765001", 10+i)})
	}
	c = must(b.Create(ctx, c))(t)
	c, err := b.Reassign(ctx, "+919876543210", c.ID)
	if err != nil {
		return
	}
	if _, err = b.Update(ctx, c); err != nil {
		t.Errorf("%d phones, and what the book wrote is refused: %v", len(c.Phones), err)
	}
}

// A contact that lost all it was known by can still be edited.
func TestReassignLeavesEditable(t *testing.T) {
	b := relaxed(t)
	x := must(b.Create(ctx, typed("", "+919876543210")))(t)
	y := must(b.Create(ctx, typed("Y", "")))(t)
	must(b.Reassign(ctx, "+919876543210", y.ID))(t)
	x = must(b.Get(ctx, x.ID))(t)
	if _, err := b.Update(ctx, x); err != nil {
		t.Errorf("what Get returned is refused: %v", err)
	}
	if _, err := b.Edit(ctx, x.ID, func(c *contacts.Contact) error { c.Notes = "was a caller"; return nil }); err != nil {
		t.Errorf("edit of notes: %v", err)
	}
}

// Reassign keeps label and text of a number, and RequireValid.
func TestReassignKeepsWhatIsListed(t *testing.T) {
	b := relaxed(t)
	y := typed("Y", "+919876500000")
	y.Phones = []contacts.Phone{{Number: "022 1234 5678", Label: "office", Extension: "7", Shared: true}}
	y = must(b.Create(ctx, y))(t)
	y = must(b.Reassign(ctx, "+912212345678", y.ID))(t)
	if y.Phones[0].Label != "office" || y.Phones[0].Input == "" {
		t.Errorf("lost: %+v", y.Phones)
	}
	z := must(b.Create(ctx, typed("Z", "")))(t)
	z = must(b.Reassign(ctx, "098765 43210", z.ID))(t)
	if z.CellPhone.Input != "098765 43210" {
		t.Errorf("input not kept: %+v", z.CellPhone)
	}
	strict := contacts.RelaxedRules()
	strict.RequireValid = true
	w, err := b.With(strict).Reassign(ctx, "+911234567", z.ID)
	if err == nil {
		t.Errorf("RequireValid: %+v", w.Phones)
	}
}

// Reassigns at once take turns.
func TestReassignRace(t *testing.T) {
	spurious := 0
	for range 100 {
		b := relaxed(t)
		x := must(b.Create(ctx, typed("X", "")))(t)
		y := must(b.Create(ctx, typed("Y", "")))(t)
		var wg sync.WaitGroup
		var mu sync.Mutex
		for _, id := range []string{x.ID, y.ID, x.ID, y.ID} {
			wg.Go(func() {
				if _, err := b.Reassign(ctx, "+919876543210", id); err != nil {
					mu.Lock()
					spurious++
					if spurious == 1 {
						t.Log(err)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	if spurious > 0 {
		t.Errorf("%d Reassigns were refused", spurious)
	}
}

// A contact created between the read and the write of a Reassign gives the number up too.
func TestReassignTakesFromWhoWasFaster(t *testing.T) {
	s := &before{Store: newStore(t)}
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	x := must(b.Create(ctx, typed("X", "")))(t)
	s.fn = func() { must(b.Create(ctx, typed("Y", "+919876543210")))(t) }
	if _, err := b.Reassign(ctx, "+919876543210", x.ID); err != nil {
		t.Errorf("whoever has it gives it up, but: %v", err)
	}
}

// An Upsert makes no duplicate, also under KeepDuplicates.
func TestUpsertMakesNoDuplicate(t *testing.T) {
	s := &before{Store: newStore(t)}
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	b := openBook(t, s, &contacts.Options{Rules: rules})
	s.fn = func() { must(b.Upsert(ctx, typed("Y", "+919876543210"), nil))(t) }
	must(b.Upsert(ctx, typed("Y", "+919876543210"), nil))(t)
	if n := must(b.Count(ctx))(t); n.Active != 1 {
		t.Errorf("%+v", n)
	}
}

// Another site does not change the rules that the book is indexed by.
func TestLookupSiteKeepsRules(t *testing.T) {
	own := &phone.Rules{Off: []string{"*"}}
	s := newStore(t)
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN", Rules: own}})
	must(b.Create(ctx, typed("Ana", "+54 9 11 2345-6789")))(t)
	m := must(b.Lookup(ctx, "+54 9 11 2345-6789", &contacts.LookupOptions{Site: &phone.Site{Region: "AR"}}))(t)
	if m.Kind != contacts.MatchExact {
		t.Errorf("its very number: %v", m.Kind)
	}
}

// While a book is re-indexed its numbers are found, and nobody else gets them.
func TestNumbersWhileReindexing(t *testing.T) {
	s := newStore(t)
	old := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()}) // all rules
	var list []contacts.Contact
	for i := range 600 {
		list = append(list, typed("A", fmt.Sprint("+91", 9876500000+i)))
	}
	must(old.CreateAll(ctx, list))(t)
	ana := must(old.Create(ctx, typed("Ana", "+54 9 11 2345-6789")))(t)
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}, DeferReindex: true})
	first := true
	must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(done, total uint64) {
		if !first {
			return
		}
		first = false
		if m := must(b.Lookup(ctx, "+5491123456789", nil))(t); m.Contact.ID != ana.ID {
			t.Errorf("look-up of Ana's very number while re-indexing (%d of %d): %v", done, total, m.Kind)
		}
		for _, text := range []string{"+5491123456789", "+54 9 11 23", "ana 5491123", "6789"} {
			if r := must(b.Search(ctx, text, nil))(t); len(r.Hits) != 1 || r.Hits[0].Contact.ID != ana.ID {
				t.Errorf("a search for %q while re-indexing (%d of %d): %d hits", text, done, total, len(r.Hits))
			}
		}
		if c, err := b.Create(ctx, typed("Eva", "+5491123456789")); err == nil {
			t.Errorf("Ana's very number was given to Eva %s", c.CellPhone.Number)
		}
	}}))(t)
}

// A beginning without letters is the beginning.
func TestListFromNothing(t *testing.T) {
	b := relaxed(t)
	must(b.Create(ctx, typed("Anna", "+919876543210")))(t)
	p := must(b.List(ctx, &contacts.ListOptions{From: "'"}))(t)
	if len(p.Contacts) != 1 {
		t.Errorf("From \"'\" lists %d of 1", len(p.Contacts))
	}
}

// A repeated Once gives the first answer, though the contact has changed.
func TestOnceRepeatsAnUpdate(t *testing.T) {
	b := newBook(t)
	c := must(b.Create(ctx, api("X", "X", "9876543210")))(t)
	c.LastName = "Y"
	must(b.Once("k").Update(ctx, c))(t)
	must(b.Edit(ctx, c.ID, func(c *contacts.Contact) error { c.CellPhone.Number = "9876543211"; return nil }))(t)
	if _, err := b.Once("k").Update(ctx, c); err != nil {
		t.Errorf("the same key with the same arguments: %v", err)
	}
	if err := b.Purge(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Once("k").Update(ctx, c); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("after a purge: %v", err)
	}
}

// A number moves unjudged only from a contact that gives it up in the same call.
func TestNumbersMoveWithinACallOnly(t *testing.T) {
	b := newBook(t)
	un := must(b.Create(ctx, api("U", "U", "1234567")))(t)
	y := must(b.Create(ctx, api("Y", "Y", "9876543210")))(t)
	must(b.Delete(ctx, un.ID))(t)
	un = must(b.Get(ctx, un.ID))(t)
	y.CellPhone.Number = un.CellPhone.Number
	strict := b.With(contacts.Rules{RequireValid: true})
	if _, err := strict.Update(ctx, y); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("alone: %v", err)
	}
	if _, err := strict.UpdateAll(ctx, []contacts.Contact{y, un}); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("with the contact that keeps it: %v", err)
	}
}

// Settings that were stored while a load ran stay.
func TestSetSiteDuringALoad(t *testing.T) {
	s := newStore(t)
	var b *contacts.Book
	n := 0
	b = openBook(t, s, &contacts.Options{NewID: func() string {
		n++
		if n == 500 {
			must(b.SetSite(ctx, phone.Site{Region: "IN"}))(t)
		}
		return fmt.Sprint("id-", n)
	}})
	var list []contacts.Contact
	for i := range 1000 {
		list = append(list, api("A", "B", fmt.Sprint(9876500000+i)))
	}
	must(b.CreateEach(ctx, list))(t)
	if r := openBook(t, s, nil).Site().Region; r != "IN" {
		t.Errorf("SetSite returned nil during a CreateEach and is lost: region %q", r)
	}
}
