package contacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

var ctx = context.Background()

func newStore(t *testing.T) contacts.Store {
	t.Helper()
	s := memstore.New()
	t.Cleanup(func() {
		if err := contacts.Check(ctx, s); err != nil {
			t.Errorf("the store is not sound after the test: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newFile returns a store in a file of its own.
func newFile(t testing.TB) contacts.Store {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(tempDir(t), "book.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(contacts.Check(ctx, s), s.Close()); err != nil {
			t.Errorf("the store is not sound after the test: %v", err)
		}
	})
	return s
}

// onStores runs a test on a store in memory and on one in a file.
func onStores(t *testing.T, test func(t *testing.T, s contacts.Store)) {
	t.Run("memstore", func(t *testing.T) { test(t, newStore(t)) })
	t.Run("boltstore", func(t *testing.T) { test(t, newFile(t)) })
}

func openBook(t *testing.T, s contacts.Store, o *contacts.Options) *contacts.Book {
	t.Helper()
	b, err := contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "st-1"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newBook(t *testing.T) *contacts.Book {
	t.Helper()
	return openBook(t, newStore(t), nil)
}

// relaxed returns a book for people typing, at a site in India.
func relaxed(t *testing.T) *contacts.Book {
	t.Helper()
	return openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Region: "IN"}})
}

// api is a contact as the API takes it.
func api(first, last, number string) contacts.Contact {
	return contacts.Contact{FirstName: first, LastName: last, Salutation: "Mr",
		CellPhone: contacts.Phone{Number: number, CountryCode: "91", Extension: "+"}}
}

func typed(name, number string) contacts.Contact {
	return contacts.Contact{FirstName: name, CellPhone: contacts.Phone{Number: number}}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestCreateSample(t *testing.T) {
	at := time.Date(2023, 1, 18, 10, 21, 5, 318_400_000, time.UTC)
	b := openBook(t, newStore(t), &contacts.Options{
		NewID: func() string { return "63c7c8f1a1b2c3d4e5f60718" },
		Now:   func() time.Time { return at },
		Actor: contacts.Actor{ID: "agent-7"},
	})
	var in contacts.Contact
	err := json.Unmarshal([]byte(`{"firstName":"John","lastName":"Doe","salutation":"Mr",
		"cellPhone":{"phoneNumber":"9876543210","countryCode":"91","extension":"+"},
		"id":"mine","status":"INACTIVE","createdBy":"me","fullName":"x","createdAt":"2001-01-01T00:00:00Z","accountId":"other"}`), &in)
	if err != nil {
		t.Fatal(err)
	}
	c := must(b.Create(ctx, in))(t)
	want := `{"status":"ACTIVE","firstName":"John","lastName":"Doe","salutation":"Mr",` +
		`"cellPhone":{"phoneNumber":"+919876543210","countryCode":"+91","extension":"+"},` +
		`"createdBy":"u-267eac01-cc44-5e99-9cce-ace07d99a704","orgId":"o-ed47d104-71af-5fef-873a-703771445152",` +
		`"accountId":"acme","instanceBotId":"st-1","fullName":"John Doe","address":[],"twitterDetails":[],` +
		`"createdAt":"2023-01-18T10:21:05.318Z","updatedAt":"2023-01-18T10:21:05.318Z","id":"63c7c8f1a1b2c3d4e5f60718"}`
	if got := string(c.AppendJSON(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	got := must(b.Get(ctx, c.ID))(t)
	if !reflect.DeepEqual(got, c) {
		t.Errorf("Get returns\n%+v, Create returned\n%+v", got, c)
	}
}

func TestZeroScope(t *testing.T) {
	b, err := contacts.Open(ctx, newStore(t), contacts.Scope{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := must(b.Create(ctx, api("A", "B", "9876543210")))(t)
	if c.AccountID != "" || c.StreamID != "" || c.OrgID != "" || c.CreatedBy != "" {
		t.Errorf("%+v", c)
	}
}

func TestActor(t *testing.T) {
	b := newBook(t)
	id := "agent-9f0c2a4e-58b1-4a57-9d6c-0a3b7f1e2d4c"
	c := must(b.As(contacts.Actor{ID: id, AID: "a-1"}).Create(ctx, api("A", "B", "9876543210")))(t)
	if c.CreatedBy != id || c.CreatedByAID != "a-1" || c.UpdatedBy != "" {
		t.Errorf("%+v", c)
	}
	c.FirstName = "C"
	c = must(b.As(contacts.Actor{ID: "bob"}).Update(ctx, c))(t)
	if c.CreatedBy != id || !strings.HasPrefix(c.UpdatedBy, "u-") || len(c.UpdatedBy) != 38 || c.FullName != "C B" {
		t.Errorf("%+v", c)
	}
}

// A number belongs to one contact, however it is written.
func TestDuplicateSpellings(t *testing.T) {
	b := newBook(t)
	holder := must(b.Create(ctx, api("John", "Doe", "9876543210")))(t)
	for _, number := range []string{"9876543210", "09876543210", "919876543210"} {
		in := api("John", "Doe", number)
		in.CellPhone.Extension = "91"
		_, err := b.Create(ctx, in)
		var dup *contacts.DuplicateNumberError
		if !errors.As(err, &dup) {
			t.Errorf("%s: %v", number, err)
			continue
		}
		r := dup.Refusals[0]
		if r.Index != 0 || r.HolderID != holder.ID || r.HolderName != "John Doe" || r.Earlier != -1 || r.Number != "+919876543210" {
			t.Errorf("%s: %+v", number, r)
		}
		if s := err.Error(); strings.Contains(s, "98765") || strings.Contains(s, "Doe") || !strings.Contains(s, "3210") || !strings.Contains(s, holder.ID) {
			t.Errorf("text: %s", s)
		}
	}
	if _, err := b.Create(ctx, api("John", "Doe", "9876543211")); err != nil {
		t.Errorf("the same name with another number: %v", err)
	}
}

func TestCreateAllIsAllOrNothing(t *testing.T) {
	b := newBook(t)
	held := must(b.Create(ctx, api("A", "A", "9876543210")))(t)
	list := []contacts.Contact{
		api("B", "B", "9876543211"), api("C", "C", "9876543210"), api("D", "D", "9876543212"), api("E", "E", "9876543211"),
	}
	_, err := b.CreateAll(ctx, list)
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) || len(dup.Refusals) != 2 {
		t.Fatalf("%v", err)
	}
	if r := dup.Refusals[0]; r.Index != 1 || r.HolderID != held.ID || r.Earlier != -1 {
		t.Errorf("%+v", r)
	}
	if r := dup.Refusals[1]; r.Index != 3 || r.HolderID != "" || r.Earlier != 0 {
		t.Errorf("%+v", r)
	}
	if n := must(b.Count(ctx))(t); n.Active != 1 {
		t.Errorf("%d contacts after a refused call", n.Active)
	}
	list = slices.Delete(list, 3, 4)
	list = slices.Delete(list, 1, 2)
	if out, err := b.CreateAll(ctx, list); err != nil || len(out) != 2 || out[0].FirstName != "B" || out[0].CreatedAt != out[1].CreatedAt {
		t.Errorf("%v %v", out, err)
	}
	if _, err := b.CreateAll(ctx, list); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("the same body twice: %v", err)
	}
}

// CreateEach gives the same answers by load into an empty book, and in
// commits into one that is not.
func TestCreateEach(t *testing.T) {
	var list []contacts.Contact
	for i := range 3000 {
		c := api(fmt.Sprint("N", i), "X", fmt.Sprint(9876500000+i))
		switch i % 100 {
		case 7:
			c.CellPhone.Number = fmt.Sprint(9876500000 + i - 1) // of the one before
		case 8:
			c.FirstName = ""
		case 9:
			c.CellPhone.Number = fmt.Sprint(9876500000 + i - 2) // asked for by a refused one only
		}
		list = append(list, c)
	}
	for _, name := range []string{"load", "commits"} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t)
			if name == "commits" {
				must(b.Create(ctx, api("Z", "Z", "9000000001")))(t)
			}
			before := must(b.Count(ctx))(t).Active
			results := must(b.CreateEach(ctx, list))(t)
			created := 0
			for i, r := range results {
				var dup *contacts.DuplicateNumberError
				var bad *contacts.ValidationError
				switch {
				case i%100 == 7:
					if !errors.As(r.Err, &dup) || dup.Refusals[0].Index != i {
						t.Fatalf("%d: %v", i, r.Err)
					}
					if x := dup.Refusals[0]; x.Earlier != i-1 || x.HolderID != "" {
						t.Fatalf("%d: %+v", i, x)
					}
				case i%100 == 8:
					if !errors.As(r.Err, &bad) || bad.Fields[0].Index != i || bad.Fields[0].Reason != contacts.ReasonMissing {
						t.Fatalf("%d: %v", i, r.Err)
					}
				default:
					if r.Err != nil || r.Contact.FirstName != list[i].FirstName || r.Contact.Revision == 0 {
						t.Fatalf("%d: %+v", i, r)
					}
					created++
					if i%500 == 0 || i%100 == 9 {
						if got := must(b.Get(ctx, r.Contact.ID))(t); !reflect.DeepEqual(got, r.Contact) {
							t.Fatalf("%d: stored %+v\nreturned %+v", i, got, r.Contact)
						}
					}
				}
			}
			if n := must(b.Count(ctx))(t).Active; n-before != uint64(created) {
				t.Errorf("%d contacts, %d created", n-before, created)
			}
		})
	}
}

