package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

func TestUpsert(t *testing.T) {
	given := contacts.Contact{FirstName: "Johnny", LastName: "Doe", Organization: "Acme", Tags: []string{"new"},
		CellPhone: contacts.Phone{Number: "09876543210"}, Emails: []contacts.Email{{Address: "J@x.example"}},
		Phones: []contacts.Phone{{Number: "+44 20 7946 0000", Label: "work"}}, Custom: map[string]string{"a": "2", "b": "2"}}
	tests := []struct {
		policy contacts.UpsertPolicy
		want   string
	}{
		{contacts.FillEmpty, "John Doe/Acme/[old new]/[j@x.example]/2/map[a:1 b:2]"},
		{contacts.PreferGiven, "Johnny Doe/Acme/[old new]/[j@x.example]/2/map[a:2 b:2]"},
		{contacts.PreferExisting, "John Doe/Acme/[old]/[j@x.example]/2/map[a:1 b:2]"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.policy), func(t *testing.T) {
			b := relaxed(t)
			old := typed("John", "+919876543210")
			old.Tags, old.Emails, old.Custom = []string{"old"}, []contacts.Email{{Address: "j@x.example"}}, map[string]string{"a": "1"}
			old = must(b.Create(ctx, old))(t)
			u := must(b.Upsert(ctx, given, &contacts.UpsertOptions{Policy: tt.policy}))(t)
			c := u.Contact
			var mails []string
			for _, e := range c.Emails {
				mails = append(mails, e.Address)
			}
			got := fmt.Sprintf("%s/%s/%v/%v/%d/%v", c.FullName, c.Organization, c.Tags, mails, 1+len(c.Phones), c.Custom)
			if got != tt.want || u.Created || !u.Changed || c.ID != old.ID || c.CellPhone.Number != "+919876543210" {
				t.Errorf("\n got %s %+v\nwant %s", got, u, tt.want)
			}
			again := must(b.Upsert(ctx, given, &contacts.UpsertOptions{Policy: tt.policy}))(t)
			if again.Changed || again.Contact.Revision != c.Revision {
				t.Errorf("the second time: %+v", again)
			}
		})
	}

	b := relaxed(t)
	u := must(b.Upsert(ctx, given, nil))(t)
	if !u.Created || !u.Changed {
		t.Errorf("%+v", u)
	}
	must(b.Create(ctx, typed("Other", "+919876543299")))(t)
	both := typed("Both", "+919876543210")
	both.Phones = []contacts.Phone{{Number: "+919876543299"}}
	_, err := b.Upsert(ctx, both, nil)
	var amb *contacts.AmbiguousError
	if !errors.As(err, &amb) || len(amb.Holders) != 2 || strings.Contains(err.Error(), "Johnny") {
		t.Errorf("two holders: %v", err)
	}
}

func TestUpsertRace(t *testing.T) {
	b := relaxed(t)
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			c := typed("R", "+919876543210")
			c.Tags = []string{fmt.Sprint("t", i)}
			if _, err := b.Upsert(ctx, c, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	m := must(b.Lookup(ctx, "+919876543210", nil))(t)
	if n := must(b.Count(ctx))(t).Active; n != 1 || len(m.Contact.Tags) != 32 {
		t.Errorf("%d contacts, %d tags", n, len(m.Contact.Tags))
	}
}

func TestReassign(t *testing.T) {
	b := relaxed(t)
	from := typed("From", "+919876543210")
	from.Phones = []contacts.Phone{{Number: "+442079460000", Label: "work"}}
	from = must(b.Create(ctx, from))(t)
	to := must(b.Create(ctx, contacts.Contact{FirstName: "To"}))(t)

	to = must(b.Reassign(ctx, "098765 43210", to.ID))(t)
	if to.CellPhone.Number != "+919876543210" {
		t.Errorf("%+v", to)
	}
	to = must(b.Reassign(ctx, "+442079460000", to.ID))(t)
	if len(to.Phones) != 1 || to.Phones[0].Label != "work" {
		t.Errorf("%+v", to.Phones)
	}
	if from = must(b.Get(ctx, from.ID))(t); from.CellPhone.Number != "" || from.Phones != nil {
		t.Errorf("%+v", from)
	}
	if m := must(b.Lookup(ctx, "+919876543210", nil))(t); m.Contact.ID != to.ID {
		t.Errorf("%+v", m.Contact)
	}
	if again := must(b.Reassign(ctx, "+442079460000", to.ID))(t); again.Revision != to.Revision {
		t.Error("a number that it has already was written again")
	}
	to = must(b.Reassign(ctx, "+14155552671", to.ID))(t) // nobody's
	if len(to.Phones) != 2 {
		t.Errorf("%+v", to.Phones)
	}
	must(b.Delete(ctx, from.ID))(t)
	if _, err := b.Reassign(ctx, "+14155552671", from.ID); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("to a deleted contact: %v", err)
	}
	if _, err := b.Reassign(ctx, "x", to.ID); !errors.Is(err, contacts.ErrInvalid) {
		t.Errorf("no number: %v", err)
	}
}

