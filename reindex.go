package contacts

import (
	"context"
)

// ReindexOptions of Book.Reindex. Nil is fine.
type ReindexOptions struct {
	// Progress, when set, is called now and then with the contacts done and
	// their total.
	Progress func(done, total uint64)
}

// Reindexed is what Book.Reindex did.
type Reindexed struct {
	Contacts uint64 // looked at

	// Collisions has the numbers that the new rules see as the line of
	// another contact. Both keep theirs, and Duplicates lists them.
	Collisions []Refusal
}

// Reindex brings the keys of all contacts up to the rules of this library and
// of Options.Site.Rules. Contacts, revisions and feed stay as they are, and
// reads and writes go on meanwhile; processes that have the book open under
// the old rules can no longer write to it. An interrupted Reindex is resumed
// by the next. Where nothing is to be done it returns at once.
func (b *Book) Reindex(ctx context.Context, o *ReindexOptions) (Reindexed, error) {
	var done Reindexed
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil || st.Epoch == "" || st.Index == b.index && !st.Reindexing {
		return done, err
	}
	if _, err := b.apply(ctx, Batch{Phase: IndexBegin}); err != nil {
		return done, err
	}
	total := st.Active + st.Inactive + st.Merged
	q := Query{Order: ByCreation, Status: []Status{Active, Inactive, Merged}, Limit: 500}
	for {
		page, err := b.find(ctx, q)
		if err != nil {
			return done, err
		}
		var batch Batch
		for _, h := range page.Hits {
			batch.Writes = append(batch.Writes, Write{Kind: Reindex,
				Contact: h.Contact, Revision: h.Contact.Revision, Keys: b.keys(&h.Contact)})
		}
		if len(batch.Writes) > 0 {
			a, err := b.apply(ctx, batch)
			if err != nil {
				return done, err
			}
			for _, k := range a.Kept {
				k.Index += int(done.Contacts)
				done.Collisions = append(done.Collisions, k)
			}
			done.Contacts += uint64(len(batch.Writes))
		}
		if o != nil && o.Progress != nil {
			o.Progress(done.Contacts, total)
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	_, err = b.apply(ctx, Batch{Phase: IndexEnd})
	return done, err
}
