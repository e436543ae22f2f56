package agentassist

import (
	"net/http"
	"time"
	"github.com/callerbook/contacts"
)

// To be replaced: token.go, apps.go, guard.go, rate.go, accesslog.go, serve.go

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

