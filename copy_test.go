package contacts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/phone"
)

// kinds of stores to copy from and to.
var kinds = map[string]func(t *testing.T) contacts.Store{
	"memory": newStore,
	"file": func(t *testing.T) contacts.Store {
		t.Helper()
		s, err := boltstore.Open(filepath.Join(tempDir(t), "book.db"), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := contacts.Check(ctx, s); err != nil {
				t.Errorf("the file is not sound after the test: %v", err)
			}
			s.Close()
		})
		return s
	},
}

var (
	busyScope    = contacts.Scope{Account: "acme", Stream: "st-1"}
	trimmedScope = contacts.Scope{Account: "acme", Stream: "st-2"}
	emptyScope   = contacts.Scope{Account: "empty"}
)

// fill writes scopes with everything that a scope may have, and returns the
// ids of the first one.
func fill(t *testing.T, s contacts.Store) []string {
	t.Helper()
	ids := fillScope(t, s, busyScope)
	fillScope(t, s, trimmedScope)
	if err := contacts.Trim(ctx, s, trimmedScope, 20); err != nil {
		t.Fatal(err)
	}
	b := must(contacts.Open(ctx, s, emptyScope, nil))(t)
	must(b.SetSite(ctx, phone.Site{Region: "IN", OutsideLine: "0"}))(t)
	for _, stream := range []string{"a", "b"} {
		b := must(contacts.Open(ctx, s, contacts.Scope{Account: "wide", Stream: stream},
			&contacts.Options{UniqueBy: contacts.UniqueByAccount, Rules: contacts.Rules{Optional: true, AnyNotation: true, KeepDuplicates: true}}))(t)
		must(b.Create(ctx, typed("Twice "+stream, "+919876543210")))(t)
	}
	return ids
}

func fillScope(t *testing.T, s contacts.Store, scope contacts.Scope) []string {
	t.Helper()
	rules := contacts.RelaxedRules()
	rules.KeepDuplicates = true
	b := must(contacts.Open(ctx, s, scope, &contacts.Options{Rules: rules, Actor: contacts.Actor{ID: "agent-7"}}))(t)
	b = must(b.SetSite(ctx, phone.Site{Region: "GB"}))(t)
	var ids []string
	for i := range 12 {
		c := must(b.Create(ctx, contacts.Contact{
			FirstName: fmt.Sprintf("First%d", i), LastName: "Läst", Salutation: "Mr", Organization: "Org", Title: "T", Notes: "a\nb",
			CellPhone: contacts.Phone{Number: fmt.Sprintf("+9198765432%02d", i), Extension: "+"},
			Phones:    []contacts.Phone{{Number: fmt.Sprintf("020 7946 00%02d", i), Label: "work"}, {Number: "+442079460999", Shared: true}},
			Emails:    []contacts.Email{{Address: fmt.Sprintf("a%d@example.com", i), Label: "home"}},
			Tags:      []string{"vip"}, Custom: map[string]string{"k": "v", "k2": "w"}, ClientRef: fmt.Sprint("ref", i),
			Address: []json.RawMessage{json.RawMessage(`{"city":"X"}`)}, Twitter: []json.RawMessage{json.RawMessage(`"@x"`)},
		}))(t)
		ids = append(ids, c.ID)
	}
	edit := func(id string, fn func(*contacts.Contact)) {
		t.Helper()
		must(b.As(contacts.Actor{ID: "agent-8"}).Edit(ctx, id, func(c *contacts.Contact) error { fn(c); return nil }))(t)
	}
	edit(ids[1], func(c *contacts.Contact) { c.FirstName = "Other" })
	edit(ids[1], func(c *contacts.Contact) { c.Phones = nil })
	edit(ids[2], func(c *contacts.Contact) { c.CellPhone.Number = "+919876543200" }) // that of ids[0]
	must(b.Delete(ctx, ids[3]))(t)
	must(b.Delete(ctx, ids[4]))(t)
	must(b.Undelete(ctx, ids[4]))(t)
	merged := must(s.Get(ctx, scope, ids[5]))(t)
	merged.Status, merged.MergedInto = contacts.Merged, ids[6]
	st := must(s.Stat(ctx, scope))(t)
	must(s.Apply(ctx, scope, contacts.Batch{Index: st.Index, Writes: []contacts.Write{
		{Contact: merged, Revision: merged.Revision, Keys: contacts.Keys{Sort: "merged"}},
	}}))(t)
	edit(ids[7], func(c *contacts.Contact) { c.Title = "gone" })
	if err := b.As(contacts.Actor{ID: "agent-9"}).Purge(ctx, ids[7]); err != nil {
		t.Fatal(err)
	}
	must(s.Apply(ctx, scope, contacts.Batch{Index: st.Index, Writes: []contacts.Write{
		{Kind: contacts.Purge, Revision: 9, Contact: contacts.Contact{ID: ids[8], MergedInto: ids[6], UpdatedBy: "u-1", UpdatedByAID: "agent-9", UpdatedAt: merged.UpdatedAt}},
	}}))(t)
	must(b.UpdateAll(ctx, must(updated(b, ids[9], ids[10]))(t)))(t)
	for range 3 {
		edit(ids[11], func(c *contacts.Contact) { c.Notes += "." })
	}
	// Keys by the rules of this library, also for the contact merged above.
	for _, rules := range []*phone.Rules{{Off: []string{"*"}}, nil} {
		must(contacts.Open(ctx, s, scope, &contacts.Options{Site: phone.Site{Rules: rules}}))(t)
	}
	return ids
}

