package contacts_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/memstore"
)

func TestMergeRefusals(t *testing.T) {
	b := relaxed(t)
	ids := named(t, b, n1, n2, n3)
	deleted := must(b.Create(ctx, typed("D", n4)))(t)
	must(b.Delete(ctx, deleted.ID))(t)
	must(b.Merge(ctx, ids[1], ids[2:], nil))(t)
	merge := func(keep string, others []string, take map[string]string) error {
		_, err := b.Merge(ctx, keep, others, &contacts.MergeOptions{Take: take})
		_, perr := b.PreviewMerge(ctx, keep, others, &contacts.MergeOptions{Take: take})
		if err == nil || perr == nil || err.Error() != perr.Error() {
			t.Errorf("merged with %v, previewed with %v", err, perr)
		}
		return err
	}
	_, update := b.Update(ctx, contacts.Contact{ID: ids[2], FirstName: "X", CellPhone: contacts.Phone{Number: n3}})
	_, del := b.Delete(ctx, ids[2])
	_, undelete := b.Undelete(ctx, ids[2])
	_, reassign := b.Reassign(ctx, n1, ids[2])
	_, edit := b.Edit(ctx, ids[2], func(c *contacts.Contact) error { c.Title = "x"; return nil })
	for i, tt := range []struct{ err, want error }{
		{merge(ids[0], []string{"nobody"}, nil), contacts.ErrNotFound},
		{merge("nobody", ids[:1], nil), contacts.ErrNotFound},
		{merge(ids[0], ids[:1], nil), contacts.ErrInvalid},
		{merge(ids[0], []string{ids[1], ids[1]}, nil), contacts.ErrInvalid},
		{merge(ids[0], []string{deleted.ID}, nil), contacts.ErrInvalid},
		{merge(deleted.ID, ids[:1], nil), contacts.ErrInvalid},
		{merge(ids[0], ids[2:], nil), contacts.ErrMerged},
		{merge(ids[2], ids[:1], nil), contacts.ErrMerged},
		{merge(ids[0], ids[1:2], map[string]string{"firstName": ids[2]}), contacts.ErrInvalid},
		{merge(ids[0], ids[1:2], map[string]string{"phones": ids[1]}), contacts.ErrInvalid},
		{update, contacts.ErrMerged},
		{del, contacts.ErrMerged},
		{undelete, contacts.ErrMerged},
		{reassign, contacts.ErrMerged},
		{edit, contacts.ErrMerged},
	} {
		if !errors.Is(tt.err, tt.want) {
			t.Errorf("case %d: %v, want %v", i, tt.err, tt.want)
		}
	}

	// A repeated call changes nothing.
	at := must(b.Token(ctx))(t)
	must(b.Merge(ctx, ids[1], ids[2:], nil))(t)
	if now := must(b.Token(ctx))(t); now != at {
		t.Errorf("a second Merge wrote something: %v, then %v", at, now)
	}

	// What was looked at has changed.
	p := must(b.PreviewMerge(ctx, ids[0], ids[1:2], nil))(t)
	must(b.Edit(ctx, ids[1], func(c *contacts.Contact) error { c.Title = "Dr"; return nil }))(t)
	var rev *contacts.RevisionError
	if _, err := b.Merge(ctx, ids[0], ids[1:2], &contacts.MergeOptions{Revisions: p.Revisions}); !errors.As(err, &rev) || rev.Conflicts[0].ID != ids[1] {
		t.Errorf("after an edit: %v", err)
	}
	if _, err := b.At(7).Merge(ctx, ids[0], ids[1:2], nil); !errors.As(err, &rev) || rev.Conflicts[0].ID != ids[0] {
		t.Errorf("At: %v", err)
	}

	// More than a contact holds.
	big := func(from int) contacts.Contact {
		c := typed("Big", fmt.Sprintf("+9198765%05d", from))
		c.Custom = map[string]string{}
		for i := range 40 {
			c.Phones = append(c.Phones, contacts.Phone{Number: fmt.Sprintf("+9198765%05d", from+i+1)})
			c.Custom[fmt.Sprint("k", from+i)] = "v"
		}
		return c
	}
	x, y := must(b.Create(ctx, big(0)))(t), must(b.Create(ctx, big(100)))(t)
	var invalid *contacts.ValidationError
	if _, err := b.Merge(ctx, x.ID, []string{y.ID}, nil); !errors.As(err, &invalid) || len(invalid.Fields) != 2 ||
		invalid.Fields[0].Field != "phones" || invalid.Fields[1].Field != "custom" {
		t.Errorf("82 numbers, 80 values: %v", err)
	}
}

