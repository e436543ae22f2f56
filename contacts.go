package contacts

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Status is the state of a contact in its life.
type Status string

// The states of a contact. Only an active contact claims its numbers.
const (
	Active   Status = "ACTIVE"
	Inactive Status = "INACTIVE" // deleted; Undelete brings it back
	Merged   Status = "MERGED"   // its data went into another contact
)

// Contact is a person or a business.
//
// The fields in the group "given" are the caller's. The others belong to the
// book: it sets them on every write and ignores what a caller puts there,
// but for ID and Revision, which say what an update is about.
//
// A Contact is a value. The book copies what it is given and hands out copies:
// a caller may change slices and maps of a Contact it got, and of one it gave.
//
// In JSON the keys and their order are those of the Agent Assist public
// contacts API; see MarshalJSON.
type Contact struct {
	// Given.
	FirstName    string
	LastName     string
	Salutation   string
	CellPhone    Phone
	Phones       []Phone // further numbers
	Emails       []Email
	Organization string
	Title        string
	Notes        string
	Tags         []string
	Custom       map[string]string
	ClientRef    string            // the host's own key for this contact
	Address      []json.RawMessage // kept as given, "[]" when nil
	Twitter      []json.RawMessage // "twitterDetails", likewise

	// Set by the book.
	ID           string // opaque, 1 to 64 of [A-Za-z0-9_-]
	Revision     uint64 // position in the scope's feed of the last change; not in JSON
	Status       Status
	FullName     string // first, space, last
	OrgID        string
	AccountID    string // the scope's account
	StreamID     string // the scope's stream, "instanceBotId" in JSON
	CreatedBy    string
	CreatedByAID string // "createdByAId"
	UpdatedBy    string
	UpdatedByAID string // "updatedByAId"
	CreatedAt    time.Time
	UpdatedAt    time.Time
	DeletedAt    time.Time // zero unless Status is Inactive
	MergedInto   string    // id of the survivor when Status is Merged
	MergedFrom   []Origin  // what came from contacts that were merged into this one, in order of the merges

	bad []FieldError // what UnmarshalJSON met: null, blank and wrong types
}

// Phone is one number of a contact.
//
// Going in, Number is what the caller has: national digits beside a
// CountryCode, or, where the Rules allow it, any notation. Coming out, Number
// is E.164 and CountryCode the calling code with a plus.
type Phone struct {
	Number      string // E.164, as "+919876543210"
	CountryCode string // calling code, as "+91"
	Extension   string // a dialing prefix in this API, kept verbatim, no part of identity
	Input       string // the text that came, when it is neither Number nor its national digits
	Unverified  bool   // possible, but not valid by the numbering metadata

	// Of further phones only.
	Label  string // "work", "home", ..
	Shared bool   // listed and looked up, but not claimed: others may list it too
}

// IsZero reports whether p holds nothing.
func (p Phone) IsZero() bool { return p == Phone{} }

// Email is one e-mail address of a contact.
type Email struct {
	Address string
	Label   string
}

// Origin says what a contact has from another one that was merged into it. It
// is what Unmerge takes back: what stands in no Origin is the contact's own.
type Origin struct {
	ID string    `json:"id"` // of the other contact; Get returns its record as it was merged
	At time.Time `json:"at"` // when it was merged

	// What the contact had not before, and did not have from an earlier merge
	// as its own. Something that came from several stands with each.
	Numbers []string `json:"numbers,omitempty"` // E.164
	Emails  []string `json:"emails,omitempty"`  // addresses
	Tags    []string `json:"tags,omitempty"`

	// Claimed has the numbers (E.164) that the contact claims for the other's
	// sake: those of Numbers that the other claimed, and those that it claimed
	// and the contact itself listed as shared.
	Claimed []string `json:"claimed,omitempty"`

	// Fields has the single values that are the other contact's.
	Fields []Taken `json:"fields,omitempty"`
}

