package kvstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestRandomBatches runs random batches and trims; in between it checks the
// store and opens it anew, and both show the same.
func TestRandomBatches(t *testing.T) {
	s, e := newStore(t)
	d := newDriver(s, seed(t))
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	for range rounds {
		for range 30 {
			d.step(t)
		}
		mustCheck(t, s)
		again, err := New(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := dump(t, s), dump(t, again); a != b {
			t.Fatalf("opened anew the store shows\n%s\nwant\n%s", b, a)
		}
		d.s = again
		s = again
	}
}

// TestCrash has commits fail, be torn, or end the process, and looks whether
// the old or the new state is there, and nothing else.
func TestCrash(t *testing.T) {
	s, e := newStore(t)
	d := newDriver(s, seed(t))
	for range 150 {
		d.step(t)
	}
	kinds := []error{errors.New("no space"), fmt.Errorf("lost: %w", contacts.ErrCommitUnknown), errTorn}
	done := map[string]int{}
	for i := range 30 {
		scope, b := d.batch()
		before := dump(t, s)
		kind := kinds[i%3]
		failed := false
		e.fail = func(int, *Batch) error { failed = true; return kind }
		_, err := s.Apply(context.Background(), scope, b)
		e.fail = nil
		if failed != errors.Is(err, kind) || !failed && err != nil && !refused(err) {
			t.Fatalf("commit failed %v: Apply: %v", failed, err)
		}
		if i%2 == 0 { // the process ended
			if s, err = New(e, nil); err != nil {
				t.Fatal(err)
			}
			d.s = s
		}
		after := dump(t, s)
		switch {
		case !failed && after != before:
			t.Fatalf("a batch without a commit changed something:\n%s\nwant\n%s", after, before)
		case failed && kind != errTorn && after != before:
			t.Fatalf("a failed commit (%v) changed something:\n%s\nwant\n%s", kind, after, before)
		case failed && kind == errTorn:
			d.index[scope] = b.Index
		}
		if failed && b.Op != "" {
			a, err := s.Apply(context.Background(), scope, b)
			if err != nil || a.Repeated != (kind == errTorn) {
				t.Fatalf("asked again after %v: %+v, %v", kind, a, err)
			}
			d.index[scope] = b.Index
			done["asked again"]++
		}
		done[fmt.Sprintf("%v", failed)]++
		if i%10 == 0 {
			mustCheck(t, s)
		}
		d.step(t)
	}
	t.Log(done)
}

// TestTrimCrash cuts a Trim off at every commit.
func TestTrimCrash(t *testing.T) {
	build := func() (*Store, *plainEngine) {
		s, e := newStore(t)
		d := newDriver(s, 5)
		for range 400 {
			scope, b := d.batch()
			b.Index, b.Phase = contacts.IndexVersion{}, contacts.IndexSame
			if _, err := s.Apply(context.Background(), scope, b); err != nil && !refused(err) {
				t.Fatal(err)
			}
		}
		return s, e
	}
	s, e := build()
	st, err := s.Stat(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	upTo := st.Last - 5
	if err := s.Trim(t.Context(), home, upTo); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, s)
	want, entries := withoutSecrets(dump(t, s)), len(e.data)
	for n := range 2 {
		s, e := build()
		e.commits = 0
		e.fail = func(i int, _ *Batch) error {
			if i > n {
				return errors.New("cut off")
			}
			return nil
		}
		s.Trim(t.Context(), home, upTo)
		e.fail = nil
		if s, err = New(e, nil); err != nil {
			t.Fatal(err)
		}
		mustCheck(t, s)
		if err := s.Trim(t.Context(), home, upTo); err != nil {
			t.Fatal(err)
		}
		mustCheck(t, s)
		if got := withoutSecrets(dump(t, s)); got != want || len(e.data) != entries {
			t.Errorf("cut off after %d commits and repeated: %d entries, want %d", n, len(e.data), entries)
		}
	}
}

// withoutSecrets replaces the random epochs of a dump.
func withoutSecrets(dump string) string {
	var out []string
	for line := range strings.Lines(dump) {
		if i := strings.Index(line, "Epoch:"); i >= 0 {
			if n := strings.IndexByte(line[i:], ' '); n >= 0 {
				line = line[:i] + line[i+n:]
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// recordsOf returns the records from which a scope can be loaded again.
func recordsOf(t *testing.T, s *Store, scope contacts.Scope, keys map[string]contacts.Keys) []contacts.LoadRecord {
	t.Helper()
	byID := map[string]*contacts.LoadRecord{}
	var order []string
	st, err := s.Stat(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events(t, s, scope, st.First) {
		r := byID[e.ID]
		if r == nil {
			r = &contacts.LoadRecord{Created: e.Revision}
			byID[e.ID] = r
			order = append(order, e.ID)
		} else {
			r.Past = append(r.Past, contacts.Event{Revision: r.Contact.Revision, Contact: r.Contact, Lines: r.Keys.Shared, BatchEnd: r.Contact.Revision})
		}
		r.Contact, r.Purged = e.Contact, e.Purged
		r.Keys = contacts.Keys{Shared: e.Lines} // for Past; replaced below
	}
	var list []contacts.LoadRecord
	for _, id := range order {
		r := byID[id]
		r.Keys = keys[id]
		r.KeepDuplicates = true
		if r.Purged {
			for i := range r.Past {
				r.Past[i] = contacts.Event{Revision: r.Past[i].Revision}
			}
		}
		list = append(list, *r)
	}
	return list
}

func sequence(list []contacts.LoadRecord) iter.Seq2[contacts.LoadRecord, error] {
	return func(yield func(contacts.LoadRecord, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// history applies random batches to home, of one write each, without Reindex,
// and returns the last Keys of each contact.
func history1(t *testing.T, s *Store, d *driver, n int) map[string]contacts.Keys {
	t.Helper()
	keys := map[string]contacts.Keys{}
	for range n {
		w := d.write(home)
		if w.Kind == contacts.Reindex {
			continue
		}
		_, err := s.Apply(t.Context(), home, batchOf(w))
		if err != nil && !refused(err) {
			t.Fatal(err)
		}
		if err == nil {
			keys[w.Contact.ID] = w.Keys
		}
	}
	return keys
}

// TestLoadEqualsApply compares, entry by entry, a store that was loaded with
// the one whose contacts it has.
func TestLoadEqualsApply(t *testing.T) {
	n := seed(t)
	s, e := newStore(t)
	keys := history1(t, s, newDriver(s, n), 400)
	records := recordsOf(t, s, home, keys)
	st, _ := s.Stat(t.Context(), home)
	head := contacts.LoadHead{Last: st.Last, Index: st.Index, UniqueBy: st.UniqueBy}
	type way struct {
		shuffled bool
		open     func() (*Store, *plainEngine)
	}
	var all []way
	for _, open := range loadStores(t) {
		all = append(all, way{false, open}, way{true, open})
	}
	for _, way := range all {
		records := slices.Clone(records)
		if way.shuffled {
			rand.New(rand.NewPCG(n, 1)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		}
		loaded, le := way.open()
		if _, err := loaded.Load(t.Context(), home, head, sequence(records)); err != nil {
			t.Fatal(err)
		}
		mustCheck(t, loaded)
		if a, b := withoutSecrets(dump(t, s)), withoutSecrets(dump(t, loaded)); a != b {
			t.Fatalf("loaded:\n%s\napplied:\n%s", b, a)
		}
		for _, table := range scopeTables {
			switch byte(table) {
			case tablePast, tableOp: // without words and sort keys, and without ops
				continue
			}
			if a, b := e.dump(byte(table)), le.dump(byte(table)); a != b {
				t.Errorf("table %c loaded:\n%s\napplied:\n%s", table, b, a)
			}
		}
		d := newDriver(loaded, n+1)
		history1(t, loaded, d, 100)
		mustCheck(t, loaded)
	}
}

// TestLoadCrash cuts a load off at every commit: nothing can be seen of it, and
// nothing is left after the next New or write.
func TestLoadCrash(t *testing.T) {
	for name, open := range loadStores(t) {
		t.Run(name, func(t *testing.T) { loadCrash(t, open) })
	}
}

func loadCrash(t *testing.T, open func() (*Store, *plainEngine)) {
	for _, by := range []contacts.UniqueBy{contacts.UniqueByStream, contacts.UniqueByAccount} {
		for _, kind := range []error{errors.New("cut off"), errTorn} {
			complete := false
			for n := 1; !complete; n++ {
				s, e := open()
				other := contacts.Scope{Account: home.Account, Stream: "other"}
				b := batchOf(person("o", "Other", 500))
				b.UniqueBy = by
				if _, err := s.Apply(t.Context(), other, b); err != nil {
					t.Fatal(err)
				}
				mustApply(t, s, contacts.Batch{Settings: []byte("x"), Op: "op"}) // an empty scope of that name
				before, entries := dump(t, s), len(e.data)
				var records []contacts.LoadRecord
				for i := range 20 {
					w := person(fmt.Sprint("c", i), "Some Body", phone.Line(1000+i*31%17), phone.Line(2000+i))
					w.Contact.Revision = uint64(20 - i)
					records = append(records, contacts.LoadRecord{Contact: w.Contact, Keys: w.Keys, KeepDuplicates: true})
				}
				e.commits = 0
				e.fail = func(i int, _ *Batch) error {
					if i >= n {
						return kind
					}
					return nil
				}
				_, err := s.Load(t.Context(), home, contacts.LoadHead{Last: 20, UniqueBy: by}, sequence(records))
				complete = err == nil
				e.fail = nil
				if complete {
					break
				}
				if !errors.Is(err, kind) {
					t.Fatalf("Load cut off at commit %d: %v", n, err)
				}
				mustCheck(t, s)
				if n%2 == 0 {
					if s, err = New(s.engine, nil); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := s.Apply(t.Context(), other, batchOf(at(1, person("o", "Other", 500)))); err != nil {
					t.Fatal(err)
				}
				mustCheck(t, s)
				got := dump(t, s)
				if got == before {
					if len(e.data) != entries {
						t.Errorf("cut off at commit %d: %d entries are left, want %d", n, len(e.data), entries)
					}
				} else if st, _ := s.Stat(t.Context(), home); kind != errTorn || st.Active != 20 {
					t.Fatalf("cut off at commit %d (%v):\n%s\nwant\n%s", n, kind, got, before)
				} else {
					continue // the last commit was made
				}
				if _, err := s.Load(t.Context(), home, contacts.LoadHead{Last: 20, UniqueBy: by}, sequence(records)); err != nil {
					t.Fatal(err)
				}
				mustCheck(t, s)
				if n > 100 {
					t.Fatal("a load of 20 contacts takes more than 100 commits")
				}
			}
		}
	}
}