func updated(b *contacts.Book, ids ...string) (list []contacts.Contact, err error) {
	for _, id := range ids {
		c, err := b.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		c.Tags = append(c.Tags, "new")
		list = append(list, c)
	}
	return list, nil
}

// sameScope compares all that can be read of a scope in two stores.
func sameScope(t *testing.T, a, b contacts.Store, scope contacts.Scope) {
	t.Helper()
	one, two := must(a.Stat(ctx, scope))(t), must(b.Stat(ctx, scope))(t)
	if one.Epoch == two.Epoch {
		t.Errorf("%v: the copy has the epoch of the source", scope)
	}
	one.Epoch, two.Epoch = "", ""
	if !reflect.DeepEqual(one, two) {
		t.Errorf("%v: Stat is\n%+v, in the copy\n%+v", scope, one, two)
	}
	for _, q := range []contacts.Query{{Order: contacts.ByCreation}, {Order: contacts.ByChange}, {}, {Duplicates: true},
		{Words: []contacts.Term{{Text: "first"}}}, {Suffix: "432"}} {
		q.Limit = contacts.MaxLimit
		if !q.Duplicates {
			q.Status = []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}
		}
		one, two := must(a.Find(ctx, scope, q))(t), must(b.Find(ctx, scope, q))(t)
		if len(one.Hits) != len(two.Hits) {
			t.Errorf("%v: %+v finds %d contacts, in the copy %d", scope, q, len(one.Hits), len(two.Hits))
			continue
		}
		for i := range one.Hits {
			if !reflect.DeepEqual(one.Hits[i], two.Hits[i]) {
				t.Errorf("%v: %+v finds\n%+v, in the copy\n%+v", scope, q, one.Hits[i], two.Hits[i])
				break
			}
		}
		if q.Order == contacts.ByCreation {
			for _, h := range one.Hits {
				hist := contacts.HistoryQuery{ID: h.Contact.ID}
				sameEvents(t, fmt.Sprint(scope, " of a contact"), must(a.History(ctx, scope, hist))(t), must(b.History(ctx, scope, hist))(t))
			}
		}
	}
	sameEvents(t, fmt.Sprint(scope), must(a.Events(ctx, scope, one.First, contacts.MaxLimit))(t),
		must(b.Events(ctx, scope, one.First, contacts.MaxLimit))(t))
}

// sameEvents compares all but BatchEnd, which a store that is loaded knows of
// superseded states only.
func sameEvents(t *testing.T, what string, a, b []contacts.Event) {
	t.Helper()
	if len(a) != len(b) {
		t.Errorf("%s: %d events, in the copy %d", what, len(a), len(b))
		return
	}
	for i := range a {
		x, y := a[i], b[i]
		x.BatchEnd, y.BatchEnd = 0, 0
		if !reflect.DeepEqual(x, y) {
			t.Errorf("%s: the event is\n%+v, in the copy\n%+v", what, x, y)
		}
	}
}

func scopesOf(t *testing.T, s contacts.Store) (list []contacts.Scope) {
	t.Helper()
	for sc, err := range contacts.Scopes(ctx, s) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sc)
	}
	return list
}