// Duplicates from before the rule stay until a person resolves them, and block
// the number while one of them has it.
func TestLegacyDuplicates(t *testing.T) {
	b := relaxed(t)
	x := must(b.Create(ctx, typed("X", "+919876543210")))(t)
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	y := must(b.With(rules).Create(ctx, typed("Y", "+919876543210")))(t)

	var found []contacts.Duplicate
	for d, err := range b.Duplicates(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, d)
	}
	if len(found) != 1 || len(found[0].Contacts) != 2 || found[0].Contacts[0].ID != x.ID || found[0].Contacts[1].ID != y.ID {
		t.Fatalf("%+v", found)
	}
	if n := must(b.Count(ctx))(t); n.Duplicates != 1 {
		t.Errorf("%+v", n)
	}
	if m := must(b.Lookup(ctx, "+919876543210", nil))(t); m.Kind != contacts.MatchAmbiguous || len(m.Candidates) != 2 {
		t.Errorf("%v", m.Kind)
	}
	y.LastName = "Edited"
	y = must(b.Update(ctx, y))(t)
	if _, err := b.Create(ctx, typed("Z", "+919876543210")); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("a third: %v", err)
	}
	must(b.Delete(ctx, x.ID))(t)
	if _, err := b.Create(ctx, typed("Z", "+919876543210")); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("while one is left: %v", err)
	}
	if m := must(b.Lookup(ctx, "+919876543210", nil))(t); m.Contact.ID != y.ID {
		t.Errorf("%+v", m)
	}
	must(b.Delete(ctx, y.ID))(t)
	must(b.Create(ctx, typed("Z", "+919876543210")))(t)
}

func TestListAndAll(t *testing.T) {
	b := relaxed(t)
	names := []string{"Émile", "anton", "Zoë", "Bo", "Ørsted", "anna", "Carla"}
	ids := map[string]string{}
	for i, n := range names {
		ids[n] = must(b.Create(ctx, typed(n, fmt.Sprint("+91987654321", i))))(t).ID
	}
	must(b.Delete(ctx, ids["Bo"]))(t)
	must(b.Edit(ctx, ids["anna"], func(c *contacts.Contact) error { c.Notes = "x"; return nil }))(t)

	tests := []struct {
		name string
		o    contacts.ListOptions
		want string
	}{
		{"by name", contacts.ListOptions{}, "anna anton Carla Émile Ørsted Zoë"},
		{"reverse", contacts.ListOptions{Reverse: true}, "Zoë Ørsted Émile Carla anton anna"},
		{"from", contacts.ListOptions{From: "C"}, "Carla Émile Ørsted Zoë"},
		{"skip", contacts.ListOptions{Skip: 4}, "Ørsted Zoë"},
		{"by creation", contacts.ListOptions{Order: contacts.ByCreation}, "Émile anton Zoë Ørsted anna Carla"},
		{"by change", contacts.ListOptions{Order: contacts.ByChange}, "Émile anton Zoë Ørsted Carla anna"},
		{"deleted", contacts.ListOptions{Status: []contacts.Status{contacts.Inactive}}, "Bo"},
		{"all", contacts.ListOptions{Order: contacts.ByCreation, Status: []contacts.Status{contacts.Active, contacts.Inactive}},
			"Émile anton Zoë Bo Ørsted anna Carla"},
	}
	for _, tt := range tests {
		for _, limit := range []int{0, 1, 2, 6} {
			o := tt.o
			o.Limit = limit
			var got []string
			for {
				page := must(b.List(ctx, &o))(t)
				for _, c := range page.Contacts {
					got = append(got, c.FullName)
				}
				if limit > 0 && page.Next != "" && len(page.Contacts) != limit {
					t.Errorf("%s: a page of %d in place of %d", tt.name, len(page.Contacts), limit)
				}
				if page.Next == "" {
					break
				}
				o.Cursor, o.Skip = page.Next, 0
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s, pages of %d: %s, want %s", tt.name, limit, s, tt.want)
			}
		}
		var got []string
		for c, err := range b.All(ctx, &tt.o) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, c.FullName)
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("All %s: %s, want %s", tt.name, s, tt.want)
		}
	}
	for c, err := range b.All(ctx, nil) { // the loop may write
		if err != nil {
			t.Fatal(err)
		}
		must(b.Edit(ctx, c.ID, func(c *contacts.Contact) error { c.Title = "seen"; return nil }))(t)
	}
	if _, err := b.List(ctx, &contacts.ListOptions{Cursor: "garbage"}); !errors.Is(err, contacts.ErrCursor) {
		t.Errorf("garbage as a cursor: %v", err)
	}
}

