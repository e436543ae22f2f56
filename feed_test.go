package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/boltstore"
	"github.com/callerbook/contacts/memstore"
)

// A view is what somebody who follows the feed knows: revisions by id.
type view map[string]uint64

func (v view) apply(e contacts.Event) {
	if e.Blank {
		delete(v, e.ID)
	} else {
		v[e.ID] = max(v[e.ID], e.Revision)
	}
}

var everyone = &contacts.ListOptions{Status: []contacts.Status{contacts.Active, contacts.Inactive, contacts.Merged}}

func readView(t *testing.T, b *contacts.Book) view {
	t.Helper()
	v := view{}
	for c, err := range b.All(ctx, everyone) {
		if err != nil {
			t.Fatal(err)
		}
		v[c.ID] = c.Revision
	}
	return v
}

// gone returns the *TrimmedError that Events and Watch give for a token.
func gone(t *testing.T, b *contacts.Book, token contacts.Token) *contacts.TrimmedError {
	t.Helper()
	var trimmed, again *contacts.TrimmedError
	_, err := b.Events(ctx, token, 0)
	if !errors.As(err, &trimmed) || !errors.Is(err, contacts.ErrTrimmed) {
		t.Fatalf("Events after %v: %v, want *TrimmedError", token, err)
	}
	for _, err := range b.Watch(ctx, token) {
		if !errors.As(err, &again) || *again != *trimmed {
			t.Fatalf("Watch after %v: %v, want %+v", token, err, trimmed)
		}
	}
	return trimmed
}

func TestTokenOlderThanTrim(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		for i := range 6 {
			must(d.Create(ctx, typed("N", fmt.Sprint("+91987654321", i))))(t)
		}
		old := contacts.Token{Epoch: must(d.Token(ctx))(t).Epoch, Revision: 2}
		if upTo := must(d.Trim(ctx, on(5)))(t); upTo != 4 {
			t.Fatalf("Trim: %d, want 4", upTo)
		}
		for _, token := range []contacts.Token{old, {}} {
			e := gone(t, d.Book, token)
			want := contacts.TrimmedError{After: token.Revision, First: 4, Restart: must(d.Token(ctx))(t)}
			if *e != want {
				t.Errorf("got %+v, want %+v", *e, want)
			}
			c := must(d.Create(ctx, typed("New", "+9198765432"+fmt.Sprint(20+token.Revision))))(t)
			list := must(d.Events(ctx, e.Restart, 0))(t)
			if len(list) != 1 || list[0].ID != c.ID {
				t.Errorf("after Restart: %+v", list)
			}
		}
		first := contacts.Token{Epoch: old.Epoch, Revision: 4}
		if list := must(d.Events(ctx, first, 1))(t); len(list) != 1 || list[0].Revision != 5 {
			t.Errorf("what is left: %+v", list)
		}
	})
}

func TestTokenOfAnotherFeed(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		other := relaxed(t)
		for i := range 3 {
			must(b.Create(ctx, typed("N", fmt.Sprint("+91987654321", i))))(t)
		}
		must(other.Create(ctx, typed("N", "+919876543210")))(t)
		end := must(b.Token(ctx))(t)
		for _, token := range []contacts.Token{
			must(other.Token(ctx))(t),                         // another epoch
			{Epoch: end.Epoch, Revision: end.Revision + 1},    // of a state that was lost
			{Epoch: "restored-since", Revision: 0},            // at the beginning, and yet another
			{Epoch: "", Revision: end.Revision + 1_000_000},   // no epoch
			must(contacts.ParseToken(end.String() + "00"))(t), // far beyond the end
		} {
			e := gone(t, b, token)
			want := contacts.TrimmedError{After: token.Revision, OtherFeed: true, Restart: end}
			if *e != want {
				t.Errorf("%v: got %+v, want %+v", token, *e, want)
			}
			if list := must(b.Events(ctx, e.Restart, 0))(t); len(list) != 0 {
				t.Errorf("after Restart: %d events", len(list))
			}
		}
	})
}

