package contacts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
	"github.com/callerbook/contacts/phone"
)

// kinds of stores to copy from and to.
var kinds = map[string]func(t *testing.T) contacts.Store{
	"memory": newStore,
	"file": func(t *testing.T) contacts.Store {
		t.Helper()
		s, err := boltstore.Open(filepath.Join(t.TempDir(), "book.db"), nil)
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
	wideScope    = contacts.Scope{Account: "wide", Stream: "a"}
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
	for _, id := range []string{ids[7], ids[8]} {
		if err := b.As(contacts.Actor{ID: "agent-9"}).Purge(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
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
				_, err = b.Get(ctx, ids[7])
				wantErr(t, err, contacts.ErrNotFound)
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

// many writes n contacts, every third of them twice.
func many(t *testing.T, s contacts.Store, n int) *contacts.Book {
	t.Helper()
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	var list []contacts.Contact
	for i := range n {
		list = append(list, typed("N", fmt.Sprintf("+91980000%04d", i)))
	}
	list = must(b.CreateAll(ctx, list))(t)
	var more []contacts.Contact
	for i := 0; i < n; i += 3 {
		list[i].LastName = "again"
		more = append(more, list[i])
	}
	must(b.UpdateAll(ctx, more))(t)
	return b
}

// TestCopyProgress: what is told goes up to the total, for each phase.
func TestCopyProgress(t *testing.T) {
	src := newStore(t)
	many(t, src, 1200)
	var list []contacts.CopyProgress
	must(contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) { list = append(list, p) }}))(t)
	ends := 0
	for i, p := range list {
		if p.Scope != busyScope || p.Total != 1200+1600 || p.Done > p.Total || i > 0 && p.Verifying == list[i-1].Verifying && p.Done < list[i-1].Done {
			t.Errorf("%d: %+v", i, p)
		}
		if p.Done == p.Total {
			ends++
		}
	}
	if ends != 2 || list[0].Verifying || !list[len(list)-1].Verifying {
		t.Errorf("%+v", list)
	}
}

// TestCopyInterrupted cancels at each report of progress in turn: the scope is
// there as a whole or not at all, and the next run completes it.
func TestCopyInterrupted(t *testing.T) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			src := newStore(t)
			many(t, src, 1200)
			whole := must(src.Stat(ctx, busyScope))(t)
			for at := 1; ; at++ {
				dst := open(t)
				under, cancel := context.WithCancel(ctx)
				n, verifying := 0, false
				_, err := contacts.Copy(under, dst, src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) {
					if n++; n == at {
						verifying = p.Verifying
						cancel()
					}
				}})
				cancel()
				if err == nil && n < at {
					return // it ended before
				}
				st := must(dst.Stat(ctx, busyScope))(t)
				if err != nil {
					wantErr(t, err, context.Canceled)
				}
				if !verifying && (err == nil || st.Epoch != "") || verifying && st.Last != whole.Last {
					t.Errorf("interrupted at %d, verifying %t: %v, %+v", at, verifying, err, st)
				}
				must(contacts.Copy(ctx, dst, src, nil))(t)
				sameStates(t, dst, statesAt(t, src, whole.Last))
			}
		})
	}
}

// state is a contact and where it stands in the order of creation.
type state struct {
	contacts.Contact
	created uint64
}

// statesAt returns the contacts that a scope had at a revision, from its feed.
func statesAt(t *testing.T, s contacts.Store, last uint64) map[string]state {
	t.Helper()
	out := map[string]state{}
	for after := uint64(0); after < last; {
		list := must(s.Events(ctx, busyScope, after, contacts.MaxLimit))(t)
		for _, e := range list {
			if e.Revision <= last && !e.Blank {
				out[e.ID] = state{e.Contact, e.Created}
			}
			if e.Revision <= last && e.Purged {
				delete(out, e.ID)
			}
			after = e.Revision
		}
	}
	return out
}