func TestCopy(t *testing.T) {
	for from := range kinds {
		for to := range kinds {
			t.Run(from+" to "+to, func(t *testing.T) {
				src, dst := kinds[from](t), kinds[to](t)
				ids := fill(t, src)
				done := must(contacts.Copy(ctx, dst, src, nil))(t)
				if len(done.Scopes) != 5 || len(scopesOf(t, dst)) != 5 {
					t.Fatalf("copied %+v", done.Scopes)
				}
				for _, s := range done.Scopes {
					sameScope(t, src, dst, s.Scope)
					if s.Skipped || !s.History {
						t.Errorf("%+v", s)
					}
				}
				got := done.Scopes[0]
				want := contacts.CopiedScope{Scope: busyScope, Counts: contacts.Counts{Active: 8, Inactive: 1, Merged: 1, Duplicates: 1},
					History: true, Past: 12, Purged: 2, Last: 27, Kept: got.Kept}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("copied\n%+v, want\n%+v", got, want)
				}
				if len(got.Kept) != 1 || got.Kept[0].Index != 2 || got.Kept[0].Earlier != 0 || got.Kept[0].Number == "" {
					t.Errorf("kept %+v", got.Kept)
				}
				if s := done.Scopes[1]; s.Purged != 2 || s.Past == 0 || s.Past >= got.Past {
					t.Errorf("trimmed: %+v", s)
				}
				if wide := done.Scopes[4]; len(wide.Kept) != 1 || wide.Kept[0].HolderID != "" {
					t.Errorf("kept in an account: %+v", wide.Kept)
				}
				b := must(contacts.Open(ctx, dst, emptyScope, nil))(t)
				if s := b.Site(); s.Region != "IN" || s.OutsideLine != "0" {
					t.Errorf("the site is %+v", s)
				}
				// The copy goes on as a book: revisions go up, purged ids stay taken.
				b = must(contacts.Open(ctx, dst, busyScope, &contacts.Options{Rules: contacts.RelaxedRules()}))(t)
				if c := must(b.Create(ctx, typed("New", "+919800000000")))(t); c.Revision != 28 {
					t.Errorf("the next revision is %d", c.Revision)
				}
				_, err := b.Create(ctx, typed("New", "+919876543201"))
				wantErr(t, err, contacts.ErrDuplicateNumber)
				for _, id := range []string{ids[7], ids[8]} {
					var one, two *contacts.PurgedError
					_, err = src.Get(ctx, busyScope, id)
					errors.As(err, &one)
					_, err = dst.Get(ctx, busyScope, id)
					errors.As(err, &two)
					wantErr(t, err, contacts.ErrNotFound)
					if !reflect.DeepEqual(one, two) {
						t.Errorf("purged: %+v, in the copy %+v", one, two)
					}
				}
				old := must(contacts.Open(ctx, src, busyScope, nil))(t)
				_, err = b.Events(ctx, must(old.Token(ctx))(t), 0)
				wantErr(t, err, contacts.ErrTrimmed)
			})
		}
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("the error is %v, want %v", err, want)
	}
}

func TestCopyAgain(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	fill(t, src)
	first := must(contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Scopes: []contacts.Scope{trimmedScope, emptyScope}}))(t)
	again := must(contacts.Copy(ctx, dst, src, nil))(t)
	for _, s := range again.Scopes {
		if want := s.Scope == trimmedScope || s.Scope == emptyScope; s.Skipped != want {
			t.Errorf("skipped %t: %+v", s.Skipped, s)
		}
		sameScope(t, src, dst, s.Scope)
	}
	if a, b := first.Scopes[0], again.Scopes[1]; a.Past != b.Past || a.Purged != b.Purged || a.Counts != b.Counts {
		t.Errorf("first %+v, again %+v", a, b)
	}

	before := must(dst.Stat(ctx, busyScope))(t)
	b := must(contacts.Open(ctx, src, busyScope, &contacts.Options{Rules: contacts.RelaxedRules()}))(t)
	must(b.Create(ctx, typed("Later", "+919811111111")))(t)
	done, err := contacts.Copy(ctx, dst, src, nil)
	wantErr(t, err, contacts.ErrNotEmpty)
	if len(done.Scopes) != 0 || !strings.Contains(fmt.Sprint(err), `account "acme", stream "st-1"`) {
		t.Errorf("%+v, %v", done, err)
	}
	if now := must(dst.Stat(ctx, busyScope))(t); !reflect.DeepEqual(before, now) {
		t.Errorf("refused, and changed from %+v to %+v", before, now)
	}
}

