package record

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// Peek reads what stands at the beginning of a record.
func Peek(body []byte) (revision uint64, status byte, ok bool) {
	f := FieldsOf(body)
	for f.Next() && f.Num <= fieldStatus {
		switch f.Num {
		case fieldRevision:
			revision = f.N
		case fieldStatus:
			if f.N > uint64(StatusPurged) {
				return 0, 0, false
			}
			status = byte(f.N)
		}
	}
	return revision, status, revision != 0 && !f.Bad
}

// IdentOf returns the packed id of a record.
func IdentOf(body []byte) []byte {
	f := FieldsOf(body)
	for f.Next() && f.Num <= fieldID {
		if f.Num == fieldID && f.Typ == protowire.BytesType {
			return f.Bytes()
		}
	}
	return nil
}

// DecodeName reads no more of a record than whose it is.
func DecodeName(body []byte) (id, fullName string, ok bool) {
	var first, last string
	f := FieldsOf(body)
	for f.Next() && f.Num <= fieldLastName {
		switch f.Num {
		case fieldID:
			id, ok = IdentText(f.Bytes())
		case fieldFirstName:
			first = string(f.Bytes())
		case fieldLastName:
			last = string(f.Bytes())
		}
	}
	return id, contacts.FullName(first, last), ok && !f.Bad
}

// Decode reads a record. The contact shares no memory with body: its
// texts are slices of one copy of it.
func Decode(body []byte, c *contacts.Contact) bool {
	var out strings.Builder
	out.Grow(len(body) + 2*(uuidLen+2) + 32) // texts of packed ids and the full name go behind the copy
	out.Write(body)
	all := out.String()

	f := FieldsOf(body)
	ok := true
	ident := func(to *string) {
		s, good := TextOfIdent(&out, all[f.value:f.pos])
		*to = s
		ok = ok && good
	}
	var status byte
	var updated int64
	var hasUpdated bool
	for f.Next() {
		if f.Num > lastField || f.Typ != wireType(f.Num) {
			ok = ok && f.Num > lastField
			continue
		}
		switch f.Num {
		case fieldRevision:
			c.Revision = f.N
		case fieldID:
			ident(&c.ID)
		case fieldStatus:
			status = byte(min(f.N, 255))
		case fieldFirstName:
			c.FirstName = all[f.value:f.pos]
		case fieldLastName:
			c.LastName = all[f.value:f.pos]
		case fieldSalutation:
			c.Salutation = all[f.value:f.pos]
		case fieldCellPhone:
			ok = decodePhone(f.Inner(), all, &c.CellPhone) && ok
		case fieldCreatedBy:
			ident(&c.CreatedBy)
		case fieldCreatedAt:
			c.CreatedAt = timeOf(f.N, 0)
		case fieldUpdatedAt:
			updated, hasUpdated = protowire.DecodeZigZag(f.N), true
		case fieldPhones:
			c.Phones = append(c.Phones, contacts.Phone{})
			ok = decodePhone(f.Inner(), all, &c.Phones[len(c.Phones)-1]) && ok
		case fieldEmails:
			var e contacts.Email
			ok = decodePair(f.Inner(), all, &e.Address, &e.Label) && ok
			c.Emails = append(c.Emails, e)
		case fieldOrganization:
			c.Organization = all[f.value:f.pos]
		case fieldTitle:
			c.Title = all[f.value:f.pos]
		case fieldNotes:
			c.Notes = all[f.value:f.pos]
		case fieldTags:
			c.Tags = append(c.Tags, all[f.value:f.pos])
		case fieldCustom:
			var k, v string
			ok = decodePair(f.Inner(), all, &k, &v) && ok
			if c.Custom == nil {
				c.Custom = make(map[string]string)
			}
			c.Custom[k] = v
		case fieldClientRef:
			c.ClientRef = all[f.value:f.pos]
		case fieldAddress:
			c.Address = append(c.Address, json.RawMessage(all[f.value:f.pos]))
		case fieldTwitter:
			c.Twitter = append(c.Twitter, json.RawMessage(all[f.value:f.pos]))
		case fieldCreatedByAID:
			c.CreatedByAID = all[f.value:f.pos]
		case fieldUpdatedBy:
			ident(&c.UpdatedBy)
		case fieldUpdatedByAID:
			c.UpdatedByAID = all[f.value:f.pos]
		case fieldDeletedAt:
			c.DeletedAt = timeOf(f.N, 0)
		case fieldMergedInto:
			ident(&c.MergedInto)
		case FieldMergedFrom:
			c.MergedFrom = append(c.MergedFrom, contacts.Origin{})
			ok = decodeOrigin(f.Inner(), all, &out, &c.MergedFrom[len(c.MergedFrom)-1]) && ok
		}
	}
	if hasUpdated {
		c.UpdatedAt = time.UnixMilli(updated + millis(c.CreatedAt)).UTC()
	}
	if status != StatusPurged {
		var good bool
		c.Status, good = statusOf(status)
		ok = ok && good
		c.FullName = joinName(&out, c.FirstName, c.LastName)
	}
	return ok && !f.Bad && c.Revision != 0 && c.ID != ""
}

