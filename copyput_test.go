package contacts_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/callerbook/contacts"
)

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
