package contacts

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/callerbook/contacts/phone"
)

// ReindexOptions of Book.Reindex, and of the re-indexing that Open does. Nil is
// fine.
type ReindexOptions struct {
	// Progress, when set, is called after every step with the contacts done
	// and their total. Done only grows and ends at total; contacts that are
	// created meanwhile have the new keys and do not count. It is called
	// outside any lock and may use the book; the work waits for it. Where
	// nothing is to be done it is not called.
	Progress func(done, total uint64)
}

// Reindexed is what a re-index did.
type Reindexed struct {
	Contacts uint64 // looked at

	// Collisions has what the new rules see as the line of another contact.
	// Both keep it, and Duplicates lists them. What was a duplicate before is
	// among them where its line is another now. What a re-index found that
	// was interrupted is not, nor what calls of another Open or another
	// process found meanwhile: Duplicates has that, too.
	Collisions []Collision
}

// Collision is a line that a contact came to claim beside another one when it
// was re-indexed.
type Collision struct {
	Line   phone.Line
	ID     string // of the contact
	Name   string
	Number string // E.164, as the contact has it

	// HolderID and HolderName tell the contact that claims the line, too. Both
	// are empty when it belongs to another stream (UniqueByAccount).
	HolderID   string
	HolderName string
}

// Reindex brings the keys of all contacts up to the rules of this library and
// of Options.Site.Rules; Open does it unless Options.DeferReindex is set.
// Contacts, revisions and the feed stay as they are (of an Event only Lines
// are those of the present keys). Where nothing is to be done it returns at
// once. An interrupted Reindex is resumed by the next, also by one with other
// rules.
//
// From its beginning on, processes that have the book open under other rules
// are fenced: they get ErrStaleIndex from writes, look-ups and searches.
// Under these rules all of them go on meanwhile. A number that another contact
// claims is refused and a caller's number found whether or not that contact's
// turn has come, as long as the rules of before and of now leave the last six
// digits of a number as they are (where it has fewer than eight behind its
// calling code, all but the first two): all rules of package phone do. What
// slips in by others becomes a Collision. Until it has ended, writes of a
// number and look-ups read all contacts that have its last six digits, those
// that share a main line too. Contacts whose turn has not
// come are searched, sorted and listed in Duplicates by their old keys.
//
// Under UniqueByAccount every stream is re-indexed for itself: between streams
// that are indexed by different rules a number is unique only as far as both
// see it as one line, and a Collision says the rest.
func (b *Book) Reindex(ctx context.Context, o *ReindexOptions) (Reindexed, error) {
	settled, err := b.settled(ctx)
	if err != nil || settled {
		return Reindexed{}, err
	}
	b.indexing.behind.Store(true)
	if _, err := b.send(ctx, Batch{Phase: IndexBegin}); err != nil {
		return Reindexed{}, err
	}
	done, err := b.reindexAll(ctx, o)
	done.Collisions = append(done.Collisions, b.indexing.takeFound()...)
	if err != nil {
		return done, err
	}
	if _, err := b.send(ctx, Batch{Phase: IndexEnd}); err != nil {
		return done, err
	}
	b.indexing.behind.Store(false)
	b.indexing.setLast(done)
	return done, nil
}

// reindexAll brings every contact over that was there when the change began:
// later ones have the new keys.
func (b *Book) reindexAll(ctx context.Context, o *ReindexOptions) (done Reindexed, err error) {
	st, err := b.store.Stat(ctx, b.scope)
	if err != nil {
		return done, err
	}
	total := st.Active + st.Inactive + st.Merged
	progress := func() {
		if o != nil && o.Progress != nil {
			o.Progress(done.Contacts, total)
		}
	}
	q := Query{Order: ByCreation, Status: []Status{Active, Inactive, Merged}, Limit: reindexStep}
	for {
		page, err := b.find(ctx, q)
		if err != nil {
			return done, err
		}
		var writes []Write
		for i := range page.Hits {
			if h := &page.Hits[i]; h.Created <= st.Last {
				writes = append(writes, b.over(&h.Contact))
			}
		}
		found, err := b.sendOver(ctx, writes)
		if err != nil {
			return done, err
		}
		done.Contacts += uint64(len(writes))
		done.Collisions = append(done.Collisions, found...)
		if page.Next == "" || len(writes) < len(page.Hits) {
			total = done.Contacts // some may have been purged
			progress()
			return done, nil
		}
		progress()
		q.Cursor = page.Next
	}
}

// reindexStep is how many contacts are brought over in one batch.
const reindexStep = 500

// over returns the write that brings a contact over.
func (b *Book) over(c *Contact) Write {
	return Write{Kind: Reindex, Contact: *c, Revision: c.Revision, Keys: b.keys(c)}
}

// sendOver brings contacts over and returns the collisions. It passes over
// those that have changed since they were read: they have new keys.
func (b *Book) sendOver(ctx context.Context, writes []Write) ([]Collision, error) {
	if len(writes) == 0 {
		return nil, nil
	}
	a, err := b.send(ctx, Batch{Writes: writes})
	if err != nil {
		return nil, err
	}
	var found []Collision
	for _, k := range a.Kept {
		c := &writes[k.Index].Contact
		x := Collision{Line: k.Line, ID: c.ID, Name: c.FullName, Number: k.Number, HolderID: k.HolderID, HolderName: k.HolderName}
		if k.Earlier >= 0 {
			other := &writes[k.Earlier].Contact
			x.HolderID, x.HolderName = other.ID, other.FullName
		}
		found = append(found, x)
	}
	return found, nil
}

// Reindexed returns what the last complete re-index through this Book, or one
// that it was copied from, did: that of Open or of Reindex. It is zero where
// there was none.
func (b *Book) Reindexed() Reindexed {
	b.indexing.mu.Lock()
	defer b.indexing.mu.Unlock()
	last := b.indexing.last
	last.Collisions = cloneSlice(last.Collisions)
	return last
}

// indexing is what the copies of a Book share about the change of its index.
type indexing struct {
	// behind says that contacts may have keys of other rules. While it is
	// not set nothing here costs anything.
	behind atomic.Bool

	writing sync.RWMutex // held to read while a write brings contacts over

	mu    sync.Mutex
	found []Collision // by writes, until Reindex takes them
	last  Reindexed
}

// takeFound returns the collisions that writes have found, and waits for those
// that are about to.
func (x *indexing) takeFound() []Collision {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	found := x.found
	x.found = nil
	return found
}

func (x *indexing) addFound(list []Collision) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.found = append(x.found, list...)
}

func (x *indexing) setLast(r Reindexed) {
	r.Collisions = cloneSlice(r.Collisions)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last = r
}