// joinName is contacts.FullName, in memory of out where it has some left.
func joinName(out *strings.Builder, first, last string) string {
	n := len(first) + 1 + len(last)
	if first == "" || last == "" || out.Cap()-out.Len() < n ||
		strings.TrimSpace(first) != first || strings.TrimSpace(last) != last {
		return contacts.FullName(first, last)
	}
	start := out.Len()
	out.WriteString(first)
	out.WriteByte(' ')
	out.WriteString(last)
	return out.String()[start:]
}

// wireType returns the form in which a field of a record is written.
func wireType(num protowire.Number) protowire.Type {
	switch num {
	case fieldRevision, fieldStatus, fieldCreatedAt, fieldUpdatedAt, fieldDeletedAt:
		return protowire.VarintType
	}
	return protowire.BytesType
}

func timeOf(n uint64, base int64) time.Time {
	return time.UnixMilli(protowire.DecodeZigZag(n) + base).UTC()
}

func decodePhone(f Fields, all string, p *contacts.Phone) bool {
	for f.Next() {
		var s string
		if f.Typ == protowire.BytesType {
			s = all[f.value:f.pos]
		}
		switch f.Num {
		case 1:
			p.Number = s
		case 2:
			p.CountryCode = s
		case 3:
			p.Extension = s
		case 4:
			p.Input = s
		case 5:
			p.Unverified = f.N != 0
		case 6:
			p.Label = s
		case 7:
			p.Shared = f.N != 0
		}
	}
	return !f.Bad
}

// decodeOrigin reads an origin. Where its id is packed, its text is written to
// out.
func decodeOrigin(f Fields, all string, out *strings.Builder, o *contacts.Origin) bool {
	ok := true
	for f.Next() {
		if f.Num == 2 && f.Typ == protowire.VarintType {
			o.At = timeOf(f.N, 0)
			continue
		}
		if f.Num == 2 || f.Typ != protowire.BytesType {
			return false
		}
		s := all[f.value:f.pos]
		switch f.Num {
		case 1:
			o.ID, ok = TextOfIdent(out, s)
		case 3:
			o.Numbers = append(o.Numbers, s)
		case 4:
			o.Emails = append(o.Emails, s)
		case 5:
			o.Tags = append(o.Tags, s)
		case 6:
			o.Claimed = append(o.Claimed, s)
		case 7:
			var t contacts.Taken
			ok = decodePair(f.Inner(), all, &t.Field, &t.Was)
			o.Fields = append(o.Fields, t)
		}
		if !ok {
			return false
		}
	}
	return !f.Bad
}

// decodePair reads a message of two texts.
func decodePair(f Fields, all string, a, b *string) bool {
	for f.Next() {
		if f.Typ != protowire.BytesType {
			return false
		}
		switch f.Num {
		case 1:
			*a = all[f.value:f.pos]
		case 2:
			*b = all[f.value:f.pos]
		}
	}
	return !f.Bad
}

// Held is what of a record its index entries are made of. Its slices of
// bytes are parts of the record.
type Held struct {
	Claims, Shared []phone.Line
	Ended          []phone.Line
	Sort           []byte
	Words          [][]byte // a byte of fields, then the word
}

// Lines returns all lines, claimed and shared.
func (h *Held) Lines() []phone.Line {
	if len(h.Claims)+len(h.Shared) == 0 {
		return nil
	}
	return append(append(make([]phone.Line, 0, len(h.Claims)+len(h.Shared)), h.Claims...), h.Shared...)
}

// State tells how a line is held.
func (h *Held) State(line phone.Line) ClaimState {
	for _, l := range h.Claims {
		if l == line {
			return HoldsClaim
		}
	}
	for _, l := range h.Shared {
		if l == line {
			return HoldsShared
		}
	}
	return HoldsNot
}

