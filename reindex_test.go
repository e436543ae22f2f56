package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
	"github.com/callerbook/contacts/phone"
)

var acme = contacts.Scope{Account: "acme", Stream: "st-1"}

// lib is an older release that has numbers with +9180 as those with +9181, and
// no rules else.
var lib = &older.Library{
	Index:      contacts.IndexVersion{Generation: 0, Fingerprint: 7},
	Renumbered: map[string]string{"+9180": "+9181"},
}

func write(t *testing.T, s contacts.Store, writes ...contacts.Write) {
	t.Helper()
	must(lib.Apply(ctx, s, acme, writes...))(t)
}

// writeOld writes a book with all that an older release could leave behind.
func writeOld(t *testing.T, s contacts.Store) {
	t.Helper()
	put := func(c contacts.Contact) contacts.Write { return lib.Put(c, 0) }
	write(t, s,
		put(older.Contact("zoe", "Zoë", "Ærø", "+919876500001", "*+442079460000")),
		put(older.Contact("mx1", "Ana", "Ruiz", "+5215512345678")),
		put(older.Contact("mx2", "Eva", "Solis", "+525512345678")),
		put(older.Contact("ren", "Ravi", "Rao", "+918012345678", "+919876500002")),
		put(older.Contact("del", "Del", "Eted", "+919876500003")),
		put(older.Contact("mrg", "Mer", "Ged", "+919876500004")),
		put(older.Contact("prg", "Pur", "Ged", "+919876500005")),
		put(older.Contact("non", "No", "Number")),
	)
	twin := put(older.Contact("twn", "Legacy", "Twin", "+918112345678"))
	twin.KeepDuplicates = true
	write(t, s, twin)
	deleted, merged, edited := older.Contact("del", "Del", "Eted", "+919876500003"), older.Contact("mrg", "Mer", "Ged", "+919876500004"),
		older.Contact("ren", "Ravi", "Råo", "+918012345678", "+919876500002")
	deleted.Status, deleted.DeletedAt = contacts.Inactive, deleted.UpdatedAt
	merged.Status, merged.MergedInto = contacts.Merged, "zoe"
	write(t, s, lib.Put(deleted, 5), lib.Put(merged, 6), lib.Put(edited, 4),
		contacts.Write{Kind: contacts.Purge, Contact: contacts.Contact{ID: "prg", UpdatedAt: merged.UpdatedAt}, Revision: 7})
}

// past is all of a book that no re-index may change.
type past struct {
	Contacts []contacts.Contact
	Events   []contacts.Event
	Stat     contacts.Stat
}

func pastOf(t *testing.T, s contacts.Store) past {
	t.Helper()
	p := past{Stat: must(s.Stat(ctx, acme))(t)}
	p.Stat.Index, p.Stat.Reindexing, p.Stat.Duplicates = contacts.IndexVersion{}, false, 0
	all := contacts.Query{Order: contacts.ByCreation, Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}, Limit: 1000}
	p.Events = must(s.Events(ctx, acme, 0, 1000))(t)
	for _, h := range must(s.Find(ctx, acme, all))(t).Hits {
		p.Contacts = append(p.Contacts, h.Contact)
		p.Events = append(p.Events, must(s.History(ctx, acme, contacts.HistoryQuery{ID: h.Contact.ID}))(t)...)
	}
	for i := range p.Events {
		p.Events[i].Lines = nil // those of the present keys
	}
	return p
}

// A book that an older release wrote is one of this release once it is open:
// all is found by the present rules, and nothing else has changed.
func TestReindexOlderLibrary(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		writeOld(t, s)
		before := pastOf(t, s)
		steps := 0
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Reindex: &contacts.ReindexOptions{
			Progress: func(done, total uint64) {
				if steps++; done != 8 || total != 8 {
					t.Errorf("progress %d of %d", done, total)
				}
			},
		}})
		if after := pastOf(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("before the re-index\n%+v\nafter it\n%+v", before, after)
		}
		if st := must(s.Stat(ctx, acme))(t); st.Index.Generation == 0 || st.Reindexing || st.Duplicates != 1 || steps != 1 {
			t.Errorf("%d steps, then %+v", steps, st)
		}
		r := b.Reindexed()
		want := contacts.Collision{Line: 525512345678, ID: "mx1", Name: "Ana Ruiz", Number: "+5215512345678", HolderID: "mx2", HolderName: "Eva Solis"}
		if r.Contacts != 8 || len(r.Collisions) != 1 || r.Collisions[0] != want {
			t.Errorf("%+v", r)
		}
		if got := duplicates(t, b); !slices.Equal(got, []string{"+525512345678: mx1 mx2"}) {
			t.Errorf("duplicates %q", got)
		}
		for text, id := range map[string]string{"zoe aero": "zoe", "rao": "ren", "Ærø": "zoe", "8012345678": "ren", "0000": "zoe"} {
			if f := must(b.Search(ctx, text, nil))(t); len(f.Hits) != 1 || f.Hits[0].Contact.ID != id {
				t.Errorf("search for %q: %d hits, want %s", text, len(f.Hits), id)
			}
		}
		for number, id := range map[string]string{"+918012345678": "ren", "+918112345678": "twn", "+919876500001": "zoe",
			"+442079460000": "zoe", "+919876500003": "", "+919876500004": "", "+919876500005": ""} {
			if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != id {
				t.Errorf("look-up of %s: %s %v, want %s", number, m.Contact.ID, m.Kind, id)
			}
		}
		var names []string
		for _, c := range must(b.List(ctx, nil))(t).Contacts {
			names = append(names, c.ID)
		}
		if got := strings.Join(names, " "); got != "mx1 mx2 twn non ren zoe" {
			t.Errorf("by name: %s", got)
		}
		if again := must(b.Reindex(ctx, nil))(t); again.Contacts != 0 {
			t.Errorf("a second re-index did %+v", again)
		}
		if none := openBook(t, s, nil).Reindexed(); none.Contacts != 0 {
			t.Errorf("the next Open did %+v", none)
		}
	})
}