func TestUpdate(t *testing.T) {
	b := newBook(t)
	c := must(b.Create(ctx, api("John", "Doe", "9876543210")))(t)
	token := must(b.Token(ctx))(t)

	// What the book wrote is a valid update that changes nothing.
	var back contacts.Contact
	if err := json.Unmarshal(must(json.Marshal(c))(t), &back); err != nil {
		t.Fatal(err)
	}
	same := must(b.Update(ctx, back))(t)
	if !reflect.DeepEqual(same, c) {
		t.Errorf("no-op returns %+v", same)
	}
	if now := must(b.Token(ctx))(t); now != token {
		t.Errorf("a no-op moved the feed from %v to %v", token, now)
	}

	first := c
	c.LastName = "Roe"
	c = must(b.Update(ctx, c))(t)
	if c.FullName != "John Roe" || c.Revision <= first.Revision || c.CreatedAt != first.CreatedAt {
		t.Errorf("%+v", c)
	}
	first.LastName = "Poe"
	_, err := b.Update(ctx, first)
	var rev *contacts.RevisionError
	if !errors.As(err, &rev) || rev.Conflicts[0].Present != c.Revision || rev.Conflicts[0].Read != first.Revision {
		t.Errorf("stale update: %v", err)
	}
	if _, err := b.Update(ctx, contacts.Contact{ID: "nobody"}); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("unknown id: %v", err)
	}

	// Only what changes is judged: under the API's rules too.
	loose := must(b.With(contacts.RelaxedRules()).Create(ctx, contacts.Contact{FirstName: "X", CellPhone: contacts.Phone{Number: "+91 98765 43299"}}))(t)
	loose.FirstName = "Y"
	if _, err := b.Update(ctx, loose); err != nil {
		t.Errorf("a field that was not changed was judged: %v", err)
	}
	loose = must(b.Get(ctx, loose.ID))(t)
	loose.Salutation = "Dr"
	if _, err := b.Update(ctx, loose); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("a bad salutation: %v", err)
	}
}

