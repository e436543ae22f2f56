package contacts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Bounds of a batch of a copy without Load.
const (
	copyWrites = 500
	copyBytes  = 4 << 20
)

// put copies the contacts to a store that is no Loader. have is the Stat of
// its scope.
func (c *copier) put(ctx context.Context, have Stat) error {
	if err := c.strangers(ctx, have); err != nil {
		return err
	}
	batch := Batch{Index: c.book.index, UniqueBy: c.st.UniqueBy}
	if !bytes.Equal(have.Settings, c.st.Settings) {
		batch.Settings = append([]byte{}, c.st.Settings...)
	}
	c.done.Skipped = have.Epoch != "" && batch.Settings == nil
	size := 0    // bytes of the batch
	count := 0   // contacts read
	var at []int // which of them the writes of the batch are of
	flush := func() error {
		a, err := c.dst.Apply(ctx, c.scope, batch)
		for _, k := range a.Kept {
			k.name(batch.Writes)
			k.Index = at[k.Index]
			if k.Earlier >= 0 {
				k.Earlier = at[k.Earlier]
			}
			c.done.Kept = append(c.done.Kept, k)
		}
		batch.Writes, batch.Settings = batch.Writes[:0], nil
		size, at = 0, at[:0]
		return err
	}
	p := past{copier: c, without: true}
	for r, err := range p.records(ctx) {
		if err != nil {
			return err
		}
		count++
		w := Write{Contact: r.Contact, Keys: r.Keys, KeepDuplicates: true}
		if have.Last > 0 {
			old, err := c.dst.Get(ctx, c.scope, r.Contact.ID)
			switch {
			case err == nil && old.Equal(r.Contact):
				c.want.contact(&old, 0) // with whom it was updated by there
				continue
			case err == nil:
				w.Revision = old.Revision
			case !errors.Is(err, ErrNotFound):
				return err
			}
		}
		n := c.want.contact(&r.Contact, 0)
		if len(batch.Writes) > 0 && size+n > copyBytes || len(batch.Writes) == copyWrites {
			if err := flush(); err != nil {
				return err
			}
		}
		c.done.Skipped = false
		batch.Writes, at = append(batch.Writes, w), append(at, count-1)
		size += n
	}
	if c.done.Skipped {
		return nil
	}
	return flush() // without writes too: the scope is to be there
}

// strangers returns an error where the destination has a contact that is not
// of the source.
func (c *copier) strangers(ctx context.Context, have Stat) error {
	if have.Last == 0 {
		return nil
	}
	for h, err := range everyHit(ctx, c.dst, c.scope) {
		if err != nil {
			return err
		}
		_, err = c.src.Get(ctx, c.scope, h.Contact.ID)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: the destination has contacts that the source does not have: copy into an empty store", ErrNotEmpty)
		} else if err != nil {
			return err
		}
	}
	return nil
}