// What was read of a book after its last backup is news to the restored one.
func TestTokenAfterARestore(t *testing.T) {
	dir := tempDir(t)
	s, err := boltstore.Open(filepath.Join(dir, "book.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
	must(b.Create(ctx, typed("N", "+919876543210")))(t)
	f := must(os.Create(filepath.Join(dir, "backup.db")))(t)
	if err := errors.Join(contacts.Backup(ctx, s, f), f.Close()); err != nil {
		t.Fatal(err)
	}
	must(b.Create(ctx, typed("Lost", "+919876543211")))(t)
	lost := must(b.Token(ctx))(t)

	restored, err := boltstore.Open(f.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	b = openBook(t, restored, nil)
	if e := gone(t, b, lost); !e.OtherFeed || e.Restart != must(b.Token(ctx))(t) {
		t.Errorf("%+v", *e)
	}
}

// To have all contacts and then every change loses none, while others write.
func TestSnapshotThenTail(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		const writers, calls = 4, 60
		var writing, watching sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				var ids []string
				for i := range calls {
					var err error
					switch {
					case i%5 == 3:
						_, err = b.Edit(ctx, ids[0], rename(fmt.Sprint("E", i)))
					case i%5 == 4:
						_, err = b.Delete(ctx, ids[len(ids)-1])
					case i%10 == 5:
						err = b.Purge(ctx, ids[1])
						ids = append(ids[:1], ids[2:]...)
					default:
						var c contacts.Contact
						c, err = b.Create(ctx, typed("N", fmt.Sprintf("+91987%d%06d", w, i)))
						ids = append(ids, c.ID)
					}
					if err != nil {
						t.Errorf("writer %d, call %d: %v", w, i, err)
						return
					}
				}
			})
		}
		for range 3 { // at several moments of the writing, and before its end
			token := must(b.Token(ctx))(t)
			watching.Go(func() {
				v := view{}
				for c, err := range b.All(ctx, everyone) {
					if err != nil {
						t.Error(err)
						return
					}
					v[c.ID] = c.Revision
				}
				before := token.Revision
				for e, err := range b.Watch(ctx, token) {
					if err != nil || e.Revision != before+1 {
						t.Errorf("event %d after %d: %v", e.Revision, before, err)
						return
					}
					before = e.Revision
					if v.apply(e); e.Contact.FirstName == "the end" {
						break
					}
				}
				if now := readView(t, b); !maps.Equal(v, now) {
					t.Errorf("%d contacts are known, the book has %d:\n%v\n%v", len(v), len(now), v, now)
				}
			})
			time.Sleep(time.Millisecond)
		}
		writing.Wait() // the last write comes when all others are done
		must(b.Create(ctx, typed("the end", "")))(t)
		watching.Wait()
	})
}

