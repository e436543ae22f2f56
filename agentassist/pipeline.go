package agentassist

import (
	"errors"
	"net/http"
	"time"

	"github.com/callerbook/contacts"
)

// ServeHTTP serves one request: see Handler for the order of its checks.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.logged(w, r, h.admit)
}

// admit checks what does not depend on the call.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) {
	if err := h.guard(w, r); err != nil { // headers, deadlines, Host and Origin
		h.fail(w, r, err)
		return
	}
	if h.crossOrigin(w, r) { // a preflight, and answered
		return
	}
	switch r.URL.Path {
	case pathHealth:
		h.health(w, r)
		return
	case pathOpenAPI:
		h.openAPI(w, r)
		return
	}
	caller, err := h.authenticate(r)
	if err == nil {
		entryOf(r).app = caller.app.ID
		err = h.rates.take(rateKey(caller.app, r.Header.Get(HeaderAccount)), h.opt.RatePerMinute, time.Now())
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if !h.routes(r) || !cleanPath(r) {
		h.fail(w, r, h.unrouted(w, r))
		return
	}
	h.mux.ServeHTTP(w, withCaller(r, caller))
}

// rateKey returns the key of an app's calls on an account. All accounts that are
// not the app's count as one.
func rateKey(app *App, account string) string {
	if len(account) > contacts.MaxScopeLen || !allows(app.Accounts, account) {
		account = ""
	}
	return app.ID + "\x00" + account
}

// caller is who a token speaks for.
type caller struct {
	app     *App
	subject string // the claim "sub", else the app's ID

	expires time.Time // when the token will be refused; zero: never
}

// routed is a route of a handler.
type routed struct {
	h *Handler
	route
}

// ServeHTTP checks scope, account and tenant, and serves the call.
func (t *routed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, caller := t.h, callerOf(r)
	entryOf(r).route = t.route
	if err := t.serveCall(w, r, caller); err != nil {
		h.fail(w, r, err)
	}
}

func (t *routed) serveCall(w http.ResponseWriter, r *http.Request, caller caller) error {
	if !allows(caller.app.Scopes, ScopeConfiguration) {
		return problem(ReasonScope, "", "")
	}
	scope := contacts.Scope{Account: r.Header.Get(HeaderAccount), Stream: r.PathValue("streamId")}
	entryOf(r).scope = scope
	if len(r.Header.Values(HeaderAccount)) > 1 {
		return problem(ReasonParameter, HeaderAccount, "send one header accountId, not several")
	}
	if scope.Account == "" {
		return problem(Reason(contacts.ReasonMissing), HeaderAccount, "the header accountId is missing")
	}
	if !allows(caller.app.Accounts, scope.Account) || !allows(caller.app.Streams, scope.Stream) {
		return problem(ReasonTenant, "", "")
	}
	book, err := t.h.bookOf(r.Context(), scope)
	switch {
	case errors.Is(err, contacts.ErrInvalid), errors.Is(err, contacts.ErrTooLarge): // no account or stream can be called so
		return problem(ReasonTenant, "", "")
	case err != nil:
		return err
	}
	c := &call{Handler: t.h, w: w, r: r, app: caller.app, book: book.As(contacts.Actor{ID: caller.subject})}
	defer c.leave()
	return t.serve(c)
}

// allows reports whether a list of an App has a value.
func allows(list []string, value string) bool {
	for _, s := range list {
		if s == value || s == anyOf {
			return true
		}
	}
	return false
}

const anyOf = "*"