// Taken is a field whose value came with a merge.
type Taken struct {
	Field string `json:"field"`         // by JSON key: "firstName", "cellPhone", "custom.KEY"
	Was   string `json:"was,omitempty"` // its value before; of a phone the E.164 number, of address and twitterDetails JSON
}

func cloneOrigins(s []Origin) []Origin {
	s = cloneSlice(s)
	for i := range s {
		o := &s[i]
		o.Numbers, o.Emails, o.Tags = cloneSlice(o.Numbers), cloneSlice(o.Emails), cloneSlice(o.Tags)
		o.Claimed, o.Fields = cloneSlice(o.Claimed), cloneSlice(o.Fields)
	}
	return s
}

func (o Origin) equal(p Origin) bool {
	return o.ID == p.ID && o.At.Equal(p.At) && slices.Equal(o.Numbers, p.Numbers) && slices.Equal(o.Emails, p.Emails) &&
		slices.Equal(o.Tags, p.Tags) && slices.Equal(o.Claimed, p.Claimed) && slices.Equal(o.Fields, p.Fields)
}

// FullName joins a first and a last name with one space, leaving no stray
// space where one of them is blank.
func FullName(first, last string) string {
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	switch {
	case first == "":
		return last
	case last == "":
		return first
	}
	return first + " " + last
}

// Equal reports whether two contacts say the same: all that is given, and ID,
// Status, the created and deleted fields, MergedInto and MergedFrom. Revision, UpdatedAt,
// UpdatedBy and UpdatedByAID do not count, nor what is derived (FullName, OrgID,
// AccountID, StreamID). A nil and an empty slice or map are equal.
func (c Contact) Equal(d Contact) bool {
	return c.FirstName == d.FirstName && c.LastName == d.LastName && c.Salutation == d.Salutation &&
		c.CellPhone == d.CellPhone && slices.Equal(c.Phones, d.Phones) && slices.Equal(c.Emails, d.Emails) &&
		c.Organization == d.Organization && c.Title == d.Title && c.Notes == d.Notes &&
		slices.Equal(c.Tags, d.Tags) && maps.Equal(c.Custom, d.Custom) && c.ClientRef == d.ClientRef &&
		slices.EqualFunc(c.Address, d.Address, equalRaw) && slices.EqualFunc(c.Twitter, d.Twitter, equalRaw) &&
		c.ID == d.ID && c.Status == d.Status && c.MergedInto == d.MergedInto &&
		slices.EqualFunc(c.MergedFrom, d.MergedFrom, Origin.equal) &&
		c.CreatedBy == d.CreatedBy && c.CreatedByAID == d.CreatedByAID &&
		c.CreatedAt.Equal(d.CreatedAt) && c.DeletedAt.Equal(d.DeletedAt)
}

func equalRaw(a, b json.RawMessage) bool { return bytes.Equal(a, b) }

// Clone returns a copy of c that shares no slice or map with it.
func (c Contact) Clone() Contact {
	c.Phones = cloneSlice(c.Phones)
	c.Emails = cloneSlice(c.Emails)
	c.Tags = cloneSlice(c.Tags)
	c.Address = cloneRaw(c.Address)
	c.Twitter = cloneRaw(c.Twitter)
	c.MergedFrom = cloneOrigins(c.MergedFrom)
	if c.Custom != nil {
		m := make(map[string]string, len(c.Custom))
		for k, v := range c.Custom {
			m[k] = v
		}
		c.Custom = m
	}
	c.bad = cloneSlice(c.bad)
	return c
}

func cloneSlice[T any](s []T) []T {
	if s == nil {
		return nil
	}
	return append(make([]T, 0, len(s)), s...)
}

func cloneRaw(s []json.RawMessage) []json.RawMessage {
	s = cloneSlice(s)
	for i := range s {
		s[i] = cloneSlice(s[i])
	}
	return s
}