// A watcher that has stopped reading keeps no writer waiting, and has missed
// nothing when it goes on.
func TestSlowWatcher(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		next, stop := iter.Pull2(b.Watch(ctx, contacts.Token{})) // the zero Token: from the beginning
		defer stop()
		c := must(b.Create(ctx, typed("0", "")))(t)
		const n = 250 // more than a page
		read := func(want int) {
			t.Helper()
			e, err, ok := next()
			if !ok || err != nil || e.Revision != uint64(want+1) || e.Contact.FirstName != fmt.Sprint(want) || e.Contact.AccountID != "acme" {
				t.Fatalf("event %d: %+v %v", want, e, err)
			}
		}
		read(0)
		for i := 1; i < n; i++ { // the watcher does not read
			c.FirstName = fmt.Sprint(i)
			c = must(b.Update(ctx, c))(t)
		}
		for i := 1; i < n; i++ {
			read(i)
		}
		stop()

		// One that waits ends with its context, and with the store.
		waiting, cancel := context.WithCancel(ctx)
		cancel()
		for _, err := range b.Watch(waiting, must(b.Token(ctx))(t)) {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
}

func TestTrim(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		d := newDiary(t, s)
		trim := func(before time.Time, want uint64) {
			t.Helper()
			upTo, err := d.Trim(ctx, before)
			if st := must(s.Stat(ctx, d.Scope()))(t); err != nil || upTo != want || st.First != want {
				t.Errorf("Trim: %d %v, and the feed begins after %d, want %d", upTo, err, st.First, want)
			}
		}
		trim(on(99), 0) // a book without contacts
		once := d.Once("key")
		first := must(once.Create(ctx, typed("First", "+919876543210")))(t)                                     // 1
		must(d.CreateAll(ctx, []contacts.Contact{typed("A", "+919876543211"), typed("B", "+919876543212")}))(t) // 2, 3
		last := must(d.Create(ctx, typed("Last", "+919876543213")))(t)                                          // 4
		if again := must(once.Create(ctx, typed("First", "+919876543210")))(t); again.ID != first.ID || d.day != 4 {
			t.Fatalf("the same call again: %+v on day %d", again, d.day)
		}
		d.day = 3
		trim(time.Time{}, 0)
		trim(on(1), 0) // not older
		trim(on(1).Add(time.Millisecond), 1)
		trim(on(1), 1)
		if _, err := once.Create(ctx, typed("First", "+919876543210")); !errors.Is(err, contacts.ErrDuplicateNumber) {
			t.Errorf("a Once key that was trimmed: %v", err)
		}
		if c := must(d.Get(ctx, first.ID))(t); !c.Equal(first) || c.Revision != 1 {
			t.Errorf("a contact that was not changed since: %+v", c)
		}

		// What follows an event that is younger stays with it, whatever the
		// clock says that wrote it.
		d.day = 9
		list := []contacts.Contact{must(d.Get(ctx, first.ID))(t), last}
		list[0].Notes, list[1].Notes = "x", "x"
		must(d.UpdateAll(ctx, list))(t) // 5, 6 on day 10
		d.day = 5
		list[1] = must(d.Create(ctx, typed("Slow clock", "+919876543214")))(t) // 7 on day 6
		trim(on(8), 4)
		if err := d.Purge(ctx, list[0].ID); err != nil { // 8; makes 5 blank
			t.Fatal(err)
		}
		trim(on(8), 4) // 6 is younger
		trim(on(99), 8)
		trim(on(99), 8)
		if got := must(d.Count(ctx))(t); got.Active != 4 {
			t.Errorf("%+v", got)
		}

		if _, err := once.Trim(ctx, on(99)); !errors.Is(err, contacts.ErrInvalid) {
			t.Errorf("Trim under a Once key: %v", err)
		}
		readOnly := openBook(t, s, &contacts.Options{ReadOnly: true})
		if _, err := readOnly.Trim(ctx, on(99)); !errors.Is(err, contacts.ErrReadOnly) {
			t.Errorf("Trim of a book that is open for reading: %v", err)
		}
	})
	s := memstore.New()
	defer s.Close()
	plain := openBook(t, struct{ contacts.Store }{s}, nil)
	if _, err := plain.Trim(ctx, on(1)); !errors.Is(err, contacts.ErrUnsupported) {
		t.Errorf("Trim on a store that cannot: %v", err)
	}
}

// Batches of several contacts at different times are kept or forgotten whole.
func TestTrimKeepsBatchesWhole(t *testing.T) {
	d := newDiary(t, newStore(t))
	must(d.Create(ctx, typed("First", "")))(t)
	st := must(d.store.Stat(ctx, d.Scope()))(t)
	batch := contacts.Batch{Index: st.Index}
	for i, day := range []int{2, 5, 3} {
		c := contacts.Contact{ID: fmt.Sprint("x", i), Status: contacts.Active, CreatedAt: on(day), UpdatedAt: on(day)}
		batch.Writes = append(batch.Writes, contacts.Write{Contact: c})
	}
	must(d.store.Apply(ctx, d.Scope(), batch))(t)
	for day, want := range map[int]uint64{2: 1, 3: 1, 4: 1, 5: 1} {
		if upTo := must(d.Trim(ctx, on(day)))(t); upTo != want {
			t.Errorf("Trim before day %d: %d, want %d", day, upTo, want)
		}
	}
	if upTo := must(d.Trim(ctx, on(6)))(t); upTo != 4 {
		t.Errorf("Trim before day 6: %d, want 4", upTo)
	}
}