// TestCopyOtherContent: a scope of as many contacts and events is no copy.
func TestCopyOtherContent(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	for _, s := range []contacts.Store{src, dst} {
		b := openBook(t, s, nil)
		must(b.Create(ctx, api("A", "B", "9876543210")))(t)
	}
	_, err := contacts.Copy(ctx, dst, src, nil)
	wantErr(t, err, contacts.ErrNotEmpty)

	begun := newStore(t) // a scope that was begun, and nothing else, is none
	must(openBook(t, begun, nil).SetSite(ctx, phone.Site{}))(t)
	for _, scope := range []contacts.Scope{busyScope, emptyScope} {
		must(begun.Apply(ctx, scope, contacts.Batch{Index: must(src.Stat(ctx, busyScope))(t).Index, Settings: []byte{}}))(t)
	}
	must(must(contacts.Open(ctx, src, emptyScope, nil))(t).SetSite(ctx, phone.Site{Region: "US"}))(t)
	for _, s := range must(contacts.Copy(ctx, begun, src, nil))(t).Scopes {
		sameScope(t, src, begun, s.Scope)
	}

	other := newStore(t) // settings alone are content too
	must(openBook(t, other, nil).SetSite(ctx, phone.Site{Region: "US"}))(t)
	_, err = contacts.Copy(ctx, other, src, nil)
	wantErr(t, err, contacts.ErrNotEmpty)
}

func TestCopyRefuses(t *testing.T) {
	src := newStore(t)
	fill(t, src)
	_, err := contacts.Copy(ctx, src, src, nil)
	wantErr(t, err, contacts.ErrInvalid)
	_, err = contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Scopes: []contacts.Scope{{Account: "nobody"}}})
	wantErr(t, err, contacts.ErrNotFound)
	_, err = contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Scopes: []contacts.Scope{{Account: "a\x00"}}})
	wantErr(t, err, contacts.ErrInvalid)
	_, err = contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Rules: &phone.Rules{Off: []string{"no such rule"}}})
	wantErr(t, err, contacts.ErrInvalid)
	if done := must(contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Scopes: []contacts.Scope{}}))(t); len(done.Scopes) != 0 {
		t.Errorf("none were asked for: %+v", done)
	}

	newer := newStore(t)
	must(newer.Apply(ctx, busyScope, contacts.Batch{Index: contacts.IndexVersion{Generation: 1000}}))(t)
	_, err = contacts.Copy(ctx, newStore(t), newer, nil)
	var index *contacts.IndexError
	if !errors.As(err, &index) || !errors.Is(err, contacts.ErrNewer) {
		t.Errorf("the error is %v", err)
	}
}

// TestCopyOtherRules: keys are made by the rules that are given, and what they
// see as one line is kept and told.
func TestCopyOtherRules(t *testing.T) {
	src := newStore(t)
	rules, keep := &phone.Rules{Off: []string{"*"}}, contacts.RelaxedRules()
	keep.KeepDuplicates = true
	b := openBook(t, src, &contacts.Options{Rules: keep, Site: phone.Site{Rules: rules}})
	must(b.Create(ctx, typed("Ana", "+525512345678")))(t)
	must(b.Create(ctx, typed("Eva", "+5215512345678")))(t)
	for _, hide := range []bool{false, true} {
		store := newStore(t)
		dst := store
		if hide {
			dst = plain{store}
		}
		done := must(contacts.Copy(ctx, dst, src, nil))(t)
		if kept := done.Scopes[0].Kept; len(kept) != 1 || kept[0].Index != 1 || done.Scopes[0].Counts.Duplicates != 1 {
			t.Errorf("kept %+v of %+v", kept, done.Scopes[0].Counts)
		}
		if st := must(store.Stat(ctx, busyScope))(t); st.Index == must(src.Stat(ctx, busyScope))(t).Index {
			t.Error("the copy is indexed as the source is")
		}
	}
	same := newStore(t)
	done := must(contacts.Copy(ctx, same, src, &contacts.CopyOptions{Rules: rules}))(t)
	if len(done.Scopes[0].Kept) != 0 {
		t.Errorf("kept %+v", done.Scopes[0].Kept)
	}
	sameScope(t, src, same, busyScope)
}