// sameStates compares the contacts of a store with those.
func sameStates(t *testing.T, s contacts.Store, want map[string]state) {
	t.Helper()
	n := 0
	q := contacts.Query{Order: contacts.ByCreation, Limit: contacts.MaxLimit,
		Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}
	for {
		page := must(s.Find(ctx, busyScope, q))(t)
		for _, h := range page.Hits {
			n++
			if got := (state{h.Contact, h.Created}); !reflect.DeepEqual(got, want[h.Contact.ID]) {
				t.Fatalf("the copy has\n%+v, the source had\n%+v", got, want[h.Contact.ID])
			}
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	if n != len(want) {
		t.Errorf("the copy has %d contacts, the source had %d", n, len(want))
	}
}

// TestCopyLive copies a source while others write to it: the copy is the
// source at one revision.
func TestCopyLive(t *testing.T) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			src := open(t)
			b := many(t, src, 1200)
			var ids []string
			for c, err := range b.All(ctx, nil) {
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, c.ID)
			}
			change := func(r *rand.Rand) error {
				id := ids[r.IntN(len(ids))]
				switch r.IntN(4) {
				case 0:
					_, err := b.Create(ctx, typed("New", fmt.Sprintf("+91970%07d", r.IntN(10_000_000))))
					if errors.Is(err, contacts.ErrDuplicateNumber) {
						return nil
					}
					return err
				case 1:
					_, err := b.Delete(ctx, id)
					return err
				}
				_, err := b.Edit(ctx, id, func(c *contacts.Contact) error { c.Notes += "."; return nil })
				return err
			}
			stop := make(chan struct{})
			var wg sync.WaitGroup
			for w := range 2 {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(1, uint64(w)))
					for {
						select {
						case <-stop:
							return
						default:
						}
						if err := change(r); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			for _, hide := range []bool{false, true} {
				store := newStore(t)
				dst := store
				if hide {
					dst = plain{store}
				}
				r := rand.New(rand.NewPCG(2, 0))
				done := must(contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Progress: func(contacts.CopyProgress) {
					for range 20 {
						if err := change(r); err != nil {
							t.Error(err)
						}
					}
				}}))(t)
				last := done.Scopes[0].Last
				if now := must(src.Stat(ctx, busyScope))(t); now.Last <= last {
					t.Errorf("nothing was written meanwhile: %d, %d", last, now.Last)
				}
				want := statesAt(t, src, last)
				if hide {
					sameContacts(t, store, want)
				} else {
					sameStates(t, store, want)
				}
			}
			close(stop)
			wg.Wait()
		})
	}
}

// sameContacts compares all but revisions and order of creation.
func sameContacts(t *testing.T, s contacts.Store, want map[string]state) {
	t.Helper()
	st := must(s.Stat(ctx, busyScope))(t)
	if n := st.Active + st.Inactive + st.Merged; n != uint64(len(want)) {
		t.Errorf("the copy has %d contacts, the source had %d", n, len(want))
	}
	for id, w := range want {
		got := must(s.Get(ctx, busyScope, id))(t)
		got.Revision = w.Revision
		if !reflect.DeepEqual(got, w.Contact) {
			t.Fatalf("the copy has\n%+v, the source had\n%+v", got, w.Contact)
		}
	}
}