// DecodeHeld reads the index part of a record.
func DecodeHeld(body []byte, h *Held) bool {
	f := FieldsOf(body)
	ok := true
	for f.Next() {
		switch f.Num {
		case FieldClaims:
			h.Claims, ok = takeLines(&f, h.Claims, ok)
		case fieldShared:
			h.Shared, ok = takeLines(&f, h.Shared, ok)
		case fieldEnded:
			h.Ended, ok = takeLines(&f, h.Ended, ok)
		case FieldSort:
			if f.Typ != protowire.BytesType {
				return false
			}
			h.Sort = f.Bytes()
		case fieldWords:
			if f.Typ != protowire.BytesType || f.value == f.pos {
				return false
			}
			if h.Words == nil {
				h.Words = make([][]byte, 0, 4)
			}
			h.Words = append(h.Words, f.Bytes())
		}
	}
	return ok && !f.Bad
}

func takeLines(f *Fields, to []phone.Line, ok bool) ([]phone.Line, bool) {
	if f.Typ != protowire.BytesType {
		return to, false
	}
	for b := f.Bytes(); len(b) > 0; {
		n, size := protowire.ConsumeVarint(b)
		if size < 0 {
			return to, false
		}
		to = append(to, phone.Line(n))
		b = b[size:]
	}
	return to, ok
}

// A ClaimState says how a record holds a line.
type ClaimState byte

const (
	HoldsNot ClaimState = iota
	HoldsShared
	HoldsClaim
)

// Holds tells how a record holds a line, without allocating.
func Holds(body []byte, line phone.Line) ClaimState {
	f := FieldsOf(body)
	for f.Next() && f.Num <= fieldShared {
		if f.Num != FieldClaims && f.Num != fieldShared || f.Typ != protowire.BytesType {
			continue
		}
		for b := f.Bytes(); len(b) > 0; {
			n, size := protowire.ConsumeVarint(b)
			if size < 0 {
				return HoldsNot
			}
			if phone.Line(n) == line {
				if f.Num == FieldClaims {
					return HoldsClaim
				}
				return HoldsShared
			}
			b = b[size:]
		}
	}
	return HoldsNot
}

// SameBody reports whether what was stored says the same as body, which
// AppendBody wrote, in the sense of contacts.Contact.Equal.
func SameBody(stored, body []byte) bool {
	a, b := FieldsOf(stored), FieldsOf(body)
	for {
		more, moreB := nextCompared(&a), nextCompared(&b)
		if !more || !moreB {
			return more == moreB && !a.Bad && !b.Bad
		}
		if string(a.raw()) != string(b.raw()) {
			return false
		}
	}
}

// nextCompared goes to the next field that counts when two records are
// compared.
func nextCompared(f *Fields) bool {
	for f.Next() {
		switch f.Num {
		case fieldRevision, fieldUpdatedAt, fieldUpdatedBy, fieldUpdatedByAID, fieldEnded:
		default:
			if f.Num <= lastField {
				return true
			}
		}
	}
	return false
}

// appendFields appends the fields of a record from one number to another as
// they stand.
func appendFields(b, body []byte, from, to protowire.Number) []byte {
	f := FieldsOf(body)
	for f.Next() {
		if from <= f.Num && f.Num <= to {
			b = append(b, f.raw()...)
		}
	}
	return b
}

// AppendUnknown appends the fields of a stored record that this program does
// not know.
func AppendUnknown(b, stored []byte) []byte {
	return appendFields(b, stored, lastField+1, protowire.MaxValidNumber)
}

// WithEnded appends a body with the lines that its contact gave up, in their
// place.
func WithEnded(b, body []byte, ended []phone.Line) []byte {
	if len(ended) == 0 {
		return append(b, body...)
	}
	b = appendFields(b, body, 1, fieldEnded-1)
	b = AppendLines(b, fieldEnded, ended)
	return appendFields(b, body, fieldEnded+1, protowire.MaxValidNumber)
}

// SpliceKeys appends a stored record with the index part of another body, and
// the lines that it gave up, in place of its own.
func SpliceKeys(b, stored, body []byte, ended []phone.Line) []byte {
	b = appendFields(b, stored, 1, FieldClaims-1)
	b = appendFields(b, body, FieldClaims, fieldWords)
	b = appendFields(b, stored, fieldWords+1, fieldEnded-1)
	b = AppendLines(b, fieldEnded, ended)
	return appendFields(b, stored, fieldEnded+1, protowire.MaxValidNumber)
}

// WordText is the text of a word as records hold it.
func WordText(w []byte) []byte { return w[1:] }

// CompareWords orders words as records hold them by their text.
func CompareWords(a, b []byte) int { return bytes.Compare(a[1:], b[1:]) }