func duplicates(t *testing.T, b *contacts.Book) (list []string) {
	t.Helper()
	for d, err := range b.Duplicates(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		s := d.Line.String() + ":"
		for _, c := range d.Contacts {
			s += " " + c.ID
		}
		list = append(list, s)
	}
	return list
}

// failingAt refuses the nth Apply, or calls cancel before it.
type failingAt struct {
	contacts.Store
	n      int
	cancel func()
}

var errPulled = errors.New("the plug was pulled")

func (f *failingAt) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	if f.n--; f.n == 0 {
		if f.cancel == nil {
			return contacts.Applied{}, errPulled
		}
		f.cancel()
	}
	return f.Store.Apply(ctx, scope, b)
}

// A re-index that is interrupted at any of its batches is finished by the next
// Open.
func TestReindexInterrupted(t *testing.T) {
	const people = 1234 // three steps, beside begin and end
	for n := 1; n <= 6; n++ {
		for _, cancelled := range []bool{false, true} {
			s := newStore(t)
			var list []contacts.Write
			for i := range people {
				number := fmt.Sprint("+9198", 70000000+i)
				if i >= people-2 { // a collision
					number = []string{"+5215512345678", "+525512345678"}[people-1-i]
				}
				list = append(list, lib.Put(older.Contact(fmt.Sprint("c", i), "Zoë", fmt.Sprint("Ærø ", i), number), 0))
			}
			write(t, s, list...)
			before := pastOf(t, s)
			f := &failingAt{Store: s, n: n}
			ctx, cancel := context.WithCancel(ctx)
			wantErr := errPulled
			if cancelled {
				f.cancel, wantErr = cancel, context.Canceled
			}
			_, err := contacts.Open(ctx, f, acme, nil)
			cancel()
			if n <= 5 != errors.Is(err, wantErr) || n > 5 && err != nil {
				t.Fatalf("interrupted at batch %d: %v", n, err)
			}
			b := openBook(t, s, nil)
			if st := must(s.Stat(context.Background(), acme))(t); st.Reindexing || st.Index == lib.Index || st.Duplicates != 1 {
				t.Errorf("interrupted at batch %d: %+v", n, st)
			}
			if after := pastOf(t, s); !reflect.DeepEqual(after, before) {
				t.Errorf("interrupted at batch %d: contacts or feed have changed", n)
			}
			if got := len(duplicates(t, b)); got != 1 {
				t.Errorf("interrupted at batch %d: %d duplicates", n, got)
			}
			if f := must(b.Search(context.Background(), "zoe aero 1", nil))(t); len(f.Hits) == 0 {
				t.Errorf("interrupted at batch %d: a contact has its old words", n)
			}
		}
	}
}

// The rules of the host may change and change back.
func TestReindexThereAndBack(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		rules := []*phone.Rules{nil, {Add: []phone.Rule{renumbering}}, {Off: []string{"mexico-prefix"}}, nil}
		open := func(r *phone.Rules) *contacts.Book {
			return openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: r}})
		}
		b := open(nil)
		var ids []string
		for _, number := range []string{"+5215512345678", "+918012345678", "+918112345678"} {
			ids = append(ids, must(b.Create(ctx, typed("A", number)))(t).ID)
		}
		before := pastOf(t, s)
		for i, r := range rules {
			b = open(r)
			want := map[string]string{"+5215512345678": ids[0], "+525512345678": ids[0], "+918012345678": ids[1], "+918112345678": ids[2]}
			if i == 1 { // one line now, of two contacts
				want["+918012345678"], want["+918112345678"] = "", ""
			}
			if i == 2 {
				want["+525512345678"] = ""
			}
			for number, id := range want {
				if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != id {
					t.Errorf("rules %d: %s is %q's, want %q", i, number, m.Contact.ID, id)
				}
			}
			if n := len(duplicates(t, b)); n != len(b.Reindexed().Collisions) || (n == 1) != (i == 1) {
				t.Errorf("rules %d: %d duplicates, reported %+v", i, n, b.Reindexed())
			}
		}
		if after := pastOf(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("before\n%+v\nafter\n%+v", before, after)
		}
	})
}

