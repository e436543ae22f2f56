package agentassist

import (
	"net/http"
	"github.com/callerbook/contacts"
)

// To be replaced: respond.go, body.go, calls.go, importfile.go, patch.go, etag.go

// problem returns an *Error with one Problem; msg "" is that of the table.
// (Status is set by fail.)
func problem(reason Reason, field, msg string) *Error {
	return &Error{Problems: []Problem{{Msg: msg, Reason: reason, Field: field}}}
}

// fail writes any error as the API's: *Error as it is, errors of package
// contacts by kind, context errors, everything else as ReasonInternal (logged).
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {}

func (c *call) create() error     { return nil }
func (c *call) importFile() error { return nil }
func (c *call) list() error       { return nil }
func (c *call) update() error     { return nil }
func (c *call) bulkUpdate() error { return nil }
func (c *call) delete() error     { return nil }
func (c *call) bulkDelete() error { return nil }

// json writes v as the answer, without HTML escaping.
func (c *call) json(status int, v any) error { return nil }

// contact writes one contact as the answer: its ETag, 304 for If-None-Match on
// GET, fields beyond the API only when Extended.
func (c *call) contact(status int, contact contacts.Contact) error { return nil }

// shown returns a contact as the answers of this handler show it: without the
// fields beyond the API unless Extended.
func (h *Handler) shown(contact contacts.Contact) contacts.Contact { return contact }

// readJSON reads the body, bounded and strict (duplicate keys, depth, trailing
// data, invalid UTF-8, lone surrogates), into v.
func (c *call) readJSON(v any) error { return nil }

// ifMatch returns the revision that If-Match asks for, 0 where there is none.
// In Strict its absence is an error.
func (c *call) ifMatch() (uint64, error) { return 0, nil }

