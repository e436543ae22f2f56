package contacts

import (
	"context"
	"errors"
	"iter"

	"github.com/callerbook/contacts/phone"
)

// loadFrom is the number of contacts from which CreateEach fills an
// empty scope by Load.
const loadFrom = 1_000

// CreateEach adds each contact that can be added and returns what became of
// each, in input order; a number that an earlier one of list took is refused
// as any other. The error is set when the call as a whole could not go on;
// the results then say how far it came. List may be of any length; it is
// written in large commits, and into an empty book all at once. A
// Refusal names an earlier item of the call by its index or, where that is in a
// commit before, by its contact.
func (b *Book) CreateEach(ctx context.Context, list []Contact) ([]Result, error) {
	if err := b.onlyOnce("CreateEach"); err != nil {
		return nil, err
	}
	results := make([]Result, len(list))
	if len(list) >= loadFrom && !b.opt.ReadOnly {
		if done, err := b.loadEach(ctx, list, results); done {
			return results, err
		}
	}
	plan := func(p *pass, todo []int) (int, error) {
		stamp := b.stamp()
		for n, i := range todo {
			if p.full() {
				return n, nil
			}
			c, bad := b.finish(list[i], nil, nil, i)
			if bad != nil {
				results[i] = Result{list[i], &ValidationError{Fields: bad}}
				continue
			}
			p.add(i, b.newWrite(&c, stamp))
		}
		return len(todo), nil
	}
	settle := func(i int, r Result) bool {
		if results[i] = r; r.Err != nil {
			results[i].Contact = list[i]
		}
		return true
	}
	left, err := b.inPasses(ctx, len(list), plan, settle)
	for _, i := range left {
		results[i] = Result{list[i], err}
	}
	return results, err
}

// loadEach is CreateEach for a scope without events, through the store's
// Load. It reports false where that is not the case: nothing was done then.
func (b *Book) loadEach(ctx context.Context, list []Contact, results []Result) (bool, error) {
	head, ok, err := b.loadable(ctx)
	if err != nil || !ok {
		return false, nil // Apply knows what to say
	}
	stamp := b.stamp()
	owner := make(map[phone.Line]int, len(list)) // index of the item that claims
	var revision uint64
	records := func(yield func(LoadRecord, error) bool) {
		for i := range list {
			if i%1024 == 0 && ctx.Err() != nil {
				yield(LoadRecord{}, ctx.Err())
				return
			}
			c, bad := b.finish(list[i], nil, nil, i)
			if bad != nil {
				results[i] = Result{list[i], &ValidationError{Fields: bad}}
				continue
			}
			w := b.newWrite(&c, stamp)
			if err := refusedBy(owner, i, &w.Keys, w.KeepDuplicates); err != nil {
				results[i] = Result{list[i], err}
				continue
			}
			for _, l := range w.Keys.Claims {
				if _, taken := owner[l]; !taken {
					owner[l] = i
				}
			}
			revision++
			c.Revision = revision
			results[i] = Result{Contact: c}
			if !yield(LoadRecord{Contact: c, Keys: w.Keys, Created: revision, KeepDuplicates: w.KeepDuplicates}, nil) {
				return
			}
		}
	}
	_, err = b.store.(Loader).Load(ctx, b.scope, head, iter.Seq2[LoadRecord, error](records))
	if notLoadable(err) {
		return false, nil
	}
	if err != nil {
		for i := range results {
			results[i] = Result{list[i], err}
		}
	}
	return true, err
}

// loadable reports whether the scope can be filled by Load, and with what head: it
// has no events, and only its own numbers count.
func (b *Book) loadable(ctx context.Context) (LoadHead, bool, error) {
	if _, ok := b.store.(Loader); !ok {
		return LoadHead{}, false, nil
	}
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil || st.Last != 0 || st.Epoch != "" && (st.Index != b.index || st.Reindexing) {
		return LoadHead{}, false, err
	}
	uniqueBy := b.opt.UniqueBy
	if uniqueBy == UniqueByDefault {
		uniqueBy = st.UniqueBy
	}
	head := LoadHead{Index: b.index, UniqueBy: uniqueBy, Settings: st.Settings}
	return head, uniqueBy != UniqueByAccount, nil
}

// notLoadable reports whether a load ended because the scope is not to be
// filled by one: somebody was faster, another stream counts too, or the store
// behind is no Loader.
func notLoadable(err error) bool {
	return errors.Is(err, ErrNotEmpty) || errors.Is(err, ErrDuplicateNumber) || errors.Is(err, ErrUnsupported)
}

// refusedBy judges a record against those that come before it in a load.
func refusedBy(owner map[phone.Line]int, index int, k *Keys, keep bool) error {
	if keep {
		return nil
	}
	var list []Refusal
	for _, l := range k.Claims {
		if earlier, taken := owner[l]; taken {
			r := Refusal{Index: index, Line: l, Earlier: earlier}
			r.Number, r.Field = k.number(l)
			list = append(list, r)
		}
	}
	if list == nil {
		return nil
	}
	return &DuplicateNumberError{Refusals: list}
}

// number returns the number as the contact has it whose line is l, and its
// field.
func (k *Keys) number(l phone.Line) (number, field string) {
	for _, n := range k.numbers {
		if n.line == l {
			return n.number, phoneField(n.at)
		}
	}
	return l.String(), ""
}
