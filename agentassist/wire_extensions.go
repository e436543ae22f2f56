package agentassist

import "github.com/callerbook/contacts"

// Lookup is the answer to a look-up: who has a number. A caller that nobody
// knows, or that has no number at all, is an answer, too.
type Lookup struct {
	// Kind is the word of a contacts.MatchKind: "exact", "inferred", "folded",
	// "alternate", "suffix" and "shared" where one contact is meant, "ambiguous"
	// where several may be, "none" for a number that nobody has, and "blank",
	// "anonymous", "short" and "unreadable" for a text that is none.
	Kind string `json:"kind"`

	Contact *contacts.Contact `json:"contact"` // the one that is meant, else null

	// Candidates has those that may be meant when Kind is "ambiguous", and
	// otherwise those that are less likely.
	Candidates []contacts.Contact `json:"candidates"`

	Number *LookupNumber `json:"number"` // what the text says as a number, else null

	// Rule names the rule by which the number was found, where one was needed.
	Rule string `json:"rule,omitempty"`

	// Refusal says in a word why the text is no number ("blank", "anonymous",
	// "short", "multiple", "lossy", "no-country", "invalid"), Detail what to do.
	Refusal string `json:"refusal,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// LookupNumber is a number as it was read.
type LookupNumber struct {
	E164         string `json:"e164"`             // "+919876543210"
	CountryCode  string `json:"countryCode"`      // "+91"
	National     string `json:"national"`         // national digits, "9876543210"
	Region       string `json:"region,omitempty"` // "IN"; none where the calling code has no region
	Type         string `json:"type"`             // "mobile", "fixed-line", ..
	Valid        bool   `json:"valid"`            // the numbering metadata knows it
	CountryGiven bool   `json:"countryGiven"`     // the text has the calling code; else it is that of the region
	Extension    string `json:"extension,omitempty"`
}

// LookupOptions of Client.Lookup. Nil is fine.
type LookupOptions struct {
	Region string // whose national numbers are read, "IN"; "" means that of the book
	Limit  int    // candidates at most; 0 means 10
	Suffix int    // 7 to 15: find by the last so many digits if nothing else does; see contacts.LookupOptions
}

// SearchPage is a part of what a search found, best first.
type SearchPage struct {
	Results []SearchHit `json:"results"`
	HasMore bool        `json:"hasMore"`
	Next    string      `json:"next,omitempty"` // cursor of the next page, where there is one

	// Partial says that the bound on the work of one call ended it early: the
	// page may be empty, and Next leads on.
	Partial bool `json:"partial,omitempty"`
}

// SearchHit is a contact that was found, and why.
type SearchHit struct {
	Contact    contacts.Contact `json:"contact"`
	Highlights []Highlight      `json:"highlights"`
}

// Highlight is a part of a field that matches the search. Before, Match and
// After make up the field, so that nobody has to count bytes.
type Highlight struct {
	Kind   string `json:"kind"`  // "word", "prefix", "typo", "number", "dialpad"
	Field  string `json:"field"` // "lastName", "cellPhone.phoneNumber", "emails[1].address"
	Before string `json:"before,omitempty"`
	Match  string `json:"match"`
	After  string `json:"after,omitempty"`
}

// SearchOptions of Client.Search. Nil is fine.
type SearchOptions struct {
	Limit  int    // hits at most; 0 means 20
	Cursor string // SearchPage.Next of the search before, with the same text
	T9     bool   // read digits as the keys of a dial pad, too
}

// MergeRequest asks for one contact in place of several.
type MergeRequest struct {
	Keep   string   `json:"keep"`   // id of the contact that lives on
	Others []string `json:"others"` // ids of those that go into it

	// Take says whose value a field is to have, by JSON key the id of one of
	// the contacts; see contacts.MergeOptions.
	Take map[string]string `json:"take,omitempty"`

	// Revisions, by id, are the ETags that the caller looked at: a contact
	// that has changed since is refused.
	Revisions map[string]string `json:"revisions,omitempty"`
}

// DuplicatesPage is a part of the numbers that several active contacts have,
// from before the rule.
type DuplicatesPage struct {
	Results []SharedNumber `json:"results"`
	HasMore bool           `json:"hasMore"`
	Next    string         `json:"next,omitempty"` // cursor of the next page, where there is one
}

// SharedNumber is a number and those who have it, in order of creation. One that
// more than 1,000 have goes on in the next page.
type SharedNumber struct {
	Number   string             `json:"number"` // E.164, in its present form
	Contacts []contacts.Contact `json:"contacts"`
}

// Event is a change of a contact, as /contacts/events sends it.
type Event struct {
	ID       string `json:"id"`       // of the contact
	Revision uint64 `json:"revision"` // position in the feed, one more than that of the event before

	// Kind is what became of the contact: EventCreated and so on. Whoever keeps
	// a copy needs Contact alone: it is what the contact is now.
	Kind EventKind `json:"kind"`

	Contact *contacts.Contact `json:"contact"` // after the change; null when it was purged, then or later

	Token string `json:"-"` // where to go on from: the id of the server-sent event
}

// EventKind is what became of a contact.
type EventKind string

// The kinds of events.
const (
	EventCreated  EventKind = "created"
	EventUpdated  EventKind = "updated"
	EventDeleted  EventKind = "deleted"  // is INACTIVE now
	EventRestored EventKind = "restored" // is ACTIVE again
	EventMerged   EventKind = "merged"   // went into another, which has an event of its own
	EventPurged   EventKind = "purged"   // then or later: nothing of it is left
)
