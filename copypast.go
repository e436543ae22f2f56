package contacts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
)

// errMoved says that the source cannot be read any more as it was when reading
// it began.
var errMoved = errors.New("contacts: the source has moved on")

// past reads the scope of a copier's source as it was at one revision, that of
// the copier's Stat, while others go on writing to it.
//
// A contact that was changed since is read from the history. What cannot be
// had any more is what was purged since, or trimmed: errMoved.
type past struct {
	*copier
	without bool // only the contacts are wanted, not what they were before

	meter  meter
	purged []LoadRecord // in order of creation
	events uint64       // of the feed, that belong to no record yet
	seen   digest       // of which only the counts by status are used
	yield  func(LoadRecord, error) bool
}

// errStop ends reading when nobody wants more.
var errStop = errors.New("stop")

// records yields the scope in order of creation. After the last record it has
// made sure that they were all that there was.
func (p *past) records(ctx context.Context) iter.Seq2[LoadRecord, error] {
	return func(yield func(LoadRecord, error) bool) {
		p.yield = yield
		p.meter = p.copier.meter(false, !p.without)
		err := p.read(ctx)
		var trimmed *TrimmedError
		if errors.As(err, &trimmed) {
			err = errMoved
		}
		if err != nil && err != errStop {
			yield(LoadRecord{}, err)
		}
	}
}

func (p *past) read(ctx context.Context) error {
	p.done.Past, p.done.Purged = 0, 0
	if !p.without {
		if err := p.findPurged(ctx); err != nil {
			return err
		}
	}
	for h, err := range everyHit(ctx, p.src, p.scope) {
		if err != nil {
			return err
		}
		if h.Created > p.st.Last {
			break
		}
		if err := p.emitPurged(h.Created); err != nil {
			return err
		}
		r := LoadRecord{Contact: h.Contact, Created: h.Created, KeepDuplicates: true}
		if r.Contact.Revision > p.st.Last {
			if r.Contact, err = p.before(ctx, h.Contact.ID); err != nil {
				return err
			}
		}
		r.Keys = p.book.keys(&r.Contact)
		if !p.without {
			if r.Past, err = p.history(ctx, &r); err != nil {
				return err
			}
		}
		if err := p.emit(r); err != nil {
			return err
		}
	}
	if err := p.emitPurged(math.MaxUint64); err != nil {
		return err
	}
	p.meter.report()
	return p.settle(ctx)
}

// emit yields a record.
func (p *past) emit(r LoadRecord) error {
	p.events -= uint64(len(r.Past))
	if r.Contact.Revision > p.st.First {
		p.events--
	}
	if r.Purged {
		p.done.Purged++
	} else {
		p.done.Past += uint64(len(r.Past))
		p.seen.count(r.Contact.Status)
		p.meter.add(1)
	}
	if !p.yield(r, nil) {
		return errStop
	}
	return nil
}

// emitPurged yields the purged contacts that were created before.
func (p *past) emitPurged(before uint64) error {
	for len(p.purged) > 0 && p.purged[0].Created < before {
		r := p.purged[0]
		p.purged = p.purged[1:]
		if err := p.emit(r); err != nil {
			return err
		}
	}
	return nil
}

// findPurged collects the purged contacts: no listing has them.
func (p *past) findPurged(ctx context.Context) error {
	p.events, p.purged = 0, nil
	found := map[uint64]*LoadRecord{}
	for e, err := range everyEvent(ctx, p.src, p.scope, p.st.First, p.st.Last) {
		if err != nil {
			return err
		}
		p.events++
		p.meter.add(1)
		if !e.Blank {
			continue
		}
		r := found[e.Created]
		if r == nil {
			r = &LoadRecord{Created: e.Created}
			found[e.Created] = r
		}
		if e.Purged {
			c := &e.Contact
			r.Purged = true
			r.Contact = Contact{ID: e.ID, Revision: e.Revision, UpdatedAt: c.UpdatedAt,
				UpdatedBy: c.UpdatedBy, UpdatedByAID: c.UpdatedByAID, MergedInto: c.MergedInto}
		} else {
			r.Past = append(r.Past, Event{Revision: e.Revision, BatchEnd: e.BatchEnd, Blank: true})
		}
	}
	for _, r := range found {
		if !r.Purged {
			return errMoved // it was purged after the revision that is read
		}
		p.purged = append(p.purged, *r)
	}
	slices.SortFunc(p.purged, func(a, b LoadRecord) int { return cmp.Compare(a.Created, b.Created) })
	return nil
}

// before returns a contact as it was at the revision that is read.
func (p *past) before(ctx context.Context, id string) (Contact, error) {
	list, err := p.src.History(ctx, p.scope, HistoryQuery{ID: id, Before: p.st.Last + 1, Reverse: true, Limit: 1})
	if err != nil {
		return Contact{}, err
	}
	if len(list) == 0 || list[0].Blank {
		return Contact{}, errMoved // trimmed or purged
	}
	return list[0].Contact, nil
}

// history returns the superseded states of a contact.
func (p *past) history(ctx context.Context, r *LoadRecord) (list []Event, err error) {
	if r.Contact.Revision == r.Created {
		return nil, nil
	}
	q := HistoryQuery{ID: r.Contact.ID, After: p.st.First, Before: r.Contact.Revision, Limit: MaxLimit}
	for q.After+1 < q.Before {
		page, err := p.src.History(ctx, p.scope, q)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Blank {
				return nil, errMoved
			}
			k := p.book.keys(&e.Contact)
			e.Lines = append(k.Claims, k.Shared...)
			list = append(list, e)
		}
		q.After = page[len(page)-1].Revision
	}
	return list, nil
}

// settle makes sure, after everything was read, that it was the state of one
// revision and nothing was missing.
func (p *past) settle(ctx context.Context) error {
	for e, err := range everyEvent(ctx, p.src, p.scope, p.st.Last, math.MaxUint64) {
		if err != nil {
			return err
		}
		if e.Purged {
			return errMoved
		}
	}
	now, err := p.src.Stat(ctx, p.scope)
	if err != nil {
		return err
	}
	if now.Epoch != p.st.Epoch || now.First != p.st.First {
		return errMoved
	}
	if p.seen.active != p.st.Active || p.seen.inactive != p.st.Inactive || p.seen.merged != p.st.Merged {
		return fmt.Errorf("%w: the source lists %d active, %d inactive and %d merged contacts, and counts %d, %d and %d",
			ErrDamaged, p.seen.active, p.seen.inactive, p.seen.merged, p.st.Active, p.st.Inactive, p.st.Merged)
	}
	if !p.without && p.events != 0 {
		return fmt.Errorf("%w: the events of the source are not those of its contacts", ErrDamaged)
	}
	return nil
}

// everyHit yields all contacts of a scope in order of creation.
func everyHit(ctx context.Context, s Store, scope Scope) iter.Seq2[Hit, error] {
	b := Book{store: s, scope: scope}
	return b.hits(ctx, Query{Order: ByCreation, Status: []Status{Active, Inactive, Merged}, Limit: 500})
}

// everyEvent yields the events after a revision, up to another.
func everyEvent(ctx context.Context, s Store, scope Scope, after, upTo uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for after < upTo {
			page, err := s.Events(ctx, scope, after, 200)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range page {
				if e.Revision > upTo || !yield(e, nil) {
					return
				}
				after = e.Revision
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