// An id leads on however often its contact was merged on.
func TestResolveLongChain(t *testing.T) {
	b := relaxed(t)
	var ids []string
	for i := range contacts.MaxLimit + 10 {
		ids = append(ids, must(b.Create(ctx, contacts.Contact{FirstName: fmt.Sprint("A", i)}))(t).ID)
		if i > 0 {
			must(b.Merge(ctx, ids[i], ids[i-1:i], nil))(t)
		}
	}
	last := len(ids) - 1
	if r := must(b.Resolve(ctx, ids[0]))(t); r.ID != ids[last] || !slices.Equal(r.Via, ids[:last]) || r.Contact.Status != contacts.Active {
		t.Errorf("%+v", r)
	}
}

func TestMergeOfLegacyDuplicates(t *testing.T) {
	b := relaxed(t)
	keep := b.With(contacts.Rules{AnyNotation: true, Optional: true, AnySalutation: true, KeepDuplicates: true})
	ids := named(t, keep, n1, n1, n1, n2)
	var dup *contacts.DuplicateNumberError
	if _, err := b.Merge(ctx, ids[3], ids[:1], nil); !errors.As(err, &dup) || dup.Refusals[0].HolderID != ids[1] || dup.Refusals[0].Index != 0 {
		t.Errorf("two more have the number: %v", err)
	}
	c := must(b.Merge(ctx, ids[3], ids[:3], nil))(t)
	if spell(c) != "D||2,1" || must(b.Count(ctx))(t).Duplicates != 0 {
		t.Errorf("%s", spell(c))
	}
	// They come back, but the number only once: nothing makes a duplicate anew.
	u := must(b.Unmerge(ctx, ids[3]))(t)
	if len(u.Lost) != 2 || u.Lost[0].HolderID != ids[0] || u.Lost[1].Index != 2 || must(b.Count(ctx))(t).Duplicates != 0 {
		t.Errorf("%+v", u.Lost)
	}
}

func TestMergeAfterTrim(t *testing.T) {
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	b := openBook(t, store, &contacts.Options{Rules: contacts.RelaxedRules()})
	ids := named(t, b, n1, n2)
	must(b.Merge(ctx, ids[0], ids[1:], nil))(t)
	must(b.Edit(ctx, ids[0], func(c *contacts.Contact) error { c.Title = "Dr"; return nil }))(t)
	if err := contacts.Trim(ctx, store, b.Scope(), must(b.Token(ctx))(t).Revision); err != nil {
		t.Fatal(err)
	}
	u := must(b.Unmerge(ctx, ids[0]))(t)
	if spell(u.Survivor) != "A||1" || u.Survivor.Title != "Dr" || spell(u.Contacts[0]) != "B||2" {
		t.Errorf("%+v", u)
	}
}

// TestMergeRace has many merge and unmerge at once what others edit: no number
// gets lost, and none gets two holders.
func TestMergeRace(t *testing.T) {
	onStores(t, func(t *testing.T, s contacts.Store) {
		b := openBook(t, s, &contacts.Options{Rules: contacts.RelaxedRules()})
		var numbers []string
		for i := range 12 {
			numbers = append(numbers, fmt.Sprintf("+9198765432%02d", i))
		}
		ids := named(t, b, numbers...)
		var wg sync.WaitGroup
		for g := range 6 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(g), 1))
				for range 40 {
					i, k := r.IntN(len(ids)), r.IntN(len(ids))
					var err error
					switch r.IntN(3) {
					case 0:
						_, err = b.Merge(ctx, ids[i], []string{ids[k]}, nil)
					case 1:
						_, err = b.Unmerge(ctx, ids[i])
					case 2:
						_, err = b.Edit(ctx, ids[i], func(c *contacts.Contact) error { c.Title += "x"; return nil })
					}
					if err != nil && !errors.Is(err, contacts.ErrMerged) && !errors.Is(err, contacts.ErrInvalid) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		has := map[string]int{}
		for c, err := range b.All(ctx, nil) {
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range claimed(c) {
				has[n]++
			}
		}
		for _, n := range numbers {
			if has[n] != 1 {
				t.Errorf("%s has %d holders", n, has[n])
			}
		}
		for _, id := range ids {
			if r := must(b.Resolve(ctx, id))(t); r.Contact.Status != contacts.Active {
				t.Errorf("%s leads to %+v", id, r)
			}
		}
	})
}
