package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/internal/older"
)

// brittle is a store that fails at one commit, done or not.
type brittle struct {
	contacts.Store
	at   int // which commit, from 0
	done bool
	err  error
}

func (s *brittle) fails() bool {
	s.at--
	return s.at == -1
}

func (s *brittle) Apply(ctx context.Context, scope contacts.Scope, b contacts.Batch) (contacts.Applied, error) {
	fails := s.fails()
	if fails && !s.done {
		return contacts.Applied{}, s.err
	}
	a, err := s.Store.Apply(ctx, scope, b)
	if fails && err == nil {
		return contacts.Applied{}, s.err
	}
	return a, err
}

func (s *brittle) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	if s.fails() && !s.done {
		return contacts.Applied{}, s.err
	}
	return contacts.Load(ctx, s.Store, scope, head, records)
}

// After a commit that failed, or of which it is not known whether it did, what
// was told and counted is in the book, and the same import doubles nothing.
func TestImportStoreFails(t *testing.T) {
	rows := manyRows(4000)
	rows = append(rows, rows[:1500]...)
	for _, held := range []contacts.HeldPolicy{contacts.SkipHeld, contacts.FillHeld} {
		for _, seeds := range []int{0, 1} {
			for at := range 3 {
				for _, done := range []bool{false, true} {
					t.Run(fmt.Sprint(held, seeds, at, done), func(t *testing.T) {
						inner := newStore(t)
						s := &brittle{Store: inner, at: -2, done: done, err: contacts.ErrCommitUnknown}
						b := openBook(t, s, inIndia())
						for range seeds {
							must(b.Create(ctx, typed("Asha", "9876543210")))(t)
						}
						s.at = at
						told := contacts.ImportCounts{}
						counts, err := b.Import(ctx, rowsOf(rows), &contacts.ImportOptions{Held: held}, func(r contacts.ImportResult) error {
							told.Rows++
							if r.Outcome == contacts.ImportCreated {
								told.Created++
								must(b.Get(ctx, r.Contact.ID))(t)
							}
							return nil
						})
						if s.at < 0 && !(seeds == 0 && done && at == 1) && // the load, of which the store itself knows
							!errors.Is(err, contacts.ErrCommitUnknown) {
							t.Fatalf("%v %+v", err, counts)
						}
						s.at = -2
						n := must(b.Count(ctx))(t)
						if int(n.Active)-seeds < counts.Created || counts.Created < told.Created || counts.Rows < told.Rows {
							t.Errorf("%d contacts, counted %+v, told %+v", n.Active, counts, told)
						}
						importAll(t, b, rows, &contacts.ImportOptions{Held: held})
						if n := must(b.Count(ctx))(t); int(n.Active) != 4000+seeds || n.Duplicates != 0 {
							t.Errorf("%+v", n)
						}
					})
				}
			}
		}
	}
}

// A store that cannot be copied has no dry run, and one that is no Loader takes
// all rows in commits.
func TestImportPlainStore(t *testing.T) {
	b := openBook(t, plain{newStore(t)}, inIndia())
	if _, err := b.Import(ctx, rowsOf(manyRows(3)), &contacts.ImportOptions{DryRun: true}, nil); !errors.Is(err, contacts.ErrUnsupported) {
		t.Error(err)
	}
	for _, r := range importAll(t, b, manyRows(3000), nil) {
		if r.Outcome != contacts.ImportCreated {
			t.Fatalf("%+v", r)
		}
	}
}

// Where numbers are unique in an account, those of other streams are refused,
// and not named.
func TestImportUniqueByAccount(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		o := inIndia()
		o.UniqueBy = contacts.UniqueByAccount
		other := must(contacts.Open(ctx, s, contacts.Scope{Account: "acme", Stream: "other"}, o))(t)
		must(other.Create(ctx, typed("Asha", "9000000007")))(t)
		b := openBook(t, s, o)
		for i, r := range importAll(t, b, manyRows(1500), nil) {
			var dup *contacts.DuplicateNumberError
			if held := errors.As(r.Err, &dup); held != (i == 7) || held && (dup.Refusals[0].HolderID != "" || dup.Refusals[0].Earlier != -1) {
				t.Errorf("row %d: %v", i, r.Err)
			}
		}
	})
}

// While the book is re-indexed, rows meet the contacts that still have old keys,
// in a dry run too, and that leaves them to the book.
func TestImportWhileReindexing(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		write(t, s, lib.Put(older.Contact("c1", "Zoë", "Old", "+525512345678"), 0), lib.Put(older.Contact("c2", "Ann", "Old", "+918012345678"), 0))
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules(), DeferReindex: true})
		rows := typedRows("New +5215512345678", "New +918112345678", "New +918012345678", "Free +919876543210")
		if _, err := b.Import(ctx, rowsOf(rows), nil, nil); !errors.Is(err, contacts.ErrStaleIndex) {
			t.Errorf("before it has begun: %v", err)
		}
		during := func(uint64, uint64) {
			for _, dry := range []bool{true, false} {
				got := importAll(t, b, rows, &contacts.ImportOptions{DryRun: dry})
				for i, holder := range []string{"c1", "", "c2", ""} {
					var dup *contacts.DuplicateNumberError
					if held := errors.As(got[i].Err, &dup); held != (holder != "") || held && dup.Refusals[0].HolderID != holder {
						t.Errorf("dry %v, row %d: %v", dry, i, got[i].Err)
					}
				}
			}
		}
		once := false
		must(b.Reindex(ctx, &contacts.ReindexOptions{Progress: func(done, total uint64) {
			if !once {
				once = true
				during(done, total)
			}
		}}))(t)
		if n := must(b.Count(ctx))(t); !once || n.Active != 4 || n.Duplicates != 0 {
			t.Errorf("%+v", n)
		}
	})
}
