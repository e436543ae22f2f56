package kvstore

import (
	"encoding/json"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/callerbook/contacts"
	"github.com/callerbook/contacts/phone"
)

// peek reads what stands at the beginning of a record.
func peek(body []byte) (revision uint64, status byte, ok bool) {
	f := fieldsOf(body)
	for f.next() && f.num <= fieldStatus {
		switch f.num {
		case fieldRevision:
			revision = f.n
		case fieldStatus:
			if f.n > uint64(statusPurged) {
				return 0, 0, false
			}
			status = byte(f.n)
		}
	}
	return revision, status, revision != 0 && !f.bad
}

// identOf returns the packed id of a record.
func identOf(body []byte) []byte {
	f := fieldsOf(body)
	for f.next() && f.num <= fieldID {
		if f.num == fieldID && f.typ == protowire.BytesType {
			return f.bytes()
		}
	}
	return nil
}

// decodeName reads no more of a record than whose it is.
func decodeName(body []byte) (id, fullName string, ok bool) {
	var first, last string
	f := fieldsOf(body)
	for f.next() && f.num <= fieldLastName {
		switch f.num {
		case fieldID:
			id, ok = identText(f.bytes())
		case fieldFirstName:
			first = string(f.bytes())
		case fieldLastName:
			last = string(f.bytes())
		}
	}
	return id, contacts.FullName(first, last), ok && !f.bad
}

