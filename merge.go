package contacts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxMerged is how many contacts one contact may have taken in: entries of
// Contact.MergedFrom.
const MaxMerged = 256

// MergeOptions of Book.Merge and Book.PreviewMerge. Nil is fine.
type MergeOptions struct {
	// Take says whose value a field is to have: by JSON key the id of one of
	// the contacts. The fields are firstName, lastName, salutation, cellPhone,
	// organization, title, notes, clientRef, address, twitterDetails and
	// custom.KEY. The cell phone that is not taken becomes one of Phones.
	// Without an entry it is the value of the contact that is kept or, where
	// that is empty, the first of the others that is not.
	Take map[string]string

	// Revisions, when set, are those that the caller looked at
	// (MergePreview.Revisions): a contact that has moved on since is a
	// *RevisionError. Contacts without an entry may be at any.
	Revisions map[string]uint64
}

// MergePreview is what a Merge would do.
type MergePreview struct {
	Contact   Contact           // the survivor; its last entries of MergedFrom say what comes from whom
	Revisions map[string]uint64 // of all the contacts, for MergeOptions.Revisions
}

// Merge makes one contact out of several, in one step: keep takes in what the
// others have, and they become Merged, with all they had, MergedInto keep and
// without a claim on their numbers. It returns the survivor.
//
// The survivor has all numbers, e-mails and tags of all of them, each once (but
// what keep lists under a label or in another spelling, and the cell phone taken
// from another, stand beside each other), and of every other field one value (see
// MergeOptions.Take). MergedFrom says
// what came from whom, and Unmerge takes it back. A merged contact changes no
// more: Update, Delete and Undelete of it are *MergedError. Get returns it as
// it was, and Resolve leads from its id to the survivor.
//
// All of them have to be active. One that was merged into keep before is passed
// over, so that a Merge of unknown outcome may be repeated. Where a number of
// one of the others belongs to a contact beyond these as well (see
// Duplicates), the error is *DuplicateNumberError: merge that one too.
// Bounds are those of any contact, MaxRecord among them (ErrTooLarge: MergedFrom
// counts), and MaxMerged.
func (b *Book) Merge(ctx context.Context, keep string, others []string, o *MergeOptions) (Contact, error) {
	if err := b.onlyOnce("Merge"); err != nil {
		return Contact{}, err
	}
	for {
		m, err := b.planMerge(ctx, keep, others, o)
		if err != nil || len(m.others) == 0 {
			return m.survivor, err
		}
		var batch Batch
		for i := range m.others { // they give up what the survivor takes, also for who reads the feed event by event
			batch.Writes = append(batch.Writes, b.put(&m.others[i], m.others[i].Revision))
		}
		batch.Writes = append(batch.Writes, b.put(&m.survivor, m.survivor.Revision))
		a, err := b.apply(ctx, batch)
		switch {
		case err == nil:
			m.survivor.Revision = a.Revisions[len(m.others)]
			return m.survivor, nil
		case errors.Is(err, ErrConflict) && ctx.Err() == nil:
			continue // the next read says what has changed
		}
		return Contact{}, ofOneItem(err)
	}
}

// ofOneItem has refusals speak of the call's one contact, whatever its place in
// the batch.
func ofOneItem(err error) error {
	var dup *DuplicateNumberError
	if errors.As(err, &dup) {
		for i := range dup.Refusals {
			dup.Refusals[i].Index = 0
		}
	}
	return err
}

// PreviewMerge returns what Merge would do, and the same errors but those that
// the store finds: numbers that a contact beyond these has, and ErrTooLarge. It
// writes nothing.
func (b *Book) PreviewMerge(ctx context.Context, keep string, others []string, o *MergeOptions) (MergePreview, error) {
	m, err := b.planMerge(ctx, keep, others, o)
	if err != nil {
		return MergePreview{}, err
	}
	p := MergePreview{Contact: m.survivor, Revisions: map[string]uint64{keep: m.survivor.Revision}}
	for i := range m.others {
		p.Revisions[m.others[i].ID] = m.others[i].Revision
	}
	return p, nil
}

// mergePlan is a merge as it is to be written. Revisions are those read.
type mergePlan struct {
	survivor Contact
	others   []Contact // those not merged before
}