// renumbering is a rule as a host may have it.
var renumbering = phone.Rule{Name: "renumbering", Code: 91, Old: "80", Digits: 10, New: "81", EvenIfValid: true, Unchecked: true}

// Numbers that the host's rules tell apart are two, whatever other rules say.
func TestRulesThatAreOff(t *testing.T) {
	b := openBook(t, newStore(t), &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: &phone.Rules{Off: []string{"mexico-prefix"}}}})
	for _, number := range []string{"+525512345678", "+5215512345678"} {
		c := must(b.Create(ctx, typed("A", number)))(t)
		if m := must(b.Lookup(ctx, number, nil))(t); m.Contact.ID != c.ID || m.Kind != contacts.MatchExact {
			t.Errorf("look-up of %s: %v of %q", number, m.Kind, m.Contact.ID)
		}
	}
}

// A book that was opened before another had its rules changed is fenced.
func TestStaleBookIsFenced(t *testing.T) {
	s := newStore(t)
	stale := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	c := must(stale.Create(ctx, typed("Ana", "+919876500001")))(t)
	current := &contacts.Options{Rules: contacts.RelaxedRules(), Site: phone.Site{Rules: &phone.Rules{Add: []phone.Rule{renumbering}}}}
	openBook(t, s, current)
	calls := map[string]error{
		"Create":     errOf(stale.Create(ctx, typed("B", "+919876500002"))),
		"Create own": errOf(stale.Create(ctx, typed("B", "+919876500001"))),
		"CreateEach": errOf(stale.CreateEach(ctx, []contacts.Contact{typed("B", "+919876500002")})),
		"Update":     errOf(stale.Update(ctx, contacts.Contact{ID: c.ID, FirstName: "Eva"})),
		"Delete":     errOf(stale.Delete(ctx, c.ID)),
		"Purge":      stale.Purge(ctx, c.ID),
		"Upsert":     errOf(stale.Upsert(ctx, typed("B", "+919876500002"), nil)),
		"Reassign":   errOf(stale.Reassign(ctx, "+919876500002", c.ID)),
		"SetSite":    errOf(stale.SetSite(ctx, phone.Site{Region: "IN"})),
		"Lookup":     errOf(stale.Lookup(ctx, "+919876500001", nil)),
		"Search":     errOf(stale.Search(ctx, "ana", nil)),
	}
	for call, err := range calls {
		var index *contacts.IndexError
		if !errors.Is(err, contacts.ErrStaleIndex) || !errors.As(err, &index) {
			t.Errorf("%s of a stale book: %v", call, err)
		}
	}
	if got := must(stale.Get(ctx, c.ID))(t); !got.Equal(c) || got.Revision != c.Revision {
		t.Errorf("a stale book changed\n%+v to\n%+v", c, got)
	}
}

// An index of a newer release is opened for reading alone, and its numbers are
// found.
func TestNewerIndex(t *testing.T) {
	s := newStore(t)
	newer := &older.Library{Index: contacts.IndexVersion{Generation: 99}, Renumbered: lib.Renumbered}
	must(newer.Apply(ctx, s, acme, newer.Put(older.Contact("ren", "Ravi", "Rao", "+918012345678", "*+918012345679"), 0)))(t)
	if _, err := contacts.Open(ctx, s, acme, nil); !errors.Is(err, contacts.ErrNewer) {
		t.Errorf("Open: %v", err)
	}
	b := openBook(t, s, &contacts.Options{ReadOnly: true})
	for number, kind := range map[string]contacts.MatchKind{"+918012345678": contacts.MatchExact, "+918012345679": contacts.MatchShared,
		"+918112345678": contacts.MatchNone} {
		if m := must(b.Lookup(ctx, number, nil))(t); m.Kind != kind {
			t.Errorf("look-up of %s: %v, want %v", number, m.Kind, kind)
		}
	}
	if _, err := b.Reindex(ctx, nil); !errors.Is(err, contacts.ErrReadOnly) {
		t.Errorf("Reindex: %v", err)
	}
}

// No rule of package phone changes one of the last six digits, by which
// contacts are found while a book is re-indexed.
func TestRulesKeepTheTail(t *testing.T) {
	for _, r := range phone.PackageRules() {
		same := 0
		for same < min(len(r.Old), len(r.New)) && r.Old[len(r.Old)-1-same] == r.New[len(r.New)-1-same] {
			same++
		}
		switch rest := r.Digits - len(r.Old) + same; {
		case r.Digits == 0 && !r.Unchecked: // what a valid number of Italy or Kosovo has behind its beginning
		case rest < 6:
			t.Errorf("%s: %s to %s leaves %d digits", r.Name, r.Old, r.New, rest)
		}
	}
}