func TestWatch(t *testing.T) {
	b := relaxed(t)
	must(b.Create(ctx, typed("Before", "+919876543200")))(t)
	from := must(b.Token(ctx))(t)
	back, err := contacts.ParseToken(from.String())
	if err != nil || back != from {
		t.Errorf("%v %v", back, err)
	}
	const n = 300
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var seen []uint64
	done := make(chan error)
	go func() {
		for e, err := range b.Watch(ctx, from) {
			if err != nil {
				done <- err
				return
			}
			seen = append(seen, e.Revision)
			if len(seen) == n {
				cancel()
			}
		}
	}()
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range n / 3 {
				if _, err := b.Create(context.Background(), typed("W", fmt.Sprintf("+9198765%d%04d", w, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		cancel() // the watcher would wait for what was not written
	}
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for i, r := range seen {
		if r != from.Revision+uint64(i)+1 {
			t.Fatalf("event %d has revision %d after %d", i, r, from.Revision)
		}
	}

	other := contacts.Token{Epoch: "elsewhere", Revision: 1}
	if _, err := b.Events(context.Background(), other, 0); !errors.Is(err, contacts.ErrTrimmed) {
		t.Errorf("a token of another feed: %v", err)
	}
}

// A book whose rules see numbers otherwise than those it was written under is
// re-indexed when it is opened.
func TestReindexOnOpen(t *testing.T) {
	s := newStore(t)
	plain := &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: &phone.Rules{Off: []string{"*"}}}}
	b := openBook(t, s, plain)
	x := must(b.Create(ctx, typed("X", "+54 9 11 2345-6789")))(t)
	y := must(b.Create(ctx, typed("Y", "+54 11 2345-6789")))(t)
	z := must(b.Create(ctx, typed("Z", "+91 98765 43210")))(t)
	before := must(b.Token(ctx))(t)

	deferred := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
	if _, err := deferred.Create(ctx, typed("N", "+14155552671")); !errors.Is(err, contacts.ErrStaleIndex) {
		t.Errorf("a write under other rules: %v", err)
	}
	steps := 0
	r := must(deferred.Reindex(ctx, &contacts.ReindexOptions{Progress: func(done, total uint64) {
		steps++
		if done > total {
			t.Errorf("%d of %d", done, total)
		}
	}}))(t)
	if r.Contacts != 3 || len(r.Collisions) != 1 || steps == 0 {
		t.Errorf("%+v", r)
	}
	if now := must(deferred.Token(ctx))(t); now != before {
		t.Errorf("the feed moved from %v to %v", before, now)
	}
	if _, err := b.Create(ctx, typed("N", "+14155552671")); !errors.Is(err, contacts.ErrStaleIndex) {
		t.Errorf("the stale book still writes: %v", err)
	}
	if _, err := b.Lookup(ctx, "+919876543210", nil); !errors.Is(err, contacts.ErrStaleIndex) {
		t.Errorf("the stale book still looks up: %v", err)
	}
	b = openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	var ids []string
	for d, err := range b.Duplicates(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Contacts {
			ids = append(ids, c.ID)
		}
	}
	if !slices.Equal(ids, []string{x.ID, y.ID}) {
		t.Errorf("duplicates %v", ids)
	}
	if got := must(b.Get(ctx, z.ID))(t); got.Revision != z.Revision {
		t.Errorf("%+v", got)
	}
}

func TestScopesAreApart(t *testing.T) {
	s := newStore(t)
	id := 0
	o := &contacts.Options{Rules: contacts.RelaxedRules(), NewID: func() string { id++; return fmt.Sprint("same-", (id+1)/2) }}
	var books []*contacts.Book
	for _, stream := range []string{"one", "two"} {
		books = append(books, must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: stream}, o))(t))
	}
	for i := range 2 {
		for _, b := range books {
			c := must(b.Create(ctx, typed(b.Scope().Stream, fmt.Sprint("+9198765432", 10+i))))(t)
			if c.ID != fmt.Sprint("same-", i+1) {
				t.Fatalf("id %s", c.ID)
			}
		}
	}
	for _, b := range books {
		m := must(b.Lookup(ctx, "+919876543210", nil))(t)
		if m.Contact.FirstName != b.Scope().Stream || len(m.Candidates) > 0 {
			t.Errorf("%+v", m)
		}
	}
	page := must(books[0].List(ctx, &contacts.ListOptions{Limit: 1}))(t)
	if _, err := books[1].List(ctx, &contacts.ListOptions{Limit: 1, Cursor: page.Next}); !errors.Is(err, contacts.ErrCursor) {
		t.Errorf("the cursor of another scope: %v", err)
	}
	var scopes []string
	for sc, err := range contacts.Scopes(ctx, s) {
		if err != nil {
			t.Fatal(err)
		}
		scopes = append(scopes, sc.Account+"/"+sc.Stream)
	}
	if fmt.Sprint(scopes) != "[acme/one acme/two]" {
		t.Errorf("%v", scopes)
	}
}