func (b *Book) planMerge(ctx context.Context, keep string, others []string, o *MergeOptions) (mergePlan, error) {
	if o == nil {
		o = &MergeOptions{}
	}
	for i, id := range others {
		if id == keep || slices.Contains(others[:i], id) {
			return mergePlan{}, fmt.Errorf("%w: contact %s stands twice among those to be merged", ErrInvalid, maskID(id))
		}
	}
	for field, id := range o.Take {
		if id != keep && !slices.Contains(others, id) {
			return mergePlan{}, fmt.Errorf("%w: %s is to be that of contact %s, which is none of those to be merged",
				ErrInvalid, maskField(field), maskID(id))
		}
		if !takeable(field) {
			return mergePlan{}, fmt.Errorf("%w: %s is no field of which one contact's value can be taken", ErrInvalid, maskField(field))
		}
	}
	was, err := b.Get(ctx, keep)
	if err == nil {
		err = mergeable(&was, 0)
	}
	if err != nil {
		return mergePlan{}, err
	}
	m := mergePlan{survivor: was.Clone()}
	read := []Contact{was}
	for i, id := range others {
		c, err := b.Get(ctx, id)
		if err != nil {
			return mergePlan{}, err
		}
		if c.Status == Merged && c.MergedInto == keep {
			continue
		}
		if err := mergeable(&c, i); err != nil {
			return mergePlan{}, err
		}
		m.others, read = append(m.others, c), append(read, c)
	}
	if len(m.others) == 0 {
		return m, nil
	}
	if err := b.movedOn(read, others, o.Revisions); err != nil {
		return mergePlan{}, err
	}

	now := b.nowAfter(read)
	for i := range m.others {
		b.touch(&m.others[i], now)
	}
	b.touch(&m.survivor, now)
	merger{b, &m.survivor, o.Take}.takeIn(m.others)
	b.pruneOrigins(&m.survivor) // a preview shows what put would leave
	if err := b.judgeMerged(&m.survivor, &was); err != nil {
		return mergePlan{}, err
	}
	for i := range m.others {
		m.others[i].Status, m.others[i].MergedInto = Merged, keep
	}
	return m, nil
}

// nowAfter is now, or the last change of the contacts where that is later, so
// that one instant ends and begins what passes between them.
func (b *Book) nowAfter(list []Contact) time.Time {
	now := b.now()
	for i := range list {
		if list[i].UpdatedAt.After(now) {
			now = list[i].UpdatedAt
		}
	}
	return now
}

// mergeable says why a contact cannot take part in a merge.
func mergeable(c *Contact, index int) error {
	switch c.Status {
	case Active:
		return nil
	case Merged:
		return &MergedError{Index: index, ID: c.ID, Into: c.MergedInto}
	}
	return fmt.Errorf("%w: contact %s is deleted: Undelete it first", ErrInvalid, maskID(c.ID))
}

// movedOn compares contacts, the one that is kept first, with the revisions
// that the caller looked at.
func (b *Book) movedOn(list []Contact, others []string, looked map[string]uint64) error {
	var conflicts []RevisionConflict
	for i, c := range list {
		want := looked[c.ID]
		if i == 0 && want == 0 {
			want = b.revision
		}
		if want != 0 && want != c.Revision {
			conflicts = append(conflicts, RevisionConflict{Index: max(0, slices.Index(others, c.ID)), ID: c.ID, Read: want, Present: c.Revision})
		}
	}
	if conflicts != nil {
		return &RevisionError{Conflicts: conflicts}
	}
	return nil
}

// maxMergedSize is how large a merge may make a contact, as JSON, which is larger
// than what is stored: it has to be possible to delete and to edit it after that.
const maxMergedSize = MaxRecord - 32<<10

// judgeMerged checks the bounds that a contact may have outgrown. Its values
// were judged when they came in.
func (b *Book) judgeMerged(c, was *Contact) error {
	j := judge{rules: RelaxedRules()}
	j.contact(c, was)
	if n := len(c.MergedFrom); n > MaxMerged {
		j.fail("mergedFrom", ReasonTooLong, "", fmt.Sprintf("has %d contacts, at most %d are allowed", n, MaxMerged))
	}
	if n := len(c.AppendJSON(nil)); n > maxMergedSize {
		j.fail("mergedFrom", ReasonTooLong, "", fmt.Sprintf(
			"would take %d bytes with all that the contact has, at most %d are allowed: merge fewer, or shorten notes and values first", n, maxMergedSize))
	}
	if j.fields != nil {
		return &ValidationError{Fields: j.fields}
	}
	c.FullName = FullName(c.FirstName, c.LastName)
	return nil
}

// Resolved is where the id of a contact leads.
type Resolved struct {
	Contact Contact  // the contact as which it lives on, active or deleted
	ID      string   // its id
	Via     []string // ids of merged contacts passed on the way, the one asked for first; none when it was not merged
}

// Resolve returns the contact of an id or, where that was merged into another,
// the one that has its data now, through any number of merges. Where that was
// purged, the error is its *PurgedError (and ErrNotFound), and ID and Via are
// set all the same.
func (b *Book) Resolve(ctx context.Context, id string) (Resolved, error) {
	r := Resolved{ID: id}
	seen := make(map[string]bool)
	for laps := 0; ; {
		c, err := b.Get(ctx, r.ID)
		next := c.MergedInto
		var purged *PurgedError
		if errors.As(err, &purged) {
			next = purged.MergedInto
		}
		switch {
		case next != "" && seen[next] && laps < 100: // merged the other way round meanwhile
			laps++
			r = Resolved{ID: id}
			clear(seen)
		case next != "" && seen[next]:
			return r, fmt.Errorf("%w: contact %s was merged in a circle", ErrDamaged, maskID(id))
		case next != "":
			seen[r.ID] = true
			r.Via = append(r.Via, r.ID)
			r.ID = next
		case err != nil:
			return r, err
		default:
			r.Contact = c
			return r, nil
		}
	}
}