// TestCopyMoved: a purge or a Trim while a scope is copied has it begun anew,
// and not for ever.
func TestCopyMoved(t *testing.T) {
	purge := func(b *contacts.Book, _ contacts.Store) error {
		page, err := b.List(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Limit: 1})
		if err != nil {
			return err
		}
		return b.Purge(ctx, page.Contacts[0].ID)
	}
	trim := func(b *contacts.Book, s contacts.Store) error {
		tok, err := b.Token(ctx)
		if err != nil {
			return err
		}
		if _, err = b.Create(ctx, contacts.Contact{FirstName: "One more"}); err != nil {
			return err
		}
		return contacts.Trim(ctx, s, busyScope, tok.Revision)
	}
	for name, move := range map[string]func(*contacts.Book, contacts.Store) error{"purge": purge, "trim": trim} {
		for _, times := range []int{1, 2, 3} {
			t.Run(fmt.Sprint(name, times), func(t *testing.T) {
				src, dst := newStore(t), newStore(t)
				b := many(t, src, 1200)
				left, begun := times, 0
				done, err := contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) {
					if p.Done != 500 || p.Verifying {
						return
					}
					if begun++; left > 0 {
						left--
						if err := move(b, src); err != nil {
							t.Error(err)
						}
					}
				}})
				if begun != min(times+1, 3) {
					t.Errorf("begun %d times", begun)
				}
				if times == 3 {
					wantErr(t, err, contacts.ErrConflict)
					if st := must(dst.Stat(ctx, busyScope))(t); st.Epoch != "" {
						t.Errorf("it left %+v", st)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if name == "purge" {
					sameStates(t, dst, statesAt(t, src, done.Scopes[0].Last))
				} else if now := must(src.Stat(ctx, busyScope))(t); done.Scopes[0].Last != now.Last {
					t.Errorf("%+v, and now %+v", done.Scopes[0], now)
				}
			})
		}
	}
}

// plain hides that a store is a Loader.
type plain struct{ contacts.Store }

// failing fails at the nth Apply, after it was applied.
type failing struct {
	contacts.Store
	at int
}

var errBroken = errors.New("broken")

func (f *failing) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	a, err := f.Store.Apply(ctx, scope, b)
	if f.at--; f.at == 0 {
		return contacts.Applied{}, errBroken
	}
	return a, err
}

func TestCopyWithoutLoad(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	ids := fill(t, src)
	done := must(contacts.Copy(ctx, plain{dst}, src, nil))(t)
	for _, s := range done.Scopes {
		one, two := must(src.Stat(ctx, s.Scope))(t), must(dst.Stat(ctx, s.Scope))(t)
		if s.History || s.Skipped || s.Past != 0 || s.Purged != 0 || two.Epoch == "" || one.Active != two.Active || one.Inactive != two.Inactive ||
			one.Merged != two.Merged || one.Duplicates != two.Duplicates || one.UniqueBy != two.UniqueBy || string(one.Settings) != string(two.Settings) {
			t.Errorf("%+v: Stat is %+v, in the copy %+v", s, one, two)
		}
	}
	sameContacts(t, dst, statesAt(t, src, done.Scopes[0].Last))
	if kept := done.Scopes[0].Kept; len(kept) != 1 || kept[0].Index != 2 || kept[0].Number == "" {
		t.Errorf("kept %+v", kept)
	}

	again := must(contacts.Copy(ctx, plain{dst}, src, nil))(t)
	for _, s := range again.Scopes {
		if !s.Skipped {
			t.Errorf("not skipped: %+v", s)
		}
	}

	// What changed at the source is brought over.
	b := must(contacts.Open(ctx, src, busyScope, &contacts.Options{Rules: contacts.RelaxedRules()}))(t)
	must(b.Delete(ctx, ids[0]))(t)
	must(b.Create(ctx, typed("Later", "+919811111111")))(t)
	before := must(dst.Stat(ctx, busyScope))(t)
	one := must(contacts.Copy(ctx, plain{dst}, src, &contacts.CopyOptions{Scopes: []contacts.Scope{busyScope}}))(t).Scopes[0]
	if now := must(dst.Stat(ctx, busyScope))(t); one.Skipped || now.Last != before.Last+2 {
		t.Errorf("%+v: from %+v to %+v", one, before, now)
	}
	sameContacts(t, dst, statesAt(t, src, one.Last))

	// What the source does not have is not touched, and said.
	if err := b.Purge(ctx, ids[1]); err != nil {
		t.Fatal(err)
	}
	before = must(dst.Stat(ctx, busyScope))(t)
	_, err := contacts.Copy(ctx, plain{dst}, src, nil)
	wantErr(t, err, contacts.ErrNotEmpty)
	if now := must(dst.Stat(ctx, busyScope))(t); !reflect.DeepEqual(before, now) {
		t.Errorf("from %+v to %+v", before, now)
	}
}

