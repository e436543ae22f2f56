package agentassist

import (
	"context"
	"net/http"
	"time"

	"github.com/callerbook/contacts"
)

// What is still to be built. Each part goes to a file of its own.

// --- respond.go, body.go, calls.go, importfile.go, patch.go, etag.go

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

// --- token.go, apps.go, guard.go, rate.go, accesslog.go, serve.go

func checkApps(list []App) (map[string]*App, error)                        { return nil, nil }
func (h *Handler) authenticate(r *http.Request) (caller, error)            { return caller{}, nil }
func (h *Handler) guard(w http.ResponseWriter, r *http.Request) error      { return nil }
func (h *Handler) crossOrigin(w http.ResponseWriter, r *http.Request) bool { return false }
func (h *Handler) health(w http.ResponseWriter, r *http.Request)           {}
func (h *Handler) unrouted(w http.ResponseWriter, r *http.Request) error {
	return problem(ReasonNoRoute, "", "")
}

type rates struct{}

func (*rates) take(key string, perMinute int) error { return nil }

// entry is the line of the access log that a request is going to leave. It is in
// the request's context.
type entry struct {
	id    string
	app   string
	route route
	scope contacts.Scope
}

func entryOf(r *http.Request) *entry                                                    { return &entry{} }
func (h *Handler) logged(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) { next(w, r) }

func withCaller(r *http.Request, c caller) *http.Request { return r }
func callerOf(r *http.Request) caller                    { return caller{} }

func objectID(now time.Time) string { return "" }

// Serve (serve.go): func (h *Handler) Serve(ctx context.Context, l net.Listener) error
// and ServeTLS, with every deadline, graceful shutdown when ctx ends.

// Credentials (token.go) sign tokens; see ClientOptions.Token.

// --- extensions.go, export.go, events.go, openapi.go (with openapi.json)

func (c *call) get() error        { return nil }
func (c *call) lookup() error     { return nil }
func (c *call) search() error     { return nil }
func (c *call) restore() error    { return nil }
func (c *call) merge() error      { return nil }
func (c *call) duplicates() error { return nil }
func (c *call) export() error     { return nil }
func (c *call) events() error     { return nil }

func (h *Handler) openAPI(w http.ResponseWriter, r *http.Request) {}

var _ context.Context
