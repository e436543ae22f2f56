package contacts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/callerbook/contacts/phone"
)

var zeroTime time.Time

// Result is the outcome of one item of a call that judges each on its own.
type Result struct {
	Contact Contact // as stored; as given when Err is set
	Err     error
}

// Create adds a contact and returns it as stored. A number that another
// contact claims is refused with *DuplicateNumberError, which names the
// holder; a contact that breaks the rules with *ValidationError.
func (b *Book) Create(ctx context.Context, c Contact) (Contact, error) {
	done, bad := b.finish(c, nil, nil, 0)
	if bad != nil {
		return Contact{}, &ValidationError{Fields: bad}
	}
	if err := b.refuseEarly(ctx, &done); err != nil {
		return Contact{}, err
	}
	out, err := b.create(ctx, []Contact{c}, []Contact{done})
	if err != nil {
		return Contact{}, err
	}
	return out[0], nil
}

// CreateAll adds all of the contacts or none, and returns them in order. The
// error lists what is wrong with every one of them. At most MaxWrites.
func (b *Book) CreateAll(ctx context.Context, list []Contact) ([]Contact, error) {
	if len(list) == 0 {
		return nil, nil
	}
	done, fields := b.finishAll(list)
	if fields != nil {
		return nil, &ValidationError{Fields: fields}
	}
	return b.create(ctx, list, done)
}

// finishAll finishes new contacts.
func (b *Book) finishAll(list []Contact) (done []Contact, fields []FieldError) {
	done = make([]Contact, len(list))
	for i := range list {
		c, bad := b.finish(list[i], nil, nil, i)
		done[i] = c
		fields = append(fields, bad...)
	}
	return done, fields
}

// create stores new contacts: list as they were given, done finished.
func (b *Book) create(ctx context.Context, list, done []Contact) ([]Contact, error) {
	batch := Batch{Writes: make([]Write, len(done))}
	stamp := b.stamp()
	for i := range done {
		batch.Writes[i] = b.newWrite(&done[i], stamp)
	}
	b.identify(&batch, "create", list)
	a, err := b.apply(ctx, batch)
	if err != nil {
		return nil, err
	}
	return b.answer(ctx, a, done)
}

// stamp is who writes, and when: one instant a call.
type stamp struct {
	at      time.Time
	by, aid string
}

func (b *Book) stamp() stamp { return stamp{b.now(), b.actor.prefixed(), b.actor.AID} }

// newWrite gives a finished contact its origin and, where it has none, its id,
// and returns the write that stores it.
func (b *Book) newWrite(c *Contact, s stamp) Write {
	if c.ID == "" {
		c.ID = b.opt.NewID()
	}
	s.mark(c)
	return b.put(c, 0)
}

// mark writes down who made a new contact, and when.
func (s stamp) mark(c *Contact) {
	c.CreatedBy, c.CreatedByAID = s.by, s.aid
	c.CreatedAt, c.UpdatedAt = s.at, s.at
}

// refuseEarly refuses a number that somebody has by a read, so that the caller
// need not wait for the commits of others to hear of it. It looks at contacts
// with one number only, and not in a store that is Distant. What it lets pass is
// judged by the store all the same.
func (b *Book) refuseEarly(ctx context.Context, c *Contact) error {
	if b.op != "" || b.rules.KeepDuplicates || b.opt.ReadOnly || len(c.Phones) > 0 || b.indexing.behind.Load() {
		return nil
	}
	if s, ok := b.store.(Distant); ok && s.Distant() {
		return nil
	}
	_, line, ok := b.line(c.CellPhone)
	if !ok {
		return nil
	}
	page, err := b.store.Find(ctx, b.scope, Query{Lines: []phone.Line{line}, PerLine: 1, Limit: 1})
	if err != nil || len(page.Hits) == 0 || page.Hits[0].Shared || page.Index != b.index {
		return err
	}
	h := &page.Hits[0].Contact
	if !b.claims(h, line) {
		return nil // its key is of other rules: the book is being re-indexed
	}
	return &DuplicateNumberError{[]Refusal{{Number: c.CellPhone.Number, Line: line, Field: phoneField(-1), HolderID: h.ID, HolderName: h.FullName, Earlier: -1}}}
}

// identify makes a batch repeatable under the book's Once key: the digest is
// of what the caller gave, before ids and times.
func (b *Book) identify(batch *Batch, call string, list []Contact) {
	if b.op == "" {
		return
	}
	h := sha256.New()
	var buf []byte
	for i := range list {
		buf = list[i].AppendJSON(buf[:0])
		fmt.Fprintf(h, "%s %d %d\n", call, len(buf), list[i].Revision)
		h.Write(buf)
	}
	fmt.Fprintf(h, "%+v %+v", b.rules, b.actor)
	batch.Op, batch.Digest = b.op, h.Sum(nil)
}

// answer puts the revisions of an applied batch into the contacts, or, when
// the batch had been applied before, reads them again.
func (b *Book) answer(ctx context.Context, a Applied, out []Contact) ([]Contact, error) {
	if !a.Repeated {
		for i := range out {
			out[i].Revision = a.Revisions[i]
		}
		return out, nil
	}
	for i, id := range a.IDs {
		c, err := b.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("the call was carried out before, but contact %s: %w", id, err)
		}
		out[i] = c
	}
	return out, nil
}

// Update stores what is given in c in place of what the contact of that id
// has. c.Revision is the revision that c was read at; when the contact has
// moved on, the call is refused with *RevisionError. Revision 0 means
// whatever is there. Only fields that change are judged, and numbers may come
// as the book wrote them: what Get returned is always a valid update. When
// nothing changes, nothing is written.
func (b *Book) Update(ctx context.Context, c Contact) (Contact, error) {
	out, err := b.UpdateAll(ctx, []Contact{c})
	if err != nil {
		return Contact{}, err
	}
	return out[0], nil
}

