package contacts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/callerbook/contacts/phone"
)

// A row of an import without a number that it claims, and with KeepHeld every
// row, is known again by an ID made of what it says.

// importKeyOp is the Op of the batch that writes the import key: of two first
// imports at once, one does.
const importKeyOp = "contacts: import key"

// importKey returns the secret that made IDs are keyed with, so that what a contact
// says cannot be found out by trying names: IDs stand in logs. It is the book's own,
// random, and kept in its settings: a copy and a backup have the same.
func (b *Book) importKey(ctx context.Context) ([]byte, error) {
	for op := importKeyOp; ; op = "" { // that of an older book may be done, and its settings replaced
		st, err := b.store.Stat(ctx, b.scope)
		if err != nil {
			return nil, err
		}
		s, err := parseSettings(st.Settings)
		if err != nil || len(s.ImportKey) > 0 {
			return s.ImportKey, err
		}
		s.ImportKey = make([]byte, 16)
		_, _ = rand.Read(s.ImportKey) // which never fails
		data, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		if _, err := b.apply(ctx, Batch{Op: op, Digest: []byte(importKeyOp), Settings: data}); err != nil {
			return nil, err
		}
	}
}

// said returns what a finished contact says: no more than what rows give, and
// numbers whatever way they are written.
func said(c *Contact) Contact {
	s := *c
	s.ID, s.Status, s.FullName, s.OrgID, s.AccountID, s.StreamID = "", "", "", "", "", ""
	s.CreatedBy, s.CreatedByAID, s.UpdatedBy, s.UpdatedByAID = "", "", "", ""
	s.CreatedAt, s.UpdatedAt, s.DeletedAt = zeroTime, zeroTime, zeroTime
	s.MergedInto, s.MergedFrom = "", nil
	s.CellPhone.Input, s.CellPhone.Unverified = "", false
	s.Phones = cloneSlice(c.Phones)
	for i := range s.Phones {
		s.Phones[i].Input, s.Phones[i].Unverified = "", false
	}
	return s
}

// madeID returns the ID of a contact that says that.
func madeID(key []byte, said Contact) string {
	return hashID(key, said.AppendJSON(make([]byte, 0, 512)))
}

func hashID(key, data []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return "i" + hex.EncodeToString(h.Sum(nil)[:16])
}

// madeTries bounds how many of the contacts that a made ID had may be deleted
// before the row counts as held by the last of them.
const madeTries = 256

// vacant returns the ID that a new contact gets of which made was made, or who
// has it. Where a contact of it was deleted or purged, the next one counts. A
// holder that is not active was merged: its data is in another contact.
func (b *Book) vacant(ctx context.Context, key []byte, made string) (id string, holder *Contact, err error) {
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
		id = hashID(key, []byte(made+" "+strconv.Itoa(n)))
	}
}

// mostClaimers bounds how many contacts that claim a number a row is compared
// with, those first created. More than one is an exception, and what KeepHeld let
// in is known by its ID.
const mostClaimers = 10

// sayer returns the contact that claims one of the lines, says what c says and was
// created first.
func (b *Book) sayer(ctx context.Context, c *Contact, lines []phone.Line) (*Contact, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	if _, err := b.bringOver(ctx, lines, nil); err != nil {
		return nil, err
	}
	want := said(c)
	for h, err := range b.hits(ctx, Query{Lines: lines, PerLine: mostClaimers, Limit: MaxLimit}) {
		if err != nil {
			return nil, err
		}
		if !h.Shared && said(&h.Contact).Equal(want) {
			return &h.Contact, nil
		}
	}
	return nil, nil
}

// usedBefore says that the row came in before, as that contact.
func usedBefore(index int, holder *Contact) error {
	return fmt.Errorf("contacts: a row that says the same came in before: %w",
		&RevisionError{[]RevisionConflict{{Index: index, ID: holder.ID, Present: holder.Revision}}})
}
