package contacts

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Change is one revision of a contact: who wrote it, when, and what that
// changed.
type Change struct {
	Revision uint64
	At       time.Time
	By       string // id of the actor, as in updatedBy; "" where none was given
	ByAID    string // likewise, as in updatedByAId
	Kind     ChangeKind

	// With has the ids of the other contacts of a merge or an unmerge.
	With []string

	// Fields says what of the data that callers give became another, in the
	// order of the JSON; of a creation all that was given. None where it is
	// not known (ChangeUnknown, ChangeBlank), and for ChangePurged.
	Fields []FieldChange

	// Contact is the contact as it was after the change. For ChangeBlank
	// and ChangePurged little more is left of it than its ID.
	Contact Contact
}

// ChangeKind is what a change did.
type ChangeKind uint8

const (
	// ChangeUnknown: the contact was there before, but Trim left nothing to
	// compare with. By and At say who wrote the state that Contact has.
	ChangeUnknown ChangeKind = iota

	ChangeCreated
	ChangeUpdated
	ChangeDeleted   // became Inactive
	ChangeUndeleted // was Inactive, and is no more
	ChangeMerged    // its data went into another contact, Change.With
	ChangeAbsorbed  // other contacts, Change.With, were merged into it
	ChangeUnmerged  // it was Merged, and is a contact of its own again
	ChangeGaveBack  // what it had from other contacts, Change.With, was taken out of it
	ChangePurged

	// ChangeBlank: a revision of a contact that was purged later. Only its
	// position is left.
	ChangeBlank
)

var changeNames = [...]string{"unknown", "created", "updated", "deleted", "undeleted", "merged", "absorbed",
	"unmerged", "gave-back", "purged", "blank"}

// String returns the kind as a word, "updated".
func (k ChangeKind) String() string {
	if int(k) < len(changeNames) {
		return changeNames[k]
	}
	return fmt.Sprintf("ChangeKind(%d)", k)
}

// MarshalText returns what String returns.
func (k ChangeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// HistoryOptions of Book.History. Nil is fine.
type HistoryOptions struct {
	Reverse bool   // newest first
	After   uint64 // only changes with a greater revision
	Before  uint64 // only changes with a smaller revision, when not 0
}

// historyPage is how many events are read at once.
const historyPage = 100

// History yields the changes of a contact, in any status, oldest first, as of
// the moment at which the loop begins: the loop may write to the book, and
// does not see it. It ends with an error, ErrNotFound for an id that the book
// never had.
//
// Trim bounds it. The first change that is left has the kind ChangeUnknown,
// unless it is the creation; a contact that was not changed since Trim has one
// such change, its present state. A contact that was purged has its changes as
// ChangeBlank, and the purge with who and when; where Trim took that too, the
// one change has no Revision and does not say by whom.
func (b *Book) History(ctx context.Context, id string, o *HistoryOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if o == nil {
			o = &HistoryOptions{}
		}
		now, err := b.Get(ctx, id)
		var purged *PurgedError
		if err != nil && !errors.As(err, &purged) {
			yield(Change{}, err)
			return
		}
		q := HistoryQuery{ID: id, After: o.After, Before: o.Before, Reverse: o.Reverse, Limit: historyPage}
		if purged == nil && (q.Before == 0 || q.Before > now.Revision) {
			q.Before = now.Revision + 1
		}
		empty := true
		for c, err := range b.changes(ctx, q) {
			if empty = false; !yield(c, err) {
				return
			}
		}
		switch {
		case !empty:
		case purged == nil && q.After < now.Revision && now.Revision < q.Before:
			yield(newChange(&Event{Revision: now.Revision, ID: id, Contact: now}, nil), nil)
		case purged != nil && q.After == 0 && q.Before == 0:
			c := Contact{ID: id, UpdatedAt: purged.At, MergedInto: purged.MergedInto}
			yield(Change{Kind: ChangePurged, At: purged.At, Contact: c}, nil)
		}
	}
}