func TestUniqueByAccount(t *testing.T) {
	s := newStore(t)
	open := func(stream string, by contacts.UniqueBy) (*contacts.Book, error) {
		return contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: stream}, &contacts.Options{Rules: contacts.RelaxedRules(), UniqueBy: by})
	}
	one := must(open("one", contacts.UniqueByAccount))(t)
	two := must(open("two", contacts.UniqueByAccount))(t)
	c := must(one.Create(ctx, typed("Secret", "+919876543210")))(t)
	_, err := two.Create(ctx, typed("X", "+919876543210"))
	var dup *contacts.DuplicateNumberError
	if !errors.As(err, &dup) || dup.Refusals[0].HolderID != "" || dup.Refusals[0].HolderName != "" ||
		strings.Contains(err.Error(), c.ID) || strings.Contains(err.Error(), "S***") {
		t.Errorf("%v %+v", err, dup)
	}
	if _, err := two.Upsert(ctx, typed("X", "+919876543210"), nil); !errors.Is(err, contacts.ErrDuplicateNumber) {
		t.Errorf("upsert: %v", err)
	}
	if m := must(two.Lookup(ctx, "+919876543210", nil))(t); m.Kind != contacts.MatchNone {
		t.Errorf("%+v", m)
	}
	if _, err := open("one", contacts.UniqueByStream); !errors.Is(err, contacts.ErrUniqueBy) {
		t.Errorf("another measure: %v", err)
	}
	must(one.Delete(ctx, c.ID))(t)
	must(two.Create(ctx, typed("X", "+919876543210")))(t)
}

func TestReadOnlyBook(t *testing.T) {
	s := newStore(t)
	c := must(openBook(t, s, nil).Create(ctx, api("A", "B", "9876543210")))(t)
	b := openBook(t, s, &contacts.Options{ReadOnly: true})
	must(b.Get(ctx, c.ID))(t)
	if _, err := b.Create(ctx, api("A", "B", "9876543211")); !errors.Is(err, contacts.ErrReadOnly) {
		t.Error(err)
	}
}
