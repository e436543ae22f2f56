package contacts

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// UnmarshalJSON reads what MarshalJSON writes, and the API's input. Keys that
// are absent leave their field as it was; unknown keys are passed over.
// Revision is left alone.
//
// A value of the wrong type is no error here, and its field stays as it was:
// the contact remembers it, as it remembers which of the API's required
// fields were null or blank, and the Book reports every problem of a call at
// once, each with its own reason, when the contact is written.
func (c *Contact) UnmarshalJSON(data []byte) error {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	keys, err := objectKeys(data)
	if err != nil {
		return err
	}
	r := reader{keys: keys}
	r.server("status", (*string)(&c.Status))
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
	r.server("createdBy", &c.CreatedBy)
	r.server("orgId", &c.OrgID)
	r.server("accountId", &c.AccountID)
	r.server("instanceBotId", &c.StreamID)
	r.server("fullName", &c.FullName)
	r.raw("address", &c.Address)
	r.raw("twitterDetails", &c.Twitter)
	r.time("createdAt", &c.CreatedAt)
	r.time("updatedAt", &c.UpdatedAt)
	r.server("id", &c.ID)
	r.server("updatedBy", &c.UpdatedBy)
	r.server("createdByAId", &c.CreatedByAID)
	r.server("updatedByAId", &c.UpdatedByAID)
	r.phones("phones", &c.Phones)
	r.emails("emails", &c.Emails)
	r.text("organization", &c.Organization, optional)
	r.text("title", &c.Title, optional)
	r.text("notes", &c.Notes, optional)
	value(&r, "tags", &c.Tags, "must be an array of strings")
	value(&r, "custom", &c.Custom, "must be an object of strings")
	r.text("clientRef", &c.ClientRef, optional)
	r.time("deletedAt", &c.DeletedAt)
	r.server("mergedInto", &c.MergedInto)
	if raw, ok := keys["mergedFrom"]; ok {
		c.MergedFrom = nil
		if json.Unmarshal(raw, &c.MergedFrom) != nil { // the book's to set, as with server
			c.MergedFrom = nil
		}
		for i := range c.MergedFrom {
			c.MergedFrom[i].At = c.MergedFrom[i].At.UTC().Truncate(time.Millisecond)
		}
	}

	if len(c.Tags) == 0 {
		c.Tags = nil
	}
	if len(c.Custom) == 0 {
		c.Custom = nil
	}
	c.bad = r.bad
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
		if unquote(raw, &s) != nil {
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

// server reads a text that is the book's to set: what it cannot read there
// is ignored, as all of it is when the contact is written.
func (r *reader) server(key string, to *string) {
	if raw, ok := r.keys[key]; ok {
		*to = ""
		_ = unquote(raw, to)
	}
}

// time is server for a time.
func (r *reader) time(key string, to *time.Time) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	*to = time.Time{}
	var s string
	if unquote(raw, &s) != nil {
		return
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		*to = t.UTC().Truncate(time.Millisecond)
	}
}

func (r *reader) bool(key string, to *bool) { value(r, key, to, "must be true or false") }

// value decodes a key with encoding/json; null makes it zero.
func value[T any](r *reader, key string, to *T, detail string) {
	raw, ok := r.keys[key]
	if !ok {
		return
	}
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		r.fail(key, ReasonType, detail)
		return
	}
	*to = v
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
	*to = canonical(items)
}

func (r *reader) phone(path string, raw json.RawMessage, to *Phone) {
	in := reader{path: r.path + path}
	required := path == "cellPhone."
	var err error
	if in.keys, err = objectKeys(raw); err != nil {
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
		r.email(indexed(key, i), raw, &e)
		*to = append(*to, e)
	}
}

func (r *reader) email(path string, raw json.RawMessage, to *Email) {
	in := reader{path: r.path + path + "."}
	var err error
	if kind(raw) == '"' {
		in.keys = map[string]json.RawMessage{"address": raw}
	} else if in.keys, err = objectKeys(raw); err != nil {
		r.fail(path, ReasonType, "must be an object with address and label")
		return
	}
	in.text("address", &to.Address, optional)
	in.text("label", &to.Label, optional)
	r.bad = append(r.bad, in.bad...)
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
	if len(items) > maxRead {
		r.fail(key, ReasonTooLong, tooMany(len(items)))
		return nil, false
	}
	return items, true
}

// maxRead bounds the phones and e-mails that are read: what a book took over may
// have more of them than MaxItems.
const maxRead = 16 * MaxItems

// UnmarshalJSON reads p as in a contact's "phones".
func (p *Phone) UnmarshalJSON(data []byte) error {
	if kind(data) == 'n' {
		return nil
	}
	var r reader
	r.phone("", data, p)
	return r.wrongType()
}

// UnmarshalJSON reads e as in a contact's "emails": an object, or the bare
// address.
func (e *Email) UnmarshalJSON(data []byte) error {
	if kind(data) == 'n' {
		return nil
	}
	var r reader
	r.email("email", data, e)
	return r.wrongType()
}

// wrongType returns the first value of the wrong type as an error.
func (r *reader) wrongType() error {
	for _, f := range r.bad {
		if f.Reason == ReasonType {
			return &ValidationError{Fields: []FieldError{f}}
		}
	}
	return nil
}

// canonical returns JSON values in one form, so that what was marshalled by
// whatever means reads back equal: without white space, and without the escapes
// that encoding/json puts in for HTML and JavaScript. What is not JSON stays
// as it is.
func canonical(items []json.RawMessage) []json.RawMessage {
	if len(items) == 0 {
		return nil
	}
	out := make([]json.RawMessage, len(items))
	var buf bytes.Buffer
	for i, m := range items {
		buf.Reset()
		if json.Compact(&buf, m) == nil {
			m = unescape(buf.Bytes())
		}
		out[i] = bytes.Clone(m)
	}
	return out
}

// unescape replaces the escapes of <, >, &, U+2028 and U+2029 in JSON.
func unescape(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			out = append(out, b[i])
			continue
		}
		if i+6 <= len(b) && b[i+1] == 'u' {
			switch strings.ToLower(string(b[i+2 : i+6])) {
			case "003c", "003e", "0026", "2028", "2029":
				n, _ := strconv.ParseUint(string(b[i+2:i+6]), 16, 32)
				out = utf8.AppendRune(out, rune(n)) // never longer than its escape
				i += 5
				continue
			}
		}
		out = append(out, b[i], b[i+1])
		i++
	}
	return out
}
