package agentassist_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/agentassist"
	"github.com/callerbook/contacts/agentassist/agentassisttest"
	"github.com/callerbook/contacts/memstore"
)

// hosted returns a server as the hosted service with n contacts, in pages of
// size.
func hosted(t *testing.T, n, size int) *agentassisttest.Server {
	t.Helper()
	s := unbound(t, agentassisttest.Options{Hosted: true, MaxPage: size})
	s.SetRetryAfter(0)
	fill(t, s, 0, n)
	return s
}

func fill(t *testing.T, s *agentassisttest.Server, from, n int) {
	t.Helper()
	results, err := s.Book.As(contacts.Actor{ID: "somebody"}).CreateEach(t.Context(), people(from, n))
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func mirror(t *testing.T) *contacts.Book {
	t.Helper()
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b, err := contacts.Open(t.Context(), store, contacts.Scope{Account: "local", Stream: "mirror"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func pull(t *testing.T, c *agentassist.Client, b *contacts.Book, o *agentassist.PullOptions) agentassist.Pulled {
	t.Helper()
	p, err := agentassist.Pull(t.Context(), c, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// active returns the active contacts of a book in the API's form, by id, without
// what is the scope's, and, where it does not count, who changed them when.
func active(t *testing.T, b *contacts.Book, changed bool) map[string]string {
	t.Helper()
	list := map[string]string{}
	for c, err := range b.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			t.Fatal(err)
		}
		c.OrgID, c.AccountID, c.StreamID = "", "", ""
		if !changed {
			c.UpdatedAt, c.UpdatedBy, c.UpdatedByAID = time.Time{}, "", ""
		}
		list[c.ID] = string(c.AppendJSON(nil))
	}
	return list
}

func wantSame(t *testing.T, s *agentassisttest.Server, b *contacts.Book) {
	t.Helper()
	wantEqual(t, active(t, s.Book, true), active(t, b, true))
}

func wantEqual(t *testing.T, theirs, ours map[string]string) {
	t.Helper()
	for id, c := range theirs {
		if ours[id] != c {
			t.Errorf("contact %s\n  there %s\n  here  %s", id, c, ours[id])
		}
	}
	for id := range ours {
		if theirs[id] == "" {
			t.Errorf("contact %s is not there", id)
		}
	}
}

func ids(t *testing.T, b *contacts.Book) (list []string) {
	t.Helper()
	for c, err := range b.All(t.Context(), &contacts.ListOptions{Order: contacts.ByCreation}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, c.ID)
	}
	return list
}

func summary(p agentassist.Pulled) string {
	return fmt.Sprintf("%d of %d: %d new, %d changed, %d same, %d deleted, %d refused, %d twice, resumed %v",
		p.Listed, p.Total, p.Created, p.Updated, p.Same, p.Deleted, len(p.Refused), len(p.Duplicate), p.Resumed)
}

func TestPull(t *testing.T) {
	t.Parallel()
	s, b := hosted(t, 250, 20), mirror(t)
	c := s.Client()
	want := func(want string) {
		t.Helper()
		if got := summary(pull(t, c, b, nil)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		wantSame(t, s, b)
	}
	want("250 of 250: 250 new, 0 changed, 0 same, 0 deleted, 0 refused, 0 twice, resumed false")
	before, err := b.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want("250 of 250: 0 new, 0 changed, 250 same, 0 deleted, 0 refused, 0 twice, resumed false")
	if after, err := b.Token(t.Context()); err != nil || after != before {
		t.Errorf("an unchanged tenant wrote %v after %v, %v", after, before, err)
	}
	if n := len(s.Requests()); n > 2*14 {
		t.Errorf("%d requests for two times 250 contacts by 20", n)
	}

	all := ids(t, s.Book)
	if !slices.Equal(ids(t, b), all) {
		t.Error("in another order")
	}
	for i, id := range all {
		switch i % 50 {
		case 1:
			_, err = s.Book.Edit(t.Context(), id, func(c *contacts.Contact) error { c.LastName = "Changed"; return nil })
		case 2:
			_, err = s.Book.Delete(t.Context(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, 1000, 7)
	want("252 of 252: 7 new, 5 changed, 240 same, 5 deleted, 0 refused, 0 twice, resumed false")
	gone, err := b.Get(t.Context(), all[2])
	if err != nil || gone.Status != contacts.Inactive {
		t.Errorf("%v, %v", gone.Status, err)
	}
	if _, err := s.Book.Undelete(t.Context(), all[2]); err != nil {
		t.Fatal(err)
	}
	want("253 of 253: 0 new, 1 changed, 252 same, 0 deleted, 0 refused, 0 twice, resumed false")
}

// What the book cannot have is reported, and what it should not have is kept.
func TestPullReports(t *testing.T) {
	t.Parallel()
	s, b := hosted(t, 10, 4), mirror(t)
	keep := s.Book.With(contacts.Rules{KeepDuplicates: true})
	twin := person(3)
	twin.FirstName = "Twin"
	if _, err := keep.Create(t.Context(), twin); err != nil {
		t.Fatal(err)
	}
	p := pull(t, s.Client(), b, nil)
	all := ids(t, s.Book)
	if len(p.Duplicate) != 1 || len(p.Duplicate[0].Contacts) != 2 || p.Duplicate[0].Contacts[1].ID != all[10] || p.Created != 11 {
		t.Errorf("%s, %v", summary(p), p.Duplicate)
	}
	wantSame(t, s, b)

	// Purged and merged here, and of a number that cannot be at all.
	if err := b.Purge(t.Context(), all[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Merge(t.Context(), all[1], []string{all[2]}, nil); err != nil {
		t.Fatal(err)
	}
	p = pull(t, s.Client(), b, nil)
	var purged *contacts.PurgedError
	if len(p.Refused) != 2 || !errors.As(p.Refused[0].Err, &purged) || p.Refused[0].Contact.ID != all[0] || !errors.Is(p.Refused[1].Err, contacts.ErrMerged) {
		t.Errorf("%s, %v", summary(p), p.Refused)
	}
	odd := newLoose(t)
	odd.add(people(0, 3), time.Now())
	odd.list[1].CellPhone = contacts.Phone{Number: "Zebulon"}
	odd.list[2].ID = ""
	b = mirror(t)
	p = pull(t, newClient(t, odd.options()), b, nil)
	if len(p.Refused) != 2 || p.Created != 1 || !errors.Is(p.Refused[0].Err, contacts.ErrInvalid) || !errors.Is(p.Refused[1].Err, contacts.ErrInvalid) {
		t.Errorf("%s, %v", summary(p), p.Refused)
	}
}

// Fields that the API does not have.
func TestPullOwnFields(t *testing.T) {
	t.Parallel()
	s, b := unbound(t, agentassisttest.Options{Handler: agentassist.Options{Extended: true}}), mirror(t)
	fill(t, s, 0, 2)
	pull(t, s.Client(), b, nil)
	all := ids(t, b)
	note := func(b *contacts.Book, notes, tag string) {
		t.Helper()
		_, err := b.With(contacts.RelaxedRules()).Edit(t.Context(), all[0], func(c *contacts.Contact) error { c.Notes, c.Tags = notes, []string{tag}; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	note(b, "ours", "here")
	note(s.Book, "theirs", "there")
	if p := pull(t, s.Client(), b, nil); p.Same != 2 {
		t.Error(summary(p))
	}
	if c, err := b.Get(t.Context(), all[0]); err != nil || c.Notes != "ours" || c.Tags[0] != "here" {
		t.Errorf("%v, %v", c.Notes, err)
	}
	if p := pull(t, s.Client(), b, &agentassist.PullOptions{Extended: true}); p.Updated != 1 {
		t.Error(summary(p))
	}
	wantSame(t, s, b)
}

// Nothing is deleted where that is likely a mistake, or not wanted.
func TestPullDeletes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, b := hosted(t, 60, 100), mirror(t)
	pull(t, s.Client(), b, nil)
	all := ids(t, s.Book)
	if _, err := s.Book.DeleteEach(ctx, all[:31]); err != nil {
		t.Fatal(err)
	}
	if p := pull(t, s.Client(), b, &agentassist.PullOptions{KeepDeleted: true}); p.Deleted != 0 || len(ids(t, b)) != 60 {
		t.Error(summary(p))
	}
	if p, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || p.Deleted != 0 || p.Same != 29 || len(ids(t, b)) != 60 {
		t.Errorf("%s, %v", summary(p), err)
	}
	// One that somebody changed here since, and one that is only here.
	own, err := b.With(contacts.RelaxedRules()).Create(ctx, contacts.Contact{FirstName: "Own"})
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	p := pull(t, s.Client(), b, &agentassist.PullOptions{DeleteMost: true, Progress: func(agentassist.Pulled) {
		if !changed {
			changed = true
			if _, err := b.With(contacts.RelaxedRules()).Edit(ctx, all[0], func(c *contacts.Contact) error { c.Notes = "mine"; return nil }); err != nil {
				t.Error(err)
			}
		}
	}})
	if c, err := b.Get(ctx, own.ID); p.Deleted != 31 || err != nil || c.Status != contacts.Inactive {
		t.Errorf("%s, %v, %v", summary(p), c.Status, err)
	}
	if c, err := b.Get(ctx, all[0]); err != nil || c.Status != contacts.Active {
		t.Errorf("changed here meanwhile: %v, %v", c.Status, err)
	}
	pull(t, s.Client(), b, nil)
	wantSame(t, s, b)

	if _, err := s.Book.DeleteEach(ctx, all[31:]); err != nil {
		t.Fatal(err)
	}
	if _, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || len(ids(t, b)) != 29 {
		t.Errorf("a service that lists none: %v", err)
	}
	pull(t, s.Client(), b, &agentassist.PullOptions{DeleteMost: true})
	wantSame(t, s, b)

	// Few are deleted without being told, but not all.
	s, b = hosted(t, 10, 100), mirror(t)
	pull(t, s.Client(), b, nil)
	all = ids(t, s.Book)
	if _, err := s.Book.DeleteEach(ctx, all[:9]); err != nil {
		t.Fatal(err)
	}
	if p := pull(t, s.Client(), b, nil); p.Deleted != 9 {
		t.Error(summary(p))
	}
	if _, err := s.Book.Delete(ctx, all[9]); err != nil {
		t.Fatal(err)
	}
	if _, err := agentassist.Pull(ctx, s.Client(), b, nil); !errors.Is(err, agentassist.ErrMostGone) || len(ids(t, b)) != 1 {
		t.Errorf("a service that lists none: %v", err)
	}
}

// A pull that is interrupted at any page, in any way, goes on there.
// Deletions are found by a pull that was interrupted, too; and what was in its
// first part and went away meanwhile, by the next one.
// The list moves while it is read: nothing is passed over, in one reading.
// A list that is not in order of creation: what moves from what is to be read to
// what was read is found by a second reading, which is not begun again either.
// Faults of all kinds do not change the outcome.
// Others create, change, delete and undelete while it reads. Nothing that is
// there all the time is lost, and when they rest the next pull has it all.
// A service that refuses large pages, one that gives single contacts, and one
// whose list is newest first.
// Whose journal is gone on with, and what becomes of other files.

// A pull keeps to what the hosted service takes, also with a client that is not
// told to.
func TestPullIsPaced(t *testing.T) {
	t.Parallel()
	s := unbound(t, agentassisttest.Options{Hosted: true, MaxPage: 2})
	if _, err := s.Book.CreateAll(t.Context(), people(0, 200)); err != nil {
		t.Fatal(err)
	}
	o := s.ClientOptions()
	o.RatePerMinute = 0
	c := newClient(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // the next turn comes later
	defer cancel()
	if p, err := agentassist.Pull(ctx, c, mirror(t), nil); !errors.Is(err, context.DeadlineExceeded) || len(s.Requests()) > 1 {
		t.Errorf("%d requests, %+v, %v", len(s.Requests()), p, err)
	}
	if p, err := c.List(t.Context(), 0, 1); err != nil || p.TotalResults != 200 { // which is not spaced
		t.Errorf("%+v, %v", p, err)
	}
}