// Two contacts swap their numbers in one call.
func TestSwap(t *testing.T) {
	b := newBook(t)
	x := must(b.Create(ctx, api("X", "X", "9876543210")))(t)
	y := must(b.Create(ctx, api("Y", "Y", "9876543211")))(t)
	x.CellPhone, y.CellPhone = y.CellPhone, x.CellPhone
	if _, err := b.With(contacts.RelaxedRules()).Update(ctx, x); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("half a swap: %v", err)
	}
	must(b.UpdateAll(ctx, []contacts.Contact{x, y}))(t)
	for number, id := range map[string]string{"+919876543210": y.ID, "+919876543211": x.ID} {
		if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != id {
			t.Errorf("%s: %+v", number, m)
		}
	}
}

func TestEditRetries(t *testing.T) {
	b := newBook(t)
	c := must(b.Create(ctx, api("N", "0", "9876543210")))(t)
	const workers, rounds = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				_, err := b.Edit(ctx, c.ID, func(c *contacts.Contact) error {
					var n int
					fmt.Sscan(c.LastName, &n)
					c.LastName = fmt.Sprint(n + 1)
					c.ID = "ignored"
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if c = must(b.Get(ctx, c.ID))(t); c.LastName != fmt.Sprint(workers*rounds) {
		t.Errorf("%s edits survived of %d", c.LastName, workers*rounds)
	}
	stop := errors.New("stop")
	if _, err := b.Edit(ctx, c.ID, func(*contacts.Contact) error { return stop }); err != stop {
		t.Errorf("the callback's error came back as %v", err)
	}
}

func TestOneNumberManyCreators(t *testing.T) {
	b := newBook(t)
	var mu sync.Mutex
	var winner contacts.Contact
	won, refused := 0, map[string]int{}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			c, err := b.Create(ctx, api(fmt.Sprint("W", i), "X", "9876543210"))
			mu.Lock()
			defer mu.Unlock()
			var dup *contacts.DuplicateNumberError
			switch {
			case err == nil:
				winner = c
				won++
			case errors.As(err, &dup):
				refused[dup.Refusals[0].HolderID]++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 || refused[winner.ID] != 63 {
		t.Errorf("%d won, refused by holder: %v", won, refused)
	}
}

func TestDeleteUndeletePurge(t *testing.T) {
	b := newBook(t)
	x := must(b.Create(ctx, api("X", "X", "9876543210")))(t)
	x = must(b.Delete(ctx, x.ID))(t)
	if x.Status != contacts.Inactive || x.DeletedAt.IsZero() {
		t.Errorf("%+v", x)
	}
	if again := must(b.Delete(ctx, x.ID))(t); again.Revision != x.Revision {
		t.Error("deleting twice changed something")
	}
	y := must(b.Create(ctx, api("Y", "Y", "9876543210")))(t)
	_, err := b.Undelete(ctx, x.ID)
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) || dup.Refusals[0].HolderID != y.ID {
		t.Errorf("undelete: %v", err)
	}
	if _, err := b.At(y.Revision+7).Delete(ctx, y.ID); !errors.Is(err, contacts.ErrConflict) {
		t.Errorf("delete at another revision: %v", err)
	}
	must(b.At(y.Revision).Delete(ctx, y.ID))(t)
	x = must(b.Undelete(ctx, x.ID))(t)
	if x.Status != contacts.Active || !x.DeletedAt.IsZero() || strings.Contains(string(x.AppendJSON(nil)), "deletedAt") {
		t.Errorf("%+v", x)
	}
	if err := b.Purge(ctx, x.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(ctx, x.ID); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("get after purge: %v", err)
	}
	if err := b.Purge(ctx, x.ID); !errors.Is(err, contacts.ErrNotFound) {
		t.Errorf("purge twice: %v", err)
	}
	for e, err := range events(b) {
		if err != nil {
			t.Fatal(err)
		}
		if e.ID == x.ID && (!e.Blank || e.Contact.FirstName != "" || len(e.Lines) > 0) {
			t.Errorf("an event still tells: %+v", e)
		}
	}
	if n := must(b.Count(ctx))(t); n != (contacts.Counts{Inactive: 1}) {
		t.Errorf("%+v", n)
	}
}

// events yields the whole feed.
func events(b *contacts.Book) func(func(contacts.Event, error) bool) {
	return func(yield func(contacts.Event, error) bool) {
		var after contacts.Token
		for {
			list, err := b.Events(ctx, after, 7)
			if err != nil {
				yield(contacts.Event{}, err)
				return
			}
			if len(list) == 0 {
				return
			}
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
				after = e.Token()
			}
		}
	}
}

func TestOnce(t *testing.T) {
	b := newBook(t)
	first := must(b.Once("import-1").Create(ctx, api("X", "X", "9876543210")))(t)
	again := must(b.Once("import-1").Create(ctx, api("X", "X", "9876543210")))(t)
	if !reflect.DeepEqual(again, first) {
		t.Errorf("%+v, first %+v", again, first)
	}
	if _, err := b.Once("import-1").Create(ctx, api("X", "X", "9876543211")); !errors.Is(err, contacts.ErrOpReused) {
		t.Errorf("another payload: %v", err)
	}
	first.LastName = "Z"
	up := must(b.Once("up").Update(ctx, first))(t)
	if again := must(b.Once("up").Update(ctx, first))(t); again.Revision != up.Revision {
		t.Errorf("%+v", again)
	}
}