// UpdateAll updates all of the contacts or none, judged as a set: two contacts
// may swap their numbers, in the form in which the book wrote them.
func (b *Book) UpdateAll(ctx context.Context, list []Contact) ([]Contact, error) {
	for {
		out, err := b.updateAll(ctx, list)
		if errors.Is(err, ErrConflict) && ctx.Err() == nil && allUnconditional(list, err) {
			continue // somebody was faster; the caller does not mind
		}
		return out, err
	}
}

// allUnconditional reports whether a conflict is only about contacts that are
// still there and whose revision the caller left open. Numbers that were
// refused beside it do not count: they were judged for the contact as it was.
func allUnconditional(list []Contact, err error) bool {
	var rev *RevisionError
	if !errors.As(err, &rev) {
		return false
	}
	for _, c := range rev.Conflicts {
		if list[c.Index].Revision != 0 || c.Present == 0 {
			return false
		}
	}
	return true
}

func (b *Book) updateAll(ctx context.Context, list []Contact) ([]Contact, error) {
	var fields []FieldError
	var conflicts []RevisionConflict
	var merged error
	out := make([]Contact, len(list))
	batch := Batch{Writes: make([]Write, 0, len(list))}
	olds, err := b.read(ctx, list)
	if err != nil {
		return nil, err
	}
	moving := numberSet{} // numbers that one contact of the call may give to another
	if len(list) > 1 {
		for i := range olds {
			moving.released(&olds[i], &list[i])
		}
	}
	now := b.nowAfter(olds)
	for i, old := range olds {
		given := list[i].Revision
		if old.ID == "" {
			conflicts = append(conflicts, RevisionConflict{Index: i, ID: list[i].ID, Read: max(1, given)})
			continue
		}
		if old.Status == Merged && merged == nil {
			merged = &MergedError{Index: i, ID: old.ID, Into: old.MergedInto}
		}
		if given == 0 {
			given = old.Revision
		} else if given != old.Revision && b.op == "" {
			conflicts = append(conflicts, RevisionConflict{Index: i, ID: old.ID, Read: given, Present: old.Revision})
			continue
		}
		known := numberSet{}
		known.add(&old)
		known.take(moving, &list[i])
		c, bad := b.finish(list[i], &old, known, i)
		fields = append(fields, bad...)
		if !c.Equal(old) {
			b.touch(&c, now)
		}
		out[i] = c
		batch.Writes = append(batch.Writes, b.put(&c, given))
	}
	if len(list) == 0 {
		return nil, nil
	}
	b.identify(&batch, "update", list)
	var wrong error
	switch {
	case merged != nil:
		wrong = merged
	case fields != nil:
		wrong = &ValidationError{Fields: fields}
	case conflicts != nil:
		wrong = &RevisionError{Conflicts: conflicts}
	}
	if wrong != nil {
		return b.carriedOut(ctx, batch, out, wrong)
	}
	a, err := b.apply(ctx, batch)
	if err != nil {
		return nil, err
	}
	return b.answer(ctx, a, out)
}

// carriedOut is for a call that is judged wrong by the state of today: under
// a Once key it may have been right when it was carried out. The store is
// asked with a write that it will not do.
func (b *Book) carriedOut(ctx context.Context, batch Batch, out []Contact, wrong error) ([]Contact, error) {
	if batch.Op == "" {
		return nil, wrong
	}
	batch.Writes = []Write{{Kind: Purge, Contact: Contact{ID: "none"}, Revision: math.MaxUint64}}
	a, err := b.apply(ctx, batch)
	if err == nil && a.Repeated {
		return b.answer(ctx, a, out)
	}
	if errors.Is(err, ErrOpReused) {
		return nil, err
	}
	return nil, wrong
}

// read returns what the book has of each contact, zero where there is none.
func (b *Book) read(ctx context.Context, list []Contact) ([]Contact, error) {
	olds := make([]Contact, len(list))
	for i := range list {
		c, err := b.Get(ctx, list[i].ID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		olds[i] = c
	}
	return olds, nil
}

// touch notes who changes c, and when. Time does not go back for a contact.
func (b *Book) touch(c *Contact, now time.Time) {
	if now.Before(c.UpdatedAt) {
		now = c.UpdatedAt
	}
	c.UpdatedAt, c.UpdatedBy, c.UpdatedByAID = now, b.actor.prefixed(), b.actor.AID
}

// put returns the write that stores a finished contact.
func (b *Book) put(c *Contact, revision uint64) Write {
	b.pruneOrigins(c)
	return Write{Contact: *c, Revision: revision, Keys: b.keys(c), KeepDuplicates: b.rules.KeepDuplicates}
}

// Edit reads a contact, has fn change it, and stores it. When the contact has
// changed meanwhile all of that is done again, so fn may be called more than
// once; it is called outside any lock and may use the book. An error of fn
// ends the call and is returned as it is.
func (b *Book) Edit(ctx context.Context, id string, fn func(*Contact) error) (Contact, error) {
	if err := b.onlyOnce("Edit"); err != nil {
		return Contact{}, err
	}
	for {
		c, err := b.Get(ctx, id)
		if err != nil {
			return Contact{}, err
		}
		revision := c.Revision
		if err := fn(&c); err != nil {
			return Contact{}, err
		}
		c.ID, c.Revision = id, revision
		c, err = b.Update(ctx, c)
		if errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) && ctx.Err() == nil {
			continue
		}
		return c, err
	}
}
