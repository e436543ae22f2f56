package contacts

import (
	"context"
	"errors"
	"slices"
)

// Purge removes a person for good: the contact and those that were merged into
// it, their history, and what they were found by. Their ids are not used again;
// of each the feed keeps the positions of its events, the history who purged it
// and when, and Resolve still leads from a merged contact's id to that of its
// survivor. The survivor of a contact that was merged stays, with what it took
// over, which is its own then unless another merged contact had it too.
//
// What others had from a contact is theirs, and stays in their history until
// Trim, also where an Unmerge has taken it out of them: History of a contact that
// it was once merged into shows numbers, e-mails and values that it brought. Where
// that has to go too, Trim, or purge that contact as well.
//
// Purged data can no longer be read through this library. Its bytes leave
// boltstore's file with the next Compact, which writes a new file without them
// (what the disk keeps of the old one is the disk's affair); backups and copies
// keep them until they are deleted. Names also stand in what others wrote: the
// notes of other contacts, a host's logs.
func (b *Book) Purge(ctx context.Context, id string) error {
	if err := b.onlyOnce("Purge"); err != nil {
		return err
	}
	for {
		batch, err := b.planPurge(ctx, id)
		if err != nil {
			return err
		}
		_, err = b.apply(ctx, batch)
		if err != nil && errors.Is(err, ErrConflict) && ctx.Err() == nil {
			continue // the next read says what has changed
		}
		return err
	}
}

func (b *Book) planPurge(ctx context.Context, id string) (Batch, error) {
	var batch Batch
	old, err := b.Get(ctx, id)
	if err != nil {
		return batch, err
	}
	if b.revision != 0 && b.revision != old.Revision {
		return batch, &RevisionError{[]RevisionConflict{{ID: id, Read: b.revision, Present: old.Revision}}}
	}
	person := []Contact{old}
	for i := 0; i < len(person); i++ { // grows as contacts are found that were merged into it
		for _, o := range person[i].MergedFrom {
			c, err := b.Get(ctx, o.ID)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return batch, err
			}
			person = append(person, c)
		}
	}
	now := b.nowAfter(person)
	for i := range person {
		c := Contact{ID: person[i].ID, MergedInto: person[i].MergedInto}
		b.touch(&c, now)
		batch.Writes = append(batch.Writes, Write{Kind: Purge, Contact: c, Revision: person[i].Revision})
	}
	if old.Status != Merged {
		return batch, nil
	}
	into, err := b.Get(ctx, old.MergedInto)
	if errors.Is(err, ErrNotFound) {
		return batch, nil
	}
	if err != nil {
		return batch, err
	}
	into.MergedFrom = slices.DeleteFunc(into.MergedFrom, func(o Origin) bool { return o.ID == id })
	normalise(&into)
	b.touch(&into, now)
	batch.Writes = append(batch.Writes, b.put(&into, into.Revision))
	return batch, nil
}