// decodeContact reads a record. The contact shares no memory with body: its
// texts are slices of one copy of it.
func decodeContact(body []byte, c *contacts.Contact) bool {
	var out strings.Builder
	out.Grow(len(body) + 2*(uuidLen+2) + 32) // texts of packed ids and the full name go behind the copy
	out.Write(body)
	all := out.String()

	f := fieldsOf(body)
	ok := true
	ident := func(to *string) {
		s, good := textOfIdent(&out, all[f.value:f.pos])
		*to = s
		ok = ok && good
	}
	var status byte
	var updated int64
	var hasUpdated bool
	for f.next() {
		if f.num > lastField || f.typ != wireType(f.num) {
			ok = ok && f.num > lastField
			continue
		}
		switch f.num {
		case fieldRevision:
			c.Revision = f.n
		case fieldID:
			ident(&c.ID)
		case fieldStatus:
			status = byte(min(f.n, 255))
		case fieldFirstName:
			c.FirstName = all[f.value:f.pos]
		case fieldLastName:
			c.LastName = all[f.value:f.pos]
		case fieldSalutation:
			c.Salutation = all[f.value:f.pos]
		case fieldCellPhone:
			ok = decodePhone(f.inner(), all, &c.CellPhone) && ok
		case fieldCreatedBy:
			ident(&c.CreatedBy)
		case fieldCreatedAt:
			c.CreatedAt = timeOf(f.n, 0)
		case fieldUpdatedAt:
			updated, hasUpdated = protowire.DecodeZigZag(f.n), true
		case fieldPhones:
			c.Phones = append(c.Phones, contacts.Phone{})
			ok = decodePhone(f.inner(), all, &c.Phones[len(c.Phones)-1]) && ok
		case fieldEmails:
			var e contacts.Email
			ok = decodePair(f.inner(), all, &e.Address, &e.Label) && ok
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
			ok = decodePair(f.inner(), all, &k, &v) && ok
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
			c.DeletedAt = timeOf(f.n, 0)
		case fieldMergedInto:
			ident(&c.MergedInto)
		case fieldMergedFrom:
			c.MergedFrom = append(c.MergedFrom, contacts.Origin{})
			ok = decodeOrigin(f.inner(), all, &out, &c.MergedFrom[len(c.MergedFrom)-1]) && ok
		}
	}
	if hasUpdated {
		c.UpdatedAt = time.UnixMilli(updated + millis(c.CreatedAt)).UTC()
	}
	if status != statusPurged {
		var good bool
		c.Status, good = statusOf(status)
		ok = ok && good
		c.FullName = joinName(&out, c.FirstName, c.LastName)
	}
	return ok && !f.bad && c.Revision != 0 && c.ID != ""
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

func decodePhone(f fields, all string, p *contacts.Phone) bool {
	for f.next() {
		var s string
		if f.typ == protowire.BytesType {
			s = all[f.value:f.pos]
		}
		switch f.num {
		case 1:
			p.Number = s
		case 2:
			p.CountryCode = s
		case 3:
			p.Extension = s
		case 4:
			p.Input = s
		case 5:
			p.Unverified = f.n != 0
		case 6:
			p.Label = s
		case 7:
			p.Shared = f.n != 0
		}
	}
	return !f.bad
}

// decodeOrigin reads an origin. Where its id is packed, its text is written to
// out.
func decodeOrigin(f fields, all string, out *strings.Builder, o *contacts.Origin) bool {
	ok := true
	for f.next() {
		if f.num == 2 && f.typ == protowire.VarintType {
			o.At = timeOf(f.n, 0)
			continue
		}
		if f.num == 2 || f.typ != protowire.BytesType {
			return false
		}
		s := all[f.value:f.pos]
		switch f.num {
		case 1:
			o.ID, ok = textOfIdent(out, s)
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
			ok = decodePair(f.inner(), all, &t.Field, &t.Was)
			o.Fields = append(o.Fields, t)
		}
		if !ok {
			return false
		}
	}
	return !f.bad
}

// decodePair reads a message of two texts.
func decodePair(f fields, all string, a, b *string) bool {
	for f.next() {
		if f.typ != protowire.BytesType {
			return false
		}
		switch f.num {
		case 1:
			*a = all[f.value:f.pos]
		case 2:
			*b = all[f.value:f.pos]
		}
	}
	return !f.bad
}

// held is what of a record its index entries are made of. Its slices of
// bytes are parts of the record.
type held struct {
	claims, shared []phone.Line
	ended          []phone.Line
	sort           []byte
	words          [][]byte // a byte of fields, then the word
}

// lines returns all lines, claimed and shared.
func (h *held) lines() []phone.Line {
	if len(h.claims)+len(h.shared) == 0 {
		return nil
	}
	return append(append(make([]phone.Line, 0, len(h.claims)+len(h.shared)), h.claims...), h.shared...)
}

// decodeHeld reads the index part of a record.
func decodeHeld(body []byte, h *held) bool {
	f := fieldsOf(body)
	ok := true
	for f.next() {
		switch f.num {
		case fieldClaims:
			h.claims, ok = takeLines(&f, h.claims, ok)
		case fieldShared:
			h.shared, ok = takeLines(&f, h.shared, ok)
		case fieldEnded:
			h.ended, ok = takeLines(&f, h.ended, ok)
		case fieldSort:
			if f.typ != protowire.BytesType {
				return false
			}
			h.sort = f.bytes()
		case fieldWords:
			if f.typ != protowire.BytesType || f.value == f.pos {
				return false
			}
			if h.words == nil {
				h.words = make([][]byte, 0, 4)
			}
			h.words = append(h.words, f.bytes())
		}
	}
	return ok && !f.bad
}

func takeLines(f *fields, to []phone.Line, ok bool) ([]phone.Line, bool) {
	if f.typ != protowire.BytesType {
		return to, false
	}
	for b := f.bytes(); len(b) > 0; {
		n, size := protowire.ConsumeVarint(b)
		if size < 0 {
			return to, false
		}
		to = append(to, phone.Line(n))
		b = b[size:]
	}
	return to, ok
}

// A claimState says how a record holds a line.
type claimState byte

const (
	holdsNot claimState = iota
	holdsShared
	holdsClaim
)

// holds tells how a record holds a line, without allocating.
func holds(body []byte, line phone.Line) claimState {
	f := fieldsOf(body)
	for f.next() && f.num <= fieldShared {
		if f.num != fieldClaims && f.num != fieldShared || f.typ != protowire.BytesType {
			continue
		}
		for b := f.bytes(); len(b) > 0; {
			n, size := protowire.ConsumeVarint(b)
			if size < 0 {
				return holdsNot
			}
			if phone.Line(n) == line {
				if f.num == fieldClaims {
					return holdsClaim
				}
				return holdsShared
			}
			b = b[size:]
		}
	}
	return holdsNot
}

// sameBody reports whether what was stored says the same as body, which
// appendBody wrote, in the sense of contacts.Contact.Equal.
func sameBody(stored, body []byte) bool {
	a, b := fieldsOf(stored), fieldsOf(body)
	for {
		more, moreB := nextCompared(&a), nextCompared(&b)
		if !more || !moreB {
			return more == moreB && !a.bad && !b.bad
		}
		if string(a.raw()) != string(b.raw()) {
			return false
		}
	}
}

// nextCompared goes to the next field that counts when two records are
// compared.
func nextCompared(f *fields) bool {
	for f.next() {
		switch f.num {
		case fieldRevision, fieldUpdatedAt, fieldUpdatedBy, fieldUpdatedByAID, fieldEnded:
		default:
			if f.num <= lastField {
				return true
			}
		}
	}
	return false
}

// appendFields appends the fields of a record from one number to another as
// they stand.
func appendFields(b, body []byte, from, to protowire.Number) []byte {
	f := fieldsOf(body)
	for f.next() {
		if from <= f.num && f.num <= to {
			b = append(b, f.raw()...)
		}
	}
	return b
}

// appendUnknown appends the fields of a stored record that this program does
// not know.
func appendUnknown(b, stored []byte) []byte {
	return appendFields(b, stored, lastField+1, protowire.MaxValidNumber)
}

// withEnded appends a body with the lines that its contact gave up, in their
// place.
func withEnded(b, body []byte, ended []phone.Line) []byte {
	if len(ended) == 0 {
		return append(b, body...)
	}
	b = appendFields(b, body, 1, fieldEnded-1)
	b = appendLines(b, fieldEnded, ended)
	return appendFields(b, body, fieldEnded+1, protowire.MaxValidNumber)
}

// spliceKeys appends a stored record with the index part of another body, and
// the lines that it gave up, in place of its own.
func spliceKeys(b, stored, body []byte, ended []phone.Line) []byte {
	b = appendFields(b, stored, 1, fieldClaims-1)
	b = appendFields(b, body, fieldClaims, fieldWords)
	b = appendFields(b, stored, fieldWords+1, fieldEnded-1)
	b = appendLines(b, fieldEnded, ended)
	return appendFields(b, stored, fieldEnded+1, protowire.MaxValidNumber)
}
