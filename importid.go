package contacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A row of an import without a number that it claims is known again by an ID made
// of what it says.

// madeID returns the ID of a finished contact without a number: a hash, in which
// what it says cannot be read, and another one in each scope.
func (b *Book) madeID(c *Contact) string {
	said := *c
	said.ID, said.Status, said.OrgID = "", "", "" // what is the book's, or may be set otherwise one day
	said.CreatedBy, said.CreatedByAID, said.UpdatedBy, said.UpdatedByAID = "", "", "", ""
	said.CreatedAt, said.UpdatedAt, said.DeletedAt = time.Time{}, time.Time{}, time.Time{}
	said.CellPhone.Unverified = false
	said.Phones = cloneSlice(c.Phones)
	for i := range said.Phones {
		said.Phones[i].Unverified = false
	}
	return hashID(said.AppendJSON(make([]byte, 0, 512)))
}

func hashID(data []byte) string {
	sum := sha256.Sum256(data)
	return "i" + hex.EncodeToString(sum[:16])
}

// madeTries bounds how many of the contacts that a made ID had may be deleted
// before the row counts as held by the last of them.
const madeTries = 256

// vacant returns the ID that a new contact gets of which made was made, or who
// has it. Where a contact of it was deleted or purged, the next one counts. A
// holder that is not active was merged: its data is in another contact.
func (b *Book) vacant(ctx context.Context, made string) (id string, holder *Contact, err error) {
	id = made
	for n := 1; ; n++ {
		c, err := b.Get(ctx, id)
		var purged *PurgedError
		switch {
		case errors.As(err, &purged):
			c.ID = id
		case errors.Is(err, ErrNotFound):
			return id, nil, nil
		case err != nil:
			return "", nil, err
		}
		if c.Status == Active || c.Status == Merged || n == madeTries {
			return "", &c, nil
		}
		id = hashID([]byte(made + " " + strconv.Itoa(n)))
	}
}

// usedBefore says that a row without a number came in before.
func usedBefore(index int, holder *Contact) error {
	return fmt.Errorf("contacts: a row that says the same came in before: %w",
		&RevisionError{[]RevisionConflict{{Index: index, ID: holder.ID, Present: holder.Revision}}})
}
