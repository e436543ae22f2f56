package contacts

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// timeLayout is ISO 8601 with always three decimals, as the API writes times.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes c with the keys of the Agent Assist contacts API, in its
// order: status, firstName, lastName, salutation, cellPhone, createdBy, orgId,
// accountId, instanceBotId, fullName, address, twitterDetails, createdAt,
// updatedAt, id. These are always there. After them come, when set: updatedBy,
// createdByAId, updatedByAId, phones, emails, organization, title, notes, tags,
// custom, clientRef, deletedAt, mergedInto. Times are UTC with three decimals.
// Revision is not written: it is the ETag.
//
// Nothing is escaped for HTML here, but json.Marshal does that to the result;
// use AppendJSON, or an Encoder with SetEscapeHTML(false), to keep "<", ">" and "&".
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
			b = appendField(append(b, '{'), "address", e.Address)
			b = append(appendOptional(b, "label", e.Label), '}')
		}
		b = append(b, ']')
	}
	b = appendOptional(b, "organization", c.Organization)
	b = appendOptional(b, "title", c.Title)
	b = appendOptional(b, "notes", c.Notes)
	if len(c.Tags) > 0 {
		b = append(appendKey(b, "tags"), '[')
		for i, t := range c.Tags {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, t)
		}
		b = append(b, ']')
	}
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
	return append(b, '}')
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

// UnmarshalJSON reads what MarshalJSON writes, and the API's input. Keys that
// are absent leave their field as it was; unknown keys are passed over.
// Revision is left alone.
//
// Values of the wrong type are reported together as a *ValidationError, after all
// else was read. The contact remembers them, and which of the API's required
// fields were null or blank, so that the Book can report every problem of a
// call at once with its own reason.
func (c *Contact) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil {
		return err
	}
	r := reader{keys: keys}
	r.text("status", (*string)(&c.Status), optional)
	r.text("firstName", &c.FirstName, required)
	r.text("lastName", &c.LastName, required)
	r.text("salutation", &c.Salutation, required)
	if raw, ok := keys["cellPhone"]; ok {
		switch kind(raw) {
		case '{':
			r.phone("cellPhone.", raw, &c.CellPhone)
		case 'n':
			c.CellPhone = Phone{}
			r.fail("cellPhone", ReasonNull, "is null: give phoneNumber, countryCode and extension")
		default:
			r.fail("cellPhone", ReasonType, "must be an object")
		}
	}
	r.text("createdBy", &c.CreatedBy, optional)
	r.text("orgId", &c.OrgID, optional)
	r.text("accountId", &c.AccountID, optional)
	r.text("instanceBotId", &c.StreamID, optional)
	r.text("fullName", &c.FullName, optional)
	r.raw("address", &c.Address)
	r.raw("twitterDetails", &c.Twitter)
	r.time("createdAt", &c.CreatedAt)
	r.time("updatedAt", &c.UpdatedAt)
	r.text("id", &c.ID, optional)
	r.text("updatedBy", &c.UpdatedBy, optional)
	r.text("createdByAId", &c.CreatedByAID, optional)
	r.text("updatedByAId", &c.UpdatedByAID, optional)
	r.phones("phones", &c.Phones)
	r.emails("emails", &c.Emails)
	r.text("organization", &c.Organization, optional)
	r.text("title", &c.Title, optional)
	r.text("notes", &c.Notes, optional)
	r.value("tags", &c.Tags, "must be an array of strings")
	r.value("custom", &c.Custom, "must be an object of strings")
	r.text("clientRef", &c.ClientRef, optional)
	r.time("deletedAt", &c.DeletedAt)
	r.text("mergedInto", &c.MergedInto, optional)

	c.bad = r.bad
	var wrong []FieldError
	for _, f := range r.bad {
		if f.Reason == ReasonType {
			wrong = append(wrong, f)
		}
	}
	if wrong != nil {
		return &ValidationError{Fields: wrong}
	}
	return nil
}

// kind returns the first byte of a JSON value: '{', '[', '"', 't', 'f', 'n',
// or 0 to 9 and '-'.
func kind(raw json.RawMessage) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 'n'
	}
	return raw[0]
}

const (
	required = true
	optional = false
)

// reader takes the fields of one JSON object and notes what is wrong.
type reader struct {
	keys map[string]json.RawMessage
	path string
	bad  []FieldError
}

