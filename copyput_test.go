package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/callerbook/contacts"
)

// plain hides that a store is a Loader.
type plain struct{ contacts.Store }

// forwarding wraps a store with all that it may be able to do, as one that
// measures calls does.
type forwarding struct{ contacts.Store }

func (f forwarding) Load(ctx context.Context, scope contacts.Scope, head contacts.LoadHead, records iter.Seq2[contacts.LoadRecord, error]) (contacts.Applied, error) {
	return contacts.Load(ctx, f.Store, scope, head, records)
}

// TestForwardedLoad: what the store behind can do counts, not what methods
// there are.
func TestForwardedLoad(t *testing.T) {
	src := newStore(t)
	b := openBook(t, forwarding{plain{src}}, &contacts.Options{Rules: contacts.RelaxedRules()})
	list := make([]contacts.Contact, 1500)
	for i := range list {
		list[i] = typed("N", fmt.Sprintf("+91980000%04d", i))
	}
	for i, r := range must(b.CreateEach(ctx, list))(t) {
		if r.Err != nil {
			t.Fatalf("row %d: %v", i, r.Err)
		}
	}
	for _, loads := range []bool{false, true} {
		behind := newStore(t)
		dst := forwarding{behind}
		if !loads {
			dst = forwarding{plain{behind}}
		}
		for _, again := range []bool{false, true} {
			if s := must(contacts.Copy(ctx, dst, src, nil))(t).Scopes[0]; s.History != loads || s.Skipped != again {
				t.Errorf("loads %t: %+v", loads, s)
			}
		}
		sameContacts(t, behind, statesAt(t, src, 1500))
	}
}

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

	// What was purged is purged there too.
	if err := b.Purge(ctx, ids[1]); err != nil {
		t.Fatal(err)
	}
	one = must(contacts.Copy(ctx, plain{dst}, src, nil))(t).Scopes[0]
	var gone, purged *contacts.PurgedError
	_, err := dst.Get(ctx, busyScope, ids[1])
	errors.As(err, &purged)
	_, err = src.Get(ctx, busyScope, ids[1])
	if errors.As(err, &gone); one.Skipped || !reflect.DeepEqual(purged, gone) {
		t.Errorf("%+v: purged %+v, in the copy %+v", one, gone, purged)
	}
	sameContacts(t, dst, statesAt(t, src, one.Last))

	// What the source does not have is not touched, and said.
	stranger := must(contacts.Open(ctx, dst, busyScope, &contacts.Options{Rules: contacts.RelaxedRules()}))(t)
	must(stranger.Create(ctx, typed("Stranger", "+919822222222")))(t)
	before = must(dst.Stat(ctx, busyScope))(t)
	_, err = contacts.Copy(ctx, plain{dst}, src, nil)
	wantErr(t, err, contacts.ErrNotEmpty)
	if now := must(dst.Stat(ctx, busyScope))(t); !reflect.DeepEqual(before, now) {
		t.Errorf("from %+v to %+v", before, now)
	}
}

func TestCopyWithoutLoadAgain(t *testing.T) {
	src := newStore(t)
	many(t, src, 700)
	want := statesAt(t, src, must(src.Stat(ctx, busyScope))(t).Last)
	for at := 1; at <= 2; at++ {
		dst := newStore(t)
		_, err := contacts.Copy(ctx, &failing{dst, at}, src, nil)
		wantErr(t, err, errBroken)
		must(contacts.Copy(ctx, plain{dst}, src, nil))(t)
		sameContacts(t, dst, want)
		if st := must(dst.Stat(ctx, busyScope))(t); st.Last != 700 {
			t.Errorf("contacts were written twice: %+v", st)
		}
	}
}

// TestCopyWithoutLoadMoved: a contact that is purged after it was copied is
// no reason to fail, and is not in the copy.
func TestCopyWithoutLoadMoved(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	b := many(t, src, 1200)
	first := must(b.List(ctx, &contacts.ListOptions{Order: contacts.ByCreation, Limit: 1}))(t).Contacts[0].ID
	purged := false
	done := must(contacts.Copy(ctx, plain{dst}, src, &contacts.CopyOptions{Progress: func(p contacts.CopyProgress) {
		if p.Done == 1000 && !purged {
			purged = true
			if err := b.Purge(ctx, first); err != nil {
				t.Error(err)
			}
		}
	}}))(t)
	sameContacts(t, dst, statesAt(t, src, done.Scopes[0].Last))
	_, err := dst.Get(ctx, busyScope, first)
	wantErr(t, err, contacts.ErrNotFound)
}

// TestCopySameBook: a store behind another one is the same book, and is not to
// be taken back to what it was when copying began.
func TestCopySameBook(t *testing.T) {
	src := newStore(t)
	many(t, src, 10)
	_, err := contacts.Copy(ctx, plain{src}, src, nil)
	wantErr(t, err, contacts.ErrInvalid)
}

// TestCopyWithoutLoadSwapped: two contacts whose number changed hands between
// two runs are no duplicates, though one is written before the other.
func TestCopyWithoutLoadSwapped(t *testing.T) {
	src, dst := newStore(t), newStore(t)
	b := many(t, src, 700)
	keep := contacts.RelaxedRules()
	keep.KeepDuplicates = true
	must(contacts.Copy(ctx, plain{dst}, src, nil))(t)
	var list []contacts.Contact
	for c, err := range b.All(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		c.Notes = "changed"
		list = append(list, c)
	}
	slices.SortFunc(list, func(x, y contacts.Contact) int { return strings.Compare(x.CellPhone.Number, y.CellPhone.Number) })
	list[0].CellPhone, list[699].CellPhone = list[699].CellPhone, list[0].CellPhone
	must(b.UpdateAll(ctx, list))(t)
	twin := must(b.With(keep).Create(ctx, typed("Twin", list[1].CellPhone.Number)))(t)
	done := must(contacts.Copy(ctx, plain{dst}, src, nil))(t).Scopes[0]
	if len(done.Kept) != 1 || done.Kept[0].Number != twin.CellPhone.Number || done.Counts.Duplicates != 1 {
		t.Errorf("kept %+v of %+v", done.Kept, done.Counts)
	}
}
