package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
)

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
	many(t, src, 700)
	var list []contacts.CopyProgress
	must(contacts.Copy(ctx, newStore(t), src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) { list = append(list, p) }}))(t)
	ends := 0
	for i, p := range list {
		if p.Scope != busyScope || p.Total != 700+934 || p.Done > p.Total || i > 0 && p.Verifying == list[i-1].Verifying && p.Done < list[i-1].Done {
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
			many(t, src, 700)
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
			b := many(t, src, 700)
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
		for _, late := range []bool{false, true} { // while the feed is read, and while contacts are
			for _, times := range []int{1, 2, 3} {
				t.Run(fmt.Sprintf("%s late %t times %d", name, late, times), func(t *testing.T) {
					moved(t, move, late, times, name == "purge")
				})
			}
		}
	}
}

func moved(t *testing.T, move func(*contacts.Book, contacts.Store) error, late bool, times int, purge bool) {
	src, dst := newStore(t), newStore(t)
	b := many(t, src, 1200)
	begun := 0
	done, err := contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) {
		if p.Verifying || late && p.Done+600 < p.Total || !late && p.Done != 500 || late && p.Done+100 > p.Total {
			return
		}
		if begun++; begun <= times {
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
	if purge {
		sameStates(t, dst, statesAt(t, src, done.Scopes[0].Last))
	} else if now := must(src.Stat(ctx, busyScope))(t); done.Scopes[0].Last != now.Last {
		t.Errorf("%+v, and now %+v", done.Scopes[0], now)
	}
}

// TestCopyTrimmedLive: a contact whose state was trimmed before it was changed
// cannot be read as it was, so that the scope is begun anew.
func TestCopyTrimmedLive(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	b := many(t, src, 1200)
	if err := contacts.Trim(ctx, src, busyScope, 1600); err != nil {
		t.Fatal(err)
	}
	list := must(b.List(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Reverse: true, Limit: 1}))(t)
	begun := 0
	done := must(contacts.Copy(ctx, dst, src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) {
		if !p.Verifying && p.Done == 500 {
			begun++
			must(b.Edit(ctx, list.Contacts[0].ID, func(c *contacts.Contact) error { c.Notes += "."; return nil }))(t)
		}
	}}))(t)
	if got := must(dst.Get(ctx, busyScope, list.Contacts[0].ID))(t); begun != 2 || got.Notes != "." || done.Scopes[0].Last != 1601 {
		t.Errorf("begun %d times: %+v of %+v", begun, got, done)
	}
}