func (r *reader) fail(key string, reason Reason, detail string) {
	r.bad = append(r.bad, FieldError{Field: r.path + key, Reason: reason, Detail: detail})
}

func (r *reader) text(key string, to *string, need bool) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	switch kind(raw) {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			r.fail(key, ReasonType, "must be a string")
			return
		}
		*to = s
		if need && strings.TrimSpace(s) == "" {
			r.fail(key, ReasonBlank, "is blank")
		}
	case 'n':
		*to = ""
		if need {
			r.fail(key, ReasonNull, "is null")
		}
	default:
		r.fail(key, ReasonType, "must be a string")
	}
}

func (r *reader) time(key string, to *time.Time) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	var s string
	if kind(raw) == 'n' || json.Unmarshal(raw, &s) == nil && s == "" {
		*to = time.Time{}
		return
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		r.fail(key, ReasonType, "must be an ISO 8601 time")
		return
	}
	*to = t.UTC()
}

func (r *reader) bool(key string, to *bool) {
	r.value(key, to, "must be true or false")
}

// value decodes a key with encoding/json; null makes it zero.
func (r *reader) value(key string, to any, detail string) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	// Decode into a fresh value: what was there must not shine through.
	switch to := to.(type) {
	case *bool:
		*to = false
	case *[]string:
		*to = nil
	case *map[string]string:
		*to = nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		r.fail(key, ReasonType, detail)
	}
	if s, ok := to.(*[]string); ok && len(*s) == 0 {
		*s = nil
	}
	if m, ok := to.(*map[string]string); ok && len(*m) == 0 {
		*m = nil
	}
}

func (r *reader) raw(key string, to *[]json.RawMessage) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		r.fail(key, ReasonType, "must be an array")
		return
	}
	*to = nil
	if len(items) > 0 {
		for i := range items {
			var buf bytes.Buffer
			if json.Compact(&buf, items[i]) == nil {
				items[i] = buf.Bytes()
			}
		}
		*to = items
	}
}

func (r *reader) phone(path string, raw json.RawMessage, to *Phone) {
	in := reader{path: r.path + path}
	if err := json.Unmarshal(raw, &in.keys); err != nil {
		r.fail(strings.TrimSuffix(path, "."), ReasonType, "must be an object")
		return
	}
	in.text("phoneNumber", &to.Number, required)
	in.text("countryCode", &to.CountryCode, required)
	in.text("extension", &to.Extension, required)
	in.text("input", &to.Input, optional)
	in.bool("unverified", &to.Unverified)
	in.text("label", &to.Label, optional)
	in.bool("shared", &to.Shared)
	r.bad = append(r.bad, in.bad...)
}

func (r *reader) phones(key string, to *[]Phone) {
	items, ok := r.items(key)
	if !ok {
		return
	}
	*to = nil
	for i, raw := range items {
		var p Phone
		r.phone(indexed(key, i)+".", raw, &p)
		*to = append(*to, p)
	}
}

// emails takes objects with address and label, and plain strings.
func (r *reader) emails(key string, to *[]Email) {
	items, ok := r.items(key)
	if !ok {
		return
	}
	*to = nil
	for i, raw := range items {
		var e Email
		in := reader{path: r.path + indexed(key, i) + "."}
		if kind(raw) == '"' {
			in.keys = map[string]json.RawMessage{"address": raw}
		} else if json.Unmarshal(raw, &in.keys) != nil {
			r.fail(indexed(key, i), ReasonType, "must be an object with address and label")
			continue
		}
		in.text("address", &e.Address, optional)
		in.text("label", &e.Label, optional)
		r.bad = append(r.bad, in.bad...)
		*to = append(*to, e)
	}
}

func (r *reader) items(key string) ([]json.RawMessage, bool) {
	raw, ok := r.keys[key]
	if !ok {
		return nil, false
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		r.fail(key, ReasonType, "must be an array")
		return nil, false
	}
	return items, true
}

// UnmarshalJSON reads p as in a contact's "phones".
func (p *Phone) UnmarshalJSON(data []byte) error {
	if kind(data) == 'n' {
		return nil
	}
	var r reader
	r.phone("", data, p)
	for _, f := range r.bad {
		if f.Reason == ReasonType {
			return &ValidationError{Fields: []FieldError{f}}
		}
	}
	return nil
}