func TestCopyWithoutLoadAgain(t *testing.T) {
	src := newStore(t)
	many(t, src, 1200)
	want := statesAt(t, src, must(src.Stat(ctx, busyScope))(t).Last)
	for at := 1; at <= 3; at++ {
		dst := newStore(t)
		_, err := contacts.Copy(ctx, &failing{dst, at}, src, nil)
		wantErr(t, err, errBroken)
		must(contacts.Copy(ctx, plain{dst}, src, nil))(t)
		sameContacts(t, dst, want)
		if st := must(dst.Stat(ctx, busyScope))(t); st.Last != 1200 {
			t.Errorf("contacts were written twice: %+v", st)
		}
	}
}

// flawed is a store that reads other contacts than were written.
type flawed struct {
	*memstore.Store
	contact func(*contacts.Contact)
	hits    func([]contacts.Hit) []contacts.Hit
	events  func([]contacts.Event) []contacts.Event
	stat    func(*contacts.Stat)
}

func (f flawed) Find(ctx context.Context, scope contacts.Scope, q contacts.Query) (contacts.Page, error) {
	p, err := f.Store.Find(ctx, scope, q)
	if f.contact != nil && len(p.Hits) > 0 {
		f.contact(&p.Hits[0].Contact)
	}
	if f.hits != nil {
		p.Hits = f.hits(p.Hits)
	}
	return p, err
}

func (f flawed) Events(ctx context.Context, scope contacts.Scope, after uint64, limit int) ([]contacts.Event, error) {
	list, err := f.Store.Events(ctx, scope, after, limit)
	if f.events != nil {
		list = f.events(list)
	}
	return list, err
}

func (f flawed) Stat(ctx context.Context, scope contacts.Scope) (contacts.Stat, error) {
	st, err := f.Store.Stat(ctx, scope)
	if f.stat != nil && st.Last > 0 {
		f.stat(&st)
	}
	return st, err
}

// changes yields functions that each change one thing in a value of that type.
func changes(at reflect.Value, path string) iter.Seq2[string, func()] {
	return func(yield func(string, func()) bool) {
		walk(at, path, yield)
	}
}

func walk(v reflect.Value, path string, yield func(string, func()) bool) bool {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		return yield(path, func() { *x = x.Add(time.Millisecond) })
	case *json.RawMessage:
		return yield(path, func() { *x = json.RawMessage(`"other"`) })
	case *string:
		return yield(path, func() { *x += "x" })
	case *contacts.Status:
		return yield(path, func() { *x += "x" })
	case *uint64:
		return yield(path, func() { *x++ })
	case *bool:
		return yield(path, func() { *x = !*x })
	case *map[string]string:
		return yield(path, func() { (*x)["k"] += "x" })
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && !walk(v.Field(i), path+"."+f.Name, yield) {
				return false
			}
		}
	case reflect.Slice:
		if !yield(path+" longer", func() { v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem()))) }) {
			return false
		}
		if v.Len() > 0 {
			return walk(v.Index(0), path+"[0]", yield)
		}
	default:
		panic("what of " + path)
	}
	return true
}

