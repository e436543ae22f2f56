package kvstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// TestRenewEpochs renews the epochs of a store with a past: all that can be read
// stays as it was but for the epochs, and what goes by the old ones is refused.
func TestRenewEpochs(t *testing.T) {
	ctx := context.Background()
	e := newPlain()
	s, err := New(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := newDriver(s, seed(t))
	for range 400 {
		d.step(t)
	}
	op := contacts.Batch{Op: "once", Index: d.index[home], Reindexing: true, Writes: []contacts.Write{person("again", "Ann Lee")}}
	done := mustApply(t, s, op)
	before, old := dump(t, s), epochs(t, s)
	page, err := s.Find(ctx, home, contacts.Query{Limit: 1, Status: anyStatus})
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}

	for most, commits := range map[int]int{renewBytes: 1, 1: len(old)} {
		had := e.commits
		if err := s.renewEpochs(ctx, most); err != nil {
			t.Fatal(err)
		}
		if n := e.commits - had; n != commits {
			t.Errorf("%d commits of %d bytes, want %d", n, most, commits)
		}
		mustCheck(t, s)
		now := epochs(t, s)
		after := dump(t, s)
		for scope, epoch := range old {
			if now[scope] == epoch || now[scope] == "" {
				t.Errorf("%v: epoch %q became %q", scope, epoch, now[scope])
			}
			after = strings.ReplaceAll(after, now[scope], epoch)
		}
		if after != before {
			t.Errorf("more than the epochs changed: %s\nbecame %s", before, after)
		}
	}

	if _, err := s.Find(ctx, home, contacts.Query{Limit: 1, Status: anyStatus, Cursor: page.Next}); !errors.Is(err, contacts.ErrCursor) {
		t.Errorf("a cursor of before: %v", err)
	}
	b := contacts.Batch{Index: d.index[home], Reindexing: true, Writes: []contacts.Write{person("new", "Bo Ray")}, Epoch: old[home]}
	var te *contacts.TrimmedError
	if _, err := s.Apply(ctx, home, b); !errors.As(err, &te) || !te.OtherFeed {
		t.Errorf("a batch read under the old epoch: %v", err)
	}
	if a := mustApply(t, s, op); a.Last != done.Last || a.Revisions[0] != done.Revisions[0] {
		t.Errorf("an Op of before was answered with %+v, and first with %+v", a, done)
	}
	b.Epoch = ""
	if a := mustApply(t, s, b); a.Epoch != epochs(t, s)[home] {
		t.Errorf("a write is of epoch %q", a.Epoch)
	}
	mustCheck(t, s)

	again, err := New(e, nil) // with empty caches
	if err != nil {
		t.Fatal(err)
	}
	if x, y := dump(t, s), dump(t, again); x != y {
		t.Errorf("the store shows %s, and opened anew %s", x, y)
	}
}

// epochs returns the epoch of every scope.
func epochs(t testing.TB, s *Store) map[contacts.Scope]string {
	t.Helper()
	m := map[contacts.Scope]string{}
	for scope, err := range contacts.Scopes(context.Background(), s) {
		if err != nil {
			t.Fatal(err)
		}
		st, err := s.Stat(context.Background(), scope)
		if err != nil {
			t.Fatal(err)
		}
		m[scope] = st.Epoch
	}
	return m
}

// TestRenewEpochsCut has each commit fail in turn: every scope is renewed whole
// or not at all, and the next call renews them all.
func TestRenewEpochsCut(t *testing.T) {
	ctx := context.Background()
	const scopes = 5
	for cut := 1; cut <= scopes; cut++ {
		for _, fault := range []error{errors.New("disk"), errTorn} {
			s, e := newStore(t)
			for i := range scopes {
				scope := contacts.Scope{Account: "acme", Stream: fmt.Sprint(i)}
				if _, err := s.Apply(ctx, scope, batchOf(person("c", "Ann Lee"))); err != nil {
					t.Fatal(err)
				}
			}
			old := epochs(t, s)
			e.commits = 0
			e.fail = func(n int, _ *Batch) error {
				if n == cut {
					return fault
				}
				return nil
			}
			if err := s.renewEpochs(ctx, 1); !errors.Is(err, fault) {
				t.Fatal(err)
			}
			mustCheck(t, s)
			renewed := 0
			for scope, epoch := range epochs(t, s) {
				if epoch != old[scope] {
					renewed++
				}
			}
			want := cut - 1
			if fault == errTorn {
				want = cut
			}
			if renewed != want {
				t.Errorf("cut at %d, %v: %d scopes renewed", cut, fault, renewed)
			}
			e.fail = nil
			if err := s.RenewEpochs(ctx); err != nil {
				t.Fatal(err)
			}
			for scope, epoch := range epochs(t, s) {
				if epoch == old[scope] {
					t.Errorf("%v has its old epoch", scope)
				}
			}
			mustCheck(t, s)
		}
	}
}

// TestRenewEpochsRefused renews what may not be written, is closed, has no
// scopes, or is damaged.
func TestRenewEpochsRefused(t *testing.T) {
	ctx := context.Background()
	s, e := newStore(t)
	if err := s.RenewEpochs(ctx); err != nil || e.commits != 0 {
		t.Errorf("without scopes: %d commits, %v", e.commits, err)
	}
	mustApply(t, s, batchOf(person("c", "Ann Lee")))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.RenewEpochs(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	readOnly, err := New(e, &Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := readOnly.RenewEpochs(ctx); !errors.Is(err, contacts.ErrReadOnly) {
		t.Error(err)
	}
	key := string(scopeMetaKey(nil, metaConst, 1))
	good := e.data[key]
	bad := good[:len(good)-1] + "\xff"
	commits := e.commits
	e.set(key, &bad)
	if err := s.RenewEpochs(ctx); !errors.Is(err, contacts.ErrDamaged) || e.commits != commits {
		t.Errorf("damaged constants: %v", err)
	}
	e.set(key, &good)
	if err := errors.Join(s.RenewEpochs(ctx), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.RenewEpochs(ctx); !errors.Is(err, contacts.ErrClosed) {
		t.Error(err)
	}
}

// TestRenewEpochsBeside renews epochs while others write and read: none of them
// is refused, and no write is lost.
func TestRenewEpochsBeside(t *testing.T) {
	ctx := context.Background()
	s, _ := newStore(t)
	mustApply(t, s, batchOf(person("c", "Ann Lee")))
	done := make(chan struct{})
	const writes = 200
	go func() {
		defer close(done)
		r := rand.New(rand.NewPCG(1, 2))
		for i := range writes {
			if _, err := s.Apply(ctx, home, batchOf(person(fmt.Sprint("n", i), "Bo Ray"))); err != nil {
				t.Error(err)
			}
			if r.IntN(3) == 0 {
				if _, err := s.Find(ctx, home, contacts.Query{}); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for range 50 {
		if err := s.RenewEpochs(ctx); err != nil {
			t.Fatal(err)
		}
	}
	soon(t, "writing", done)
	mustCheck(t, s)
	if st, err := s.Stat(ctx, home); err != nil || st.Active != writes+1 {
		t.Error(st.Active, err)
	}
}