// changes yields the events of a contact that a query asks for, page by page,
// each compared with the one before it.
func (b *Book) changes(ctx context.Context, q HistoryQuery) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		var last *Event // the neighbour that was read before
		fail := func(err error) { yield(Change{}, err) }
		for {
			page, err := b.store.History(ctx, b.scope, q)
			if err == nil && last != nil && !q.Reverse && len(page) > 0 {
				var st Stat
				if st, err = b.store.Stat(ctx, b.scope); st.First > last.Revision {
					last = nil // a Trim may have taken events between the pages
				}
			}
			if err != nil {
				fail(err)
				return
			}
			if len(page) == 0 {
				break
			}
			for i := range page {
				e := &page[i]
				if !e.Blank {
					b.fill(&e.Contact)
				}
				at, before := e, last
				if q.Reverse {
					at, before = last, e
				} else if before == nil {
					if before, err = b.eventBefore(ctx, e); err != nil {
						fail(err)
						return
					}
				}
				if at != nil && !yield(newChange(at, before), nil) {
					return
				}
				last = e
			}
			if q.Reverse {
				q.Before = last.Revision
			} else {
				q.After = last.Revision
			}
		}
		if !q.Reverse || last == nil {
			return
		}
		before, err := b.eventBefore(ctx, last)
		if err != nil {
			fail(err)
			return
		}
		yield(newChange(last, before), nil)
	}
}

// eventBefore returns the event of the same contact before e, nil where there is
// none or it was trimmed.
func (b *Book) eventBefore(ctx context.Context, e *Event) (*Event, error) {
	if e.Created == e.Revision {
		return nil, nil
	}
	page, err := b.store.History(ctx, b.scope, HistoryQuery{ID: e.ID, Before: e.Revision, Reverse: true, Limit: 1})
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return &page[0], nil
}

// newChange says what an event did to a contact that was before.
func newChange(e, before *Event) Change {
	now := &e.Contact
	c := Change{Revision: e.Revision, At: now.UpdatedAt, By: now.UpdatedBy, ByAID: now.UpdatedByAID, Contact: *now}
	switch c.Kind, c.With = kindOfEvent(e, before); c.Kind {
	case ChangePurged, ChangeBlank:
	case ChangeCreated:
		c.At, c.By, c.ByAID = now.CreatedAt, now.CreatedBy, now.CreatedByAID
		c.Fields = fieldChanges(&Contact{}, now)
	case ChangeUnknown:
		if now.UpdatedBy == "" && now.UpdatedByAID == "" && now.UpdatedAt.Equal(now.CreatedAt) {
			c.By, c.ByAID = now.CreatedBy, now.CreatedByAID // it was not changed since
		}
	default:
		c.Fields = fieldChanges(&before.Contact, now)
	}
	return c
}

// kindOfEvent says what an event did, and returns the other contacts of a merge.
func kindOfEvent(e, before *Event) (ChangeKind, []string) {
	switch {
	case e.Purged:
		return ChangePurged, nil
	case e.Blank:
		return ChangeBlank, nil
	case e.Created == e.Revision:
		return ChangeCreated, nil
	case before == nil || before.Blank:
		return ChangeUnknown, nil
	}
	return kindOfChange(&before.Contact, &e.Contact)
}

// kindOfChange compares two states of a contact that follow one another.
func kindOfChange(was, now *Contact) (kind ChangeKind, with []string) {
	switch {
	case now.Status == Merged && (was.Status != Merged || was.MergedInto != now.MergedInto):
		return ChangeMerged, []string{now.MergedInto}
	case was.Status == Merged && now.Status != Merged:
		return ChangeUnmerged, []string{was.MergedInto}
	case was.Status != now.Status && now.Status == Inactive:
		return ChangeDeleted, nil
	case was.Status != now.Status:
		return ChangeUndeleted, nil
	}
	if with = newOrigins(was, now); with != nil {
		return ChangeAbsorbed, with
	}
	if with = newOrigins(now, was); with != nil {
		return ChangeGaveBack, with
	}
	return ChangeUpdated, nil
}

// newOrigins returns the ids of what stands in c.MergedFrom and not in that of
// old.
func newOrigins(old, c *Contact) (list []string) {
	has := make(map[string]bool, len(old.MergedFrom))
	for i := range old.MergedFrom {
		has[old.MergedFrom[i].ID] = true
	}
	for i := range c.MergedFrom {
		if id := c.MergedFrom[i].ID; !has[id] {
			list = append(list, id)
		}
	}
	return list
}
