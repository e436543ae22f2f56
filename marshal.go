package contacts

import (
	"bytes"
	"encoding/json"
	"time"
)

// timeLayout is ISO 8601 with always three decimals, as the API writes times.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes c with the keys of the Agent Assist contacts API, in its
// order: status, firstName, lastName, salutation, cellPhone, createdBy,
// orgId, accountId, instanceBotId, fullName, address, twitterDetails,
// createdAt, updatedAt, id. These are always there. After them come, when
// set: updatedBy, createdByAId, updatedByAId, phones, emails, organization,
// title, notes, tags, custom, clientRef, deletedAt, mergedInto, mergedFrom. Times
// are UTC with three decimals. Revision is not written: it is the ETag.
//
// Nothing is escaped for HTML here, but json.Marshal does that to the result;
// use AppendJSON, or an Encoder with SetEscapeHTML(false), to keep "<", ">"
// and "&".
func (c Contact) MarshalJSON() ([]byte, error) {
	return c.AppendJSON(make([]byte, 0, 512)), nil
}

// AppendJSON appends what MarshalJSON writes to b.
func (c Contact) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendField(b, "status", string(c.Status))
	b = appendField(b, "firstName", c.FirstName)
	b = appendField(b, "lastName", c.LastName)
	b = appendField(b, "salutation", c.Salutation)
	b = appendKey(b, "cellPhone")
	b = c.CellPhone.appendJSON(b, false)
	b = appendField(b, "createdBy", c.CreatedBy)
	b = appendField(b, "orgId", c.OrgID)
	b = appendField(b, "accountId", c.AccountID)
	b = appendField(b, "instanceBotId", c.StreamID)
	b = appendField(b, "fullName", c.FullName)
	b = appendRaw(appendKey(b, "address"), c.Address)
	b = appendRaw(appendKey(b, "twitterDetails"), c.Twitter)
	b = appendTime(appendKey(b, "createdAt"), c.CreatedAt)
	b = appendTime(appendKey(b, "updatedAt"), c.UpdatedAt)
	b = appendField(b, "id", c.ID)

	b = appendOptional(b, "updatedBy", c.UpdatedBy)
	b = appendOptional(b, "createdByAId", c.CreatedByAID)
	b = appendOptional(b, "updatedByAId", c.UpdatedByAID)
	if len(c.Phones) > 0 {
		b = append(appendKey(b, "phones"), '[')
		for i, p := range c.Phones {
			if i > 0 {
				b = append(b, ',')
			}
			b = p.appendJSON(b, true)
		}
		b = append(b, ']')
	}
	if len(c.Emails) > 0 {
		b = append(appendKey(b, "emails"), '[')
		for i, e := range c.Emails {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.appendJSON(b)
		}
		b = append(b, ']')
	}
	b = appendOptional(b, "organization", c.Organization)
	b = appendOptional(b, "title", c.Title)
	b = appendOptional(b, "notes", c.Notes)
	b = appendStrings(b, "tags", c.Tags)
	if len(c.Custom) > 0 {
		b = append(appendKey(b, "custom"), '{')
		for _, k := range sortedKeys(c.Custom) {
			b = appendString(appendComma(b), k)
			b = appendString(append(b, ':'), c.Custom[k])
		}
		b = append(b, '}')
	}
	b = appendOptional(b, "clientRef", c.ClientRef)
	if !c.DeletedAt.IsZero() {
		b = appendTime(appendKey(b, "deletedAt"), c.DeletedAt)
	}
	b = appendOptional(b, "mergedInto", c.MergedInto)
	if len(c.MergedFrom) > 0 {
		b = append(appendKey(b, "mergedFrom"), '[')
		for _, o := range c.MergedFrom {
			b = o.appendJSON(appendComma(b))
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

func (o Origin) appendJSON(b []byte) []byte {
	b = appendField(append(b, '{'), "id", o.ID)
	b = appendTime(appendKey(b, "at"), o.At)
	b = appendStrings(b, "numbers", o.Numbers)
	b = appendStrings(b, "emails", o.Emails)
	b = appendStrings(b, "tags", o.Tags)
	b = appendStrings(b, "claimed", o.Claimed)
	if len(o.Fields) > 0 {
		b = append(appendKey(b, "fields"), '[')
		for _, t := range o.Fields {
			b = appendField(append(appendComma(b), '{'), "field", t.Field)
			b = append(appendOptional(b, "was", t.Was), '}')
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// MarshalJSON writes o as in a contact's "mergedFrom".
func (o Origin) MarshalJSON() ([]byte, error) { return o.appendJSON(nil), nil }

// appendStrings appends a list of strings, if it is not empty.
func appendStrings(b []byte, key string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(appendKey(b, key), '[')
	for _, s := range list {
		b = appendString(appendComma(b), s)
	}
	return append(b, ']')
}

func (p Phone) appendJSON(b []byte, further bool) []byte {
	b = append(b, '{')
	if further {
		b = appendOptional(b, "label", p.Label)
	}
	b = appendField(b, "phoneNumber", p.Number)
	b = appendField(b, "countryCode", p.CountryCode)
	b = appendField(b, "extension", p.Extension)
	b = appendOptional(b, "input", p.Input)
	if p.Unverified {
		b = append(appendKey(b, "unverified"), "true"...)
	}
	if further && p.Shared {
		b = append(appendKey(b, "shared"), "true"...)
	}
	return append(b, '}')
}

// MarshalJSON writes p as in a contact's "phones".
func (p Phone) MarshalJSON() ([]byte, error) { return p.appendJSON(nil, true), nil }

func (e Email) appendJSON(b []byte) []byte {
	b = appendField(append(b, '{'), "address", e.Address)
	return append(appendOptional(b, "label", e.Label), '}')
}

// MarshalJSON writes e as in a contact's "emails".
func (e Email) MarshalJSON() ([]byte, error) { return e.appendJSON(nil), nil }

func appendComma(b []byte) []byte {
	if c := b[len(b)-1]; c != '{' && c != '[' {
		b = append(b, ',')
	}
	return b
}

func appendKey(b []byte, key string) []byte {
	b = append(appendComma(b), '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendField(b []byte, key, value string) []byte {
	return appendString(appendKey(b, key), value)
}

func appendOptional(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return appendField(b, key, value)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, timeLayout)
	return append(b, '"')
}

func appendRaw(b []byte, items []json.RawMessage) []byte {
	b = append(b, '[')
	for i, m := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if len(m) == 0 {
			m = json.RawMessage("null")
		}
		b = append(b, m...)
	}
	return append(b, ']')
}

// appendString quotes s as encoding/json does without HTML escaping.
func appendString(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
