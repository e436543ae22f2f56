package kvstore

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
	fieldClaims       = 11
	fieldShared       = 12
	fieldSort         = 13
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
	fieldMergedFrom   = 32
	lastField         = fieldMergedFrom
)

// The states of a record.
const (
	statusActive byte = iota
	statusInactive
	statusMerged
	statusPurged
)

// statusByte returns how a status is stored.
func statusByte(s contacts.Status) (byte, bool) {
	switch s {
	case contacts.Active:
		return statusActive, true
	case contacts.Inactive:
		return statusInactive, true
	case contacts.Merged:
		return statusMerged, true
	}
	return 0, false
}

func statusOf(b byte) (contacts.Status, bool) {
	switch b {
	case statusActive:
		return contacts.Active, true
	case statusInactive:
		return contacts.Inactive, true
	case statusMerged:
		return contacts.Merged, true
	}
	return "", false
}

// appendBody appends all fields of a record but its revision, which is not
// known yet, and those that only the store sets. Claims and shared are k's
// without repetitions.
func appendBody(b []byte, c *contacts.Contact, status byte, k *contacts.Keys, claims, shared []phone.Line) []byte {
	b = appendIdentField(b, fieldID, c.ID)
	b = appendVarint(b, fieldStatus, uint64(status))
	b = appendText(b, fieldFirstName, c.FirstName)
	b = appendText(b, fieldLastName, c.LastName)
	b = appendText(b, fieldSalutation, c.Salutation)
	if !c.CellPhone.IsZero() {
		b = appendPhone(b, fieldCellPhone, &c.CellPhone)
	}
	b = appendIdentField(b, fieldCreatedBy, c.CreatedBy)
	b = appendTime(b, fieldCreatedAt, c.CreatedAt, 0)
	b = appendTime(b, fieldUpdatedAt, c.UpdatedAt, millis(c.CreatedAt))
	b = appendLines(b, fieldClaims, claims)
	b = appendLines(b, fieldShared, shared)
	b = appendText(b, fieldSort, k.Sort)
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
		b = appendText(b, 1, e.Address)
		b = appendText(b, 2, e.Label)
		b = wrap(b, start, fieldEmails)
	}
	b = appendText(b, fieldOrganization, c.Organization)
	b = appendText(b, fieldTitle, c.Title)
	b = appendText(b, fieldNotes, c.Notes)
	for _, t := range c.Tags {
		b = protowire.AppendTag(b, fieldTags, protowire.BytesType)
		b = protowire.AppendString(b, t)
	}
	b = appendCustom(b, c.Custom)
	b = appendText(b, fieldClientRef, c.ClientRef)
	for _, a := range c.Address {
		b = protowire.AppendTag(b, fieldAddress, protowire.BytesType)
		b = protowire.AppendBytes(b, a)
	}
	for _, t := range c.Twitter {
		b = protowire.AppendTag(b, fieldTwitter, protowire.BytesType)
		b = protowire.AppendBytes(b, t)
	}
	b = appendText(b, fieldCreatedByAID, c.CreatedByAID)
	b = appendIdentField(b, fieldUpdatedBy, c.UpdatedBy)
	b = appendText(b, fieldUpdatedByAID, c.UpdatedByAID)
	b = appendTime(b, fieldDeletedAt, c.DeletedAt, 0)
	b = appendIdentField(b, fieldMergedInto, c.MergedInto)
	for i := range c.MergedFrom {
		b = appendOrigin(b, &c.MergedFrom[i])
	}
	return b
}

// appendBlank appends all fields but the revision of what is left of a
// contact that was purged, or, where c has nothing but its id, of one of its
// superseded states.
func appendBlank(b []byte, c *contacts.Contact) []byte {
	b = appendIdentField(b, fieldID, c.ID)
	b = appendVarint(b, fieldStatus, uint64(statusPurged))
	b = appendTime(b, fieldUpdatedAt, c.UpdatedAt, 0)
	b = appendIdentField(b, fieldUpdatedBy, c.UpdatedBy)
	b = appendText(b, fieldUpdatedByAID, c.UpdatedByAID)
	return appendIdentField(b, fieldMergedInto, c.MergedInto)
}

func appendRevision(b []byte, revision uint64) []byte {
	return appendVarint(b, fieldRevision, revision)
}

// appendVarint appends a number, if it is not 0.
func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

// appendText appends a text, if it is not empty.
func appendText(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

func appendIdentField(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	start := len(b)
	return wrap(appendIdent(b, s), start, num)
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

func appendLines(b []byte, num protowire.Number, lines []phone.Line) []byte {
	if len(lines) == 0 {
		return b
	}
	start := len(b)
	for _, l := range lines {
		b = protowire.AppendVarint(b, uint64(l))
	}
	return wrap(b, start, num)
}

func appendPhone(b []byte, num protowire.Number, p *contacts.Phone) []byte {
	start := len(b)
	b = appendText(b, 1, p.Number)
	b = appendText(b, 2, p.CountryCode)
	b = appendText(b, 3, p.Extension)
	b = appendText(b, 4, p.Input)
	b = appendVarint(b, 5, protowire.EncodeBool(p.Unverified))
	b = appendText(b, 6, p.Label)
	b = appendVarint(b, 7, protowire.EncodeBool(p.Shared))
	return wrap(b, start, num)
}

func appendOrigin(b []byte, o *contacts.Origin) []byte {
	start := len(b)
	b = appendIdentField(b, 1, o.ID)
	b = appendTime(b, 2, o.At, 0)
	for i, list := range [4][]string{o.Numbers, o.Emails, o.Tags, o.Claimed} {
		for _, s := range list {
			b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(3+i), protowire.BytesType), s)
		}
	}
	for _, t := range o.Fields {
		from := len(b)
		b = appendText(b, 1, t.Field)
		b = appendText(b, 2, t.Was)
		b = wrap(b, from, 7)
	}
	return wrap(b, start, fieldMergedFrom)
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
		b = appendText(b, 1, k)
		b = appendText(b, 2, custom[k])
		b = wrap(b, start, fieldCustom)
	}
	return b
}

// wrap makes b[start:] the content of a field of bytes.
func wrap(b []byte, start int, num protowire.Number) []byte {
	n := len(b) - start
	var room [16]byte
	head := protowire.AppendVarint(protowire.AppendTag(room[:0], num, protowire.BytesType), uint64(n))
	b = append(b, head...)
	copy(b[start+len(head):], b[start:start+n])
	copy(b[start:], head)
	return b
}