// TestCopyDetects: whatever a store loses or changes is found by verification.
func TestCopyDetects(t *testing.T) {
	src := newStore(t)
	fillScope(t, src, busyScope)
	only := &contacts.CopyOptions{Scopes: []contacts.Scope{busyScope}}
	detect := func(what string, f flawed) {
		t.Helper()
		f.Store = memstore.New()
		if _, err := contacts.Copy(ctx, f, src, only); !errors.Is(err, contacts.ErrCopyDiffers) {
			t.Errorf("%s: the error is %v", what, err)
		} else if _, err = contacts.Copy(ctx, f, src, only); !errors.Is(err, contacts.ErrNotEmpty) {
			t.Errorf("%s: run again, the error is %v", what, err)
		} else if strings.ContainsAny(err.Error(), "@ä") || strings.Contains(err.Error(), "98765") {
			t.Errorf("%s: %v", what, err)
		}
	}
	sample := must(src.Find(ctx, busyScope, contacts.Query{Order: contacts.ByCreation}))(t).Hits[0].Contact
	fields := 0
	for path := range changes(reflect.ValueOf(&sample).Elem(), "") {
		if path == ".AccountID" || path == ".StreamID" || path == ".OrgID" {
			continue // stores do not keep them
		}
		fields++
		change := func(c *contacts.Contact) {
			*c = c.Clone()
			for p, fn := range changes(reflect.ValueOf(c).Elem(), "") {
				if p == path {
					fn()
					return
				}
			}
			t.Errorf("there is no %s", path)
		}
		detect("contact"+path, flawed{contact: change})
		detect("event"+path, flawed{events: func(list []contacts.Event) []contacts.Event {
			if len(list) > 0 && (path != ".ID" && path != ".Revision") { // the event's own count
				change(&list[0].Contact)
			} else if len(list) > 0 {
				list[0].Created++
			}
			return list
		}})
		dst := flawed{Store: memstore.New(), contact: change}
		_, err := contacts.Copy(ctx, plain{dst}, src, only)
		if path == ".Revision" {
			if err != nil { // is new there
				t.Error(err)
			}
		} else if !errors.Is(err, contacts.ErrCopyDiffers) {
			t.Errorf("%s, without Load: the error is %v", path, err)
		}
	}
	if fields < 40 {
		t.Errorf("only %d fields", fields)
	}
	detect("position", flawed{hits: func(l []contacts.Hit) []contacts.Hit {
		if len(l) > 0 {
			l[0].Created++
		}
		return l
	}})
	detect("lost contact", flawed{hits: func(l []contacts.Hit) []contacts.Hit { return l[:max(len(l)-1, 0)] }})
	detect("contact twice", flawed{hits: func(l []contacts.Hit) []contacts.Hit { return append(l, l[len(l)-1]) }})
	detect("lost event", flawed{events: func(l []contacts.Event) []contacts.Event { return l[min(len(l), 1):] }})
	for _, change := range []func(*contacts.Event){
		func(e *contacts.Event) { e.ID += "x" },
		func(e *contacts.Event) { e.Created++ },
		func(e *contacts.Event) { e.Contact.UpdatedBy += "x" },
		func(e *contacts.Event) { e.Contact.UpdatedByAID += "x" },
		func(e *contacts.Event) { e.Contact.MergedInto += "x" },
		func(e *contacts.Event) { e.Purged = false },
		func(e *contacts.Event) { e.Blank, e.Purged = false, false },
	} {
		detect("purge", flawed{events: func(l []contacts.Event) []contacts.Event {
			for i := range l {
				if l[i].Purged {
					change(&l[i])
				}
			}
			return l
		}})
	}
	for _, change := range []func(*contacts.Stat){
		func(s *contacts.Stat) { s.First++ },
		func(s *contacts.Stat) { s.Last++ },
		func(s *contacts.Stat) { s.Active++ },
		func(s *contacts.Stat) { s.Settings = nil },
		func(s *contacts.Stat) { s.UniqueBy = contacts.UniqueByAccount },
	} {
		detect("stat", flawed{stat: change})
	}
}

// TestCopyDamagedSource: a source that lists less than it counts is not
// copied.
func TestCopyDamagedSource(t *testing.T) {
	for name, src := range map[string]*flawed{
		"contact": {hits: func(l []contacts.Hit) []contacts.Hit { return l[1:] }},
		"event":   {events: func(l []contacts.Event) []contacts.Event { return l[min(len(l), 1):] }},
	} {
		src.Store = memstore.New()
		fillScope(t, src, busyScope)
		dst := newStore(t)
		_, err := contacts.Copy(ctx, dst, src, nil)
		wantErr(t, err, contacts.ErrDamaged)
		if st := must(dst.Stat(ctx, busyScope))(t); st.Epoch != "" {
			t.Errorf("%s: it left %+v", name, st)
		}
	}
}
