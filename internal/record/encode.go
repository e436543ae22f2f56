// Package record is the stored form of a contact: a message in protobuf wire format
// (record.proto), and what of it the indexes of a store are made of.
package record

import (
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// The fields of a record; see record.proto.
const (
	fieldRevision     = 1
	fieldID           = 2
	fieldStatus       = 3
	fieldFirstName    = 4
	fieldLastName     = 5
	fieldSalutation   = 6
	fieldCellPhone    = 7
	fieldCreatedBy    = 8
	fieldCreatedAt    = 9
	fieldUpdatedAt    = 10
	FieldClaims       = 11
	fieldShared       = 12
	FieldSort         = 13
	fieldWords        = 14
	fieldPhones       = 16
	fieldEmails       = 17
	fieldOrganization = 18
	fieldTitle        = 19
	fieldNotes        = 20
	fieldTags         = 21
	fieldCustom       = 22
	fieldClientRef    = 23
	fieldAddress      = 24
	fieldTwitter      = 25
	fieldCreatedByAID = 26
	fieldUpdatedBy    = 27
	fieldUpdatedByAID = 28
	fieldDeletedAt    = 29
	fieldMergedInto   = 30
	fieldEnded        = 31
	FieldMergedFrom   = 32
	lastField         = FieldMergedFrom
)

// The states of a record.
const (
	StatusActive byte = iota
	StatusInactive
	StatusMerged
	StatusPurged
)

// StatusByte returns how a status is stored.
func StatusByte(s contacts.Status) (byte, bool) {
	switch s {
	case contacts.Active:
		return StatusActive, true
	case contacts.Inactive:
		return StatusInactive, true
	case contacts.Merged:
		return StatusMerged, true
	}
	return 0, false
}

func statusOf(b byte) (contacts.Status, bool) {
	switch b {
	case StatusActive:
		return contacts.Active, true
	case StatusInactive:
		return contacts.Inactive, true
	case StatusMerged:
		return contacts.Merged, true
	}
	return "", false
}

// AppendBody appends all fields of a record but its revision, which is not
// known yet, and those that only the store sets. Claims and shared are k's
// without repetitions.
func AppendBody(b []byte, c *contacts.Contact, status byte, k *contacts.Keys, claims, shared []phone.Line) []byte {
	b = AppendIdentField(b, fieldID, c.ID)
	b = AppendVarint(b, fieldStatus, uint64(status))
	b = AppendText(b, fieldFirstName, c.FirstName)
	b = AppendText(b, fieldLastName, c.LastName)
	b = AppendText(b, fieldSalutation, c.Salutation)
	if !c.CellPhone.IsZero() {
		b = appendPhone(b, fieldCellPhone, &c.CellPhone)
	}
	b = AppendIdentField(b, fieldCreatedBy, c.CreatedBy)
	b = appendTime(b, fieldCreatedAt, c.CreatedAt, 0)
	b = appendTime(b, fieldUpdatedAt, c.UpdatedAt, millis(c.CreatedAt))
	b = AppendLines(b, FieldClaims, claims)
	b = AppendLines(b, fieldShared, shared)
	b = AppendText(b, FieldSort, k.Sort)
	for _, w := range k.Words {
		b = protowire.AppendTag(b, fieldWords, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(1+len(w.Text)))
		b = append(append(b, byte(w.Fields)), w.Text...)
	}
	for i := range c.Phones {
		b = appendPhone(b, fieldPhones, &c.Phones[i])
	}
	for _, e := range c.Emails {
		start := len(b)
		b = AppendText(b, 1, e.Address)
		b = AppendText(b, 2, e.Label)
		b = Wrap(b, start, fieldEmails)
	}
	b = AppendText(b, fieldOrganization, c.Organization)
	b = AppendText(b, fieldTitle, c.Title)
	b = AppendText(b, fieldNotes, c.Notes)
	for _, t := range c.Tags {
		b = protowire.AppendTag(b, fieldTags, protowire.BytesType)
		b = protowire.AppendString(b, t)
	}
	b = appendCustom(b, c.Custom)
	b = AppendText(b, fieldClientRef, c.ClientRef)
	for _, a := range c.Address {
		b = protowire.AppendTag(b, fieldAddress, protowire.BytesType)
		b = protowire.AppendBytes(b, a)
	}
	for _, t := range c.Twitter {
		b = protowire.AppendTag(b, fieldTwitter, protowire.BytesType)
		b = protowire.AppendBytes(b, t)
	}
	b = AppendText(b, fieldCreatedByAID, c.CreatedByAID)
	b = AppendIdentField(b, fieldUpdatedBy, c.UpdatedBy)
	b = AppendText(b, fieldUpdatedByAID, c.UpdatedByAID)
	b = appendTime(b, fieldDeletedAt, c.DeletedAt, 0)
	b = AppendIdentField(b, fieldMergedInto, c.MergedInto)
	for i := range c.MergedFrom {
		b = appendOrigin(b, &c.MergedFrom[i])
	}
	return b
}

// AppendBlank appends all fields but the revision of what is left of a
// contact that was purged, or, where c has nothing but its id, of one of its
// superseded states.
func AppendBlank(b []byte, c *contacts.Contact) []byte {
	b = AppendIdentField(b, fieldID, c.ID)
	b = AppendVarint(b, fieldStatus, uint64(StatusPurged))
	b = appendTime(b, fieldUpdatedAt, c.UpdatedAt, 0)
	b = AppendIdentField(b, fieldUpdatedBy, c.UpdatedBy)
	b = AppendText(b, fieldUpdatedByAID, c.UpdatedByAID)
	return AppendIdentField(b, fieldMergedInto, c.MergedInto)
}

func AppendRevision(b []byte, revision uint64) []byte {
	return AppendVarint(b, fieldRevision, revision)
}

// AppendVarint appends a number, if it is not 0.
func AppendVarint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// AppendText appends a text, if it is not empty.
func AppendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

func AppendIdentField(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	start := len(b)
	return Wrap(AppendIdent(b, s), start, num)
}

// appendTime appends a time as milliseconds after base, if it is not zero.
func appendTime(b []byte, num protowire.Number, t time.Time, base int64) []byte {
	if t.IsZero() {
		return b
	}
	b = protowire.AppendTag(b, num, protowire.VarintType)
	return protowire.AppendVarint(b, protowire.EncodeZigZag(t.UnixMilli()-base))
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func AppendLines(b []byte, num protowire.Number, lines []phone.Line) []byte {
	if len(lines) == 0 {
		return b
	}
	start := len(b)
	for _, l := range lines {
		b = protowire.AppendVarint(b, uint64(l))
	}
	return Wrap(b, start, num)
}

func appendPhone(b []byte, num protowire.Number, p *contacts.Phone) []byte {
	start := len(b)
	b = AppendText(b, 1, p.Number)
	b = AppendText(b, 2, p.CountryCode)
	b = AppendText(b, 3, p.Extension)
	b = AppendText(b, 4, p.Input)
	b = AppendVarint(b, 5, protowire.EncodeBool(p.Unverified))
	b = AppendText(b, 6, p.Label)
	b = AppendVarint(b, 7, protowire.EncodeBool(p.Shared))
	return Wrap(b, start, num)
}

func appendOrigin(b []byte, o *contacts.Origin) []byte {
	start := len(b)
	b = AppendIdentField(b, 1, o.ID)
	b = appendTime(b, 2, o.At, 0)
	for i, list := range [4][]string{o.Numbers, o.Emails, o.Tags, o.Claimed} {
		for _, s := range list {
			b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(3+i), protowire.BytesType), s)
		}
	}
	for _, t := range o.Fields {
		from := len(b)
		b = AppendText(b, 1, t.Field)
		b = AppendText(b, 2, t.Was)
		b = Wrap(b, from, 7)
	}
	return Wrap(b, start, FieldMergedFrom)
}

func appendCustom(b []byte, custom map[string]string) []byte {
	if len(custom) == 0 {
		return b
	}
	keys := make([]string, 0, len(custom))
	for k := range custom {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		start := len(b)
		b = AppendText(b, 1, k)
		b = AppendText(b, 2, custom[k])
		b = Wrap(b, start, fieldCustom)
	}
	return b
}

// Wrap makes b[start:] the content of a field of bytes.
func Wrap(b []byte, start int, num protowire.Number) []byte {
	n := len(b) - start
	var room [16]byte
	head := protowire.AppendVarint(protowire.AppendTag(room[:0], num, protowire.BytesType), uint64(n))
	b = append(b, head...)
	copy(b[start+len(head):], b[start:start+n])
	copy(b[start:], head)
	return b
}
