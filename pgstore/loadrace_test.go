package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// TestLoadsAtOnce has loads of one scope meet, and batches of it: one of them makes
// the scope, and a load that comes later finds it not empty.
func TestLoadsAtOnce(t *testing.T) {
	s := openTest(t, nil)
	for round := range 5 {
		scope := contacts.Scope{Account: fmt.Sprint("a", round)}
		var group sync.WaitGroup
		loads, applied := make([]error, 4), make([]error, 2)
		for i := range loads {
			group.Go(func() {
				_, loads[i] = s.Load(t.Context(), scope, contacts.LoadHead{}, sequence(0, 50))
			})
		}
		for i := range applied {
			group.Go(func() {
				w := person(fmt.Sprint("c", i), "Ann Lee", phone.Line(100+i))
				_, applied[i] = s.Apply(t.Context(), scope, contacts.Batch{Writes: []contacts.Write{w}})
			})
		}
		group.Wait()
		want := 2 // what was applied
		for _, err := range loads {
			if err == nil {
				want += 50
			} else if !errors.Is(err, contacts.ErrNotEmpty) {
				t.Errorf("Load: %v", err)
			}
		}
		if err := errors.Join(applied...); err != nil {
			t.Errorf("Apply: %v", err)
		}
		st, err := s.Stat(t.Context(), scope)
		if err != nil || st.Active != uint64(want) || want > 52 || st.Last != uint64(want) {
			t.Errorf("Stat: %+v, %v, want %d contacts", st, err, want)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLoadsOfAccount has loads of the streams of one account meet, which want the
// same numbers: each number gets one claimer.
func TestLoadsOfAccount(t *testing.T) {
	s := openTest(t, nil)
	const streams = 5
	errs := make([]error, streams)
	var group sync.WaitGroup
	for i := range streams {
		group.Go(func() {
			scope := contacts.Scope{Account: "acme", Stream: fmt.Sprint(i)}
			_, errs[i] = s.Load(t.Context(), scope, contacts.LoadHead{UniqueBy: contacts.UniqueByAccount}, sequence(0, 50))
		})
	}
	group.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, contacts.ErrDuplicateNumber) {
			t.Errorf("Load: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d loads succeeded, want 1", won)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTrimAmidWrites trims while others write, purge and trim: all goes on, and what
// is left is sound.
func TestTrimAmidWrites(t *testing.T) {
	s := openTest(t, nil)
	const n = 60
	if _, err := s.Load(t.Context(), home, contacts.LoadHead{}, sequence(0, 20*n)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	for k := range 3 {
		group.Go(func() {
			for i := range n {
				r := loaded(k*n + i)
				w := contacts.Write{Contact: r.Contact, Keys: r.Keys, Revision: r.Contact.Revision}
				w.Contact.Notes = "changed"
				w.Keys.Claims = append([]phone.Line{phone.Line(1 + k*n + i)}, w.Keys.Claims...)
				a, err := s.Apply(ctx, home, contacts.Batch{Writes: []contacts.Write{w}})
				if err == nil && i%3 == 0 {
					_, err = s.Apply(ctx, home, contacts.Batch{Writes: []contacts.Write{
						{Kind: contacts.Purge, Contact: contacts.Contact{ID: r.Contact.ID}, Revision: a.Revisions[0]}}})
				}
				if err != nil {
					t.Errorf("Apply: %v", err)
					cancel()
					return
				}
			}
		})
	}
	for range 2 {
		group.Go(func() {
			for i := range n / 4 {
				if err := s.Trim(ctx, home, uint64(100*i)); err != nil {
					t.Errorf("Trim: %v", err)
					cancel()
					return
				}
			}
		})
	}
	group.Wait()
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if got := countOf(t, s, "SELECT (SELECT count(*) FROM {feed} f JOIN {scopes} s ON f.rev <= s.first_rev) + (SELECT count(*) FROM {history} h JOIN {scopes} s ON h.rev <= s.first_rev)"); got != 0 {
		t.Errorf("%d rows of what was trimmed are left", got)
	}
}
